// SPDX-License-Identifier: Apache-2.0
#include "lib/store/keys.h"

#include "lib/base/text.h"
#include "lib/base/varint.h"

namespace rapport::store {
namespace {

template <typename... Fields>
std::string Pack(Fields... fields) {
  std::string out;
  out.reserve((sizeof(fields) + ...));
  (PutBigEndian(out, fields), ...);
  return out;
}

// Fills the fields from exactly their bytes.
template <typename... Fields>
bool Unpack(std::string_view bytes, Fields&... fields) {
  return (GetBigEndian(bytes, fields) && ...) && bytes.empty();
}

// Signed days and times as unsigned numbers of the same (or the reverse) order.
uint32_t OffsetDay(int32_t day) { return static_cast<uint32_t>(day) ^ 0x8000'0000u; }
int32_t DayFromOffset(uint32_t offset) { return static_cast<int32_t>(offset ^ 0x8000'0000u); }
uint64_t InvertTime(int64_t time) { return ~(static_cast<uint64_t>(time) ^ (1ull << 63)); }
int64_t TimeFromInverted(uint64_t bits) { return static_cast<int64_t>(~bits ^ (1ull << 63)); }

}  // namespace

std::string BlockKey::Encode() const { return Pack(workspace_no, block_no, part); }

std::optional<BlockKey> BlockKey::Decode(std::string_view bytes) {
  BlockKey key;
  if (!Unpack(bytes, key.workspace_no, key.block_no, key.part)) return std::nullopt;
  return key;
}

std::string BlockKey::DebugString() const {
  return Cat("workspace ", workspace_no, " block ", block_no, " part ", part);
}

std::string CustomerKey::Encode() const { return Pack(workspace_no, customer_no); }

std::optional<CustomerKey> CustomerKey::Decode(std::string_view bytes) {
  CustomerKey key;
  if (!Unpack(bytes, key.workspace_no, key.customer_no)) return std::nullopt;
  return key;
}

std::string CustomerKey::DebugString() const {
  return Cat("workspace ", workspace_no, " customer ", customer_no);
}

std::string IdChunkKey::Encode() const { return Pack(workspace_no, arrival_day, chunk); }

std::optional<IdChunkKey> IdChunkKey::Decode(std::string_view bytes) {
  IdChunkKey key;
  if (!Unpack(bytes, key.workspace_no, key.arrival_day, key.chunk)) return std::nullopt;
  return key;
}

std::string IdChunkKey::DebugString() const {
  return Cat("workspace ", workspace_no, " day ", arrival_day, " chunk ", chunk);
}

std::string SeriesKey::Encode() const {
  return Pack(workspace_no, family, event_type, OffsetDay(day), channel, touchpoint_no, campaign_no,
              currency, bucket);
}

std::string SeriesKey::EncodeDay() const {
  return Pack(workspace_no, family, event_type, OffsetDay(day));
}

std::optional<SeriesKey> SeriesKey::Decode(std::string_view bytes) {
  SeriesKey key;
  uint32_t offset_day = 0;
  if (!Unpack(bytes, key.workspace_no, key.family, key.event_type, offset_day, key.channel,
              key.touchpoint_no, key.campaign_no, key.currency, key.bucket)) {
    return std::nullopt;
  }
  key.day = DayFromOffset(offset_day);
  return key;
}

std::optional<SeriesKey> SeriesKey::DecodeFormat1(std::string_view bytes) {
  SeriesKey key;
  uint32_t offset_day = 0;
  if (!Unpack(bytes, key.workspace_no, key.family, key.event_type, offset_day, key.channel,
              key.touchpoint_no, key.currency, key.bucket)) {
    return std::nullopt;
  }
  key.day = DayFromOffset(offset_day);
  return key;
}

std::string SeriesKey::DebugString() const {
  return Cat("workspace ", workspace_no, " family ", static_cast<uint32_t>(family), " type ",
             event_type, " day ", day, " channel ", static_cast<uint32_t>(channel), " touchpoint ",
             touchpoint_no, " campaign ", campaign_no, " currency ", currency, " bucket ", bucket);
}

std::string ReportKey::Encode() const {
  std::string out = Pack(workspace_no);
  out.append(report);
  return out;
}

std::optional<ReportKey> ReportKey::Decode(std::string_view bytes) {
  ReportKey key;
  if (!GetBigEndian(bytes, key.workspace_no)) return std::nullopt;
  key.report = std::string(bytes);
  return key;
}

std::string ReportKey::DebugString() const {
  return Cat("workspace ", workspace_no, " report ", report);
}

std::string TransitionKey::Encode() const {
  return Pack(workspace_no, InvertTime(time_micros), customer_no);
}

std::optional<TransitionKey> TransitionKey::Decode(std::string_view bytes) {
  TransitionKey key;
  uint64_t inverted = 0;
  if (!Unpack(bytes, key.workspace_no, inverted, key.customer_no)) return std::nullopt;
  key.time_micros = TimeFromInverted(inverted);
  return key;
}

std::string TransitionKey::DebugString() const {
  return Cat("workspace ", workspace_no, " time ", time_micros, " customer ", customer_no);
}

std::string AlertKey::Encode() const {
  std::string out = Pack(workspace_no, InvertTime(time_micros), ~OffsetDay(day));
  out.append(metric);
  return out;
}

std::optional<AlertKey> AlertKey::Decode(std::string_view bytes) {
  AlertKey key;
  uint64_t inverted_time = 0;
  uint32_t inverted_day = 0;
  if (!GetBigEndian(bytes, key.workspace_no) || !GetBigEndian(bytes, inverted_time) ||
      !GetBigEndian(bytes, inverted_day)) {
    return std::nullopt;
  }
  key.time_micros = TimeFromInverted(inverted_time);
  key.day = DayFromOffset(~inverted_day);
  key.metric = std::string(bytes);
  return key;
}

std::string AlertKey::DebugString() const {
  return Cat("workspace ", workspace_no, " time ", time_micros, " day ", day, " metric ", metric);
}

std::string SegmentKey::Encode() const {
  return Pack(workspace_no, static_cast<uint8_t>(row), segment_no, position);
}
std::optional<SegmentKey> SegmentKey::Decode(std::string_view bytes) {
  SegmentKey key;
  uint8_t kind = 0;
  if (!Unpack(bytes, key.workspace_no, kind, key.segment_no, key.position)) return std::nullopt;
  if (kind < 1 || kind > static_cast<uint8_t>(SegmentRow::kRfm)) return std::nullopt;
  key.row = static_cast<SegmentRow>(kind);
  return key;
}
std::string SegmentKey::DebugString() const {
  return Cat("workspace ", workspace_no, " row ", static_cast<int>(row), " segment ", segment_no,
             " position ", position);
}

std::string StandingKey::Encode() const {
  return Pack(workspace_no, framework_no, stage, customer_no);
}

std::optional<StandingKey> StandingKey::Decode(std::string_view bytes) {
  StandingKey key;
  if (!Unpack(bytes, key.workspace_no, key.framework_no, key.stage, key.customer_no)) {
    return std::nullopt;
  }
  return key;
}

std::string StandingKey::DebugString() const {
  return Cat("workspace ", workspace_no, " framework ", framework_no, " stage ",
             static_cast<uint32_t>(stage), " customer ", customer_no);
}

std::string WorkspaceBegin(uint32_t workspace_no) { return Pack(workspace_no); }

std::string WorkspaceEnd(uint32_t workspace_no) {
  if (workspace_no == UINT32_MAX) return {};  // To the end of the version.
  return Pack(workspace_no + 1);
}

std::string IdentityPartition(uint32_t workspace_no, uint8_t kind, std::string_view value) {
  std::string out = Pack(workspace_no, kind);
  out.append(value);
  return out;
}

std::string CustomerPartition(uint32_t workspace_no, uint32_t customer_no) {
  return Pack(workspace_no, customer_no);
}

std::string DictionaryPartition(uint32_t workspace_no) { return Pack(workspace_no); }

std::string DefinitionPartition(uint32_t workspace_no) { return Pack(workspace_no); }

std::string DefinitionRow(DefinitionKind kind, std::string_view id) {
  std::string row(1, static_cast<char>(kind));
  row.append(id);
  return row;
}

}  // namespace rapport::store
