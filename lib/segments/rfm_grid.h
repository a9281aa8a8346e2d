// SPDX-License-Identifier: Apache-2.0
// The RFM grid: customers counted by their three scores, and the named segments that the
// cells of recency and FM (mean of frequency and monetary, halves up) belong to.
//
// Names, cells and advice are data (data/rfm_grid.textproto). RfmSums is not thread-safe;
// sums of several threads merge in any order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rapport/store/v1/segment.pb.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

// As it was embedded; the grid without figures, parsed once.
std::string_view RfmGridText();
const v1::RfmGrid& EmptyRfmGrid();

class RfmSums {
 public:
  // Customers without an order are passed over.
  void Add(const v1::CustomerFacts& facts);
  void Merge(const RfmSums& other);

  store::v1::RfmCells Encode() const;
  // DataLoss.
  absl::Status Decode(const store::v1::RfmCells& cells);
  // Segments by revenue, then customers, then id; cells as in the data. No context.
  v1::RfmGrid Answer(const std::string& currency) const;

 private:
  struct Cell {
    int64_t count = 0, revenue = 0, predicted = 0;
    void Add(const Cell& other);
  };
  std::array<Cell, 125> cells_{};
};

}  // namespace rapport::segments
