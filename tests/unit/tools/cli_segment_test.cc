// SPDX-License-Identifier: Apache-2.0
// `rapportctl segments`: requests sent, text shown.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/segment_service.pb.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliSegmentTest : public CliTest {};

constexpr char kSegment[] = R"pb(
  name: "workspaces/shop/segments/big"
  display_name: "Big spenders"
  rule { customer: "value.predicted > 100" }
  etag: "e1"
  update_time { seconds: 1772366400 }
  figures {
    as_of { seconds: 1772366400 }
    customer_count: 1200
    universe: 40000
    entered_count: 30
    left_count: 12
    historic_value { micros: 900000000000 currency: "EUR" }
    predicted_value { micros: 250000000000 currency: "EUR" }
  }
)pb";

TEST_F(CliSegmentTest, Create) {
  server_.answers["SegmentService/CreateSegment"] = kSegment;
  ExpectOutput("segments_create", {"segments", "create", "big", "--name=Big spenders",
                                   "--filter=value.predicted > 100"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" segment_id: \"big\" segment { display_name: \"Big "
            "spenders\" rule { customer: \"value.predicted > 100\" } }");
  const std::string json = File("rule.json", R"({"none_of": {"rules": [{"segment": "big"}]}})");
  EXPECT_EQ(Run({"segments", "create", "small", "--rule-file=" + json, "--workspace=shop"}).code,
            0);
  EXPECT_THAT(LastRequest(), HasSubstr("rule { none_of { rules { segment: \"big\" } } }"));
  const std::string text = File("rule.txt", "none_of { rules { segment: 'big' } }\n");
  EXPECT_EQ(Run({"segments", "create", "small", "--rule-file=" + text, "--workspace=shop"}).code,
            0);
  EXPECT_THAT(LastRequest(), HasSubstr("rule { none_of { rules { segment: \"big\" } } }"));
  const std::string list = File("list.txt", "c-1\n\n email:a@b.c \n");
  EXPECT_EQ(Run({"segments", "create", "few", "--customers-file=" + list, "--workspace=shop"}).code,
            0);
  EXPECT_THAT(LastRequest(), HasSubstr("list { customers: \"workspaces/shop/customers/c-1\" "
                                       "customers: \"workspaces/shop/customers/email:a@b.c\" }"));
  const std::string bad = File("bad.txt", "nonsense");
  const Shown refused = Run({"segments", "create", "x", "--rule-file=" + bad, "--workspace=shop"});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("no rule as JSON or text proto"));
}

TEST_F(CliSegmentTest, UpdateKeepsWhatNoFlagNames) {
  server_.answers["SegmentService/GetSegment"] = kSegment;
  server_.answers["SegmentService/UpdateSegment"] = kSegment;
  EXPECT_EQ(Run({"segments", "update", "big", "--description=vip", "--workspace=shop"}).code, 0);
  EXPECT_THAT(LastRequest(), HasSubstr("rule { customer: \"value.predicted > 100\" }"));
  EXPECT_THAT(LastRequest(), HasSubstr("etag: \"e1\""));
  EXPECT_THAT(LastRequest(), HasSubstr("description: \"vip\""));
}

TEST_F(CliSegmentTest, ListAndCount) {
  server_.answers["SegmentService/ListSegments"] =
      std::string("segments {") + kSegment +
      "} segments { name: 'workspaces/shop/segments/vip' list { customer_count: 3 } }";
  ExpectOutput("segments_list", {"segments", "list"});
  server_.answers["SegmentService/CountSegment"] = R"pb(
    segment: "workspaces/shop/segments/big"
    customer_count: 1200
    universe: 40000
    share: 0.03
    context { sample_size: 40000 generation: "workspaces/-/generations/3" }
  )pb";
  ExpectOutput("segments_count", {"segments", "count", "big"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/segments/big\"");
  EXPECT_EQ(
      Run({"segments", "count", "big", "--as-of=2026-01-31T12:00:00Z", "--workspace=shop"}).code,
      0);
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/segments/big\" as_of { seconds: 1769860800 }");
  EXPECT_EQ(Run({"segments", "count", "big", "--live", "--workspace=shop"}).code, 0);
  EXPECT_THAT(LastRequest(), HasSubstr("view: VIEW_LIVE"));
  EXPECT_NE(Run({"segments", "count", "big", "--as-of=yesterday", "--workspace=shop"}).code, 0);
}

TEST_F(CliSegmentTest, CustomersAndChanges) {
  server_.answers["SegmentService/ListSegmentCustomers"] = R"pb(
    customers {
      customer: "workspaces/shop/customers/c-1"
      historic_value { micros: 1200000000 currency: "EUR" }
      predicted_value { micros: 350500000 currency: "EUR" }
      stage: LIFECYCLE_STAGE_AT_RISK
      rfm_segment: "at_risk"
    }
    customers { customer: "workspaces/shop/customers/c-2" }
    total_size: 1200
    next_page_token: "next"
    context { sample_size: 1200 }
  )pb";
  ExpectOutput("segments_customers", {"segments", "customers", "big", "--limit=2"});
  EXPECT_EQ(LastRequest(),
            "name: \"workspaces/shop/segments/big\" order_by: \"value\" page_size: 2");
  server_.answers["SegmentService/ListSegmentChanges"] = R"pb(
    changes {
      customer: "workspaces/shop/customers/c-1"
      kind: SEGMENT_CHANGE_KIND_ENTERED
      change_time { seconds: 1772366400 }
      exact: true
      night { seconds: 1772409600 }
    }
    changes {
      customer: "workspaces/shop/customers/c-2"
      kind: SEGMENT_CHANGE_KIND_LEFT
      change_time { seconds: 1772409600 }
      night { seconds: 1772409600 }
    }
    context { sample_size: 2 }
  )pb";
  ExpectOutput("segments_changes", {"segments", "changes", "big"});
  EXPECT_EQ(Run({"segments", "changes", "big", "--kind=left", "--workspace=shop"}).code, 0);
  EXPECT_THAT(LastRequest(), HasSubstr("kind: SEGMENT_CHANGE_KIND_LEFT"));
}

TEST_F(CliSegmentTest, TestAndPreview) {
  server_.answers["SegmentService/TestSegment"] = R"pb(
    member: true
    check {
      condition: "all of (in segment buyers; stage = LOYAL)"
      holds: true
      evidence: "2 of 2 hold"
      next_change_time { seconds: 1774958400 }
      parts {
        condition: "in segment buyers"
        holds: true
        parts {
          condition: "[type = order_placed] at least once in the last 30 days"
          holds: true
          evidence: "2 times, last on 2026-03-01T12:00:00Z"
        }
      }
      parts { condition: "stage = LOYAL" evidence: "the customer as it stands" }
    }
    context { sample_size: 1 }
  )pb";
  ExpectOutput("segments_test", {"segments", "test", "big", "c-1"});
  EXPECT_EQ(LastRequest(),
            "name: \"workspaces/shop/segments/big\" customer: \"workspaces/shop/customers/c-1\"");
  server_.answers["SegmentService/PreviewSegment"] = R"pb(
    count {
      customer_count: 5
      universe: 10
      share: 0.5
      context { sample_size: 10 }
    }
    rule: "stage = LOYAL"
    customers { customer: "workspaces/shop/customers/c-1" rfm_segment: "loyal" }
  )pb";
  ExpectOutput("segments_preview", {"segments", "preview", "--filter=stage = LOYAL", "--sample=1"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" rule { customer: \"stage = LOYAL\" } sample_size: 1");
  EXPECT_NE(Run({"segments", "preview", "--workspace=shop"}).code, 0);
}

TEST_F(CliSegmentTest, Rfm) {
  server_.answers["SegmentService/QueryRfmGrid"] = R"pb(
    segments {
      segment: "champions"
      title: "Champions"
      action: "Reward them."
      customer_count: 30
      customer_share: 0.3
      revenue { micros: 600000000 currency: "EUR" }
      revenue_share: 0.6
      mean_revenue { micros: 20000000 currency: "EUR" }
    }
    segments {
      segment: "lost"
      title: "Lost"
      action: "Leave them alone."
      revenue { currency: "EUR" }
    }
    cells { recency_score: 5 fm_score: 5 segment: "champions" customer_count: 30 }
    cells { recency_score: 1 fm_score: 1 segment: "lost" }
    customer_count: 100
    context { sample_size: 100 }
  )pb";
  ExpectOutput("segments_rfm", {"segments", "rfm"});
}

TEST_F(CliSegmentTest, Clusters) {
  server_.answers["SegmentService/DiscoverClusters"] = R"pb(
    clusters {
      description: "active lately, high spend"
      customer_count: 60
      share: 0.6
      means { typical: 3.2 deviation: -0.9 }
      revenue { micros: 120000000000 currency: "EUR" }
      silhouette: 0.71
    }
    clusters {
      description: "silent for long"
      customer_count: 40
      share: 0.4
      means { typical: 410 deviation: 1.3 }
      revenue { micros: 900000000 currency: "EUR" }
      silhouette: 0.66
    }
    trials { clusters: 2 silhouette: 0.69 inertia: 20 chosen: true }
    trials { clusters: 3 silhouette: 0.41 inertia: 15 }
    features { feature: "recency_days" text: "days since the last event" typical: 30.5 }
    customer_count: 100
    context { sample_size: 100 }
  )pb";
  ExpectOutput("segments_clusters", {"segments", "clusters", "--feature=recency_days",
                                     "--feature=monetary", "--seed=7", "--clusters=2"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" clusters: 2 max_clusters: 8 seed: 7 features: "
            "\"recency_days\" features: \"monetary\"");
}

TEST_F(CliSegmentTest, Compare) {
  server_.answers["SegmentService/CompareSegments"] = R"pb(
    priorities {
      segment: "workspaces/shop/segments/big"
      rank: 1
      priority: 0.66
      figures { customer_count: 1200 universe: 40000 }
      customer_share: 0.03
      value_share: 0.6
      value_index: 20
      growth: 0.015
      monthly_growth: 0.1
      reason: "60.0 % of value from 3.0 % of customers"
    }
    priorities { segment: "workspaces/shop/segments/vip" rank: 2 }
    overlaps {
      first: "workspaces/shop/segments/big"
      second: "workspaces/shop/segments/vip"
      both_count: 2
      jaccard: 0.0017
      lift: 22.2
      share_of_first: 0.0017
      share_of_second: 0.667
    }
    context { sample_size: 40000 }
  )pb";
  ExpectOutput("segments_compare", {"segments", "compare", "big", "vip"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop\" segments: \"big\" segments: \"vip\"");
}

}  // namespace
}  // namespace rapport::ctl
