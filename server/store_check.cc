// SPDX-License-Identifier: Apache-2.0
#include "server/store_check.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "google/protobuf/message.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/block.h"
#include "lib/metrics/series.h"
#include "lib/metrics/sums.h"
#include "lib/segments/bitmap.h"
#include "lib/store/generation.h"
#include "lib/store/keys.h"
#include "lib/store/row_checksum.h"
#include "lib/store/schema.h"
#include "rapport/store/v1/fold.pb.h"
#include "rapport/store/v1/framework.pb.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/store/v1/segment.pb.h"
#include "rapport/v1/cohort.pb.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/framework.pb.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/reference.pb.h"
#include "rapport/v1/value.pb.h"

namespace rapport::server {
namespace {

using store::DatasetId;
using store::TableId;

constexpr int kMaxProblems = 20;
constexpr int64_t kRowsBetweenLooks = 512;

void Problem(v1::StoreCheck& check, std::string_view text) {
  if (check.problems_size() < kMaxProblems) check.add_problems(std::string(text));
}

template <typename Message>
bool Parses(std::string_view bytes) {
  Message message;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

bool ReportParses(std::string_view key, std::string_view value) {
  const auto report = store::ReportKey::Decode(key);
  if (!report.has_value()) return false;
  if (report->report == "value_model") return Parses<v1::ValueModel>(value);
  if (report->report == "value_report") return Parses<v1::ValueReport>(value);
  if (report->report == "lifecycle") return Parses<v1::LifecycleReport>(value);
  if (report->report == "frameworks") return Parses<store::v1::StoredFrameworks>(value);
  return !report->report.starts_with("retention/") || Parses<v1::RetentionReport>(value);
}

// Keys of either format; measures are sums, all others counts.
bool SeriesRowDecodes(std::string_view key, std::string_view value) {
  auto series = store::SeriesKey::Decode(key);
  if (!series.has_value()) series = store::SeriesKey::DecodeFormat1(key);
  if (!series.has_value()) return false;
  const bool measure = series->family == static_cast<uint8_t>(metrics::SeriesFamily::kMeasures);
  return measure ? metrics::Sums::Decode(value).ok() : metrics::DecodeCell(value).ok();
}

bool SegmentRowDecodes(std::string_view key, std::string_view value) {
  const auto segment = store::SegmentKey::Decode(key);
  if (!segment.has_value()) return false;
  switch (segment->row) {
    case store::SegmentRow::kNight:
      return Parses<store::v1::SegmentNight>(value);
    case store::SegmentRow::kChanges:
      return Parses<store::v1::SegmentChanges>(value);
    case store::SegmentRow::kRfm:
      return Parses<store::v1::RfmCells>(value);
    case store::SegmentRow::kOrder:
      return !value.empty() && value.size() % sizeof(uint32_t) == 0;
    default:
      return segments::Bitmap().AddPart(value).ok();
  }
}

// Whether a row of a dataset decodes, key and value.

bool RowDecodes(DatasetId dataset, std::string_view key, std::string_view value) {
  switch (dataset) {
    case DatasetId::kEventBlocks: {
      const auto block = store::BlockKey::Decode(key);
      std::vector<events::EventRow> rows;
      return block.has_value() && events::DecodeBlock(value, block->block_no, rows).ok();
    }
    case DatasetId::kEventPayloads: {
      std::vector<std::string_view> payloads;
      return store::BlockKey::Decode(key).has_value() &&
             events::DecodePayloads(value, payloads).ok();
    }
    case DatasetId::kEventIds:
      return store::IdChunkKey::Decode(key).has_value();
    case DatasetId::kFolds:
      return store::CustomerKey::Decode(key) && Parses<store::v1::CustomerFold>(value);
    case DatasetId::kFacts:
      return store::CustomerKey::Decode(key) && Parses<v1::CustomerFacts>(value);
    case DatasetId::kSeries:
      return SeriesRowDecodes(key, value);
    case DatasetId::kReports:
      return ReportParses(key, value);
    case DatasetId::kTransitions:
      return store::TransitionKey::Decode(key) && Parses<v1::Transition>(value);
    case DatasetId::kAlerts:
      return store::AlertKey::Decode(key) && Parses<v1::Alert>(value);
    case DatasetId::kSegments:
      return SegmentRowDecodes(key, value);
    case DatasetId::kStandings: {
      const auto standing = store::StandingKey::Decode(key);
      if (!standing.has_value()) return false;
      if (standing->framework_no != 0) return value.empty();
      return Parses<store::v1::CustomerStandings>(value);
    }
  }
  return false;
}

// Walks one version of a dataset and calls `visit` with each row.
using RowVisit = absl::FunctionRef<void(std::string_view key, std::string_view value)>;
absl::Status WalkVersion(const CallContext& call, DatasetId dataset, store::Version version,
                         v1::StoreCheck& check, RowVisit visit) {
  const auto cursor = call.env().store.dataset().Scan(dataset, version, {});
  int64_t rows = 0;
  for (; cursor->Valid(); cursor->Next()) {
    if (rows++ % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    if (!RowDecodes(dataset, cursor->Key(), cursor->Value())) {
      Problem(check, Cat("version ", version, ", row ", rows, ": does not decode"));
    }
    visit(cursor->Key(), cursor->Value());
  }
  if (!cursor->status().ok()) Problem(check, FromAbsl(cursor->status().message()));
  check.set_item_count(check.item_count() + rows);
  return absl::OkStatus();
}

// Each block has as many payloads as events, under the same key.
absl::Status CheckPayloads(const CallContext& call, store::Version version, v1::StoreCheck& check) {
  const store::Dataset& dataset = call.env().store.dataset();
  const auto blocks = dataset.Scan(DatasetId::kEventBlocks, version, {});
  const auto payloads = dataset.Scan(DatasetId::kEventPayloads, version, {});
  std::vector<events::EventRow> rows;
  std::vector<std::string_view> texts;
  for (; blocks->Valid() && payloads->Valid(); blocks->Next(), payloads->Next()) {
    if (check.item_count() % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    check.set_item_count(check.item_count() + 1);
    const auto key = store::BlockKey::Decode(blocks->Key());
    if (!key.has_value() || blocks->Key() != payloads->Key()) {
      Problem(check, Cat("segment ", version, ": blocks and payloads differ in their keys"));
      return absl::OkStatus();
    }
    rows.clear();
    texts.clear();
    const bool decode = events::DecodeBlock(blocks->Value(), key->block_no, rows).ok() &&
                        events::DecodePayloads(payloads->Value(), texts).ok();
    if (!decode || rows.size() != texts.size()) {
      Problem(check, Cat(key->DebugString(), ": payloads do not match events"));
    }
  }
  if (blocks->Valid() != payloads->Valid()) {
    Problem(check, Cat("segment ", version, ": blocks and payloads differ in number"));
  }
  return absl::OkStatus();
}

// Compares rows, in order, with the files a manifest names for one dataset.
class FileChecks {
 public:
  FileChecks(const store::Manifest& manifest, DatasetId dataset, v1::StoreCheck& check)
      : check_(check) {
    for (const store::v1::DatasetFile& file : manifest.files()) {
      if (file.dataset() == store::DatasetName(dataset)) files_.push_back(&file);
    }
    std::sort(files_.begin(), files_.end(),
              [](const auto* a, const auto* b) { return a->first_key() < b->first_key(); });
  }

  void Add(std::string_view key, std::string_view value) {
    while (at_ < files_.size() && key > files_[at_]->last_key()) CloseFile();
    if (at_ == files_.size()) {
      ++foreign_;
      return;
    }
    ++rows_;
    checksum_.Add(key, value);
  }
  void Finish() {
    while (at_ < files_.size()) CloseFile();
    if (foreign_ > 0) Problem(check_, Cat(foreign_, " rows that no file of the manifest brought"));
  }

 private:
  void CloseFile() {
    const store::v1::DatasetFile& file = *files_[at_++];
    if (rows_ != file.row_count()) {
      Problem(check_,
              Cat(file.path(), ": ", rows_, " rows, but the manifest says ", file.row_count()));
    } else if (checksum_.Value() != file.checksum()) {
      Problem(check_, Cat(file.path(), ": the checksum is not that of the manifest"));
    }
    rows_ = 0;
    checksum_.Reset();
  }

  v1::StoreCheck& check_;
  std::vector<const store::v1::DatasetFile*> files_;  // By first key.
  size_t at_ = 0;
  uint64_t rows_ = 0;
  uint64_t foreign_ = 0;
  store::RowChecksum checksum_;
};

absl::Status CheckOwnVersion(const CallContext& call, const store::Manifest& manifest,
                             DatasetId dataset, v1::StoreCheck& check) {
  FileChecks files(manifest, dataset, check);
  RETURN_IF_ERROR(
      WalkVersion(call, dataset, manifest.generation(), check,
                  [&](std::string_view key, std::string_view value) { files.Add(key, value); }));
  files.Finish();
  return absl::OkStatus();
}

absl::Status CheckGeneration(const CallContext& call, v1::CheckStoreResponse* response) {
  const store::GenerationHandle generation = call.env().serving.Current();
  if (generation == nullptr) return absl::OkStatus();
  for (const DatasetId dataset : store::kAllDatasets) {
    v1::StoreCheck& check = *response->add_checks();
    check.set_check(Cat("dataset ", store::DatasetName(dataset)));
    if (!store::IsEventDataset(dataset)) {
      RETURN_IF_ERROR(CheckOwnVersion(call, *generation, dataset, check));
      continue;
    }
    for (const store::Version segment : generation->segments()) {
      RETURN_IF_ERROR(
          WalkVersion(call, dataset, segment, check, [](std::string_view, std::string_view) {}));
    }
  }
  v1::StoreCheck& check = *response->add_checks();
  check.set_check("payloads of events");
  for (const store::Version segment : generation->segments()) {
    RETURN_IF_ERROR(CheckPayloads(call, segment, check));
  }
  return absl::OkStatus();
}

bool DefinitionParses(std::string_view row, std::string_view value) {
  if (row.empty()) return false;
  switch (static_cast<store::DefinitionKind>(row.front())) {
    case store::DefinitionKind::kMetric:
      return Parses<v1::MetricDefinition>(value);
    case store::DefinitionKind::kExchangeRates:
      return Parses<v1::ExchangeRateTable>(value);
    case store::DefinitionKind::kReferenceSeries:
      return Parses<v1::ReferenceSeries>(value);
    case store::DefinitionKind::kGoal:
      return Parses<v1::Goal>(value);
    case store::DefinitionKind::kBenchmark:
      return Parses<v1::Benchmark>(value);
    case store::DefinitionKind::kFramework:
      return Parses<v1::Framework>(value);
    case store::DefinitionKind::kSegment:
      return Parses<store::v1::SegmentRecord>(value);
    case store::DefinitionKind::kSegmentList:
      return !value.empty();
  }
  return false;
}

// Whether a table row is of the table's message; pointers are not messages.
bool TableRowParses(TableId table, std::string_view row, std::string_view value) {
  switch (table) {
    case TableId::kIdentities:
      return Parses<store::v1::IdentityRecord>(value);
    case TableId::kCustomers:
      return Parses<store::v1::CustomerRecord>(value);
    case TableId::kDictionary:
      return Parses<store::v1::DictionaryRecord>(value);
    case TableId::kWorkspaces:
      return Parses<store::v1::WorkspaceRecord>(value);
    case TableId::kRuns:
      return Parses<v1::Run>(value);
    case TableId::kPointers:
      return true;
    case TableId::kDefinitions:
      return DefinitionParses(row, value);
  }
  return false;
}

absl::Status CheckTable(const CallContext& call, TableId table, v1::StoreCheck& check) {
  int64_t rows = 0;
  absl::Status alive;
  const absl::Status scanned = call.env().store.table(table).ScanAll(
      "", [&](std::string_view, std::string_view row, std::string_view value) {
        if (rows++ % kRowsBetweenLooks == 0) alive = call.Alive();
        if (!TableRowParses(table, row, value))
          Problem(check, Cat("row ", rows, ": does not decode"));
        return alive;
      });
  check.set_item_count(rows);
  RETURN_IF_ERROR(alive);
  if (!scanned.ok()) Problem(check, FromAbsl(scanned.message()));
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStore(const CallContext& call, v1::CheckStoreResponse* response) {
  for (const TableId table : store::kAllTables) {
    v1::StoreCheck& check = *response->add_checks();
    check.set_check(Cat("table ", store::TableName(table)));
    RETURN_IF_ERROR(CheckTable(call, table, check));
  }
  RETURN_IF_ERROR(CheckGeneration(call, response));
  response->set_healthy(true);
  for (const v1::StoreCheck& check : response->checks()) {
    if (!check.problems().empty()) response->set_healthy(false);
  }
  return absl::OkStatus();
}

}  // namespace rapport::server
