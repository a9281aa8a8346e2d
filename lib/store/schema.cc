// SPDX-License-Identifier: Apache-2.0
#include "lib/store/schema.h"

#include <algorithm>
#include <iterator>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::store {
namespace {

constexpr std::string_view kUntilDropped = "until no kept generation lists the segment";
constexpr std::string_view kGeneration = "with its generation";
constexpr std::string_view kIngested = "ingested whole";
constexpr std::string_view kForever = "forever";

constexpr FamilySpec kFamilies[] = {
    {"log", "sequence:u64", "event batch", "until trimmed after sealing", "append"},
    {"identities", "workspace_no:u32 kind:u8 value:bytes / (empty)", "store.v1.IdentityRecord",
     kForever, "set"},
    {"customers", "workspace_no:u32 customer_no:u32 / (empty)", "store.v1.CustomerRecord", kForever,
     "set"},
    {"dictionary", "workspace_no:u32 / kind:u8 number:u32", "store.v1.DictionaryRecord", kForever,
     "set"},
    {"workspaces", "workspace:bytes / (empty)", "store.v1.WorkspaceRecord", kForever, "set"},
    {"runs", "\"runs\" / start_time:i64-inverted run:bytes", "v1.Run", kForever, "set"},
    {"pointers", "\"generation\" / name:bytes", "u32 or store.v1.GenerationManifest",
     "as long as its generation", "set"},
    {"definitions", "workspace_no:u32 / kind:u8 id:bytes", "the kind's message", kForever, "set"},
    {"event_blocks", "version:u32 workspace_no:u32 block_no:u32 part:u16", "event block",
     kUntilDropped, kIngested},
    {"event_payloads", "version:u32 workspace_no:u32 block_no:u32 part:u16", "payload block",
     kUntilDropped, kIngested},
    {"event_ids", "version:u32 workspace_no:u32 arrival_day:u32 chunk:u32", "fingerprint chunk",
     kUntilDropped, kIngested},
    {"folds", "version:u32 workspace_no:u32 customer_no:u32", "store.v1.CustomerFold", kGeneration,
     kIngested},
    {"facts", "version:u32 workspace_no:u32 customer_no:u32", "v1.CustomerFacts", kGeneration,
     kIngested},
    {"series",
     "version:u32 workspace_no:u32 family:u8 event_type:u16 day:u32-offset channel:u8 "
     "touchpoint_no:u32 campaign_no:u32 currency:u16 bucket:u16",
     "series cell", kGeneration, kIngested},
    {"reports", "version:u32 workspace_no:u32 report:bytes", "a v1 report message", kGeneration,
     kIngested},
    {"transitions", "version:u32 workspace_no:u32 time:i64-inverted customer_no:u32",
     "v1.Transition", kGeneration, kIngested},
    {"alerts", "version:u32 workspace_no:u32 time:i64-inverted day:u32-inverted metric:bytes",
     "v1.Alert", kGeneration, kIngested},
    {"segments", "version:u32 workspace_no:u32 row:u8 segment_no:u32 position:u64",
     "the row kind's bytes", kGeneration, kIngested},
    {"standings", "version:u32 workspace_no:u32 framework_no:u16 stage:u8 customer_no:u32",
     "store.v1.CustomerStandings, or nothing", kGeneration, kIngested},
};
static_assert(std::size(kFamilies) == 1 + std::size(kAllTables) + std::size(kAllDatasets));

}  // namespace

std::span<const FamilySpec> Families() { return kFamilies; }

std::string_view TableName(TableId table) { return kFamilies[1 + static_cast<size_t>(table)].name; }

std::string_view DatasetName(DatasetId dataset) {
  return kFamilies[1 + std::size(kAllTables) + static_cast<size_t>(dataset)].name;
}

absl::StatusOr<DatasetId> DatasetFromName(std::string_view name) {
  for (const DatasetId dataset : kAllDatasets) {
    if (DatasetName(dataset) == name) return dataset;
  }
  return InvalidField("dataset", "UNKNOWN_DATASET", Cat("no dataset is called '", name, "'"));
}

bool IsEventDataset(DatasetId dataset) {
  return std::ranges::find(kEventDatasets, dataset) != std::end(kEventDatasets);
}

bool IsPointRead(DatasetId dataset) {
  return dataset == DatasetId::kFacts || dataset == DatasetId::kFolds ||
         dataset == DatasetId::kEventBlocks || dataset == DatasetId::kStandings;
}

}  // namespace rapport::store
