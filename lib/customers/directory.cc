// SPDX-License-Identifier: Apache-2.0
#include "lib/customers/directory.h"

#include <algorithm>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/customers/directory_state.h"
#include "lib/store/keys.h"

namespace rapport::customers {
namespace {

using store::PartitionWrite;
using store::TableId;

constexpr char kEveryone[] = "customer";

bool NameLess(const IdentityIndex::Record* a, const IdentityIndex::Record* b) {
  return std::tuple(a->kind, a->value()) < std::tuple(b->kind, b->value());
}

// The record of a customer's own identities with the least (kind, value).
const IdentityIndex::Record* LeastOwn(const Directory::State& state, CustomerNo customer_no) {
  const IdentityIndex::Record* least = nullptr;
  for (auto ref = state.customers[customer_no].first_identity; ref != 0;) {
    const IdentityIndex::Record& record = state.index.At(ref);
    if (least == nullptr || NameLess(&record, least)) least = &record;
    ref = record.next;
  }
  return least;
}

absl::Status LoadIdentities(store::Store& store, uint32_t workspace_no, Directory::State& state) {
  std::string prefix;
  PutBigEndian(prefix, workspace_no);
  return store.table(TableId::kIdentities)
      .ScanAll(prefix, [&](std::string_view partition, std::string_view, std::string_view value) {
        std::string_view rest = partition.substr(std::min<size_t>(4, partition.size()));
        uint8_t kind = 0;
        store::v1::IdentityRecord record;
        if (!GetBigEndian(rest, kind) ||
            !record.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
            record.customer_no() == 0) {
          return DataLoss("identities", "row does not decode");
        }
        const auto identity_kind = static_cast<v1::IdentityKind>(kind);
        state.Reserve(record.customer_no());
        state.Attach(IdentityIndex::HashOf(identity_kind, rest), {identity_kind, rest},
                     record.customer_no());
        return absl::OkStatus();
      });
}

absl::Status LoadMerges(store::Store& store, uint32_t workspace_no, Directory::State& state) {
  std::vector<std::pair<CustomerNo, CustomerNo>> merges;
  std::string prefix;
  PutBigEndian(prefix, workspace_no);
  RETURN_IF_ERROR(store.table(TableId::kCustomers)
                      .ScanAll(prefix, [&](std::string_view partition, std::string_view,
                                           std::string_view value) {
                        std::string_view rest =
                            partition.substr(std::min<size_t>(4, partition.size()));
                        CustomerNo customer_no = 0;
                        store::v1::CustomerRecord record;
                        if (!GetBigEndian(rest, customer_no) || customer_no == 0 ||
                            !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
                          return DataLoss("customers", "row does not decode");
                        }
                        state.Reserve(std::max(customer_no, record.merged_into()));
                        state.customers[customer_no].stored = true;
                        if (record.merged_into() != 0)
                          merges.emplace_back(customer_no, record.merged_into());
                        return absl::OkStatus();
                      }));
  for (const auto& [merged, survivor] : merges) {
    if (state.Survivor(survivor) == state.Survivor(merged)) {
      return DataLoss(Cat("customers/", merged), "merges form a ring");
    }
    state.Link(state.Survivor(survivor), merged);
  }
  return absl::OkStatus();
}

}  // namespace

Directory::Directory() : state_(std::make_unique<State>()) {}
Directory::~Directory() = default;

absl::StatusOr<std::unique_ptr<Directory>> Directory::Open(store::Store& store,
                                                           uint32_t workspace_no) {
  std::unique_ptr<Directory> directory(new Directory);
  State& state = *directory->state_;
  state.store = &store;
  state.workspace_no = workspace_no;
  RETURN_IF_ERROR(LoadIdentities(store, workspace_no, state));
  RETURN_IF_ERROR(LoadMerges(store, workspace_no, state));
  return directory;
}

std::optional<CustomerNo> Directory::Find(v1::IdentityKind kind, std::string_view value) const {
  const uint64_t hash = IdentityIndex::HashOf(kind, value);
  absl::ReaderMutexLock lock(&state_->mutex);
  const IdentityIndex::Ref ref = state_->index.Find(hash, kind, value);
  if (ref == 0) return std::nullopt;
  return state_->Survivor(state_->index.At(ref).customer_no);
}

CustomerNo Directory::Resolve(CustomerNo customer_no) const {
  absl::ReaderMutexLock lock(&state_->mutex);
  return state_->Knows(customer_no) ? state_->Survivor(customer_no) : customer_no;
}

std::vector<CustomerNo> Directory::MergedInto(CustomerNo customer_no) const {
  absl::ReaderMutexLock lock(&state_->mutex);
  return state_->MergedInto(customer_no);
}

std::vector<std::pair<CustomerNo, CustomerNo>> Directory::AllMerges() const {
  std::vector<std::pair<CustomerNo, CustomerNo>> merges;
  absl::ReaderMutexLock lock(&state_->mutex);
  for (CustomerNo no = 1; no < state_->customers.size(); ++no) {
    if (state_->customers[no].survivor != 0)
      merges.emplace_back(no, state_->customers[no].survivor);
  }
  return merges;
}

std::string Directory::PrimaryName(CustomerNo customer_no) const {
  absl::ReaderMutexLock lock(&state_->mutex);
  if (!state_->Knows(customer_no)) return "";
  const CustomerNo survivor = state_->Survivor(customer_no);
  const IdentityIndex::Record* least = LeastOwn(*state_, survivor);
  if (least == nullptr) {
    for (const CustomerNo merged : state_->MergedInto(survivor)) {
      const IdentityIndex::Record* own = LeastOwn(*state_, merged);
      if (own != nullptr && (least == nullptr || NameLess(own, least))) least = own;
    }
  }
  if (least == nullptr) return "";
  return IdentityName(static_cast<v1::IdentityKind>(least->kind), least->value());
}

absl::StatusOr<CustomerNo> Directory::FromName(std::string_view name) const {
  const IdentityRef identity = SplitName(name);
  const auto normal = NormalizeIdentity(identity.kind, identity.value, "name");
  // What was stored under older rules is found as it stands.
  const auto customer_no = Find(identity.kind, normal.ok() ? *normal : identity.value);
  if (!customer_no.has_value()) return NotFound(Cat(kEveryone, " ", name));
  return *customer_no;
}

std::vector<v1::Identity> Directory::Identities(CustomerNo customer_no) const {
  std::vector<v1::Identity> identities;
  absl::ReaderMutexLock lock(&state_->mutex);
  if (!state_->Knows(customer_no)) return identities;
  const CustomerNo survivor = state_->Survivor(customer_no);
  const auto add = [&](CustomerNo from) {
    std::vector<const IdentityIndex::Record*> own;
    for (auto ref = state_->customers[from].first_identity; ref != 0;) {
      own.push_back(&state_->index.At(ref));
      ref = own.back()->next;
    }
    std::ranges::sort(own, NameLess);
    for (const IdentityIndex::Record* record : own) {
      v1::Identity& identity = identities.emplace_back();
      identity.set_kind(static_cast<v1::IdentityKind>(record->kind));
      identity.set_value(std::string(record->value()));
    }
  };
  add(survivor);
  const size_t own_count = identities.size();
  for (const CustomerNo merged : state_->MergedInto(survivor)) add(merged);
  std::sort(identities.begin() + static_cast<ptrdiff_t>(own_count), identities.end(),
            [](const v1::Identity& a, const v1::Identity& b) {
              return std::tuple(a.kind(), std::string_view(a.value())) <
                     std::tuple(b.kind(), std::string_view(b.value()));
            });
  return identities;
}

CustomerNo Directory::last_customer_no() const {
  absl::ReaderMutexLock lock(&state_->mutex);
  return static_cast<CustomerNo>(state_->customers.size() - 1);
}

uint64_t Directory::HashOfCustomerId(std::string_view customer_id) {
  return IdentityIndex::HashOf(v1::IDENTITY_KIND_CUSTOMER_ID, customer_id);
}
// The writer is the only one who changes the index, so it reads without the lock.
void Directory::PrefetchSlot(uint64_t hash) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  state_->index.PrefetchSlot(hash);
}
void Directory::PrefetchRecord(uint64_t hash) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  state_->index.PrefetchRecord(hash);
}

}  // namespace rapport::customers
