// SPDX-License-Identifier: Apache-2.0
// Random valid input, far beyond any data: no NaN, infinity, negative or non-monotone
// answer, and what must agree agrees.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "lib/base/text.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

constexpr double kTolerance = 1e-8;

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  double Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  double LogUniform(double low, double high) { return low * std::pow(high / low, Uniform()); }

  ModelParameters Parameters() {
    constexpr ModelKind kKinds[] = {ModelKind::kBgNbd, ModelKind::kMbgNbd, ModelKind::kBgCnbdK,
                                    ModelKind::kMbgCnbdK};
    ModelParameters result{.kind = kKinds[random_() % 4], .values = {}, .effects = {}};
    if (result.kind == ModelKind::kBgCnbdK || result.kind == ModelKind::kMbgCnbdK) {
      result.regularity = static_cast<uint32_t>(1 + random_() % 5);
    }
    result.time_unit_days = random_() % 2 == 0 ? 7 : 1;
    const bool extreme = random_() % 2 == 0;
    for (int i = 0; i < 4; ++i) {
      result.values.push_back(extreme ? LogUniform(1e-6, 1e6) : LogUniform(0.05, 50));
    }
    if (random_() % 4 == 0) result.values[2] = 1;
    return result;
  }
  PurchaseHistory History() {
    PurchaseHistory history;
    history.age_days = random_() % 8 == 0 ? LogUniform(1e-9, 1) : LogUniform(1, 1e4);
    if (random_() % 3 == 0) return history;
    history.frequency = static_cast<uint32_t>(LogUniform(1, 10'001));
    history.recency_days = random_() % 4 == 0 ? history.age_days : history.age_days * Uniform();
    if (history.recency_days == 0) history.recency_days = history.age_days;
    return history;
  }
  double Horizon() { return random_() % 16 == 0 ? 0 : LogUniform(1e-3, 36'400); }
  // Per day, 0.01 % to 1000 % a year.
  double Rate() { return std::log1p(LogUniform(1e-4, 10)) / 365; }

 private:
  std::mt19937_64 random_;
};

void ExpectProbability(double value, const std::string& what) {
  EXPECT_TRUE(value >= 0 && value <= 1 + 1e-12) << what << " " << value;
}
void ExpectAmount(double value, const std::string& what) {
  EXPECT_TRUE(std::isfinite(value) && value >= 0) << what << " " << value;
}
// low <= high, but for rounding.
void ExpectOrder(double low, double high, const std::string& what) {
  EXPECT_LE(low, high * (1 + kTolerance) + 1e-300) << what;
}

void CheckState(const PurchaseModel& model, const AliveState& state, Draw& draw,
                const std::string& what) {
  const double near = draw.Horizon(), far = near * (1 + draw.Uniform()), rate = draw.Rate();
  const double expected = model.ExpectedPurchases(state, near);
  ExpectAmount(expected, what + " expected");
  ExpectOrder(expected, model.ExpectedPurchases(state, far), what + " expected grows");
  const double alive = model.AliveAhead(state, near), none = model.NoPurchase(state, near);
  ExpectProbability(alive, what + " alive");
  ExpectProbability(none, what + " none");
  ExpectOrder(model.AliveAhead(state, far), alive, what + " alive falls");
  ExpectOrder(model.NoPurchase(state, far), none, what + " none falls");
  const double discounted = model.DiscountedPurchases(state, near, rate);
  ExpectAmount(discounted, what + " discounted");
  ExpectOrder(discounted, expected, what + " discounted <= expected");
  ExpectOrder(expected * std::exp(-rate * near), discounted, what + " discounted at the end");
  const double longer = model.DiscountedPurchases(state, far, rate);
  ExpectOrder(discounted, longer, what + " discounted grows");
  const double forever =
      model.DiscountedPurchases(state, std::numeric_limits<double>::infinity(), rate);
  ExpectAmount(forever, what + " forever");
  ExpectOrder(longer, forever, what + " forever is longer");
  double total = 0, mean = 0;
  const std::vector<double> counts = model.PurchaseCounts(state, near, 200);
  for (size_t n = 0; n < counts.size(); ++n) {
    ExpectProbability(counts[n], what + " count");
    total += counts[n];
    mean += static_cast<double>(n) * counts[n];
  }
  EXPECT_LE(total, 1 + kTolerance) << what;
  ExpectOrder(mean, expected, what + " mean of some counts");
  EXPECT_NEAR(counts[0], none, kTolerance) << what;
}

TEST(BetaGeometricFuzz, AnswersAreFiniteAndMonotone) {
  constexpr int kRounds = 300;
  for (int seed = 1; seed <= kRounds && !testing::Test::HasFailure(); ++seed) {
    Draw draw(static_cast<uint64_t>(seed));
    const ModelParameters parameters = draw.Parameters();
    const PurchaseHistory history = draw.History();
    const std::string what =
        Cat("seed ", seed, " ", TraitsOf(parameters.kind).name, " k ", parameters.regularity, " [",
            parameters.values[0], " ", parameters.values[1], " ", parameters.values[2], " ",
            parameters.values[3], "] x ", history.frequency, " tx ", history.recency_days, " T ",
            history.age_days);
    const auto model = std::move(*MakePurchaseModel(parameters));
    EXPECT_TRUE(std::isfinite(model->LogLikelihood(history))) << what;
    const double alive = model->PAlive(history);
    ExpectProbability(alive, what);
    std::vector<AliveState> states;
    model->AppendAliveStates(history, states);
    double sum = 0;
    for (const AliveState& state : states) sum += state.probability;
    EXPECT_NEAR(sum, alive, 1e-12) << what;
    PurchaseHistory later = history;
    later.age_days += 1 + draw.Horizon();
    ExpectOrder(model->PAlive(later), alive, what + " silence");
    const double bound = draw.Uniform();
    const double silence = model->SilenceDays(history, bound);
    EXPECT_GE(silence, 0) << what;
    later.age_days = history.recency_days + silence * (1 + 1e-9);
    if (silence > 0 && std::isfinite(later.age_days) && silence > 1e-6 * history.recency_days) {
      EXPECT_NEAR(model->PAlive(later), bound, 1e-5) << what;
    }
    for (const AliveState& state : states) CheckState(*model, state, draw, what);
    const double days = draw.Horizon();
    ExpectAmount(model->ExpectedFromStart(days), what);
    double total = 0;
    for (double p : model->CountsFromStart(days, 20)) total += p;
    EXPECT_LE(total, 1 + kTolerance) << what;
  }
}

}  // namespace
}  // namespace rapport::value
