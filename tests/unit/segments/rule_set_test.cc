// SPDX-License-Identifier: Apache-2.0
// Rules put together: combinations, references, cycles, needs, words.
#include <string>

#include "tests/unit/segments/rig.h"

namespace rapport::segments {
namespace {

constexpr std::string_view kBuyer =
    R"pb(behaviour {
           filter: "type = order_placed"
           window { rolling { length { days: 30 } } }
           times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 }
         })pb";

filter::CustomerEvents Customer(const std::vector<EventColumns>& events,
                                const v1::Customer* customer = nullptr, uint32_t number = 1) {
  filter::CustomerEvents made;
  made.customer_no = number;
  made.events = events;
  made.customer = customer;
  return made;
}

TEST(RuleSet, CombinesCustomersEventsAndOtherSegments) {
  Rig rig;
  rig.Define("at_risk_buyers",
             R"pb(all_of {
                    rules { segment: "buyers" }
                    rules { customer: "stage = AT_RISK" }
                    rules { none_of { rules { segment: "staff" } } }
                  })pb")
      .Define("buyers", kBuyer)
      .Define("staff", "");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rules, rig.Compile());
  Lists lists;
  lists.Add(rules->Find("staff"), 2);
  Evaluator evaluator(*rules, &lists);
  v1::Customer at_risk;
  at_risk.mutable_facts()->mutable_lifecycle()->set_stage(v1::LIFECYCLE_STAGE_AT_RISK);
  v1::Customer active;
  active.mutable_facts()->mutable_lifecycle()->set_stage(v1::LIFECYCLE_STAGE_ACTIVE);
  const std::vector<EventColumns> order = {Event("order_placed", "2024-01-01")};
  const TimeMicros at = At("2024-01-10");

  evaluator.Begin(Customer(order, &at_risk));
  EXPECT_TRUE(evaluator.Member(0, at));
  EXPECT_TRUE(evaluator.Member(1, at));
  EXPECT_FALSE(evaluator.Member(2, at));
  EXPECT_FALSE(evaluator.Member(0, At("2023-12-31")));  // Did not exist yet.
  EXPECT_EQ(FormatTime(evaluator.NextChange(0, at, At("2025-01-01"))), "2024-01-31T00:00:00Z");
  evaluator.Begin(Customer(order, &active));
  EXPECT_FALSE(evaluator.Member(0, at));
  evaluator.Begin(Customer(order, &at_risk, 2));
  EXPECT_FALSE(evaluator.Member(0, at));
  EXPECT_TRUE(evaluator.Member(2, at));
  EXPECT_EQ(rules->Describe(0),
            "all of (in segment buyers; stage = AT_RISK; none of (in segment staff))");
}

TEST(RuleSet, AnyAndNone) {
  OneRule any(R"pb(any_of {
                     rules { customer: "stage = LOYAL" }
                     rules { customer: "value.predicted > 100" }
                   })pb");
  EXPECT_FALSE(any.At("2024-01-01"));
  any.SetCustomer("facts { value { predicted { micros: 100000001 currency: 'EUR' } } }");
  EXPECT_TRUE(any.At("2024-01-01"));
  OneRule none(R"pb(none_of {
                      rules { customer: "stage = LOYAL" }
                      rules { customer: "value.predicted > 100" }
                    })pb");
  EXPECT_TRUE(none.At("2024-01-01"));
  none.SetCustomer("facts { lifecycle { stage: LIFECYCLE_STAGE_LOYAL } }");
  EXPECT_FALSE(none.At("2024-01-01"));
}

TEST(RuleSet, RefusesCircles) {
  Rig self;
  self.Define("a", R"pb(none_of { rules { segment: "a" } })pb");
  EXPECT_THAT(self.Compile().status(), testing::FailsWith("CYCLE", "a.rule"));
  Rig three;
  three.Define("a", R"pb(segment: "b")pb")
      .Define("b", R"pb(all_of { rules { segment: "c" } })pb")
      .Define("c", R"pb(any_of {
                          rules { segment: "d" }
                          rules { segment: "a" }
                        })pb")
      .Define("d", kBuyer);
  const auto compiled = three.Compile();
  EXPECT_THAT(compiled.status(), testing::FailsWith("CYCLE", "a.rule"));
  EXPECT_NE(compiled.status().message().find("a > b > c > a"), std::string::npos);
  Rig diamond;  // Two ways to the same segment are no circle.
  diamond
      .Define("a", R"pb(all_of {
                          rules { segment: "b" }
                          rules { segment: "c" }
                        })pb")
      .Define("b", R"pb(segment: "d")pb")
      .Define("c", R"pb(segment: "d")pb")
      .Define("d", kBuyer);
  RAPPORT_EXPECT_OK(diamond.Compile());
}

TEST(RuleSet, RefusesWhatItDoesNotKnow) {
  Rig unknown;
  unknown.Define("a", R"pb(all_of {
                             rules { customer: "stage = NEW" }
                             rules { segment: "b" }
                           })pb");
  EXPECT_THAT(unknown.Compile().status(),
              testing::FailsWith("UNKNOWN_SEGMENT", "a.rule.all_of.rules[1].segment"));
  Rig empty;
  empty.Define("a", "all_of {}");
  EXPECT_THAT(empty.Compile().status(), testing::FailsWith("REQUIRED", "a.rule.all_of.rules"));
  Rig filter;
  filter.Define("a", R"pb(customer: "type = order_placed")pb");
  EXPECT_THAT(filter.Compile().status(), testing::FailsWith("UNKNOWN_FIELD", "a.rule.customer"));
  std::string deep = "customer: 'stage = NEW'";
  for (int i = 0; i < 17; ++i) deep = Cat("none_of { rules { ", deep, " } }");
  Rig too_deep;
  too_deep.Define("a", deep);
  const auto detail = DetailOf(too_deep.Compile().status());
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, "TOO_DEEP");
}

TEST(RuleSet, KnowsWhatItNeedsAndWhenItChanges) {
  Rig rig;
  rig.Define("a", R"pb(segment: "b")pb")
      .Define("b", R"pb(customer: "attributes.tier = gold")pb")
      .Define("c", R"pb(behaviour {
                          filter: "coupon = SUMMER"
                          first_time {}
                        })pb");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rules, rig.Compile());
  EXPECT_TRUE(rules->NeedsOf(0).customer.Has(filter::Place::kCustomerAttributes));
  EXPECT_FALSE(rules->NeedsOf(0).events);
  EXPECT_TRUE(rules->NeedsOf(2).events);
  EXPECT_TRUE(rules->NeedsOf(2).payloads);
  EXPECT_FALSE(rules->NeedsOf(2).rates);
  Rig other;
  other.Define("a", R"pb(segment: "b")pb")
      .Define("b", R"pb(customer: "attributes.tier = silver")pb")
      .Define("c", R"pb(behaviour {
                          filter: "coupon = SUMMER"
                          first_time {}
                        })pb");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto changed, other.Compile());
  EXPECT_NE(changed->Fingerprint(0), rules->Fingerprint(0)) << "b, which a refers to, is another";
  EXPECT_EQ(changed->Fingerprint(2), rules->Fingerprint(2));
}

TEST(RuleSet, ExplainsWhy) {
  OneRule rule(R"pb(all_of {
                      rules {
                        behaviour {
                          filter: "type = order_placed"
                          window { rolling { length { days: 30 } } }
                          times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 2 }
                        }
                      }
                      rules { customer: "stage = LOYAL" }
                    })pb",
               {Event("order_placed", "2024-01-01"), Event("order_placed", "2024-01-05")});
  const v1::SegmentCheck check = rule.Explain("2024-01-10");
  EXPECT_THAT(
      check, testing::EqualsProto(R"pb(
        condition: "all of ([type = order_placed] at least 2 times in the last 30 days; stage = LOYAL)"
        evidence: "1 of 2 hold"
        parts {
          condition: "[type = order_placed] at least 2 times in the last 30 days"
          holds: true
          evidence: "2 times, last on 2024-01-05T00:00:00Z"
          next_change_time { seconds: 1706659200 }  # 2024-01-31
        }
        parts { condition: "stage = LOYAL" evidence: "the customer as it stands" }
      )pb"));
  EXPECT_EQ(rule.Explain("2023-12-01").evidence(),
            "the customer has no event up to then: it does not exist yet");
}

}  // namespace
}  // namespace rapport::segments
