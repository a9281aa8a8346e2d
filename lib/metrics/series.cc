// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/series.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/varint.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {

void CellSums::Merge(const CellSums& other) {
  for (const auto& [key, cell] : other.sums_) sums_[key].Add(cell);
}

Cell CellSums::At(const CellKey& key) const {
  const auto found = sums_.find(Pack(key));
  return found == sums_.end() ? Cell{} : found->second;
}

std::vector<std::pair<CellKey, Cell>> CellSums::Sorted() const {
  std::vector<std::pair<CellKey, Cell>> sorted;
  sorted.reserve(sums_.size());
  for (const auto& [key, cell] : sums_) sorted.emplace_back(Unpack(key), cell);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return sorted;
}

CellKey CellSums::Unpack(const Packed& packed) {
  return {.family = static_cast<SeriesFamily>(packed.high >> 56),
          .type = static_cast<uint16_t>(packed.high >> 40),
          .day = static_cast<int32_t>(static_cast<uint32_t>(packed.low >> 32)),
          .channel = static_cast<uint8_t>(packed.high >> 32),
          .touchpoint_no = static_cast<uint32_t>(packed.low),
          .currency = static_cast<uint16_t>(packed.high >> 16),
          .bucket = static_cast<uint16_t>(packed.high)};
}

std::string EncodeCell(const Cell& cell) {
  std::string bytes;
  PutSigned(bytes, cell.count);
  PutSigned(bytes, cell.value_sum);
  return bytes;
}

absl::StatusOr<Cell> DecodeCell(std::string_view bytes) {
  Cell cell;
  if (!GetSigned(bytes, cell.count) || !GetSigned(bytes, cell.value_sum) || !bytes.empty()) {
    return DataLoss("series cell", "not a count and a sum");
  }
  return cell;
}

}  // namespace rapport::metrics
