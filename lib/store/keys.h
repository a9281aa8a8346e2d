// SPDX-License-Identifier: Apache-2.0
// Keys of datasets and partitions of tables. All integers big-endian, so byte order is
// the order of the fields. Each type has Encode, Decode (nullopt for other bytes) and
// DebugString; tests/unit/store/keys_test.cc holds order and round trip, schema_test.cc
// that docs/storage.md says the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rapport::store {

// Customers per event block: customer_no >> 6 is its block.
inline constexpr uint32_t kCustomersPerBlock = 64;

// kEventBlocks, kEventPayloads: workspace, block of 64 customers, part (blocks larger
// than ~48 KiB are split into parts, in event order by customer then time).
struct BlockKey {
  uint32_t workspace_no = 0;
  uint32_t block_no = 0;
  uint16_t part = 0;
  std::string Encode() const;
  static std::optional<BlockKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kFolds, kFacts.
struct CustomerKey {
  uint32_t workspace_no = 0;
  uint32_t customer_no = 0;
  std::string Encode() const;
  static std::optional<CustomerKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kEventIds: fingerprints by arrival day (UTC days since 1970), in chunks.
struct IdChunkKey {
  uint32_t workspace_no = 0;
  uint32_t arrival_day = 0;
  uint32_t chunk = 0;
  std::string Encode() const;
  static std::optional<IdChunkKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kSeries: one cell of exact counts. `family` groups cells of one shape (see
// lib/metrics/series.h); days are offset by 2^31 so that early days sort first.
struct SeriesKey {
  uint32_t workspace_no = 0;
  uint8_t family = 0;
  uint16_t event_type = 0;
  int32_t day = 0;
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;
  std::string Encode() const;
  static std::optional<SeriesKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kReports: a report by name, e.g. "value_model", "retention/first_order/order".
struct ReportKey {
  uint32_t workspace_no = 0;
  std::string report;
  std::string Encode() const;
  static std::optional<ReportKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kTransitions: newest first (time is stored inverted), then customer.
struct TransitionKey {
  uint32_t workspace_no = 0;
  int64_t time_micros = 0;
  uint32_t customer_no = 0;
  std::string Encode() const;
  static std::optional<TransitionKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// The prefix of all dataset keys of a workspace, and the first key after them.
std::string WorkspaceBegin(uint32_t workspace_no);
std::string WorkspaceEnd(uint32_t workspace_no);

// Table partitions.
//   kIdentities  partition = workspace_no u32 | kind u8 | value; row "" > store.v1.IdentityRecord
//   kCustomers   partition = workspace_no u32 | customer_no u32; row "" > store.v1.CustomerRecord
//   kDictionary  partition = workspace_no u32; row = kind u8 | number u32
//                > store.v1.DictionaryRecord
//   kWorkspaces  partition = workspace id; row "" > store.v1.WorkspaceRecord
//   kRuns        partition = "runs"; row = inverted start time i64 | run id > v1.Run
//   kPointers    partition = "generation"; row "current" | "previous" | "next" |
//                manifest/<u32 BE>
std::string IdentityPartition(uint32_t workspace_no, uint8_t kind, std::string_view value);
std::string CustomerPartition(uint32_t workspace_no, uint32_t customer_no);
std::string DictionaryPartition(uint32_t workspace_no);

}  // namespace rapport::store
