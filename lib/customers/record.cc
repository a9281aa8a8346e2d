// SPDX-License-Identifier: Apache-2.0
// Attributes of customers and merges that people ask for.
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/customers/directory_state.h"
#include "lib/store/keys.h"

namespace rapport::customers {
namespace {

using store::PartitionWrite;
using store::TableId;
using Row = store::v1::CustomerRecord;

bool Later(const v1::Attribute& a, const v1::Attribute& b) {
  return std::pair(a.update_time().seconds(), a.update_time().nanos()) >
         std::pair(b.update_time().seconds(), b.update_time().nanos());
}

}  // namespace

void CombineRecords(const Row& merged, Row& survivor) {
  for (const auto& [key, attribute] : merged.attributes()) {
    auto [it, added] = survivor.mutable_attributes()->insert({key, attribute});
    if (!added && Later(attribute, it->second)) it->second = attribute;
  }
  survivor.set_revision(survivor.revision() + merged.revision());
}

absl::StatusOr<Row> Directory::State::ReadRow(CustomerNo customer_no) const {
  Row record;
  {
    absl::ReaderMutexLock lock(&mutex);
    if (!Knows(customer_no) || !customers[customer_no].stored) return record;
  }
  const auto bytes = store->table(TableId::kCustomers)
                         .Read(store::CustomerPartition(workspace_no, customer_no), "");
  if (absl::IsNotFound(bytes.status())) return record;
  RETURN_IF_ERROR(bytes.status());
  if (!record.ParseFromString(*bytes)) {
    return DataLoss(Cat("customers/", customer_no), "row does not decode");
  }
  return record;
}

PartitionWrite Directory::State::CustomerRow(CustomerNo customer_no, const Row& record) const {
  return {store::CustomerPartition(workspace_no, customer_no),
          {{store::MergeKind::kSet, "", record.SerializeAsString()}}};
}

absl::Status Directory::Merge(CustomerNo survivor, CustomerNo duplicate) {
  State& state = *state_;
  if (!state.Knows(survivor) || !state.Knows(duplicate)) return NotFound("customer");
  survivor = state.Survivor(survivor);
  duplicate = state.Survivor(duplicate);
  if (survivor == duplicate) {
    return FailedPrecondition("SAME_CUSTOMER", "both names belong to one customer already");
  }
  ASSIGN_OR_RETURN(Row record, state.ReadRow(duplicate));
  record.set_merged_into(survivor);
  record.set_revision(record.revision() + 1);
  RETURN_IF_ERROR(
      state.store->table(TableId::kCustomers).Apply(state.CustomerRow(duplicate, record)));
  absl::MutexLock lock(&state.mutex);
  state.Link(survivor, duplicate);
  return absl::OkStatus();
}

absl::StatusOr<Row> Directory::Record(CustomerNo customer_no) const {
  const CustomerNo survivor = Resolve(customer_no);
  ASSIGN_OR_RETURN(Row record, state_->ReadRow(survivor));
  for (const CustomerNo merged : MergedInto(survivor)) {
    ASSIGN_OR_RETURN(const Row other, state_->ReadRow(merged));
    CombineRecords(other, record);
  }
  record.clear_merged_into();
  return record;
}

absl::Status Directory::WriteRecord(CustomerNo customer_no, Row record,
                                    std::optional<uint64_t> expected_revision) {
  const CustomerNo survivor = Resolve(customer_no);
  ASSIGN_OR_RETURN(const Row seen, Record(survivor));
  if (expected_revision.has_value() && *expected_revision != seen.revision()) {
    return Aborted("ETAG_MISMATCH", "the customer was changed since it was read");
  }
  ASSIGN_OR_RETURN(const Row own, state_->ReadRow(survivor));
  record.clear_merged_into();
  record.set_revision(own.revision() + 1);
  std::vector<PartitionWrite> writes = {state_->CustomerRow(survivor, record)};
  // The survivor holds all attributes from now on; an old one must not come back.
  for (const CustomerNo merged : MergedInto(survivor)) {
    ASSIGN_OR_RETURN(Row other, state_->ReadRow(merged));
    if (other.attributes().empty()) continue;
    other.clear_attributes();
    writes.push_back(state_->CustomerRow(merged, other));
  }
  RETURN_IF_ERROR(state_->store->table(TableId::kCustomers).ApplyAll(writes));
  absl::MutexLock lock(&state_->mutex);
  state_->customers[survivor].stored = true;
  return absl::OkStatus();
}

}  // namespace rapport::customers
