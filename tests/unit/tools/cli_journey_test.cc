// SPDX-License-Identifier: Apache-2.0
// `rapportctl funnel`, `paths` and `journey effect`: requests sent, text shown.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/journey_service.pb.h"
#include "tests/unit/tools/cli_rig.h"
#include "tools/rapportctl/journey_text.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

constexpr char kFunnel[] = R"pb(
  total {
    steps { name: "view" count: 4504 conversion_from_start: 1 }
    steps {
      name: "cart"
      count: 111
      conversion_from_start: 0.0246
      conversion_from_previous: 0.0246
      conversion_from_previous_interval { low: 0.0205 high: 0.0296 level: 0.95 }
      dropped: 4393
      time_from_previous { count: 111 mean_seconds: 95 median_seconds: 65 }
      optional: true
    }
    steps {
      name: "purchase"
      count: 62
      conversion_from_start: 0.0138
      conversion_from_previous: 0.5586
      conversion_from_previous_interval { low: 0.4658 high: 0.6474 level: 0.95 }
      dropped: 49
      time_from_previous { count: 62 mean_seconds: 95 median_seconds: 185.5 }
    }
    entered: 4504
    completed: 62
    conversion: 0.0138
    conversion_interval { low: 0.0107 high: 0.0176 level: 0.95 }
    completion_time {
      count: 62
      mean_seconds: 159
      median_seconds: 140
      p90_seconds: 8000
      bins { from_seconds: 0 count: 60 }
      bins { from_seconds: 7200 count: 2 }
    }
  }
  groups {
    group: "web"
    entered: 4000
    completed: 60
    conversion: 0.015
    completion_time { count: 60 mean_seconds: 159 median_seconds: 140 }
  }
  comparisons {
    step: 2
    from_start { change: -0.0123 adjusted_p_value: 0.012 significant: true }
    from_previous { change: 0.02 }
  }
  compared_start_date: "2026-01-01"
  compared_end_date: "2026-02-01"
  context { sample_size: 4504 start_date: "2026-02-01" end_date: "2026-03-01" }
)pb";

class CliJourneyTest : public CliTest {};

TEST_F(CliJourneyTest, FunnelText) {
  server_.answers["JourneyService/QueryFunnel"] = kFunnel;
  ExpectOutput("funnel_show",
               {"funnel", "show", "--from=2026-02-01", "--window=7d", "--by=channel",
                "--attribution=step:2", "--compare=previous", "--exclude=complaint_made@1-2",
                "--hold=property.item", "--rule=once", "--rule=increase", "--bins=2",
                "view::product_viewed", "?cart_item_added", "type = order_placed AND amount > 50"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" funnel { steps { name: \"view\" filter: \"type = "
            "product_viewed\" } steps { name: \"cart_item_added\" filter: \"type = "
            "cart_item_added\" optional: true } steps { filter: \"type = order_placed AND amount "
            "> 50\" } order: FUNNEL_ORDER_ORDERED window { seconds: 604800 } exclusions { filter: "
            "\"type = complaint_made\" from_step: 1 to_step: 2 } hold_constant: \"property.item\" "
            "counting: FUNNEL_COUNTING_CUSTOMERS rules: FUNNEL_RULE_STRICT_ONCE rules: "
            "FUNNEL_RULE_STRICT_INCREASE anchor: FUNNEL_ANCHOR_BEST } start_date: \"2026-02-01\" "
            "group_by: \"channel\" attribution: FUNNEL_ATTRIBUTION_STEP attribution_step: 2 top: "
            "10 compare: COMPARISON_PREVIOUS_PERIOD histogram_bins: 2");
  EXPECT_EQ(Run({"funnel", "show", "--window=soon", "a", "b", "--workspace=shop"}).code, 2);
  EXPECT_EQ(
      Run({"funnel", "show", "--order=any", "--attribution=best", "a", "--workspace=shop"}).code,
      2);
}

TEST_F(CliJourneyTest, Customers) {
  server_.answers["JourneyService/ListFunnelCustomers"] = R"pb(
    customers {
      customer: "workspaces/shop/customers/c-1"
      start_time { seconds: 1772366400 }
      reach_time { seconds: 1772366460 }
      furthest_step: 2
    }
    total_size: 1
    next_page_token: "next"
  )pb";
  const auto shown =
      Run({"funnel", "customers", "--workspace=shop", "--step=3", "--dropped", "a", "b", "c"});
  EXPECT_THAT(shown.out, HasSubstr("c-1"));
  EXPECT_THAT(shown.out, HasSubstr("more: --page-token=next"));
  EXPECT_THAT(LastRequest(), HasSubstr("step: 3 side: FUNNEL_SIDE_DROPPED"));
}

TEST_F(CliJourneyTest, PainPoints) {
  server_.answers["JourneyService/FindPainPoints"] = R"pb(
    pain_points {
      from_step: 2
      to_step: 3
      transition: "cart > buy"
      reached: 500
      lost: 250
      conversion: 0.5
      conversion_interval { low: 0.456 high: 0.544 level: 0.95 }
      against_others { change: -0.1 adjusted_p_value: 0.001 significant: true }
      values {
        dimension: "property.shipping"
        value: "express"
        reached: 250
        conversion: 0.8
        other_conversion: 0.2
        lift: 4
        difference { change: 0.6 adjusted_p_value: 1e-20 significant: true }
      }
    }
    test_count: 9
    context { sample_size: 1000 }
  )pb";
  ExpectOutput("funnel_pain", {"funnel", "pain", "--dimension=channel", "--dimension=property.*",
                               "view", "cart", "buy"});
  EXPECT_THAT(LastRequest(),
              HasSubstr("dimensions: \"channel\" dimensions: \"property.*\" top: 10"));
}

TEST_F(CliJourneyTest, Paths) {
  server_.answers["JourneyService/QueryPaths"] = R"pb(
    paths { labels: "searched" labels: "product_viewed" count: 30 share: 0.75 }
    paths { labels: "searched" count: 10 share: 0.25 }
    edges { place: 0 from: "searched" to: "product_viewed" count: 30 share: 0.75 }
    path_count: 40
    distinct_count: 2
    depth: 4
    context { sample_size: 40 }
  )pb";
  ExpectOutput("paths_show", {"paths", "show", "--after=searched", "--depth=4",
                              "--label=property.plan", "--window=7d", "--min-share=2.5"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" question { from: \"type = searched\" depth: 4 bound: "
            "PATH_BOUND_WINDOW limit { seconds: 604800 } label: PATH_LABEL_PROPERTY property: "
            "\"plan\" min_share: 0.025 top: 20 }");
}

TEST_F(CliJourneyTest, Effect) {
  server_.answers["JourneyService/QueryStepEffect"] = R"pb(
    step { customers: 120 matched: 100 with_outcome: 40 rate: 0.4 weighted_rate: 0.41 }
    control { customers: 900 matched: 800 with_outcome: 160 rate: 0.2 weighted_rate: 0.22 }
    unmatched { change: 0.2 }
    matched {
      change: 0.19
      interval { low: 0.09 high: 0.29 level: 0.95 }
      adjusted_p_value: 0.0002
      significant: true
    }
    balance {
      measure: "orders"
      step_mean: 2.5
      control_mean: 2.4
      standardized_before: 0.5
      standardized_after: 0.04
    }
    strata: 12
    reading: "An association, not proof."
    context { sample_size: 900 }
  )pb";
  ExpectOutput("journey_effect", {"journey", "effect", "--from=2026-01-01", "--to=2026-02-01",
                                  "--match=orders", "support_contacted", "order_placed"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" question { step: \"type = support_contacted\" outcome: "
            "\"type = order_placed\" start_date: \"2026-01-01\" end_date: \"2026-02-01\" "
            "outcome_window { seconds: 7776000 } match_on: \"orders\" }");
}

TEST(JourneyText, Seconds) {
  EXPECT_EQ(FormatSeconds(45), "45 s");
  EXPECT_EQ(FormatSeconds(210), "3.5 min");
  EXPECT_EQ(FormatSeconds(7560), "2.1 h");
  EXPECT_EQ(FormatSeconds(12 * 86'400), "12.0 d");
}

}  // namespace
}  // namespace rapport::ctl
