// SPDX-License-Identifier: Apache-2.0
// The measure-cells plan: sums of metrics whose observations are more than events, stored
// at night and corrected for the customers touched since.
//
// The night runs each such definition over all customers' events up to its as_of and stores
// Sums per MeasureKey:
//   granularity kDated  dated kinds by day, channel, touchpoint and campaign; changes of
//                       levels by day
//   1..5                per calendar bucket of that Granularity, for what one customer
//                       counts once in
//   0                   the same over all time
// Live, for each customer touched since: Customer(sealed events, -1), Customer(sealed and
// tail, +1); the sum of stored and corrections is what the night would store now. Stored
// sums hold for a FingerprintOf the definition.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/metrics/measure.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"

namespace rapport::metrics {

struct MeasureKey {
  static constexpr uint8_t kAllTime = 0;
  static constexpr uint8_t kDated = 6;

  uint8_t granularity = kDated;
  int32_t day = 0;
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint32_t campaign_no = 0;
  friend auto operator<=>(const MeasureKey&, const MeasureKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const MeasureKey& key) {
    return H::combine(std::move(state), key.granularity, key.day, key.channel, key.touchpoint_no,
                      key.campaign_no);
  }
};
// store::SeriesKey::event_type of stored cells, so that cells of one granularity lie
// together: the metric's number (0-8191) and the granularity.
inline uint16_t MeasureType(uint32_t metric_no, uint8_t granularity) {
  return static_cast<uint16_t>(metric_no * 8 + granularity);
}

// Not thread-safe; merge tables of threads in any order.
class MeasureSums {
 public:
  // sign +1 or -1.
  void Add(const MeasureKey& key, const Sums& sums, int sign = 1);
  void Add(const MeasureKey& key, const Observation& observation, int sign);
  void Merge(const MeasureSums& other);
  bool empty() const { return sums_.empty(); }
  size_t size() const { return sums_.size(); }
  // Without those that are zero, by key.
  std::vector<std::pair<MeasureKey, const Sums*>> Sorted() const;

 private:
  absl::flat_hash_map<MeasureKey, Sums> sums_;
};

// True for definitions whose sums the night stores: not additive, not a fact, and without
// filters on customers, whose fields change by the night.
bool HasMeasureCells(const CompiledMetric& metric);

// Emits one customer after the other. Not thread-safe; one per thread.
class MeasureCells {
 public:
  // The metric must outlive it. Its scope has the as_of and event_end of what is emitted.
  explicit MeasureCells(const CompiledMetric& metric);
  ~MeasureCells();
  void Customer(const CustomerInput& input, int sign, MeasureSums& sums);

 private:
  // Consecutive calendar buckets, extended as days come.
  class CalendarRow;
  void Dated(const CustomerInput& input, int sign, MeasureSums& sums);
  void Steps(int sign, MeasureSums& sums);
  void Windowed(const CustomerInput& input, int sign, MeasureSums& sums);
  void Moves(int sign, MeasureSums& sums);

  const CompiledMetric& metric_;
  std::unique_ptr<Measure> measure_;
  DayClock days_;
  std::array<std::unique_ptr<CalendarRow>, 5> rows_;
};

// How far back the night keeps engagement scores by bucket.
bool KeepsEngagement(Granularity granularity, CivilDays bucket, CivilDays as_of_day);

// Cells that a query needs: a granularity and days [begin, end).
struct MeasureRead {
  uint8_t granularity = 0;
  CivilDays begin = 0;
  CivilDays end = 0;
};

class MeasureGather {
 public:
  // For queries whose plan is kMeasureCells.
  explicit MeasureGather(const PreparedQuery& query);

  std::vector<MeasureRead> Reads() const;
  // Stored sums and corrections, any order.
  void Add(const MeasureKey& key, const Sums& sums);
  // After the last Add.
  const SumTable& Finish();

 private:
  struct Place {
    uint8_t granularity;
    CivilDays day;
    size_t slot;
  };
  void AddDated(const MeasureKey& key, const Sums& sums);
  void AddStep(const MeasureKey& key, const Sums& sums);

  const PreparedQuery& query_;
  SumTable table_;
  std::vector<Place> places_;  // By granularity, day.
  // Levels: for each range what its steps change, by the first slot whose window they
  // precede; summed up by Finish.
  std::vector<std::vector<Sums>> changes_;
};

}  // namespace rapport::metrics
