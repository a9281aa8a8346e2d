// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/workspaces.h"

#include <algorithm>
#include <map>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/customers/directory.h"
#include "lib/store/keys.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::jobs {
namespace {

using store::DatasetId;
using store::TableId;

// Of the settings that folds and series depend on; not of names, tolerance, discount and
// horizon, which are used when facts are scored.
uint64_t SettingsFingerprint(const v1::Workspace& workspace) {
  v1::Workspace relevant;
  relevant.set_time_zone(workspace.time_zone());
  relevant.set_base_currency(workspace.base_currency());
  relevant.set_week_start(workspace.week_start());
  *relevant.mutable_lifecycle_rules() = workspace.lifecycle_rules();
  constexpr char kFoldVersion[] = "3";  // Changes when folds hold more than before.
  return HashText64(Cat(kFoldVersion, relevant.SerializeAsString()));
}

// Attributes, and merges as recorded, sorted, chains not yet shortened.
absl::Status ReadCustomers(Run& run, WorkspaceRun& workspace) {
  std::string prefix;
  PutBigEndian(prefix, workspace.number);
  const auto visit = [&](std::string_view partition, std::string_view,
                         std::string_view value) -> absl::Status {
    store::v1::CustomerRecord record;
    uint32_t workspace_no = 0;
    events::Alias alias;
    if (!GetBigEndian(partition, workspace_no) || !GetBigEndian(partition, alias.customer_no) ||
        !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return DataLoss("customers", "a customer record that does not parse");
    }
    alias.survivor_no = record.merged_into();
    if (alias.survivor_no != 0) workspace.aliases.push_back(alias);
    if (!workspace.attributes.keys().empty()) workspace.attributes.Add(alias.customer_no, record);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(run.store->table(TableId::kCustomers).ScanAll(prefix, visit));
  std::sort(workspace.aliases.begin(), workspace.aliases.end(),
            [](const auto& a, const auto& b) { return a.customer_no < b.customer_no; });
  return absl::OkStatus();
}

// Every merged customer straight to the one that stands for itself.
absl::Status ShortenChains(WorkspaceRun& workspace) {
  for (events::Alias& alias : workspace.aliases) {
    CustomerNo survivor = alias.survivor_no;
    for (size_t steps = 0; IsMerged(workspace, survivor); ++steps) {
      if (steps > workspace.aliases.size()) {
        return DataLoss("customers", "customers are merged into each other in a circle");
      }
      survivor = Resolve(workspace, survivor);
    }
    alias.survivor_no = survivor;
  }
  return absl::OkStatus();
}

absl::StatusOr<store::v1::CustomerRecord> ReadRecord(const Run& run, uint32_t workspace_no,
                                                     CustomerNo customer_no) {
  store::v1::CustomerRecord record;
  const auto bytes = run.store->table(TableId::kCustomers)
                         .Read(store::CustomerPartition(workspace_no, customer_no), "");
  if (absl::IsNotFound(bytes.status())) return record;
  RETURN_IF_ERROR(bytes.status());
  if (!record.ParseFromString(*bytes)) {
    return DataLoss("customers", "a customer record that does not parse");
  }
  return record;
}

// The attributes of survivors as customers::Directory::Record answers them.
absl::Status CombineMerged(const Run& run, WorkspaceRun& workspace) {
  if (workspace.attributes.keys().empty()) return absl::OkStatus();
  std::map<CustomerNo, store::v1::CustomerRecord> survivors;
  for (const events::Alias& alias : workspace.aliases) {  // Merged ones ascending.
    const auto [survivor, is_new] = survivors.try_emplace(alias.survivor_no);
    if (is_new) {
      ASSIGN_OR_RETURN(survivor->second, ReadRecord(run, workspace.number, alias.survivor_no));
    }
    ASSIGN_OR_RETURN(const auto merged, ReadRecord(run, workspace.number, alias.customer_no));
    customers::CombineRecords(merged, survivor->second);
  }
  for (const auto& [customer_no, record] : survivors) {
    workspace.attributes.Replace(customer_no, record);
  }
  return absl::OkStatus();
}

void DecideWhatToKeep(Run& run, WorkspaceRun& workspace, uint64_t fingerprint) {
  WorkspaceState& now = run.workspace_state(workspace.number);
  now.set_settings_fingerprint(fingerprint);
  now.set_merged_customer_count(workspace.aliases.size());
  if (run.state->full() || run.base == nullptr) return;
  const auto before = run.base->workspaces().find(workspace.number);
  if (before == run.base->workspaces().end()) return;
  workspace.refold_all = before->second.settings_fingerprint() != fingerprint ||
                         before->second.merged_customer_count() > workspace.aliases.size() ||
                         run.as_of() < run.base->as_of_micros() ||
                         run.base->format_version() != run.manifest().format_version();
  const bool moved = run.as_of() != run.base->as_of_micros();
  workspace.recount_events =
      workspace.refold_all || (moved && before->second.left_out_event_count() > 0);
}

// Survivors of customers that had a fold of their own in the generation before.
absl::Status AddNewSurvivors(const Run& run, const WorkspaceRun& workspace,
                             std::vector<CustomerNo>& changed) {
  if (workspace.refold_all || workspace.aliases.empty()) return absl::OkStatus();
  const auto cursor = run.store->dataset().Scan(DatasetId::kFolds, run.base_version(),
                                                {.begin = store::WorkspaceBegin(workspace.number),
                                                 .end = store::WorkspaceEnd(workspace.number)});
  for (const events::Alias& alias : workspace.aliases) {
    const std::string key = store::CustomerKey{workspace.number, alias.customer_no}.Encode();
    cursor->Seek(key);
    if (cursor->Valid() && cursor->Key() == key) changed.push_back(alias.survivor_no);
    RETURN_IF_ERROR(cursor->status());
  }
  return absl::OkStatus();
}

// The last block with events of the workspace in one segment, nullopt if it has none.
absl::StatusOr<std::optional<uint32_t>> LastBlock(const Run& run, store::Version segment,
                                                  uint32_t workspace_no) {
  const auto cursor = run.store->dataset().Scan(
      DatasetId::kEventBlocks, segment,
      {.begin = store::WorkspaceBegin(workspace_no), .end = store::WorkspaceEnd(workspace_no)});
  std::optional<uint32_t> last;
  uint64_t low = 0;
  uint64_t high = uint64_t{1} << 26;  // 32 bits of customer number, 64 to a block.
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    cursor->Seek(store::BlockKey{workspace_no, static_cast<uint32_t>(middle), 0}.Encode());
    RETURN_IF_ERROR(cursor->status());
    if (!cursor->Valid()) {
      high = middle;
      continue;
    }
    const auto key = store::BlockKey::Decode(cursor->Key());
    if (!key) return DataLoss("event_blocks", "a key that is no block key");
    last = key->block_no;
    low = uint64_t{key->block_no} + 1;
  }
  return last;
}

}  // namespace

absl::Status LoadWorkspaces(Run& run) {
  std::vector<store::v1::WorkspaceRecord> records;
  const auto visit = [&](std::string_view partition, std::string_view,
                         std::string_view value) -> absl::Status {
    store::v1::WorkspaceRecord record;
    if (!record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return DataLoss(partition, "a workspace record that does not parse");
    }
    records.push_back(std::move(record));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(run.store->table(TableId::kWorkspaces).ScanAll("", visit));
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.workspace_no() < b.workspace_no(); });
  run.workspaces.clear();
  for (const store::v1::WorkspaceRecord& record : records) {
    WorkspaceRun workspace;
    workspace.number = record.workspace_no();
    workspace.name = record.workspace().name();
    workspace.business_hours = record.workspace().business_hours();
    ASSIGN_OR_RETURN(workspace.settings, facts::SettingsOf(record.workspace()));
    workspace.attributes =
        AttributeRows(facts::AttributeKeys(workspace.settings, ModelBefore(run, workspace.number)));
    RETURN_IF_ERROR(ReadCustomers(run, workspace));
    RETURN_IF_ERROR(ShortenChains(workspace));
    RETURN_IF_ERROR(CombineMerged(run, workspace));
    DecideWhatToKeep(run, workspace, SettingsFingerprint(record.workspace()));
    run.workspaces.push_back(std::move(workspace));
  }
  return absl::OkStatus();
}

absl::Status RecordChanged(Run& run, uint32_t workspace_no, std::vector<CustomerNo> with_events) {
  const auto workspace =
      std::find_if(run.workspaces.begin(), run.workspaces.end(),
                   [&](const WorkspaceRun& candidate) { return candidate.number == workspace_no; });
  if (workspace == run.workspaces.end()) {
    return DataLoss("log", "events of a workspace that does not exist");
  }
  std::vector<CustomerNo> changed = std::move(with_events);
  for (CustomerNo& customer_no : changed) customer_no = Resolve(*workspace, customer_no);
  RETURN_IF_ERROR(AddNewSurvivors(run, *workspace, changed));
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  auto& differences = *run.progress(workspace_no).mutable_changed_customers();
  differences.Clear();
  CustomerNo before = 0;
  for (const CustomerNo customer_no : changed) {
    differences.Add(customer_no - before);
    before = customer_no;
  }
  return absl::OkStatus();
}

absl::Status FindCustomers(Run& run) {
  for (WorkspaceRun& workspace : run.workspaces) {
    workspace.changed.clear();
    CustomerNo customer_no = 0;
    for (const uint32_t difference : run.progress(workspace.number).changed_customers()) {
      customer_no += difference;
      workspace.changed.push_back(customer_no);
    }
    workspace.last_customer_no = 0;
    for (const store::Version segment : run.segments()) {
      ASSIGN_OR_RETURN(const std::optional<uint32_t> block,
                       LastBlock(run, segment, workspace.number));
      if (!block) continue;
      const CustomerNo last = *block * store::kCustomersPerBlock + store::kCustomersPerBlock - 1;
      workspace.last_customer_no = std::max(workspace.last_customer_no, last);
    }
    if (workspace.last_customer_no == 0) continue;
    for (const events::Alias& alias : workspace.aliases) {
      workspace.last_customer_no = std::max(workspace.last_customer_no, alias.survivor_no);
    }
  }
  return absl::OkStatus();
}

}  // namespace rapport::jobs
