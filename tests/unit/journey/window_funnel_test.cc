// SPDX-License-Identifier: Apache-2.0
// Ordered funnels against ClickHouse's windowFunnel: the cases and results of its test
// 00632_aggregation_window_funnel, each letter one of its events.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "lib/journey/funnel_reader.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

struct Case {
  std::string name;
  std::string events;
  std::string steps;  // A letter each, or `type` conditions separated by |.
  int64_t window = 0;
  std::vector<v1::FunnelRule> rules;
  int expected = 0;
};

constexpr auto kIncrease = v1::FUNNEL_RULE_STRICT_INCREASE;
constexpr auto kDeduplication = v1::FUNNEL_RULE_STRICT_DEDUPLICATION;
constexpr auto kOrder = v1::FUNNEL_RULE_STRICT_ORDER;
constexpr auto kOnce = v1::FUNNEL_RULE_STRICT_ONCE;

int LevelOf(const Case& of) {
  TestScope test;
  FunnelQuestion question;
  for (const char letter : of.steps) {
    question.funnel.add_steps()->set_filter(std::string("type = ") + letter);
  }
  question.funnel.mutable_window()->set_seconds(of.window);
  for (const auto rule : of.rules) question.funnel.add_rules(rule);
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  EXPECT_TRUE(funnel.ok()) << funnel.status();
  if (!funnel.ok()) return -1;
  FunnelReader reader(*funnel);
  History history(of.events);
  const filter::CustomerEvents customer = history.View();
  int level = 0;
  if (!reader.Open(customer)) return 0;
  reader.Find(0, [&](const Attempt& attempt) { level = attempt.furthest + 1; });
  return level;
}

// a = 1000, b = 1001, ...
constexpr char kNine[] = "a0 b1 c2 d3 e4 f5 g6 h7 i8";
constexpr char kRepeat[] = "a0 b10 c20 d30 e40 f50 f51 g60 h70 i80";
constexpr char kSame[] = "a0 b1 c1 d1 e2";
const char* const kUsers[] = {"a1 b2 c3",
                              "a1 d2 b3 c4",
                              "a1 a2 b3 b4 c5 c6",
                              "a1 a2 a3 a4 b5 b6 c7 c8",
                              "a1 a2 b3 b4 d5 c6 c7",
                              "c1 c2 b3 b4 a5 a6"};

std::vector<Case> Cases() {
  std::vector<Case> cases = {
      {"two", kNine, "ab", 10000, {}, 2},
      {"three", kNine, "abc", 10000, {}, 3},
      {"skips others", kNine, "abci", 10000, {}, 4},
      {"window of 2", kNine, "defgh", 2, {}, 3},
      {"window of 3", kNine, "defgh", 3, {}, 4},
      {"the window's end counts", kNine, "defgh", 4, {}, 5},
      {"far apart", kNine, "ai", 10000, {}, 2},
      {"wrong order", kNine, "ia", 10000, {}, 1},
      {"deduplication", kRepeat, "abcdefg", 10000, {kDeduplication}, 6},
      {"repeats", kRepeat, "abcdefg", 10000, {}, 7},
      {"issue 27469", "a1 b2 c3 b4 d5", "abcd", 86400, {kDeduplication}, 3},
      {"order, out of turn", "a1 c2 b3", "abc", 10, {kOrder}, 1},
      {"one time", kSame, "abcde", 10000, {}, 5},
      {"one time, increase", kSame, "abcde", 10000, {kIncrease}, 2},
      {"one event, three steps", kSame, "eee", 10000, {}, 3},
      {"one event, once", kSame, "eee", 10000, {kOnce}, 1},
      {"one event, increase", kSame, "eee", 10000, {kIncrease}, 1},
      // failure = f, success = s.
      {"123 once", "f180 f220 s250", "ffs", 200, {kOnce}, 3},
      {"234 once", "f100 f250", "ffs", 200, {kOnce}, 2},
      {"345 once", "s200 f210 s230", "ffs", 200, {kOnce}, 1},
      {"123 once, increase", "f180 f220 s250", "ffs", 200, {kOnce, kIncrease}, 3},
      {"234 once, increase", "f100 f250", "ffs", 200, {kOnce, kIncrease}, 2},
      {"345 once, increase", "s200 f210 s230", "ffs", 200, {kOnce, kIncrease}, 1},
      {"123 once, deduplication", "f180 f220 s250", "ffs", 200, {kOnce, kDeduplication}, 3},
      {"234 once, deduplication", "f100 f250", "ffs", 200, {kOnce, kDeduplication}, 2},
      {"345 once, deduplication", "s200 f210 s230", "ffs", 200, {kOnce, kDeduplication}, 1},
  };
  const int plain[] = {3, 3, 3, 3, 3, 1}, order[] = {3, 1, 3, 3, 2, 1}, both[] = {3, 1, 2, 2, 2, 1};
  for (size_t user = 0; user < 6; ++user) {
    const std::string name = "user " + std::to_string(user + 1);
    cases.push_back({name, kUsers[user], "abc", 86400, {}, plain[user]});
    cases.push_back({name + " order", kUsers[user], "abc", 86400, {kOrder}, order[user]});
    cases.push_back(
        {name + " both", kUsers[user], "abc", 86400, {kDeduplication, kOrder}, both[user]});
  }
  return cases;
}

TEST(WindowFunnel, AgreesWithClickHouse) {
  for (const Case& of : Cases()) EXPECT_EQ(LevelOf(of), of.expected) << of.name;
}

// `event <= 1007, event >= 1002, event <= 1006, event >= 1004` over 1001..1008, 4 s: an event
// that fits several conditions is all of them.
TEST(WindowFunnel, OverlappingSteps) {
  TestScope test;
  FunnelQuestion question;
  const auto any_of = [](std::string_view letters) {
    std::string text;
    for (const char letter : letters) {
      text += std::string(text.empty() ? "" : " OR ") + "type = " + letter;
    }
    return text;
  };
  question.funnel.add_steps()->set_filter(any_of("abcdefg"));
  question.funnel.add_steps()->set_filter(any_of("bcdefgh"));
  question.funnel.add_steps()->set_filter(any_of("abcdef"));
  question.funnel.add_steps()->set_filter(any_of("defgh"));
  question.funnel.mutable_window()->set_seconds(4);
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  ASSERT_TRUE(funnel.ok()) << funnel.status();
  FunnelReader reader(*funnel);
  History history("a1 b2 c3 d4 e5 f6 g7 h8");
  const filter::CustomerEvents customer = history.View();
  ASSERT_TRUE(reader.Open(customer));
  EXPECT_TRUE(reader.overlapping());
  reader.Find(0, [&](const Attempt& attempt) { EXPECT_EQ(attempt.furthest, 3); });
}

// 'start', 'a', 'b', 'a', 'end' in the comment of ClickHouse's strict_once: the same event is
// not taken twice, whichever way is open.
TEST(WindowFunnel, OnceFindsEventsOfTheirOwnAtOneTime) {
  TestScope test;
  FunnelQuestion question;
  question.funnel.add_steps()->set_filter("type = a");
  question.funnel.add_steps()->set_filter("type = b OR type = c");
  question.funnel.add_steps()->set_filter("type = b");
  question.funnel.add_rules(kOnce);
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  ASSERT_TRUE(funnel.ok()) << funnel.status();
  FunnelReader reader(*funnel);
  for (const auto& [events, level] : {std::pair("a1 b1 c1", 3), std::pair("a1 b1", 2),
                                      std::pair("a1 b2 c2", 3), std::pair("a1 b2 b2", 3)}) {
    History history(events);
    const filter::CustomerEvents customer = history.View();
    ASSERT_TRUE(reader.Open(customer));
    reader.Find(0, [&, want = level](const Attempt& attempt) {
      EXPECT_EQ(attempt.furthest + 1, want) << events;
    });
  }
}

}  // namespace
}  // namespace rapport::journey
