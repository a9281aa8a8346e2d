// SPDX-License-Identifier: Apache-2.0
// Reference series of a workspace: numbers by civil day that no event carries. At rest a
// head row per series and a row per year of points. Pure, thread-safe.
#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::reference {

inline constexpr size_t kMaxSeries = 200;
inline constexpr int kMaxPoints = 500'000;  // Of all series of a workspace.

// InvalidField series.series, series.points[i].date BAD_DATE | DUPLICATE, .value
// BAD_NUMBER (not finite or below 0), series.points REQUIRED | TOO_MANY, texts TOO_LONG.
absl::Status CheckSeries(const v1::ReferenceSeries& series);

// All series by id, points by date, without `name`. DataLoss.
absl::StatusOr<std::vector<v1::ReferenceSeries>> ReadSeries(
    std::span<const store::Definition> rows);

// `known` with the points of `added` (the same day replaced; texts that are empty kept), and
// the rows to write. InvalidField series.points TOO_MANY_STORED, series.series
// TOO_MANY_STORED.
struct SeriesUpdate {
  v1::ReferenceSeries series;
  std::vector<store::DefinitionChange> changes;
};
absl::StatusOr<SeriesUpdate> AddPoints(std::span<const v1::ReferenceSeries> known,
                                       const v1::ReferenceSeries& added);

}  // namespace rapport::reference
