// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/stage.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "rapport/v1/event.pb.h"

namespace rapport::lifecycle {
namespace {

using ::testing::ElementsAre;

constexpr TimeMicros At(double day) {
  return static_cast<TimeMicros>(day * static_cast<double>(kMicrosPerDay));
}

Moment Do(double day, v1::EventType type, int64_t value = 0, int64_t aux = 0) {
  return {At(day), value, aux, static_cast<uint16_t>(type)};
}
Moment Order(double day) { return Do(day, v1::EVENT_TYPE_ORDER_PLACED, 10'000'000); }
Moment Visit(double day) { return Do(day, v1::EVENT_TYPE_PAGE_VIEWED); }
Moment Nps(double day, int64_t score) { return Do(day, v1::EVENT_TYPE_NPS_ANSWERED, score, 10); }
Moment Subscribe(double day, int64_t id) {
  return Do(day, v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 0, id);
}
Moment Renew(double day, int64_t id) { return Do(day, v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 0, id); }
Moment Cancel(double day, int64_t id) {
  return Do(day, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 0, id);
}

const v1::LifecycleRules& Defaults() {
  static const auto& rules = *new v1::LifecycleRules(CompleteRules({}));
  return rules;
}

struct Path {
  std::vector<std::string> steps;   // "12 ACTIVE r14".
  std::vector<int64_t> membership;  // Days.
};

std::string Print(const Step& step) {
  return Cat(step.time / kMicrosPerDay, " ",
             v1::LifecycleStage_Name(step.stage).substr(std::string("LIFECYCLE_STAGE_").size()),
             " r", static_cast<int>(step.rule));
}

std::vector<Step> StepsOf(std::vector<Moment> moments,
                          const v1::LifecycleRules& rules = Defaults()) {
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& a, const Moment& b) { return a.time < b.time; });
  Trajectory trajectory(rules);
  for (const Moment& moment : moments) trajectory.Add(moment);
  trajectory.Finish();
  return {trajectory.steps().begin(), trajectory.steps().end()};
}

Path PathOf(const std::vector<Moment>& moments, const v1::LifecycleRules& rules = Defaults()) {
  Trajectory trajectory(rules);
  for (const Moment& moment : moments) trajectory.Add(moment);
  trajectory.Finish();
  Path path;
  for (const Step& step : trajectory.steps()) path.steps.push_back(Print(step));
  for (const TimeMicros time : trajectory.membership()) {
    path.membership.push_back(time / kMicrosPerDay);
  }
  return path;
}

TEST(Trajectory, NothingKnownHasNoStage) { EXPECT_THAT(PathOf({}).steps, ElementsAre()); }

TEST(Trajectory, ProspectStaysProspectHoweverSilent) {
  const Path path = PathOf({Do(0, v1::EVENT_TYPE_EMAIL_SENT), Visit(3)});
  EXPECT_THAT(path.steps, ElementsAre("0 PROSPECT r1"));
  EXPECT_THAT(path.membership, ElementsAre());
}

TEST(Trajectory, OneOrderThenSilence) {
  // new_days 30, at_risk 90, dormant 180, churned 365.
  const Path path = PathOf({Visit(0), Order(10)});
  EXPECT_THAT(path.steps, ElementsAre("0 PROSPECT r1", "10 NEW r8", "40 ACTIVE r14",
                                      "100 AT_RISK r5", "190 DORMANT r4", "375 CHURNED r3"));
  EXPECT_THAT(path.membership, ElementsAre(10, 375));
}

TEST(Trajectory, OnlyOwnActsOfInterestBreakSilence) {
  for (const v1::EventType type :
       {v1::EVENT_TYPE_EMAIL_SENT, v1::EVENT_TYPE_CAMPAIGN_SHOWN, v1::EVENT_TYPE_SURVEY_SENT,
        v1::EVENT_TYPE_HUMAN_TOUCH, v1::EVENT_TYPE_TICKET_FIRST_REPLIED,
        v1::EVENT_TYPE_TICKET_RESOLVED, v1::EVENT_TYPE_EXPERIMENT_EXPOSED,
        v1::EVENT_TYPE_ORDER_REFUNDED, v1::EVENT_TYPE_PAYMENT_FAILED,
        v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED, v1::EVENT_TYPE_SURVEY_DISMISSED,
        v1::EVENT_TYPE_CONSENT_WITHDRAWN, v1::EVENT_TYPE_CHURN_REASON_GIVEN}) {
    EXPECT_THAT(PathOf({Order(0), Do(60, type)}).steps,
                ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 AT_RISK r5", "180 DORMANT r4",
                            "365 CHURNED r3"))
        << v1::EventType_Name(type);
  }
  EXPECT_THAT(PathOf({Order(0), Visit(60)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "150 AT_RISK r5", "240 DORMANT r4",
                          "425 CHURNED r3"));
  EXPECT_TRUE(IsActivity(1000)) << "custom types";
}

TEST(Trajectory, OnboardingUntilTheFirstMonthIsOver) {
  EXPECT_THAT(PathOf({Order(0), Do(2, v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED)}).steps,
              ElementsAre("0 NEW r8", "2 ONBOARDING r7", "30 ACTIVE r14", "92 AT_RISK r5",
                          "182 DORMANT r4", "367 CHURNED r3"));
  // A step before the first purchase is no onboarding of a customer.
  EXPECT_THAT(PathOf({Do(0, v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED), Order(1)}).steps,
              ElementsAre("0 PROSPECT r1", "1 NEW r8", "31 ACTIVE r14", "91 AT_RISK r5",
                          "181 DORMANT r4", "366 CHURNED r3"));
}

TEST(Trajectory, LoyalNeedsOrdersAndTenure) {
  // Four orders within 89 days: not yet; the fifth comes 90 days after the first.
  EXPECT_THAT(PathOf({Order(0), Order(30), Order(60), Order(89)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "179 AT_RISK r5", "269 DORMANT r4",
                          "454 CHURNED r3"));
  EXPECT_THAT(PathOf({Order(0), Order(30), Order(60), Order(90)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 LOYAL r13", "180 AT_RISK r5",
                          "270 DORMANT r4", "455 CHURNED r3"));
}

TEST(Trajectory, BackFromRiskIsNotWonBack) {
  EXPECT_THAT(PathOf({Order(0), Order(100)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 AT_RISK r5", "100 ACTIVE r14",
                          "190 AT_RISK r5", "280 DORMANT r4", "465 CHURNED r3"));
}

TEST(Trajectory, WonBackLapsesToActive) {
  const Path dormant = PathOf({Order(0), Visit(200)});
  EXPECT_THAT(dormant.steps, ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 AT_RISK r5",
                                         "180 DORMANT r4", "200 WON_BACK r6", "260 ACTIVE r14",
                                         "290 AT_RISK r5", "380 DORMANT r4", "565 CHURNED r3"));
  EXPECT_THAT(dormant.membership, ElementsAre(0, 565));
  const Path churned = PathOf({Order(0), Visit(400)});
  EXPECT_THAT(churned.steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 AT_RISK r5", "180 DORMANT r4",
                          "365 CHURNED r3", "400 WON_BACK r6", "460 ACTIVE r14", "490 AT_RISK r5",
                          "580 DORMANT r4", "765 CHURNED r3"));
  EXPECT_THAT(churned.membership, ElementsAre(0, 365, 400, 765));
}

TEST(Trajectory, AnEventComesBeforeADeadlineOfTheSameInstant) {
  EXPECT_THAT(PathOf({Order(0), Visit(90)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "180 AT_RISK r5", "270 DORMANT r4",
                          "455 CHURNED r3"));
}

TEST(Trajectory, WhatIsNoActHidesNoDeadlineOfItsInstant) {
  std::vector<Moment> told = {Order(0)};
  for (const double day : {30, 90, 180, 365}) told.push_back(Do(day, v1::EVENT_TYPE_EMAIL_SENT));
  EXPECT_EQ(PathOf(told).steps, PathOf({Order(0)}).steps);
  EXPECT_THAT(PathOf(told).membership, ElementsAre(0, 365));
}

TEST(Trajectory, CancellationOfTheLastSubscriptionChurns) {
  const Path path = PathOf({Subscribe(0, 7), Subscribe(10, 8), Cancel(40, 7), Cancel(50, 8)});
  EXPECT_THAT(path.steps, ElementsAre("0 NEW r8", "30 ACTIVE r14", "50 CHURNED r2"));
  EXPECT_THAT(path.membership, ElementsAre(0, 50));
}

TEST(Trajectory, OnlyAPurchaseUndoesACancellation) {
  const Path path = PathOf({Subscribe(0, 7), Cancel(50, 7), Visit(55), Order(60)});
  EXPECT_THAT(path.steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "50 CHURNED r2", "60 WON_BACK r6",
                          "120 ACTIVE r14", "150 AT_RISK r5", "240 DORMANT r4", "425 CHURNED r3"));
  EXPECT_THAT(path.membership, ElementsAre(0, 50, 60, 425));
}

TEST(Trajectory, ARunningSubscriptionIsNeverChurnedBySilence) {
  EXPECT_THAT(PathOf({Subscribe(0, 7)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "90 AT_RISK r5", "180 DORMANT r4"));
  // A renewal whose start is not in the data makes a customer too.
  EXPECT_THAT(PathOf({Renew(5, 9)}).membership, ElementsAre(5));
}

TEST(Trajectory, SwitchingPlansAtOneInstantIsNoChurn) {
  EXPECT_THAT(PathOf({Subscribe(0, 7), Cancel(40, 7), Subscribe(40, 8)}).membership,
              ElementsAre(0));
}

TEST(Trajectory, DetractorIsAtRiskUntilTheAnswerIsOld) {
  EXPECT_THAT(PathOf({Order(0), Nps(50, 3), Visit(100)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "50 AT_RISK r9", "140 ACTIVE r14",
                          "190 AT_RISK r5", "280 DORMANT r4", "465 CHURNED r3"));
  // A better answer takes it back at once.
  EXPECT_THAT(PathOf({Order(0), Nps(50, 3), Nps(60, 7)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "50 AT_RISK r9", "60 ACTIVE r14",
                          "150 AT_RISK r5", "240 DORMANT r4", "425 CHURNED r3"));
  // A new customer stays new.
  EXPECT_EQ(PathOf({Order(0), Nps(5, 0)}).steps[1], "30 AT_RISK r9");
}

TEST(Trajectory, AdvocateByAnswerReferralOrReview) {
  EXPECT_THAT(PathOf({Order(0), Nps(40, 9)}).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "40 ADVOCATE r10", "130 AT_RISK r5",
                          "220 DORMANT r4", "405 CHURNED r3"));
  EXPECT_EQ(PathOf({Order(0), Do(40, v1::EVENT_TYPE_REFERRAL_SENT)}).steps[2], "40 ADVOCATE r11");
  EXPECT_EQ(PathOf({Order(0), Do(40, v1::EVENT_TYPE_REFERRAL_CONVERTED)}).steps[2],
            "40 ADVOCATE r11");
  EXPECT_EQ(PathOf({Order(0), Do(40, v1::EVENT_TYPE_REVIEW_WRITTEN, 4, 5)}).steps[2],
            "40 ADVOCATE r12");
  // 8 of 10 maps to 4.1 of 5, 7 of 10 to 3.7.
  EXPECT_EQ(PathOf({Order(0), Do(40, v1::EVENT_TYPE_REVIEW_WRITTEN, 8, 10)}).steps[2],
            "40 ADVOCATE r12");
  EXPECT_EQ(PathOf({Order(0), Do(40, v1::EVENT_TYPE_REVIEW_WRITTEN, 7, 10)}).steps[2],
            "130 AT_RISK r5");
}

TEST(Trajectory, AdvocacyLapsesAfterAYear) {
  std::vector<Moment> moments = {Order(0), Nps(40, 10)};
  for (int day = 80; day <= 480; day += 80) moments.push_back(Visit(day));
  EXPECT_THAT(PathOf(moments).steps,
              ElementsAre("0 NEW r8", "30 ACTIVE r14", "40 ADVOCATE r10", "405 ACTIVE r14",
                          "570 AT_RISK r5", "660 DORMANT r4", "845 CHURNED r3"));
}

TEST(Trajectory, RulesOfTheWorkspaceDecide) {
  v1::LifecycleRules rules;
  rules.set_new_days(5);
  rules.set_at_risk_days(10);
  rules.set_dormant_days(20);
  rules.set_churned_days(40);
  EXPECT_THAT(
      PathOf({Order(0)}, CompleteRules(rules)).steps,
      ElementsAre("0 NEW r8", "5 ACTIVE r14", "10 AT_RISK r5", "20 DORMANT r4", "40 CHURNED r3"));
}

TEST(Cause, SaysRuleAndEvidence) {
  EXPECT_EQ(Cause(Rule::kSilence, 90), "no activity for 90 days (rule 5)");
  EXPECT_EQ(Cause(Rule::kDetractor, 3), "NPS answer 3 (detractor) (rule 9)");
}

TEST(RuleTexts, AreNumberedInOrderOfPrecedence) {
  int number = 0;
  for (const RuleText& text : RuleTexts()) EXPECT_EQ(static_cast<int>(text.rule), ++number);
}

// --- Properties ------------------------------------------------------------------------

constexpr v1::EventType kTypes[] = {
    v1::EVENT_TYPE_ORDER_PLACED,         v1::EVENT_TYPE_PAGE_VIEWED,
    v1::EVENT_TYPE_NPS_ANSWERED,         v1::EVENT_TYPE_REVIEW_WRITTEN,
    v1::EVENT_TYPE_SUBSCRIPTION_STARTED, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED,
    v1::EVENT_TYPE_EMAIL_SENT,           v1::EVENT_TYPE_REFERRAL_SENT,
    v1::EVENT_TYPE_ORDER_REFUNDED,       v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED,
};

std::vector<Moment> RandomLife(std::mt19937& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Moment> moments;
  double day = below(10);
  for (int i = 0, n = 1 + below(15); i < n; ++i) {
    // Deadlines are whole days too: many coincide with events.
    const int gaps[] = {0, 0, 1, 7, 30, 60, 90, 180, 185, 365, 400};
    day += gaps[below(11)];
    const v1::EventType type = kTypes[below(10)];
    const bool answer = type == v1::EVENT_TYPE_NPS_ANSWERED;
    const bool review = type == v1::EVENT_TYPE_REVIEW_WRITTEN;
    moments.push_back(
        Do(day, type, answer ? below(11) : 1 + below(5), review ? 5 : (answer ? 10 : below(3))));
  }
  return moments;
}

TEST(TrajectoryProperty, DependsOnTheSetOfEventsOnly) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    std::vector<Moment> moments = RandomLife(random);
    const std::vector<Step> steps = StepsOf(moments);
    std::shuffle(moments.begin(), moments.end(), random);
    ASSERT_EQ(StepsOf(moments), steps) << "seed " << seed;
  }
}

TEST(TrajectoryProperty, AnEarlierLookIsATruncatedTrajectory) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    const std::vector<Moment> moments = RandomLife(random);
    const TimeMicros as_of = At(static_cast<double>(random() % 1500));
    std::vector<Moment> before;
    for (const Moment& moment : moments) {
      if (moment.time <= as_of) before.push_back(moment);
    }
    const auto until = [&](std::vector<Step> steps) {
      std::erase_if(steps, [&](const Step& step) { return step.time > as_of; });
      return steps;
    };
    ASSERT_EQ(until(StepsOf(before)), until(StepsOf(moments)))
        << "seed " << seed << " as of day " << as_of / kMicrosPerDay;
  }
}

TEST(TrajectoryProperty, StepsAscendAndChangeStageAndMembershipFollowsThem) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    Trajectory trajectory(Defaults());
    for (const Moment& moment : RandomLife(random)) trajectory.Add(moment);
    trajectory.Finish();
    std::vector<TimeMicros> membership;
    const Step* before = nullptr;
    for (const Step& step : trajectory.steps()) {
      if (before != nullptr) {
        ASSERT_LT(before->time, step.time) << "seed " << seed;
        ASSERT_NE(before->stage, step.stage) << "seed " << seed;
      }
      const bool member =
          step.stage != v1::LIFECYCLE_STAGE_CHURNED && step.stage != v1::LIFECYCLE_STAGE_PROSPECT;
      if (member != (membership.size() % 2 == 1)) membership.push_back(step.time);
      before = &step;
    }
    ASSERT_EQ(
        std::vector<TimeMicros>(trajectory.membership().begin(), trajectory.membership().end()),
        membership)
        << "seed " << seed;
  }
}

// Asks the rules afresh at every hour, from all events up to then: slow and plain.
v1::LifecycleStage StageByHand(const std::vector<Moment>& moments, TimeMicros now) {
  const std::vector<Step> steps = [&] {
    std::vector<Moment> before;
    for (const Moment& moment : moments) {
      if (moment.time <= now) before.push_back(moment);
    }
    return StepsOf(before);
  }();
  v1::LifecycleStage stage = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  for (const Step& step : steps) {
    if (step.time <= now) stage = step.stage;
  }
  return stage;
}

TEST(TrajectoryProperty, StageAtAnyMomentIsThatOfTheEventsUpToIt) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    const std::vector<Moment> moments = RandomLife(random);
    const std::vector<Step> steps = StepsOf(moments);
    for (int day = 0; day < 900; day += 3) {
      v1::LifecycleStage stage = v1::LIFECYCLE_STAGE_UNSPECIFIED;
      for (const Step& step : steps) {
        if (step.time <= At(day)) stage = step.stage;
      }
      ASSERT_EQ(stage, StageByHand(moments, At(day))) << "seed " << seed << " day " << day;
    }
  }
}

}  // namespace
}  // namespace rapport::lifecycle
