// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>

#include "lib/base/text.h"
#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/cohort.h"
#include "lib/lifecycle/growth.h"

namespace rapport::facts {
namespace {

using google::protobuf::RepeatedField;
using Presence = lifecycle::Presence;

struct Growth {
  std::array<int64_t, 5> by_presence = {};  // Indexed by Presence.
};
using FlowKey = std::tuple<int32_t, int, int>;  // Month, from, to.

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

void FillFlow(const FlowKey& key, int64_t count, v1::StageFlow& flow) {
  flow.set_from_stage(static_cast<v1::LifecycleStage>(std::get<1>(key)));
  flow.set_to_stage(static_cast<v1::LifecycleStage>(std::get<2>(key)));
  flow.set_transition_count(count);
}

}  // namespace

struct BaseReports::State {
  State(const Settings& settings_in, TimeMicros as_of_in)
      : settings(settings_in),
        as_of(as_of_in),
        as_of_day(settings.calendar.DayOf(as_of_in)),
        days(settings.calendar) {}

  void AddCohorts(const Fold& fold);
  void AddRevenue(lifecycle::RetentionTriangle& triangle, int32_t birth, const Fold& fold);
  void AddFlows(const Fold& fold);
  void AddGrowth(const Fold& fold);
  v1::LifecycleReport Lifecycle() const;

  const Settings settings;
  const TimeMicros as_of;
  const CivilDays as_of_day;
  LocalDayCache days;
  lifecycle::RetentionTriangle triangles[2][2];  // By birth, return.
  std::map<int, int64_t> stages;
  std::map<FlowKey, int64_t> flows;
  std::map<int32_t, Growth> growth;              // By month.
  std::vector<int32_t> order_months, active_months;  // Scratch.
};

void BaseReports::State::AddCohorts(const Fold& fold) {
  MonthsOf(fold.order_days(), as_of_day, order_months);
  MonthsOf(fold.active_days(), as_of_day, active_months);
  const std::vector<int32_t>* births[] = {&order_months, &active_months};
  for (size_t birth = 0; birth < 2; ++birth) {
    if (births[birth]->empty()) continue;
    const int32_t month = births[birth]->front();
    triangles[birth][0].Add(month, order_months);
    triangles[birth][1].Add(month, active_months);
    AddRevenue(triangles[birth][0], month, fold);
    AddRevenue(triangles[birth][1], month, fold);
  }
}

void BaseReports::State::AddRevenue(lifecycle::RetentionTriangle& triangle, int32_t birth,
                                    const Fold& fold) {
  ForEachDay(fold.order_days(), as_of_day, [&](int i, CivilDays day) {
    triangle.AddRevenue(birth, MonthIndex(day), fold.order_micros(i));
  });
  ForEachDay(fold.refund_days(), as_of_day, [&](int i, CivilDays day) {
    triangle.AddRevenue(birth, MonthIndex(day), -fold.refund_micros(i));
  });
}

void BaseReports::State::AddFlows(const Fold& fold) {
  int from = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  for (const store::v1::StageStep& step : fold.steps()) {
    if (step.time_micros() > as_of) return;
    ++flows[{MonthIndex(days.DayOf(step.time_micros())), from, step.stage()}];
    from = step.stage();
  }
}

void BaseReports::State::AddGrowth(const Fold& fold) {
  lifecycle::GrowthWalk walk(Granularity::kMonth, settings.calendar.week_start());
  const auto visit = [&](CivilDays bucket, Presence presence) {
    ++growth[MonthIndex(bucket)].by_presence[static_cast<size_t>(presence)];
  };
  ForEachDay(fold.active_days(), as_of_day, [&](int, CivilDays day) { walk.Add(day, visit); });
  walk.Finish(as_of_day, visit);
}

v1::LifecycleReport BaseReports::State::Lifecycle() const {
  v1::LifecycleReport report;
  int64_t customers = 0;
  for (const auto& [stage, count] : stages) customers += count;
  for (const auto& [stage, count] : stages) {
    v1::StageCount& out = *report.add_stages();
    out.set_stage(static_cast<v1::LifecycleStage>(stage));
    out.set_customer_count(count);
    out.set_share(static_cast<double>(count) / static_cast<double>(customers));
  }
  std::map<FlowKey, int64_t> totals;  // Month 0.
  int32_t month = std::numeric_limits<int32_t>::min();
  for (const auto& [key, count] : flows) {
    if (std::get<0>(key) != month) {
      month = std::get<0>(key);
      report.add_monthly_flows()->set_start_date(FormatDate(FirstDayOfMonth(month)));
    }
    FillFlow(key, count, *report.mutable_monthly_flows()->rbegin()->add_flows());
    totals[{0, std::get<1>(key), std::get<2>(key)}] += count;
  }
  for (const auto& [key, count] : totals) FillFlow(key, count, *report.add_flows());
  if (growth.empty()) return report;
  const int32_t last_month = MonthIndex(as_of_day);
  for (int32_t at = growth.begin()->first; at <= last_month; ++at) {
    const auto found = growth.find(at);
    const Growth counts = found == growth.end() ? Growth{} : found->second;
    const auto of = [&](Presence presence) {
      return counts.by_presence[static_cast<size_t>(presence)];
    };
    v1::GrowthPoint& point = *report.add_growth();
    point.set_start_date(FormatDate(FirstDayOfMonth(at)));
    point.set_new_customers(of(Presence::kNew));
    point.set_returning(of(Presence::kReturning));
    point.set_resurrecting(of(Presence::kResurrecting));
    point.set_dormant(of(Presence::kDormant));
    point.set_incomplete(at == last_month);
  }
  return report;
}

BaseReports::BaseReports(const Settings& settings, TimeMicros as_of)
    : state_(std::make_unique<State>(settings, as_of)) {}
BaseReports::~BaseReports() = default;

void BaseReports::Add(const Fold& fold, const Projection& projection) {
  state_->AddCohorts(fold);
  state_->AddFlows(fold);
  state_->AddGrowth(fold);
  ++state_->stages[projection.facts.lifecycle().stage()];
}

void BaseReports::Merge(const BaseReports& other) {
  for (size_t birth = 0; birth < 2; ++birth) {
    for (size_t back = 0; back < 2; ++back) {
      state_->triangles[birth][back].Merge(other.state_->triangles[birth][back]);
    }
  }
  for (const auto& [stage, count] : other.state_->stages) state_->stages[stage] += count;
  for (const auto& [key, count] : other.state_->flows) state_->flows[key] += count;
  for (const auto& [month, from] : other.state_->growth) {
    Growth& to = state_->growth[month];
    for (size_t i = 0; i < to.by_presence.size(); ++i) to.by_presence[i] += from.by_presence[i];
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
  return Cat("retention/",
             birth == v1::COHORT_BIRTH_FIRST_EVENT ? "first_event/" : "first_order/",
             return_event == v1::COHORT_RETURN_ANY_EVENT ? "any_event" : "order",
             mode == v1::RETENTION_MODE_ON_OR_AFTER ? "/on_or_after" : "");
}

}  // namespace rapport::facts
