// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "gtest/gtest.h"
#include "lib/value/purchase_fit.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

// Half of the customers buy twice as fast (alpha e^-effect, effect = ln 2).
struct TwoGroups {
  std::vector<PurchaseHistory> rows;
  std::vector<uint32_t> pattern;
};

TwoGroups Simulate(double effect, int customers, uint64_t seed) {
  TwoGroups groups;
  groups.rows = SimulateHistories({.6, 6, .8, 2.5, 7}, customers, seed);
  groups.pattern.assign(groups.rows.size(), 0);
  for (const PurchaseHistory& row :
       SimulateHistories({.6, 6 * std::exp(-effect), .8, 2.5, 7}, customers, seed + 1000)) {
    groups.rows.push_back(row);
    groups.pattern.push_back(1);
  }
  return groups;
}

const ParameterEstimate& Find(const PurchaseFit& fit, const std::string& name) {
  for (const ParameterEstimate& parameter : fit.summary.parameters) {
    if (parameter.name == name) return parameter;
  }
  ADD_FAILURE() << "no parameter " << name;
  return fit.summary.parameters.front();
}

TEST(PurchaseFitCovariates, RecoverAKnownEffect) {
  const TwoGroups groups = Simulate(std::log(2.0), 4000, 1);
  PurchaseFitOptions options;
  options.covariates = {{{0.}, {1.}}, groups.pattern, {"member"}};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit,
                               FitPurchases(ModelKind::kBgNbd, groups.rows, options));
  EXPECT_TRUE(fit.summary.usable()) << fit.summary.Explanation();
  const std::pair<const char*, double> truth[] = {
      {"r", .6},       {"alpha", 6},   {"a", .8}, {"b", 2.5}, {"alpha:member", std::log(2.0)},
      {"a:member", 0}, {"b:member", 0}};
  ASSERT_EQ(fit.summary.parameters.size(), 7u);
  for (const auto& [name, value] : truth) {
    const ParameterEstimate& parameter = Find(fit, name);
    EXPECT_GT(parameter.standard_error, 0);
    EXPECT_NEAR(parameter.value, value, 3.5 * parameter.standard_error) << name;
  }
  ASSERT_TRUE(fit.covariate_test.has_value());
  EXPECT_EQ(fit.covariate_test->degrees, 3);
  EXPECT_LT(fit.covariate_test->p_value, 1e-10);
  ASSERT_EQ(fit.covariate_test->effects.size(), 3u);
  EXPECT_EQ(fit.covariate_test->effects[0].name, "alpha:member");
  EXPECT_GT(fit.covariate_test->effects[0].z, 8);
  EXPECT_LT(std::fabs(fit.covariate_test->effects[1].z), 4);
  // Each group apart is the same model with its own parameters; r is shared, so the joint
  // likelihood is below the sum of both and above the pooled one.
  EXPECT_LT(fit.covariate_test->log_likelihood_without, fit.summary.log_likelihood);
}

TEST(PurchaseFitCovariates, SayNothingWhereThereIsNothing) {
  int rejected = 0;
  for (uint64_t seed = 20; seed < 32; ++seed) {
    const TwoGroups groups = Simulate(0, 800, seed);
    PurchaseFitOptions options;
    options.covariates = {{{0.}, {1.}}, groups.pattern};
    RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit,
                                 FitPurchases(ModelKind::kBgNbd, groups.rows, options));
    RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit plain,
                                 FitPurchases(ModelKind::kBgNbd, groups.rows));
    EXPECT_NEAR(fit.covariate_test->log_likelihood_without, plain.summary.log_likelihood, 1e-7);
    rejected += fit.covariate_test->p_value < .05;
  }
  EXPECT_LE(rejected, 3);  // P(4 or more of 12 at 5 %) = 0.2 %.
}

TEST(PurchaseFitCovariates, IdenticalPatternsAreThePlainFit) {
  const TwoGroups groups = Simulate(0.5, 1000, 3);
  PurchaseFitOptions options;
  options.covariates = {{{3., 7.}, {3., 7.}}, groups.pattern};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit,
                               FitPurchases(ModelKind::kBgNbd, groups.rows, options));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit plain,
                               FitPurchases(ModelKind::kBgNbd, groups.rows));
  EXPECT_EQ(fit.parameters.values, plain.parameters.values);
  EXPECT_EQ(fit.summary.log_likelihood, plain.summary.log_likelihood);
  EXPECT_EQ(fit.summary.parameters.size(), 4u);
  EXPECT_EQ(fit.left_out_covariates, (std::vector<std::string>{"covariate0", "covariate1"}));
  const std::vector<std::vector<double>> none(3, {0., 0.});
  EXPECT_EQ(fit.parameters.effects, none);
  EXPECT_EQ(fit.covariance.size(), 100u);
  EXPECT_FALSE(fit.covariate_test.has_value());
}

// A year of birth and its opposite: unit and origin do not matter, nor does a duplicate.
TEST(PurchaseFitCovariates, UnitAndOriginDoNotMatter) {
  const TwoGroups groups = Simulate(0.7, 1500, 4);
  PurchaseFitOptions options;
  options.covariates = {{{0.}, {1.}}, groups.pattern};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit small,
                               FitPurchases(ModelKind::kMbgNbd, groups.rows, options));
  options.covariates = {{{1960., -1960.}, {1990., -1990.}}, groups.pattern, {"born", "unborn"}};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit large,
                               FitPurchases(ModelKind::kMbgNbd, groups.rows, options));
  EXPECT_TRUE(large.summary.usable()) << large.summary.Explanation();
  EXPECT_EQ(large.left_out_covariates, std::vector<std::string>{"unborn"});
  EXPECT_NEAR(large.summary.log_likelihood, small.summary.log_likelihood, 1e-7);
  EXPECT_NEAR(large.parameters.effects[0][0] * 30, small.parameters.effects[0][0], 1e-6);
  EXPECT_NEAR(Find(large, "alpha:born").standard_error * 30,
              Find(small, "alpha:covariate0").standard_error, 1e-6);
  // The customer with pattern 1 has the same parameters either way.
  const ModelParameters a = *ApplyCovariates(small.parameters, std::vector<double>{1});
  const ModelParameters b = *ApplyCovariates(large.parameters, std::vector<double>{1990, -1990});
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(a.values[i] / b.values[i], 1, 1e-6);
}

TEST(PurchaseFitCovariates, WarmStartTakesEffectsAlong) {
  const TwoGroups groups = Simulate(0.7, 1500, 5);
  PurchaseFitOptions options;
  options.covariates = {{{2.}, {5.}}, groups.pattern};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit cold,
                               FitPurchases(ModelKind::kBgNbd, groups.rows, options));
  options.warm_start = cold.parameters;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit warm,
                               FitPurchases(ModelKind::kBgNbd, groups.rows, options));
  EXPECT_LT(warm.summary.evaluations, cold.summary.evaluations);
  EXPECT_NEAR(warm.summary.log_likelihood, cold.summary.log_likelihood, 1e-8);
  EXPECT_NEAR(warm.parameters.effects[0][0], cold.parameters.effects[0][0], 1e-6);
}

}  // namespace
}  // namespace rapport::value
