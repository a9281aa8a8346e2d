// SPDX-License-Identifier: Apache-2.0
// `rapportctl rates | reference | goals | benchmarks | alerts`: requests sent, text shown.
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "rapport/v1/reference_service.pb.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliReferenceTest : public CliTest {};

constexpr char kTable[] = R"pb(
  name: "workspaces/shop/exchangeRates"
  base_currency: "EUR"
  version: 3
  import_time { seconds: 1772366400 }
  source: "European Central Bank"
  rates { currency: "GBP" date: "2026-03-02" rate_nanos: 1153402537 }
  rates { currency: "USD" date: "2026-03-02" rate_nanos: 920000000 }
)pb";

TEST_F(CliReferenceTest, RatesAreReadExactly) {
  server_.answers["ReferenceService/ImportExchangeRates"] = kTable;
  const std::string file =
      File("rates.csv", "date,rate,currency\n2026-03-02,0.92,USD\n2026-03-02,1.153402537,GBP\n");
  ExpectOutput("rates_import", {"rates", "import", file, "--source=European Central Bank"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" "
            "rates { currency: \"USD\" date: \"2026-03-02\" rate_nanos: 920000000 } "
            "rates { currency: \"GBP\" date: \"2026-03-02\" rate_nanos: 1153402537 } "
            "source: \"European Central Bank\"");
}

TEST_F(CliReferenceTest, RatesShow) {
  server_.answers["ReferenceService/GetExchangeRates"] = kTable;
  ExpectOutput("rates_show", {"rates", "show", "--version=3"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/exchangeRates\" version: 3");
  const Shown one = Run({"rates", "show", "--currency=USD", "--workspace=shop"});
  EXPECT_THAT(one.out, HasSubstr("0.92"));
  EXPECT_THAT(one.out, ::testing::Not(HasSubstr("GBP")));
  EXPECT_THAT(Run({"rates", "show", "--json", "--workspace=shop"}).out,
              HasSubstr("\"rate_nanos\": \"920000000\""));
  server_.answers["ReferenceService/GetExchangeRates"] = "base_currency: 'EUR'";
  EXPECT_EQ(Run({"rates", "show", "--workspace=shop"}).out, "No exchange rates.\n");
}

TEST_F(CliReferenceTest, BadCellsNameFileAndLine) {
  const std::map<std::string, std::string> cases = {
      {"currency,date,rate\nUSD,2026-03-02,much\n", "bad.csv:2: rate 'much' is no number"},
      {"currency,date,rate\nUSD,2026-03-02,0.1234567891\n",
       "bad.csv:2: rate '0.1234567891' has more than 9 decimals"},
      {"currency,date,rate\nUSD,2026-03-02\n", "bad.csv:2: has 2 fields instead of 3"},
      {"currency,day,rate\nUSD,2026-03-02,1\n", "date"},
  };
  for (const auto& [text, error] : cases) {
    const Shown shown = Run({"rates", "import", File("bad.csv", text), "--workspace=shop"});
    EXPECT_EQ(shown.code, 2) << text;
    EXPECT_THAT(shown.err, HasSubstr(error));
  }
  EXPECT_TRUE(server_.requests.empty());
  EXPECT_EQ(Run({"rates", "import", "absent.csv", "--workspace=shop"}).code, 15);
}

TEST_F(CliReferenceTest, LargeFilesTakeSeveralRequests) {
  server_.answers["ReferenceService/ImportReferenceSeries"] = "series: 'reach'";
  std::string text = "date,value\n";
  for (int i = 0; i < 10'001; ++i) text += Cat("2026-03-02,", i, "\n");
  EXPECT_EQ(Run({"reference", "import", "reach", File("reach.csv", text), "--workspace=shop"}).code,
            0);
  ASSERT_EQ(server_.requests.size(), 2u);
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" series { series: \"reach\" points { date: \"2026-03-02\" "
            "value: 10000 } }");
}

TEST_F(CliReferenceTest, ReferenceSeries) {
  constexpr char kSeries[] = R"pb(
    series: "followers"
    display_name: "Followers"
    points { date: "2026-01-01" value: 9800 }
    points { date: "2026-02-01" value: 10000.5 }
    source: "export"
  )pb";
  server_.answers["ReferenceService/ImportReferenceSeries"] = kSeries;
  server_.answers["ReferenceService/ListReferenceSeries"] = Cat("series {", kSeries, "}");
  const std::string file = File("followers.csv", "date,value\n2026-02-01,10000.5\n");
  ExpectOutput("reference_list", {"reference", "list"});
  EXPECT_EQ(Run({"reference", "import", "followers", file, "--display-name=Followers",
                 "--workspace=shop"})
                .out,
            Run({"reference", "list", "--workspace=shop"}).out);
  server_.answers["ReferenceService/ListReferenceSeries"] = "";
  EXPECT_EQ(Run({"reference", "list", "--workspace=shop"}).out, "No reference series.\n");
}

TEST_F(CliReferenceTest, Benchmarks) {
  server_.answers["ReferenceService/ImportBenchmarks"] = "stored_count: 12";
  const std::string file = File("b.csv",
                                "metric,industry,percentile,value,source,date\n"
                                "nps,retail,50,31,\"A report, yearly\",2026-01-15\n");
  EXPECT_EQ(Run({"benchmarks", "import", file, "--workspace=shop"}).out, "imported 1, stored 12\n");
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" benchmarks { metric: \"nps\" industry: \"retail\" "
            "percentile: 50 value: 31 source: \"A report, yearly\" date: \"2026-01-15\" }");
  server_.answers["ReferenceService/ListBenchmarks"] = R"pb(
    benchmarks {
      metric: "nps"
      industry: "retail"
      percentile: 50
      value: 31
      source: "A report, yearly"
      date: "2026-01-15"
    }
  )pb";
  ExpectOutput("benchmarks_list", {"benchmarks", "list", "--metric=nps"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop\" metric: \"nps\"");
}

constexpr char kGoals[] = R"pb(
  goals {
    goal {
      name: "workspaces/shop/goals/nps-spring"
      goal: "nps-spring"
      metric: "nps"
      target: 50
      start_date: "2026-03-01"
      end_date: "2026-06-01"
      etag: "e1"
    }
    current { value: 40 sample_size: 120 }
    baseline: 30
    attainment: 0.5
    elapsed: 0.25
    projection: 55
    on_track: true
    summary: "On track: 40.00 of 50.00 after 25 % of the time; 55.00 by 2026-06-01 if it goes on so."
  }
  goals {
    goal { goal: "later" metric: "csat" target: 90 end_date: "2027-01-01" }
    summary: "Not begun; the target is 90.00 %."
  }
)pb";

TEST_F(CliReferenceTest, GoalsList) {
  server_.answers["ReferenceService/ListGoals"] = kGoals;
  ExpectOutput("goals_list", {"goals", "list"});
}

TEST_F(CliReferenceTest, GoalsAreMadeChangedAndRemoved) {
  server_.answers["ReferenceService/ListGoals"] = kGoals;
  server_.answers["ReferenceService/CreateGoal"] = "goal: 'g' metric: 'nps' target: 50 etag: 'e'";
  server_.answers["ReferenceService/UpdateGoal"] = "goal: 'nps-spring' metric: 'nps' target: 55";
  server_.answers["ReferenceService/DeleteGoal"] = "";
  ExpectOutput("goals_create",
               {"goals", "create", "g", "--metric=nps", "--target=50", "--from=2026-03-01",
                "--to=2026-06-01", "--filter=channel = web", "--baseline=-3.5"});
  EXPECT_EQ(
      LastRequest(),
      "parent: \"workspaces/shop\" goal { goal: \"g\" metric: \"nps\" filter: \"channel = "
      "web\" target: 50 start_date: \"2026-03-01\" end_date: \"2026-06-01\" baseline: -3.5 }");
  EXPECT_EQ(Run({"goals", "update", "nps-spring", "--target=55", "--workspace=shop"}).code, 0);
  EXPECT_EQ(
      LastRequest(),
      "goal { name: \"workspaces/shop/goals/nps-spring\" goal: \"nps-spring\" metric: "
      "\"nps\" target: 55 start_date: \"2026-03-01\" end_date: \"2026-06-01\" etag: \"e1\" }");
  EXPECT_EQ(Run({"goals", "update", "absent", "--target=5", "--workspace=shop"}).code, 15);
  EXPECT_EQ(Run({"goals", "delete", "nps-spring", "--workspace=shop"}).code, 0);
  EXPECT_EQ(LastRequest(), "name: \"workspaces/shop/goals/nps-spring\"");
  const Shown missing = Run({"goals", "create", "g", "--metric=nps", "--workspace=shop"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("--target=VALUE is required"));
}

constexpr char kAlerts[] = R"pb(
  alerts {
    name: "workspaces/shop/alerts/revenue-2026-02-28"
    metric: "revenue"
    date: "2026-02-28"
    value: 812
    expected: 1380
    range { low: 1102 high: 1690 level: 0.99 }
    deviations: -5.25
    kind: ALERT_KIND_WORSE
    sample_size: 37
    summary: "Revenue was 812.00 on 2026-02-28, below the 1102.00 to 1690.00 expected of the day (1380.00); 37 orders."
    create_time { seconds: 1772366400 }
    generation: "workspaces/-/generations/4"
  }
  next_page_token: "t"
)pb";

TEST_F(CliReferenceTest, AlertsList) {
  server_.answers["ReferenceService/ListAlerts"] = kAlerts;
  ExpectOutput("alerts_list", {"alerts", "list", "--metric=revenue", "--limit=1"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop\" metric: \"revenue\" page_size: 1");
  server_.answers["ReferenceService/ListAlerts"] = "";
  EXPECT_EQ(Run({"alerts", "list", "--workspace=shop"}).out, "No alerts.\n");
}

TEST_F(CliReferenceTest, AlertsWatch) {
  server_.answers["ReferenceService/WatchAlerts"] = kAlerts;
  ExpectOutput("alerts_watch", {"alerts", "watch", "--after=revenue-2026-02-01", "--deadline=1s"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" after: \"workspaces/shop/alerts/revenue-2026-02-01\"");
  const Shown stopped = Run({"alerts", "watch", "--json", "--workspace=shop"});
  EXPECT_EQ(stopped.code, 24) << "without a deadline the end is the server's";
  EXPECT_THAT(stopped.out, HasSubstr("\"metric\": \"revenue\""));
}

}  // namespace
}  // namespace rapport::ctl
