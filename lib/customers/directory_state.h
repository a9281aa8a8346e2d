// SPDX-License-Identifier: Apache-2.0
// What a Directory holds, shared by its source files; not for others.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/customers/directory.h"
#include "lib/customers/identity_index.h"

namespace rapport::customers {

// `mutex` guards the rest against readers. The one writer changes under the exclusive
// lock and reads without any.
struct Directory::State {
  struct Customer {
    IdentityIndex::Ref first_identity = 0;
    CustomerNo survivor = 0;      // 0: stands for itself. Always a survivor itself.
    CustomerNo first_merged = 0;  // Chain of those merged into this survivor.
    CustomerNo next_merged = 0;
    bool known = false;   // Owns a CUSTOMER_ID, itself or through a merged one.
    bool stored = false;  // Has a row in kCustomers; most have none and need no look-up.
  };

  store::Store* store = nullptr;
  uint32_t workspace_no = 0;
  mutable absl::Mutex mutex;
  IdentityIndex index;
  std::vector<Customer> customers = std::vector<Customer>(1);  // By number; 0 is nobody.
  std::vector<bool> is_merged = std::vector<bool>(1);          // By number.
  std::vector<store::PartitionWrite> merge_writes;             // See TakeMerges.

  bool Knows(CustomerNo customer_no) const {
    return customer_no != 0 && customer_no < customers.size();
  }
  // Few are merged: one bit, mostly in the cache, spares the look at `customers`.
  CustomerNo Survivor(CustomerNo customer_no) const {
    return is_merged[customer_no] ? customers[customer_no].survivor : customer_no;
  }
  void Reserve(CustomerNo last) {
    if (last < customers.size()) return;
    customers.resize(last + 1);
    is_merged.resize(last + 1);
  }
  std::vector<CustomerNo> MergedInto(CustomerNo customer_no) const;
  // Adds an identity to a customer.
  void Attach(uint64_t hash, IdentityRef identity, CustomerNo customer_no);
  // Joins `merged` (a survivor so far) and all merged into it to `survivor`.
  void Link(CustomerNo survivor, CustomerNo merged);
  // The row that names an identity's customer.
  store::PartitionWrite IdentityRow(IdentityRef identity, CustomerNo customer_no) const;
  // The stored record of one customer, empty if there is none.
  absl::StatusOr<store::v1::CustomerRecord> ReadRow(CustomerNo customer_no) const;
  store::PartitionWrite CustomerRow(CustomerNo customer_no,
                                    const store::v1::CustomerRecord& record) const;
};

}  // namespace rapport::customers
