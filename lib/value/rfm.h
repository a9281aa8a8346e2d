// SPDX-License-Identifier: Apache-2.0
// A customer's orders in the few numbers that value models and RFM need.
//
// Customer value starts here: SummarizeOrders() turns the sorted order days of one
// customer into a PurchaseHistory (what BG/NBD and Gamma-Gamma are fitted on) and into
// RfmValues (recency, frequency, monetary). Orders of one day are one purchase: models
// of waiting times cannot use two purchases at the same instant. Days are civil days in
// the workspace's zone; orders after `as_of` are ignored, so a calibration period is
// just an earlier `as_of`.
//
// Money is integer micros, so sums are exact and independent of order.
//
// Pure and thread-safe; one pass, no allocation.
//
//   ASSIGN_OR_RETURN(OrderSummary summary, SummarizeOrders(orders, as_of));
//   RfmScores scores = scorer.Score(summary.rfm);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "lib/math/ranks.h"

namespace rapport::value {

// Repeat buying up to one moment. The first purchase starts the clock and is not
// counted: a one-time buyer has frequency 0 and recency 0.
struct PurchaseHistory {
  uint32_t frequency = 0;          // x: repeat purchases (distinct days after the first).
  double recency_days = 0;         // t_x: days from the first purchase to the last.
  double age_days = 0;             // T: days from the first purchase to as_of.
  Micros repeat_value_micros = 0;  // Sum over the repeat purchases; the first excluded.
  // Sum over the repeat purchases of ln(days since the one before): what models of regular
  // buyers (k > 1) need to compare k. All others ignore it.
  double sum_log_gap_days = 0;

  // Mean value of a repeat purchase in currency units; 0 without one.
  double mean_value() const {
    return frequency == 0 ? 0.0
                          : static_cast<double>(repeat_value_micros) /
                                (static_cast<double>(kMicrosPerUnit) * frequency);
  }
};

// InvalidArgument with field `prefix` + frequency, recency_days, age_days or
// sum_log_gap_days:
//   NOT_FINITE, NEGATIVE,
//   RECENCY_WITHOUT_REPEAT (x = 0 with t_x > 0), RECENCY_MISSING (x > 0 with t_x = 0),
//   RECENCY_AFTER_AGE (t_x > T).
// The prefix is such as "rows[17].".
absl::Status ValidateHistory(const PurchaseHistory& history, const std::string& prefix = "");
// The same for row number `row`; builds no text unless the row is wrong.
absl::Status ValidateRow(const PurchaseHistory& history, size_t row);

struct Order {
  CivilDays day = 0;
  Micros value_micros = 0;
};

// Raw RFM, of all orders up to as_of (the first included).
struct RfmValues {
  int32_t recency_days = 0;    // Days since the last order: lower is better.
  uint32_t orders = 0;         // Distinct order days.
  Micros monetary_micros = 0;  // Total value.
};

struct OrderSummary {
  PurchaseHistory history;
  RfmValues rfm;
  CivilDays first_day = 0;
  CivilDays last_day = 0;
  Micros first_value_micros = 0;  // Value of the first order day.
};

// Orders must be in ascending day order: InvalidArgument (UNSORTED, "orders[i].day").
// nullopt when no order lies at or before as_of: no purchase, no history.
absl::StatusOr<std::optional<OrderSummary>> SummarizeOrders(std::span<const Order> orders,
                                                            CivilDays as_of);
// Distinct order days in (after, until]: actual repeat purchases of a holdout period.
uint32_t CountOrderDays(std::span<const Order> orders, CivilDays after, CivilDays until);

// 1 (worst) .. 5 (best) each. See lib/math/ranks.h for the rule: ties share a score, and
// score k means that at least (k - 1) / 5 of the customers are strictly worse.
struct RfmScores {
  int recency = 1;
  int frequency = 1;
  int monetary = 1;
  // "543": the usual cell name.
  std::string Cell() const;
};

// Counts raw values of all customers; mergeable in any order. Not thread-safe.
class RfmHistogram {
 public:
  void Add(const RfmValues& values);
  void Merge(const RfmHistogram& other);

 private:
  friend class RfmScorer;
  math::ValueHistogram recency_, orders_, monetary_;
};

// Scores against the quintiles of one night. Thread-safe after construction.
class RfmScorer {
 public:
  explicit RfmScorer(const RfmHistogram& histogram);
  RfmScorer(math::RankCuts recency, math::RankCuts frequency, math::RankCuts monetary);
  RfmScores Score(const RfmValues& values) const;

  const math::RankCuts& recency() const { return recency_; }
  const math::RankCuts& frequency() const { return frequency_; }
  const math::RankCuts& monetary() const { return monetary_; }

 private:
  math::RankCuts recency_, frequency_, monetary_;
};

}  // namespace rapport::value
