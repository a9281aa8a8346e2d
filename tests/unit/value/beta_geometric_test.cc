// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "lib/base/text.h"
#include "lib/value/purchase_model.h"
#include "tests/unit/value/beta_geometric_oracle.h"
#include "tests/unit/value/cdnow_sample.h"

namespace rapport::value {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ModelParameters Parameters(ModelKind kind, std::vector<double> values, uint32_t k = 1) {
  return {.kind = kind,
          .regularity = k,
          .time_unit_days = 7,
          .values = std::move(values),
          .effects = {}};
}
// value.md's estimates on CDNOW, published by the sources named in purchase_model.h.
ModelParameters CdnowBg() {
  return Parameters(ModelKind::kBgNbd, {.2425945, 4.413602, .792922, 2.425907});
}
ModelParameters CdnowMbg() {
  return Parameters(ModelKind::kMbgNbd, {.524843, 6.183085, .891359, 1.614002});
}

std::unique_ptr<PurchaseModel> Model(const ModelParameters& parameters) {
  auto model = MakePurchaseModel(parameters);
  EXPECT_TRUE(model.ok()) << model.status();
  return std::move(*model);
}

struct Future {
  double alive = 0, alive_ahead = 0, expected = 0, discounted = 0, none = 0;
  std::vector<double> counts;
};

// Of a living customer, phases mixed by their weights.
Future FutureOf(const PurchaseModel& model, const PurchaseHistory& history, double days,
                double rate, uint32_t max_count) {
  std::vector<AliveState> states;
  model.AppendAliveStates(history, states);
  Future result;
  result.counts.assign(max_count + 1, 0.0);
  for (const AliveState& state : states) result.alive += state.probability;
  for (const AliveState& state : states) {
    const double weight = state.probability / result.alive;
    result.alive_ahead += weight * model.AliveAhead(state, days);
    result.expected += weight * model.ExpectedPurchases(state, days);
    result.discounted += weight * model.DiscountedPurchases(state, days, rate);
    result.none += weight * model.NoPurchase(state, days);
    const std::vector<double> counts = model.PurchaseCounts(state, days, max_count);
    for (size_t n = 0; n < counts.size(); ++n) result.counts[n] += weight * counts[n];
  }
  return result;
}

void ExpectRelative(double actual, double expected, double tolerance, const std::string& what) {
  EXPECT_NEAR(actual, expected, tolerance * std::fabs(expected)) << what;
}

struct OracleCase {
  ModelParameters parameters;
  PurchaseHistory history;
};

std::vector<OracleCase> OracleCases(uint32_t k) {
  const PurchaseHistory two{.frequency = 2,
                            .recency_days = 213,
                            .age_days = 272,
                            .sum_log_gap_days = std::log(100.0) + std::log(113.0)};
  const PurchaseHistory none{.age_days = 100};
  const PurchaseHistory now{
      .frequency = 1, .recency_days = 35, .age_days = 35, .sum_log_gap_days = std::log(35.0)};
  std::vector<OracleCase> cases;
  const std::vector<double> values = {.6, 4.4 / k, .8, 2.4};
  for (const PurchaseHistory& history : {two, k == 2 ? now : none}) {
    cases.push_back({Parameters(ModelKind::kBgCnbdK, values, k), history});
    cases.push_back({Parameters(ModelKind::kMbgCnbdK, values, k), history});
  }
  return cases;
}

class BetaGeometricOf : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Regularity, BetaGeometricOf, testing::Values(1, 2, 3));

TEST_P(BetaGeometricOf, EverythingAgreesWithBruteForce) {
  for (const OracleCase& c : OracleCases(GetParam())) {
    const std::string what = Cat(TraitsOf(c.parameters.kind).name, " k ", c.parameters.regularity,
                                 " x ", c.history.frequency);
    const auto model = Model(c.parameters);
    const BetaGeometricOracle oracle(c.parameters);
    const double log_likelihood = std::log(oracle.Likelihood(c.history));
    EXPECT_NEAR(model->LogLikelihood(c.history), log_likelihood, 1e-10) << what;
    ExpectRelative(model->PAlive(c.history), oracle.PAlive(c.history), 1e-10, what);
    const double rate = std::log(1.15) / 90;
    const OracleFuture expected = oracle.Future(c.history, 200, rate, 6);
    const Future future = FutureOf(*model, c.history, 200, rate, 6);
    ExpectRelative(future.alive, model->PAlive(c.history), 1e-13, what);
    ExpectRelative(future.alive_ahead, expected.alive_ahead, 1e-9, what);
    ExpectRelative(future.expected, expected.expected, 1e-9, what);
    ExpectRelative(future.discounted, expected.discounted, 1e-5, what);
    ExpectRelative(future.none, expected.counts[0], 1e-9, what);
    for (size_t n = 0; n <= 6; ++n) {
      ExpectRelative(future.counts[n], expected.counts[n], 1e-8, Cat(what, " n ", n));
    }
  }
}

TEST(BetaGeometric, OneStageIsThePlainModelBitForBit) {
  const PurchaseHistory history{.frequency = 3, .recency_days = 80, .age_days = 200};
  const std::pair<ModelKind, ModelKind> pairs[] = {{ModelKind::kBgNbd, ModelKind::kBgCnbdK},
                                                   {ModelKind::kMbgNbd, ModelKind::kMbgCnbdK}};
  for (const auto& [plain, regular] : pairs) {
    const auto a = Model(Parameters(plain, CdnowBg().values));
    const auto b = Model(Parameters(regular, CdnowBg().values));
    EXPECT_EQ(a->LogLikelihood(history), b->LogLikelihood(history));
    EXPECT_EQ(a->PAlive(history), b->PAlive(history));
    EXPECT_EQ(a->SilenceDays(history, .3), b->SilenceDays(history, .3));
    const Future x = FutureOf(*a, history, 90, 1e-4, 9), y = FutureOf(*b, history, 90, 1e-4, 9);
    EXPECT_EQ(x.expected, y.expected);
    EXPECT_EQ(x.discounted, y.discounted);
    EXPECT_EQ(x.counts, y.counts);
  }
}

TEST(BetaGeometric, AnswersAreConsistent) {
  for (uint32_t k : {1, 2, 3}) {
    const auto model = Model(Parameters(ModelKind::kMbgCnbdK, {.6, 4.4 / k, .8, 2.4}, k));
    const PurchaseHistory history{.frequency = 4, .recency_days = 150, .age_days = 170};
    const Future future = FutureOf(*model, history, 120, 1e-13, 400);
    double total = 0, mean = 0;
    for (size_t n = 0; n < future.counts.size(); ++n) {
      total += future.counts[n];
      mean += static_cast<double>(n) * future.counts[n];
    }
    EXPECT_NEAR(total, 1, 1e-12);
    ExpectRelative(mean, future.expected, 1e-10, "mean of counts");
    ExpectRelative(future.discounted, future.expected, 1e-9, "hardly discounted");
    EXPECT_NEAR(future.none, future.counts[0], 1e-13);
    EXPECT_EQ(FutureOf(*model, history, 120, 0, 1).discounted, future.expected);
    // From the start: counts of a new customer, who may have left at once.
    const std::vector<double> counts = model->CountsFromStart(300, 400);
    double first = 0;
    for (size_t n = 0; n < counts.size(); ++n) first += static_cast<double>(n) * counts[n];
    ExpectRelative(first, model->ExpectedFromStart(300), 1e-10, "from the start");
    EXPECT_NEAR(std::accumulate(counts.begin(), counts.end(), 0.0), 1, 1e-12);
  }
}

TEST(BetaGeometric, SilenceInClosedForm) {
  const PurchaseHistory history{.frequency = 3, .recency_days = 80, .age_days = 80};
  for (const ModelParameters& parameters : {CdnowBg(), CdnowMbg()}) {
    const auto model = Model(parameters);
    for (double bound : {.9, .5, .1, .001}) {
      PurchaseHistory later = history;
      const double silence = model->SilenceDays(history, bound);
      if (silence == 0) {
        EXPECT_LT(model->PAlive(history), bound);
        continue;
      }
      later.age_days += silence;
      EXPECT_NEAR(model->PAlive(later), bound, 1e-12);
      ExpectRelative(model->PurchaseModel::SilenceDays(history, bound), silence, 1e-6, "bisected");
    }
  }
  EXPECT_EQ(Model(CdnowBg())->SilenceDays({.age_days = 40}, .5), kInfinity);
}

TEST(BetaGeometric, OneTimeBuyersAreAliveByConstructionInBgOnly) {
  const PurchaseHistory once{.age_days = 1000};
  EXPECT_TRUE(Model(CdnowBg())->AliveByConstruction(once));
  EXPECT_EQ(Model(CdnowBg())->PAlive(once), 1);
  EXPECT_FALSE(Model(CdnowMbg())->AliveByConstruction(once));
  // a / b (1 + T / alpha)^r odds of having left.
  const double odds = .891359 / 1.614002 * std::pow(1 + 1000 / 7.0 / 6.183085, .524843);
  EXPECT_NEAR(Model(CdnowMbg())->PAlive(once), 1 / (1 + odds), 1e-12);
}

TEST(BetaGeometric, PublishedExpectation) {
  // Fader, Hardie, Lee 2005: x = 2, t_x = 30.43, T = 38.86 weeks; 1.226 in 39 weeks.
  const PurchaseHistory history{.frequency = 2, .recency_days = 30.43 * 7, .age_days = 38.86 * 7};
  const auto model = Model(CdnowBg());
  const Future future = FutureOf(*model, history, 39 * 7, .1 / 365, 3);
  EXPECT_NEAR(future.alive * future.expected, 1.226, 5e-4);
}

TEST(BetaGeometric, LikelihoodOfCdnowIsTheStatedOne) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  const auto sum = [&](const ModelParameters& parameters) {
    const auto model = Model(parameters);
    double result = 0;
    for (const PurchaseHistory& history : cdnow.histories) result += model->LogLikelihood(history);
    return result;
  };
  EXPECT_NEAR(sum(CdnowBg()), -9582.4292067, 1e-6);
  EXPECT_NEAR(sum(CdnowMbg()), -9582.1357156, 1e-6);
}

}  // namespace
}  // namespace rapport::value
