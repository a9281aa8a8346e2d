// SPDX-License-Identifier: Apache-2.0
// The sums behind one metric value: what any number of observations add up to.
//
// Everything is a whole number, so sums add up and subtract to the same value in any
// order; division happens in point.h only. What the fields count depends on the kind of
// maths (v1.MetricKind):
//
//   kind                            count               base            sum
//   COUNT, REFERENCE_RATIO          events
//   NET_SCORE, SCORE_*              answers (scores)
//   COUNT_RATIO                     events              events
//   MONEY_SUM, MONEY_PER_COUNT      amounts                             converted money
//   VALUE_MEAN, VALUE_DISTRIBUTION  values                              micros
//   CONVERSION                      starts with goal    starts
//   DURATION                        durations           starts          micros (of seconds)
//   SESSION count, duration         sessions                            micros (of seconds)
//   SESSION bounce, engaged         such sessions       sessions
//   DISTINCT_CUSTOMERS              customers
//   REPEAT_RATE                     with two or more    customers
//   FREQUENCY                       events              customers
//   DISTINCT_RATIO                  customers           customers
//   STICKINESS                      days x customers    customers
//   CLV_SIMPLE                      orders              customers       converted money
//   RETENTION, CHURN, ...           members
//   RECURRING_REVENUE, ...          recurring
//   ENGAGEMENT_SCORE, FACT_MEAN     customers                           micros
//
// Squares: of converted amounts for MONEY_SUM and MONEY_PER_COUNT, of values for the means;
// per customer of events (FREQUENCY), days (STICKINESS) and micros of money (CLV_SIMPLE).
//
// Values; not thread-safe to write. An empty one is 96 bytes and allocates nothing. Decode
// answers DATA_LOSS for bytes that Encode did not write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/math/quantile_sketch.h"
#include "lib/metrics/int128.h"

namespace rapport::metrics {

// Customers on the books: at the start of a window and what happened in it. Cells of a day
// have 0 at the start; their window's is the sum of all days before.
struct MemberSums {
  int64_t at_start = 0;
  int64_t joined = 0;  // For the first time.
  int64_t returned = 0;
  int64_t left = 0;
  int64_t at_end() const { return at_start + joined + returned - left; }
  friend bool operator==(const MemberSums&, const MemberSums&) = default;
};

// Money and the customers it is of.
struct PaidSums {
  Int128 money = 0;  // Converted.
  int64_t customers = 0;
  // Of each customer's money, in micros rounded half even: what intervals are made of.
  // Modulo 2^128: a thousand million customers of 100,000 a month fit.
  unsigned __int128 squares = 0;
  friend bool operator==(const PaidSums&, const PaidSums&) = default;
};

// Monthly recurring revenue at a window's start and what became of it. Cells of a day hold
// the change of the level on the day in `start`.
struct RecurringSums {
  PaidSums start, gained, reactivated, expansion, contraction, churned;
  // Each customer's start times its expansion or contraction; for the churned it is the
  // square of the start.
  unsigned __int128 start_expansion = 0, start_contraction = 0;
  // Without squares.
  PaidSums end() const;
  friend bool operator==(const RecurringSums&, const RecurringSums&) = default;
};

// What some kinds have besides.
struct SumParts {
  std::vector<std::pair<uint16_t, int64_t>> scores;  // By ScoreBucket, ascending, none 0.
  std::vector<int64_t> histogram;                    // By class; may be shorter than the classes.
  math::QuantileSketch sketch;
  MemberSums members;
  RecurringSums recurring;
};

// One addition to sums.
struct Observation {
  // In an order in which compilers do not join two of them into one read of 16 bytes, which
  // waits for the writes before it.
  int64_t count = 0;
  Int128 sum = 0;
  int64_t base = 0;
  int64_t left_out = 0;              // Amounts without an exchange rate.
  std::optional<uint16_t> score;     // ScoreBucket.
  std::optional<int64_t> magnitude;  // Micros: its square is added, times that of the factor:
  uint64_t magnitude_factor = 1;     // the exchange rate in nanos, for converted money.
  std::optional<int64_t> value;      // Micros: of a distribution.
  std::optional<size_t> histogram_class;
  std::optional<MemberSums> members;
  const RecurringSums* recurring = nullptr;  // Of the measure; until its next observation.
};

class Sums {
 public:
  Sums() = default;
  Sums(const Sums& other) { *this = other; }
  Sums(Sums&&) noexcept = default;
  Sums& operator=(const Sums& other);
  Sums& operator=(Sums&&) noexcept = default;

  void Add(const Observation& observation);
  void Add(const Sums& other) { Combine(other, 1); }
  void Subtract(const Sums& other) { Combine(other, -1); }

  int64_t count = 0;
  int64_t base = 0;
  Int128 sum = 0;
  WideSum squares;  // Of magnitudes.
  int64_t left_out = 0;

  // Parts that were never added to are empty.
  const SumParts& parts() const;
  int64_t CountOfScore(uint16_t bucket) const;
  void AddScore(uint16_t bucket, int64_t answers);
  SumParts& mutable_parts();

  // True when everything is 0, whatever was added before.
  bool IsZero() const;
  friend bool operator==(const Sums& a, const Sums& b);

  // Canonical: equal sums have equal bytes.
  std::string Encode() const;
  static absl::StatusOr<Sums> Decode(std::string_view bytes);

 private:
  void Combine(const Sums& other, int sign);
  std::unique_ptr<SumParts> parts_;
};

}  // namespace rapport::metrics
