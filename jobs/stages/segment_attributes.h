// SPDX-License-Identifier: Apache-2.0
// Attributes of a workspace's customers as segments read them, and who has any: customers
// may be known by attributes alone, without an event. As the run's checkpoint has them.
//
// Of is thread-safe. Holds the wanted attributes of all customers in memory.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::jobs {

class SegmentAttributes {
 public:
  // DataLoss.
  static absl::StatusOr<SegmentAttributes> Load(const Run& run, const WorkspaceRun& workspace,
                                                const std::vector<std::string>& keys);
  // Customers with a record who stand for themselves, rising.
  const std::vector<CustomerNo>& customers() const { return customers_; }
  // The wanted ones; nullptr for none.
  const store::v1::CustomerRecord* Of(CustomerNo customer_no) const;

 private:
  std::vector<CustomerNo> customers_;
  absl::flat_hash_map<CustomerNo, store::v1::CustomerRecord> records_;
};

}  // namespace rapport::jobs
