// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/classifier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

using testing::FailsWith;

const BaselineScore* BaselineNamed(const ClassifierReport& report, const std::string& name) {
  for (const BaselineScore& baseline : report.baselines) {
    if (baseline.name == name) return &baseline;
  }
  return nullptr;
}

TEST(Classifier, LearnsTheTruth) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const ClassifierModel model,
      TrainClassifier(ClassifierKind::kChurn, DrawRows(8000, 1), DrawRows(4000, 2)));
  const ClassifierReport& report = model.report;
  EXPECT_TRUE(report.usable());
  EXPECT_TRUE(report.converged);
  EXPECT_EQ(report.training_rows, 8000U);
  EXPECT_EQ(report.validation.rows, 4000U);
  ASSERT_TRUE(report.validation.calibration_line);
  const LogOddsLine& line = *report.validation.calibration_line;
  EXPECT_NEAR(line.slope, 1, 3 * std::sqrt(line.covariance[2]));
  EXPECT_NEAR(line.intercept, 0, 3 * std::sqrt(line.covariance[0]));
  EXPECT_LT(report.validation.expected_calibration_error, 0.03);
  // The given baseline is the true chance: no model beats it by more than luck.
  const BaselineScore* truth = BaselineNamed(report, kGivenBaseline);
  ASSERT_NE(truth, nullptr);
  EXPECT_NEAR(report.validation.log_loss, truth->log_loss, 0.005);
  EXPECT_TRUE(BeatsBaseline(report, kBaseRateBaseline));
  EXPECT_TRUE(BeatsBaseline(report, kRecencyBaseline));
  EXPECT_FALSE(BeatsBaseline(report, "astrology"));
  EXPECT_NEAR(BaselineNamed(report, kBaseRateBaseline)->auc, 0.5, 1e-12);
}

// (estimate - truth) / error over many samples is standard normal. Coefficients are per unit
// of the transformed feature; rows weigh 1 or 2 in turn, which the model takes for rows, so
// the true error is sqrt(sum w^2 / sum w) = sqrt(5 / 3) times as large.
TEST(Classifier, RecoversCoefficientsWithinTheirErrors) {
  const std::pair<const char*, double> truth[] = {{"recency_days", 0.9},
                                                  {"trend", -0.5 / 3},
                                                  {"nps", -0.15},
                                                  {"plan:team", 0.4},
                                                  {"plan:basic", 0}};
  constexpr int kSamples = 20;
  double sums[std::size(truth)] = {}, squares[std::size(truth)] = {};
  for (int sample = 0; sample < kSamples; ++sample) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const ClassifierModel model,
        TrainClassifier(ClassifierKind::kChurn,
                        DrawRows(4000, 1000 + static_cast<uint64_t>(sample)), DrawRows(300, 2),
                        {.penalty_source = PenaltySource::kFixed, .penalty = 0.1}));
    for (size_t k = 0; k < std::size(truth); ++k) {
      for (size_t i = 0; i < model.columns.size(); ++i) {
        const CoefficientEstimate& estimate = model.report.coefficients[i + 1];
        if (estimate.name != truth[k].first) continue;
        const double z = (estimate.value - truth[k].second * model.columns[i].scale) /
                         (estimate.standard_error * std::sqrt(5.0 / 3));
        EXPECT_LT(std::fabs(z), 4) << truth[k].first << " sample " << sample;
        sums[k] += z;
        squares[k] += z * z;
      }
    }
  }
  for (size_t k = 0; k < std::size(truth); ++k) {
    EXPECT_NEAR(sums[k] / kSamples, 0, 3 / std::sqrt(kSamples)) << truth[k].first;
    // The 0.1 % points of chi-square with 20 degrees of freedom are 5.92 and 45.3.
    EXPECT_GT(squares[k], 5.92) << truth[k].first;
    EXPECT_LT(squares[k], 45.3) << truth[k].first;
  }
}

std::vector<uint64_t> BitsOf(const ClassifierModel& model) {
  std::vector<uint64_t> bits;
  const auto add = [&](double value) { bits.push_back(std::bit_cast<uint64_t>(value)); };
  for (double value : model.coefficients) add(value);
  for (double value : model.covariance) add(value);
  for (double value : model.typical) add(value);
  for (const ModelColumn& column : model.columns) {
    for (double value : {column.mean, column.scale, column.lowest, column.highest}) add(value);
  }
  for (double value : model.calibration.forecast) add(value);
  for (double value : model.calibration.probability) add(value);
  for (double value : model.calibration.line.covariance) add(value);
  const ClassifierReport& report = model.report;
  for (double value : {model.calibration.line.slope, report.penalty, report.validation.brier,
                       report.validation.log_loss, report.validation.auc->estimate,
                       report.uncalibrated.log_loss, report.log_likelihood}) {
    add(value);
  }
  for (const BaselineScore& baseline : report.baselines) add(baseline.log_loss);
  for (const PenaltyTrial& trial : report.penalty_trials) add(trial.log_loss);
  return bits;
}

// Rows of DrawRows in another order and in two shards, with repeated keys.
TrainingRows Shuffled(size_t count, uint64_t seed, uint64_t order_seed) {
  SplitMix64 random(seed), order(order_seed);
  std::vector<SmallCustomer> customers;
  for (size_t i = 0; i < count; ++i) customers.push_back(DrawCustomer(random));
  std::vector<size_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  for (size_t i = count; i > 1 && order_seed > 0; --i) {
    std::swap(places[i - 1], places[static_cast<size_t>(order.Uniform() * static_cast<double>(i))]);
  }
  TrainingRows first(kSmallTable), second(kSmallTable);
  for (size_t i : places) {
    TrainingRows& shard = order_seed > 0 && i % 3 == 0 ? second : first;
    const LabelledRow row{.key = i / 2,
                          .features = customers[i].features,
                          .happened = customers[i].happened,
                          .weight = 0.1 + 0.01 * static_cast<double>(i % 7)};
    EXPECT_TRUE(shard.Add(row).ok());
  }
  first.Append(second);
  return first;
}

TEST(Classifier, SameBitsInAnyOrder) {
  const auto train = [](uint64_t order) {
    auto model =
        TrainClassifier(ClassifierKind::kChurn, Shuffled(1500, 3, order), Shuffled(1200, 4, order));
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return BitsOf(*model);
  };
  const std::vector<uint64_t> bits = train(0);
  for (uint64_t order : {1, 2, 3}) EXPECT_EQ(train(order), bits) << "order " << order;
}

TEST(Classifier, IntervalCoversAndNarrowsWithRows) {
  double width[2];
  for (int large : {0, 1}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const ClassifierModel model,
        TrainClassifier(ClassifierKind::kChurn, DrawRows(large ? 16000 : 1000, 21),
                        DrawRows(large ? 16000 : 1000, 22)));
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier, Classifier::Make(model, kSmallTable));
    SplitMix64 random(99);
    int covered = 0;
    width[large] = 0;
    for (int i = 0; i < 400; ++i) {
      const SmallCustomer customer = DrawCustomer(random);
      RAPPORT_ASSERT_OK_AND_ASSIGN(const Classification c, classifier.Classify(customer.features));
      const double truth = Chance(customer.log_odds);
      EXPECT_LE(c.probability.low, c.probability.estimate);
      EXPECT_GE(c.probability.high, c.probability.estimate);
      covered += c.probability.low <= truth && truth <= c.probability.high;
      width[large] += c.probability.high - c.probability.low;
    }
    EXPECT_GE(covered, 340);  // 95 % nominal; one model, so customers err together.
  }
  EXPECT_LT(width[1], 0.4 * width[0]);
}

TEST(Classifier, ExtremeFeaturesStayFinite) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const ClassifierModel model,
      TrainClassifier(ClassifierKind::kTopDecile, DrawRows(2000, 5), DrawRows(1000, 6)));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier, Classifier::Make(model, kSmallTable));
  const double infinity = std::numeric_limits<double>::infinity();
  SplitMix64 random(7);
  const double pool[] = {kMissing, infinity, -infinity, 1e300, -1e300, 0, -0.0, 1e-310, 3, -7};
  for (int trial = 0; trial < 2000; ++trial) {
    double features[kSmallTableSize];
    for (double& value : features) value = pool[static_cast<size_t>(10 * random.Uniform())];
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Classification c, classifier.Classify(features));
    for (double p : {c.probability.estimate, c.probability.low, c.probability.high}) {
      EXPECT_TRUE(p >= 0 && p <= 1);
    }
    EXPECT_TRUE(std::isfinite(c.log_odds));
  }
}

TEST(Classifier, ExtremeTrainingRowsStayFinite) {
  SplitMix64 random(8);
  TrainingRows training(CustomerFeatures()), validation(CustomerFeatures());
  const double pool[] = {kMissing, 1e300, -1e300, 0, 5, std::numeric_limits<double>::infinity()};
  for (uint64_t i = 0; i < 600; ++i) {
    FeatureVector features;
    for (double& value : features.values) value = pool[static_cast<size_t>(6 * random.Uniform())];
    features[Feature::kTenureDays] = 1e15;             // Constant and huge.
    features[Feature::kLastNps] = i < 300 ? 0 : 1e15;  // Separates.
    const LabelledRow row{.key = i,
                          .features = features.values,
                          .happened = i < 300,
                          .weight = i % 5 == 0 ? 1e9 : 1e-9};
    RAPPORT_ASSERT_OK(training.Add(row));
    RAPPORT_ASSERT_OK(validation.Add(row));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const ClassifierModel model,
      TrainClassifier(ClassifierKind::kChurn, std::move(training), std::move(validation)));
  for (double value : model.coefficients) EXPECT_TRUE(std::isfinite(value));
  for (double value : model.covariance) EXPECT_TRUE(std::isfinite(value));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier,
                               Classifier::Make(model, CustomerFeatures()));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classification c, classifier.Classify(FeatureVector().values));
  EXPECT_TRUE(c.probability.low >= 0 && c.probability.high <= 1);
}

TEST(Classifier, NoSignalShrinksToTheBaseRate) {
  TrainingRows rows[] = {TrainingRows(kSmallTable), TrainingRows(kSmallTable)};
  SplitMix64 random(31);
  for (TrainingRows& part : rows) {
    for (uint64_t i = 0; i < 1000; ++i) {
      const SmallCustomer customer = DrawCustomer(random);
      RAPPORT_ASSERT_OK(
          part.Add({.key = i, .features = customer.features, .happened = random.Uniform() < 0.3}));
    }
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ClassifierModel model,
                               TrainClassifier(ClassifierKind::kChurn, rows[0], rows[1]));
  EXPECT_NEAR(model.report.validation.auc->estimate, 0.5, 0.07);
  EXPECT_GE(model.report.penalty, 30);
  EXPECT_NEAR(model.report.validation.log_loss, model.report.validation.log_loss_base_rate, 0.01);
}

TEST(Classifier, PenaltySources) {
  for (PenaltySource source :
       {PenaltySource::kCrossValidation, PenaltySource::kValidationRows, PenaltySource::kFixed}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const ClassifierModel model,
        TrainClassifier(ClassifierKind::kChurn, DrawRows(1000, 41), DrawRows(500, 42),
                        {.penalty_source = source, .penalty = 2.5}));
    EXPECT_EQ(model.report.penalty_source, source);
    EXPECT_EQ(model.report.penalty_trials.empty(), source == PenaltySource::kFixed);
    EXPECT_EQ(model.report.penalty == 2.5, source == PenaltySource::kFixed);
  }
}

TEST(Classifier, Refuses) {
  const auto train = [](TrainingRows a, TrainingRows b) {
    return TrainClassifier(ClassifierKind::kChurn, std::move(a), std::move(b)).status();
  };
  EXPECT_THAT(train(DrawRows(100, 1), DrawRows(1000, 2)), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(train(DrawRows(1000, 1), DrawRows(100, 2)), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(train(DrawRows(1000, 1), TrainingRows(CustomerFeatures())),
              FailsWith("TABLE_MISMATCH", "validation"));
  TrainingRows one_class(kSmallTable);
  for (uint64_t i = 0; i < 1000; ++i) {
    RAPPORT_ASSERT_OK(one_class.Add({.key = i, .features = std::vector<double>(6, 1.0)}));
  }
  EXPECT_THAT(train(one_class, DrawRows(1000, 2)), FailsWith("NOT_ENOUGH_DATA", ""));

  EXPECT_THAT(one_class.Add({.features = std::vector<double>(5, 1.0)}),
              FailsWith("LENGTH_MISMATCH", "features"));
  const std::vector<double> features(6, 1.0);
  for (double weight : {0.0, -1.0, kMissing, 1e10}) {
    EXPECT_THAT(one_class.Add({.features = features, .weight = weight}),
                FailsWith("NOT_POSITIVE", "weight"));
  }
  EXPECT_THAT(one_class.Add({.features = features, .baseline = 1.2}),
              FailsWith("OUT_OF_RANGE", "baseline"));

  RAPPORT_ASSERT_OK_AND_ASSIGN(
      ClassifierModel model,
      TrainClassifier(ClassifierKind::kChurn, DrawRows(1000, 1), DrawRows(1000, 2)));
  EXPECT_THAT(Classifier::Make(model, CustomerFeatures()),
              FailsWith("TABLE_MISMATCH", "model.features"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Classifier classifier, Classifier::Make(model, kSmallTable));
  EXPECT_THAT(classifier.Classify(std::vector<double>(3, 0.0)),
              FailsWith("LENGTH_MISMATCH", "features"));
  model.covariance.pop_back();
  EXPECT_THAT(Classifier::Make(model, kSmallTable),
              FailsWith("LENGTH_MISMATCH", "model.coefficients"));
}

TEST(TrainingRows, SampleIsStable) {
  const TrainingRows rows = DrawRows(5000, 1);
  const TrainingRows sample = rows.Sample(1000);
  EXPECT_NEAR(static_cast<double>(sample.size()), 1000, 100);
  TrainingRows shuffled = Shuffled(100, 1, 2);
  EXPECT_EQ(shuffled.Sample(100).size(), 100U);
  for (uint64_t key : sample.keys()) {
    EXPECT_TRUE(std::count(rows.keys().begin(), rows.keys().end(), key) == 1);
  }
}

}  // namespace
}  // namespace rapport::predict
