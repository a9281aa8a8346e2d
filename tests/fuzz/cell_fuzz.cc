// SPDX-License-Identifier: Apache-2.0
// Cells of metric series.
#include "lib/metrics/series.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  return {metrics::EncodeCell({}), metrics::EncodeCell({.count = 3, .value_sum = 120'000'000}),
          metrics::EncodeCell({.count = -1, .value_sum = INT64_MIN}),
          metrics::EncodeCell({.count = 2, .value_sum = 5, .square_sum = 13})};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto cell = rapport::metrics::DecodeCell(rapport::fuzz::AsText(bytes, size));
  if (!cell.ok()) return 0;
  const auto again = rapport::metrics::DecodeCell(rapport::metrics::EncodeCell(*cell));
  rapport::fuzz::Require(again.ok() && *again == *cell, "round trip");
  return 0;
}
