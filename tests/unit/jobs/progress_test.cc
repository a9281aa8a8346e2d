// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/progress.h"

#include "gtest/gtest.h"

namespace rapport::jobs {
namespace {

TEST(Grouped, SetsCommas) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
  EXPECT_EQ(Grouped(-100), "-100");
}

TEST(ProgressText, ShowsShareRateAndRemainingTime) {
  EXPECT_EQ(ProgressText(0, 100, 0), "[........................]   0 %");
  EXPECT_EQ(ProgressText(5000, 20000, 2),
            "[######..................]  25 %  2,500 customers/s  6.0 s left");
  EXPECT_EQ(ProgressText(20000, 20000, 4), "[########################] 100 %  5,000 customers/s");
  // More than expected is not more than all.
  EXPECT_EQ(ProgressText(300, 200, 1), "[########################] 100 %  300 customers/s");
}

}  // namespace
}  // namespace rapport::jobs
