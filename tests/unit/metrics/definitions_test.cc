// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/metrics/point.h"
#include "lib/metrics/registry.h"
#include "tests/support/matchers.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::HasSubstr;

absl::StatusOr<const v1::MetricDefinition*> Find(std::string_view metric) {
  static const Registry& registry = *new Registry();
  return registry.Find(metric);
}

TEST(Definitions, EveryOneIsComplete) {
  std::set<std::string> ids;
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    const std::string& id = definition.metric();
    EXPECT_TRUE(ids.insert(id).second) << id << " is there twice";
    EXPECT_FALSE(definition.display_name().empty()) << id;
    EXPECT_FALSE(definition.formula().empty()) << id;
    EXPECT_FALSE(definition.source().empty()) << id;
    EXPECT_FALSE(definition.sample_unit().empty()) << id;
    EXPECT_NE(definition.kind(), v1::METRIC_KIND_UNSPECIFIED) << id;
    EXPECT_NE(definition.unit(), v1::METRIC_UNIT_UNSPECIFIED) << id;
    EXPECT_GE(definition.minimum_sample(), 1) << id;
    EXPECT_THAT(CheckDefinition(definition, nullptr), ::rapport::testing::IsOk()) << id;
    for (int i = 1; i < definition.bands_size(); ++i) {
      EXPECT_LT(definition.bands(i - 1).from(), definition.bands(i).from()) << id;
    }
  }
}

TEST(Definitions, TheVocabularyIsThere) {
  for (const char* id : {"nps",
                         "csat",
                         "ces",
                         "review_rating",
                         "revenue",
                         "gross_revenue",
                         "refunds",
                         "orders",
                         "average_order_value",
                         "customer_retention_rate",
                         "churn_rate",
                         "net_growth",
                         "clv_simple",
                         "repeat_purchase_rate",
                         "purchase_frequency",
                         "active_customers",
                         "purchasing_customers",
                         "customers",
                         "sign_ups",
                         "tickets_opened",
                         "tickets_resolved",
                         "time_on_platform",
                         "click_through_rate",
                         "survey_dismissal_rate"}) {
    RAPPORT_EXPECT_OK(Find(id));
  }
}

TEST(Definitions, RetentionBandsOfTheDomain) {
  const v1::MetricDefinition& retention = **Find("customer_retention_rate");
  EXPECT_EQ(BandOf(retention, 70), "strong");
  EXPECT_EQ(BandOf(retention, 69.9), "fair");
  EXPECT_EQ(BandOf(retention, 49.9), "a concern");
}

TEST(Registry, UnknownMetricNamesTheNearest) {
  const auto found = Find("csta");
  EXPECT_THAT(found, FailsWith("UNKNOWN_METRIC", "metric"));
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("csat"));
  const auto part = Find("retention");
  EXPECT_THAT(std::string(part.status().message()), HasSubstr("customer_retention_rate"));
  EXPECT_THAT(Find(""), FailsWith("REQUIRED", "metric"));
}

}  // namespace
}  // namespace rapport::metrics
