// SPDX-License-Identifier: Apache-2.0
// Who is who: identities to dense customer numbers, merges, attributes.
//
// One Directory per workspace, held in memory (about 50 bytes an identity and 20 a
// customer) and durable in the tables kIdentities and kCustomers. Customers are numbered
// from 1 in order of appearance; numbers never leave the store, so answers do not depend
// on them.
//
// A customer that owns a CUSTOMER_ID is *known*, others are *unknown*. Identities that one
// event names belong together: unknown customers among them become one, joined to the
// known one if there is one. Two known customers are never joined by an event, only by
// Merge(); a second CUSTOMER_ID in one event links nothing. So, as long as at most one
// CUSTOMER_ID hangs on a group of linked identities, the group is one customer whatever
// the order of events; where two do, each CUSTOMER_ID keeps its own customer and only
// the owner of the shared other identities depends on the order.
//
// Readers (Find, Resolve, PrimaryName, ...) are thread-safe, cost well under 1 us and
// never block for long. Writers (ResolveOrCreate, Merge, WriteRecord) must come from one
// thread at a time: the ingest writer's lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::customers {

using CustomerNo = uint32_t;

struct IdentityRef {
  v1::IdentityKind kind = v1::IDENTITY_KIND_UNSPECIFIED;
  std::string_view value;
};

class Directory {
 public:
  // Loads the workspace's identities and merges.
  static absl::StatusOr<std::unique_ptr<Directory>> Open(store::Store& store,
                                                         uint32_t workspace_no);
  ~Directory();

  // The customer that an identity names (after merges), nullopt if unknown.
  std::optional<CustomerNo> Find(v1::IdentityKind kind, std::string_view value) const;
  // The survivor of a possibly merged customer.
  CustomerNo Resolve(CustomerNo customer_no) const;
  // Customers that were merged into this one, sorted; and all merges of the workspace.
  std::vector<CustomerNo> MergedInto(CustomerNo customer_no) const;
  std::vector<std::pair<CustomerNo, CustomerNo>> AllMerges() const;  // (merged, survivor), sorted.

  // Last part of the resource name, unescaped: the customer id, or `kind:value` in lower
  // case, e.g. "email:a@b.c". The least (kind, value) of all identities of the customer
  // and those merged into it, the survivor's own first. A merge that an event caused makes
  // the identities the survivor's own; Merge() does not.
  std::string PrimaryName(CustomerNo customer_no) const;
  // Reads such a name back. NotFound if nobody has it.
  absl::StatusOr<CustomerNo> FromName(std::string_view name) const;
  // All identities including those of merged customers, primary first.
  std::vector<v1::Identity> Identities(CustomerNo customer_no) const;
  // Largest number given out so far (numbers are dense from 1).
  CustomerNo last_customer_no() const;

  // The customer that an event with these (normalized) identities belongs to, by the rule
  // above; unknown identities are attached to it. New rows of kIdentities are appended to
  // `writes`, rows of kCustomers to what TakeMerges() answers: the caller applies first
  // those, then these, before it acknowledges.
  struct Resolved {
    CustomerNo customer_no = 0;
    bool created = false;
    bool merged = false;
  };
  Resolved ResolveOrCreate(std::span<const IdentityRef> identities,
                           std::vector<store::PartitionWrite>& writes);
  // Fast path for one CUSTOMER_ID identity.
  CustomerNo ResolveOrCreate(std::string_view customer_id,
                             std::vector<store::PartitionWrite>& writes, bool& created);
  // The same with HashOfCustomerId() made before, in another thread. Call the Prefetch
  // functions some events ahead, in this order, to hide the wait for memory.
  CustomerNo ResolveOrCreate(uint64_t hash, std::string_view customer_id,
                             std::vector<store::PartitionWrite>& writes, bool& created);
  static uint64_t HashOfCustomerId(std::string_view customer_id);
  void PrefetchSlot(uint64_t hash) const;
  void PrefetchRecord(uint64_t hash) const;
  // Rows of kCustomers that record merges made by ResolveOrCreate since the last call.
  std::vector<store::PartitionWrite> TakeMerges();

  // Durable on return. FailedPrecondition SAME_CUSTOMER when both are one already.
  absl::Status Merge(CustomerNo survivor, CustomerNo duplicate);
  // Attributes of a customer (the later of its own and merged ones' by update time), with
  // a revision that changes with every update and merge. A Get per merged customer.
  absl::StatusOr<store::v1::CustomerRecord> Record(CustomerNo customer_no) const;
  // Writes the attributes. `expected_revision` guards against lost updates (ABORTED
  // reason ETAG_MISMATCH); nullopt writes anyway. Durable on return.
  absl::Status WriteRecord(CustomerNo customer_no, store::v1::CustomerRecord record,
                           std::optional<uint64_t> expected_revision);

  struct State;  // directory_state.h; for this folder only.

 private:
  Directory();
  std::unique_ptr<State> state_;
};

// Takes over what the record of a merged customer knows later.
void CombineRecords(const store::v1::CustomerRecord& merged, store::v1::CustomerRecord& survivor);

// Checks an identity and puts it into its compared form (e-mail in lower case).
// InvalidField with `field` and reason BAD_IDENTITY otherwise. Refuses empty values and
// the usual placeholders (null, undefined, anonymous, guest, none, -1, only 0s and dashes).
absl::StatusOr<std::string> NormalizeIdentity(v1::IdentityKind kind, std::string_view value,
                                              std::string_view field);
// The check alone.
absl::Status CheckIdentity(v1::IdentityKind kind, std::string_view value, std::string_view field);

// "email" for IDENTITY_KIND_EMAIL and so on; "" for an unknown kind.
std::string_view KindName(v1::IdentityKind kind);
// How an identity is written as a customer's name, and back. A text without the prefix
// of a kind is a CUSTOMER_ID (which is why a CUSTOMER_ID may not begin like one).
std::string IdentityName(v1::IdentityKind kind, std::string_view value);
IdentityRef SplitName(std::string_view name);

}  // namespace rapport::customers
