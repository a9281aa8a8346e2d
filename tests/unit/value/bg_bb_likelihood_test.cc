// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "gtest/gtest.h"
#include "lib/math/optimize.h"
#include "lib/value/bg_bb.h"
#include "lib/value/fit_summary.h"
#include "lib/value/purchase_likelihood.h"
#include "tests/support/matchers.h"

namespace rapport::value {
namespace {

// Rows with weights, in opportunities.
struct Sample {
  std::vector<PurchaseHistory> rows;
  std::vector<double> weights;

  void Add(uint32_t x, double t_x, double n, double weight) {
    rows.push_back({.frequency = x, .recency_days = t_x, .age_days = n});
    weights.push_back(weight);
  }
};

FitSummary Fit(const PurchaseTable& table) {
  const auto likelihood = NewBgBbLikelihood(table);
  const auto objective = [&](std::span<const double> x, std::span<double> gradient) {
    const double value = likelihood->Evaluate(x, gradient);
    for (double& slope : gradient) slope /= -table.weight;
    return -value / table.weight;
  };
  const std::vector<double> start(4, 0.0);
  const double scales[] = {1, 1, 1, 1};
  return DescribeFit(math::Minimize(objective, start), {TraitsOf(ModelKind::kBgBb).parameters},
                     scales, table.weight);
}

std::unique_ptr<PurchaseModel> ModelOf(const std::vector<double>& values) {
  return *MakePurchaseModel(
      {.kind = ModelKind::kBgBb, .time_unit_days = 1, .values = values, .effects = {}});
}

Sample LoadDonations() {
  const char* root = std::getenv("RAPPORT_DATA");
  std::ifstream file(std::string(root == nullptr ? "../shared/data" : root) +
                     "/value/donations.csv");
  Sample sample;
  std::string line;
  std::getline(file, line);  // frequency,recency,periods,weights
  while (std::getline(file, line)) {
    std::istringstream text(line);
    double x, t_x, n, weight;
    char comma;
    if (text >> x >> comma >> t_x >> comma >> n >> comma >> weight) {
      sample.Add(static_cast<uint32_t>(x), t_x, n, weight);
    }
  }
  return sample;
}

// 11,104 donors, six years (Fader, Hardie, Shang 2010, Table 3: 1.204 .750 .657 2.783,
// -33225.6; digits and standard errors from an independent maximisation). The expected
// donations of the next five years: 12,884.2 (13,260 were made).
TEST(BgBbLikelihood, ReproducesTheDonations) {
  const Sample sample = LoadDonations();
  if (sample.rows.empty()) {
    GTEST_SKIP() << "NOT TESTED: value/donations.csv is absent; set RAPPORT_DATA to the folder "
                    "with the real data sets";
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table,
                               FoldPurchases(sample.rows, sample.weights, 1));
  EXPECT_EQ(table.weight, 11104);
  const FitSummary fit = Fit(table);
  EXPECT_TRUE(fit.usable()) << fit.Explanation();
  EXPECT_NEAR(fit.log_likelihood, -33225.5812743, 1e-6);
  const double values[] = {1.203522, .749716, .656718, 2.783442};
  const double errors[] = {.0694, .0294, .0510, .3208};
  std::vector<double> found;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(fit.parameters[i].value, values[i], 1e-5 * values[i]);
    EXPECT_NEAR(fit.parameters[i].standard_error, errors[i], 1e-2 * errors[i]);
    found.push_back(fit.parameters[i].value);
  }
  const auto model = ModelOf(found);
  double expected = 0;
  for (size_t i = 0; i < sample.rows.size(); ++i) {
    const PurchaseHistory& row = sample.rows[i];
    expected += sample.weights[i] * model->PAlive(row) *
                model->ExpectedPurchases({1, row.frequency, 0, row.age_days}, 5);
  }
  EXPECT_NEAR(expected, 12884.2, .05);
}

// Rows of many lengths, some of which share (x, t_x).
Sample MixedRows() {
  Sample sample;
  std::mt19937_64 random(4);
  for (int i = 0; i < 60; ++i) {
    const auto n = static_cast<double>(random() % (i % 7 == 0 ? 3000 : 12));
    const auto last = static_cast<double>(random() % (static_cast<uint64_t>(n) + 1));
    const auto x =
        last == 0 ? 0 : 1 + static_cast<uint32_t>(random() % 3000) % static_cast<uint32_t>(last);
    sample.Add(x, last, n, 1 + static_cast<double>(random() % 5));
  }
  sample.Add(0, 0, 10'000, 2);
  sample.Add(10'000, 10'000, 10'000, 2);
  sample.Add(5'000, 5'001, 10'000, .5);
  return sample;
}

TEST(BgBbLikelihood, IsTheWeightedSumOverHistories) {
  const Sample sample = MixedRows();
  const PurchaseTable table = *FoldPurchases(sample.rows, sample.weights, 1);
  const auto likelihood = NewBgBbLikelihood(table);
  for (const std::vector<double>& values : std::initializer_list<std::vector<double>>{
           {1.2, .75, .66, 2.8}, {1e-3, 40, 5, .01}, {3e5, 1e5, 1e-4, 2e4}}) {
    const auto model = ModelOf(values);
    double sum = 0;
    for (size_t i = 0; i < sample.rows.size(); ++i) {
      sum += sample.weights[i] * model->LogLikelihood(sample.rows[i]);
    }
    std::vector<double> logs, gradient(4);
    for (double value : values) logs.push_back(std::log(value));
    EXPECT_NEAR(likelihood->Evaluate(logs, gradient), sum, 1e-10 * std::fabs(sum));
  }
}

TEST(BgBbLikelihood, GradientIsTheSlope) {
  const Sample sample = MixedRows();
  const PurchaseTable table = *FoldPurchases(sample.rows, sample.weights, 1);
  const auto likelihood = NewBgBbLikelihood(table);
  for (const std::vector<double>& logs : std::initializer_list<std::vector<double>>{
           {.2, -.3, -.4, 1.0}, {-6, 3, 1.5, -4}, {7, 6, -5, 6}}) {
    std::vector<double> gradient(4), unused(4);
    likelihood->Evaluate(logs, gradient);
    for (size_t i = 0; i < 4; ++i) {
      const auto at = [&](double step) {
        std::vector<double> moved = logs;
        moved[i] += step;
        return likelihood->Evaluate(moved, unused);
      };
      constexpr double kStep = 1e-3;  // Five points: error of order 1e-12, noise 1e-13 x value.
      const double slope =
          (8 * (at(kStep) - at(-kStep)) - (at(2 * kStep) - at(-2 * kStep))) / (12 * kStep);
      EXPECT_NEAR(gradient[i], slope, 1e-6 * (1 + std::fabs(gradient[i]))) << i;
    }
  }
}

TEST(BgBbLikelihood, PiecesAddUp) {
  const Sample sample = MixedRows();
  const PurchaseTable table = *FoldPurchases(sample.rows, sample.weights, 1);
  const std::vector<double> logs = {.2, -.3, -.4, 1.0};
  std::vector<double> whole(4), sum(4), piece(4);
  const double value = NewBgBbLikelihood(table)->Evaluate(logs, whole);
  double pieces = 0;
  for (size_t begin = 0; begin < table.rows.size(); begin += 9) {
    pieces += NewBgBbLikelihood(table, {begin, begin + 9})->Evaluate(logs, piece);
    for (size_t i = 0; i < 4; ++i) sum[i] += piece[i];
  }
  EXPECT_NEAR(pieces, value, 1e-10 * std::fabs(value));
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(sum[i], whole[i], 1e-10 * std::fabs(whole[i]));
}

TEST(BgBbLikelihood, RecoversTheTruth) {
  const double truth[] = {1.5, 2.5, .8, 6};
  std::mt19937_64 random(7);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  // Johnk 1964: U^(1/a) / (U^(1/a) + V^(1/b)) given that the sum is at most 1.
  const auto beta = [&](double a, double b) {
    while (true) {
      const double u = std::pow(uniform(), 1 / a), v = std::pow(uniform(), 1 / b);
      if (u + v > 0 && u + v <= 1) return u / (u + v);
    }
  };
  Sample sample;
  for (int customer = 0; customer < 20'000; ++customer) {
    const double buys = beta(truth[0], truth[1]), leaves = beta(truth[2], truth[3]);
    const auto n = static_cast<uint32_t>(8 + random() % 9);
    uint32_t x = 0, last = 0;
    for (uint32_t k = 1; k <= n && uniform() >= leaves; ++k) {
      if (uniform() < buys) ++x, last = k;
    }
    sample.Add(x, last, n, 1);
  }
  const FitSummary fit = Fit(*FoldPurchases(sample.rows, sample.weights, 1));
  ASSERT_TRUE(fit.usable()) << fit.Explanation();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(fit.parameters[i].value, truth[i], 3 * fit.parameters[i].standard_error)
        << fit.parameters[i].name;
    EXPECT_LT(fit.parameters[i].standard_error, .2 * truth[i]);
  }
}

}  // namespace
}  // namespace rapport::value
