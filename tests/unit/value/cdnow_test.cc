// SPDX-License-Identifier: Apache-2.0
// Published anchors on the raw CDNOW sample. Sources: value.md section 1 (maximum found
// with gradient < 1e-7; published .243 4.414 .793 2.426, -9582.4 in Fader, Hardie, Lee
// 2005; Gamma-Gamma 6.25 3.74 15.44 in Fader and Hardie note 025).
#include <cmath>

#include "gtest/gtest.h"
#include "lib/value/purchase_forecast.h"
#include "lib/value/spend_fit.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"

namespace rapport::value {
namespace {

struct Anchor {
  double value, standard_error;
};

void ExpectAnchors(const FitSummary& summary, std::initializer_list<Anchor> anchors) {
  ASSERT_EQ(summary.parameters.size(), anchors.size());
  auto parameter = summary.parameters.begin();
  for (const Anchor& anchor : anchors) {
    EXPECT_NEAR(parameter->value / anchor.value, 1, 1e-6) << parameter->name;
    EXPECT_NEAR(parameter->standard_error / anchor.standard_error, 1, 1e-3) << parameter->name;
    EXPECT_TRUE(parameter->identified) << parameter->name;
    ++parameter;
  }
  EXPECT_TRUE(summary.usable()) << summary.Explanation();
  EXPECT_LT(summary.gradient_norm, 1e-9);
}

TEST(Cdnow, SampleIsTheOneTheAnchorsAreFor) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  EXPECT_EQ(cdnow.histories.size(), 2357u);
  EXPECT_EQ(cdnow.lines, 6919u);
  EXPECT_EQ(cdnow.order_days, 6696);
  double repeats = 0, one_time = 0, holdout = 0;
  for (const PurchaseHistory& history : cdnow.histories) {
    repeats += history.frequency;
    one_time += history.frequency == 0;
  }
  for (double count : cdnow.holdout) holdout += count;
  EXPECT_EQ(repeats, 2457);
  EXPECT_EQ(one_time, 1411);
  EXPECT_EQ(holdout, 1882);
}

TEST(Cdnow, GammaGammaMatchesThePublishedFit) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit fit, FitGammaGamma(cdnow.histories));
  ExpectAnchors(fit.summary, {{6.249572, 1.1901}, {3.744225, .29013}, {15.443521, 4.1594}});
  EXPECT_EQ(fit.summary.observations, 946);
  EXPECT_NEAR(fit.summary.log_likelihood, -4055.9176948, 5e-7);
  double sum = 0;
  for (const PurchaseHistory& history : cdnow.histories) {
    if (history.frequency == 0) continue;
    sum += fit.model.LogLikelihood(history.frequency, history.mean_value());
  }
  EXPECT_NEAR(sum, fit.summary.log_likelihood, 1e-8);
}

TEST(Cdnow, SpendIsGammaGamma) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const SpendFit fit, FitSpend(cdnow.histories));
  EXPECT_TRUE(fit.model.gamma_gamma.has_value());
  EXPECT_EQ(fit.model.reason, SpendReason::kNone);
  EXPECT_NEAR(*fit.independence.correlation, .11, .005);  // Note 025: .11.
  EXPECT_EQ(fit.repeaters, 946);
}

// data/README.md: with the published summary (x 2, t_x 30.43, T 38.86 weeks).
TEST(Cdnow, ConditionalExpectationMatchesThePublishedExample) {
  ModelParameters parameters;
  parameters.values = {.2425945, 4.413602, .792922, 2.425907};
  const auto model = *MakePurchaseModel(parameters);
  const PurchaseForecast forecast = *PurchaseForecast::Create(*model, {2, 30.43 * 7, 38.86 * 7});
  EXPECT_NEAR(forecast.ExpectedPurchases(39 * 7), 1.225907, 5e-7);
}

}  // namespace
}  // namespace rapport::value
