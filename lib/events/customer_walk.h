// SPDX-License-Identifier: Apache-2.0
// One pass over the customers of a range, each with all its events in timeline order:
// sealed blocks of all segments, the recent tail and those merged into it, as columns.
// Payloads are fetched only for the events that are asked for.
//
//   CustomerWalk walk(ground, range, {});
//   while (walk.Next()) Use(walk.customer_no(), walk.events());
//   RETURN_IF_ERROR(walk.status());
//
// Not thread-safe; several walks over one ground may run at once. Sequential read of the
// range's blocks; 15 ns an event. Memory: one block per segment.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/event_columns.h"
#include "lib/base/payload_source.h"
#include "lib/events/scan_ground.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::events {

struct WalkOptions {
  // Types of the events to show, sorted; empty: all. Customers without any are left out.
  std::vector<TypeNo> types = {};
  // Only these customers (sorted; none of them merged into another), if `some`.
  std::span<const CustomerNo> only = {};
  bool some = false;
};

class CustomerWalk final : public PayloadSource {
 public:
  // `ground` and what `options` names stay as they are while the walk lives.
  CustomerWalk(const ScanGround& ground, CustomerRange range, WalkOptions options);
  ~CustomerWalk() override;
  CustomerWalk(const CustomerWalk&) = delete;
  CustomerWalk& operator=(const CustomerWalk&) = delete;

  // Moves to the next customer that has events; false at the end or on an error.
  bool Next();
  CustomerNo customer_no() const;
  std::span<const EventColumns> events() const;
  absl::Status status() const;
  // The serialized store.v1.EventPayload of events()[index]; good until Next().
  absl::StatusOr<std::string_view> PayloadBytes(size_t index);
  absl::StatusOr<store::v1::EventPayload> Payload(size_t index);
  // The same, kept until the next call; nullptr on an error, which status() then has.
  const store::v1::EventPayload* At(size_t index) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rapport::events
