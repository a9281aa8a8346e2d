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
// lib/metrics/series.h); days are offset by 2^31 so that early days sort first. Generations
// of manifest format 1 have keys without campaign_no (DecodeFormat1 reads them as 0).
struct SeriesKey {
  uint32_t workspace_no = 0;
  uint8_t family = 0;
  uint16_t event_type = 0;
  int32_t day = 0;
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint32_t campaign_no = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;
  std::string Encode() const;
  static std::optional<SeriesKey> Decode(std::string_view bytes);
  static std::optional<SeriesKey> DecodeFormat1(std::string_view bytes);
  // Bytes at or before every key of this workspace, family, type and day, of either format.
  std::string EncodeDay() const;
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

// kAlerts: newest first: when the alert was raised, then the civil day it is about (both
// inverted), then the metric.
struct AlertKey {
  uint32_t workspace_no = 0;
  int64_t time_micros = 0;
  int32_t day = 0;
  std::string metric;
  std::string Encode() const;
  static std::optional<AlertKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// What a row of kSegments is. Stored, never reused.
enum class SegmentRow : uint8_t {
  kNight = 1,    // position 0 > store.v1.SegmentNight
  kMembers = 2,  // position = customer_no >> 19 > Roaring bitmap of customer numbers
  kRanked = 3,   // position = place >> 19 > Roaring bitmap of the members' places by value
  kDue = 4,      // position = customer_no >> 19 > Roaring bitmap: see SegmentNight.due_until
  kChanges = 5,  // position = ~generation << 32 | chunk > store.v1.SegmentChanges
  kOrder = 6,    // segment_no 0, position = place / 16384 > customer numbers by value, u32 LE
  kRfm = 7       // segment_no 0, position 0 > store.v1.RfmCells
};

// kSegments. Segments are numbered from 1 in each workspace, for good.
struct SegmentKey {
  uint32_t workspace_no = 0;
  SegmentRow row = SegmentRow::kNight;
  uint32_t segment_no = 0;
  uint64_t position = 0;
  std::string Encode() const;
  static std::optional<SegmentKey> Decode(std::string_view bytes);
  std::string DebugString() const;
};

// kStandings: where customers stand in frameworks. Framework 0, stage 0: a customer's own
// row, all its standings. Else an empty row: the customer is in that stage (from 1; 0: left)
// of that framework of the generation.
struct StandingKey {
  uint32_t workspace_no = 0;
  uint16_t framework_no = 0;
  uint8_t stage = 0;
  uint32_t customer_no = 0;
  std::string Encode() const;
  static std::optional<StandingKey> Decode(std::string_view bytes);
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
//   kDefinitions partition = workspace_no u32; row = kind u8 | id > the kind's message
std::string IdentityPartition(uint32_t workspace_no, uint8_t kind, std::string_view value);
std::string CustomerPartition(uint32_t workspace_no, uint32_t customer_no);
std::string DictionaryPartition(uint32_t workspace_no);
std::string DefinitionPartition(uint32_t workspace_no);

// What a workspace defines or imports beside its settings. Stored, never reused.
enum class DefinitionKind : uint8_t {
  kMetric = 1,           // id = metric > v1.MetricDefinition
  kExchangeRates = 2,    // id = version u32, chunk u16 > v1.ExchangeRateTable, what it added
  kReferenceSeries = 3,  // id = series, or series 00 year i32-offset > v1.ReferenceSeries
  kGoal = 4,             // id = goal > v1.Goal
  kBenchmark = 5,        // id = metric 00 industry 00 source 00 date 00 percentile > v1.Benchmark
  kSegment = 6,          // id = segment > store.v1.SegmentRecord; stays when it is deleted
  kSegmentList = 7,      // id = segment_no u32, customer_no >> 19 as u16 > Roaring bitmap
  kFramework = 8         // id = framework > v1.Framework
};
std::string DefinitionRow(DefinitionKind kind, std::string_view id);

}  // namespace rapport::store
