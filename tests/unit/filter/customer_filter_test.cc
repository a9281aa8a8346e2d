// SPDX-License-Identifier: Apache-2.0
// Filters of ListCustomers.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/filter/sources.h"
#include "rapport/v1/customer.pb.h"
#include "tests/support/matchers.h"

namespace rapport::filter {
namespace {

using rapport::testing::FailsWith;

absl::StatusOr<Expression> ParseFilter(const std::string& text) {
  Context context;
  context.base_currency = "EUR";
  return Parse(text, CustomerCatalogue(), context);
}

bool Matches(const Expression& filter, const v1::Customer& customer) {
  return filter.Evaluate(CustomerSource(customer, filter.base_currency()));
}

// AT_RISK champion with 250.00 EUR revenue, NPS 6, tier gold, no value model.
v1::Customer Sample() {
  v1::Customer customer;
  google::protobuf::TextFormat::ParseFromString(
      R"(facts {
           lifecycle { stage: LIFECYCLE_STAGE_AT_RISK }
           acquisition_cohort: "2025-03-01"
           rfm { segment: "champions" recency_score: 4 frequency: 7 monetary { micros: 250000000 currency: "EUR" } }
         }
         summary {
           order_count: 7
           last_event_time { seconds: 1767225600 }
           net_revenue { micros: 9000000 currency: "USD" }
           net_revenue { micros: 250000000 currency: "EUR" }
           last_nps { score: 6 scale: 10 }
         }
         attributes { key: "tier" value { value { string_value: "gold" } } }
         attributes { key: "age.years" value { value { number_value: 41 } } }
         attributes { key: "vip" value { value { bool_value: true } } })",
      &customer);
  return customer;
}

struct Case {
  std::string filter;
  bool matches;
};

TEST(CustomerFilter, ComparesEachFieldInItsOwnType) {
  const std::vector<Case> cases = {
      {"", true},
      {"stage = AT_RISK", true},
      {"stage = LIFECYCLE_STAGE_AT_RISK", true},
      {"stage != AT_RISK", false},
      {"stage = loyal", false},
      {"rfm.segment = \"champions\"", true},
      {"rfm.segment = champ*", true},
      {"rfm.segment = '*pion*'", true},
      {"rfm.recency_score >= 4 AND rfm.recency_score < 5", true},
      {"rfm.monetary > 249.99", true},
      {"summary.net_revenue = 250", true},
      {"summary.net_revenue > 250.000001", false},
      {"summary.order_count <= 6", false},
      {"summary.last_event_time >= 2026-01-01", true},
      {"summary.last_event_time > 2026-01-01T00:00:00Z", false},
      {"acquisition_cohort < 2025-04-01", true},
      {"last_nps < 7", true},
      {"attributes.tier = gold", true},
      {"attributes.tier != gold", false},
      {"attributes.age.years > 40", true},
      {"attributes.vip = true", true},
      {"attributes.vip = false", false},
      {"attributes.tier:*", true},
      {"attributes.none:*", false},
  };
  const v1::Customer customer = Sample();
  for (const Case& test : cases) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseFilter(test.filter));
    EXPECT_EQ(Matches(filter, customer), test.matches) << test.filter;
  }
}

TEST(CustomerFilter, ComparisonWithAnAbsentFieldIsFalse) {
  const v1::Customer customer = Sample();
  for (const std::string text : {"value.predicted > 0", "value.predicted <= 0", "last_csat != 3",
                                 "attributes.none != 1", "value.decile:*"}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseFilter(text));
    EXPECT_FALSE(Matches(filter, customer)) << text;
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseFilter("NOT last_csat:*"));
  EXPECT_TRUE(Matches(filter, customer));
}

// AIP-160: OR binds tighter than AND; a blank means AND.
TEST(CustomerFilter, OrBindsTighterThanAnd) {
  const std::vector<Case> cases = {
      {"last_nps = 1 AND last_nps = 1 OR last_nps = 6", false},
      {"last_nps = 6 OR last_nps = 1 AND last_nps = 6", true},
      {"(last_nps = 1 AND last_nps = 1) OR last_nps = 6", true},
      {"last_nps = 6 stage = AT_RISK", true},
      {"last_nps = 6 stage = NEW", false},
      {"NOT stage = NEW", true},
      {"-stage = NEW", true},
      {"NOT (stage = NEW OR last_nps = 6)", false},
  };
  const v1::Customer customer = Sample();
  for (const Case& test : cases) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseFilter(test.filter));
    EXPECT_EQ(Matches(filter, customer), test.matches) << test.filter;
  }
}

TEST(CustomerFilter, RefusesWithThePosition) {
  struct Bad {
    std::string filter, reason, position;
  };
  const std::vector<Bad> cases = {
      {"stage", "BAD_FILTER", "position 6"},
      {"stage =", "BAD_FILTER", "position 8"},
      {"stage = NOWHERE", "BAD_FILTER", "position 9"},
      {"color = red", "UNKNOWN_FIELD", "position 1"},
      {"stage = NEW AND", "BAD_FILTER", "position 16"},
      {"(stage = NEW", "BAD_FILTER", "position 13"},
      {"stage = NEW)", "BAD_FILTER", "position 12"},
      {"last_nps > many", "BAD_FILTER", "position 12"},
      {"value.predicted > 1e3", "BAD_FILTER", "position 19"},
      {"rfm.segment = \"champ", "BAD_FILTER", "position 15"},
      {"stage ! NEW", "BAD_FILTER", "position 7"},
      {"summary.last_event_time > soon", "BAD_FILTER", "position 27"},
      {"attributes. = 3", "UNKNOWN_FIELD", "position 1"},
      {"stage = NEW; DROP", "BAD_FILTER", "position 12"},
      {std::string(40, '(') + "stage = NEW" + std::string(40, ')'), "BAD_FILTER", "position 34"},
  };
  for (const Bad& bad : cases) {
    const auto filter = ParseFilter(bad.filter);
    EXPECT_THAT(filter, FailsWith(bad.reason, "filter")) << bad.filter;
    EXPECT_NE(filter.status().message().find(bad.position), absl::string_view::npos)
        << bad.filter << ": " << filter.status();
  }
}

TEST(CustomerFilter, SaysWhatItReads) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression facts, ParseFilter("stage = NEW"));
  EXPECT_FALSE(facts.Reads(Place::kCustomerSummary) || facts.Reads(Place::kCustomerAttributes));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression both,
                               ParseFilter("NOT (last_nps < 7 OR attributes.a:*)"));
  EXPECT_TRUE(both.Reads(Place::kCustomerSummary) && both.Reads(Place::kCustomerAttributes));
}

}  // namespace
}  // namespace rapport::filter
