// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/reasons.h"

#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "lib/predict/churn_forecast.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

// A model written down by hand: w = 1 on log1p(recency) about a typical 21 days, -0.5 on
// trend, nps absent +0.6 / known -0.2 a deviation, team +0.4.
ClassifierModel HandModel() {
  ClassifierModel model;
  for (const FeatureSpec& spec : kSmallTable) model.features.emplace_back(spec.name);
  model.typical = {21, 0, 7, 0, 7, kMissing};
  model.columns = {
      {0, ColumnPart::kValue, 0, std::log(22), 1, 0, 10},
      {1, ColumnPart::kValue, 0, 0, 2, -20, 20},
      {2, ColumnPart::kValue, 0, 6, 3, 0, 10},
      {2, ColumnPart::kIsMissing, 0, 0.4, 0.5, 0, 1},
      {3, ColumnPart::kLevel, 1, 0.3, 0.5, 0, 1},
      {3, ColumnPart::kLevel, 2, 0.3, 0.5, 0, 1},
      {4, ColumnPart::kValue, 0, 7, 0, 7, 7},
  };
  model.coefficients = {-1, 1, -0.5, -0.2, 0.6, 0, 0.4, 0};
  model.covariance.assign(64, 0.0);
  return model;
}

TEST(Reasons, ByHand) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier,
                               Classifier::Make(HandModel(), kSmallTable));
  const double features[] = {84, -4, kMissing, 0, 7, kMissing};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Reasons reasons, ExplainClassification(classifier, features));
  ASSERT_EQ(reasons.raising.size(), 3U);
  EXPECT_EQ(reasons.raising[0].text, "no order for 84 days (typical 21)");
  EXPECT_NEAR(reasons.raising[0].contribution, std::log(85.0 / 22), 1e-6);
  EXPECT_EQ(reasons.raising[1].text, "activity changed by -4 (typical 0)");
  EXPECT_NEAR(reasons.raising[1].contribution, 1, 1e-12);
  EXPECT_EQ(reasons.raising[1].value, -4);
  EXPECT_EQ(reasons.raising[1].typical, 0);
  EXPECT_EQ(reasons.raising[2].text, "no score yet");
  EXPECT_NEAR(reasons.raising[2].contribution, 0.6 * (1 - 0.4) / 0.5, 1e-12);
  ASSERT_EQ(reasons.lowering.size(), 1U);
  EXPECT_EQ(reasons.lowering[0].text, "plan: free");
  EXPECT_NEAR(reasons.lowering[0].contribution, 0.4 * (0 - 0.3) / 0.5, 1e-12);
}

TEST(Reasons, EqualContributionsKeepTheTablesOrder) {
  ClassifierModel model = HandModel();
  model.columns[0] = {0, ColumnPart::kValue, 0, 0, 1, -20, 20};
  model.coefficients = {0, 0, -0.5, 0, 0, 0, 0, 0.5};
  model.columns[6] = {4, ColumnPart::kValue, 0, 0, 2, -20, 20};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier, Classifier::Make(model, kSmallTable));
  const double features[] = {0, -4, 3, 0, 4, kMissing};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Reasons reasons,
                               ExplainClassification(classifier, features, {.most = 1}));
  ASSERT_EQ(reasons.raising.size(), 1U);
  EXPECT_EQ(reasons.raising[0].feature, "trend");
}

// With `most` large and `least` 0, contributions add up to the log-odds less the intercept,
// and over the training rows each feature's contributions average to 0.
TEST(Reasons, ContributionsAddUp) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const ClassifierModel model,
      TrainClassifier(ClassifierKind::kChurn, DrawRows(3000, 1), DrawRows(1000, 2)));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier, Classifier::Make(model, kSmallTable));
  SplitMix64 random(1);
  double sum = 0, total = 0;
  for (int i = 0; i < 3000; ++i) {
    const SmallCustomer customer = DrawCustomer(random);
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const Reasons reasons,
        ExplainClassification(classifier, customer.features, {.most = 99, .least = 0}));
    double added = model.coefficients[0];
    for (const Reason& reason : reasons.raising) added += reason.contribution;
    for (const Reason& reason : reasons.lowering) added += reason.contribution;
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Classification c, classifier.Classify(customer.features));
    EXPECT_NEAR(added, c.log_odds, 1e-12);
    sum += (1 + i % 2) * (added - model.coefficients[0]);
    total += 1 + i % 2;
  }
  EXPECT_NEAR(sum / total, 0, 1e-9);
}

TEST(ChurnForecast, PicksTheBasis) {
  const math::Interval purchase{0.3, 0.2, 0.4}, subscription{0.1, 0.05, 0.2},
      classifier{0.6, 0.5, 0.7};
  EXPECT_FALSE(ForecastChurn({}, 90));
  ChurnCandidates all{.purchase_model = purchase,
                      .subscription_runs = true,
                      .subscription_model = subscription,
                      .classifier = classifier,
                      .classifier_beats_purchase_model = true};
  const auto basis = [](const ChurnCandidates& c) { return ForecastChurn(c, 90)->basis; };
  EXPECT_EQ(basis(all), ChurnBasis::kSubscriptionModel);
  EXPECT_EQ(ForecastChurn(all, 90)->probability, 0.1);
  EXPECT_EQ(ForecastChurn(all, 90)->horizon_days, 90);
  all.subscription_runs = false;
  EXPECT_EQ(basis(all), ChurnBasis::kClassifier);
  all.classifier_beats_purchase_model = false;
  EXPECT_EQ(basis(all), ChurnBasis::kPurchaseModel);
  all.alive_by_construction = true;
  EXPECT_EQ(basis(all), ChurnBasis::kClassifier);
  all.classifier.reset();
  EXPECT_EQ(basis(all), ChurnBasis::kPurchaseModel);
  all.purchase_model.reset();
  EXPECT_FALSE(ForecastChurn(all, 90));
  all.classifier = math::Interval{1.2, -0.5, 3};
  EXPECT_EQ(ForecastChurn(all, 90)->probability, 1);
  EXPECT_EQ(ForecastChurn(all, 90)->interval.low, 0);
}

}  // namespace
}  // namespace rapport::predict
