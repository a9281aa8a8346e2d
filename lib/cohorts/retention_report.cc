// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/retention_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/cohorts/shares.h"

namespace rapport::cohorts {
namespace {

// Below it a share says little.
constexpr int64_t kSmallCohort = 30;

int64_t Clamped(Int128 value) {
  constexpr Int128 kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp<Int128>(value, -kMost, kMost));
}

class Report {
 public:
  Report(const RetentionWalk& walk, v1::AnalyzeRetentionResponse& response)
      : walk_(walk),
        plan_(walk.plan()),
        response_(response),
        currency_(UnpackCurrency(plan_.scope().base_currency)),
        means_(plan_.columns().size()) {}

  void AddCohorts();
  void AddMeans();
  void AddContext();

 private:
  struct Mean {
    ColumnTotals sum;
    int32_t cohorts = 0;
    double rates = 0;
    double weighted = 0, weights = 0;  // By size.
  };

  std::vector<std::pair<int32_t, const CohortSums*>> Sorted() const;
  std::string LabelOf(int32_t cohort) const;
  void AddCohort(int32_t cohort, const CohortSums& sums);
  void AddCell(size_t column, const ColumnTotals& totals, v1::RetentionCohort& cohort);
  void Pool(const ColumnTotals& totals, Mean& mean) const;
  void SetMoney(Int128 micros, v1::Money* money) const;
  // Value to date of each of `starts`, and what is kept of it.
  void SetPerStart(Int128 revenue, int64_t starts, v1::Money* per_start, v1::Money* margin) const;
  void AddNotes(v1::AnswerContext& context) const;

  const RetentionWalk& walk_;
  const RetentionPlan& plan_;
  v1::AnalyzeRetentionResponse& response_;
  std::string currency_;
  std::vector<Mean> means_;
  int64_t smallest_ = std::numeric_limits<int64_t>::max();
};

std::string Report::LabelOf(int32_t cohort) const {
  switch (plan_.by()) {
    case CohortsBy::kTime:
      return FormatDate(
          StartOfOrdinal(cohort, plan_.bucket(), plan_.scope().calendar.week_start()));
    case CohortsBy::kDimension:
      return cohort == 0 || !plan_.scope().customer_label
                 ? "none"
                 : plan_.scope().customer_label(plan_.question().cohort().dimension(),
                                                static_cast<uint32_t>(cohort));
    case CohortsBy::kSegments:
      return plan_.question().cohort().segments(cohort).label();
    case CohortsBy::kTogether:
      return "all";
  }
  return "";
}

std::vector<std::pair<int32_t, const CohortSums*>> Report::Sorted() const {
  std::vector<std::pair<int32_t, const CohortSums*>> sorted;
  for (const auto& [cohort, sums] : walk_.cohorts()) sorted.emplace_back(cohort, sums.get());
  std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.first; });
  if (plan_.by() == CohortsBy::kDimension) {
    std::ranges::stable_sort(sorted, [this](const auto& a, const auto& b) {
      if (a.second->size() != b.second->size()) return a.second->size() > b.second->size();
      return LabelOf(a.first) < LabelOf(b.first);
    });
  }
  return sorted;
}

void Report::AddCohorts() {
  for (const auto& [cohort, sums] : Sorted()) AddCohort(cohort, *sums);
  response_.set_customer_count(walk_.customers());
  response_.set_start_count(walk_.starts());
}

void Report::AddCohort(int32_t cohort, const CohortSums& sums) {
  v1::RetentionCohort& line = *response_.add_cohorts();
  line.set_label(LabelOf(cohort));
  if (plan_.by() == CohortsBy::kTime) line.set_start_date(line.label());
  line.set_size(sums.size());
  smallest_ = std::min(smallest_, sums.size());
  if (plan_.question().predicted_value()) {
    SetMoney(sums.predicted_micros(), line.mutable_predicted_value());
    line.set_predicted_count(sums.predicted_count());
  }
  const std::vector<ColumnTotals> totals = sums.Totals();
  for (size_t column = 0; column < totals.size(); ++column) {
    if (totals[column].settled + totals[column].running == 0) break;
    AddCell(column, totals[column], line);
    Pool(totals[column], means_[column]);
  }
}

void Report::AddCell(size_t column, const ColumnTotals& totals, v1::RetentionCohort& cohort) {
  v1::ReturnCell& cell = *cohort.add_cells();
  cell.set_period(plan_.columns()[column].first);
  cell.set_last_period(plan_.columns()[column].last);
  cell.set_eligible(totals.settled + totals.running);
  cell.set_returned(totals.settled_returned + totals.running_returned);
  cell.set_settled(totals.settled);
  cell.set_settled_returned(totals.settled_returned);
  const bool any = totals.settled > 0;
  cell.set_rate(FillShare(any ? cell.settled_returned() : cell.returned(),
                          any ? cell.settled() : cell.eligible(), cell.mutable_interval()));
  cell.set_incomplete(totals.running > 0);
  SetMoney(metrics::MicrosOf(totals.revenue), cell.mutable_revenue());
  cell.set_order_count(totals.orders);
  if (!any) return;
  SetMoney(metrics::MicrosOf(totals.revenue_to_date), cell.mutable_settled_revenue());
  cell.set_settled_order_count(totals.orders_to_date);
  SetPerStart(totals.revenue_to_date, totals.settled, cell.mutable_revenue_per_start(),
              plan_.options().has_margin ? cell.mutable_margin_per_start() : nullptr);
}

void Report::Pool(const ColumnTotals& totals, Mean& mean) const {
  if (totals.settled == 0) return;
  const auto settled = static_cast<double>(totals.settled);
  const auto returned = static_cast<double>(totals.settled_returned);
  ++mean.cohorts;
  mean.sum.settled += totals.settled;
  mean.sum.settled_returned += totals.settled_returned;
  mean.sum.revenue_to_date += totals.revenue_to_date;
  mean.rates += returned / settled;
  mean.weighted += settled * returned;
  mean.weights += settled * settled;
}

void Report::AddMeans() {
  for (size_t column = 0; column < means_.size(); ++column) {
    const Mean& mean = means_[column];
    if (mean.cohorts == 0) continue;
    v1::RetentionMean& line = *response_.add_means();
    line.set_period(plan_.columns()[column].first);
    line.set_last_period(plan_.columns()[column].last);
    line.set_returned(mean.sum.settled_returned);
    line.set_settled(mean.sum.settled);
    line.set_cohort_count(mean.cohorts);
    line.set_pooled(FillShare(line.returned(), line.settled(), line.mutable_interval()));
    line.set_simple(mean.rates / mean.cohorts);
    line.set_size_weighted(mean.weighted / mean.weights);
    SetPerStart(mean.sum.revenue_to_date, mean.sum.settled, line.mutable_revenue_per_start(),
                plan_.options().has_margin ? line.mutable_margin_per_start() : nullptr);
  }
}

void Report::SetMoney(Int128 micros, v1::Money* money) const {
  money->set_micros(Clamped(micros));
  money->set_currency(currency_);
}

void Report::SetPerStart(Int128 revenue, int64_t starts, v1::Money* per_start,
                         v1::Money* margin) const {
  const Int128 micros = metrics::DivideHalfEven(revenue, Int128{starts} * metrics::kNanosPerRate);
  SetMoney(micros, per_start);
  if (margin == nullptr) return;
  SetMoney(std::llround(static_cast<double>(micros) * plan_.options().margin), margin);
}

void Report::AddContext() {
  v1::AnswerContext& context = *response_.mutable_context();
  context.set_definition("retention_analysis");
  context.set_start_date(plan_.question().start_date());
  context.set_end_date(plan_.question().end_date());
  context.set_sample_size(walk_.starts());
  AddNotes(context);
}

void Report::AddNotes(v1::AnswerContext& context) const {
  const v1::RetentionQuestion& question = plan_.question();
  context.add_notes(PeriodsInWords(plan_));
  if (question.mode() == v1::RETURN_MODE_ON_OR_AFTER) {
    context.add_notes(
        "on or after: young cohorts have had less time to come back later, their shares rise yet");
  }
  if (question.cohort().start() == v1::COHORT_START_RECURRING) {
    context.add_notes("recurring: a customer counts once in each bucket it starts in");
  }
  if (plan_.by() == CohortsBy::kSegments && question.cohort().segments_size() > 1) {
    context.add_notes("segments may overlap: means count a customer in each of its segments");
  }
  if (plan_.by() == CohortsBy::kDimension || plan_.by() == CohortsBy::kSegments) {
    context.add_notes("customers are in the cohort of what they are now, not at their start");
  }
  if (!response_.cohorts().empty() && smallest_ < kSmallCohort) {
    context.add_notes(
        Cat("small cohorts: the smallest has ", smallest_, smallest_ == 1 ? " start" : " starts"));
  }
  if (walk_.without_rate() > 0) {
    context.add_notes(Cat("left out of value, for want of an exchange rate: ", walk_.without_rate(),
                          " of the orders and refunds"));
  }
}

}  // namespace

std::string PeriodsInWords(const RetentionPlan& plan) {
  const std::string_view word = Word(plan.period());
  if (!plan.rolling()) {
    return Cat("calendar ", word, "s, ", plan.scope().calendar.zone().name(), ": period 0 is the ",
               word, " of the start");
  }
  const int64_t days = plan.rolling_length() / kMicrosPerDay;
  return Cat("rolling ", word, "s: ", days, days == 1 ? " day" : " days",
             " of 24 h each from every start");
}

absl::Status FillRetention(const RetentionWalk& walk, v1::AnalyzeRetentionResponse* response) {
  const size_t cells = walk.cohorts().size() * walk.plan().columns().size();
  if (cells > kMaxCells) {
    return InvalidField("question", "TOO_MANY_CELLS",
                        Cat(walk.cohorts().size(), " cohorts by ", walk.plan().columns().size(),
                            " periods are more than ", kMaxCells,
                            " cells: take longer buckets, fewer days or fewer periods"));
  }
  *response->mutable_question() = walk.plan().question();
  Report report(walk, *response);
  report.AddCohorts();
  report.AddMeans();
  report.AddContext();
  return absl::OkStatus();
}

}  // namespace rapport::cohorts
