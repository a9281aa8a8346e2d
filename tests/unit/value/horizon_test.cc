// SPDX-License-Identifier: Apache-2.0
#include "lib/value/horizon.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace rapport::value {
namespace {

constexpr BgNbdParameters kCdnow{.2425945, 4.413602, .792922, 2.425907, 7};

// Curves against direct quadrature over random models and customers.
TEST(BgNbdHorizon, CurvesMatchDirectQuadrature) {
  std::mt19937_64 random(5);
  const auto log_uniform = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random));
  };
  for (int round = 0; round < 60; ++round) {
    const BgNbd model = *BgNbd::Create({log_uniform(.05, 20), log_uniform(.1, 500),
                                        log_uniform(.05, 20), log_uniform(.05, 50), 7});
    BgNbdHorizon horizon(model, log_uniform(1, 3650), log_uniform(.01, .5));
    for (int customer = 0; customer < 4; ++customer) {
      const auto x = static_cast<uint32_t>(log_uniform(1, 2000)) - 1;
      const double age = log_uniform(.1, 4000);
      const AliveFuture curve = horizon.At(x, age), direct = horizon.Direct(x, age);
      EXPECT_NEAR(curve.purchases / direct.purchases, 1, 1e-9) << round << " x " << x;
      EXPECT_NEAR(curve.discounted_purchases / direct.discounted_purchases, 1, 1e-9) << round;
    }
  }
}

// Discounting day by day (expected purchases of each day at its middle) is the definition.
TEST(BgNbdHorizon, DiscountingIsTheSumOverSmallSteps) {
  const BgNbd model = *BgNbd::Create(kCdnow);
  for (double rate : {.1, 1.0}) {
    BgNbdHorizon horizon(model, 730, rate);
    const PurchaseHistory history{.age_days = 120};
    double sum = 0, before = 0;
    for (int day = 1; day <= 730; ++day) {
      const double until = model.ExpectedPurchases(history, day);
      sum += (until - before) * std::pow(1 + rate, -(day - .5) / 365);
      before = until;
    }
    EXPECT_NEAR(horizon.At(0, 120).discounted_purchases / sum, 1, 2e-6);
    EXPECT_NEAR(horizon.At(0, 120).purchases / before, 1, 1e-11);
  }
}

TEST(BgNbdHorizon, OtherCustomersDoNotChangeABit) {
  const BgNbd model = *BgNbd::Create(kCdnow);
  BgNbdHorizon alone(model, 365, .1), crowded(model, 365, .1);
  for (uint32_t x = 0; x < 50; ++x) crowded.At(49 - x, 20.0 * x);
  EXPECT_EQ(alone.At(3, 200).discounted_purchases, crowded.At(3, 200).discounted_purchases);
}

TEST(BgNbdHorizon, NothingHappensInNoTime) {
  BgNbdHorizon horizon(*BgNbd::Create(kCdnow), 0, .1);
  EXPECT_EQ(horizon.At(5, 100).purchases, 0);
  EXPECT_EQ(horizon.At(5, 100).discounted_purchases, 0);
}

}  // namespace
}  // namespace rapport::value
