// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_forecast.h"

#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/any_model.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

const std::vector<double> kCdnowBgNbd = {.2425945, 4.413602, .792922, 2.425907};
const std::vector<double> kCdnowPareto = {.553277, 10.577684, .606240, 11.668735};

struct Case {
  ModelKind kind;
  std::vector<double> values;
  uint32_t regularity;
};
const Case kCases[] = {{ModelKind::kBgNbd, kCdnowBgNbd, 1},
                       {ModelKind::kMbgNbd, {.524843, 6.183085, .891359, 1.614002}, 1},
                       {ModelKind::kParetoNbd, kCdnowPareto, 1},
                       {ModelKind::kMbgCnbdK, {.52, 3.1, .89, 1.61}, 2},
                       {ModelKind::kBgBb, {1.203522, .749716, .656718, 2.783442}, 1},
                       {ModelKind::kNbd, {.384766, 12.07201}, 1}};

// Published (Fader, Hardie, Lee 2005; value.md): x 2, t_x 30.43, T 38.86 weeks expects
// 1.226 purchases in 39 weeks.
TEST(PurchaseForecast, PublishedConditionalExpectation) {
  const auto model = ModelOf(ModelKind::kBgNbd, {.243, 4.414, .793, 2.426});
  const PurchaseForecast forecast = *PurchaseForecast::Create(*model, {2, 30.43 * 7, 38.86 * 7});
  EXPECT_NEAR(forecast.ExpectedPurchases(39 * 7), 1.226, .0005);
}

TEST(PurchaseForecast, PartsAgreeUnderEveryModel) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(TraitsOf(c.kind).name);
    const auto model = ModelOf(c.kind, c.values, c.regularity);
    const PurchaseForecast forecast = *PurchaseForecast::Create(*model, {3, 140, 210});
    const std::vector<double> counts = forecast.PurchaseCounts(180, 600);
    double mean = 0;
    for (size_t n = 0; n < counts.size(); ++n) mean += static_cast<double>(n) * counts[n];
    EXPECT_NEAR(std::accumulate(counts.begin(), counts.end(), 0.0), 1, 1e-9);
    EXPECT_NEAR(mean / forecast.ExpectedPurchases(180), 1, 1e-8);
    EXPECT_NEAR(1 - counts[0], forecast.ProbabilityOfPurchase(180), 1e-10);
    EXPECT_LT(forecast.DiscountedPurchases(180, .1), forecast.ExpectedPurchases(180));
    EXPECT_NEAR(forecast.DiscountedPurchases(180, 0), forecast.ExpectedPurchases(180), 1e-10);
    EXPECT_GT(forecast.DiscountedForever(.1), forecast.DiscountedPurchases(3650, .1));
    EXPECT_NEAR(forecast.DiscountedForever(.2) / forecast.DiscountedPurchases(1e6, .2), 1, 1e-8);
    EXPECT_EQ(forecast.PAliveAhead(0), forecast.p_alive());
    EXPECT_LE(forecast.PAliveAhead(100), forecast.p_alive());
  }
}

TEST(PurchaseForecast, HalfOfThoseWhoBuyAgainDoSoByTheMedian) {
  for (const Case& c : kCases) {
    if (c.kind == ModelKind::kBgBb) continue;  // Steps: see below.
    SCOPED_TRACE(TraitsOf(c.kind).name);
    const auto model = ModelOf(c.kind, c.values, c.regularity);
    for (const PurchaseHistory& history : {PurchaseHistory{0, 0, 50}, {3, 140, 210}}) {
      const PurchaseForecast forecast = *PurchaseForecast::Create(*model, history);
      const NextPurchase next = forecast.Next();
      EXPECT_NEAR(forecast.ProbabilityOfPurchase(next.median_days), next.probability / 2, 1e-10);
      EXPECT_LE(next.probability, forecast.p_alive() + 1e-12);
    }
  }
}

TEST(PurchaseForecast, MedianOfStepsIsTheFirstCloseThatReachesHalf) {
  const auto model = ModelOf(ModelKind::kBgBb, kCases[4].values);
  const PurchaseForecast forecast = *PurchaseForecast::Create(*model, {3, 140, 210});
  const NextPurchase next = forecast.Next();
  EXPECT_GE(forecast.ProbabilityOfPurchase(next.median_days * 1.0001), next.probability / 2);
  EXPECT_LT(forecast.ProbabilityOfPurchase(next.median_days * .999), next.probability / 2);
}

// NBD: P(no purchase in t) = ((alpha + T) / (alpha + T + t))^(r + x), so the median is in
// closed form; with r + x = 12 "ever" is certain.
TEST(PurchaseForecast, MedianOfNbdInClosedForm) {
  const auto model = ModelOf(ModelKind::kNbd, {2, 10});
  const NextPurchase next = PurchaseForecast::Create(*model, {10, 300, 350})->Next();
  EXPECT_NEAR(next.probability, 1, 1e-15);
  EXPECT_NEAR(next.median_days, 7 * 60 * (std::pow(2, 1. / 12) - 1), 1e-8);
}

TEST(PurchaseForecast, HorizonsOutsideAreMovedInside) {
  const auto model = ModelOf(ModelKind::kBgNbd, kCdnowBgNbd);
  const PurchaseForecast forecast = *PurchaseForecast::Create(*model, {2, 213, 272});
  EXPECT_EQ(forecast.ExpectedPurchases(-5), 0);
  EXPECT_EQ(forecast.ExpectedPurchases(std::nan("")), 0);
  EXPECT_EQ(forecast.ExpectedPurchases(1e9), forecast.ExpectedPurchases(1e6));
  EXPECT_EQ(forecast.DiscountedForever(0), 0);
  EXPECT_THAT(PurchaseForecast::Create(*model, {1, 20, 10}),
              FailsWith("RECENCY_AFTER_AGE", "recency_days"));
}

}  // namespace
}  // namespace rapport::value
