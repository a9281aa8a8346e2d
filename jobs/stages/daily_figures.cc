// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/daily_figures.h"

#include <charconv>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/stats.h"
#include "lib/metrics/event_cells.h"
#include "lib/metrics/respond.h"
#include "lib/metrics/sums.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

using metrics::SeriesFamily;

// Rows of one family and type with a day in [begin, end).
struct RowRange {
  SeriesFamily family = SeriesFamily::kEvents;
  uint16_t type = 0;
  CivilDays begin = 0;
  CivilDays end = 0;
};

absl::Status ReadRows(
    const DailyFigures::Source& source, const RowRange& range,
    absl::FunctionRef<absl::Status(const store::SeriesKey&, std::string_view)> visit) {
  store::SeriesKey first{.workspace_no = source.workspace_no,
                         .family = static_cast<uint8_t>(range.family),
                         .event_type = range.type,
                         .day = range.begin};
  store::SeriesKey end = first;
  end.day = range.end;
  const auto cursor =
      source.run.store->dataset().Scan(store::DatasetId::kSeries, source.version,
                                       {.begin = first.EncodeDay(), .end = end.EncodeDay()});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = store::SeriesKey::Decode(cursor->Key());
    if (!key.has_value()) return DataLoss("series", "a key that is no series key");
    RETURN_IF_ERROR(visit(*key, cursor->Value()));
  }
  return cursor->status();
}

// Half an interval in standard errors; 0 without one.
double StandardError(const v1::Interval& interval) {
  if (!(interval.level() > 0 && interval.level() < 1)) return 0;
  return (interval.high() - interval.low()) / 2 / math::NormalQuantile((1 + interval.level()) / 2);
}

reference::DailyFigure FigureOf(const v1::MetricPoint& point) {
  reference::DailyFigure figure;
  if (point.has_value()) figure.value = point.value();
  figure.sample_size = point.sample_size();
  figure.standard_error = StandardError(point.interval());
  return figure;
}

v1::QueryMetricRequest ByDay(const v1::MetricDefinition& definition, CivilDays begin,
                             CivilDays end) {
  v1::QueryMetricRequest request;
  request.set_metric(definition.metric());
  request.set_granularity(v1::GRANULARITY_DAY);
  request.set_start_date(FormatDate(begin));
  request.set_end_date(FormatDate(end));
  return request;
}

}  // namespace

uint32_t DailyFigures::NumberOf(std::string_view metric, std::string_view fingerprint) const {
  uint64_t wanted = 0;
  std::from_chars(fingerprint.data(), fingerprint.data() + fingerprint.size(), wanted, 16);
  for (const auto& measured : source_.state.measured_metrics()) {
    if (measured.metric() == metric && measured.fingerprint() == wanted) return measured.number();
  }
  return 0;
}

absl::Status DailyFigures::ReadCells(const metrics::PreparedQuery& query,
                                     metrics::SumTable& table) const {
  metrics::CellGather gather(query);
  for (const metrics::CellRead& read : gather.Reads()) {
    RETURN_IF_ERROR(
        ReadRows(source_, {SeriesFamily::kEvents, read.type, read.begin, read.end},
                 [&](const store::SeriesKey& key, std::string_view value) -> absl::Status {
                   ASSIGN_OR_RETURN(const metrics::Cell cell, metrics::DecodeCell(value));
                   gather.Add({.family = SeriesFamily::kEvents,
                               .type = key.event_type,
                               .day = key.day,
                               .channel = key.channel,
                               .touchpoint_no = key.touchpoint_no,
                               .campaign_no = key.campaign_no,
                               .currency = key.currency,
                               .bucket = key.bucket},
                              cell);
                   return absl::OkStatus();
                 }));
  }
  table.Merge(gather.table(), query.grouping());
  return absl::OkStatus();
}

absl::Status DailyFigures::ReadMeasures(const metrics::PreparedQuery& query,
                                        metrics::SumTable& table) const {
  const std::string fingerprint = metrics::FingerprintOf(query.definition(), source_.scope);
  const uint32_t number = NumberOf(query.definition().metric(), fingerprint);
  metrics::MeasureGather gather(query);
  for (const metrics::MeasureRead& read : gather.Reads()) {
    const RowRange range{SeriesFamily::kMeasures, metrics::MeasureType(number, read.granularity),
                         read.begin, read.end};
    RETURN_IF_ERROR(ReadRows(
        source_, range, [&](const store::SeriesKey& key, std::string_view value) -> absl::Status {
          ASSIGN_OR_RETURN(const metrics::Sums sums, metrics::Sums::Decode(value));
          gather.Add({.granularity = read.granularity,
                      .day = key.day,
                      .channel = key.channel,
                      .touchpoint_no = key.touchpoint_no,
                      .campaign_no = key.campaign_no},
                     sums);
          return absl::OkStatus();
        }));
  }
  table.Merge(gather.Finish(), query.grouping());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<DailyFigures::Figures>> DailyFigures::Of(
    const v1::MetricDefinition& definition, CivilDays begin, CivilDays end) const {
  const auto query =
      metrics::PreparedQuery::Create(ByDay(definition, begin, end), definition, source_.scope);
  if (!query.ok()) return std::optional<Figures>();
  metrics::StoredMeasures stored;
  stored.as_of = source_.scope.as_of;
  stored.has = [this](std::string_view metric, std::string_view fingerprint) {
    return NumberOf(metric, fingerprint) != 0;
  };
  const metrics::Plan plan = query->Choose(stored).plan;
  if (plan == metrics::Plan::kScan) return std::optional<Figures>();
  metrics::SumTable table(query->slots());
  RETURN_IF_ERROR(plan == metrics::Plan::kCells ? ReadCells(*query, table)
                                                : ReadMeasures(*query, table));
  ASSIGN_OR_RETURN(const auto answer, metrics::Respond(*query, table, "series"));
  Figures figures;
  for (const v1::MetricPoint& point : answer.total().points()) figures.push_back(FigureOf(point));
  if (figures.size() != static_cast<size_t>(end - begin)) return Internal("a day without a point");
  return std::optional(std::move(figures));
}

}  // namespace rapport::jobs
