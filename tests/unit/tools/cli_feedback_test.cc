// SPDX-License-Identifier: Apache-2.0
// `rapportctl feedback`: requests sent, text shown.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/feedback_service.pb.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliFeedbackTest : public CliTest {};

TEST_F(CliFeedbackTest, Verbatims) {
  server_.answers["FeedbackService/ListVerbatims"] = R"pb(
    verbatims {
      customer: "workspaces/shop/customers/c-1"
      event_time { seconds: 1772366400 }
      type: EVENT_TYPE_NPS_ANSWERED
      score: 3
      scale: 10
      text: "Late\ndelivery"
      stage: "at_risk"
    }
    verbatims {
      customer: "workspaces/shop/customers/c-2"
      event_time { seconds: 1772280000 }
      type: EVENT_TYPE_COMPLAINT_MADE
      text: "Broken"
      subject: "parcel"
      stage: "none"
    }
    next_page_token: "next"
    context {
      sample_size: 2
      start_date: "2026-01-01"
      as_of { seconds: 1772366400 }
      generation: "workspaces/-/generations/3"
    }
  )pb";
  ExpectOutput("feedback_verbatims",
               {"feedback", "verbatims", "--from=2026-01-01", "--to=2026-04-01", "--limit=2",
                "--filter=score <= 6 AND text:delivery", "--empty"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" start_date: \"2026-01-01\" end_date: \"2026-04-01\" "
            "filter: \"score <= 6 AND text:delivery\" include_empty: true page_size: 2");
  EXPECT_THAT(Run({"feedback", "verbatims", "--json", "--workspace=shop"}).out,
              HasSubstr("\"next_page_token\": \"next\""));
  server_.answers["FeedbackService/ListVerbatims"] = "";
  EXPECT_THAT(Run({"feedback", "verbatims", "--workspace=shop"}).out,
              HasSubstr("Nothing was said.\n"));
}

TEST_F(CliFeedbackTest, FollowUps) {
  server_.answers["FeedbackService/ListFollowUps"] = R"pb(
    follow_ups {
      customer: "workspaces/shop/customers/c-1"
      answer { score: 3 scale: 10 text: "Late" stage: "at_risk" }
      waiting_days: 12.25
      predicted_value { micros: 210500000 currency: "EUR" }
      churn_probability: 0.62
      reason: "gave 3 of 10 12 days ago"
    }
    follow_ups {
      customer: "workspaces/shop/customers/c-2"
      answer { score: 0 scale: 10 stage: "none" }
      waiting_days: 1
    }
    total_size: 1200
    next_page_token: "next"
    context { sample_size: 1200 }
  )pb";
  ExpectOutput("feedback_follow_ups", {"feedback", "follow-ups", "--limit=2"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" kind: FOLLOW_UP_KIND_DETRACTOR days: 90 page_size: 2");
  EXPECT_EQ(Run({"feedback", "follow-ups", "promoters", "--days=30", "--filter=stage = LOYAL",
                 "--page-token=t", "--workspace=shop"})
                .code,
            0);
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" kind: FOLLOW_UP_KIND_PROMOTER days: 30 "
            "filter: \"stage = LOYAL\" page_size: 50 page_token: \"t\"");
  EXPECT_EQ(Run({"feedback", "follow-ups", "passives", "--workspace=shop"}).code, 2);
  EXPECT_EQ(Run({"feedback", "follow-ups", "--days=0", "--workspace=shop"}).code, 2);
  server_.answers["FeedbackService/ListFollowUps"] = "";
  EXPECT_THAT(Run({"feedback", "follow-ups", "--workspace=shop"}).out,
              HasSubstr("Nobody waits.\n"));
}

TEST_F(CliFeedbackTest, Movement) {
  server_.answers["FeedbackService/GetScoreMovement"] = R"pb(
    transitions {
      from: SCORE_GROUP_KIND_DETRACTOR
      to: SCORE_GROUP_KIND_DETRACTOR
      count: 1200
      share: 60
    }
    transitions {
      from: SCORE_GROUP_KIND_DETRACTOR
      to: SCORE_GROUP_KIND_PROMOTER
      count: 800
      share: 40
    }
    transitions {
      from: SCORE_GROUP_KIND_PROMOTER
      to: SCORE_GROUP_KIND_PROMOTER
      count: 5
      share: 100
    }
    mean_change: 1.25
    interval { low: 1.1 high: 1.4 level: 0.95 method: "student t" }
    groups { customer_count: 12 }
    groups {
      group: SCORE_GROUP_KIND_DETRACTOR
      customer_count: 1500
      valued_count: 1400
      mean_predicted_value { micros: 80000000 currency: "EUR" }
      mean_historic_value { micros: 120000000 currency: "EUR" }
      mean_churn_probability: 0.41
      high_churn_share: 33.3
      value_interval { low: 75 high: 85 level: 0.95 }
    }
    value_difference {
      change: 40
      relative_change: 0.5
      interval { low: 30 high: 50 level: 0.95 }
      p_value: 0.001
      adjusted_p_value: 0.002
      significant: true
      method: "Welch t"
    }
    churn_difference { method: "no observations" }
    context { sample_size: 2005 }
  )pb";
  ExpectOutput("feedback_movement", {"feedback", "movement", "--from=2026-01-01", "--to=2026-02-01",
                                     "--touchpoint=checkout"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" start_date: \"2026-01-01\" end_date: \"2026-02-01\" "
            "touchpoint: \"checkout\"");
  EXPECT_THAT(Run({"feedback", "movement", "--json", "--workspace=shop"}).out,
              HasSubstr("\"mean_change\": 1.25"));
}

}  // namespace
}  // namespace rapport::ctl
