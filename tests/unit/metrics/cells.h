// SPDX-License-Identifier: Apache-2.0
// Cells by hand, and a reader of them, for tests of queries.
#pragma once

#include <string_view>

#include "lib/base/score_bucket.h"
#include "lib/metrics/query.h"
#include "lib/metrics/series.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {

inline CivilDays Day(std::string_view date) { return ParseDate(date).value(); }

// Keeps cells and hands them out like a generation.
class CellTable {
 public:
  void Add(v1::EventType type, std::string_view date, Cell cell, CellKey at = {}) {
    at.family = SeriesFamily::kEvents;
    at.type = static_cast<uint16_t>(type);
    at.day = Day(date);
    sums_.Add(at, cell);
  }
  // `count` answers of one score.
  void Answer(v1::EventType type, std::string_view date, int score, int scale, int64_t count,
              CellKey at = {}) {
    at.bucket = ScoreBucket(static_cast<uint16_t>(type), score, scale);
    Add(type, date, {count, count * score}, at);
  }
  void AddFamily(SeriesFamily family, CivilDays day, int bucket, Cell cell) {
    CellKey key;
    key.family = family;
    key.day = day;
    key.bucket = static_cast<uint16_t>(bucket);
    sums_.Add(key, cell);
  }
  auto Reader() const {
    return [this](SeriesFamily family, uint16_t type, CivilDays begin, CivilDays end,
                  CellVisit visit) {
      for (const auto& [key, cell] : sums_.Sorted()) {
        if (key.family == family && key.type == type && key.day >= begin && key.day < end) {
          visit(key, cell);
        }
      }
      return absl::OkStatus();
    };
  }

 private:
  CellSums sums_;
};

// Data from `first` to `last`, counted up to the end of the day before `as_of`.
inline QueryScope ScopeOf(std::string_view first, std::string_view last, std::string_view as_of) {
  QueryScope scope;
  scope.base_currency = PackCurrency("EUR").value();
  scope.first_day = Day(first);
  scope.last_day = Day(last);
  scope.as_of_day = Day(as_of);
  return scope;
}

}  // namespace rapport::metrics
