// SPDX-License-Identifier: Apache-2.0
// `rapportctl metrics`: definitions, questions with all their flags, lists, explanations, CSV.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/metric_service.pb.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliMetricTest : public CliTest {};

constexpr char kDefinition[] = R"pb(
  name: "workspaces/shop/metrics/promo_ctr"
  metric: "promo_ctr"
  display_name: "Clicks of offers"
  formula: "clicks / views x 100"
  kind: METRIC_KIND_COUNT_RATIO
  numerator: EVENT_TYPE_EMAIL_CLICKED
  denominator: EVENT_TYPE_EMAIL_OPENED
  numerator_filter: "campaign = spring"
  unit: METRIC_UNIT_PERCENT
  direction: DIRECTION_HIGHER
  minimum_sample: 100
  sample_unit: "mails"
  bands { from: 2 label: "usual" }
  bands { from: 5 label: "strong" }
  source: "our own"
  custom: true
  etag: "0123456789abcdef"
)pb";

TEST_F(CliMetricTest, Get) {
  server_.answers["MetricService/GetMetricDefinition"] = kDefinition;
  ExpectOutput("metrics_get", {"metrics", "get", "promo_ctr"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/metrics/promo_ctr\"");
}

TEST_F(CliMetricTest, DefinesFromTextProtoAndJson) {
  server_.answers["MetricService/CreateMetricDefinition"] = kDefinition;
  for (const std::string& file :
       {File("promo.textproto", "metric: 'promo_ctr' kind: METRIC_KIND_COUNT"),
        File("promo.json", R"({"metric": "promo_ctr", "kind": "METRIC_KIND_COUNT"})")}) {
    ExpectOutput("metrics_get", {"metrics", "define", file});
    EXPECT_EQ(LastRequest(),
              "parent: \"workspaces/shop\" "
              "definition { metric: \"promo_ctr\" kind: METRIC_KIND_COUNT }");
  }
  const std::string bad = File("bad.textproto", "metrik: 'x'");
  EXPECT_THAT(Run({"metrics", "define", bad, "--workspace=shop"}).err, HasSubstr("BAD_DEFINITION"));
  EXPECT_THAT(Run({"metrics", "define", "/nowhere/x", "--workspace=shop"}).err,
              HasSubstr("UNREADABLE"));
}

TEST_F(CliMetricTest, UpdatesAndDeletes) {
  server_.answers["MetricService/UpdateMetricDefinition"] = kDefinition;
  const std::string file = File("promo.textproto", "metric: 'promo_ctr'");
  ExpectOutput("metrics_get", {"metrics", "update", file, "--etag=abc"});
  EXPECT_EQ(LastRequest(),
            "definition { name: \"workspaces/shop/metrics/promo_ctr\" metric: \"promo_ctr\" "
            "etag: \"abc\" }");
  server_.answers["MetricService/DeleteMetricDefinition"] = "";
  EXPECT_EQ(Run({"metrics", "delete", "promo_ctr", "--workspace=shop"}).out,
            "deleted workspaces/shop/metrics/promo_ctr\n");
}

constexpr char kAnswer[] = R"pb(
  definition { display_name: "Time to answer" formula: "seconds" unit: METRIC_UNIT_SECONDS }
  total {
    points {
      start_date: "2026-01-01"
      end_date: "2026-02-01"
      value: 120.5
      numerator: 241
      denominator: 2
      sample_size: 2
      interval { low: 100 high: 141 level: 0.95 }
      quantiles { quantile: 0.5 value: 118 }
      quantiles { quantile: 0.9 value: 130 relative_error: 0.01 }
    }
  }
  groups {
    group: "a,b"
    group: "web"
    points { start_date: "2026-01-01" end_date: "2026-02-01" value: 120.5 sample_size: 2 }
  }
  groups {
    other: true
    points { start_date: "2026-01-01" end_date: "2026-02-01" incomplete: true }
  }
  band: "fast"
  goal {
    goal { goal: "quicker" }
    summary: "half of the way"
  }
  context { sample_size: 2 }
)pb";

TEST_F(CliMetricTest, EveryFlagReachesTheServer) {
  server_.answers["MetricService/QueryMetric"] = kAnswer;
  ExpectOutput(
      "metrics_query_groups",
      {"metrics", "query", "response_time", "--from=2026-01-01", "--to=2026-02-01", "--by=hour",
       "--filter=channel = web", "--group-by=campaign", "--group-by=channel", "--top=1",
       "--compare=previous", "--compare=last-year", "--rolling=7", "--statistic=p90", "--nightly"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" metric: \"response_time\" start_date: \"2026-01-01\" "
            "end_date: \"2026-02-01\" granularity: GRANULARITY_HOUR view: VIEW_NIGHTLY "
            "group_by: \"campaign\" group_by: \"channel\" filter: \"channel = web\" top: 1 "
            "compare: COMPARISON_PREVIOUS_PERIOD compare: COMPARISON_SAME_PERIOD_LAST_YEAR "
            "rolling_buckets: 7 statistic: STATISTIC_P90");
}

TEST_F(CliMetricTest, Csv) {
  server_.answers["MetricService/QueryMetric"] = kAnswer;
  ExpectOutput("metrics_query_csv", {"metrics", "query", "response_time", "--csv",
                                     "--group-by=campaign", "--group-by=channel"});
}

TEST_F(CliMetricTest, Customers) {
  server_.answers["MetricService/ListMetricCustomers"] = R"pb(
    customers { customer: "workspaces/shop/customers/ann" share: 40 }
    customers { customer: "workspaces/shop/customers/bob" share: 60.5 }
    total_size: 2
    total: 100.5
    context { sample_size: 3 })pb";
  ExpectOutput("metrics_customers", {"metrics", "customers", "revenue", "--group-by=channel",
                                     "--group=web", "--side=denominator", "--limit=20"});
  EXPECT_EQ(LastRequest(),
            "query { parent: \"workspaces/shop\" metric: \"revenue\" group_by: \"channel\" } "
            "group: \"web\" side: METRIC_SIDE_DENOMINATOR page_size: 20");
}

TEST_F(CliMetricTest, Explain) {
  server_.answers["MetricService/ExplainChange"] = R"pb(
    before { value: 50 sample_size: 200 }
    after { value: 40 sample_size: 220 }
    difference { change: -10 relative_change: -0.2 adjusted_p_value: 0.012 significant: true }
    explanations {
      dimension: "channel"
      summary: "web did most of it"
      simpson: true
      contributions {
        group: "web"
        before: 60
        after: 45
        rate_effect: -8
        mix_effect: -1
        total_effect: -9
      }
      contributions { group: "" total_effect: -1 rate_effect: -1 }
    })pb";
  ExpectOutput("metrics_explain", {"metrics", "explain", "csat", "--from=2026-10-01",
                                   "--to=2026-11-01", "--dimension=channel", "--filter=score > 0"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" metric: \"csat\" start_date: \"2026-10-01\" "
            "end_date: \"2026-11-01\" dimensions: \"channel\" filter: \"score > 0\"");
}

}  // namespace
}  // namespace rapport::ctl
