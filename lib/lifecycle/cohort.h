// SPDX-License-Identifier: Apache-2.0
// Retention triangles by calendar month: of the customers who began in a month, how many
// came back in each month since.
//
// Months are month indexes (lib/base/calendar.h). Counts are whole numbers and add up in
// any order, so partial triangles merge to the same bytes. Report() prints either reading:
// ON counts customers back in exactly that month, ON_OR_AFTER in that month or later. The
// pooled row is sum of returns / sum of sizes over complete cells only, so that young
// cohorts weigh by their size and an unfinished month does not look like a loss.
//
// Not thread-safe: one per shard, then Merge.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "rapport/v1/cohort.pb.h"

namespace rapport::lifecycle {

// A value per month, for a run of months that grows to whatever month is asked for.
template <typename T>
class MonthTable {
 public:
  T& At(int32_t month) {
    if (values_.empty()) first_ = month;
    if (month < first_) {
      values_.insert(values_.begin(), static_cast<size_t>(first_ - month), T());
      first_ = month;
    }
    const auto index = static_cast<size_t>(month - first_);
    if (index >= values_.size()) values_.resize(index + 1);
    return values_[index];
  }
  // Months [first(), end()) have values; empty when equal.
  int32_t first() const { return first_; }
  int32_t end() const { return first_ + static_cast<int32_t>(values_.size()); }
  const T& operator[](int32_t month) const { return values_[static_cast<size_t>(month - first_)]; }

 private:
  int32_t first_ = 0;
  std::vector<T> values_;
};

struct MonthRevenue {
  int32_t month = 0;
  Micros micros = 0;
};

class RetentionTriangle {
 public:
  // One customer: its cohort month and the months it came back in, ascending and distinct
  // (the cohort month itself included if it counts). Months before the cohort's are passed
  // over.
  void Add(int32_t birth_month, std::span<const int32_t> return_months);
  void AddRevenue(int32_t birth_month, std::span<const MonthRevenue> revenue);
  void Merge(const RetentionTriangle& other);

  // Every cohort from the first to as_of's month, each with a cell for every month begun by
  // as_of. A month that holds as_of is incomplete. `currency` is ISO 4217.
  v1::RetentionReport Report(v1::RetentionMode mode, CivilDays as_of_day,
                             const std::string& currency) const;

 private:
  struct Counts {
    int64_t size = 0;
    std::vector<int64_t> on;    // By period.
    std::vector<int64_t> last;  // Customers whose last return is in that period.
    std::vector<Micros> revenue;
  };
  MonthTable<Counts> cohorts_;
};

}  // namespace rapport::lifecycle
