// SPDX-License-Identifier: Apache-2.0
// Random valid input to every purchase model: parameters log-uniform in 1e-4 .. 1e5, up to
// 10,000 purchases, times from a minute to centuries. No answer may be NaN, infinite or
// negative, probabilities stay at most 1, expectations grow with the horizon, P(alive)
// falls with silence, discounting lowers. Invalid input is an error that names the field.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// What rounding may add to a probability or take from a difference, relative.
constexpr double kSlack = 1e-9;

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {  // SplitMix64.
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double LogUniform(double low, double high) {
    return low * std::exp(Uniform() * std::log(high / low));
  }
  bool Chance(double p) { return Uniform() < p; }
  size_t Below(size_t n) { return Next() % n; }

 private:
  uint64_t state_;
};

struct Case {
  ModelParameters parameters;
  PurchaseHistory history;
  double horizon = 0;
};

double RandomValue(Random& random) {
  if (random.Chance(0.1)) return 1;  // The poles of the closed forms.
  return random.LogUniform(1e-4, 1e5);
}

ModelParameters RandomParameters(ModelKind kind, Random& random) {
  ModelParameters result;
  result.kind = kind;
  if (kind == ModelKind::kBgCnbdK || kind == ModelKind::kMbgCnbdK) {
    result.regularity = static_cast<uint32_t>(1 + random.Below(5));
  }
  constexpr double kUnits[] = {1, 7, 30.4375};
  result.time_unit_days = kUnits[random.Below(3)];
  for (size_t i = 0; i < TraitsOf(kind).parameters.size(); ++i) {
    result.values.push_back(RandomValue(random));
  }
  if (random.Chance(0.1)) result.values.back() = result.values[1];
  return result;
}

PurchaseHistory RandomHistory(Random& random) {
  PurchaseHistory result;
  result.age_days = random.Chance(0.05) ? 0 : random.LogUniform(1e-3, 1e5);
  if (result.age_days == 0 || random.Chance(0.3)) return result;
  result.frequency = static_cast<uint32_t>(random.LogUniform(1, 10'001));
  const double share = random.Chance(0.2)   ? 1
                       : random.Chance(0.3) ? random.LogUniform(1e-9, 1)
                                            : 1 - random.LogUniform(1e-9, 1);
  result.recency_days = std::max(result.age_days * share, 1e-12);
  result.sum_log_gap_days = result.frequency * std::log(result.recency_days / result.frequency);
  return result;
}

Case RandomCase(ModelKind kind, Random& random) {
  return {RandomParameters(kind, random), RandomHistory(random),
          random.Chance(0.05) ? 0 : random.LogUniform(1e-3, 1e5)};
}

std::string Show(const Case& c) {
  std::string text = Cat(TraitsOf(c.parameters.kind).name, " k ", c.parameters.regularity, " unit ",
                         c.parameters.time_unit_days, " values");
  for (double value : c.parameters.values) text += " " + testing::PrintToString(value);
  return text + " x " + std::to_string(c.history.frequency) + " t_x " +
         testing::PrintToString(c.history.recency_days) + " T " +
         testing::PrintToString(c.history.age_days) + " horizon " +
         testing::PrintToString(c.horizon);
}

void ExpectCount(double value, const char* what) {
  EXPECT_TRUE(std::isfinite(value) && value >= 0) << what << " = " << value;
}

void ExpectProbability(double value, const char* what) {
  EXPECT_TRUE(value >= 0 && value <= 1 + kSlack) << what << " = " << value;
}

void ExpectNotAbove(double low, double high, const char* what) {
  EXPECT_LE(low, high + kSlack * std::abs(high)) << what;
}

void ExpectCounts(const std::vector<double>& counts, size_t size) {
  ASSERT_EQ(counts.size(), size);
  for (double p : counts) ExpectProbability(p, "P(n)");
  ExpectProbability(std::accumulate(counts.begin(), counts.end(), 0.0), "sum of P(n)");
}

// What the future of one state may say.
void CheckState(const PurchaseModel& model, const AliveState& state, double horizon) {
  ExpectProbability(state.probability, "P(state)");
  const double more = 1.5 * horizon + 0.5;
  const double ahead = model.AliveAhead(state, horizon);
  const double expected = model.ExpectedPurchases(state, horizon);
  const double none = model.NoPurchase(state, horizon);
  ExpectProbability(ahead, "alive ahead");
  ExpectProbability(none, "no purchase");
  ExpectCount(expected, "purchases");
  ExpectNotAbove(model.AliveAhead(state, more), ahead, "alive ahead falls");
  ExpectNotAbove(expected, model.ExpectedPurchases(state, more), "purchases grow");
  ExpectNotAbove(model.NoPurchase(state, more), none, "no purchase falls");
  // 1 - P(none) carries the rounding of 1.
  EXPECT_LE(1 - none, expected * (1 + kSlack) + 1e-14) << "P(N > 0) <= E[N]";
  const double discounted = model.DiscountedPurchases(state, horizon, 3e-4);
  ExpectCount(discounted, "discounted");
  ExpectNotAbove(discounted, expected, "discounting lowers");
  const double forever = model.DiscountedPurchases(state, kInfinity, 3e-4);
  ExpectCount(forever, "discounted for ever");
  ExpectNotAbove(discounted, forever, "a longer horizon is worth more");
  const std::vector<double> counts = model.PurchaseCounts(state, horizon, 4);
  ExpectCounts(counts, 5);
  EXPECT_NEAR(counts[0], none, kSlack);
}

void CheckHistory(const PurchaseModel& model, const PurchaseHistory& history) {
  EXPECT_TRUE(std::isfinite(model.LogLikelihood(history)));
  const double alive = model.PAlive(history);
  ExpectProbability(alive, "P(alive)");
  PurchaseHistory later = history;
  later.age_days = history.age_days * 1.3 + 1;
  ExpectNotAbove(model.PAlive(later), alive, "P(alive) falls with silence");
  std::vector<AliveState> states;
  model.AppendAliveStates(history, states);
  double sum = 0;
  for (const AliveState& state : states) sum += state.probability;
  EXPECT_NEAR(sum, alive, kSlack);
}

void CheckSilence(const PurchaseModel& model, const PurchaseHistory& history) {
  const double days = model.SilenceDays(history, 0.3);
  ASSERT_TRUE(days >= 0) << days;  // Infinity is allowed.
  if (days == kInfinity) return;
  PurchaseHistory silent = history;
  silent.age_days = history.recency_days + days * 1.001 + 1e-6;
  EXPECT_LE(model.PAlive(silent), 0.3 + 1e-6) << "after " << days << " days of silence";
}

// Asks everything; counts the cases that failed and shows the first few.
class Checker {
 public:
  void Check(const Case& c) {
    SCOPED_TRACE(Show(c));
    auto made = MakePurchaseModel(c.parameters);
    ASSERT_TRUE(made.ok()) << made.status();
    const PurchaseModel& model = **made;
    ASSERT_TRUE(ValidateHistory(c.history).ok()) << ValidateHistory(c.history);
    CheckHistory(model, c.history);
    std::vector<AliveState> states;
    model.AppendAliveStates(c.history, states);
    CheckState(model, states[cases_ % states.size()], c.horizon);
    if (cases_++ % 8 != 0) return;
    CheckSilence(model, c.history);
    ExpectCount(model.ExpectedFromStart(c.horizon), "from start");
    ExpectNotAbove(model.ExpectedFromStart(c.horizon), model.ExpectedFromStart(2 * c.horizon + 1),
                   "from start grows");
    ExpectCounts(model.CountsFromStart(c.horizon, 4), 5);
  }

 private:
  size_t cases_ = 0;
};

// About half a second of each: models that integrate numerically take longer.
int CasesFor(ModelKind kind) {
  switch (kind) {
    case ModelKind::kNbd:
      return 8000;
    case ModelKind::kParetoNbd:
    case ModelKind::kBgBb:
      return 4000;
    default:
      return 600;
  }
}

class AnyModelFuzz : public ::testing::TestWithParam<ModelKind> {};

TEST_P(AnyModelFuzz, AnswersAreSane) {
  constexpr int kEnough = 20;
  const int cases = CasesFor(GetParam());
  Random random(20261121);
  Checker checker;
  for (int i = 0; i < cases; ++i) {
    checker.Check(RandomCase(GetParam(), random));
    const auto* result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
    if (result->total_part_count() > kEnough) FAIL() << "and more, stopped at case " << i;
  }
}

TEST_P(AnyModelFuzz, AModelRefusesParametersThatAreNot) {
  const ModelTraits& traits = TraitsOf(GetParam());
  for (size_t i = 0; i < traits.parameters.size(); ++i) {
    for (double bad : {0.0, -1.0, kInfinity, std::nan("")}) {
      ModelParameters parameters;
      parameters.kind = GetParam();
      parameters.values.assign(traits.parameters.size(), 1.0);
      parameters.values[i] = bad;
      const auto made = MakePurchaseModel(parameters);
      ASSERT_FALSE(made.ok()) << traits.parameters[i] << " = " << bad;
      EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_NE(std::string(made.status().message()).find(traits.parameters[i]), std::string::npos)
          << made.status();
    }
  }
}

struct BadRow {
  const char* field;
  PurchaseHistory history;
};

TEST_P(AnyModelFuzz, AFitNamesTheRowAndTheField) {
  const BadRow rows[] = {
      {"recency_days", {.frequency = 0, .recency_days = 3, .age_days = 9}},
      {"recency_days", {.frequency = 2, .recency_days = 0, .age_days = 9}},
      {"recency_days", {.frequency = 2, .recency_days = 10, .age_days = 9}},
      {"recency_days", {.frequency = 2, .recency_days = std::nan(""), .age_days = 9}},
      {"recency_days", {.frequency = 2, .recency_days = -1, .age_days = 9}},
      {"age_days", {.frequency = 0, .recency_days = 0, .age_days = -1}},
      {"age_days", {.frequency = 0, .recency_days = 0, .age_days = kInfinity}},
  };
  for (const BadRow& row : rows) {
    std::vector<PurchaseHistory> histories(
        40, {.frequency = 2, .recency_days = 7, .age_days = 28, .sum_log_gap_days = 2.5});
    histories[17] = row.history;
    const auto fit = FitPurchases(GetParam(), histories);
    ASSERT_FALSE(fit.ok()) << row.field;
    EXPECT_EQ(fit.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(fit.status().message());
    EXPECT_NE(message.find("rows[17]." + std::string(row.field)), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, AnyModelFuzz, ::testing::ValuesIn(kAllModelKinds),
                         [](const auto& param) { return std::string(TraitsOf(param.param).name); });

}  // namespace
}  // namespace rapport::value
