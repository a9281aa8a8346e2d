// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/registry.h"

#include <functional>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/metrics/compiled.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;

v1::MetricDefinition Own(const char* like, const char* id = "own") {
  const Registry registry;
  v1::MetricDefinition definition = **registry.Find(like);
  definition.set_metric(id);
  return definition;
}

struct Breach {
  const char* like;
  const char* reason;
  const char* field;
  std::function<void(v1::MetricDefinition&)> spoil;
};

TEST(CheckDefinition, BreachesNameTheField) {
  using Definition = v1::MetricDefinition;
  const Breach breaches[] = {
      {"nps", "BAD_ID", "metric", [](Definition& d) { d.set_metric("9lives"); }},
      {"nps", "REQUIRED", "display_name", [](Definition& d) { d.clear_display_name(); }},
      {"nps", "REQUIRED", "kind", [](Definition& d) { d.clear_kind(); }},
      {"nps", "NOT_POSITIVE", "minimum_sample", [](Definition& d) { d.clear_minimum_sample(); }},
      {"nps", "REQUIRED", "numerator", [](Definition& d) { d.clear_numerator(); }},
      {"nps", "OUT_OF_RANGE", "scale", [](Definition& d) { d.set_scale(1); }},
      {"nps", "OUT_OF_RANGE", "negative_to", [](Definition& d) { d.set_negative_to(9); }},
      {"nps", "NOT_RISING", "bands[1].from",
       [](Definition& d) { d.mutable_bands(1)->set_from(-100); }},
      {"nps", "BAD_FILTER", "numerator_filter",
       [](Definition& d) { d.set_numerator_filter("score >"); }},
      {"nps", "UNKNOWN_EVENT_TYPE", "numerator[1]",
       [](Definition& d) { d.add_numerator(static_cast<v1::EventType>(77)); }},
      {"nps", "DUPLICATE", "numerator[1]",
       [](Definition& d) { d.add_numerator(v1::EVENT_TYPE_NPS_ANSWERED); }},
      {"refund_rate", "REQUIRED", "denominator", [](Definition& d) { d.clear_denominator(); }},
      {"orders", "UNUSED", "subtracted",
       [](Definition& d) { d.add_subtracted(v1::EVENT_TYPE_ORDER_REFUNDED); }},
      {"orders", "UNUSED", "pairing", [](Definition& d) { d.mutable_pairing(); }},
      {"orders", "UNUSED", "complement", [](Definition& d) { d.set_complement(true); }},
      {"orders", "NO_DISTRIBUTION", "statistic",
       [](Definition& d) { d.set_statistic(v1::STATISTIC_MEDIAN); }},
      {"orders", "UNKNOWN_CUSTOM_TYPE", "numerator_custom_types[0]",
       [](Definition& d) { d.add_numerator_custom_types("no_such_type"); }},
      {"resolution_time", "OUT_OF_RANGE", "pairing.window_seconds",
       [](Definition& d) { d.mutable_pairing()->set_window_seconds(-1); }},
      {"resolution_time", "REQUIRED", "pairing", [](Definition& d) { d.clear_pairing(); }},
      {"resolution_time", "NOT_RISING", "histogram_edges[4]",
       [](Definition& d) { d.add_histogram_edges(5); }},
      {"bounce_rate", "REQUIRED", "session.figure", [](Definition& d) { d.clear_session(); }},
      {"mrr", "REQUIRED", "recurring_part", [](Definition& d) { d.clear_recurring_part(); }},
      {"mrr", "UNUSED", "numerator",
       [](Definition& d) { d.add_numerator(v1::EVENT_TYPE_ORDER_PLACED); }},
      {"nps", "OUT_OF_RANGE", "factor", [](Definition& d) { d.set_factor(2); }},
      {"social_engagement_rate", "REQUIRED", "reference",
       [](Definition& d) { d.clear_reference(); }},
      {"clv_predicted", "UNKNOWN_FACT", "fact", [](Definition& d) { d.set_fact("shoe.size"); }},
      {"engagement_score", "NEGATIVE", "engagement.weights[2]",
       [](Definition& d) { d.mutable_engagement()->set_weights(2, -1); }},
      {"engagement_score", "NOT_POSITIVE", "engagement.half_life_days",
       [](Definition& d) {
         d.mutable_engagement()->set_half_life_days(std::numeric_limits<double>::quiet_NaN());
       }},
      {"engagement_score", "WRONG_NUMBER", "engagement.saturations",
       [](Definition& d) { d.mutable_engagement()->clear_saturations(); }},
  };
  const filter::NameLists names;
  for (const Breach& breach : breaches) {
    v1::MetricDefinition definition = Own(breach.like);
    RAPPORT_ASSERT_OK(CheckOwn(definition, &names));
    breach.spoil(definition);
    EXPECT_THAT(CheckOwn(definition, &names),
                FailsWith(breach.reason, std::string("definition.") + breach.field))
        << breach.like;
  }
}

TEST(Registry, OwnDefinitionsBesideTheBuiltIn) {
  EXPECT_THAT(CheckOwn(Own("nps", "nps"), nullptr),
              FailsWith("BUILT_IN_METRIC", "definition.metric"));
  v1::MetricDefinition own = Own("orders", "web_orders");
  own.set_numerator_filter("channel = web");
  const v1::MetricDefinition list[] = {own, Own("orders", "nps")};
  const Registry registry(list);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto* found, registry.Find("web_orders"));
  EXPECT_TRUE(found->custom());
  EXPECT_EQ((*registry.Find("nps"))->kind(), v1::METRIC_KIND_NET_SCORE) << "cannot be replaced";
  EXPECT_THAT(registry.Find("web_order"), FailsWith("UNKNOWN_METRIC", "metric"));
  History history;
  history.Define(own);
  history.Add("a 2024-03-01T10:00 order_placed amount=1 channel=web");
  history.Add("a 2024-03-01T10:00 order_placed amount=1 channel=app");
  for (const Plan plan : {Plan::kCells, Plan::kScan}) {
    EXPECT_EQ(history.AskBy(plan, Query("web_orders"))->total().points(0).value(), 1);
  }
}

TEST(Registry, CustomTypesCount) {
  v1::MetricDefinition own = Own("orders", "spins");
  own.clear_numerator();
  own.add_numerator_custom_types("wheel_spun");
  History history;
  history.Define(own);
  history.Add("a 2024-03-01T10:00 wheel_spun");
  history.Add("a 2024-03-01T10:00 coin_tossed");
  for (const Plan plan : {Plan::kCells, Plan::kScan}) {
    EXPECT_EQ(history.AskBy(plan, Query("spins"))->total().points(0).value(), 1);
  }
}

TEST(Fingerprint, ChangesWithMathsAndSettingsOnly) {
  History history;
  history.Add("a 2024-03-01T10:00 order_placed amount=1");
  Scope scope = history.scope();
  v1::MetricDefinition definition = Own("first_response_time_business");
  const std::string before = FingerprintOf(definition, scope);
  EXPECT_EQ(before.size(), 16U);
  definition.set_remarks("other words");
  definition.set_minimum_sample(5);
  EXPECT_EQ(FingerprintOf(definition, scope), before);
  scope.business_hours.set_end_minute(18 * 60);
  EXPECT_NE(FingerprintOf(definition, scope), before);
  const std::string other_hours = FingerprintOf(definition, scope);
  definition.mutable_pairing()->set_window_seconds(60);
  EXPECT_NE(FingerprintOf(definition, scope), other_hours);
}

TEST(Fingerprint, IsSharedByMetricsOfTheSameSums) {
  History history;
  history.Add("a 2024-03-01T10:00 order_placed amount=1");
  const auto of = [&](const char* metric) { return FingerprintOf(Own(metric), history.scope()); };
  EXPECT_EQ(of("churn_rate"), of("customer_retention_rate"));
  EXPECT_EQ(of("mrr_expansion"), of("net_revenue_retention"));
  EXPECT_EQ(of("mrr"), of("arr"));
  EXPECT_NE(of("bounce_rate"), of("engaged_session_rate"));
  EXPECT_NE(of("first_response_time"), of("first_response_time_business"));
  EXPECT_NE(of("repeat_purchase_rate"), of("purchase_frequency"));
}

}  // namespace
}  // namespace rapport::metrics
