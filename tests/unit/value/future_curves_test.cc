// SPDX-License-Identifier: Apache-2.0
#include "lib/value/future_curves.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"
#include "lib/value/history_nodes.h"
#include "lib/value/purchase_forecast.h"
#include "tests/unit/value/any_model.h"

namespace rapport::value {
namespace {

void ExpectClose(double curve, double direct, double tolerance, const std::string& what) {
  EXPECT_NEAR(curve, direct, tolerance * std::fabs(direct) + 1e-15) << what;
}

void ExpectCurvesMatch(ModelKind kind, uint64_t seed, int rounds, uint32_t regularity = 1) {
  Draws draws(seed);
  const auto draw = [&](double low, double high) { return draws.LogUniform(low, high); };
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> values;
    for (size_t i = 0; i < TraitsOf(kind).parameters.size(); ++i) {
      values.push_back(i == 1 || (i == 3 && kind == ModelKind::kParetoNbd) ? draw(.5, 200)
                                                                           : draw(.1, 20));
    }
    const auto model = ModelOf(kind, values, regularity);
    FutureCurves curves(*model, {.horizon_days = draw(10, 2000),
                                 .discount_per_day = DiscountPerDay(draw(.03, .5))});
    for (int customer = 0; customer < 2; ++customer) {
      const auto x = static_cast<uint32_t>(draw(1, customer == 0 ? 60 : 1500)) - 1;
      const AliveState state{1, x, customer == 0 ? 0 : regularity - 1, draw(1, 3000)};
      const StateFuture read = curves.At(state), direct = curves.Direct(state);
      const std::string what = std::string(TraitsOf(kind).name) + " round " +
                               std::to_string(round) + " x " + std::to_string(x) + " T " +
                               std::to_string(state.age_days);
      ExpectClose(read.purchases, direct.purchases, 1e-9, what + " purchases");
      ExpectClose(read.discounted, direct.discounted, 1e-9, what + " discounted");
      ExpectClose(read.forever, direct.forever, 1e-9, what + " forever");
      ExpectClose(read.any, direct.any, 1e-9, what + " any");
      ExpectClose(read.short_purchases, direct.short_purchases, 1e-9, what + " short");
      ExpectClose(read.ever, direct.ever, 1e-9, what + " ever");
      ExpectClose(read.median_next_days, direct.median_next_days, 1e-9, what + " median");
      if (x == 0) continue;
      const PurchaseHistory history{.frequency = x, .recency_days = draw(1, 3000)};
      const double silence = model->SilenceDays(history, .5);
      if (std::isfinite(silence)) {
        ExpectClose(curves.SilenceDays(history), silence, 3e-9, what + " silence");
      } else {
        EXPECT_EQ(curves.SilenceDays(history), silence);
      }
    }
  }
}

TEST(FutureCurves, MatchDirectCallsOfBgNbd) { ExpectCurvesMatch(ModelKind::kBgNbd, 1, 2); }
TEST(FutureCurves, MatchDirectCallsOfMbgNbd) { ExpectCurvesMatch(ModelKind::kMbgNbd, 2, 6); }
TEST(FutureCurves, MatchDirectCallsOfParetoNbd) { ExpectCurvesMatch(ModelKind::kParetoNbd, 3, 40); }
TEST(FutureCurves, MatchDirectCallsOfNbd) { ExpectCurvesMatch(ModelKind::kNbd, 4, 20); }
TEST(FutureCurves, MatchDirectCallsOfRegularBuyers) {
  ExpectCurvesMatch(ModelKind::kMbgCnbdK, 5, 3, 2);
}

TEST(FutureCurves, BgBbIsKeptPerOpportunity) {
  const auto model = ModelOf(ModelKind::kBgBb, {1.2, .75, .66, 2.78});
  FutureCurves curves(*model, {.horizon_days = 70, .discount_per_day = 3e-4});
  for (double age : {0.0, 3.0, 7.0, 45.0}) {
    const AliveState state{1, age > 7 ? 2u : 0u, 0, age};
    EXPECT_EQ(curves.At(state).purchases, curves.Direct(state).purchases);
    EXPECT_EQ(curves.At(state).forever, curves.Direct(state).forever);
  }
}

TEST(FutureCurves, OtherCustomersDoNotChangeABit) {
  const auto model = ModelOf(ModelKind::kMbgNbd, {.52, 6.18, .89, 1.61});
  const FutureOptions options{.discount_per_day = 3e-4};
  FutureCurves alone(*model, options), crowded(*model, options);
  for (uint32_t x = 0; x < 30; ++x) crowded.At({1, 29 - x, 0, 20.0 * x});
  EXPECT_EQ(alone.At({1, 3, 0, 200}).discounted, crowded.At({1, 3, 0, 200}).discounted);
  EXPECT_EQ(alone.SilenceDays({3, 50, 90}), crowded.SilenceDays({3, 50, 90}));
}

TEST(FutureCurves, NothingHappensInNoTime) {
  const auto model = ModelOf(ModelKind::kBgNbd, {.24, 4.4, .79, 2.4});
  FutureCurves curves(*model, {.horizon_days = 0, .discount_per_day = 3e-4});
  const StateFuture future = curves.At({1, 5, 0, 100});
  EXPECT_EQ(future.purchases, 0);
  EXPECT_EQ(future.discounted, 0);
  EXPECT_EQ(future.any, 0);
  EXPECT_GT(future.short_purchases, 0);
}

TEST(CountNodes, PlacesAreWholeAndInvertible) {
  for (uint32_t dense : {8u, 64u}) {
    for (uint32_t x = 0; x < 5000; ++x) {
      const uint32_t below = PlaceBelow(x, dense);
      EXPECT_LE(CountPlace(below, dense), x);
      EXPECT_GT(CountPlace(below + 1, dense), x);
    }
  }
}

TEST(CountNodes, InterpolateInLogX) {
  for (uint32_t x : {65u, 101u, 999u, 12'345u}) {
    const CountNodes<8> nodes = CountNodesOf<8>(x, 64);
    double sum = 0;
    for (size_t i = 0; i < nodes.size; ++i)
      sum += nodes.weights[i] * std::log(nodes.counts[i] + .3);
    EXPECT_NEAR(sum, std::log(x + .3), 1e-13);
  }
}

}  // namespace
}  // namespace rapport::value
