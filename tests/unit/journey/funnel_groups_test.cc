// SPDX-License-Identifier: Apache-2.0
// Breakdowns, comparisons, merges and errors of funnels.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "lib/base/errors.h"
#include "lib/journey/funnel_answer.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

FunnelQuestion Steps(std::string_view letters) {
  FunnelQuestion question;
  for (const char letter : letters) {
    question.funnel.add_steps()->set_filter(std::string("type = ") + letter);
  }
  return question;
}

v1::QueryFunnelResponse Ask(const FunnelQuestion& question,
                            const std::vector<std::string>& customers,
                            const std::vector<uint32_t>& codes = {}) {
  TestScope test;
  test.scope.customer_label = [](std::string_view, uint32_t code) {
    return "stage" + std::to_string(code);
  };
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  EXPECT_TRUE(funnel.ok()) << funnel.status();
  if (!funnel.ok()) return {};
  FunnelWalker walker(*funnel);
  for (size_t i = 0; i < customers.size(); ++i) {
    History history(customers[i]);
    std::span<const uint32_t> code;
    if (i < codes.size()) code = std::span(codes).subspan(i, 1);
    walker.Customer(history.View(), code);
  }
  const auto answer = AnswerFunnel(walker);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *answer : v1::QueryFunnelResponse();
}

using Groups = std::map<std::string, std::vector<int64_t>>;
Groups GroupsOf(const v1::QueryFunnelResponse& answer) {
  Groups groups;
  for (const auto& group : answer.groups()) {
    for (const auto& step : group.steps()) groups[group.group()].push_back(step.count());
  }
  return groups;
}

struct Attribution {
  v1::FunnelAttribution attribution;
  int step;
  Groups expected;
};

// Two customers: p at a and b, q at c; nothing at a, q at b, p at c. By the last step of the
// second, p; and so on.
TEST(FunnelGroups, Attributions) {
  const std::vector<std::string> customers = {"a0:p=p b1:p=p c2:p=q", "a0 b1:p=q c2:p=p",
                                              "a0:p=p b1:p=q"};
  const Attribution cases[] = {
      {v1::FUNNEL_ATTRIBUTION_UNSPECIFIED, 0, {{"p", {2, 2, 1}}, {"q", {1, 1, 1}}}},
      {v1::FUNNEL_ATTRIBUTION_FIRST_TOUCH, 0, {{"p", {2, 2, 1}}, {"q", {1, 1, 1}}}},
      {v1::FUNNEL_ATTRIBUTION_LAST_TOUCH, 0, {{"p", {1, 1, 1}}, {"q", {2, 2, 1}}}},
      {v1::FUNNEL_ATTRIBUTION_STEP, 1, {{"p", {2, 2, 1}}, {"none", {1, 1, 1}}}},
      {v1::FUNNEL_ATTRIBUTION_STEP, 3, {{"p", {1, 1, 1}}, {"q", {1, 1, 1}}, {"none", {1, 1, 0}}}},
      // Over events with p alone: a, b of the first and a of the third; without a value the
      // a of the second; no a has q.
      {v1::FUNNEL_ATTRIBUTION_ALL_STEPS, 0, {{"p", {2, 1, 0}}, {"none", {1, 0, 0}}}},
  };
  for (const Attribution& of : cases) {
    FunnelQuestion question = Steps("abc");
    question.group_by = "property.p";
    question.attribution = of.attribution;
    question.attribution_step = of.step;
    EXPECT_EQ(GroupsOf(Ask(question, customers)), of.expected)
        << v1::FunnelAttribution_Name(of.attribution) << " " << of.step;
  }
}

TEST(FunnelGroups, ColumnsOfEventsAndCustomers) {
  const std::vector<std::string> customers = {"a0:channel=3:touchpoint=1 b1:channel=4",
                                              "a0:channel=3:campaign=2 b1",
                                              "a0:channel=1:touchpoint=2"};
  const std::vector<std::pair<std::string, Groups>> cases = {
      {"channel", {{"web", {2, 2}}, {"email", {1, 0}}}},
      {"touchpoint", {{"t1", {1, 1}}, {"t2", {1, 0}}, {"unknown", {1, 1}}}},
      {"campaign", {{"c2", {1, 1}}, {"none", {2, 1}}}},
      {"type", {{"a", {3, 2}}}},
      {"stage", {{"stage4", {2, 1}}, {"none", {1, 1}}}},
  };
  for (const auto& [group_by, expected] : cases) {
    FunnelQuestion question = Steps("ab");
    question.group_by = group_by;
    EXPECT_EQ(GroupsOf(Ask(question, customers, {4, 0, 4})), expected) << group_by;
  }
}

// A text field of the payload is a dimension as properties are.
TEST(FunnelGroups, TextFieldsOfEvents) {
  FunnelQuestion question = Steps("ab");
  question.group_by = "plan";
  EXPECT_EQ(GroupsOf(Ask(question, {"a0:plan=pro b1", "a0 b1:plan=pro", "a0:plan=basic", "a0"})),
            (Groups{{"pro", {2, 2}}, {"basic", {1, 0}}, {"none", {1, 0}}}));
}

TEST(FunnelGroups, TopAndOther) {
  FunnelQuestion question = Steps("ab");
  question.group_by = "property.p";
  question.top = 1;
  const auto answer = Ask(question, {"a0:p=x b60", "a0:p=x", "a0:p=y b10", "a0:p=z"});
  ASSERT_EQ(answer.groups_size(), 2);
  EXPECT_EQ(answer.groups(0).group(), "x");
  EXPECT_DOUBLE_EQ(answer.groups(0).completion_time().median_seconds(), 60);
  EXPECT_EQ(answer.groups(1).group(), "other");
  EXPECT_EQ(GroupsOf(answer)["other"], (std::vector<int64_t>{2, 1}));
}

// 60 of 100 then 30 of 100 in the day before: z = 0.3 / sqrt(0.45 x 0.55 x 2 / 100) = 4.264,
// p = 2.01e-5 two-sided (R: prop.test(c(30, 60), c(100, 100), correct = FALSE)).
TEST(FunnelComparisons, AgainstThePeriodBefore) {
  FunnelQuestion question = Steps("ab");
  question.start_date = "1970-01-02";
  question.end_date = "1970-01-03";
  question.compare = v1::COMPARISON_PREVIOUS_PERIOD;
  question.funnel.mutable_window()->set_seconds(60);
  std::vector<std::string> customers;
  for (int i = 0; i < 100; ++i) {
    customers.push_back(i < 60 ? "a86400 b86401" : "a86400");
    customers.push_back(i < 30 ? "a0 b1" : "a0");
  }
  const auto answer = Ask(question, customers);
  EXPECT_EQ(answer.compared_start_date(), "1970-01-01");
  EXPECT_EQ(answer.compared_total().steps(1).count(), 30);
  ASSERT_EQ(answer.comparisons_size(), 1);
  const v1::Difference& difference = answer.comparisons(0).from_start();
  EXPECT_NEAR(difference.change(), 0.3, 1e-12);
  EXPECT_NEAR(difference.p_value(), 2.01e-5, 5e-8);
  EXPECT_TRUE(difference.significant());
  EXPECT_NEAR(difference.relative_change(), 1.0, 1e-12);
  EXPECT_EQ(answer.comparisons(0).from_previous().SerializeAsString(),
            difference.SerializeAsString());
}

TEST(FunnelMerges, OrderAndThreadsDoNotMatter) {
  TestScope test;
  std::mt19937_64 random(7);
  const auto upto = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  std::vector<std::string> customers;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (int event = upto(8); event > 0; --event) {
      text += std::string(1, "abcx"[upto(3)]) + std::to_string(upto(200'000)) +
              ":p=" + std::to_string(upto(5)) + " ";
    }
    customers.push_back(text);
  }
  FunnelQuestion question = Steps("abc");
  question.group_by = "property.p";
  question.compare_start_date = "1970-01-02";
  question.compare_end_date = "1970-01-03";
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  ASSERT_TRUE(funnel.ok()) << funnel.status();
  const auto answer_of = [&](size_t parts) {
    std::vector<FunnelWalker> walkers;
    for (size_t i = 0; i < parts; ++i) walkers.emplace_back(*funnel);
    std::ranges::shuffle(customers, random);
    for (size_t i = 0; i < customers.size(); ++i) {
      History history(customers[i]);
      walkers[i % parts].Customer(history.View(), {});
    }
    for (size_t i = 1; i < parts; ++i) walkers[0].Merge(std::move(walkers[i]));
    return *AnswerFunnel(walkers[0]);
  };
  const auto one = answer_of(1);
  EXPECT_GT(one.total().completed(), 10);
  for (const size_t parts : {2, 3, 7}) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(one, answer_of(parts)));
  }
}

struct BadQuestion {
  std::string field, reason;
  std::function<void(FunnelQuestion&)> change;
};

TEST(FunnelErrors, NameTheField) {
  TestScope test;
  const BadQuestion cases[] = {
      {"funnel.steps", "OUT_OF_RANGE", [](auto& q) { q.funnel.mutable_steps()->RemoveLast(); }},
      {"funnel.steps[1].filter", "REQUIRED",
       [](auto& q) { q.funnel.mutable_steps(1)->clear_filter(); }},
      {"funnel.steps[0].filter", "UNKNOWN_FIELD",
       [](auto& q) { q.funnel.mutable_steps(0)->set_filter("tipe = a"); }},
      {"funnel.steps[1].optional", "NOT_OPTIONAL",
       [](auto& q) { q.funnel.mutable_steps(1)->set_optional(true); }},
      {"funnel.window", "OUT_OF_RANGE",
       [](auto& q) { q.funnel.mutable_window()->set_seconds(-1); }},
      {"funnel.exclusions[0].filter", "REQUIRED", [](auto& q) { q.funnel.add_exclusions(); }},
      {"funnel.exclusions[0]", "BAD_STEPS",
       [](auto& q) {
         q.funnel.add_exclusions()->set_filter("type = x");
         q.funnel.mutable_exclusions(0)->set_from_step(2);
       }},
      {"funnel.hold_constant[0]", "UNKNOWN_FIELD",
       [](auto& q) { q.funnel.add_hold_constant("score"); }},
      {"funnel.rules", "UNSUPPORTED_RULE",
       [](auto& q) {
         q.funnel.set_order(v1::FUNNEL_ORDER_STRICT);
         q.funnel.add_rules(v1::FUNNEL_RULE_STRICT_ONCE);
       }},
      {"funnel.rules", "UNSUPPORTED_RULE",
       [](auto& q) {
         q.funnel.add_exclusions()->set_filter("type = x");
         q.funnel.add_rules(v1::FUNNEL_RULE_STRICT_ORDER);
       }},
      {"funnel.rules[0]", "UNKNOWN_RULE",
       [](auto& q) { q.funnel.add_rules(v1::FUNNEL_RULE_UNSPECIFIED); }},
      {"funnel.counting", "UNSUPPORTED_COUNTING",
       [](auto& q) {
         q.funnel.set_order(v1::FUNNEL_ORDER_ANY);
         q.funnel.set_counting(v1::FUNNEL_COUNTING_TOTALS);
       }},
      {"filter", "BAD_FILTER", [](auto& q) { q.filter = "type ="; }},
      {"group_by", "UNKNOWN_DIMENSION", [](auto& q) { q.group_by = "colour"; }},
      {"attribution_step", "OUT_OF_RANGE",
       [](auto& q) {
         q.group_by = "channel";
         q.attribution = v1::FUNNEL_ATTRIBUTION_STEP;
         q.attribution_step = 3;
       }},
      {"top", "OUT_OF_RANGE", [](auto& q) { q.top = 1001; }},
      {"histogram_bins", "OUT_OF_RANGE", [](auto& q) { q.histogram_bins = 91; }},
      {"start_date", "BAD_DATE", [](auto& q) { q.start_date = "yesterday"; }},
      {"compare_start_date", "BAD_DATE", [](auto& q) { q.compare_start_date = "1970"; }},
  };
  for (const BadQuestion& of : cases) {
    FunnelQuestion question = Steps("ab");
    of.change(question);
    const absl::Status status = CompiledFunnel::Create(question, test.scope).status();
    const auto detail = DetailOf(status);
    ASSERT_TRUE(detail.has_value()) << of.field << " " << status;
    EXPECT_EQ(detail->field, of.field) << status;
    EXPECT_EQ(detail->reason, of.reason) << status;
  }
}

}  // namespace
}  // namespace rapport::journey
