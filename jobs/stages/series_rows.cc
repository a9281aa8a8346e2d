// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/series_rows.h"

#include "jobs/pipeline/writer.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

store::SeriesKey RowKey(uint32_t workspace_no, const metrics::CellKey& key) {
  return {.workspace_no = workspace_no,
          .family = static_cast<uint8_t>(key.family),
          .event_type = key.type,
          .day = key.day,
          .channel = key.channel,
          .touchpoint_no = key.touchpoint_no,
          .campaign_no = key.campaign_no,
          .currency = key.currency,
          .bucket = key.bucket};
}

metrics::CellKey CellKeyOf(const store::SeriesKey& key) {
  return {.family = static_cast<metrics::SeriesFamily>(key.family),
          .type = key.event_type,
          .day = key.day,
          .channel = key.channel,
          .touchpoint_no = key.touchpoint_no,
          .campaign_no = key.campaign_no,
          .currency = key.currency,
          .bucket = key.bucket};
}

}  // namespace

absl::StatusOr<int64_t> WriteCells(Run& run, uint32_t workspace_no, const std::string& part,
                                   const metrics::CellSums& cells) {
  ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kSeries,
                                                Cat("w", workspace_no, "-", part)));
  for (const auto& [key, cell] : cells.Sorted()) {
    RETURN_IF_ERROR(writer->Add(RowKey(workspace_no, key).Encode(), metrics::EncodeCell(cell)));
  }
  RETURN_IF_ERROR(writer->Finish());
  RETURN_IF_ERROR(RecordFile(run, writer->file()));
  return static_cast<int64_t>(writer->file().row_count);
}

absl::Status ReadEventCells(
    const Run& run, store::Version version, uint32_t workspace_no, uint16_t type,
    absl::FunctionRef<void(const metrics::CellKey&, const metrics::Cell&)> visit) {
  constexpr auto kFamily = static_cast<uint8_t>(metrics::SeriesFamily::kEvents);
  store::SeriesKey begin{.workspace_no = workspace_no, .family = kFamily, .event_type = type};
  begin.day = INT32_MIN;
  const auto cursor = run.store->dataset().Scan(
      store::DatasetId::kSeries, version,
      {.begin = begin.Encode(), .end = store::WorkspaceEnd(workspace_no)});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = store::SeriesKey::Decode(cursor->Key());
    if (!key) return DataLoss("series", "a key that is no series key");
    if (key->family != kFamily || (type != 0 && key->event_type != type)) break;
    ASSIGN_OR_RETURN(const metrics::Cell cell, metrics::DecodeCell(cursor->Value()));
    visit(CellKeyOf(*key), cell);
  }
  return cursor->status();
}

}  // namespace rapport::jobs
