// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bootstrap.h"

#include <cmath>
#include <thread>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

TEST(Bootstrap, ErrorsAgreeWithTheHessian) {
  const auto rows = SimulateHistories({1.2, 8, .8, 2.5, 7}, 2000, 3);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded, FoldForFit(rows, {}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(ModelKind::kBgNbd, folded));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Bootstrap bootstrap,
                               BootstrapFit(folded, fit, {.replicates = 300, .seed = 1}));
  EXPECT_EQ(bootstrap.left_out, 0u);
  ASSERT_EQ(bootstrap.draws.size(), 300u);
  ASSERT_EQ(bootstrap.intervals.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const BootstrapInterval& interval = bootstrap.intervals[i];
    const ParameterEstimate& parameter = fit.summary.parameters[i];
    EXPECT_EQ(interval.name, parameter.name);
    EXPECT_LT(interval.low, parameter.value);
    EXPECT_GT(interval.high, parameter.value);
    // 300 draws know a deviation to 4 %; b is skewed to the right.
    EXPECT_NEAR(interval.standard_error / parameter.standard_error, 1, 0.25) << parameter.name;
  }
}

TEST(Bootstrap, IsTheSameForTheSameSeedOnAnyThreads) {
  const auto rows = SimulateHistories({1.2, 8, .8, 2.5, 7}, 500, 4);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded, FoldForFit(rows, {}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(ModelKind::kMbgNbd, folded));
  const ParallelFor two = [](size_t n, absl::FunctionRef<void(size_t)> run) {
    std::thread second([&] {
      for (size_t i = n / 2; i < n; ++i) run(i);
    });
    for (size_t i = 0; i < n / 2; ++i) run(i);
    second.join();
  };
  const auto draws = [&](uint64_t seed, const ParallelFor& parallel) {
    const Bootstrap bootstrap =
        *BootstrapFit(folded, fit, {.replicates = 20, .seed = seed, .parallel = parallel});
    std::vector<std::vector<double>> values;
    for (const ModelParameters& draw : bootstrap.draws) values.push_back(draw.values);
    return values;
  };
  EXPECT_EQ(draws(5, {}), draws(5, two));
  EXPECT_NE(draws(5, {}), draws(6, {}));
}

// Mean and variance of Poisson weights, small and large, and the rows they stand for.
TEST(Bootstrap, WeightsArePoisson) {
  for (double weight : {0.3, 1.0, 9.5, 10.0, 40.0, 5000.0}) {
    std::vector<PurchaseHistory> rows;
    for (int i = 0; i < 4000; ++i) rows.push_back({1, 1. + i, 5000, 0, 0});
    const std::vector<double> weights(rows.size(), weight);
    RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded,
                                 FoldForFit(rows, {.weights = weights}));
    const FoldedPurchases replicate = PoissonReplicate(folded, 11, 0);
    double squares = 0;
    for (const PurchaseTable::Row& row : replicate.tables[0].rows) {
      squares += row.weight * row.weight;
    }
    const double n = 4000, mean = replicate.weight / n;
    EXPECT_NEAR(mean / weight, 1, 4 / std::sqrt(n * weight)) << weight;
    EXPECT_NEAR((squares / n - mean * mean) / weight, 1, 4 * std::sqrt((2 + 1 / weight) / n))
        << weight;
  }
}

TEST(Bootstrap, CdnowIntervalsHoldTheEstimates) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded, FoldForFit(cdnow.histories, {}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(ModelKind::kMbgNbd, folded));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Bootstrap bootstrap,
                               BootstrapFit(folded, fit, {.replicates = 100, .seed = 2}));
  EXPECT_EQ(bootstrap.left_out, 0u);
  for (const BootstrapInterval& interval : bootstrap.intervals) {
    EXPECT_LT(interval.low, interval.estimate);
    EXPECT_GT(interval.high, interval.estimate);
  }
}

TEST(Bootstrap, NamesWhatIsWrong) {
  EXPECT_THAT(BootstrapFit({}, {}, {.replicates = 1}), FailsWith("OUT_OF_RANGE", "replicates"));
  EXPECT_THAT(BootstrapFit({}, {}, {.confidence = 1}), FailsWith("OUT_OF_RANGE", "confidence"));
}

}  // namespace
}  // namespace rapport::value
