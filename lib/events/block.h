// SPDX-License-Identifier: Apache-2.0
// Sealed blocks: the events of up to 64 customers as columns, each customer's events in
// timeline order; payloads in a sibling value of the same shape.
//
// Pure codec, thread-safe. About 10 bytes an event before compression of the store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/events/row.h"

namespace rapport::events {

// Rows sorted by (customer_no, TimelineOrder), all of one block of 64 customers.
std::string EncodeBlock(std::span<const EventRow> rows);
// Appends the rows to `out`, in the same order. DataLoss for foreign bytes.
absl::Status DecodeBlock(std::string_view bytes, uint32_t block_no, std::vector<EventRow>& out);

// Serialized EventPayloads in the order of the block's rows.
std::string EncodePayloads(std::span<const std::string> payloads);
absl::Status DecodePayloads(std::string_view bytes, std::vector<std::string>& out);

}  // namespace rapport::events
