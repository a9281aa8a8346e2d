// SPDX-License-Identifier: Apache-2.0
#include "lib/events/block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/events/columns.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint64_t kMaxRows = 1u << 20;
constexpr uint32_t kCustomers = store::kCustomersPerBlock;
constexpr size_t kMaxTypes = std::numeric_limits<TypeNo>::max() + size_t{1};

absl::Status Broken(uint32_t block_no) {
  return DataLoss(Cat("event_blocks/", block_no), "block does not decode");
}

// The rows of one type: their places in the block.
struct TypeRows {
  TypeNo type = 0;
  std::vector<uint32_t> places;
};

template <typename Field>
void PutField(std::string& out, std::span<const EventRow> rows, const TypeRows& type,
              Field EventRow::*field) {
  std::vector<int64_t> values;
  values.reserve(type.places.size());
  for (const uint32_t place : type.places) {
    values.push_back(static_cast<int64_t>(rows[place].*field));
  }
  PutColumn(out, values, Divide::kYes);
}

void PutCustomers(std::string& out, std::span<const EventRow> rows) {
  uint64_t presence = 0;
  std::vector<int64_t> counts;
  CustomerNo last = 0;
  for (const EventRow& row : rows) {
    if (counts.empty() || row.customer_no != last) {
      presence |= uint64_t{1} << (row.customer_no % kCustomers);
      counts.push_back(0);
    }
    last = row.customer_no;
    ++counts.back();
  }
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(presence >> shift));
  PutColumn(out, counts, Divide::kNo);
}

// Types in rising order, so equal rows make equal bytes; fills the code of each row.
std::vector<TypeRows> GroupByType(std::span<const EventRow> rows, std::vector<int64_t>& codes) {
  std::vector<TypeNo> types;
  for (const EventRow& row : rows) {
    if (types.empty() || row.type != types.back()) types.push_back(row.type);
  }
  std::ranges::sort(types);
  types.erase(std::ranges::unique(types).begin(), types.end());
  std::vector<TypeRows> groups;
  for (const TypeNo type : types) groups.push_back({type, {}});
  codes.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto code = std::ranges::lower_bound(types, rows[i].type) - types.begin();
    codes[i] = code;
    groups[static_cast<size_t>(code)].places.push_back(static_cast<uint32_t>(i));
  }
  return groups;
}

// The columns of one type.
struct TypeColumns {
  TypeNo type = 0;
  size_t count = 0;
  size_t next = 0;  // Row of the type that comes next in a walk through the block.
  ColumnReader value, aux, currency, channel, touchpoint, campaign;

  [[nodiscard]] bool Open(std::string_view& in) {
    constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
    constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
    return value.Open(in, count, kLow, kHigh) && aux.Open(in, count, kLow, kHigh) &&
           currency.Open(in, count, 0, 0xFFFF) && channel.Open(in, count, 0, 0xFF) &&
           touchpoint.Open(in, count, 0, 0xFFFFFFFF) && campaign.Open(in, count, 0, 0xFFFFFFFF);
  }
  bool wanted = true;
  template <typename Row>
  void Fill(Row& row) {
    row.type = type;
    row.value = value.At(next);
    row.aux = aux.At(next);
    row.currency = static_cast<uint16_t>(currency.At(next));
    row.channel = static_cast<uint8_t>(channel.At(next));
    row.touchpoint_no = static_cast<uint32_t>(touchpoint.At(next));
    row.campaign_no = static_cast<uint32_t>(campaign.At(next));
    ++next;
  }
};

class BlockReader {
 public:
  [[nodiscard]] bool Open(std::string_view in);
  size_t count() const { return count_; }
  uint64_t presence() const { return presence_; }
  // Rows of the n-th present customer.
  size_t RowsOf(size_t nth) const { return static_cast<size_t>(counts_.At(nth)); }
  // Steps over rows without reading them.
  void Skip(size_t begin, size_t rows) {
    for (size_t i = begin; i < begin + rows; ++i) ++types_[CodeAt(i)].next;
  }
  template <typename Row>
  void Read(size_t index, Row& row) {
    row.time = times_.At(index);
    types_[CodeAt(index)].Fill(row);
  }

  // Marks the types that are wanted; true if that is all of them.
  bool Want(std::span<const TypeNo> types) {
    bool all = true;
    for (TypeColumns& type : types_) {
      type.wanted = types.empty() || std::ranges::binary_search(types, type.type);
      all = all && type.wanted;
    }
    return all;
  }
  // Steps over a row of a type that is not wanted.
  bool SkipUnwanted(size_t index) {
    TypeColumns& type = types_[CodeAt(index)];
    if (type.wanted) return false;
    ++type.next;
    return true;
  }

 private:
  size_t CodeAt(size_t index) const { return static_cast<size_t>(codes_.At(index)); }
  [[nodiscard]] bool OpenCustomers(std::string_view& in);
  [[nodiscard]] bool OpenTypes(std::string_view& in);

  size_t count_ = 0;
  uint64_t presence_ = 0;
  ColumnReader counts_, times_, codes_;
  std::vector<TypeColumns> types_;
};

bool BlockReader::Open(std::string_view in) {
  uint8_t format = 0;
  uint64_t count = 0;
  if (!GetBigEndian(in, format) || format != kFormat || !GetVarint(in, count) || count > kMaxRows) {
    return false;
  }
  count_ = count;
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  return OpenCustomers(in) && times_.Open(in, count_, kLow, kHigh) && OpenTypes(in) && in.empty();
}

bool BlockReader::OpenCustomers(std::string_view& in) {
  uint64_t big_endian = 0;
  if (!GetBigEndian(in, big_endian)) return false;
  presence_ = __builtin_bswap64(big_endian);
  const auto customers = static_cast<size_t>(std::popcount(presence_));
  if (!counts_.Open(in, customers, 1, static_cast<int64_t>(kMaxRows))) return false;
  size_t sum = 0;
  for (size_t i = 0; i < customers; ++i) sum += RowsOf(i);
  return sum == count_;
}

bool BlockReader::OpenTypes(std::string_view& in) {
  uint64_t type_count = 0;
  if (!GetVarint(in, type_count) || type_count > kMaxTypes || type_count > in.size()) return false;
  types_.resize(type_count);
  for (TypeColumns& type : types_) {
    uint64_t number = 0;
    if (!GetVarint(in, number) || number >= kMaxTypes) return false;
    type.type = static_cast<TypeNo>(number);
  }
  if (!codes_.Open(in, count_, 0, static_cast<int64_t>(type_count) - 1)) return false;
  for (size_t i = 0; i < count_; ++i) ++types_[CodeAt(i)].count;
  return std::ranges::all_of(types_, [&in](TypeColumns& type) { return type.Open(in); });
}

}  // namespace

std::string EncodeBlock(std::span<const EventRow> rows) {
  std::string out;
  out.reserve(128 + rows.size() * 12);
  out.push_back(static_cast<char>(kFormat));
  PutVarint(out, rows.size());
  PutCustomers(out, rows);
  std::vector<int64_t> column(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) column[i] = rows[i].time;
  PutColumn(out, column, Divide::kYes);
  const std::vector<TypeRows> types = GroupByType(rows, column);
  PutVarint(out, types.size());
  for (const TypeRows& type : types) PutVarint(out, type.type);
  PutColumn(out, column, Divide::kNo);
  for (const TypeRows& type : types) {
    PutField(out, rows, type, &EventRow::value);
    PutField(out, rows, type, &EventRow::aux);
    PutField(out, rows, type, &EventRow::currency);
    PutField(out, rows, type, &EventRow::channel);
    PutField(out, rows, type, &EventRow::touchpoint_no);
    PutField(out, rows, type, &EventRow::campaign_no);
  }
  return out;
}

absl::Status DecodeBlock(std::string_view bytes, uint32_t block_no, std::vector<EventRow>& out) {
  BlockReader block;
  if (!block.Open(bytes)) return Broken(block_no);
  size_t at = out.size();
  out.resize(at + block.count());
  size_t index = 0;
  size_t nth = 0;
  for (uint64_t rest = block.presence(); rest != 0; rest &= rest - 1) {
    const CustomerNo customer_no =
        block_no * kCustomers + static_cast<uint32_t>(std::countr_zero(rest));
    for (size_t left = block.RowsOf(nth++); left > 0; --left) {
      out[at].customer_no = customer_no;
      block.Read(index++, out[at++]);
    }
  }
  return absl::OkStatus();
}

absl::Status DecodeColumns(std::string_view bytes, uint32_t block_no, std::span<const TypeNo> types,
                           BlockColumns& out) {
  BlockReader block;
  out.events.clear();
  out.rows.clear();
  out.begin.fill(0);
  if (!block.Open(bytes)) return Broken(block_no);
  const bool all = block.Want(types);
  if (all) out.events.reserve(block.count());
  size_t index = 0;
  size_t nth = 0;
  for (uint32_t slot = 0; slot < kCustomers; ++slot) {
    out.begin[slot] = static_cast<uint32_t>(out.events.size());
    if ((block.presence() >> slot & 1) == 0) continue;
    for (size_t left = block.RowsOf(nth++); left > 0; --left, ++index) {
      if (!all && block.SkipUnwanted(index)) continue;
      block.Read(index, out.events.emplace_back());
      if (!all) out.rows.push_back(static_cast<uint32_t>(index));
    }
  }
  out.begin[kCustomers] = static_cast<uint32_t>(out.events.size());
  return absl::OkStatus();
}

absl::Status DecodeCustomer(std::string_view bytes, CustomerNo customer_no,
                            std::vector<EventRow>& out, size_t& first_index) {
  BlockReader block;
  if (!block.Open(bytes)) return Broken(customer_no / kCustomers);
  const uint64_t bit = uint64_t{1} << (customer_no % kCustomers);
  first_index = 0;
  if ((block.presence() & bit) == 0) return absl::OkStatus();
  const auto before = static_cast<size_t>(std::popcount(block.presence() & (bit - 1)));
  for (size_t nth = 0; nth < before; ++nth) first_index += block.RowsOf(nth);
  block.Skip(0, first_index);
  const size_t rows = block.RowsOf(before);
  for (size_t i = 0; i < rows; ++i) {
    EventRow& row = out.emplace_back();
    row.customer_no = customer_no;
    block.Read(first_index + i, row);
  }
  return absl::OkStatus();
}

std::string EncodePayloads(std::span<const std::string_view> payloads) {
  std::vector<int64_t> sizes;
  sizes.reserve(payloads.size());
  size_t total = 0;
  for (const std::string_view payload : payloads) {
    sizes.push_back(static_cast<int64_t>(payload.size()));
    total += payload.size();
  }
  std::string out;
  out.reserve(32 + payloads.size() * 2 + total);
  out.push_back(static_cast<char>(kFormat));
  PutVarint(out, payloads.size());
  PutColumn(out, sizes, Divide::kNo);
  for (const std::string_view payload : payloads) out.append(payload);
  return out;
}

std::string EncodePayloads(std::span<const std::string> payloads) {
  const std::vector<std::string_view> views(payloads.begin(), payloads.end());
  return EncodePayloads(std::span<const std::string_view>(views));
}

absl::Status DecodePayloads(std::string_view bytes, std::vector<std::string_view>& out) {
  uint8_t format = 0;
  uint64_t count = 0;
  ColumnReader sizes;
  const absl::Status broken = DataLoss("event_payloads", "payloads do not decode");
  if (!GetBigEndian(bytes, format) || format != kFormat || !GetVarint(bytes, count) ||
      count > kMaxRows || !sizes.Open(bytes, count, 0, std::numeric_limits<uint32_t>::max())) {
    return broken;
  }
  for (size_t i = 0; i < count; ++i) {
    const auto size = static_cast<size_t>(sizes.At(i));
    if (size > bytes.size()) return broken;
    out.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return bytes.empty() ? absl::OkStatus() : broken;
}

absl::Status DecodePayloads(std::string_view bytes, std::vector<std::string>& out) {
  std::vector<std::string_view> views;
  const absl::Status status = DecodePayloads(bytes, views);
  if (status.ok()) out.insert(out.end(), views.begin(), views.end());
  return status;
}

}  // namespace rapport::events
