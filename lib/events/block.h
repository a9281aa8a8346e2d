// SPDX-License-Identifier: Apache-2.0
// Sealed blocks: the events of up to 64 customers as columns, each customer's events in
// timeline order; payloads in a sibling value of the same shape.
//
// Bytes of a block: format u8 (1) | count varint | presence u64 LE | events of each present
// customer, column | times, column | number of types varint | types varint each | type code
// of each event, column | per type: value, aux, currency, channel, touchpoint, campaign,
// columns over the type's events (columns.h). Columns have fixed width, so one customer is
// read without the others.
// Bytes of payloads: format u8 (1) | count varint | lengths, column | payloads.
//
// Pure codec, thread-safe. About 10 bytes an event before compression of the store.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/event_columns.h"
#include "lib/events/row.h"
#include "lib/store/keys.h"

namespace rapport::events {

// Rows sorted by (customer_no, TimelineOrder), all of one block of 64 customers.
std::string EncodeBlock(std::span<const EventRow> rows);
// Appends the rows to `out`, in the same order. DataLoss for foreign bytes.
absl::Status DecodeBlock(std::string_view bytes, uint32_t block_no, std::vector<EventRow>& out);

// A block for scans: the events without customer numbers, by customer, then timeline.
struct BlockColumns {
  std::vector<EventColumns> events;
  std::vector<uint32_t> rows;  // The block's row of each event; empty: event i is row i.
  std::array<uint32_t, store::kCustomersPerBlock + 1> begin = {};  // Of the n-th customer's.

  uint32_t RowOf(size_t event) const {
    return rows.empty() ? static_cast<uint32_t>(event) : rows[event];
  }
};
// Fills `out` with the events of the `types` (sorted; empty: all). 10 ns an event, 3 ns one
// that is left out. DataLoss for foreign bytes.
absl::Status DecodeColumns(std::string_view bytes, uint32_t block_no, std::span<const TypeNo> types,
                           BlockColumns& out);

// Only one customer's rows, in about 0.1 us a row. `first_index` is the place of the first
// of them in the block.
absl::Status DecodeCustomer(std::string_view bytes, CustomerNo customer_no,
                            std::vector<EventRow>& out, size_t& first_index);

// Serialized EventPayloads in the order of the block's rows.
std::string EncodePayloads(std::span<const std::string> payloads);
absl::Status DecodePayloads(std::string_view bytes, std::vector<std::string>& out);
// The same on views: into `bytes` when decoding.
std::string EncodePayloads(std::span<const std::string_view> payloads);
absl::Status DecodePayloads(std::string_view bytes, std::vector<std::string_view>& out);

}  // namespace rapport::events
