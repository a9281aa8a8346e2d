// SPDX-License-Identifier: Apache-2.0
// The sums behind one metric value, and the maths of each MetricKind.
//
// Everything is a whole number until FillPoint divides, so tallies add up in any order to
// the same value. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>

#include "lib/base/money.h"
#include "lib/metrics/series.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// Of kEvents cells.
struct Tally {
  int64_t count = 0;        // Events of the numerator.
  int64_t value_sum = 0;    // Their values, whatever the unit.
  int64_t money_count = 0;  // Those in base currency.
  Micros money_sum = 0;
  Micros money_subtracted = 0;
  int64_t foreign_count = 0;  // Those, and subtracted ones, in other currencies.
  int64_t denominator_count = 0;
  std::map<uint16_t, int64_t> scores;  // Numerator by ScoreBucket.

  void Add(const Tally& other);
};

// Of kMembers cells.
struct Membership {
  int64_t at_start = 0;
  int64_t joined = 0;  // For the first time.
  int64_t returned = 0;
  int64_t left = 0;
  int64_t at_end() const { return at_start + joined + returned - left; }
};

// Of kPurchasers and kActive cells.
struct Distinct {
  int64_t customers = 0;
  int64_t repeaters = 0;
};

struct Figures {
  Tally tally;
  Membership members;
  Distinct distinct;
  double range_years = 1;     // Length of the bucket.
  double customer_years = 1;  // For clv_simple: how long a customer stays.
};

// Which families a kind needs.
bool NeedsEvents(v1::MetricKind kind);
bool NeedsDistinct(v1::MetricKind kind);
bool NeedsMembers(v1::MetricKind kind);
// Money kinds read base currency only.
bool IsMoney(v1::MetricKind kind);

// Sets value, interval, numerator, denominator and sample_size. No value when the
// denominator is empty.
void FillPoint(const v1::MetricDefinition& definition, const Figures& figures,
               v1::MetricPoint& point);

// The interpretation of a value: label of the last band that begins at or below it.
std::string BandOf(const v1::MetricDefinition& definition, double value);

// Answers above the positive cut and below the negative one; scores mapped to the
// definition's scale.
struct ScoreCounts {
  int64_t positive = 0;
  int64_t negative = 0;
  int64_t answers = 0;
};
ScoreCounts CountScores(const v1::MetricDefinition& definition, const Tally& tally);

}  // namespace rapport::metrics
