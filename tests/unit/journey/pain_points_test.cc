// SPDX-License-Identifier: Apache-2.0
// Pain points: which loss is the largest, what separates, how often chance alone would.
#include "lib/journey/pain_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lib/base/errors.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

FunnelQuestion Checkout() {
  FunnelQuestion question;
  for (const auto& [name, letter] : {std::pair("view", 'v'), {"cart", 'c'}, {"buy", 'b'}}) {
    question.funnel.add_steps()->set_filter(std::string("type = ") + letter);
    question.funnel.mutable_steps(question.funnel.steps_size() - 1)->set_name(name);
  }
  question.funnel.mutable_window()->set_seconds(3600);
  return question;
}

v1::FindPainPointsResponse Ask(const FunnelQuestion& question,
                               const std::vector<std::string>& names,
                               const std::vector<std::string>& customers, size_t parts = 1) {
  TestScope test;
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  const auto dimensions = PainDimensions::Parse(names);
  EXPECT_TRUE(funnel.ok() && dimensions.ok()) << funnel.status() << dimensions.status();
  if (!funnel.ok() || !dimensions.ok()) return {};
  std::vector<PainWalker> walkers;
  for (size_t i = 0; i < parts; ++i) walkers.emplace_back(*funnel, *dimensions);
  for (size_t i = 0; i < customers.size(); ++i) {
    History history(customers[i]);
    const uint32_t stage = i % 2 == 0 ? 1 : 2;
    walkers[i % parts].Customer(history.View(), std::span(&stage, 1));
  }
  for (size_t i = 1; i < parts; ++i) walkers[0].Merge(std::move(walkers[i]));
  return AnswerPainPoints(walkers[0], 5);
}

// Of 1,000 views 500 put into the cart. Of those with express shipping 80 % buy, with slow
// shipping 20 %. Everything else is noise.
std::vector<std::string> Customers(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto upto = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  std::vector<std::string> customers;
  for (int i = 0; i < 1000; ++i) {
    std::string text = "v0:colour=" + std::to_string(upto(3)) + " ";
    if (i % 2 == 0) {
      const bool express = i % 4 == 0;
      text += "c10:shipping=" + std::string(express ? "express" : "slow") +
              ":id=" + std::to_string(i) + ":channel=" + std::to_string(1 + upto(3)) + " ";
      if (i / 4 % 10 < (express ? 8 : 2)) text += "b20";
    }
    customers.push_back(text);
  }
  return customers;
}

TEST(PainPoints, WhereAndWho) {
  const auto answer = Ask(Checkout(), {"channel", "property.*"}, Customers(5));
  ASSERT_EQ(answer.pain_points_size(), 2);
  // 500 of 1,000 are lost before the cart, 250 of 500 before the purchase.
  const v1::PainPoint& first = answer.pain_points(0);
  EXPECT_EQ(first.transition(), "view > cart");
  EXPECT_EQ(first.lost(), 500);
  const v1::PainPoint& second = answer.pain_points(1);
  EXPECT_EQ(second.from_step(), 2);
  EXPECT_EQ(second.to_step(), 3);
  EXPECT_EQ(second.reached(), 500);
  EXPECT_EQ(second.lost(), 250);
  EXPECT_NEAR(second.against_others().change(), 0, 1e-12);
  const v1::SeparatingValue& best = second.values(0);
  EXPECT_EQ(best.dimension(), "property.shipping");
  EXPECT_EQ(best.value(), "express");
  EXPECT_EQ(best.reached(), 250);
  EXPECT_EQ(best.continued(), 200);
  EXPECT_DOUBLE_EQ(best.conversion(), 0.8);
  EXPECT_DOUBLE_EQ(best.other_conversion(), 0.2);
  EXPECT_DOUBLE_EQ(best.lift(), 4.0);
  EXPECT_TRUE(best.difference().significant());
  EXPECT_LT(best.difference().adjusted_p_value(), 1e-20);
  EXPECT_EQ(second.values(1).value(), "slow");
  for (int i = 2; i < second.values_size(); ++i) {
    EXPECT_FALSE(second.values(i).difference().significant()) << second.values(i).DebugString();
  }
}

// The next loss is half of what it was at the step before: less than elsewhere.
TEST(PainPoints, LossAgainstTheOthers) {
  std::vector<std::string> customers;
  for (int i = 0; i < 1000; ++i) {
    customers.push_back(i < 900 ? (i < 100 ? "v0 c1 b2" : "v0 c1") : "v0");
  }
  const auto answer = Ask(Checkout(), {"channel"}, customers);
  const v1::PainPoint& worst = answer.pain_points(0);
  EXPECT_EQ(worst.transition(), "cart > buy");
  EXPECT_EQ(worst.lost(), 800);
  EXPECT_NEAR(worst.against_others().change(), 100.0 / 900 - 0.9, 1e-12);
  EXPECT_TRUE(worst.against_others().significant());
  EXPECT_EQ(worst.values_size(), 0);  // All have the same channel.
}

TEST(PainPoints, CustomersDimensions) {
  const auto answer = Ask(Checkout(), {"stage"}, Customers(6));
  // Carts are of even customers alone.
  ASSERT_EQ(answer.pain_points(0).values_size(), 2);
  EXPECT_EQ(answer.pain_points(0).values(0).dimension(), "stage");
  EXPECT_DOUBLE_EQ(answer.pain_points(0).values(0).difference().change(), 1.0);
}

// Without any effect about one question in twenty should find anything at all.
TEST(PainPoints, ChanceSeldomSeparates) {
  int with_finding = 0;
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    std::mt19937_64 random(static_cast<uint64_t>(round) + 100);
    const auto upto = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    std::vector<std::string> customers;
    for (int i = 0; i < 600; ++i) {
      std::string text = "v0";
      for (const char* key : {"p", "q", "r"})
        text += std::string(":") + key + "=" + std::to_string(upto(3));
      customers.push_back(text + (upto(1) == 0 ? " c1" : ""));
    }
    const auto answer = Ask(Checkout(), {"property.*"}, customers);
    const auto& values = answer.pain_points(0).values();
    with_finding += std::ranges::any_of(
        values, [](const auto& value) { return value.difference().significant(); });
  }
  // Binomial(100, 0.05): more than 12 has a chance of 0.1 %.
  EXPECT_LE(with_finding, 12);
}

TEST(PainPoints, MergesToTheSame) {
  const auto customers = Customers(7);
  const auto one = Ask(Checkout(), {"channel", "stage", "property.*"}, customers, 1);
  for (const size_t parts : {2, 3}) {
    EXPECT_EQ(
        one.SerializeAsString(),
        Ask(Checkout(), {"channel", "stage", "property.*"}, customers, parts).SerializeAsString());
  }
}

TEST(PainPoints, Errors) {
  const std::vector<std::string> names = {"channel", "colour"};
  const auto detail = DetailOf(PainDimensions::Parse(names).status());
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->field, "dimensions[1]");
  TestScope test;
  FunnelQuestion question = Checkout();
  question.funnel.set_order(v1::FUNNEL_ORDER_ANY);
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  ASSERT_TRUE(funnel.ok());
  EXPECT_EQ(DetailOf(CheckPainFunnel(*funnel))->reason, "UNSUPPORTED_ORDER");
}

}  // namespace
}  // namespace rapport::journey
