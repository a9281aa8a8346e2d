// SPDX-License-Identifier: Apache-2.0
// Random rows and bytes for the tests of this folder, from a seed that failures print.
#pragma once

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "lib/events/row.h"

namespace rapport::events {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t Between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool OneIn(int64_t n) { return Between(1, n) == 1; }
  // Mostly small, sometimes at the ends of the range.
  int64_t Wild() {
    constexpr int64_t kEnds[] = {std::numeric_limits<int64_t>::min(), -1, 0, 1,
                                 std::numeric_limits<int64_t>::max()};
    if (OneIn(50)) return kEnds[Between(0, 4)];
    return OneIn(2) ? Between(0, 500) * 10'000 : Between(-1'000'000'000'000, 1'000'000'000'000);
  }
  std::string Bytes(size_t most) {
    std::string bytes(static_cast<size_t>(Between(0, static_cast<int64_t>(most))), '\0');
    for (char& c : bytes) c = static_cast<char>(Between(0, 255));
    return bytes;
  }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

inline EventRow RandomRow(Random& random, CustomerNo first, CustomerNo last) {
  constexpr TypeNo kTypes[] = {10, 30, 31, 52, 81, 82, 110, 1001, 65535};
  EventRow row;
  row.customer_no = static_cast<CustomerNo>(random.Between(first, last));
  row.time = random.OneIn(20) ? random.Wild() : random.Between(0, 700) * 86'400'000'000;
  row.type = kTypes[random.Between(0, 8)];
  row.value = random.Wild();
  row.aux = random.OneIn(3) ? random.Wild() : 0;
  row.touchpoint_no = static_cast<uint32_t>(random.OneIn(9) ? random.Between(0, UINT32_MAX)
                                                            : random.Between(0, 20));
  row.campaign_no = static_cast<uint32_t>(random.Between(0, 3));
  row.currency = static_cast<uint16_t>(random.OneIn(9) ? random.Between(0, UINT16_MAX) : 5778);
  row.channel = static_cast<uint8_t>(random.Between(0, 12));
  return row;
}

inline void SortRows(std::vector<EventRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const EventRow& a, const EventRow& b) {
    return a.customer_no != b.customer_no ? a.customer_no < b.customer_no : TimelineLess(a, b);
  });
}

}  // namespace rapport::events
