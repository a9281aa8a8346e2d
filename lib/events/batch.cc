// SPDX-License-Identifier: Apache-2.0
#include "lib/events/batch.h"

#include <bit>
#include <cstring>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/varint.h"
#include "lib/events/columns.h"

namespace rapport::events {
namespace {

constexpr uint8_t kFormat = 1;
// Far above what Submit accepts; keeps broken bytes from asking for all memory.
constexpr uint64_t kMaxRows = 1u << 20;

static_assert(std::endian::native == std::endian::little && sizeof(Hash128) == 16,
              "ids are copied as they stand");

absl::Status Broken() { return DataLoss("log", "batch does not decode"); }

template <typename Field>
void PutField(std::string& out, std::span<const EventRow> rows, std::vector<int64_t>& scratch,
              Field EventRow::*field) {
  for (size_t i = 0; i < rows.size(); ++i) scratch[i] = static_cast<int64_t>(rows[i].*field);
  PutColumn(out, scratch, Divide::kNo);
}

template <typename Field>
[[nodiscard]] bool GetField(std::string_view& in, std::span<EventRow> rows,
                            Field EventRow::*field) {
  constexpr auto kLow = static_cast<int64_t>(std::numeric_limits<Field>::min());
  constexpr auto kHigh = static_cast<int64_t>(std::numeric_limits<Field>::max());
  ColumnReader column;
  if (!column.Open(in, rows.size(), kLow, kHigh)) return false;
  for (size_t i = 0; i < rows.size(); ++i) rows[i].*field = static_cast<Field>(column.At(i));
  return true;
}

[[nodiscard]] bool GetRows(std::string_view& in, std::span<EventRow> rows) {
  return GetField(in, rows, &EventRow::customer_no) && GetField(in, rows, &EventRow::time) &&
         GetField(in, rows, &EventRow::type) && GetField(in, rows, &EventRow::channel) &&
         GetField(in, rows, &EventRow::currency) && GetField(in, rows, &EventRow::value) &&
         GetField(in, rows, &EventRow::aux) && GetField(in, rows, &EventRow::touchpoint_no) &&
         GetField(in, rows, &EventRow::campaign_no);
}

[[nodiscard]] bool GetIds(std::string_view& in, std::vector<Hash128>& ids) {
  const size_t size = ids.size() * sizeof(Hash128);
  if (in.size() < size) return false;
  if (size > 0) std::memcpy(ids.data(), in.data(), size);
  in.remove_prefix(size);
  return true;
}

[[nodiscard]] bool GetPayloads(std::string_view in, size_t count,
                               std::vector<std::string_view>& payloads) {
  ColumnReader sizes;
  if (!sizes.Open(in, count, 0, std::numeric_limits<uint32_t>::max())) return false;
  for (size_t i = 0; i < count; ++i) {
    const auto size = static_cast<size_t>(sizes.At(i));
    if (size > in.size()) return false;
    payloads.push_back(in.substr(0, size));
    in.remove_prefix(size);
  }
  return in.empty();
}

}  // namespace

std::string EncodeBatch(const BatchView& batch) {
  std::string out;
  out.reserve(64 + batch.rows.size() * 64 + batch.payloads.size());
  out.push_back(static_cast<char>(kFormat));
  PutVarint(out, batch.workspace_no);
  PutSigned(out, batch.receive_time);
  PutVarint(out, batch.rows.size());
  std::vector<int64_t> scratch(batch.rows.size());
  PutField(out, batch.rows, scratch, &EventRow::customer_no);
  PutField(out, batch.rows, scratch, &EventRow::time);
  PutField(out, batch.rows, scratch, &EventRow::type);
  PutField(out, batch.rows, scratch, &EventRow::channel);
  PutField(out, batch.rows, scratch, &EventRow::currency);
  PutField(out, batch.rows, scratch, &EventRow::value);
  PutField(out, batch.rows, scratch, &EventRow::aux);
  PutField(out, batch.rows, scratch, &EventRow::touchpoint_no);
  PutField(out, batch.rows, scratch, &EventRow::campaign_no);
  out.append(reinterpret_cast<const char*>(batch.ids.data()), batch.ids.size() * sizeof(Hash128));
  for (size_t i = 0; i < scratch.size(); ++i) scratch[i] = batch.payload_sizes[i];
  PutColumn(out, scratch, Divide::kNo);
  out.append(batch.payloads);
  return out;
}

std::string EncodeBatch(const Batch& batch) {
  std::string payloads;
  std::vector<uint32_t> sizes;
  for (const std::string& payload : batch.payloads) {
    payloads.append(payload);
    sizes.push_back(static_cast<uint32_t>(payload.size()));
  }
  return EncodeBatch(
      BatchView{batch.workspace_no, batch.receive_time, batch.rows, batch.ids, sizes, payloads});
}

absl::Status DecodeBatch(std::string_view bytes, bool with_payloads, DecodedBatch& out) {
  uint8_t format = 0;
  uint64_t workspace_no = 0;
  uint64_t count = 0;
  out.payloads.clear();
  if (!GetBigEndian(bytes, format) || format != kFormat || !GetVarint(bytes, workspace_no) ||
      workspace_no > std::numeric_limits<uint32_t>::max() || !GetSigned(bytes, out.receive_time) ||
      !GetVarint(bytes, count) || count > kMaxRows || count * sizeof(Hash128) > bytes.size()) {
    return Broken();
  }
  out.workspace_no = static_cast<uint32_t>(workspace_no);
  out.rows.resize(count);
  out.ids.resize(count);
  if (!GetRows(bytes, out.rows) || !GetIds(bytes, out.ids)) return Broken();
  if (with_payloads && !GetPayloads(bytes, count, out.payloads)) return Broken();
  return absl::OkStatus();
}

absl::Status DecodeBatch(std::string_view bytes, bool with_payloads, Batch& out) {
  DecodedBatch decoded;
  decoded.rows.swap(out.rows);
  decoded.ids.swap(out.ids);
  const absl::Status status = DecodeBatch(bytes, with_payloads, decoded);
  out.workspace_no = decoded.workspace_no;
  out.receive_time = decoded.receive_time;
  out.rows.swap(decoded.rows);
  out.ids.swap(decoded.ids);
  out.payloads.assign(decoded.payloads.begin(), decoded.payloads.end());
  return status;
}

}  // namespace rapport::events
