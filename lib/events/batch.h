// SPDX-License-Identifier: Apache-2.0
// A micro-batch as it stands in the event log: columns of accepted events of one
// workspace, their id fingerprints and their payloads.
//
// Bytes: format u8 (1) | workspace_no varint | receive_time zigzag | count varint | columns
// (columns.h) customer, time, type, channel, currency, value, aux, touchpoint, campaign |
// 16 bytes an id (low, high; little endian) | column of payload lengths | payloads.
//
// Pure codec, thread-safe. Encode about 0.1 us an event.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/hash.h"
#include "lib/events/row.h"

namespace rapport::events {

struct Batch {
  uint32_t workspace_no = 0;
  TimeMicros receive_time = 0;
  std::vector<EventRow> rows;
  std::vector<Hash128> ids;           // Fingerprints of event ids, as rows.
  std::vector<std::string> payloads;  // Serialized store.v1.EventPayload, as rows.
};

std::string EncodeBatch(const Batch& batch);

// The same from parts, payloads one after another in one string: what the writer has.
struct BatchView {
  uint32_t workspace_no = 0;
  TimeMicros receive_time = 0;
  std::span<const EventRow> rows;
  std::span<const Hash128> ids;
  std::span<const uint32_t> payload_sizes;
  std::string_view payloads;
};
std::string EncodeBatch(const BatchView& batch);

// Without payloads (they are skipped, cheap) unless `with_payloads`. Reuses `out`.
// DataLoss for bytes that no EncodeBatch made.
absl::Status DecodeBatch(std::string_view bytes, bool with_payloads, Batch& out);

// The same with payloads as views into `bytes`.
struct DecodedBatch {
  uint32_t workspace_no = 0;
  TimeMicros receive_time = 0;
  std::vector<EventRow> rows;
  std::vector<Hash128> ids;
  std::vector<std::string_view> payloads;
};
absl::Status DecodeBatch(std::string_view bytes, bool with_payloads, DecodedBatch& out);

}  // namespace rapport::events
