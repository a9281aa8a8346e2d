// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/segments.h"

#include <vector>

#include "gtest/gtest.h"

namespace rapport::jobs {
namespace {

struct Case {
  std::vector<uint64_t> counts;
  uint64_t new_events;
  size_t fold;
};

TEST(SegmentsToFold, FollowsTheSizes) {
  const Case cases[] = {
      {{}, 100, 0},                        // The first night.
      {{1000}, 100, 0},                    // Small beside what is there.
      {{1000}, 251, 1},                    // More than a quarter: all.
      {{1000, 100}, 60, 1},                // The newest is not twice as large.
      {{1000, 100}, 40, 0},                // It is.
      {{10000, 120, 50}, 30, 2},           // 50 <= 60, then 120 <= 160.
      {{100000, 10000, 1000, 100}, 1, 4},  // Five would be too many: all.
      {{100000, 10000, 1000}, 1, 0},       // Four are not.
      {{0, 0}, 5, 2},                      // Sizes not recorded: all.
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SegmentsToFold(c.counts, c.new_events), c.fold)
        << "new " << c.new_events << " on " << ::testing::PrintToString(c.counts);
  }
}

TEST(SegmentsToFold, NeverLeavesMoreThanFourAndWritesEachEventFewTimes) {
  std::vector<uint64_t> counts;
  uint64_t written = 0, sealed = 0;
  for (int night = 0; night < 1000; ++night) {
    const uint64_t new_events = 100;
    const size_t fold = SegmentsToFold(counts, new_events);
    uint64_t segment = new_events;
    for (size_t i = 0; i < fold; ++i) {
      segment += counts.back();
      counts.pop_back();
    }
    counts.push_back(segment);
    written += segment;
    sealed += new_events;
    ASSERT_LE(counts.size(), 4u) << "night " << night;
  }
  EXPECT_LT(static_cast<double>(written) / static_cast<double>(sealed), 40);
}

}  // namespace
}  // namespace rapport::jobs
