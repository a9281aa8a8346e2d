// SPDX-License-Identifier: Apache-2.0
// Follows each customer from its starts through the periods of a retention question.
//
// A return is an event of the return filter at or after the start's time, except the start
// event itself (unless `start_counts`). Value is that of all orders, bookings and refunds
// at or after the start's time, the start's own order included. Events after as_of do not
// exist. Results are whole numbers: the order of customers, threads and merges never
// matters.
//
// One per thread; merge them at the end. No allocation per event once the lists of the
// longest customer are there; about 10 ns an event besides the filters, one civil day at
// most for each event that is a start, a return or money.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/cohorts/periods.h"
#include "lib/cohorts/retention_plan.h"
#include "lib/cohorts/retention_sums.h"
#include "lib/filter/customer_events.h"

namespace rapport::cohorts {

class RetentionWalk {
 public:
  // `plan` outlives this.
  explicit RetentionWalk(const RetentionPlan& plan);

  // `codes` as RetentionPlan::Needs().dimensions. InvalidField question.cohort
  // TOO_MANY_COHORTS as soon as there are more than kMaxCohorts.
  absl::Status Customer(const filter::CustomerEvents& customer, std::span<const uint32_t> codes);
  absl::Status Merge(const RetentionWalk& other);

  const RetentionPlan& plan() const { return plan_; }
  const CohortTable& cohorts() const { return cohorts_; }
  int64_t customers() const { return customers_; }
  int64_t starts() const { return starts_count_; }
  // Orders and refunds in a currency without a rate: counted, but without value.
  int64_t without_rate() const { return without_rate_; }

 private:
  struct Start {
    TimeMicros time = 0;
    uint32_t index = 0;  // Of the event.
    int32_t period = 0;  // Ordinal of the calendar period.
    int32_t bucket = 0;  // Ordinal of the cohort's bucket.
  };
  // An event that is a return.
  struct Return {
    TimeMicros time = 0;
    uint32_t index = 0;
    int32_t period = 0;  // Ordinal of the calendar period.
  };
  // An order, booking or refund.
  struct Payment {
    Int128 money = 0;
    TimeMicros time = 0;
    int32_t period = 0;
    int32_t orders = 0;
  };

  void FindStarts(const filter::CustomerEvents& customer);
  void TakeStart(const filter::CustomerEvents& customer, size_t index);
  void FindRecurring(const filter::CustomerEvents& customer);
  // Returns and payments from the first start on, as far as any column reaches.
  void FindReturns(const filter::CustomerEvents& customer);
  Payment PaymentOf(const EventColumns& event, MoneySign sign, int32_t period);
  absl::Status CountIn(const filter::CustomerEvents& customer, std::span<const uint32_t> codes);
  absl::Status CountInSegments(const filter::CustomerEvents& customer);
  absl::Status Follow(const Start& start, int32_t cohort, const filter::CustomerEvents& customer);
  void CountPayments(const Start& start, const Outlook& outlook, CohortSums& sums) const;
  void CountReturns(const Start& start, const Outlook& outlook, CohortSums& sums) const;
  void CountOn(std::span<const Return> returns, const Start& start, const Outlook& outlook,
               CohortSums& sums) const;
  int32_t PeriodOf(TimeMicros time, int32_t calendar_period, const Start& start) const;
  // The period of the nth return from the front or, from the back; -1 without so many.
  int32_t NthReturn(std::span<const Return> returns, const Start& start, bool from_back) const;
  int32_t StreakOf(std::span<const Return> returns, const Start& start) const;
  bool Counts(const Return& back, const Start& start) const {
    return start_counts_ || back.index != start.index;
  }
  absl::StatusOr<CohortSums*> SumsOf(int32_t cohort);

  const RetentionPlan& plan_;
  const v1::ReturnMode mode_;
  const int32_t minimum_returns_;
  const int32_t minimum_starts_;
  const bool start_counts_, rolling_;
  const TimeMicros rolling_length_, as_of_;
  const std::string base_currency_;
  int32_t as_of_period_ = 0;

  FilteredEvents start_filter_, return_filter_;
  bool returns_possible_ = true;  // Of the current customer.
  OrdinalClock periods_, buckets_;
  DayClock days_;
  // Of the current customer, ascending; returns and payments from the first start's time on.
  std::vector<Start> starts_;
  std::vector<Return> returns_;
  std::vector<Payment> payments_;

  CohortTable cohorts_;
  int64_t customers_ = 0;
  int64_t starts_count_ = 0;
  int64_t without_rate_ = 0;
};

}  // namespace rapport::cohorts
