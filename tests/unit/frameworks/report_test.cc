// SPDX-License-Identifier: Apache-2.0
// A report over customers by hand, each figure derived in the comment beside it, and
// journeys as the API shows them.
#include "lib/frameworks/report.h"

#include "gmock/gmock.h"
#include "lib/frameworks/journey_text.h"
#include "tests/unit/frameworks/histories.h"

namespace rapport::frameworks {
namespace {

// Five customers of framework `value`; the window is days 10 to 110, as of day 410.
constexpr const char* kCustomers[] = {
    // A: awareness 0-20, consideration 20-30, purchase 30-60, retention 60-, growth never.
    "0 page_viewed; 20 product_viewed; 30 order_placed 100; 60 order_placed 50",
    // B: consideration 40-100 (silent for 60 days).
    "40 product_viewed",
    // C: purchase 50-415: silent since 50, still in at 410.
    "50 order_placed 30",
    // D: consideration 15-75 by silence, back 90 by an order: purchase 90-.
    "15 product_viewed; 90 order_placed 40; 95 order_refunded 10",
    // E: before the window, out since day 5 + 0: subscribes 2, cancels 5.
    "2 subscription_started; 4 order_placed 70; 5 subscription_cancelled",
};

class ReportTest : public ::testing::Test {
 protected:
  v1::FrameworkReport Report(double begin, double end, double as_of) {
    journeys_.scope().as_of = Day(as_of);
    ReportSums sums(journeys_.framework(), {Day(begin), Day(end)});
    for (const char* history : kCustomers) sums.Add(journeys_.Walk(Events(history), as_of));
    return sums.Answer();
  }
  Journeys journeys_{"value"};
};

const v1::FrameworkStageReport& Stage(const v1::FrameworkReport& report, std::string_view stage) {
  for (const v1::FrameworkStageReport& each : report.stages()) {
    if (each.stage() == stage) return each;
  }
  ADD_FAILURE() << stage;
  return report.stages(0);
}

TEST_F(ReportTest, CountsStagesOfTheWindow) {
  const v1::FrameworkReport report = Report(10, 110, 410);
  // A entered awareness on day 0, before the window.
  EXPECT_EQ(Stage(report, "awareness").entrant_count(), 0);
  EXPECT_FALSE(Stage(report, "awareness").has_conversion());
  // A, B and D entered consideration; A alone went on.
  const v1::FrameworkStageReport& consideration = Stage(report, "consideration");
  EXPECT_EQ(consideration.entrant_count(), 3);
  EXPECT_EQ(consideration.went_on_count(), 1);
  EXPECT_EQ(consideration.to_next_count(), 1);
  EXPECT_DOUBLE_EQ(consideration.conversion(), 1.0 / 3);
  // Wilson 1 of 3 at 95 %: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n),
  // z^2 = 3.8415: centre 0.42692, half 0.36530 > 0.06149 to 0.79235.
  EXPECT_NEAR(consideration.conversion_interval().low(), 0.06149, 1e-5);
  EXPECT_NEAR(consideration.conversion_interval().high(), 0.79235, 1e-5);
  EXPECT_EQ(consideration.customer_count(), 0);
  // Visits that an event ended in the window: A's of 10 days; silence ended B's and D's.
  EXPECT_EQ(consideration.dwell().visit_count(), 1);
  EXPECT_DOUBLE_EQ(consideration.dwell().median_seconds(), 10 * 86'400.0);
  EXPECT_DOUBLE_EQ(consideration.dwell().p90_seconds(), 10 * 86'400.0);
  // In purchase it was A's alone, too: 30 days.
  EXPECT_DOUBLE_EQ(Stage(report, "purchase").dwell().median_seconds(), 30 * 86'400.0);
  // B and D left by silence; D came back: B is lost.
  EXPECT_EQ(consideration.leak().left_count(), 2);
  EXPECT_EQ(consideration.leak().expired_count(), 2);
  EXPECT_EQ(consideration.leak().lost_count(), 1);
  EXPECT_EQ(consideration.leak().lost_value().micros(), 0);
  // A is worth 150 from day 20 on, D 30 from day 15 on: mean 90 for one lost.
  EXPECT_EQ(consideration.leak().value_at_stake().micros(), 90'000'000);
  // A, C and D entered purchase; A went on, past onboarding and adoption.
  const v1::FrameworkStageReport& purchase = Stage(report, "purchase");
  EXPECT_EQ(purchase.entrant_count(), 3);
  EXPECT_EQ(purchase.went_on_count(), 1);
  EXPECT_EQ(purchase.to_next_count(), 0);
  EXPECT_EQ(purchase.customer_count(), 2);
  EXPECT_EQ(purchase.reentry_count(), 1);  // D.
  EXPECT_EQ(purchase.revenue().micros(), (100 + 30 + 40 - 10) * 1'000'000);
  EXPECT_EQ(Stage(report, "onboarding").skipped_count(), 1);
  EXPECT_EQ(Stage(report, "adoption").skipped_count(), 1);
  EXPECT_EQ(Stage(report, "retention").customer_count(), 1);
}

TEST_F(ReportTest, CountsFlowsAndCustomers) {
  const v1::FrameworkReport report = Report(10, 110, 410);
  std::string flows;
  for (const v1::FrameworkFlow& flow : report.flows()) {
    flows += Cat(flow.from_stage(), ">", flow.to_stage(), " ", KindWord(flow.kind()), " ",
                 flow.move_count(), "\n");
  }
  EXPECT_EQ(flows,
            ">consideration entry 2\n"
            ">purchase entry 1\n"
            ">purchase reentry 1\n"
            "awareness>consideration forward 1\n"
            "consideration> expiry 2\n"
            "consideration>purchase forward 1\n"
            "purchase>retention skip 1\n");
  EXPECT_EQ(report.customer_count(), 3);       // A, C, D.
  EXPECT_EQ(report.left_customer_count(), 2);  // B, E.
  EXPECT_EQ(report.skip_count(), 1);
  EXPECT_EQ(report.reentry_count(), 1);
  EXPECT_EQ(report.context().sample_size(), 4);  // E was out before.
  EXPECT_EQ(report.biggest_leak(), "consideration");
  EXPECT_EQ(report.biggest_value_leak(), "");  // B never bought.
}

TEST_F(ReportTest, SplitsValueAtTheBorder) {
  const v1::ValueExpansion expansion = Report(10, 110, 410).expansion();
  EXPECT_EQ(expansion.border_stage(), "adoption");
  EXPECT_EQ(expansion.creation_count(), 2);   // C and D.
  EXPECT_EQ(expansion.expansion_count(), 1);  // A.
  EXPECT_DOUBLE_EQ(expansion.customer_share(), 1.0 / 3);
  EXPECT_EQ(expansion.creation_value().micros(), 60'000'000);    // 30 + 40 - 10.
  EXPECT_EQ(expansion.expansion_value().micros(), 150'000'000);  // 100 + 50.
  // A's second order led past the border: 50 of 210.
  EXPECT_EQ(expansion.creation_revenue().micros(), 160'000'000);
  EXPECT_EQ(expansion.expansion_revenue().micros(), 50'000'000);
  EXPECT_DOUBLE_EQ(expansion.revenue_share(), 50.0 / 210);
}

TEST_F(ReportTest, LosesValueWhereCustomersLeave) {
  // E left purchase on day 5, having paid 70 within the year before.
  const v1::FrameworkReport report = Report(0, 10, 410);
  const v1::StageLeak& leak = Stage(report, "purchase").leak();
  EXPECT_EQ(leak.left_count(), 1);
  EXPECT_EQ(leak.expired_count(), 0);
  EXPECT_EQ(leak.lost_count(), 1);
  EXPECT_EQ(leak.lost_value().micros(), 70'000'000);
  EXPECT_EQ(report.biggest_value_leak(), "purchase");
}

TEST_F(ReportTest, JudgesGoalsByThoseWhoseTimeIsOver) {
  // The goal of consideration: 5 % within 30 days. As of day 60: A (20) and D (15) had
  // their 30 days, B (40) not yet; A went on after 10.
  const v1::FrameworkReport young = Report(10, 110, 60);
  const v1::StageGoalResult& goal = Stage(young, "consideration").goal();
  EXPECT_EQ(goal.eligible_count(), 2);
  EXPECT_EQ(goal.reached_count(), 1);
  EXPECT_DOUBLE_EQ(goal.share(), 0.5);
  EXPECT_EQ(goal.state(), v1::GOAL_STATE_ATTAINED);
  // Nobody entered onboarding.
  EXPECT_EQ(Stage(young, "onboarding").goal().state(), v1::GOAL_STATE_UNSPECIFIED);
}

TEST(Actions, NameTheOwnerOfTheLargestShortfall) {
  v1::Framework framework = BuiltIn("value");
  framework.mutable_stages(1)->mutable_goal()->set_share(0.9);
  framework.mutable_stages(1)->mutable_goal()->set_dwell_days(5);
  Journeys journeys(framework);
  ReportSums sums(journeys.framework(), {Day(0), Day(100)});
  // 20 of 50 consider for ten days and buy; 30 fall silent.
  for (int i = 0; i < 50; ++i) {
    sums.Add(journeys.Walk(
        Events(i < 20 ? "0 product_viewed; 10 order_placed 5" : "0 product_viewed"), 100));
  }
  const v1::FrameworkReport report = sums.Answer();
  ASSERT_EQ(report.actions_size(), 3);
  // 30 lost; (0.9 - 0.4) x 50 = 25 missing; nobody is in consideration now.
  EXPECT_EQ(report.actions(0).cause(), v1::ACTION_CAUSE_BIGGEST_LEAK);
  EXPECT_EQ(report.actions(0).owner(), "marketing");
  EXPECT_EQ(report.actions(0).customer_count(), 30);
  EXPECT_EQ(report.actions(1).cause(), v1::ACTION_CAUSE_GOAL_MISSED);
  EXPECT_EQ(report.actions(1).customer_count(), 25);
  // Wilson 20 of 50 at 95 %: 27.6 % to 53.8 %.
  EXPECT_EQ(report.actions(1).reason(),
            "40.0 % of 50 customers went on within 30 days, the goal is 90.0 % "
            "(95 % interval 27.6 % to 53.8 %)");
  EXPECT_EQ(report.actions(2).cause(), v1::ACTION_CAUSE_DWELL_TOO_LONG);
  EXPECT_EQ(report.actions(2).reason(),
            "half of 20 visits lasted 10.0 days or longer, the goal is 5.0");
  EXPECT_EQ(report.stages(1).goal().state(), v1::GOAL_STATE_MISSED);
}

TEST(ShowJourney, TellsWhereSinceWhenAndWhy) {
  Journeys journeys("mckinsey");
  const auto events = Events(
      "0 page_viewed; 2 order_placed 20; 3 feature_used; 10 order_placed 30; 10.5 feature_used; "
      "11 order_refunded 5");
  const Journey walked = journeys.Walk(events, 20);
  const v1::CustomerJourney journey =
      ShowJourney(journeys.framework(), walked, [](size_t index) { return Cat("e", index); });
  EXPECT_EQ(journey.current_stage(), "post_purchase");
  EXPECT_EQ(journey.since().seconds() * kMicrosPerSecond, Day(10.5));
  EXPECT_EQ(journey.why(), "forward from Closure: feature_used");
  EXPECT_EQ(journey.expire_time().seconds() * kMicrosPerSecond, Day(10.5 + 365));
  ASSERT_EQ(journey.visits_size(), 5);
  EXPECT_EQ(journey.visits(1).why(), "skipped ahead from Initial consideration: order_placed");
  EXPECT_EQ(journey.visits(1).evidence_event_id(), "e1");
  EXPECT_EQ(journey.visits(1).dwell_seconds(), 86'400);
  EXPECT_EQ(journey.visits(1).revenue().micros(), 20'000'000);
  EXPECT_EQ(journey.visits(3).why(), "looped back from Post-purchase experience: order_placed");
  EXPECT_EQ(journey.visits(4).revenue().micros(), -5'000'000);
  EXPECT_EQ(journey.visits(4).dwell_seconds(), 86'400 * 19 / 2);  // Up to as_of.
  EXPECT_EQ(journey.loop_count(), 1);
  EXPECT_EQ(journey.skip_count(), 1);
  EXPECT_EQ(journey.stages(2).visit_count(), 2);
  EXPECT_EQ(journey.stages(2).evidence_count(), 2);
  EXPECT_EQ(journey.stages(2).dwell_seconds(), 86'400 + 43'200);

  const v1::CustomerJourney left =
      ShowJourney(journeys.framework(), journeys.Walk(events, 500), [](size_t) { return ""; });
  EXPECT_EQ(left.current_stage(), "left");
  EXPECT_EQ(left.why(), "left from Post-purchase experience: 365 days of silence");
  EXPECT_EQ(left.since().seconds() * kMicrosPerSecond, Day(375.5));
}

TEST(ShowJourney, IsEmptyForWhoWasNeverIn) {
  Journeys journeys("laer");
  const v1::CustomerJourney journey = ShowJourney(
      journeys.framework(), journeys.Walk(Events("0 page_viewed"), 5), [](size_t) { return ""; });
  EXPECT_EQ(journey.current_stage(), "");
  EXPECT_FALSE(journey.has_since());
  EXPECT_EQ(journey.stages_size(), 4);
}

}  // namespace
}  // namespace rapport::frameworks
