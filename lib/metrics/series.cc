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
          .campaign_no = packed.campaign_no,
          .currency = static_cast<uint16_t>(packed.high >> 16),
          .bucket = static_cast<uint16_t>(packed.high)};
}

std::string EncodeCell(const Cell& cell) {
  std::string bytes;
  PutSigned(bytes, cell.count);
  PutSigned(bytes, cell.value_sum);
  // The rest is left out when it is 0: its bytes from the lowest on, after their number.
  if (cell.square_sum != 0) {
    std::string square;
    for (auto rest = cell.square_sum; rest != 0; rest >>= 8) {
      square.push_back(static_cast<char>(static_cast<uint8_t>(rest)));
    }
    PutBytes(bytes, square);
  }
  return bytes;
}

absl::StatusOr<Cell> DecodeCell(std::string_view bytes) {
  Cell cell;
  std::string_view square;
  bool fits = GetSigned(bytes, cell.count) && GetSigned(bytes, cell.value_sum);
  if (fits && !bytes.empty()) {
    fits = GetBytes(bytes, square) && bytes.empty() && !square.empty() &&
           square.size() <= sizeof cell.square_sum && square.back() != 0;
  }
  if (!fits) return DataLoss("series cell", "not a count and sums");
  for (size_t i = square.size(); i > 0; --i) {
    cell.square_sum = cell.square_sum << 8 | static_cast<uint8_t>(square[i - 1]);
  }
  return cell;
}

}  // namespace rapport::metrics
