// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/reference_series.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/reference/field_checks.h"

namespace rapport::reference {
namespace {

constexpr size_t kMaxNameBytes = 256;

// The row of a year; years are offset so that they sort.
std::string YearId(std::string_view series, int year) {
  std::string id(series);
  id.push_back('\0');
  PutBigEndian(id, static_cast<uint32_t>(year) ^ 0x8000'0000u);
  return id;
}

// Of a checked date.
int YearOf(std::string_view date) { return CivilFromDays(*ParseDate(date)).year; }

std::vector<store::DefinitionChange> RowsOf(const v1::ReferenceSeries& series,
                                            const std::set<int>& years) {
  std::vector<store::DefinitionChange> changes;
  v1::ReferenceSeries head = series;
  head.clear_points();
  changes.push_back(
      {store::DefinitionKind::kReferenceSeries, series.series(), head.SerializeAsString()});
  std::map<int, v1::ReferenceSeries> rows;
  for (const v1::ReferencePoint& point : series.points()) {
    const int year = YearOf(point.date());
    if (years.contains(year)) *rows[year].add_points() = point;
  }
  for (const auto& [year, row] : rows) {
    changes.push_back({store::DefinitionKind::kReferenceSeries, YearId(series.series(), year),
                       row.SerializeAsString()});
  }
  return changes;
}

// Takes texts and points of `added` over.
void Overlay(const v1::ReferenceSeries& added, v1::ReferenceSeries& series) {
  series.set_series(added.series());
  if (!added.display_name().empty()) series.set_display_name(added.display_name());
  if (!added.source().empty()) series.set_source(added.source());
  *series.mutable_import_time() = added.import_time();
  std::map<std::string, double> points;
  for (const auto* list : {&series.points(), &added.points()}) {
    for (const v1::ReferencePoint& point : *list) points[point.date()] = point.value();
  }
  series.clear_points();
  for (const auto& [date, value] : points) {
    v1::ReferencePoint& point = *series.add_points();
    point.set_date(date);
    point.set_value(value);
  }
}

absl::Status CheckRoom(std::span<const v1::ReferenceSeries> known,
                       const v1::ReferenceSeries& series, bool is_new) {
  if (is_new && known.size() >= kMaxSeries) {
    return InvalidField("series.series", "TOO_MANY_STORED",
                        Cat("a workspace has at most ", kMaxSeries, " series"));
  }
  int points = series.points_size();
  for (const v1::ReferenceSeries& other : known) {
    if (other.series() != series.series()) points += other.points_size();
  }
  if (points <= kMaxPoints) return absl::OkStatus();
  return InvalidField("series.points", "TOO_MANY_STORED",
                      Cat("a workspace has at most ", kMaxPoints, " points"));
}

}  // namespace

absl::Status CheckSeries(const v1::ReferenceSeries& series) {
  RETURN_IF_ERROR(CheckId("series.series", series.series(), /*dashes=*/false));
  RETURN_IF_ERROR(CheckText("series.display_name", series.display_name(), kMaxNameBytes));
  RETURN_IF_ERROR(CheckText("series.source", series.source(), kMaxSourceBytes));
  RETURN_IF_ERROR(CheckCount("series.points", series.points_size()));
  std::set<std::string_view> seen;
  for (int i = 0; i < series.points_size(); ++i) {
    const v1::ReferencePoint& point = series.points(i);
    const std::string field = Cat("series.points[", i, "]");
    RETURN_IF_ERROR(CheckDate(Cat(field, ".date"), point.date()).status());
    if (!std::isfinite(point.value()) || point.value() < 0) {
      return InvalidField(Cat(field, ".value"), "BAD_NUMBER", "must be >= 0 and finite");
    }
    if (!seen.insert(point.date()).second) {
      return InvalidField(Cat(field, ".date"), "DUPLICATE", Cat(point.date(), " comes twice"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::ReferenceSeries>> ReadSeries(
    std::span<const store::Definition> rows) {
  std::vector<v1::ReferenceSeries> all;
  for (const store::Definition& row : rows) {
    v1::ReferenceSeries part;
    const std::string_view id = row.id;
    const size_t end = id.find('\0');
    const bool is_head = end == std::string_view::npos;
    const bool follows = is_head || (!all.empty() && all.back().series() == id.substr(0, end));
    if (!part.ParseFromString(row.bytes) || !follows) {
      return DataLoss("definitions", "a reference series that does not decode");
    }
    if (is_head) {
      all.push_back(std::move(part));
    } else {
      all.back().mutable_points()->MergeFrom(part.points());
    }
  }
  return all;
}

absl::StatusOr<SeriesUpdate> AddPoints(std::span<const v1::ReferenceSeries> known,
                                       const v1::ReferenceSeries& added) {
  SeriesUpdate update;
  bool is_new = true;
  for (const v1::ReferenceSeries& series : known) {
    if (series.series() != added.series()) continue;
    update.series = series;
    is_new = false;
  }
  Overlay(added, update.series);
  update.series.clear_name();
  RETURN_IF_ERROR(CheckRoom(known, update.series, is_new));
  std::set<int> years;
  for (const v1::ReferencePoint& point : added.points()) years.insert(YearOf(point.date()));
  update.changes = RowsOf(update.series, years);
  return update;
}

}  // namespace rapport::reference
