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
#include <deque>
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
};
// store::SeriesKey::event_type of stored cells, so that cells of one granularity lie
// together: the metric's number (0-8191) and the granularity.
inline uint16_t MeasureType(uint32_t metric_no, uint8_t granularity) {
  return static_cast<uint16_t>(metric_no * 8 + granularity);
}

// Not thread-safe; merge tables of threads in any order. Days of one granularity and group
// lie in a row that is found by a small hash; what does not fit rows (many groups, days far
// apart) is found by its whole key.
class MeasureSums {
 public:
  MeasureSums() = default;
  MeasureSums(MeasureSums&&) = default;
  MeasureSums& operator=(MeasureSums&&) = default;

  // The cell of a key, made if there is none; it stays where it is.
  Sums& At(const MeasureKey& key);
  // sign +1 or -1.
  void Add(const MeasureKey& key, const Sums& sums, int sign = 1);
  void Add(const MeasureKey& key, const Observation& observation, int sign);
  void Merge(const MeasureSums& other);
  bool empty() const { return cells_.empty(); }
  size_t size() const { return cells_.size(); }
  // Without those that are zero, by key.
  std::vector<std::pair<MeasureKey, const Sums*>> Sorted() const;

 private:
  // Numbers of cells, from 1, by day after `first`; 0: none.
  struct Row {
    int32_t anchor = 0;  // Its first day that came; others are near it.
    int32_t first = 0;
    std::vector<uint32_t> numbers;
  };
  struct Packed {
    uint64_t place = 0;
    uint64_t names = 0;
    friend bool operator==(const Packed&, const Packed&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Packed& key) {
      return H::combine(std::move(state), key.place, key.names);
    }
  };
  Row& NewRow(const Packed& group, int32_t day);
  Row* RowOf(const MeasureKey& key);
  uint32_t& NumberOf(const MeasureKey& key);

  absl::flat_hash_map<Packed, uint32_t> places_;  // Of rows, by all of a key but the day.
  std::deque<Row> rows_;
  Packed last_group_;  // Windows of one granularity come one after the other.
  Row* last_row_ = nullptr;
  absl::flat_hash_map<Packed, uint32_t> numbers_;  // Of cells that are in no row.
  std::deque<std::pair<MeasureKey, Sums>> cells_;
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
  std::vector<std::pair<Sums*, Observation>> found_;
  // Without an event of these types a customer adds nothing.
  filter::StandardTypes wanted_;
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
