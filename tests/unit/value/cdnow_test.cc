// SPDX-License-Identifier: Apache-2.0
// Published anchors on the raw CDNOW sample. Sources: value.md section 1 (maximum found
// with gradient < 1e-7; published .243 4.414 .793 2.426, -9582.4 in Fader, Hardie, Lee
// 2005; Gamma-Gamma 6.25 3.74 15.44 in Fader and Hardie note 025).
#include <cmath>

#include "gtest/gtest.h"
#include "lib/value/value_model.h"
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

TEST(Cdnow, BgNbdMatchesThePublishedFit) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const BgNbdFit fit, FitBgNbd(cdnow.histories));
  ExpectAnchors(fit.summary,
                {{.2425945, .01256}, {4.413602, .37822}, {.792922, .18573}, {2.425907, .70541}});
  EXPECT_NEAR(fit.summary.log_likelihood, -9582.4292067, 5e-7);
  EXPECT_NEAR(fit.summary.bic, 2 * 9582.4292067 + 4 * std::log(2357.0), 1e-5);
  EXPECT_NEAR(fit.summary.aic, 2 * 9582.4292067 + 8, 1e-5);
  // The fast likelihood and the one-customer likelihood agree.
  double sum = 0;
  for (const PurchaseHistory& history : cdnow.histories) sum += fit.model.LogLikelihood(history);
  EXPECT_NEAR(sum, fit.summary.log_likelihood, 1e-8);
}

TEST(Cdnow, BgNbdFrequencyTableIsClose) {  // Actual counts: Fader, Hardie, Lee 2005, fig. 2.
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const BgNbdFit fit, FitBgNbd(cdnow.histories));
  const double actual[] = {1411, 439, 214, 100, 62, 38, 29, 64};
  double total = 0;
  ASSERT_EQ(fit.frequencies.size(), 8u);
  for (size_t n = 0; n < 8; ++n) {
    EXPECT_EQ(fit.frequencies[n].purchases, n);
    EXPECT_EQ(fit.frequencies[n].actual, actual[n]);
    EXPECT_NEAR(fit.frequencies[n].expected, actual[n], 25);
    total += fit.frequencies[n].expected;
  }
  EXPECT_NEAR(total, 2357, 1e-8);
}

TEST(Cdnow, BgNbdHoldoutErrorMatches) {  // value.md: MAE .7855; MAE is a mean, not a ratio.
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const BgNbdFit fit, FitBgNbd(cdnow.histories));
  std::vector<double> expected;
  for (const PurchaseHistory& history : cdnow.histories) {
    expected.push_back(fit.model.ExpectedPurchases(history, kCdnowHoldoutDays));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const HoldoutReport report,
                               EvaluateHoldout(expected, cdnow.holdout));
  EXPECT_NEAR(report.mean_absolute_error, .7855, 5e-5);
  EXPECT_EQ(report.total_actual, 1882);
  EXPECT_LT(report.bias, 0);
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

TEST(Cdnow, ValueModelUsesGammaGammaAndScoresEverybody) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ValueFit fit, FitValueModel(cdnow.histories));
  EXPECT_TRUE(fit.usable());
  EXPECT_EQ(fit.spend_reason, SpendReason::kNone);
  EXPECT_NEAR(*fit.independence.correlation, .11, .005);  // Note 025: .11.
  EXPECT_EQ(fit.repeaters, 946);
  RAPPORT_ASSERT_OK_AND_ASSIGN(ClvScorer scorer, MakeScorer(fit.parameters()));
  for (const PurchaseHistory& history : cdnow.histories) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const CustomerValue value, scorer.Score(history));
    EXPECT_NEAR(value.expected_purchases, fit.purchases.model.ExpectedPurchases(history, 365),
                1e-9 * value.expected_purchases);
    EXPECT_GT(value.clv, 0);
    EXPECT_LE(value.clv_low, value.clv_high);
  }
}

// data/README.md: with the published summary (x 2, t_x 30.43, T 38.86 weeks).
TEST(Cdnow, ConditionalExpectationMatchesThePublishedExample) {
  const BgNbd model = *BgNbd::Create({.2425945, 4.413602, .792922, 2.425907, 7});
  const PurchaseHistory history{.frequency = 2, .recency_days = 30.43 * 7, .age_days = 38.86 * 7};
  EXPECT_NEAR(model.ExpectedPurchases(history, 39 * 7), 1.225907, 5e-7);
}

}  // namespace
}  // namespace rapport::value
