// SPDX-License-Identifier: Apache-2.0
#include "lib/math/totals.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

struct Limits {
  uint64_t events;
  double low;
  double high;
};
// Roots of the Poisson distribution function by bisection in 60-digit decimals; the table of
// Garwood 1936 agrees where it goes. From 1,000 on the expansion is used.
constexpr Limits kLimits[] = {
    {0, 0, 3.6888794541},
    {1, 0.0253178080, 5.5716433909},
    {3, 0.6186721229, 8.7672730697},
    {10, 4.7953886961, 18.3903560420},
    {100, 81.3639912509, 121.6267937924},
    {999, 938.0040185618, 1062.9211512249},
    {1000, 938.9730184077, 1063.9521360163},
    {5000, 4862.3591886949, 5140.5489485350},
};

TEST(Poisson, GarwoodsLimits) {
  for (const Limits& wanted : kLimits) {
    const auto interval = PoissonInterval(wanted.events, 0.95);
    ASSERT_TRUE(interval.has_value());
    EXPECT_EQ(interval->estimate, static_cast<double>(wanted.events));
    EXPECT_NEAR(interval->low, wanted.low, 2e-9) << wanted.events;
    EXPECT_NEAR(interval->high, wanted.high, 2e-9) << wanted.events;
  }
  EXPECT_FALSE(PoissonInterval(3, 1).has_value());
  EXPECT_FALSE(PoissonInterval(3, 0).has_value());
}

TEST(Compound, RootOfTheSumOfSquares) {
  // Ten amounts of 3 and 4 in turn: sum 35, squares 125, 1.959964 x 11.18034 = 21.913063.
  const auto interval = CompoundInterval(10, 35, 125, 0.95);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->low, 35 - 21.913063, 1e-6);
  EXPECT_NEAR(interval->high, 35 + 21.913063, 1e-6);
  EXPECT_FALSE(CompoundInterval(9, 35, 125, 0.95).has_value()) << "too few";
  EXPECT_FALSE(CompoundInterval(10, 0, 0, 0.95).has_value()) << "no amounts";
}

RatioSums SumsOf(std::span<const std::pair<double, double>> units) {
  RatioSums sums;
  for (const auto& [x, y] : units) {
    ++sums.units;
    sums.x += x, sums.y += y;
    sums.xx += x * x, sums.xy += x * y, sums.yy += y * y;
  }
  return sums;
}

TEST(Ratio, ByHand) {
  // R = 153 / 200 = .765; residuals -6.5, 11.75, -15.3, 10.05 have squares 515.4... and
  // v = 4/3 x that / 200^2; t(3) = 3.182446.
  const std::pair<double, double> units[] = {{100, 70}, {50, 50}, {20, 0}, {30, 33}};
  double squares = 0;
  for (const auto& [x, y] : units) squares += (y - 0.765 * x) * (y - 0.765 * x);
  const double half = 3.182446305 * std::sqrt(4.0 / 3 * squares) / 200;
  const auto interval = RatioInterval(SumsOf(units), 0.95);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->estimate, 0.765, 1e-12);
  EXPECT_NEAR(interval->low, 0.765 - half, 1e-9);
  EXPECT_NEAR(interval->high, 0.765 + half, 1e-9);
}

TEST(Ratio, OfEqualDenominatorsIsTheMean) {
  // x = 1: the mean of 1, 2, 3, 4, 5 with s^2 = 2.5 and t(4) = 2.776445.
  const std::pair<double, double> units[] = {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}};
  const auto interval = RatioInterval(SumsOf(units), 0.95);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->high, 3 + 2.776445105 * std::sqrt(0.5), 1e-8);
}

TEST(Ratio, NothingToJudgeBy) {
  const std::pair<double, double> alike[] = {{10, 5}, {20, 10}, {0.3, 0.15}};
  EXPECT_FALSE(RatioInterval(SumsOf(alike), 0.95).has_value());
  EXPECT_FALSE(RatioInterval(SumsOf(std::span(alike).first(1)), 0.95).has_value());
  EXPECT_FALSE(RatioInterval({}, 0.95).has_value());
}

// How often intervals hold the truth, over samples from known distributions. 2,000 samples
// have a standard error of .5 %.
TEST(Coverage, IsWhatIntervalsSay) {
  std::mt19937_64 random(7);
  std::gamma_distribution<double> size(2, 50);
  std::uniform_real_distribution<double> chance(0, 1);
  constexpr int kSamples = 2000;
  int ratio = 0, poisson = 0, compound = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    // A customer pays x; one in five leaves, one in five pays half as much again: R = .9.
    RatioSums sums;
    for (int i = 0; i < 150; ++i) {
      const double x = size(random), luck = chance(random);
      const double y = luck < 0.2 ? 0 : luck < 0.4 ? 1.5 * x : x;
      ++sums.units;
      sums.x += x, sums.y += y, sums.xx += x * x, sums.xy += x * y, sums.yy += y * y;
    }
    const Interval of_ratio = RatioInterval(sums, 0.95).value();
    ratio += of_ratio.low <= 0.9 && 0.9 <= of_ratio.high ? 1 : 0;
    const int orders = std::poisson_distribution<int>(40)(random);
    const Interval of_count = PoissonInterval(static_cast<uint64_t>(orders), 0.95).value();
    poisson += of_count.low <= 40 && 40 <= of_count.high ? 1 : 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < orders; ++i) {
      const double amount = size(random);
      sum += amount, squares += amount * amount;
    }
    const Interval of_sum = CompoundInterval(orders, sum, squares, 0.95).value();
    compound += of_sum.low <= 4000 && 4000 <= of_sum.high ? 1 : 0;
  }
  const auto share = [](int held) { return 100.0 * held / kSamples; };
  EXPECT_NEAR(share(ratio), 95, 1.5);
  EXPECT_NEAR(share(compound), 95, 1.5);
  // Exact intervals hold at least as often as they say: counts are whole.
  EXPECT_GT(share(poisson), 95);
  EXPECT_LT(share(poisson), 98);
}

}  // namespace
}  // namespace rapport::math
