// SPDX-License-Identifier: Apache-2.0
// Matched comparison: the estimator against hand-worked figures, populations and bands, and
// simulated customers in whom only what they are matched on makes the difference.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "lib/base/errors.h"
#include "lib/journey/effect_walker.h"
#include "rapport/v1/event.pb.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

constexpr int64_t kDay = 86'400;

// One stratum is the plain difference of shares: 40 of 100 less 20 of 100 = 0.2 with the
// variance 0.4 x 0.6 / 100 + 0.2 x 0.8 / 100 = 0.004.
TEST(MantelHaenszel, OneStratumIsThePlainDifference) {
  MantelHaenszel strata;
  strata.Add({40, 100, 20, 100});
  const auto result = strata.Result(0.95);
  EXPECT_NEAR(*result.change, 0.2, 1e-12);
  EXPECT_NEAR(result.interval->high - *result.change, 1.959964 * std::sqrt(0.004), 1e-6);
  // z = 0.2 / sqrt(0.004) = 3.1623: p = 0.001565.
  EXPECT_NEAR(*result.p_value, 0.001565, 1e-6);
}

// Strata 10/20 against 10/40 and 30/40 against 10/20, by hand:
//   w = 20 x 40 / 60 = 40/3 twice; d = (1/4 + 1/4) / 2 = 0.25.
//   P1 = (400 x 10 - 1600 x 10 + 800 x 20 / 2) / 3600 = -4000 / 3600 = -1.111111
//   Q1 = (10 x 30 + 10 x 10) / 120 = 3.333333
//   P2 = (1600 x 10 - 400 x 30 + 800 x (-20) / 2) / 3600 = -4000 / 3600 = -1.111111
//   Q2 = (30 x 10 + 10 x 10) / 120 = 3.333333
//   variance = (0.25 x -2.222222 + 6.666667) / (80/3)^2 = 6.111111 / 711.1111 = 0.00859375
TEST(MantelHaenszel, TwoStrata) {
  MantelHaenszel strata;
  strata.Add({10, 20, 10, 40});
  strata.Add({30, 40, 10, 20});
  strata.Add({5, 5, 0, 0});  // Nobody to compare with.
  EXPECT_EQ(strata.strata(), 2);
  EXPECT_EQ(strata.matched1(), 60);
  const auto result = strata.Result(0.95);
  EXPECT_NEAR(*result.change, 0.25, 1e-12);
  EXPECT_NEAR((*result.change - result.interval->low) / 1.959964, std::sqrt(0.00859375), 1e-7);
  EXPECT_NEAR(strata.rate1(), 0.625, 1e-12);
  EXPECT_NEAR(strata.rate0(), 0.375, 1e-12);
}

TEST(MantelHaenszel, SmallOrEqualSidesHaveNoTest) {
  MantelHaenszel none, small, equal;
  EXPECT_FALSE(none.Result(0.95).change.has_value());
  small.Add({3, 10, 2, 10});
  EXPECT_TRUE(small.Result(0.95).interval.has_value());
  EXPECT_FALSE(small.Result(0.95).p_value.has_value());
  equal.Add({100, 100, 100, 100});
  EXPECT_FALSE(equal.Result(0.95).interval.has_value());
}

TEST(StepEffect, Bands) {
  EXPECT_EQ(TenureBand(29), 0U);
  EXPECT_EQ(TenureBand(30), 1U);
  EXPECT_EQ(TenureBand(730), 5U);
  EXPECT_EQ(OrderBand(0), 0U);
  EXPECT_EQ(OrderBand(3), 3U);
  EXPECT_EQ(OrderBand(4), 3U);
  EXPECT_EQ(OrderBand(10), 5U);
  EXPECT_EQ(RecencyBand(6), 0U);
  EXPECT_EQ(RecencyBand(7), 1U);
  EXPECT_EQ(RecencyBand(400), 4U);
}

// Day 40 to 50, outcome in the 20 days after.
v1::StepEffectQuestion Question() {
  v1::StepEffectQuestion question;
  question.set_step("type = s");
  question.set_outcome("type = o");
  question.set_start_date("1970-02-10");
  question.set_end_date("1970-02-20");
  question.mutable_outcome_window()->set_seconds(20 * kDay);
  return question;
}

std::string At(char letter, int64_t day) { return letter + std::to_string(day * kDay) + " "; }

v1::QueryStepEffectResponse Ask(const v1::StepEffectQuestion& question,
                                const std::vector<std::string>& customers) {
  TestScope test;
  const auto plan = EffectPlan::Create(question, test.scope);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return {};
  EffectWalker walker(*plan);
  for (const std::string& text : customers) {
    History history(text);
    walker.Customer(history.View(), {});
  }
  return AnswerEffect(walker);
}

TEST(StepEffect, WhoIsCompared) {
  const auto answer =
      Ask(Question(), {
                          At('a', 35) + At('s', 40) + At('o', 50),  // Step, outcome.
                          At('a', 35) + At('s', 49) + At('o', 70),  // Too late.
                          At('a', 35) + At('o', 69),                // Control.
                          At('a', 35) + At('o', 45),                // Before the landmark.
                          At('a', 35) + At('s', 50),                // Step after the range.
                          At('s', 41) + At('o', 55),                // Not known before.
                          At('a', 2) + At('s', 41),                 // Nobody like it.
                      });
  EXPECT_EQ(answer.step().customers(), 3);
  EXPECT_EQ(answer.step().matched(), 2);
  EXPECT_EQ(answer.step().with_outcome(), 1);
  EXPECT_EQ(answer.control().customers(), 3);
  EXPECT_EQ(answer.control().matched(), 3);
  EXPECT_EQ(answer.control().with_outcome(), 1);
  EXPECT_EQ(answer.strata(), 1);
  EXPECT_NEAR(answer.matched().change(), 1.0 / 2 - 1.0 / 3, 1e-12);
  EXPECT_FALSE(answer.matched().has_p_value());
  EXPECT_NE(answer.reading().find("association, not proof"), std::string::npos);
  EXPECT_NE(answer.reading().find("too few"), std::string::npos);
}

// Loyal customers (an order before) make the step in 80 % and have the outcome in 60 %, others
// in 20 % and 10 %; the step itself does `effect`. What is left of the raw difference after
// matching is the effect alone.
std::vector<std::string> Simulate(double effect, int count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random); };
  std::vector<std::string> customers;
  for (int i = 0; i < count; ++i) {
    const bool loyal = chance(0.5), step = chance(loyal ? 0.8 : 0.2);
    // An event 10 days before stands for loyalty: the recency band.
    std::string text = At('a', 3) + (loyal ? At('a', 36) : std::string());
    if (step) text += At('s', 45);
    if (chance((loyal ? 0.6 : 0.1) + (step ? effect : 0))) text += At('o', 55);
    customers.push_back(text);
  }
  return customers;
}

TEST(StepEffect, MatchingTakesAwayWhatWasThereBefore) {
  const auto none = Ask(Question(), Simulate(0, 8000, 1));
  EXPECT_GT(none.unmatched().change(), 0.25);  // 0.8 x 0.6 + 0.2 x 0.1 less the reverse: 0.3.
  EXPECT_LT(none.unmatched().p_value(), 1e-6);
  EXPECT_LE(none.matched().interval().low(), 0);
  EXPECT_GE(none.matched().interval().high(), 0);
  EXPECT_FALSE(none.matched().significant());
  EXPECT_EQ(none.strata(), 2);
  for (const auto& balance : none.balance()) {
    EXPECT_NEAR(balance.standardized_after(), 0, 1e-9) << balance.measure();
  }
  EXPECT_GT(std::abs(none.balance(2).standardized_before()), 1);
  const auto some = Ask(Question(), Simulate(0.2, 8000, 2));
  EXPECT_LE(some.matched().interval().low(), 0.2);
  EXPECT_GE(some.matched().interval().high(), 0.2);
  EXPECT_TRUE(some.matched().significant());
  EXPECT_NE(some.reading().find("more than chance"), std::string::npos);
}

TEST(StepEffect, MergesInAnyOrder) {
  TestScope test;
  const auto plan = EffectPlan::Create(Question(), test.scope);
  ASSERT_TRUE(plan.ok());
  std::vector<std::string> customers = Simulate(0.1, 300, 3);
  std::mt19937_64 random(4);
  std::vector<std::string> answers;
  for (const size_t parts : {1, 2, 5}) {
    std::vector<EffectWalker> walkers(parts, EffectWalker(*plan));
    std::ranges::shuffle(customers, random);
    for (size_t i = 0; i < customers.size(); ++i) {
      History history(customers[i]);
      walkers[i % parts].Customer(history.View(), {});
    }
    for (size_t i = 1; i < parts; ++i) walkers[0].Merge(walkers[i]);
    answers.push_back(AnswerEffect(walkers[0]).SerializeAsString());
  }
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(answers[0], answers[2]);
}

TEST(StepEffect, Errors) {
  TestScope test;
  const std::vector<std::pair<std::string, std::function<void(v1::StepEffectQuestion&)>>> cases = {
      {"question.step", [](auto& question) { question.clear_step(); }},
      {"question.outcome", [](auto& question) { question.set_outcome("type"); }},
      {"question.start_date", [](auto& question) { question.clear_start_date(); }},
      {"question.end_date", [](auto& question) { question.set_end_date("1970-13-01"); }},
      {"question.population", [](auto& question) { question.set_population("channel = web"); }},
      {"question.match_on[0]", [](auto& question) { question.add_match_on("channel"); }},
      {"question.outcome_window",
       [](auto& question) { question.mutable_outcome_window()->set_seconds(60 * kDay); }},
  };
  for (const auto& [field, change] : cases) {
    v1::StepEffectQuestion question = Question();
    change(question);
    const auto detail = DetailOf(EffectPlan::Create(question, test.scope).status());
    ASSERT_TRUE(detail.has_value()) << field;
    EXPECT_EQ(detail->field, field);
  }
}

}  // namespace
}  // namespace rapport::journey
