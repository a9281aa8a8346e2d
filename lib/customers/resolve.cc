// SPDX-License-Identifier: Apache-2.0
// How events find and join customers.
#include <algorithm>
#include <tuple>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/customers/directory_state.h"
#include "lib/store/keys.h"

namespace rapport::customers {
namespace {

using store::PartitionWrite;

// One identity of an event and what is known of it.
struct Named {
  IdentityRef identity;
  uint64_t hash = 0;
  CustomerNo customer_no = 0;  // Survivor; 0 if the identity is new.
};

// The event's identities in the order in which they decide, without the CUSTOMER_IDs
// after the first (they link nothing) and without repeats.
std::vector<Named> Deciding(std::span<const IdentityRef> identities) {
  std::vector<Named> named;
  bool has_customer_id = false;
  for (const IdentityRef& identity : identities) {
    const bool is_customer_id = identity.kind == v1::IDENTITY_KIND_CUSTOMER_ID;
    if (is_customer_id && has_customer_id) continue;
    has_customer_id |= is_customer_id;
    named.push_back({identity, IdentityIndex::HashOf(identity.kind, identity.value), 0});
  }
  const auto order = [](const Named& a) { return std::tuple(a.identity.kind, a.identity.value); };
  std::ranges::sort(named, {}, order);
  const auto repeats = std::ranges::unique(named, {}, order);
  named.erase(repeats.begin(), repeats.end());
  return named;
}

// Whom the event belongs to among those it names; 0 if nobody fits.
CustomerNo Target(const Directory::State& state, std::span<const Named> named) {
  const Named& first = named.front();
  const bool claims = first.identity.kind == v1::IDENTITY_KIND_CUSTOMER_ID;
  if (claims && first.customer_no != 0) return first.customer_no;
  CustomerNo unknown = 0;
  for (const Named& one : named) {
    if (one.customer_no == 0) continue;
    const bool known = state.customers[one.customer_no].known;
    if (known && !claims) return one.customer_no;
    if (!known && unknown == 0) unknown = one.customer_no;
  }
  return unknown;
}

// Makes all of `merged` part of `survivor`, identities included, because an event said so.
// False when the row of `merged` cannot be read: it stays apart until an event asks again.
bool Absorb(Directory::State& state, CustomerNo survivor, CustomerNo merged,
            std::vector<PartitionWrite>& writes) {
  auto record = state.ReadRow(merged);
  if (!record.ok()) {
    Log(LogLevel::kError, "customer row unreadable, merge put off",
        {{"customer_no", Cat(merged)}, {"error", record.status().ToString()}});
    return false;
  }
  record->set_merged_into(survivor);
  record->set_revision(record->revision() + 1);
  state.merge_writes.push_back(state.CustomerRow(merged, *record));
  absl::MutexLock lock(&state.mutex);
  auto ref = std::exchange(state.customers[merged].first_identity, 0);
  while (ref != 0) {
    IdentityIndex::Record& identity = state.index.At(ref);
    identity.customer_no = survivor;
    writes.push_back(state.IdentityRow(
        {static_cast<v1::IdentityKind>(identity.kind), identity.value()}, survivor));
    const auto next = std::exchange(identity.next, state.customers[survivor].first_identity);
    state.customers[survivor].first_identity = std::exchange(ref, next);
  }
  state.Link(survivor, merged);
  return true;
}

CustomerNo NewCustomer(Directory::State& state) {
  const auto customer_no = static_cast<CustomerNo>(state.customers.size());
  state.customers.emplace_back();
  state.is_merged.push_back(false);
  return customer_no;
}

}  // namespace

std::vector<CustomerNo> Directory::State::MergedInto(CustomerNo customer_no) const {
  std::vector<CustomerNo> merged;
  if (!Knows(customer_no)) return merged;
  for (CustomerNo no = customers[customer_no].first_merged; no != 0;
       no = customers[no].next_merged) {
    merged.push_back(no);
  }
  std::ranges::sort(merged);
  return merged;
}

void Directory::State::Attach(uint64_t hash, IdentityRef identity, CustomerNo customer_no) {
  const auto ref = index.Add(hash, identity.kind, identity.value, customer_no);
  Customer& customer = customers[customer_no];
  index.At(ref).next = std::exchange(customer.first_identity, ref);
  if (identity.kind == v1::IDENTITY_KIND_CUSTOMER_ID) customers[Survivor(customer_no)].known = true;
}

void Directory::State::Link(CustomerNo survivor, CustomerNo merged) {
  CustomerNo last = merged;
  customers[merged].survivor = survivor;
  is_merged[merged] = true;
  // Whoever was merged into `merged` follows; its chain goes behind it.
  customers[merged].next_merged = std::exchange(customers[merged].first_merged, 0);
  while (customers[last].next_merged != 0) {
    last = customers[last].next_merged;
    customers[last].survivor = survivor;
  }
  customers[last].next_merged = std::exchange(customers[survivor].first_merged, merged);
  customers[survivor].known |= customers[merged].known;
}

PartitionWrite Directory::State::IdentityRow(IdentityRef identity, CustomerNo customer_no) const {
  store::v1::IdentityRecord record;
  record.set_customer_no(customer_no);
  return {
      store::IdentityPartition(workspace_no, static_cast<uint8_t>(identity.kind), identity.value),
      {{store::MergeKind::kSet, "", record.SerializeAsString()}}};
}

Directory::Resolved Directory::ResolveOrCreate(std::span<const IdentityRef> identities,
                                               std::vector<PartitionWrite>& writes) {
  State& state = *state_;
  std::vector<Named> named = Deciding(identities);
  if (named.empty()) return {};
  for (Named& one : named) {
    const auto ref = state.index.Find(one.hash, one.identity.kind, one.identity.value);
    if (ref != 0) one.customer_no = state.Survivor(state.index.At(ref).customer_no);
  }
  Resolved resolved{Target(state, named)};
  if (resolved.customer_no == 0) {
    absl::MutexLock lock(&state.mutex);
    resolved = {NewCustomer(state), true, false};
  }
  for (const Named& one : named) {
    if (one.customer_no == 0) {
      absl::MutexLock lock(&state.mutex);
      state.Attach(one.hash, one.identity, resolved.customer_no);
      writes.push_back(state.IdentityRow(one.identity, resolved.customer_no));
      continue;
    }
    // Two identities may name one customer, which the first of them has joined already.
    const CustomerNo other = state.Survivor(one.customer_no);
    if (other == resolved.customer_no || state.customers[other].known) continue;
    resolved.merged |= Absorb(state, resolved.customer_no, other, writes);
  }
  return resolved;
}

CustomerNo Directory::ResolveOrCreate(uint64_t hash, std::string_view customer_id,
                                      std::vector<PartitionWrite>& writes, bool& created) {
  State& state = *state_;
  const IdentityRef identity{v1::IDENTITY_KIND_CUSTOMER_ID, customer_id};
  const auto ref = state.index.Find(hash, identity.kind, customer_id);
  created = ref == 0;
  if (!created) return state.Survivor(state.index.At(ref).customer_no);
  absl::MutexLock lock(&state.mutex);
  const CustomerNo customer_no = NewCustomer(state);
  state.Attach(hash, identity, customer_no);
  writes.push_back(state.IdentityRow(identity, customer_no));
  return customer_no;
}

CustomerNo Directory::ResolveOrCreate(std::string_view customer_id,
                                      std::vector<PartitionWrite>& writes, bool& created) {
  return ResolveOrCreate(HashOfCustomerId(customer_id), customer_id, writes, created);
}

std::vector<PartitionWrite> Directory::TakeMerges() {
  return std::exchange(state_->merge_writes, {});
}

}  // namespace rapport::customers
