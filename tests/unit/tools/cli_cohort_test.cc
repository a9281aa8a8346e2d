// SPDX-License-Identifier: Apache-2.0
// `rapportctl cohorts`: requests sent, text shown.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliCohortTest : public CliTest {};

constexpr char kAnalysis[] = R"pb(
  cohorts {
    start_date: "2026-01-01"
    label: "2026-01-01"
    size: 1200
    cells {
      period: 0
      last_period: 0
      eligible: 1200
      returned: 300
      settled: 1200
      settled_returned: 300
      rate: 0.25
      revenue_per_start { micros: 41500000 currency: "EUR" }
    }
    cells { period: 1 last_period: 3 eligible: 1200 returned: 90 rate: 0.075 incomplete: true }
  }
  cohorts { start_date: "2026-02-01" label: "2026-02-01" size: 0 }
  means {
    period: 0
    returned: 300
    settled: 1200
    pooled: 0.25
    revenue_per_start { micros: 41500000 currency: "EUR" }
  }
  partial: true
  context { sample_size: 1200 notes: "calendar months, UTC: period 0 is the month of the start" }
)pb";

TEST_F(CliCohortTest, Analyze) {
  server_.answers["CohortService/AnalyzeRetention"] = kAnalysis;
  ExpectOutput("cohorts_analyze", {"cohorts", "analyze"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" question { cohort { start: COHORT_START_FIRST_EVER "
            "minimum_starts: 1 } minimum_returns: 1 mode: RETURN_MODE_ON period: "
            "GRANULARITY_MONTH }");
  ExpectOutput("cohorts_analyze_value", {"cohorts", "analyze", "--show=value"});
  EXPECT_THAT(Run({"cohorts", "analyze", "--show=customers", "--workspace=shop"}).out,
              HasSubstr("2026-01-01      1,200  300  90*\n"));
  EXPECT_THAT(Run({"cohorts", "analyze", "--json", "--workspace=shop"}).out,
              HasSubstr("\"returned\": \"300\""));
  server_.answers["CohortService/AnalyzeRetention"] = R"pb(
    question { predicted_value: true }
    cohorts {
      label: "web"
      size: 3
      predicted_value { micros: 90000000 currency: "EUR" }
      predicted_count: 2
    }
  )pb";
  EXPECT_THAT(Run({"cohorts", "analyze", "--predicted", "--by=stage", "--workspace=shop"}).out,
              HasSubstr("web                 3      45.00\n"));
  EXPECT_THAT(LastRequest(), HasSubstr("predicted_value: true"));
  server_.answers["CohortService/AnalyzeRetention"] = "";
  EXPECT_THAT(Run({"cohorts", "analyze", "--workspace=shop"}).out, HasSubstr("Nobody started.\n"));
}

TEST_F(CliCohortTest, AnalyzeSendsWhatFlagsSay) {
  server_.answers["CohortService/AnalyzeRetention"] = "";
  EXPECT_EQ(Run({"cohorts",
                 "analyze",
                 "--start=type = signed_up",
                 "--which=recurring",
                 "--starts=2",
                 "--bucket=quarter",
                 "--return=type = session_ended",
                 "--returns=3",
                 "--bracket=1-3",
                 "--bracket=7",
                 "--period=day",
                 "--rolling",
                 "--start-counts",
                 "--segment=pro: attributes.plan = pro",
                 "--segment=summary.order_count > 1",
                 "--from=2026-01-01",
                 "--to=2026-02-01",
                 "--nightly",
                 "--budget=1500",
                 "--workspace=shop"})
                .code,
            0);
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" question { cohort { start: COHORT_START_RECURRING "
            "start_filter: \"type = signed_up\" minimum_starts: 2 bucket: GRANULARITY_QUARTER "
            "segments { label: \"pro\" filter: \"attributes.plan = pro\" } segments { filter: "
            "\"summary.order_count > 1\" } } return_filter: \"type = session_ended\" "
            "minimum_returns: 3 mode: "
            "RETURN_MODE_BRACKET period_clock: PERIOD_CLOCK_ROLLING period: GRANULARITY_DAY "
            "brackets { first: 1 last: 3 } brackets { first: 7 last: 7 } start_counts: true "
            "start_date: \"2026-01-01\" end_date: \"2026-02-01\" } view: VIEW_NIGHTLY "
            "time_budget { seconds: 1 nanos: 500000000 }");
  EXPECT_EQ(Run({"cohorts", "analyze", "--mode=on_or_before", "--periods=6", "--by=stage",
                 "--together", "--workspace=shop"})
                .code,
            0);
  EXPECT_THAT(LastRequest(), HasSubstr("dimension: \"stage\" together: true"));
  EXPECT_THAT(LastRequest(), HasSubstr("mode: RETURN_MODE_ON_OR_BEFORE"));
  EXPECT_EQ(Run({"cohorts", "analyze", "--bracket=one", "--workspace=shop"}).code, 2);
  EXPECT_EQ(Run({"cohorts", "analyze", "--mode=never", "--workspace=shop"}).code, 2);
}

TEST_F(CliCohortTest, Growth) {
  server_.answers["CohortService/QueryGrowth"] = R"pb(
    granularity: GRANULARITY_WEEK
    buckets { start_date: "2026-01-05" active: 1500 new_customers: 1500 net_change: 1500 }
    buckets {
      start_date: "2026-01-12"
      active: 1300
      new_customers: 200
      returning: 1000
      resurrecting: 100
      dormant: 500
      net_change: -200
      kept_rate: 0.6667
      kept_interval { low: 0.64 high: 0.69 level: 0.95 }
      quick_ratio: 0.6
    }
    buckets { start_date: "2026-01-19" dormant: 700 incomplete: true after_range: true }
    context { sample_size: 1700 }
  )pb";
  ExpectOutput("cohorts_growth", {"cohorts", "growth", "--by=week", "--filter=channel = web"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" filter: \"channel = web\" granularity: GRANULARITY_WEEK");
}

TEST_F(CliCohortTest, Stickiness) {
  server_.answers["CohortService/QueryStickiness"] = R"pb(
    granularity: GRANULARITY_DAY
    rows { intervals: 1 exactly: 60 at_least: 100 exact_share: 0.6 cumulative_share: 1 }
    rows { intervals: 2 exactly: 40 at_least: 40 exact_share: 0.4 cumulative_share: 0.4 }
    active: 100
    interval_count: 2
    mean_intervals: 1.4
    context { sample_size: 100 }
  )pb";
  ExpectOutput("cohorts_stickiness", {"cohorts", "stickiness", "--events=2"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" granularity: GRANULARITY_DAY minimum_events: 2");
}

TEST_F(CliCohortTest, StageTimes) {
  server_.answers["CohortService/QueryStageTimes"] = R"pb(
    stages {
      stage: LIFECYCLE_STAGE_DORMANT
      completed: 1200
      running: 30
      mean_days: 45.25
      median_days: 40
      p90_days: 90.5
      running_mean_days: 12
    }
    stages { stage: LIFECYCLE_STAGE_CHURNED running: 7 running_mean_days: 400 }
    flows {
      from_stage: LIFECYCLE_STAGE_DORMANT
      to_stage: LIFECYCLE_STAGE_WON_BACK
      transition_count: 800
    }
    reactivations {
      stage: LIFECYCLE_STAGE_DORMANT
      entered: 1100
      reactivated: 800
      rate: 0.727
      interval { low: 0.70 high: 0.75 level: 0.95 }
      median_days: 33
    }
    reactivation_days: 60
    context { sample_size: 1237 }
  )pb";
  ExpectOutput("cohorts_stage_times", {"cohorts", "stage-times", "--back-within=60"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop\" reactivation_days: 60");
}

TEST_F(CliCohortTest, Watch) {
  server_.answers["CohortService/WatchTransitions"] = R"pb(
    transitions {
      customer: "workspaces/shop/customers/c-1"
      from_stage: LIFECYCLE_STAGE_ACTIVE
      to_stage: LIFECYCLE_STAGE_AT_RISK
      transition_time { seconds: 1772366400 }
      cause: "no activity for 90 days"
    }
    generation: "generations/7"
    resume_token: "t7"
    generation_end: true
  )pb";
  ExpectOutput("cohorts_watch", {"cohorts", "watch", "--deadline=1s", "--to-stage=AT_RISK"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop\" to_stage: LIFECYCLE_STAGE_AT_RISK");
  EXPECT_NE(Run({"cohorts", "watch", "--workspace=shop"}).code, 0);
  EXPECT_EQ(Run({"cohorts", "watch", "--to-stage=AWAY", "--workspace=shop"}).code, 2);
}

}  // namespace
}  // namespace rapport::ctl
