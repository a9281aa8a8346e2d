// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

using testing::FailsWith;

// isotonic() of predict_reference.py, by the min-max formula.
TEST(Isotonic, AgreesWithTheMinMaxFormula) {
  const double y[] = {0.769, 0.379, 0.733, 0.442, 1.017, 0.599,
                      1.026, 0.743, 0.612, 1.153, 1.026, 1.177};
  const double expected[] = {0.509,
                             0.509,
                             0.66025,
                             0.66025,
                             0.743545454545454,
                             0.743545454545454,
                             0.743545454545454,
                             0.743545454545454,
                             0.743545454545454,
                             1.06833333333333,
                             1.06833333333333,
                             1.177};
  std::vector<double> weights;
  for (int i = 0; i < 12; ++i) weights.push_back(1 + i % 3);
  const std::vector<double> fit = PoolAdjacentViolators(y, weights);
  ASSERT_EQ(fit.size(), 12U);
  for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(fit[i], expected[i], 1e-13) << i;
}

// What makes it the least squares fit: rising, pools keep their mean, and within a pool no
// start is below and no end above the pool's mean by average.
TEST(Isotonic, PoolProperties) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SplitMix64 random(seed);
    std::vector<double> y, w;
    for (int i = 0; i < 40; ++i) {
      y.push_back(random.Uniform() < 0.3 ? std::floor(3 * random.Uniform()) : random.Normal());
      w.push_back(0.1 + random.Uniform());
    }
    const std::vector<double> fit = PoolAdjacentViolators(y, w);
    ASSERT_EQ(fit.size(), y.size());
    EXPECT_TRUE(std::is_sorted(fit.begin(), fit.end())) << "seed " << seed;
    for (size_t first = 0; first < fit.size();) {
      size_t end = first;
      double sum = 0, weight = 0;
      while (end < fit.size() && fit[end] == fit[first]) {
        sum += w[end] * y[end];
        weight += w[end];
        EXPECT_GE(sum / weight, fit[first] - 1e-12) << "seed " << seed;
        ++end;
      }
      EXPECT_NEAR(sum / weight, fit[first], 1e-12) << "seed " << seed;
      first = end;
    }
    const std::vector<double> again = PoolAdjacentViolators(fit, w);
    for (size_t i = 0; i < fit.size(); ++i) EXPECT_NEAR(again[i], fit[i], 1e-13) << "seed " << seed;
  }
  EXPECT_TRUE(PoolAdjacentViolators({}, {}).empty());
}

TEST(Isotonic, MapIsMonotoneAndNeverCertain) {
  SplitMix64 random(2);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 500; ++i) {
    const double p = random.Uniform();
    outcomes.push_back({p, p > 0.7 || (p > 0.2 && random.Uniform() < 0.3)});
  }
  SortOutcomes(outcomes);
  const CalibrationMap map = FitIsotonic(outcomes);
  double last = 0;
  for (int i = 0; i <= 1000; ++i) {
    const double p = map.Apply(i / 1000.0);
    EXPECT_GE(p, last);
    EXPECT_GT(p, 0);
    EXPECT_LT(p, 1);
    last = p;
  }
  EXPECT_LT(map.Apply(0), 0.01);
  EXPECT_GT(map.Apply(1), 0.99);
  for (bool happened : {false, true}) {
    for (Outcome& outcome : outcomes) outcome.happened = happened;
    const double p = FitIsotonic(outcomes).Apply(0.5);
    EXPECT_NEAR(p, happened ? 1 - 0.5 / 501 : 0.5 / 501, 1e-12);
  }
}

// Outcomes that follow `truth` of the forecast.
std::vector<Outcome> Draw(int rows, uint64_t seed, const std::function<double(double)>& truth) {
  SplitMix64 random(seed);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < rows; ++i) {
    const double p = 0.01 + 0.98 * random.Uniform();
    outcomes.push_back({p, random.Uniform() < truth(p)});
  }
  return outcomes;
}
std::vector<uint64_t> Keys(size_t rows) {
  std::vector<uint64_t> keys(rows);
  std::iota(keys.begin(), keys.end(), 100U);
  return keys;
}

TEST(LogOddsLine, RecoversALine) {
  const auto truth = [](double p) { return Chance(-0.6 + 0.5 * LogOdds(p)); };
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const LogOddsLine line = FitLogOddsLine(Draw(5000, seed, truth));
    EXPECT_TRUE(line.converged);
    EXPECT_NEAR(line.intercept, -0.6, 3 * std::sqrt(line.covariance[0])) << "seed " << seed;
    EXPECT_NEAR(line.slope, 0.5, 3 * std::sqrt(line.covariance[2])) << "seed " << seed;
  }
}

TEST(LogOddsLine, SeparationAndConstantForecastsStayFinite) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 30; ++i) outcomes.push_back({i < 15 ? 0.2 : 0.8, i >= 15});
  LogOddsLine line = FitLogOddsLine(outcomes);
  EXPECT_TRUE(std::isfinite(line.intercept) && std::isfinite(line.slope));
  EXPECT_GT(line.slope, 1);
  for (Outcome& outcome : outcomes) outcome.probability = 0.9;
  line = FitLogOddsLine(outcomes);
  EXPECT_TRUE(std::isfinite(line.intercept) && std::isfinite(line.slope));
  EXPECT_NEAR(line.intercept + line.slope * LogOdds(0.9), 0, 1e-6);  // Half of them happened.
}

// Forecasts that are exactly right but for a trifle: the step that is left lowers the
// objective by less than the rounding of its 200,000 terms.
TEST(LogOddsLine, ConvergesBelowTheRoundingOfTheObjective) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 200'000; ++i) {
    outcomes.push_back({(0.5 + i % 10) / 10, i / 10 % 20 < 2 * (i % 10) + 1});
  }
  for (double trifle : {0.003, 0.03, 0.05, 0.1}) {
    outcomes[12'345].weight = 1 + trifle;
    const LogOddsLine line = FitLogOddsLine(outcomes);
    EXPECT_TRUE(line.converged) << trifle;
    EXPECT_NEAR(line.slope, 1, 1e-6);
  }
}

TEST(Calibration, ChoosesWhatFits) {
  const std::vector<uint64_t> keys = Keys(6000);
  const auto kind = [&](const std::function<double(double)>& truth) {
    auto choice = ChooseCalibration(Draw(6000, 4, truth), keys);
    EXPECT_TRUE(choice.ok());
    return choice->map.kind;
  };
  EXPECT_EQ(kind([](double p) { return Chance(-1 + 0.4 * LogOdds(p)); }),
            CalibrationKind::kLogOddsLine);
  EXPECT_EQ(kind([](double p) { return p < 0.5 ? 0.1 : 0.8; }), CalibrationKind::kIsotonic);
}

// Forecasts that are right already are left alone, or moved by next to nothing.
TEST(Calibration, LeavesGoodForecastsNearlyAlone) {
  const std::vector<Outcome> outcomes = Draw(6000, 5, [](double p) { return p; });
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CalibrationChoice choice,
                               ChooseCalibration(outcomes, Keys(6000)));
  EXPECT_NE(choice.map.kind, CalibrationKind::kIsotonic);
  for (double p : {0.05, 0.3, 0.5, 0.9}) EXPECT_NEAR(choice.map.Apply(p), p, 0.03);
}

TEST(Calibration, NeverTurnsForecastsRound) {
  const std::vector<Outcome> outcomes = Draw(2000, 6, [](double p) { return 1 - p; });
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CalibrationChoice choice,
                               ChooseCalibration(outcomes, Keys(2000)));
  EXPECT_TRUE(std::isinf(choice.log_loss[1]));
  EXPECT_LE(choice.map.Apply(0.2), choice.map.Apply(0.8));
}

TEST(Calibration, SameBitsInAnyOrder) {
  std::vector<Outcome> outcomes = Draw(1500, 7, [](double p) { return p * p; });
  std::vector<uint64_t> keys = Keys(1500);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CalibrationChoice first, ChooseCalibration(outcomes, keys));
  std::reverse(outcomes.begin(), outcomes.end());
  std::reverse(keys.begin(), keys.end());
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CalibrationChoice second, ChooseCalibration(outcomes, keys));
  EXPECT_EQ(first.log_loss, second.log_loss);
  EXPECT_EQ(first.map.kind, second.map.kind);
  EXPECT_EQ(first.map.Apply(0.37), second.map.Apply(0.37));
  for (size_t i = 0; i < 1500; ++i) EXPECT_EQ(first.left_out[i], second.left_out[1499 - i]);
}

TEST(Calibration, Refuses) {
  const std::vector<Outcome> outcomes = {{0.5, true}, {0.2, false}};
  EXPECT_THAT(ChooseCalibration(outcomes, Keys(1)), FailsWith("LENGTH_MISMATCH", "keys"));
}

// 40 rows of forecast 0.2 of which 10 happened, 60 of 0.6 of which 45 did. Wilson's limits,
// worked out from his formula: 14.19 to 40.19 % and 62.77 to 84.22 %.
TEST(Isotonic, OwnRangeIsTheWilsonIntervalOfThePool) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 40; ++i) outcomes.push_back({0.2, i < 10});
  for (int i = 0; i < 60; ++i) outcomes.push_back({0.6, i < 45});
  SortOutcomes(outcomes);
  const CalibrationMap map = FitIsotonic(outcomes);
  const math::Interval low = map.OwnRange(0.1);  // Level outside.
  EXPECT_DOUBLE_EQ(low.estimate, 0.25);
  const auto wilson_low = math::WilsonInterval(10, 40, 0.95);
  EXPECT_NEAR(low.low, wilson_low->low, 1e-12);
  EXPECT_NEAR(low.high, wilson_low->high, 1e-12);
  EXPECT_NEAR(low.low, 0.1419, 5e-5);
  EXPECT_NEAR(low.high, 0.4019, 5e-5);
  EXPECT_NEAR(map.OwnRange(0.6).low, 0.6277, 5e-5);
  EXPECT_NEAR(map.OwnRange(0.6).high, 0.8422, 5e-5);
  // Half-way: 0.5 of 50 rows.
  const auto middle = math::WilsonInterval(25, 50, 0.95);
  EXPECT_NEAR(map.OwnRange(0.4).estimate, 0.5, 1e-12);
  EXPECT_NEAR(map.OwnRange(0.4).low, middle->low, 1e-12);
  CalibrationMap old = map;
  old.weight.clear();
  EXPECT_DOUBLE_EQ(old.OwnRange(0.6).low, 0.75) << "stored before weights were kept";
}

}  // namespace
}  // namespace rapport::predict
