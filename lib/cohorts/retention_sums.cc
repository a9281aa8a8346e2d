// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/retention_sums.h"

#include <algorithm>

namespace rapport::cohorts {

void CohortSums::AddStart(const Outlook& outlook) {
  ++size_;
  Cell& cell = At(outlook.settled);
  ++cell.ended;
  if (outlook.running) ++cell.running;
}

void CohortSums::AddReturns(int32_t first, int32_t last, const Outlook& outlook) {
  const int32_t last_settled = std::min(last, outlook.settled - 1);
  if (first <= last_settled) {
    ++At(first).returned_step;
    --At(last_settled + 1).returned_step;
  }
  if (outlook.running && first <= outlook.settled && outlook.settled <= last) {
    ++At(outlook.settled).running_returned;
  }
}

void CohortSums::AddValue(const Value& value, const Outlook& outlook) {
  if (value.column >= 0) {
    At(value.column).revenue += value.money;
    At(value.column).orders += value.orders;
  }
  if (value.up_to >= outlook.settled) return;
  At(value.up_to).revenue_step += value.money;
  At(value.up_to).orders_step += value.orders;
  At(outlook.settled).revenue_step -= value.money;
  At(outlook.settled).orders_step -= value.orders;
}

void CohortSums::AddPredicted(int64_t micros) {
  ++predicted_count_;
  predicted_micros_ += micros;
}

void CohortSums::Merge(const CohortSums& other) {
  size_ += other.size_;
  predicted_count_ += other.predicted_count_;
  predicted_micros_ += other.predicted_micros_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Cell& cell = columns_[i];
    const Cell& more = other.columns_[i];
    cell.ended += more.ended;
    cell.running += more.running;
    cell.running_returned += more.running_returned;
    cell.returned_step += more.returned_step;
    cell.orders += more.orders;
    cell.orders_step += more.orders_step;
    cell.revenue += more.revenue;
    cell.revenue_step += more.revenue_step;
  }
}

std::vector<ColumnTotals> CohortSums::Totals() const {
  std::vector<ColumnTotals> totals(columns_.size() - 1);
  ColumnTotals sum;
  sum.settled = size_;
  for (size_t i = 0; i < totals.size(); ++i) {
    const Cell& cell = columns_[i];
    sum.settled -= cell.ended;
    sum.settled_returned += cell.returned_step;
    sum.orders_to_date += cell.orders_step;
    sum.revenue_to_date += cell.revenue_step;
    sum.running = cell.running;
    sum.running_returned = cell.running_returned;
    sum.orders = cell.orders;
    sum.revenue = cell.revenue;
    totals[i] = sum;
  }
  return totals;
}

}  // namespace rapport::cohorts
