// SPDX-License-Identifier: Apache-2.0
// Commands against a scripted server: requests sent, text shown, exit codes.
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/tools/cli_rig.h"
#include "tests/unit/tools/golden.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/help.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::ExpectGolden;
using ::testing::HasSubstr;

TEST_F(CliTest, HelpTree) { ExpectOutput("help", {"help", "--all"}); }

TEST_F(CliTest, ReferenceIsCurrent) { ExpectGolden("docs/cli.md", HelpMarkdown()); }

TEST_F(CliTest, HelpComesFromAnyPlace) {
  const std::string get = Run({"help", "customers", "get"}).out;
  EXPECT_EQ(Run({"customers", "get", "--help"}).out, get);
  EXPECT_EQ(Run({"customers", "--help", "get"}).out, get);
  EXPECT_THAT(Run({"customers"}).out, HasSubstr("customers timeline"));
  EXPECT_THAT(Run({}).out, HasSubstr("Exit codes"));
}

TEST_F(CliTest, EveryActionIsComplete) {
  std::set<std::string_view> paths;
  for (const Action& action : Actions()) {
    EXPECT_TRUE(paths.insert(action.path).second) << action.path;
    EXPECT_FALSE(action.examples.empty()) << action.path;
    EXPECT_TRUE(action.summary.ends_with(".")) << action.path;
    EXPECT_NE(action.run, nullptr);
    std::set<std::string_view> flags;
    for (const Flag& flag : action.flags) {
      EXPECT_TRUE(flags.insert(flag.name).second) << action.path << " --" << flag.name;
      for (const Flag& global : GlobalFlags()) EXPECT_NE(flag.name, global.name) << action.path;
    }
    for (const auto example : action.examples) {
      EXPECT_TRUE(example.starts_with(action.path)) << example;
    }
  }
}

TEST_F(CliTest, CompletionKnowsEveryWord) {
  const Shown bash = Run({"completion", "bash"});
  for (const Action& action : Actions()) {
    EXPECT_THAT(bash.out, HasSubstr(std::string(action.path.substr(action.path.find(' ') + 1))));
  }
  EXPECT_THAT(Run({"completion", "zsh"}).out, HasSubstr("#compdef rapportctl"));
  EXPECT_EQ(Run({"completion", "fish"}).code, 2);
  ExpectGolden("tests/golden/cli/completion.bash", bash.out);
}

TEST_F(CliTest, UsageMistakesAreExitCode2WithSuggestion) {
  const std::map<std::string, std::vector<std::string>> cases = {
      {"did you mean 'customers'", {"customer"}},
      {"did you mean 'timeline'", {"customers", "timelin"}},
      {"did you mean 'limit'", {"customers", "list", "--limt=4"}},
      {"CUSTOMER is missing", {"customers", "get", "--workspace=w"}},
      {"unexpected argument 'b'", {"customers", "get", "a", "b", "--workspace=w"}},
      {"--mapping=FILE is required", {"import", "x.csv"}},
      {"--workspace=ID is required", {"customers", "get", "a"}},
      {"must be one of day, week", {"metrics", "query", "m", "--by=decade"}},
      {"must be a whole number", {"customers", "list", "--limit=many", "--workspace=w"}},
      {"--limit needs a value", {"customers", "list", "--limit"}},
      {"must be a duration", {"runs", "list", "--deadline=soon"}},
      {"must be a date", {"events", "list", "a", "--workspace=w", "--from=monday"}},
  };
  for (const auto& [text, words] : cases) {
    const Shown shown = Run(words);
    EXPECT_EQ(shown.code, 2) << text;
    EXPECT_THAT(shown.err, HasSubstr(text));
  }
  EXPECT_TRUE(server_.requests.empty());
}

TEST_F(CliTest, ServerErrorsShowReasonFieldAndHint) {
  absl::Status error = absl::InvalidArgumentError("page_size: must be at most 1000");
  v1::ErrorStatus details;
  v1::ErrorInfo info;
  info.set_reason("PAGE_SIZE_TOO_LARGE");
  v1::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("page_size");
  violation->set_description("must be at most 1000");
  const auto add = [&details](const std::string& type, const std::string& bytes) {
    auto* any = details.add_details();
    any->set_type_url("type.googleapis.com/google.rpc." + type);
    any->set_value(bytes);
  };
  add("ErrorInfo", info.SerializeAsString());
  add("BadRequest", bad.SerializeAsString());
  AttachDetails(error, details.SerializeAsString());
  server_.errors["CustomerService/ListCustomers"] = error;
  const Shown shown = Run({"customers", "list", "--workspace=w"});
  EXPECT_EQ(shown.code, 13);
  ExpectGolden("tests/golden/cli/error.txt", shown.err);
}

TEST_F(CliTest, ExitCodesFollowTheStatus) {
  for (const auto& [code, exit] :
       std::map<absl::StatusCode, int>{{absl::StatusCode::kNotFound, 15},
                                       {absl::StatusCode::kUnavailable, 24},
                                       {absl::StatusCode::kUnauthenticated, 26},
                                       {absl::StatusCode::kDeadlineExceeded, 14}}) {
    server_.errors["AdminService/ListRuns"] = absl::Status(code, "x");
    EXPECT_EQ(Run({"runs", "list"}).code, exit);
  }
  EXPECT_THAT(Run({"runs", "list"}).err, HasSubstr("hint"));
}

TEST_F(CliTest, FlagsAndEnvironmentChooseTheServer) {
  server_.answers["AdminService/ListRuns"] = "";
  Run({"runs", "list"});
  EXPECT_EQ(connected_.server, "127.0.0.1:7600");
  environment_ = {{"RAPPORT_SERVER", "unix:/run/r.sock"}, {"RAPPORT_TOKEN", "t1"}};
  Run({"runs", "list"});
  EXPECT_EQ(connected_.server, "unix:/run/r.sock");
  EXPECT_EQ(connected_.token, "t1");
  const std::string file = File("cli_token", "t2\n");
  Run({"--server", "h:1", "runs", "--token-file", file, "list", "--deadline=2s"});
  EXPECT_EQ(connected_.server, "h:1");
  EXPECT_EQ(connected_.token, "t2");
  EXPECT_EQ(connected_.deadline, absl::Seconds(2));
  environment_["RAPPORT_WORKSPACE"] = "env";
  server_.answers["CustomerService/GetCustomer"] = "name: 'workspaces/env/customers/c'";
  Run({"customers", "get", "c"});
  EXPECT_EQ(LastRequest(), "name: \"workspaces/env/customers/c\"");
}

constexpr char kCustomer[] = R"pb(
  name: "workspaces/shop/customers/17850"
  identities { kind: IDENTITY_KIND_CUSTOMER_ID value: "17850" }
  identities { kind: IDENTITY_KIND_EMAIL value: "ada@example.com" }
  attributes {
    key: "plan"
    value {
      value { string_value: "gold" }
      source: "crm"
    }
  }
  summary {
    first_event_time { seconds: 1291191960 }
    last_event_time { seconds: 1323260400 }
    event_count: 35
    order_count: 34
    net_revenue { micros: 5391210000 currency: "GBP" }
    last_nps {
      score: 9
      scale: 10
      answer_time { seconds: 1323260400 }
      answer_count: 2
    }
    engagement { transactional: 35 }
  }
  facts {
    lifecycle {
      stage: LIFECYCLE_STAGE_DORMANT
      since { seconds: 1307000000 }
      cause: "no order for 301 days (dormant from 180)"
    }
    rfm {
      recency_days: 301
      frequency: 34
      monetary { micros: 5391210000 currency: "GBP" }
      recency_score: 1
      frequency_score: 5
      monetary_score: 5
      segment: "cannot_lose_them"
    }
    acquisition_cohort: "2010-12-01"
    value {
      historic { micros: 5391210000 currency: "GBP" }
      predicted { micros: 1230000 currency: "GBP" }
      predicted_interval { low: 0 high: 12.5 level: 0.8 }
      p_alive: 0.0123
      expected_purchases: 0.02
      expected_purchases_30d: 0.002
      expected_order_value { micros: 158000000 currency: "GBP" }
      horizon_days: 365
      decile: 3
      repeat_purchases: 33
      recency_days: 71.4
      age_days: 373
      model: "bg_nbd+gamma_gamma"
    }
  }
  facts_as_of { seconds: 1323300000 }
  generation: "workspaces/-/generations/3")pb";

TEST_F(CliTest, CustomersGet) {
  server_.answers["CustomerService/GetCustomer"] = kCustomer;
  ExpectOutput("customers_get", {"customers", "get", "17850"});
  ExpectOutput("customers_get_json", {"customers", "get", "17850", "--json"});
}

TEST_F(CliTest, Timeline) {
  server_.answers["EventService/ListEvents"] = R"pb(
    events {
      event_time { seconds: 1767225600 }
      type: EVENT_TYPE_ORDER_PLACED
      channel: CHANNEL_WEB
      touchpoint: "checkout_page"
      order {
        order_id: "o1"
        amount { micros: 1234567000 currency: "EUR" }
        items { product_id: "L-1" }
      }
    }
    events {
      event_time { seconds: 1767220000 }
      type: EVENT_TYPE_NPS_ANSWERED
      survey_answer { score: 9 verbatim: "Schön, 灯 gut" }
      campaign: "2026-01-x"
    }
    events {
      event_time { seconds: 1767210000 }
      type: EVENT_TYPE_CUSTOM
      custom_type: "lamp.lit"
    }
    next_page_token: "abc")pb";
  ExpectOutput("timeline", {"customers", "timeline", "c1", "--type=ORDER_PLACED",
                            "--from=2026-01-01", "--limit=3"});
  EXPECT_THAT(LastRequest(),
              HasSubstr("start_time { seconds: 1767225600 } types: EVENT_TYPE_ORDER_PLACED"));
}

constexpr char kNps[] = R"pb(
  score: 39.8398
  interval { low: 37.3 high: 42.4 level: 0.95 method: "multinomial" }
  promoters: 1436
  passives: 968
  detractors: 342
  dismissed: 84
  band: "strong"
  distribution: [ 17, 6, 8, 19, 18, 144, 130, 291, 677, 564, 872 ]
  monthly {
    start_date: "2017-05-01"
    value: 41.5
    sample_size: 2000
    interval { low: 38.2 high: 44.8 level: 0.95 }
  }
  monthly { start_date: "2017-06-01" sample_size: 0 }
  monthly {
    start_date: "2017-07-01"
    value: 35
    sample_size: 746
    incomplete: true
    interval { low: 29.5 high: 40.5 level: 0.95 }
  }
  by_channel {
    group: "IN_PERSON"
    points {
      value: 39.8
      sample_size: 2746
      interval { low: 37.3 high: 42.4 level: 0.95 }
    }
  }
  context {
    start_date: "2017-05-01"
    end_date: "2017-08-01"
    sample_size: 2746
    as_of { seconds: 1501545600 }
    generation: "workspaces/-/generations/1"
    notes: "the last month is not over"
  }
  sent: 9152
  response_rate: 30.004
  follow_up {
    value: 40.4
    sample_size: 342
    interval { low: 35.3 high: 45.6 level: 0.95 }
  }
  recovery { value: 12.3 sample_size: 342 }
)pb";

TEST_F(CliTest, Nps) {
  server_.answers["MetricService/GetNpsReport"] = kNps;
  ExpectOutput("nps", {"metrics", "nps", "--from=2017-05-01", "--to=2017-08-01"});
}

TEST_F(CliTest, MetricQuery) {
  server_.answers["MetricService/QueryMetric"] = R"pb(
    definition {
      metric: "revenue"
      display_name: "Revenue"
      formula: "sum of orders less refunds"
      unit: METRIC_UNIT_MONEY
    }
    total {
      points { start_date: "2026-01-01" value: 12345.678 sample_size: 100 }
      points { start_date: "2026-02-01" value: 23456 sample_size: 210 }
    }
    groups {
      group: "WEB"
      points { start_date: "2026-01-01" value: 300 sample_size: 3 }
    }
    compared {
      comparison: COMPARISON_PREVIOUS_PERIOD
      start_date: "2025-11-01"
      end_date: "2026-01-01"
      series { points { value: 10 sample_size: 1 } }
      difference { change: 35791.678 relative_change: 3579.1678 }
    }
    context { sample_size: 310 })pb";
  ExpectOutput("metric_query", {"metrics", "query", "revenue", "--by=month", "--compare=previous",
                                "--group-by=channel"});
  EXPECT_THAT(LastRequest(), HasSubstr("granularity: GRANULARITY_MONTH group_by: \"channel\""));
}

constexpr char kRetention[] = R"pb(
  cohorts {
    start_date: "2010-12-01"
    size: 885
    cells { period: 0 returned: 885 eligible: 885 rate: 1 }
    cells { period: 1 returned: 324 eligible: 885 rate: 0.3661 }
    cells { period: 2 returned: 286 eligible: 885 rate: 0.3232 incomplete: true }
  }
  cohorts {
    start_date: "2011-01-01"
    size: 417
    cells { period: 0 returned: 417 eligible: 417 rate: 1 }
    cells { period: 1 returned: 92 eligible: 417 rate: 0.2206 incomplete: true }
  }
  pooled { period: 0 rate: 1 }
  pooled { period: 1 rate: 0.3661 }
  context { sample_size: 1302 })pb";

TEST_F(CliTest, Retention) {
  server_.answers["CohortService/QueryRetention"] = kRetention;
  ExpectOutput("retention", {"cohorts", "retention"});
  ExpectOutput("retention_customers", {"cohorts", "retention", "--show=customers"});
  terminal_ = {.tty = true, .color = true, .width = 100};
  ExpectOutput("retention_color", {"cohorts", "retention"});
}

TEST_F(CliTest, RunsAndGenerations) {
  server_.answers["AdminService/ListRuns"] = R"pb(
    runs {
      name: "runs/r2"
      state: RUN_STATE_SUCCEEDED
      start_time { seconds: 1767225600 }
      end_time { seconds: 1767225612 nanos: 250000000 }
      customer_count: 4338
      refolded_customer_count: 12
      event_count: 22186
      generation: "workspaces/-/generations/2"
    })pb";
  ExpectOutput("runs_list", {"runs", "list"});
  server_.answers["AdminService/ListGenerations"] = R"pb(
    generations {
      name: "workspaces/-/generations/2"
      current: true
      as_of { seconds: 1767225600 }
      publish_time { seconds: 1767225612 }
      datasets { dataset: "facts" row_count: 4338 size_bytes: 1048576 }
      run: "runs/r2"
    })pb";
  ExpectOutput("generations_list", {"generations", "list"});
  server_.answers["AdminService/RollbackGeneration"] =
      "name: 'workspaces/-/generations/1' as_of { seconds: 1767139200 }";
  const Shown shown = Run({"generations", "rollback", "--expect-current=2"});
  EXPECT_THAT(shown.out, HasSubstr("generation 1 serves now"));
  EXPECT_THAT(LastRequest(), HasSubstr("expected_current: \"workspaces/-/generations/2\""));
}

TEST_F(CliTest, UnhealthyStoreIsExitCode1) {
  server_.answers["AdminService/CheckStore"] =
      "checks { check: 'events' item_count: 7 problems: 'block 3 does not decode' }";
  const Shown shown = Run({"store", "check"});
  EXPECT_EQ(shown.code, 1);
  EXPECT_THAT(shown.out, HasSubstr("block 3 does not decode"));
}

TEST_F(CliTest, CustomersSetTypesValues) {
  server_.answers["CustomerService/UpdateCustomer"] = "name: 'workspaces/shop/customers/c'";
  const Shown shown = Run({"customers", "set", "c", "plan=gold", "age=41.5", "vip=true",
                           "zip=text:01234", "old=", "--identity=EMAIL:a@b.c", "--workspace=shop"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  const std::string request = LastRequest();
  EXPECT_THAT(request, HasSubstr("number_value: 41.5"));
  EXPECT_THAT(request, HasSubstr("bool_value: true"));
  EXPECT_THAT(request, HasSubstr("string_value: \"01234\""));
  EXPECT_THAT(request, HasSubstr("paths: \"attributes.old\""));
  EXPECT_THAT(request, HasSubstr("kind: IDENTITY_KIND_EMAIL value: \"a@b.c\""));
  EXPECT_EQ(Run({"customers", "set", "c", "plan", "--workspace=shop"}).code, 2);
}

TEST_F(CliTest, DemoLoadStreamsTheBusinessOnce) {
  server_.answers["AdminService/CreateWorkspace"] = "name: 'workspaces/demo'";
  Shown shown = Run({"demo", "load", "--customers=30", "--batch-size=50"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  const size_t stored = server_.stored.size();
  EXPECT_GT(stored, 300u);
  server_.errors["AdminService/CreateWorkspace"] = absl::AlreadyExistsError("there");
  shown = Run({"demo", "load", "--customers=30", "--by-time", "--json"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("\"accepted\": 0"));
  EXPECT_EQ(server_.stored.size(), stored);
}

TEST_F(CliTest, ImportWithTooManyRejectsIsExitCode1) {
  const std::string folder = ::testing::TempDir();
  std::ofstream(folder + "/cli_import.csv") << "id,at\n1,2026-01-01T00:00:00Z\n2,never\n";
  std::ofstream(folder + "/cli_import.textproto")
      << "event { type: 'SIGNED_UP' event_id: '{id}' customer_id { column: 'id' } "
         "event_time { column: 'at' } }";
  const std::vector<std::string> words = {"import", "--workspace=w",
                                          "--mapping=" + folder + "/cli_import.textproto",
                                          folder + "/cli_import.csv"};
  const Shown shown = Run(words);
  EXPECT_EQ(shown.code, 1);
  EXPECT_THAT(shown.out, HasSubstr("BAD_TIME event_time"));
  std::vector<std::string> tolerant = words;
  tolerant.push_back("--max-rejects=1");
  EXPECT_EQ(Run(tolerant).code, 0);
}

TEST(Format, ReadsWell) {
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatNumber(-0.001, 2), "0.00");
  EXPECT_EQ(FormatNumber(1234.5, 1), "1,234.5");
  EXPECT_EQ(FormatShare(0.655832), "65.6 %");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  v1::Money money;
  money.set_micros(-1'995'000);
  money.set_currency("EUR");
  EXPECT_EQ(FormatMoneyShort(money), "-2.00 EUR");
}

TEST(Terminal, MeasuresUtf8) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("Schön"), 5);
  EXPECT_EQ(DisplayWidth("灯"), 2);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("\x1b[31mred\x1b[0m"), 3);
  EXPECT_EQ(Pad("ö", 3, true), "  ö");
  EXPECT_EQ(Shorten("灯灯灯", 5), "灯灯…");
}

}  // namespace
}  // namespace rapport::ctl
