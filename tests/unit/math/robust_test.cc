// SPDX-License-Identifier: Apache-2.0
#include "lib/math/robust.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

TEST(Robust, MedianAndSpread) {
  EXPECT_FALSE(Median({}).has_value());
  EXPECT_EQ(*Median({3}), 3);
  EXPECT_EQ(*Median({9, 1, 5}), 5);
  EXPECT_EQ(*Median({9, 1, 5, 7}), 6);
  EXPECT_FALSE(MadSigma({}, 0).has_value());
  // Distances from 2 are 1 1 0 0 2 4 7: the middle one is 1.
  const double values[] = {1, 1, 2, 2, 4, 6, 9};
  EXPECT_DOUBLE_EQ(*MadSigma(values, 2), 1.4826022185056018);
}

TEST(Robust, MadIsTheDeviationOfNormalValues) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(5, 3);
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(normal(random));
  EXPECT_NEAR(*MadSigma(values, 5), 3, .03);
  for (int i = 0; i < 10'000; ++i) values[static_cast<size_t>(i)] = 1e9;
  EXPECT_LT(*MadSigma(values, 5), 3.6);
}

// Sen's own form: slopes of all pairs; the line 3 + 2 x but for two points of eight.
TEST(Robust, TheilSenIgnoresAFewPoints) {
  std::vector<TrendPoint> points;
  for (double x : {0., 1., 2., 3., 5., 8., 9., 10.}) points.push_back({x, 3 + 2 * x});
  EXPECT_DOUBLE_EQ(*TheilSenSlope(points), 2);
  points[3].value = 900;
  points[6].value = -900;
  EXPECT_DOUBLE_EQ(*TheilSenSlope(points), 2);
  EXPECT_FALSE(TheilSenSlope({}).has_value());
  const TrendPoint same[] = {{4, 1}, {4, 2}};
  EXPECT_FALSE(TheilSenSlope(same).has_value());
}

}  // namespace
}  // namespace rapport::math
