// SPDX-License-Identifier: Apache-2.0
// The scan plan: a query over customers, one by one, each with all its events.
//
//   Evaluation evaluation(query);
//   for (...) evaluation.Customer(input);      // Any order; one Evaluation per thread,
//   evaluation.Merge(other);                   // merged in any order.
//   Respond(query, evaluation.table(), ...);
//
// The result depends on the set of customers alone. Merged customers come as one, with
// their events in timeline order. Cost: see measure.h; about 50 ns for an event that
// counts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/metrics/customer_input.h"
#include "lib/metrics/measure.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"

namespace rapport::metrics {

// What customers are listed by: their share of a figure over the whole range.
struct ListingRequest {
  std::vector<std::string> group;  // Labels in the order of group_by; empty: the total.
  v1::MetricSide side = v1::METRIC_SIDE_NUMERATOR;
};
struct ListedCustomer {
  uint32_t customer_no = 0;
  Int128 raw = 0;  // Never 0. Shares are in proportion to it: see ShareOf.
};

class Evaluation {
 public:
  explicit Evaluation(const PreparedQuery& query);
  // Lists customers too; the query has one bucket and no comparison (CheckListing).
  Evaluation(const PreparedQuery& query, ListingRequest listing);

  void Customer(const CustomerInput& input);
  void Merge(Evaluation&& other);

  const SumTable& table() const { return table_; }
  // In the order in which customers came; sort by number.
  const std::vector<ListedCustomer>& listed() const { return listed_; }

 private:
  void Dated(const CustomerInput& input, SumTable& table);
  void Windowed(const CustomerInput& input, SumTable& table);
  GroupKey KeyOf(const CustomerInput& input, size_t event, SumTable& table) const;
  void List(uint32_t customer_no);
  bool Listed(const GroupKey& key) const;

  const PreparedQuery& query_;
  std::unique_ptr<Measure> measure_;
  SumTable table_;
  GroupKey customer_key_{};
  std::optional<ListingRequest> listing_;
  SumTable own_;  // Of the customer at hand, when customers are listed.
  std::vector<ListedCustomer> listed_;
};

// INVALID_ARGUMENT on query.granularity, .rolling_buckets, .compare or .top; on group when
// it has not one label per dimension.
absl::Status CheckListing(const v1::ListMetricCustomersRequest& request);

// A side of sums as a whole number that adds up over customers.
Int128 RawSide(const v1::MetricDefinition& definition, const Sums& sums, v1::MetricSide side);
// A customer's share: the point's numerator or denominator in proportion to `raw`.
double ShareOf(Int128 raw, Int128 raw_total, double side_of_point);

}  // namespace rapport::metrics
