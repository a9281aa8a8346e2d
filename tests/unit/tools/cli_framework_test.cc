// SPDX-License-Identifier: Apache-2.0
// `rapportctl frameworks | journey`: requests sent, text shown.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/framework_service.pb.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliFrameworkTest : public CliTest {};

constexpr char kClub[] = R"pb(
  name: "workspaces/shop/frameworks/club"
  framework: "club"
  display_name: "Club"
  description: "From guests to members."
  stages {
    stage: "guest"
    display_name: "Guest"
    phase: "creation"
    owners: "door"
    touchpoints: "bar"
    entry { filter: "type = page_viewed" minimum_count: 2 window_days: 7 }
    exits { silence_days: 30 }
    skippable: true
    goal { share: 0.5 within_days: 10 }
  }
  stages {
    stage: "member"
    display_name: "Member"
    phase: "expansion"
    owners: "host"
    owners: "door"
    entry { filter: "type = order_placed" }
    exits {
      evidence { filter: "type = complaint_made" }
      to_stage: "guest"
    }
    exits { silence_days: 90 silence_filter: "type = order_placed" }
  }
  transitions { from_stage: "member" to_stage: "guest" kind: MOVE_KIND_REVERSAL }
  border_stage: "member"
  custom: true
  etag: "0123456789abcdef"
)pb";

TEST_F(CliFrameworkTest, ShowsAFramework) {
  server_.answers["FrameworkService/GetFramework"] = kClub;
  ExpectOutput("frameworks_get", {"frameworks", "get", "club"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/frameworks/club\"");
}

TEST_F(CliFrameworkTest, WhatIsPrintedAsTextProtoCanBeCreated) {
  server_.answers["FrameworkService/GetFramework"] = kClub;
  server_.answers["FrameworkService/CreateFramework"] = kClub;
  server_.answers["FrameworkService/UpdateFramework"] = kClub;
  const Shown printed = Run({"frameworks", "get", "club", "--textproto", "--workspace=shop"});
  EXPECT_THAT(printed.out, ::testing::Not(HasSubstr("etag")));
  const std::string file = File("club.textproto", printed.out);
  EXPECT_EQ(Run({"frameworks", "create", file, "--workspace=shop"}).code, 0);
  EXPECT_THAT(LastRequest(), HasSubstr("parent: \"workspaces/shop\" framework { framework: "
                                       "\"club\" display_name: \"Club\""));
  EXPECT_EQ(Run({"frameworks", "update", file, "--etag=e", "--workspace=shop"}).code, 0);
  EXPECT_THAT(LastRequest(), HasSubstr("framework { name: \"workspaces/shop/frameworks/club\""));
  EXPECT_THAT(LastRequest(), HasSubstr("etag: \"e\""));
  const Shown bad =
      Run({"frameworks", "create", File("bad.textproto", "stage {"), "--workspace=shop"});
  EXPECT_NE(bad.code, 0);
  EXPECT_THAT(bad.err, HasSubstr("not a text proto of rapport.v1.Framework"));
}

TEST_F(CliFrameworkTest, ListsAndDeletes) {
  server_.answers["FrameworkService/ListFrameworks"] = std::string("frameworks {") + kClub + "}";
  ExpectOutput("frameworks_list", {"frameworks", "list"});
  server_.answers["FrameworkService/DeleteFramework"] = "";
  EXPECT_EQ(Run({"frameworks", "delete", "club", "--workspace=shop"}).out,
            "deleted workspaces/shop/frameworks/club\n");
  server_.answers["FrameworkService/ListStageCustomers"] = R"pb(
    customers {
      customer: "workspaces/shop/customers/ann"
      since { seconds: 1772366400 }
      kind: MOVE_KIND_FORWARD
      why: "forward from Guest: order_placed"
      visit_count: 2
    }
    next_page_token: "next"
  )pb";
  ExpectOutput("frameworks_customers", {"frameworks", "customers", "club", "member", "--limit=1"});
  EXPECT_EQ(LastRequest(),
            "name: \"workspaces/shop/frameworks/club\" stage: \"member\" page_size: 1");
}

TEST_F(CliFrameworkTest, ShowsAJourney) {
  server_.answers["FrameworkService/GetCustomerJourney"] = R"pb(
    customer: "workspaces/shop/customers/ann"
    journeys {
      framework: "club"
      display_name: "Club"
      current_stage: "member"
      since { seconds: 1772366400 }
      why: "forward from Guest: order_placed"
      expire_time { seconds: 1780142400 }
      visits {
        stage: "guest"
        kind: MOVE_KIND_ENTRY
        enter_time { seconds: 1772107200 }
        leave_time { seconds: 1772366400 }
        evidence_count: 3
        why: "came in: page_viewed"
        dwell_seconds: 259200
      }
      visits {
        stage: "member"
        kind: MOVE_KIND_FORWARD
        enter_time { seconds: 1772366400 }
        evidence_count: 1
        why: "forward from Guest: order_placed"
        dwell_seconds: 43200
      }
    }
    journeys { framework: "laer" display_name: "LAER" }
    context { sample_size: 4 view: VIEW_LIVE }
  )pb";
  ExpectOutput("journey_show", {"journey", "show", "ann", "--view=live"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/customers/ann\" view: VIEW_LIVE");
}

constexpr char kReport[] = R"pb(
  framework: "club"
  display_name: "Club"
  stages {
    stage: "guest"
    display_name: "Guest"
    customer_count: 1200
    entrant_count: 2000
    went_on_count: 500
    conversion: 0.25
    conversion_interval { low: 0.2315 high: 0.2694 level: 0.95 method: "wilson" }
    dwell { visit_count: 800 median_seconds: 86400 p90_seconds: 864000 }
    leak {
      left_count: 310
      expired_count: 300
      lost_count: 300
      lost_value { micros: 1500000 currency: "EUR" }
      value_at_stake { micros: 90000000 currency: "EUR" }
    }
  }
  stages {
    stage: "member"
    display_name: "Member"
    customer_count: 450
    entrant_count: 500
    reversal_count: 50
  }
  flows { to_stage: "guest" kind: MOVE_KIND_ENTRY move_count: 2000 }
  flows { from_stage: "guest" kind: MOVE_KIND_EXPIRY move_count: 300 }
  flows { from_stage: "guest" to_stage: "member" kind: MOVE_KIND_FORWARD move_count: 500 }
  flows { from_stage: "member" to_stage: "guest" kind: MOVE_KIND_REVERSAL move_count: 50 }
  customer_count: 1650
  left_customer_count: 300
  biggest_leak: "guest"
  expansion {
    border_stage: "member"
    creation_count: 1200
    expansion_count: 450
    customer_share: 0.2727
    creation_value { micros: 1000000 currency: "EUR" }
    expansion_value { micros: 9000000 currency: "EUR" }
    revenue_share: 0.9
  }
  actions {
    stage: "guest"
    owner: "door"
    cause: ACTION_CAUSE_BIGGEST_LEAK
    reason: "no other stage loses more customers"
    customer_count: 300
  }
  context { start_date: "2025-03-02" end_date: "2026-03-02" sample_size: 2000 }
)pb";

TEST_F(CliFrameworkTest, ShowsAReport) {
  server_.answers["FrameworkService/QueryFramework"] = kReport;
  ExpectOutput("journey_report", {"journey", "report", "club", "--from=2025-03-02",
                                  "--filter=stage = LOYAL", "--view=nightly"});
  EXPECT_EQ(LastRequest(),
            "name: \"workspaces/shop/frameworks/club\" start_date: \"2025-03-02\" view: "
            "VIEW_NIGHTLY filter: \"stage = LOYAL\"");
}

}  // namespace
}  // namespace rapport::ctl
