// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/cohort.h"

#include "lib/math/stats.h"

namespace rapport::lifecycle {
namespace {

constexpr double kConfidence = 0.95;

int64_t& Grown(std::vector<int64_t>& counts, size_t period) {
  if (counts.size() <= period) counts.resize(period + 1);
  return counts[period];
}
int64_t At(const std::vector<int64_t>& counts, size_t period) {
  return period < counts.size() ? counts[period] : 0;
}
void AddAll(const std::vector<int64_t>& from, std::vector<int64_t>& to) {
  if (to.size() < from.size()) to.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

// Customers whose last return is in that period or later.
std::vector<int64_t> SuffixSums(const std::vector<int64_t>& last) {
  std::vector<int64_t> sums = last;
  for (size_t i = sums.size(); i > 1; --i) sums[i - 2] += sums[i - 1];
  return sums;
}

void FillRate(v1::RetentionCell& cell) {
  if (cell.eligible() <= 0) return;
  cell.set_rate(static_cast<double>(cell.returned()) / static_cast<double>(cell.eligible()));
  const auto interval = math::WilsonInterval(static_cast<uint64_t>(cell.returned()),
                                             static_cast<uint64_t>(cell.eligible()), kConfidence);
  if (!interval) return;
  cell.mutable_interval()->set_low(interval->low);
  cell.mutable_interval()->set_high(interval->high);
  cell.mutable_interval()->set_level(kConfidence);
  cell.mutable_interval()->set_method("wilson");
}

// Adds a complete cell to the pooled row.
void Pool(const v1::RetentionCell& cell, v1::RetentionReport& report) {
  while (report.pooled_size() <= cell.period()) {
    report.add_pooled()->set_period(report.pooled_size() - 1);
  }
  v1::RetentionCell& pooled = *report.mutable_pooled(cell.period());
  pooled.set_returned(pooled.returned() + cell.returned());
  pooled.set_eligible(pooled.eligible() + cell.eligible());
  pooled.mutable_revenue()->set_micros(pooled.revenue().micros() + cell.revenue().micros());
  pooled.mutable_revenue()->set_currency(cell.revenue().currency());
}

}  // namespace

void RetentionTriangle::Add(int32_t birth_month, std::span<const int32_t> return_months) {
  Counts& counts = cohorts_.At(birth_month);
  ++counts.size;
  int32_t last = -1;
  for (const int32_t month : return_months) {
    const int32_t period = month - birth_month;
    if (period < 0) continue;
    ++Grown(counts.on, static_cast<size_t>(period));
    last = period;
  }
  if (last >= 0) ++Grown(counts.last, static_cast<size_t>(last));
}

void RetentionTriangle::AddRevenue(int32_t birth_month, std::span<const MonthRevenue> revenue) {
  Counts& counts = cohorts_.At(birth_month);
  for (const MonthRevenue& in : revenue) {
    if (in.month < birth_month) continue;
    Grown(counts.revenue, static_cast<size_t>(in.month - birth_month)) += in.micros;
  }
}

void RetentionTriangle::Merge(const RetentionTriangle& other) {
  for (int32_t month = other.cohorts_.first(); month < other.cohorts_.end(); ++month) {
    const Counts& from = other.cohorts_[month];
    Counts& to = cohorts_.At(month);
    to.size += from.size;
    AddAll(from.on, to.on);
    AddAll(from.last, to.last);
    AddAll(from.revenue, to.revenue);
  }
}

v1::RetentionReport RetentionTriangle::Report(v1::RetentionMode mode, CivilDays as_of_day,
                                              const std::string& currency) const {
  v1::RetentionReport report;
  report.set_mode(mode);
  if (cohorts_.first() == cohorts_.end()) return report;
  const int32_t as_of_month = MonthIndex(as_of_day);
  const Counts nobody;
  for (int32_t month = cohorts_.first(); month <= as_of_month; ++month) {
    const Counts& counts = month < cohorts_.end() ? cohorts_[month] : nobody;
    const std::vector<int64_t> returns =
        mode == v1::RETENTION_MODE_ON_OR_AFTER ? SuffixSums(counts.last) : counts.on;
    v1::Cohort& cohort = *report.add_cohorts();
    cohort.set_start_date(FormatDate(FirstDayOfMonth(month)));
    cohort.set_size(counts.size);
    for (int32_t period = 0; month + period <= as_of_month; ++period) {
      v1::RetentionCell& cell = *cohort.add_cells();
      cell.set_period(period);
      cell.set_eligible(counts.size);
      cell.set_returned(At(returns, static_cast<size_t>(period)));
      cell.mutable_revenue()->set_micros(At(counts.revenue, static_cast<size_t>(period)));
      cell.mutable_revenue()->set_currency(currency);
      cell.set_incomplete(month + period == as_of_month);
      FillRate(cell);
      if (!cell.incomplete()) Pool(cell, report);
    }
  }
  for (v1::RetentionCell& pooled : *report.mutable_pooled()) FillRate(pooled);
  return report;
}

}  // namespace rapport::lifecycle
