// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "lib/base/day_clock.h"
#include "lib/base/text.h"
#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/cohort.h"
#include "lib/lifecycle/growth.h"

namespace rapport::facts {
namespace {

using google::protobuf::RepeatedField;
using Presence = lifecycle::Presence;

using lifecycle::MonthRevenue;
using lifecycle::MonthTable;

using Growth = std::array<int64_t, 5>;  // Customers by Presence.

constexpr size_t kStages = v1::LifecycleStage_ARRAYSIZE;
struct Flows {
  std::array<std::array<int64_t, kStages>, kStages> counts = {};  // By from, to.
  void Add(const Flows& other) {
    for (size_t from = 0; from < kStages; ++from) {
      for (size_t to = 0; to < kStages; ++to) counts[from][to] += other.counts[from][to];
    }
  }
};

// Months that hold one of the days, ascending and distinct.
void MonthsOf(const RepeatedField<int32_t>& days, CivilDays until, std::vector<int32_t>& months) {
  months.clear();
  CivilDays end = std::numeric_limits<CivilDays>::min();
  ForEachDay(days, until, [&](int, CivilDays day) {
    if (day < end) return;
    months.push_back(MonthIndex(day));
    end = FirstDayOfMonth(months.back() + 1);
  });
}

// The non-zero flows, by stage from and to.
void FillFlows(const Flows& flows, google::protobuf::RepeatedPtrField<v1::StageFlow>& out) {
  for (size_t from = 0; from < kStages; ++from) {
    for (size_t to = 0; to < kStages; ++to) {
      if (flows.counts[from][to] == 0) continue;
      v1::StageFlow& flow = *out.Add();
      flow.set_from_stage(static_cast<v1::LifecycleStage>(from));
      flow.set_to_stage(static_cast<v1::LifecycleStage>(to));
      flow.set_transition_count(flows.counts[from][to]);
    }
  }
}

}  // namespace

struct BaseReports::State {
  State(const Settings& settings_in, TimeMicros as_of_in)
      : settings(settings_in),
        as_of(as_of_in),
        as_of_day(settings.calendar.DayOf(as_of_in)),
        days(settings.calendar) {}

  void AddCohorts(const Fold& fold);
  void CollectRevenue(const Fold& fold);
  void AddFlows(const Fold& fold);
  void AddGrowth(const Fold& fold);
  v1::LifecycleReport Lifecycle() const;
  void FillStages(v1::LifecycleReport& report) const;
  void FillAllFlows(v1::LifecycleReport& report) const;
  void FillGrowth(v1::LifecycleReport& report) const;

  const Settings settings;
  const TimeMicros as_of;
  const CivilDays as_of_day;
  DayClock days;
  lifecycle::RetentionTriangle triangles[2][2];  // By birth, return.
  std::array<int64_t, kStages> stages = {};
  MonthTable<Flows> flows;
  MonthTable<Growth> growth;
  std::vector<int32_t> order_months, active_months;  // Scratch.
  std::vector<MonthRevenue> revenue;
};

void BaseReports::State::AddCohorts(const Fold& fold) {
  MonthsOf(fold.order_days(), as_of_day, order_months);
  MonthsOf(fold.active_days(), as_of_day, active_months);
  CollectRevenue(fold);
  const std::vector<int32_t>* births[] = {&order_months, &active_months};
  for (size_t birth = 0; birth < 2; ++birth) {
    if (births[birth]->empty()) continue;
    const int32_t month = births[birth]->front();
    triangles[birth][0].Add(month, order_months);
    triangles[birth][1].Add(month, active_months);
    triangles[birth][0].AddRevenue(month, revenue);
    triangles[birth][1].AddRevenue(month, revenue);
  }
}

// Net revenue by month; a month may come twice, for orders and for refunds.
void BaseReports::State::CollectRevenue(const Fold& fold) {
  revenue.clear();
  CivilDays end = std::numeric_limits<CivilDays>::min();
  const auto add = [&](CivilDays day, Micros micros) {
    if (day >= end) {
      revenue.push_back({MonthIndex(day), 0});
      end = FirstDayOfMonth(revenue.back().month + 1);
    }
    revenue.back().micros += micros;
  };
  ForEachDay(fold.order_days(), as_of_day,
             [&](int i, CivilDays day) { add(day, fold.order_micros(i)); });
  end = std::numeric_limits<CivilDays>::min();
  ForEachDay(fold.refund_days(), as_of_day,
             [&](int i, CivilDays day) { add(day, -fold.refund_micros(i)); });
}

void BaseReports::State::AddFlows(const Fold& fold) {
  size_t from = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  for (const store::v1::StageStep& step : fold.steps()) {
    if (step.time_micros() > as_of) return;
    const auto to = static_cast<size_t>(step.stage());
    ++flows.At(MonthIndex(days.DayOf(step.time_micros()))).counts[from][to];
    from = to;
  }
}

void BaseReports::State::AddGrowth(const Fold& fold) {
  lifecycle::GrowthWalk walk(Granularity::kMonth, settings.calendar.week_start());
  const auto visit = [&](CivilDays bucket, Presence presence) {
    ++growth.At(MonthIndex(bucket))[static_cast<size_t>(presence)];
  };
  ForEachDay(fold.active_days(), as_of_day, [&](int, CivilDays day) { walk.Add(day, visit); });
  walk.Finish(as_of_day, visit);
}

void BaseReports::State::FillStages(v1::LifecycleReport& report) const {
  const int64_t customers = std::accumulate(stages.begin(), stages.end(), int64_t{0});
  for (size_t stage = 0; stage < kStages; ++stage) {
    if (stages[stage] == 0) continue;
    v1::StageCount& out = *report.add_stages();
    out.set_stage(static_cast<v1::LifecycleStage>(stage));
    out.set_customer_count(stages[stage]);
    out.set_share(static_cast<double>(stages[stage]) / static_cast<double>(customers));
  }
}

void BaseReports::State::FillAllFlows(v1::LifecycleReport& report) const {
  Flows total;
  for (int32_t month = flows.first(); month < flows.end(); ++month) {
    v1::MonthlyStageFlows monthly;
    FillFlows(flows[month], *monthly.mutable_flows());
    if (monthly.flows().empty()) continue;
    monthly.set_start_date(FormatDate(FirstDayOfMonth(month)));
    *report.add_monthly_flows() = std::move(monthly);
    total.Add(flows[month]);
  }
  FillFlows(total, *report.mutable_flows());
}

void BaseReports::State::FillGrowth(v1::LifecycleReport& report) const {
  if (growth.first() == growth.end()) return;
  const int32_t last_month = MonthIndex(as_of_day);
  for (int32_t month = growth.first(); month <= last_month; ++month) {
    const Growth counts = month < growth.end() ? growth[month] : Growth{};
    const auto of = [&](Presence presence) { return counts[static_cast<size_t>(presence)]; };
    v1::GrowthPoint& point = *report.add_growth();
    point.set_start_date(FormatDate(FirstDayOfMonth(month)));
    point.set_new_customers(of(Presence::kNew));
    point.set_returning(of(Presence::kReturning));
    point.set_resurrecting(of(Presence::kResurrecting));
    point.set_dormant(of(Presence::kDormant));
    point.set_incomplete(month == last_month);
  }
}

v1::LifecycleReport BaseReports::State::Lifecycle() const {
  v1::LifecycleReport report;
  FillStages(report);
  FillAllFlows(report);
  FillGrowth(report);
  return report;
}

BaseReports::BaseReports(const Settings& settings, TimeMicros as_of)
    : state_(std::make_unique<State>(settings, as_of)) {}
BaseReports::~BaseReports() = default;

void BaseReports::Add(const Fold& fold, const Projection& projection) {
  state_->AddCohorts(fold);
  state_->AddFlows(fold);
  state_->AddGrowth(fold);
  ++state_->stages[static_cast<size_t>(projection.facts.lifecycle().stage())];
}

void BaseReports::Merge(const BaseReports& other) {
  for (size_t birth = 0; birth < 2; ++birth) {
    for (size_t back = 0; back < 2; ++back) {
      state_->triangles[birth][back].Merge(other.state_->triangles[birth][back]);
    }
  }
  const State& from = *other.state_;
  for (size_t stage = 0; stage < kStages; ++stage) state_->stages[stage] += from.stages[stage];
  for (int32_t month = from.flows.first(); month < from.flows.end(); ++month) {
    state_->flows.At(month).Add(from.flows[month]);
  }
  for (int32_t month = from.growth.first(); month < from.growth.end(); ++month) {
    Growth& to = state_->growth.At(month);
    for (size_t i = 0; i < to.size(); ++i) to[i] += from.growth[month][i];
  }
}

std::vector<std::pair<std::string, std::string>> BaseReports::Finish() const {
  std::vector<std::pair<std::string, std::string>> reports;
  reports.emplace_back(std::string(kLifecycleReport), state_->Lifecycle().SerializeAsString());
  const std::string currency = UnpackCurrency(state_->settings.base_currency);
  for (const auto birth : {v1::COHORT_BIRTH_FIRST_ORDER, v1::COHORT_BIRTH_FIRST_EVENT}) {
    for (const auto back : {v1::COHORT_RETURN_ORDER, v1::COHORT_RETURN_ANY_EVENT}) {
      for (const auto mode : {v1::RETENTION_MODE_ON, v1::RETENTION_MODE_ON_OR_AFTER}) {
        v1::RetentionReport report =
            state_->triangles[birth - 1][back - 1].Report(mode, state_->as_of_day, currency);
        report.set_birth(birth);
        report.set_return_event(back);
        reports.emplace_back(RetentionReportName(birth, back, mode), report.SerializeAsString());
      }
    }
  }
  std::sort(reports.begin(), reports.end());
  return reports;
}

std::string RetentionReportName(v1::CohortBirth birth, v1::CohortReturn return_event,
                                v1::RetentionMode mode) {
  return Cat("retention/", birth == v1::COHORT_BIRTH_FIRST_EVENT ? "first_event/" : "first_order/",
             return_event == v1::COHORT_RETURN_ANY_EVENT ? "any_event" : "order",
             mode == v1::RETENTION_MODE_ON_OR_AFTER ? "/on_or_after" : "");
}

}  // namespace rapport::facts
