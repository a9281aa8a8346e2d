// SPDX-License-Identifier: Apache-2.0
// `rapportctl value ...`: requests sent and text shown.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/unit/tools/cli_rig.h"

namespace rapport::ctl {
namespace {

using ::testing::HasSubstr;

class CliValueTest : public CliTest {};

TEST_F(CliValueTest, ValueReport) {
  server_.answers["ValueService/GetValueReport"] = R"pb(
    customer_equity { micros: 1500000000 currency: "EUR" }
    historic_total { micros: 9000000000 currency: "EUR" }
    customer_count: 20
    mean_p_alive: 0.61
    expected_alive: 12.2
    top_decile_share: 0.4
    deciles {
      decile: 10
      customer_count: 2
      min_predicted { micros: 290000000 currency: "EUR" }
      predicted_total { micros: 600000000 currency: "EUR" }
      historic_total { micros: 4000000000 currency: "EUR" }
      mean_p_alive: 0.93
    }
    deciles {
      decile: 9
      customer_count: 2
      min_predicted { micros: 90000000 currency: "EUR" }
      predicted_total { micros: 190000000 currency: "EUR" }
      historic_total { micros: 1000000000 currency: "EUR" }
      mean_p_alive: 0.7
    }
    by_stage {
      segment: "ACTIVE"
      customer_count: 12
      predicted_total { micros: 900000000 currency: "EUR" }
      mean_p_alive: 0.9
    }
    by_cohort {
      segment: "2025-03"
      customer_count: 20
      predicted_total { micros: 1500000000 currency: "EUR" }
      historic_total { micros: 9000000000 currency: "EUR" }
      mean_p_alive: 0.61
      equity_interval { low: 1100 high: 1900 level: 0.95 }
    }
    by_channel {
      segment: "WEB"
      customer_count: 20
      predicted_total { micros: 1500000000 currency: "EUR" }
      equity_interval { low: 1100 high: 1900 level: 0.95 }
    }
    equity_interval { low: 1100 high: 1900 level: 0.95 }
    individual_deviation { micros: 190000000 currency: "EUR" }
    parameter_deviation { micros: 75000000 currency: "EUR" }
    context { sample_size: 20 })pb";
  ExpectOutput("value_report", {"value", "report"});
}

constexpr char kModel[] = R"pb(
  purchase_model: "bg_nbd"
  purchase_parameters { name: "r" value: 0.242595 standard_error: 0.0125 }
  purchase_parameters { name: "alpha" value: 4.413602 standard_error: 0.3776 }
  purchase_log_likelihood: -9582.4292
  purchase_bic: 19195.9
  spend_model: "gamma_gamma"
  spend_parameters { name: "p" value: 6.25 }
  spend_log_likelihood: -4055.123
  spend_reason: "946 repeat buyers"
  frequency_value_correlation: 0.114
  customer_count: 2357
  repeater_count: 946
  converged: true
  iterations: 31
  fit_as_of { seconds: 875664000 }
  time_unit_days: 7
  effects {
    parameter: "alpha"
    covariate: "channel:EMAIL"
    value: 0.31
    standard_error: 0.08
    p_value: 0.0001
  }
  drift { name: "r" value: 0.242595 previous: 0.241 change_in_errors: 0.127 }
  candidates {
    model: "bg_nbd"
    regularity: 1
    log_likelihood: -9582.4292
    bic: 19195.9
    converged: true
    identified: true
    holdout_mae: 0.7855
    holdout_bias: -0.0661
    chosen: true
    reason: "smallest BIC"
  }
  candidates {
    model: "mbg_cnbd_k"
    regularity: 2
    log_likelihood: -9910.5
    bic: 19852.1
    converged: true
    reason: "BIC above the best by 656.2"
  }
  conditional_expectations {
    repeat_purchases: 0
    customer_count: 1411
    actual: 0.237
    expected: 0.196
  }
  conditional_expectations { repeat_purchases: 7 customer_count: 42 actual: 5.3 expected: 5.1 }
  segments {
    segment: "EMAIL"
    customer_count: 900
    purchase_model: "bg_nbd"
    purchase_parameters { name: "r" value: 0.3 }
    purchase_parameters { name: "alpha" value: 5.1 }
    reason: "a model of its own"
  }
  segments { segment: "WEB" customer_count: 30 reason: "12 repeat buyers, fewer than 100" }
  retention {
    cohort: "2025-01"
    model: "sbg"
    subscription_count: 400
    ended_count: 260
    parameters { name: "alpha" value: 0.7 standard_error: 0.1 }
    parameters { name: "beta" value: 1.2 standard_error: 0.15 }
  }
  retention {
    cohort: "all"
    model: "sbg"
    subscription_count: 1000
    ended_count: 509
    parameters { name: "alpha" value: 0.668088 standard_error: 0.1037 }
    parameters { name: "beta" value: 3.806095 standard_error: 0.7855 }
    residual_periods: 7.53
    usable: true
    curve { period: 0 at_risk: 1000 observed: 1 fitted: 1 }
    curve {
      period: 1
      at_risk: 1000
      observed: 0.869
      fitted: 0.8507
      interval { low: 0.83 high: 0.87 level: 0.95 }
    }
    curve { period: 8 fitted: 0.46 }
  }
  classifiers {
    target: "churn"
    horizon_days: 90
    train_date: "1997-04-01"
    validation_date: "1997-07-01"
    train_count: 2000
    validation_count: 2200
    base_rate: 0.81
    auc: 0.83
    brier: 0.11
    brier_skill: 0.285
    log_loss: 0.36
    top_decile_lift: 1.21
    baselines { name: "base_rate" auc: 0.5 brier: 0.1539 }
    baselines { name: "purchase_model" auc: 0.82 brier: 0.115 }
    reliability {
      count: 220
      predicted: 0.42
      observed: 0.4
      interval { low: 0.34 high: 0.47 level: 0.95 }
    }
    features {
      feature: "recency_days"
      text: "days since the last purchase"
      weight: 0.94
      standard_error: 0.05
      mean: 96.2
      standard_deviation: 51.3
    }
  }
  frequency_table { repeat_purchases: 0 actual: 1411 expected: 1400.4 }
  frequency_table { repeat_purchases: 7 actual: 42 expected: 40.1 }
  holdout {
    start_date: "1997-10-01"
    days: 273
    mae: 0.75
    rmse: 1.6
    bias: -0.07
    actual_total: 1882
    expected_total: 1725.3
    naive_mae: 1.06
    mean_mae: 0.98
    msle: 0.31
    total_error: 0.0833
  }
  context { sample_size: 2357 })pb";

TEST_F(CliValueTest, ValueModel) {
  server_.answers["ValueService/GetValueModel"] = kModel;
  ExpectOutput("value_model", {"value", "model"});
}

constexpr char kValue[] = R"pb(
  historic { micros: 130000000 currency: "EUR" }
  predicted { micros: 61230000 currency: "EUR" }
  predicted_interval { low: 0 high: 152.5 level: 0.8 }
  mean_interval { low: 55.1 high: 68 level: 0.8 }
  total_interval { low: 0 high: 154.25 level: 0.8 }
  residual { micros: 188000000 currency: "EUR" }
  p_alive: 0.726609
  purchase_probability: 0.585
  expected_purchases: 1.62
  expected_purchases_30d: 0.145
  expected_order_value { micros: 38500000 currency: "EUR" }
  horizon_days: 365
  decile: 9
  next_purchase_days: 163.2
  silence_days: 131.05
  churn {
    probability: 0.64
    horizon_days: 90
    basis: CHURN_BASIS_CLASSIFIER
    interval { low: 0.6 high: 0.68 level: 0.95 }
    reasons {
      feature: "recency_days"
      value: 59
      contribution: 0.42
      text: "59 days since the last purchase"
    }
    reasons { feature: "nps_score" value: 9 contribution: -0.2 }
  }
  top_decile_probability: 0.231
  repeat_purchases: 2
  recency_days: 213.01
  age_days: 272.02
  model: "bg_nbd+gamma_gamma"
  model_segment: "EMAIL")pb";

TEST_F(CliValueTest, ValueGet) {
  server_.answers["ValueService/GetCustomerValue"] =
      Cat("customer: 'workspaces/shop/customers/c7' value {", kValue, "}");
  ExpectOutput("value_get", {"value", "get", "c7"});
  server_.answers["ValueService/GetCustomerValue"] =
      "customer: 'workspaces/shop/customers/c8' value { p_alive: 1 alive_by_construction: true "
      "horizon_days: 365 model: 'bg_nbd+mean' }";
  EXPECT_THAT(Run({"value", "get", "c8", "--workspace=shop"}).out,
              HasSubstr("100.0 %, by construction of the model: it says nothing here"));
}

TEST_F(CliValueTest, ValueOfASubscriberWithoutOrders) {
  server_.answers["ValueService/GetCustomerValue"] = R"pb(
    customer: "workspaces/shop/customers/c9"
    value {
      historic { micros: 345205479 currency: "EUR" }
      predicted { micros: 402870000 currency: "EUR" }
      predicted_interval { low: 49.19 high: 570.3 level: 0.8 }
      mean_interval { low: 390.1 high: 416.02 level: 0.8 }
      total_interval { low: 48.96 high: 570.82 level: 0.8 }
      residual { micros: 1560120000 currency: "EUR" }
      p_alive: 1
      horizon_days: 365
      decile: 10
      churn {
        probability: 0.1578
        horizon_days: 90
        basis: CHURN_BASIS_SUBSCRIPTION_MODEL
        interval { low: 0.14 high: 0.177 level: 0.95 }
      }
      subscription {
        running_count: 1
        monthly_recurring_revenue { micros: 50000000 currency: "EUR" }
        historic { micros: 345205479 currency: "EUR" }
        expected_renewals: 8.61
        predicted { micros: 402870000 currency: "EUR" }
        predicted_interval { low: 49.19 high: 570.3 level: 0.8 }
        mean_interval { low: 390.1 high: 416.02 level: 0.8 }
        residual { micros: 1560120000 currency: "EUR" }
        residual_interval { low: 1320.5 high: 1843.2 level: 0.8 }
        running { start_date: "2024-01-01" cohort: "all" model: "sbg" }
      }
    })pb";
  ExpectOutput("value_get_subscription", {"value", "get", "c9"});
}

TEST_F(CliValueTest, ValueTracking) {
  // Four weeks of ten, then a holdout of four weeks of eight; eleven and nine expected.
  std::string points;
  int actual = 0;
  int expected = 0;
  for (int week = 0; week < 8; ++week) {
    actual += week < 4 ? 10 : 8;
    expected += week < 4 ? 11 : 9;
    points = Cat(points, "points { actual: ", week < 4 ? 10 : 8, " expected: ", week < 4 ? 11 : 9,
                 " cumulative_actual: ", actual, " cumulative_expected: ", expected, " }");
  }
  server_.answers["ValueService/GetValueModel"] =
      Cat("tracking { start_date: '1997-01-01' step_days: 7 holdout_start_date: '1997-01-29' "
          "holdout_cumulative_mape: 0.11 ",
          points, "} context { sample_size: 2357 }");
  ExpectOutput("value_tracking", {"value", "tracking"});
  EXPECT_EQ(Run({"value", "tracking", "--workspace=shop", "--json"}).code, 0);
  server_.answers["ValueService/GetValueModel"] = "";
  EXPECT_THAT(Run({"value", "tracking", "--workspace=shop"}).out, HasSubstr("no tracking"));
}

TEST_F(CliValueTest, ValuePredict) {
  server_.answers["ValueService/PredictValue"] =
      Cat("predictions { value {", kValue,
          "} purchase_counts: [ 0.415, 0.2, 0.13 ] p_alive_at_horizon: 0.41 } "
          "context { sample_size: 1 }");
  ExpectOutput("value_predict",
               {"value", "predict", "--purchases=2", "--recency=213.01", "--age=272.02",
                "--mean-value=35.50", "--channel=EMAIL", "--counts=2", "--horizon=273",
                "--model=bg_nbd", "--parameter=r=.243", "--parameter", "alpha=4.414"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" histories { repeat_purchases: 2 recency_days: 213.01 "
            "age_days: 272.02 mean_value { micros: 35500000 } channel: CHANNEL_EMAIL } "
            "horizon_days: 273 max_purchases: 2 model { model: \"bg_nbd\" parameters { name: "
            "\"r\" value: 0.243 } parameters { name: \"alpha\" value: 4.414 } time_unit_days: 7 "
            "regularity: 1 }");
  const std::vector<std::string> asked = {"value", "predict", "--purchases=0", "--age=30",
                                          "--workspace=shop"};
  EXPECT_EQ(Run(asked).code, 0);
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" histories { age_days: 30 } max_purchases: 10");
  for (const char* bad : {"--parameter=r=1", "--recency=soon", "--channel=PIGEON",
                          "--mean-value=much", "--counts=101"}) {
    std::vector<std::string> words = asked;
    words.push_back(bad);
    EXPECT_EQ(Run(words).code, 2) << bad;
  }
  std::vector<std::string> words = asked;
  for (const char* more : {"--model=nbd", "--parameter=r"}) words.push_back(more);
  EXPECT_EQ(Run(words).code, 2);
}

TEST_F(CliValueTest, ValueWhatIf) {
  server_.answers["ValueService/AskWhatIf"] = R"pb(
    baseline { micros: 1500000000 currency: "EUR" }
    changed { micros: 1612500000 currency: "EUR" }
    relative_change: 0.075
    baseline_purchases: 41.2
    changed_purchases: 44.9
    customer_count: 20
    context { sample_size: 20 })pb";
  const std::string all = server_.answers["ValueService/AskWhatIf"];
  server_.answers["ValueService/AskWhatIf"] = Cat(
      all,
      " baseline_orders { micros: 1000000000 currency: 'EUR' } changed_orders { micros: "
      "1050000000 currency: 'EUR' } baseline_subscriptions { micros: 500000000 currency: 'EUR' } "
      "changed_subscriptions { micros: 562500000 currency: 'EUR' } baseline_renewals: 52.25 "
      "changed_renewals: 58.5 subscription_count: 7");
  ExpectOutput("value_what_if_subscriptions", {"value", "what-if", "--leaving=-10%"});
  server_.answers["ValueService/AskWhatIf"] = all;
  ExpectOutput("value_what_if", {"value", "what-if", "--leaving=-10%", "--frequency=0.05",
                                 "--margin=40%", "--horizon=730"});
  EXPECT_EQ(LastRequest(),
            "parent: \"workspaces/shop\" leaving_change: -0.1 frequency_change: 0.05 margin: 0.4 "
            "horizon_days: 730");
  Run({"value", "what-if", "c7", "--workspace=shop", "--order-value", "-5%"});
  EXPECT_EQ(LastRequest(), "parent: \"workspaces/shop/customers/c7\" order_value_change: -0.05");
  EXPECT_EQ(Run({"value", "what-if", "--workspace=shop", "--leaving=less"}).code, 2);
  EXPECT_THAT(Run({"value", "what-if", "--workspace=shop", "--json"}).out,
              HasSubstr("\"relative_change\": 0.075"));
}

TEST_F(CliValueTest, ValueExplainShowsTheValueAlone) {
  server_.answers["CustomerService/ExplainCustomer"] = R"pb(
    explanations { subject: "lifecycle.stage" result: "ACTIVE" formula: "first rule" }
    explanations {
      subject: "value.p_alive"
      result: "0.726609"
      formula: "1 / (1 + a / (b + x - 1) x ((alpha + T) / (alpha + t_x))^(r + x))"
      inputs { name: "x" value: "2" origin: "repeat purchase days after the first" }
      inputs { name: "alpha" value: "4.4136" origin: "fitted on all customers" }
    }
    context { sample_size: 1 })pb";
  ExpectOutput("value_explain", {"value", "explain", "c7"});
  const std::string json = Run({"value", "explain", "c7", "--workspace=shop", "--json"}).out;
  EXPECT_THAT(json, HasSubstr("value.p_alive"));
  EXPECT_EQ(json.find("lifecycle.stage"), std::string::npos);
}

TEST_F(CliValueTest, ValueBootstrap) {
  server_.answers["ValueService/BootstrapValueModel"] = R"pb(
    purchase_model: "mbg_nbd"
    regularity: 1
    parameters {
      name: "r"
      value: 0.524843
      bootstrap_error: 0.0391
      hessian_error: 0.0373
      interval { low: 0.4551 high: 0.6081 level: 0.9 }
    }
    parameters {
      name: "alpha:plan=gold"
      value: 0.6931
      bootstrap_error: 0.052
      interval { low: 0.601 high: 0.779 level: 0.9 }
    }
    replicates: 198
    left_out: 2
    customer_count: 2357
    distinct_count: 1843
    context { sample_size: 2357 })pb";
  ExpectOutput("value_bootstrap", {"value", "bootstrap", "--seed=7", "--level=0.9"});
  EXPECT_EQ(LastRequest(),
            "name: \"workspaces/shop/valueModel\" replicates: 200 seed: 7 level: 0.9");
  EXPECT_EQ(Run({"value", "bootstrap", "--workspace=shop", "--replicates=5"}).code, 2);
  Run({"value", "bootstrap", "--workspace=shop", "--segment=gold"});
  EXPECT_THAT(LastRequest(), HasSubstr("segment: \"gold\""));
}

TEST_F(CliValueTest, AttributesOfValueModels) {
  server_.answers["AdminService/UpdateWorkspace"] = R"pb(
    name: "workspaces/shop"
    value_settings {
      purchase_model: "auto"
      covariate_attributes: "plan"
      covariate_attributes: "age"
      model_by: "country"
    })pb";
  const Shown shown =
      Run({"workspaces", "update", "shop", "--covariates=plan,age", "--model-by=country"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(LastRequest(),
              HasSubstr("value_settings { covariate_attributes: \"plan\" covariate_attributes: "
                        "\"age\" model_by: \"country\" }"));
  EXPECT_THAT(LastRequest(), HasSubstr("paths: \"value_settings.covariate_attributes\" paths: "
                                       "\"value_settings.model_by\""));
  EXPECT_THAT(shown.out, HasSubstr("plan, age"));
  EXPECT_THAT(shown.out, HasSubstr("country"));
  server_.answers["ValueService/GetValueModel"] = R"pb(
    purchase_model: "mbg_nbd"
    grouped_by: "country"
    covariates {
      name: "plan=gold"
      attribute: "plan"
      kind: COVARIATE_KIND_VALUE
      value: "gold"
      customer_count: 4000
    }
    covariates {
      name: "age"
      attribute: "age"
      kind: COVARIATE_KIND_NUMBER
      mean: 40.5
      standard_deviation: 9.25
      customer_count: 10800
    }
    effects { parameter: "alpha" covariate: "plan=gold" value: 0.69 standard_error: 0.05 }
    segments { segment: "de" customer_count: 5000 purchase_model: "bg_nbd" reason: "lowest BIC" })pb";
  const std::string text = Run({"value", "model", "--workspace=shop"}).out;
  EXPECT_THAT(text, HasSubstr("1 with gold"));
  EXPECT_THAT(text, HasSubstr("deviations of 9.2500 from 40.5000"));
  EXPECT_THAT(text, HasSubstr("country"));
  server_.answers["ValueService/GetValueReport"] = R"pb(
    grouped_by: "country"
    by_group {
      segment: "de"
      customer_count: 12
      predicted_total { micros: 900000000 currency: "EUR" }
    })pb";
  EXPECT_THAT(Run({"value", "report", "--workspace=shop"}).out, HasSubstr("country"));
  server_.answers["ValueService/PredictValue"] = "predictions { value { horizon_days: 365 } }";
  Run({"value", "predict", "--workspace=shop", "--purchases=0", "--age=10", "--attribute=plan=gold",
       "--attribute=age=42", "--attribute=vip=true"});
  const std::string request = LastRequest();
  EXPECT_THAT(request, HasSubstr("key: \"plan\" value { string_value: \"gold\" }"));
  EXPECT_THAT(request, HasSubstr("key: \"age\" value { number_value: 42 }"));
  EXPECT_THAT(request, HasSubstr("key: \"vip\" value { bool_value: true }"));
}

}  // namespace
}  // namespace rapport::ctl
