// SPDX-License-Identifier: Apache-2.0
#include "lib/segment_store/night_rows.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::segment_store {
namespace {

using store::DatasetId;
using store::SegmentKey;
using store::SegmentRow;

constexpr uint32_t kEntered = 1;
constexpr uint32_t kInexact = 2;

template <typename Message>
absl::StatusOr<std::optional<Message>> Parse(const absl::StatusOr<std::string>& bytes) {
  if (absl::IsNotFound(bytes.status())) return std::optional<Message>();
  RETURN_IF_ERROR(bytes.status());
  Message message;
  if (!message.ParseFromString(*bytes)) return DataLoss("segments", "a row does not decode");
  return std::optional<Message>(std::move(message));
}

// The nth number of a row of kOrder.
uint32_t NumberAt(std::string_view row, size_t nth) {
  uint32_t number = 0;
  for (size_t i = sizeof number; i-- > 0;) {
    number = number << 8 | static_cast<uint8_t>(row[nth * sizeof number + i]);
  }
  return number;
}

uint64_t PositionOf(store::Version generation, uint32_t chunk) {
  return uint64_t{~generation} << 32 | chunk;
}

}  // namespace

absl::StatusOr<std::optional<store::v1::SegmentNight>> NightRows::Night(uint32_t segment_no) const {
  return Parse<store::v1::SegmentNight>(
      dataset_.Get(DatasetId::kSegments, generation_, Key(SegmentRow::kNight, segment_no, 0)));
}

absl::StatusOr<segments::Bitmap> NightRows::Set(SegmentRow row, uint32_t segment_no) const {
  segments::Bitmap set;
  const auto cursor = dataset_.Scan(DatasetId::kSegments, generation_,
                                    {.begin = Key(row, segment_no, 0),
                                     .end = Key(row, segment_no, UINT64_MAX),
                                     .fill_cache = true});
  for (; cursor->Valid(); cursor->Next()) RETURN_IF_ERROR(set.AddPart(cursor->Value()));
  RETURN_IF_ERROR(cursor->status());
  return set;
}

absl::StatusOr<bool> NightRows::Holds(uint32_t segment_no, uint32_t customer_no) const {
  const auto part =
      dataset_.Get(DatasetId::kSegments, generation_,
                   Key(SegmentRow::kMembers, segment_no, customer_no >> segments::kPartBits));
  if (absl::IsNotFound(part.status())) return false;
  RETURN_IF_ERROR(part.status());
  segments::Bitmap set;
  RETURN_IF_ERROR(set.AddPart(*part));
  return set.Has(customer_no);
}

absl::StatusOr<std::vector<uint32_t>> NightRows::CustomersAt(
    std::span<const uint32_t> places) const {
  std::vector<uint32_t> customers;
  std::string row;
  uint64_t row_no = UINT64_MAX;
  for (const uint32_t place : places) {
    if (place / kPlacesPerRow != row_no) {
      row_no = place / kPlacesPerRow;
      ASSIGN_OR_RETURN(
          row, dataset_.Get(DatasetId::kSegments, generation_, Key(SegmentRow::kOrder, 0, row_no)));
    }
    const size_t at = place % kPlacesPerRow;
    if ((at + 1) * sizeof(uint32_t) > row.size()) {
      return DataLoss("segments", "an order that is too short");
    }
    customers.push_back(NumberAt(row, at));
  }
  return customers;
}

absl::Status NightRows::ForEachByValue(absl::FunctionRef<void(uint32_t)> visit) const {
  const auto cursor = dataset_.Scan(DatasetId::kSegments, generation_,
                                    {.begin = Key(SegmentRow::kOrder, 0, 0),
                                     .end = Key(SegmentRow::kOrder, 0, UINT64_MAX),
                                     .fill_cache = true});
  for (; cursor->Valid(); cursor->Next()) {
    const std::string_view row = cursor->Value();
    for (size_t i = 0; i < row.size() / sizeof(uint32_t); ++i) visit(NumberAt(row, i));
  }
  return cursor->status();
}

absl::StatusOr<std::optional<store::v1::RfmCells>> NightRows::Rfm() const {
  return Parse<store::v1::RfmCells>(
      dataset_.Get(DatasetId::kSegments, generation_, Key(SegmentRow::kRfm, 0, 0)));
}

absl::Status NightRows::ForEachChanges(uint32_t segment_no, uint64_t position, Visit visit) const {
  const auto cursor = dataset_.Scan(DatasetId::kSegments, generation_,
                                    {.begin = Key(SegmentRow::kChanges, segment_no, position),
                                     .end = Key(SegmentRow::kChanges, segment_no, UINT64_MAX)});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = SegmentKey::Decode(cursor->Key());
    store::v1::SegmentChanges changes;
    const std::string_view bytes = cursor->Value();
    if (!key || !changes.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        changes.ages_size() != changes.customers_size() ||
        changes.flags_size() != changes.customers_size()) {
      return DataLoss("segments", "a row of changes does not decode");
    }
    ASSIGN_OR_RETURN(const bool more, visit(key->position, changes));
    if (!more) return absl::OkStatus();
  }
  return cursor->status();
}

void NightWriter::AddNight(uint32_t segment_no, const store::v1::SegmentNight& night) {
  Put(SegmentRow::kNight, segment_no, 0, night.SerializeAsString());
}

void NightWriter::AddSet(SegmentRow row, uint32_t segment_no, const segments::Bitmap& set) {
  for (auto& [part, bytes] : set.Encode()) Put(row, segment_no, part, bytes);
}

void NightWriter::AddChanges(uint32_t segment_no, store::Version generation, TimeMicros night,
                             std::vector<Change> changes) {
  std::ranges::sort(changes, [](const Change& a, const Change& b) {
    return std::tuple(-a.time, a.customer_no) < std::tuple(-b.time, b.customer_no);
  });
  for (size_t begin = 0; begin < changes.size(); begin += kChangesPerRow) {
    store::v1::SegmentChanges row;
    row.set_night(night);
    for (size_t i = begin; i < std::min(changes.size(), begin + kChangesPerRow); ++i) {
      row.add_customers(changes[i].customer_no);
      row.add_ages(night - changes[i].time);
      row.add_flags((changes[i].entered ? kEntered : 0) | (changes[i].exact ? 0 : kInexact));
    }
    const auto chunk = static_cast<uint32_t>(begin / kChangesPerRow);
    Put(SegmentRow::kChanges, segment_no, PositionOf(generation, chunk), row.SerializeAsString());
  }
}

void NightWriter::KeepChanges(uint32_t segment_no, uint64_t position,
                              const store::v1::SegmentChanges& changes) {
  Put(SegmentRow::kChanges, segment_no, position, changes.SerializeAsString());
}

void NightWriter::AddOrder(std::span<const uint32_t> customers) {
  for (size_t begin = 0; begin < customers.size(); begin += kPlacesPerRow) {
    const auto part =
        customers.subspan(begin, std::min<size_t>(kPlacesPerRow, customers.size() - begin));
    std::string row;
    for (const uint32_t customer_no : part) {
      for (int shift = 0; shift < 32; shift += 8) row += static_cast<char>(customer_no >> shift);
    }
    Put(SegmentRow::kOrder, 0, begin / kPlacesPerRow, std::move(row));
  }
}

void NightWriter::AddRfm(const store::v1::RfmCells& cells) {
  Put(SegmentRow::kRfm, 0, 0, cells.SerializeAsString());
}

}  // namespace rapport::segment_store
