// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/segment_attributes.h"

#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "lib/customers/directory.h"

namespace rapport::jobs {
namespace {

// What of the record is wanted.
store::v1::CustomerRecord Pick(store::v1::CustomerRecord& record,
                               const std::vector<std::string>& keys) {
  store::v1::CustomerRecord picked;
  for (const std::string& key : keys) {
    const auto found = record.mutable_attributes()->find(key);
    if (found == record.mutable_attributes()->end()) continue;
    (*picked.mutable_attributes())[key] = std::move(found->second);
  }
  return picked;
}

}  // namespace

absl::StatusOr<SegmentAttributes> SegmentAttributes::Load(const Run& run,
                                                          const WorkspaceRun& workspace,
                                                          const std::vector<std::string>& keys) {
  SegmentAttributes loaded;
  std::string prefix;
  PutBigEndian(prefix, workspace.number);
  const auto visit = [&](std::string_view partition, std::string_view,
                         std::string_view value) -> absl::Status {
    store::v1::CustomerRecord record;
    uint32_t workspace_no = 0;
    CustomerNo customer_no = 0;
    if (!GetBigEndian(partition, workspace_no) || !GetBigEndian(partition, customer_no) ||
        !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return DataLoss("customers", "a customer record that does not parse");
    }
    if (!IsMerged(workspace, customer_no)) loaded.customers_.push_back(customer_no);
    store::v1::CustomerRecord picked = Pick(record, keys);
    if (!picked.attributes().empty()) loaded.records_[customer_no] = std::move(picked);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(run.store->table(store::TableId::kCustomers).ScanAll(prefix, visit));
  std::ranges::sort(loaded.customers_);
  for (const events::Alias& alias : workspace.aliases) {  // Merged ones ascending.
    const auto merged = loaded.records_.find(alias.customer_no);
    if (merged == loaded.records_.end()) continue;
    const store::v1::CustomerRecord record = std::move(merged->second);
    loaded.records_.erase(merged);
    customers::CombineRecords(record, loaded.records_[alias.survivor_no]);
  }
  return loaded;
}

const store::v1::CustomerRecord* SegmentAttributes::Of(CustomerNo customer_no) const {
  const auto found = records_.find(customer_no);
  return found == records_.end() ? nullptr : &found->second;
}

}  // namespace rapport::jobs
