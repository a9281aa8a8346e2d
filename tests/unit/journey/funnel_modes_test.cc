// SPDX-License-Identifier: Apache-2.0
// Every mode of a funnel on small histories, with the expected counts derived by hand beside
// each; and PostHog's fixtures.
#include <gtest/gtest.h>

#include <functional>

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
                            const std::vector<std::string>& customers) {
  TestScope test;
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  EXPECT_TRUE(funnel.ok()) << funnel.status();
  if (!funnel.ok()) return {};
  FunnelWalker walker(*funnel);
  for (size_t i = 0; i < customers.size(); ++i) {
    History history(customers[i], static_cast<uint32_t>(i + 1));
    walker.Customer(history.View(), {});
  }
  const auto answer = AnswerFunnel(walker);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *answer : v1::QueryFunnelResponse();
}

std::vector<int64_t> CountsOf(const v1::FunnelResult& result) {
  std::vector<int64_t> counts;
  for (const auto& step : result.steps()) counts.push_back(step.count());
  return counts;
}

using Counts = std::vector<int64_t>;
using Change = std::function<void(FunnelQuestion&)>;

struct Mode {
  std::string name;
  std::string steps;
  Change change;
  std::vector<std::string> customers;
  Counts expected;
};

Change Window(int64_t seconds) {
  return [=](FunnelQuestion& question) { question.funnel.mutable_window()->set_seconds(seconds); };
}
Change In(v1::FunnelOrder order, int64_t seconds = 1000) {
  return [=](FunnelQuestion& question) {
    question.funnel.set_order(order);
    question.funnel.mutable_window()->set_seconds(seconds);
  };
}
Change Excluding(int from, int to, v1::FunnelOrder order = v1::FUNNEL_ORDER_ORDERED) {
  return [=](FunnelQuestion& question) {
    question.funnel.set_order(order);
    auto& exclusion = *question.funnel.add_exclusions();
    exclusion.set_filter("type = x");
    exclusion.set_from_step(from);
    exclusion.set_to_step(to);
  };
}
Change Counting(v1::FunnelCounting counting) {
  return [=](FunnelQuestion& question) {
    question.funnel.set_counting(counting);
    question.funnel.mutable_window()->set_seconds(100);
  };
}

std::vector<Mode> OrderModes() {
  constexpr auto kStrict = v1::FUNNEL_ORDER_STRICT, kAny = v1::FUNNEL_ORDER_ANY;
  return {
      {"window inclusive", "ab", Window(10), {"a0 b10", "a0 b11"}, {2, 1}},
      {"window from the first step, not from the one before",
       "abc",
       Window(10),
       {"a0 b6 c10", "a0 b6 c12"},
       {2, 2, 1}},
      // The attempt from 0 gets to b; that from 20 to c.
      {"best attempt counts", "abc", Window(5), {"a0 b1 a20 b21 c22"}, {1, 1, 1}},
      // b alone, and b before a: not ordered.
      {"order matters", "ab", Window(10), {"b0 a1", "b5"}, {1, 0}},
      {"first anchor only",
       "ab",
       [](FunnelQuestion& question) {
         question.funnel.mutable_window()->set_seconds(5);
         question.funnel.set_anchor(v1::FUNNEL_ANCHOR_FIRST);
       },
       {"a0 a20 b21", "a0 b3"},
       {2, 1}},
      // x between ends a strict attempt, not an ordered one; one customer begins anew.
      {"strict",
       "abc",
       In(kStrict),
       {"a0 b1 c2", "a0 x1 b2 c3", "a0 b1 x2 c3 a4 b5 c6"},
       {3, 2, 2}},
      {"strict, repeats are other events", "ab", In(kStrict), {"a0 a1 b2", "a0 b1 b2"}, {2, 2}},
      {"strict window", "ab", In(kStrict, 5), {"a0 b5", "a0 b6"}, {2, 1}},
      {"any order", "abc", In(kAny), {"c0 b1 a2", "b0 a5", "c9", "x1"}, {3, 2, 1}},
      {"any order within the window", "ab", In(kAny, 5), {"b0 a5", "b0 a6"}, {2, 1}},
      // The window may be anchored at any of the steps: 10..15 holds both.
      {"any order, any anchor", "ab", In(kAny, 5), {"a0 b10 a15"}, {1, 1}},
      // One b is not two steps.
      {"any order, distinct steps", "ab", In(kAny), {"b0 b1 b2"}, {1, 0}},
  };
}

std::vector<Mode> ExclusionModes() {
  constexpr auto kAny = v1::FUNNEL_ORDER_ANY;
  return {
      // Between a and b; after b it does not matter; the second attempt of the last is clean.
      {"exclusion",
       "abc",
       Excluding(1, 2),
       {"a0 x1 b2 c3", "a0 b1 x2 c3", "a0 x1 a5 b6"},
       {2, 2, 1}},
      {"exclusion over the whole",
       "abc",
       Excluding(0, 0),
       {"a0 b1 x2 c3", "a0 b1 c2 x3"},
       {1, 1, 1}},
      // Left out of the window it excludes nothing: a attempt stays at step 1.
      {"exclusion after the window",
       "ab",
       [](FunnelQuestion& question) {
         Excluding(1, 2)(question);
         question.funnel.mutable_window()->set_seconds(10);
       },
       {"a0 x11", "a0 x10"},
       {1, 0}},
      // Dropped even from step 1 though it never came to b.
      {"exclusion without conversion", "ab", Excluding(1, 2), {"a0 x1", "a0"}, {1, 0}},
      // PostHog test_advanced_funnel_multiple_exclusions_between_steps, times in half hours:
      // 5 persons; 2 make two steps of five (one from another anchor), 1 makes all.
      {"any order, exclusions",
       "abcde",
       Excluding(0, 0, kAny),
       {"a0 x2 b4 c6 x7 d8 e10", "a0 x1 b2 c6 x7 d8 x9 e10", "a0 x1 b2 c6 d8 x9 e10",
        "a0 b2 c6 d8 e10", "a0 x1 b2 x3 c6 x7 d8 x9 e10"},
       {5, 2, 1, 1, 1}},
      // PostHog test_unordered_exclusion_after_completion.
      {"any order, exclusion after completion",
       "abc",
       Excluding(0, 0, kAny),
       {"a1 b2 c3 x4 c5"},
       {1, 1, 1}},
  };
}

std::vector<Mode> OptionModes() {
  return {
      // b is optional: made, skipped, and made too late.
      {"optional",
       "abc",
       [](FunnelQuestion& question) { question.funnel.mutable_steps(1)->set_optional(true); },
       {"a0 b1 c2", "a0 c2", "a0 c2 b3", "a0 b1"},
       {4, 2, 3}},
      {"optional, strict",
       "abc",
       [](FunnelQuestion& question) {
         question.funnel.set_order(v1::FUNNEL_ORDER_STRICT);
         question.funnel.mutable_steps(1)->set_optional(true);
       },
       {"a0 b1 c2", "a0 c2", "a0 x1 c2"},
       {3, 1, 2}},
      // b and c belong to item 1 and 2: no attempt has all three.
      {"held constant",
       "abc",
       [](FunnelQuestion& question) { question.funnel.add_hold_constant("property.item"); },
       {"a0:item=1 b1:item=1 c2:item=2", "a0:item=1 a1:item=2 b2:item=2 c3:item=2", "a0 b1 c2"},
       {2, 2, 1}},
      {"two held constant",
       "ab",
       [](FunnelQuestion& question) {
         question.funnel.add_hold_constant("property.item");
         question.funnel.add_hold_constant("channel");
       },
       {"a0:item=1:channel=3 b1:item=1:channel=3", "a0:item=1:channel=3 b1:item=1:channel=4"},
       {2, 1}},
  };
}

std::vector<Mode> CountingModes() {
  return {
      // 0..60, 2000..2010 and 5000: three sessions (1,800 s apart), of which two have an a
      // and one an a and then b. Customers: one, who converts.
      {"sessions",
       "ab",
       Counting(v1::FUNNEL_COUNTING_SESSIONS),
       {"a0 b60 a2000 x2010 b5000"},
       {2, 1}},
      {"customers",
       "ab",
       Counting(v1::FUNNEL_COUNTING_CUSTOMERS),
       {"a0 b60 a2000 x2010 b5000"},
       {1, 1}},
      // Activity between them keeps a session going: one session, in which b comes too late.
      {"one long session",
       "ab",
       Counting(v1::FUNNEL_COUNTING_SESSIONS),
       {"a0 x1000 x2000 b3000"},
       {1, 0}},
      // Attempts: 0 > 10; 20 (window to 120) takes b 110, the a at 30 lies within it; 300 to
      // no b; 401 is past its window: a new one.
      {"totals",
       "ab",
       Counting(v1::FUNNEL_COUNTING_TOTALS),
       {"a0 b10 a20 a30 b110 a300 a401 b402"},
       {4, 3}},
  };
}

void ExpectModes(const std::vector<Mode>& modes) {
  for (const Mode& mode : modes) {
    FunnelQuestion question = Steps(mode.steps);
    mode.change(question);
    EXPECT_EQ(CountsOf(Ask(question, mode.customers).total()), mode.expected) << mode.name;
  }
}

TEST(FunnelModes, Orders) { ExpectModes(OrderModes()); }
TEST(FunnelModes, Exclusions) { ExpectModes(ExclusionModes()); }
TEST(FunnelModes, OptionalStepsAndHeldValues) { ExpectModes(OptionModes()); }
TEST(FunnelModes, Countings) { ExpectModes(CountingModes()); }

// PostHog test_funnel_step_conversion_times: 6000 and 5400 s on average, medians 7200 and
// 5400, by order ORDERED and ANY alike.
TEST(FunnelTimes, PostHogConversionTimes) {
  for (const auto order : {v1::FUNNEL_ORDER_ORDERED, v1::FUNNEL_ORDER_ANY}) {
    FunnelQuestion question = Steps("abc");
    question.funnel.set_order(order);
    const auto answer =
        Ask(question, {"a43200 b46800 c54000", "a50400 b57600", "a50400 b57600 c61200"});
    const auto& steps = answer.total().steps();
    EXPECT_FALSE(steps[0].has_time_from_previous());
    EXPECT_DOUBLE_EQ(steps[1].time_from_previous().mean_seconds(), 6000);
    EXPECT_DOUBLE_EQ(steps[2].time_from_previous().mean_seconds(), 5400);
    EXPECT_DOUBLE_EQ(steps[1].time_from_previous().median_seconds(), 7200);
    EXPECT_DOUBLE_EQ(steps[2].time_from_previous().median_seconds(), 5400);
    // From the first step: 10,800 and 10,800.
    EXPECT_DOUBLE_EQ(answer.total().completion_time().mean_seconds(), 10'800);
  }
}

// PostHog's any-order fixture: the third person completes twice, in 2 + 2 hours and in 3 + 3.
// The first conversion counts: 5400 and 7200 s, where its older query averaged to 6300 and
// 9000.
TEST(FunnelTimes, AnyOrderTakesTheFirstConversion) {
  FunnelQuestion question = Steps("abc");
  question.funnel.set_order(v1::FUNNEL_ORDER_ANY);
  question.funnel.mutable_window()->set_seconds(86'400);
  // Hours 0 and 1; 0, 2 and 4; then 48, 51 and 54.
  const auto answer = Ask(question, {"a0", "b0 a3600", "c0 a7200 b14400 b172800 c183600 a194400"});
  const auto& steps = answer.total().steps();
  EXPECT_EQ(CountsOf(answer.total()), (Counts{3, 2, 1}));
  EXPECT_DOUBLE_EQ(steps[1].time_from_previous().mean_seconds(), 5400);
  EXPECT_DOUBLE_EQ(steps[2].time_from_previous().mean_seconds(), 7200);
  EXPECT_EQ(steps[1].name(), "2 steps");
}

// PostHog test_auto_bin_count_single_step: 3600, 2220 and 82,800 s in ceil(cbrt 3) = 2 bins
// of ceil(80,580 / 2) and the one after; with 7 bins of ceil(80,580 / 7) = 11,512.
TEST(FunnelTimes, Bins) {
  FunnelQuestion question = Steps("ab");
  question.funnel.mutable_window()->set_seconds(7 * 86'400);
  const std::vector<std::string> customers = {"a0 b3600", "a0 b2220", "a0 b82800"};
  const auto bins_of = [&](int bins) {
    question.histogram_bins = bins;
    std::vector<std::pair<double, int64_t>> got;
    const auto answer = Ask(question, customers);
    for (const auto& bin : answer.total().steps(1).time_from_previous().bins()) {
      got.emplace_back(bin.from_seconds(), bin.count());
    }
    EXPECT_DOUBLE_EQ(answer.total().completion_time().mean_seconds(), 29'540);
    return got;
  };
  using Bins = std::vector<std::pair<double, int64_t>>;
  EXPECT_EQ(bins_of(0), (Bins{{2220, 2}, {42'510, 0}, {82'800, 1}}));
  EXPECT_EQ(bins_of(7), (Bins{{2220, 2},
                              {13'732, 0},
                              {25'244, 0},
                              {36'756, 0},
                              {48'268, 0},
                              {59'780, 0},
                              {71'292, 1},
                              {82'804, 0}}));
}

// All equal: one bin of 60 s, as PostHog's test_auto_bin_count_total has it.
TEST(FunnelTimes, EqualTimesFallBackToAMinute) {
  const auto answer = Ask(Steps("ab"), {"a0 b10800"});
  const auto& bins = answer.total().completion_time().bins();
  ASSERT_EQ(bins.size(), 2);
  EXPECT_EQ(bins[0].from_seconds(), 10'800);
  EXPECT_EQ(bins[0].count(), 1);
  EXPECT_EQ(bins[1].from_seconds(), 10'860);
  EXPECT_EQ(bins[1].count(), 0);
}

TEST(FunnelAnswers, SharesIntervalsAndDropOff) {
  std::vector<std::string> customers;
  for (int i = 0; i < 10; ++i) {
    customers.push_back(i < 4 ? "a0 b1 c2" : i < 6 ? "a0 b1" : "a0");
  }
  const auto answer = Ask(Steps("abc"), customers);
  const auto& last = answer.total().steps(2);
  EXPECT_DOUBLE_EQ(last.conversion_from_start(), 0.4);
  // Wilson at 4 of 10: (0.1682, 0.6873); R: prop.test(4, 10, correct = FALSE).
  EXPECT_NEAR(last.conversion_from_start_interval().low(), 0.1682, 5e-5);
  EXPECT_NEAR(last.conversion_from_start_interval().high(), 0.6873, 5e-5);
  EXPECT_NEAR(last.conversion_from_previous(), 4.0 / 6, 1e-12);
  EXPECT_EQ(last.dropped(), 2);
  EXPECT_EQ(answer.total().steps(1).dropped(), 4);
  EXPECT_EQ(answer.context().sample_size(), 10);
  EXPECT_EQ(answer.total().open(), 0);
}

TEST(FunnelAnswers, OpenWindowsAreCounted) {
  FunnelQuestion question = Steps("ab");
  // as_of is day 100: a window of 200 days is open for who has not completed.
  question.funnel.mutable_window()->set_seconds(200 * 86'400);
  const auto answer = Ask(question, {"a0", "a0 b1", "a5"});
  EXPECT_EQ(answer.total().open(), 2);
}

// The first step lies in the range, what follows may lie after it; other events of the first
// step outside are none.
TEST(FunnelAnswers, RangeIsOfTheFirstStep) {
  FunnelQuestion question = Steps("ab");
  question.start_date = "1970-01-02";
  question.end_date = "1970-01-03";
  const auto answer = Ask(question, {"a86400 b172801", "a86399 b86401", "a172800 b172801"});
  EXPECT_EQ(CountsOf(answer.total()), (Counts{1, 1}));
  EXPECT_EQ(answer.context().start_date(), "1970-01-02");
}

TEST(FunnelAnswers, FilterHidesEventsAndCustomers) {
  FunnelQuestion question = Steps("ab");
  question.filter = "channel = web";  // 3.
  question.funnel.set_order(v1::FUNNEL_ORDER_STRICT);
  const auto answer = Ask(question, {"a0:channel=3 x1 b2:channel=3", "a0:channel=3 b1:channel=4"});
  EXPECT_EQ(CountsOf(answer.total()), (Counts{2, 1}));
}

}  // namespace
}  // namespace rapport::journey
