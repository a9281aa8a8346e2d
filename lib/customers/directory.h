// SPDX-License-Identifier: Apache-2.0
// Who is who: identities to dense customer numbers, merges, attributes.
//
// One Directory per workspace, held in memory (about 100 bytes an identity) and durable in
// the tables kIdentities and kCustomers. Customers are numbered from 1 in order of
// appearance; numbers never leave the store, so answers do not depend on them.
//
// Readers (Find, Resolve, PrimaryName, Get) are thread-safe and never block for long.
// Writers (ResolveOrCreate, Attach, Merge, Update) must come from one thread at a time:
// the ingest writer's lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  static absl::StatusOr<std::unique_ptr<Directory>> Open(store::Store& store, uint32_t workspace_no);
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
  // and those merged into it, the survivor's own first.
  std::string PrimaryName(CustomerNo customer_no) const;
  // Reads such a name back. NotFound if nobody has it.
  absl::StatusOr<CustomerNo> FromName(std::string_view name) const;
  // All identities including those of merged customers, primary first.
  std::vector<v1::Identity> Identities(CustomerNo customer_no) const;
  // Largest number given out so far (numbers are dense from 1).
  CustomerNo last_customer_no() const;

  // Customer that the first known identity names, or a new one; attaches the unknown
  // identities to it. An anonymous-only customer that one of the other identities names
  // is merged into it (its owner has become known). New rows are appended to `writes`
  // (the caller applies them before it acknowledges). `created` tells a new customer.
  struct Resolved {
    CustomerNo customer_no = 0;
    bool created = false;
    bool merged = false;
  };
  Resolved ResolveOrCreate(std::span<const IdentityRef> identities,
                           std::vector<store::PartitionWrite>& writes);
  // Fast path for one CUSTOMER_ID identity.
  CustomerNo ResolveOrCreate(std::string_view customer_id, std::vector<store::PartitionWrite>& writes,
                             bool& created);

  // Durable on return. FailedPrecondition SAME_CUSTOMER when both are one already.
  absl::Status Merge(CustomerNo survivor, CustomerNo duplicate);
  // Attributes of a customer (survivor's over merged ones' by update time), with etag.
  absl::StatusOr<store::v1::CustomerRecord> Record(CustomerNo customer_no) const;
  // Writes the record. `expected_revision` guards against lost updates (ABORTED
  // reason ETAG_MISMATCH); nullopt writes anyway. Durable on return.
  absl::Status WriteRecord(CustomerNo customer_no, store::v1::CustomerRecord record,
                           std::optional<uint64_t> expected_revision);

 private:
  Directory();
  struct State;
  std::unique_ptr<State> state_;
};

// Checks an identity and puts it into its compared form (e-mail in lower case).
// InvalidField with `field` and reason BAD_IDENTITY otherwise. Refuses empty values and
// the usual placeholders (null, undefined, anonymous, guest, none, -1, only 0s and dashes).
absl::StatusOr<std::string> NormalizeIdentity(v1::IdentityKind kind, std::string_view value,
                                              std::string_view field);

}  // namespace rapport::customers
