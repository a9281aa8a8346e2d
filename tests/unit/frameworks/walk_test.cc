// SPDX-License-Identifier: Apache-2.0
// Journeys derived by hand from the stages of each framework (lib/frameworks/data) and the
// order of looking that walk.h lists. Days count from 2024-01-01.
#include "lib/frameworks/walk.h"

#include "gmock/gmock.h"
#include "rapport/store/v1/records.pb.h"
#include "tests/unit/frameworks/histories.h"

namespace rapport::frameworks {
namespace {

struct Case {
  const char* why;
  const char* framework;
  const char* history;
  double as_of;
  const char* path;
};

constexpr Case kCases[] = {
    {"all four stages in order", "mckinsey",
     "0 page_viewed; 2 product_viewed; 5 order_placed 20; 9 review_written 5", 30,
     "initial_consideration[entry] 0-2 forward | active_evaluation[forward] 2-5 forward | "
     "closure[forward] 5-9 forward | post_purchase[forward] 9-"},
    {"loyalty loop: the second order skips evaluation", "mckinsey",
     "0 product_viewed; 1 order_placed 20; 2 feature_used; 40 order_placed 30; 41 feature_used", 60,
     "active_evaluation[entry] 0-1 forward | closure[forward] 1-2 forward | "
     "post_purchase[forward] 2-40 loop | closure[loop] 40-41 forward | post_purchase[forward] 41-"},
    {"evaluation may be skipped, closure may not: use alone proves no purchase", "mckinsey",
     "0 page_viewed; 1 feature_used; 2 order_placed 5; 3 feature_used", 10,
     "initial_consideration[entry] 0-2 skip | closure[skip] 2-3 forward | post_purchase[forward] "
     "3-"},
    {"re-evaluates: the fifth product within seven days leads back; four do not", "mckinsey",
     "0 order_placed 5; 1 feature_used; 10 product_viewed; 11 product_viewed; 12 product_viewed; "
     "13 product_viewed; 20 product_viewed; 21 product_viewed; 22 product_viewed; "
     "23 product_viewed; 24 product_viewed",
     30,
     "closure[entry] 0-1 forward | post_purchase[forward] 1-24 reversal | "
     "active_evaluation[reversal] 24-"},
    {"silence: 90 days without evidence of consideration, though a session came", "mckinsey",
     "0 page_viewed; 50 session_ended", 200, "initial_consideration[entry] 0-90 expiry"},
    {"silence of evaluation is broken by any activity: 50 + 60", "mckinsey",
     "0 product_viewed; 50 session_ended", 200, "active_evaluation[entry] 0-110 expiry"},
    {"an event at the very moment of the deadline comes before it", "mckinsey",
     "0 page_viewed; 90 page_viewed", 100, "initial_consideration[entry] 0-"},
    {"one hour later it is a return", "mckinsey", "0 page_viewed; 90.5 page_viewed", 100,
     "initial_consideration[entry] 0-90 expiry | initial_consideration[reentry] 90.5-"},
    {"due at as_of has happened", "mckinsey", "0 page_viewed", 90,
     "initial_consideration[entry] 0-90 expiry"},
    {"events after as_of have not", "mckinsey", "0 page_viewed; 5 order_placed 1", 4.5,
     "initial_consideration[entry] 0-"},
    {"back after a cancellation, straight into a stage it has been in", "mckinsey",
     "0 subscription_started; 1 feature_used; 30 subscription_cancelled; 35 feature_used", 40,
     "closure[entry] 0-1 forward | post_purchase[forward] 1-30 exit | post_purchase[reentry] 35-"},
    {"simultaneous: order and review of one moment count in the order of stages", "mckinsey",
     "0 product_viewed; 5 review_written 4; 5 order_placed 9", 10,
     "active_evaluation[entry] 0-5 forward | closure[forward] 5-5 forward | "
     "post_purchase[forward] 5-"},
    {"simultaneous in the last stage: the order loops, the review leads on", "mckinsey",
     "0 order_placed 9; 1 review_written 4; 5 review_written 4; 5 order_placed 9", 10,
     "closure[entry] 0-1 forward | post_purchase[forward] 1-5 loop | closure[loop] 5-5 forward | "
     "post_purchase[forward] 5-"},
    {"simultaneous cancel and start: leaves first, then comes in again", "mckinsey",
     "0 subscription_started; 5 subscription_cancelled; 5 subscription_started", 10,
     "closure[entry] 0-5 exit | closure[reentry] 5-"},
    {"custom types and types of no stage move nobody", "mckinsey", "0 custom; 1 email_sent", 10,
     ""},

    {"three sessions in 30 days are retention", "aarrr",
     "0 page_viewed; 1 signed_up; 2 session_ended; 20 session_ended; 31 session_ended", 40,
     "acquisition[entry] 0-1 forward | activation[forward] 1-31 forward | retention[forward] 31-"},
    {"31 days are too long, the window then moves on: 34 - 4 = 30", "aarrr",
     "0 signed_up; 2 session_ended; 4 session_ended; 33 session_ended; 34 session_ended", 40,
     "activation[entry] 0-34 forward | retention[forward] 34-"},
    {"the second order of a year is retention and revenue at once: the furthest counts", "aarrr",
     "0 signed_up; 5 order_placed 10; 40 order_placed 10", 50,
     "activation[entry] 0-5 skip | revenue[skip] 5-"},
    {"payers who refer loop to referral and come forward again", "aarrr",
     "0 order_placed 10; 5 referral_sent; 9 order_placed 10", 20,
     "revenue[entry] 0-5 loop | referral[loop] 5-9 forward | revenue[forward] 9-"},
    {"90 silent days end retention, use leads back in", "aarrr",
     "0 feature_used; 1 feature_used; 2 feature_used; 200 feature_used", 210,
     "activation[entry] 0-2 forward | retention[forward] 2-92 expiry | activation[reentry] 200-"},

    {"land, adopt, expand, renew, and the round after the renewal", "laer",
     "0 subscription_started; 3 feature_used; 4 feature_used; 5 feature_used; "
     "100 subscription_upgraded; 365 subscription_renewed; 400 subscription_upgraded; "
     "730 subscription_renewed",
     800,
     "land[entry] 0-5 forward | adopt[forward] 5-100 forward | expand[forward] 100-365 forward | "
     "renew[forward] 365-400 loop | expand[loop] 400-730 forward | renew[forward] 730-"},
    {"never adopted, renews all the same", "laer",
     "0 subscription_started; 365 subscription_renewed", 370,
     "land[entry] 0-365 skip | "
     "renew[skip] 365-"},
    {"a downgrade leads back", "laer",
     "0 subscription_started; 10 subscription_upgraded; 20 subscription_downgraded", 30,
     "land[entry] 0-10 skip | expand[skip] 10-20 reversal | adopt[reversal] 20-"},
    {"nobody is in before landing; after leaving only a new start counts", "laer",
     "0 feature_used; 1 feature_used; 2 feature_used; 10 subscription_started; "
     "20 subscription_cancelled; 21 subscription_renewed; 30 subscription_started",
     40, "land[entry] 10-20 exit | land[reentry] 30-"},
    {"cancelled before anything was sold", "laer", "0 subscription_cancelled", 40, ""},

    {"desire by three looks in a week, engagement by the second order", "aidae",
     "0 campaign_shown; 1 product_viewed; 2 product_viewed; 3 product_viewed; 4 order_placed 1; "
     "100 order_placed 1",
     120,
     "attention[entry] 0-1 forward | interest[forward] 1-3 forward | desire[forward] 3-4 forward | "
     "action[forward] 4-100 forward | engagement[forward] 100-"},
    {"a campaign that is shown again breaks the silence of attention: 30 + 60", "aidae",
     "0 campaign_shown; 30 campaign_shown", 200, "attention[entry] 0-90 expiry"},

    {"creation to expansion, growth by the fourth order, advocacy by a promoter", "value",
     "0 page_viewed; 1 cart_item_added; 2 order_placed 10; 3 onboarding_step_completed; "
     "30 order_placed 10; 60 order_placed 10; 90 order_placed 10; 95 nps_answered 9",
     100,
     "awareness[entry] 0-1 forward | consideration[forward] 1-2 forward | "
     "purchase[forward] 2-3 forward | onboarding[forward] 3-30 skip | retention[skip] 30-90 "
     "forward | growth[forward] 90-95 forward | advocacy[forward] 95-"},
    {"a detractor's answer leads an advocate back", "value",
     "0 order_placed 10; 5 referral_sent; 50 nps_answered 3", 60,
     "purchase[entry] 0-5 skip | advocacy[skip] 5-50 reversal | retention[reversal] 50-"},
    {"advocacy lapses without further praise after 365 days, orders or not", "value",
     "0 order_placed 10; 5 referral_sent; 300 order_placed 10", 400,
     "purchase[entry] 0-5 skip | advocacy[skip] 5-370 reversal | retention[reversal] 370-"},
    {"both silences fall due at once: the first exit listed, leaving, counts", "value",
     "0 order_placed 10; 5 referral_sent", 400,
     "purchase[entry] 0-5 skip | advocacy[skip] 5-370 expiry"},
    {"silence after silence: falls back on day 370, leaves 365 days later", "value",
     "0 order_placed 10; 5 referral_sent; 6 page_viewed", 800,
     "purchase[entry] 0-5 skip | advocacy[skip] 5-370 reversal | retention[reversal] 370-735 "
     "expiry"},
    {"a promoter who never bought is no advocate", "value", "0 nps_answered 10", 10, ""},
};

TEST(JourneyWalk, TakesCustomersAsDerivedByHand) {
  for (const Case& each : kCases) {
    Journeys journeys(each.framework);
    EXPECT_EQ(journeys.Path(each.history, each.as_of), each.path)
        << each.framework << ": " << each.why << "\n"
        << each.history;
  }
}

// Three stages; the middle one may not be skipped but for the way named, one may come back
// twice over.
constexpr char kOwn[] = R"pb(
  framework: "own"
  display_name: "Own"
  stages {
    stage: "a"
    display_name: "A"
    entry { filter: "type = signed_up" }
    exits { silence_days: 10 }
  }
  stages {
    stage: "b"
    display_name: "B"
    entry { filter: "type = gave_talk" }
    exits { silence_days: 20 to_stage: "a" }
  }
  stages {
    stage: "c"
    display_name: "C"
    entry { filter: "type = order_placed AND amount >= 50" }
    exits {
      evidence { filter: "type = complaint_made" minimum_count: 2 }
      to_stage: "b"
    }
  }
  transitions {
    from_stage: "a"
    to_stage: "c"
    kind: MOVE_KIND_FORWARD
    evidence { filter: "type = order_placed AND amount >= 500" }
  }
)pb";

TEST(JourneyWalk, FollowsTheRulesOfAnOwnFramework) {
  struct Own {
    v1::ReentryRule reentry;
    const char* history;
    double as_of;
    const char* path;
  };
  constexpr Own kOwnCases[] = {
      // An order of 60 may not pass b by; one of 500 has a way of its own.
      {v1::REENTRY_RULE_ANY_STAGE, "0 signed_up; 1 order_placed 60", 5, "a[entry] 0-"},
      {v1::REENTRY_RULE_ANY_STAGE, "0 signed_up; 1 order_placed 500", 5,
       "a[entry] 0-1 forward | c[forward] 1-"},
      {v1::REENTRY_RULE_ANY_STAGE, "0 signed_up; 1 custom; 2 order_placed 60", 5,
       "a[entry] 0-1 forward | b[forward] 1-2 forward | c[forward] 2-"},
      // Nobody comes in past a, which may not be skipped.
      {v1::REENTRY_RULE_ANY_STAGE, "0 custom; 1 order_placed 500", 5, ""},
      // Falls back on day 21 (1 + 20), then leaves on day 31.
      {v1::REENTRY_RULE_ANY_STAGE, "0 signed_up; 1 custom", 40,
       "a[entry] 0-1 forward | b[forward] 1-21 reversal | a[reversal] 21-31 expiry"},
      // The second complaint leads back; the first did not.
      {v1::REENTRY_RULE_ANY_STAGE,
       "0 signed_up; 1 order_placed 500; 2 complaint_made; 3 complaint_made", 5,
       "a[entry] 0-1 forward | c[forward] 1-3 reversal | b[reversal] 3-"},
      // Out since day 31: into b, where it has been; only into a; never.
      {v1::REENTRY_RULE_ANY_STAGE, "0 signed_up; 1 custom; 40 custom", 45,
       "a[entry] 0-1 forward | b[forward] 1-21 reversal | a[reversal] 21-31 expiry | b[reentry] "
       "40-"},
      {v1::REENTRY_RULE_FIRST_STAGE, "0 signed_up; 1 custom; 40 custom; 41 signed_up", 45,
       "a[entry] 0-1 forward | b[forward] 1-21 reversal | a[reversal] 21-31 expiry | a[reentry] "
       "41-"},
      {v1::REENTRY_RULE_NEVER, "0 signed_up; 40 signed_up; 41 custom", 45, "a[entry] 0-10 expiry"},
  };
  for (const Own& each : kOwnCases) {
    v1::Framework framework = Parse(kOwn);
    framework.set_reentry(each.reentry);
    EXPECT_EQ(Journeys(framework).Path(each.history, each.as_of), each.path) << each.history;
  }
}

TEST(JourneyWalk, IsRestatedWhenAnEarlierEventComesLate) {
  Journeys journeys("value");
  EXPECT_EQ(journeys.Path("100 order_placed 10", 110), "purchase[entry] 100-");
  // The first order of long ago makes the second a repeat purchase, as of its own time.
  EXPECT_EQ(journeys.Path("100 order_placed 10; 20 order_placed 10", 110),
            "purchase[entry] 20-100 skip | retention[skip] 100-");
}

TEST(JourneyWalk, SaysWhatMovedTheCustomerAndWhenSilenceWill) {
  Journeys journeys("mckinsey");
  const auto events =
      Events("0 page_viewed; 1 page_viewed; 5 order_placed 20; 6 order_placed 10; 400 page_viewed");
  const Journey before = journeys.Walk(events, 100);
  ASSERT_EQ(before.visits.size(), 2U);
  EXPECT_EQ(before.visits[0].evidence_count, 2);  // Both page views.
  EXPECT_EQ(before.visits[0].cause, (Cause{.event = 0, .type = TypeNumber("page_viewed")}));
  EXPECT_EQ(before.visits[1].cause, (Cause{.event = 2, .type = TypeNumber("order_placed")}));
  EXPECT_EQ(before.visits[1].evidence_count, 2);  // Both orders.
  EXPECT_EQ(before.expires, Day(6 + 365));
  EXPECT_EQ(before.evidence[0].count, 2);
  EXPECT_EQ(before.evidence[2].last, Day(6));

  const Journey after = journeys.Walk(events, 420);
  ASSERT_EQ(after.visits.size(), 3U);
  EXPECT_EQ(after.visits[1].left_cause, (Cause{.silence_days = 365}));
  EXPECT_EQ(after.expires, Day(490));
}

TEST(JourneyWalk, CountsMoneyWhereTheEventLed) {
  Journeys journeys("mckinsey");
  const Journey journey = journeys.Walk(
      Events("0 order_placed 5; 1 feature_used; 2 order_refunded 2; 3 order_placed 7"), 10);
  ASSERT_EQ(journey.earnings.size(), 3U);
  EXPECT_EQ(journeys.framework().IdOf(journey.earnings[0].stage), "closure");
  EXPECT_EQ(journeys.framework().IdOf(journey.earnings[1].stage), "post_purchase");
  EXPECT_EQ(journeys.framework().IdOf(journey.earnings[2].stage), "closure");
  EXPECT_EQ(metrics::MicrosOf(journey.earnings[1].amount), -2'000'000);
  EXPECT_EQ(journey.earnings[2].visit, 2U);
}

TEST(JourneyWalk, LeavesMoneyWithoutARateOut) {
  Journeys journeys("mckinsey");
  auto events = Events("0 order_placed 5; 1 order_placed 6");
  events[1].currency = PackCurrency("USD").value();
  const Journey journey = journeys.Walk(events, 10);
  EXPECT_EQ(journey.earnings.size(), 1U);
  EXPECT_EQ(journey.unrated, 1);
}

// Payloads by place.
class Payloads final : public PayloadSource {
 public:
  explicit Payloads(std::vector<store::v1::EventPayload> payloads)
      : payloads_(std::move(payloads)) {}
  const store::v1::EventPayload* At(size_t index) override { return &payloads_[index]; }

 private:
  std::vector<store::v1::EventPayload> payloads_;
};

TEST(JourneyWalk, ReadsPayloads) {
  v1::Framework framework = Parse(kOwn);
  framework.mutable_stages(0)->mutable_entry(0)->set_filter(
      "type = signed_up AND property.plan = pro");
  Journeys journeys(framework);
  EXPECT_TRUE(journeys.framework().reads_payload());
  std::vector<store::v1::EventPayload> payloads(2);
  (*payloads[1].mutable_rest()->mutable_properties())["plan"].set_string_value("pro");
  Payloads source(payloads);
  const Journey journey = journeys.Walk(Events("0 signed_up; 1 signed_up"), 5, &source);
  EXPECT_EQ(journeys.Text(journey), "a[entry] 1-");
}

TEST(JourneyWalk, ForgetsTheCustomerBefore) {
  Journeys journeys("aarrr");
  journeys.scope().as_of = Day(50);
  JourneyWalk walk(journeys.framework());
  const auto first = Events("0 session_ended; 1 session_ended; 2 session_ended");
  const auto second = Events("3 session_ended; 4 signed_up");
  filter::CustomerEvents customer;
  customer.events = first;
  EXPECT_EQ(journeys.Text(walk.Walk(customer)), "acquisition[entry] 0-2 skip | retention[skip] 2-");
  customer.events = second;
  EXPECT_EQ(journeys.Text(walk.Walk(customer)),
            "acquisition[entry] 3-4 forward | activation[forward] 4-");
}

}  // namespace
}  // namespace rapport::frameworks
