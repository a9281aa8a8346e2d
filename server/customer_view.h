// SPDX-License-Identifier: Apache-2.0
// One customer as the API shows it: identities and attributes from the directory, live
// totals (generation + tail), facts of the generation or recomputed now.
//
// The caller holds a Serving::Reading while it uses a ReadPoint, so that generation and
// tail agree. Warm cost of a full nightly view: about 5 us. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "lib/facts/facts.h"
#include "rapport/v1/answer.pb.h"
#include "rapport/v1/customer.pb.h"
#include "server/env.h"
#include "server/times.h"

namespace rapport::server {

using customers::CustomerNo;

// From where a request reads.
struct ReadPoint {
  Env& env;
  const WorkspaceScope& scope;
  const store::GenerationHandle& generation;  // May be null.
  v1::View view = v1::VIEW_NIGHTLY;
  TimeMicros now = 0;

  bool live() const { return view == v1::VIEW_LIVE; }
  TimeMicros as_of() const {
    return live() || generation == nullptr ? now : generation->as_of_micros();
  }
  // The workspace's models in the generation; null without.
  const facts::WorkspaceModel* model() const;
};

// Which fields of Customer to answer.
struct CustomerFields {
  bool identities = true, attributes = true, merged = true, summary = true, facts = true;
  std::vector<std::string> attribute_keys;  // Only these, if any is named.
  google::protobuf::FieldMask trim;         // What to keep; empty = all.
};
// InvalidField read_mask UNKNOWN_PATH.
absl::StatusOr<CustomerFields> ParseReadMask(const google::protobuf::FieldMask& mask);

// The number of the customer with this (decoded) name. NotFound with the resource name.
absl::StatusOr<CustomerNo> FindCustomer(const WorkspaceScope& scope, std::string_view customer);
std::string CustomerResource(const WorkspaceScope& scope, CustomerNo customer_no);

// Fills `out`, which is empty. `customer_no` stands for itself.
absl::Status FillCustomer(const ReadPoint& at, CustomerNo customer_no, const CustomerFields& fields,
                          v1::Customer* out);
// Adds what came after the generation: totals of customers merged since, and the tail.
absl::Status AddLiveTotals(const ReadPoint& at, CustomerNo customer_no,
                           v1::CustomerSummary* summary);

// The customer's row of dataset kFacts; false if there is none.
absl::StatusOr<bool> ReadFacts(const ReadPoint& at, CustomerNo customer_no,
                               v1::CustomerFacts* facts);
// The scored projection behind the answer of the view; nullopt for a customer without
// events there.
absl::StatusOr<std::optional<facts::Projection>> ProjectCustomer(const ReadPoint& at,
                                                                 CustomerNo customer_no);

// The customer's lifecycle transitions at the generation's as_of, oldest first.
absl::StatusOr<std::vector<v1::Transition>> ReadTransitions(const ReadPoint& at,
                                                            CustomerNo customer_no);

// as_of, generation, view.
void FillContext(const ReadPoint& at, v1::AnswerContext* context);

}  // namespace rapport::server
