// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/query.h"

#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/cells.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::HasSubstr;

QueryScope Year2024() {
  QueryScope scope = ScopeOf("2024-01-01", "2024-12-31", "2025-06-01");
  scope.touchpoint_text = [](uint32_t number) { return number == 1 ? "checkout" : "shop"; };
  return scope;
}

v1::QueryMetricRequest Ask(const std::string& metric, const std::string& start = "",
                           const std::string& end = "",
                           v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED) {
  v1::QueryMetricRequest request;
  request.set_metric(metric);
  request.set_start_date(start);
  request.set_end_date(end);
  request.set_granularity(granularity);
  return request;
}

// The one point of the whole range.
v1::MetricPoint Whole(const v1::QueryMetricRequest& request, const CellTable& table) {
  const auto response = Query(request, Year2024(), table.Reader());
  EXPECT_TRUE(response.ok()) << response.status();
  if (!response.ok() || response->total().points_size() != 1) return {};
  return response->total().points(0);
}

// --- Worked examples of domain.md 1.2 ---------------------------------------------------

TEST(Query, NpsWorkedExample) {
  // 300 promoters, 100 passives, 100 detractors: 60 - 20 = 40.
  CellTable table;
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-01", 9, 10, 200);
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-02", 10, 10, 100);
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-03", 7, 10, 100);
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-04", 6, 10, 100);
  const v1::MetricPoint point = Whole(Ask("nps"), table);
  EXPECT_DOUBLE_EQ(point.value(), 40);
  EXPECT_EQ(point.sample_size(), 500);
  // 100 x 1.959964 x sqrt((.6 + .2 - .16) / 500) = 7.0122.
  EXPECT_NEAR(point.interval().low(), 40 - 7.01221, 1e-4);
  EXPECT_NEAR(point.interval().high(), 40 + 7.01221, 1e-4);
}

TEST(Query, CsatWorkedExample) {
  CellTable table;
  for (const int score : {5, 4, 2, 1}) {
    table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", score, 5, 1);
  }
  EXPECT_DOUBLE_EQ(Whole(Ask("csat"), table).value(), 50);
}

TEST(Query, RetentionAndNetGrowthWorkedExample) {
  // Start 10,000, new 5,000, end 12,000.
  CellTable table;
  table.AddFamily(SeriesFamily::kMembers, Day("2023-05-01"), 1, {11'000, 0});
  table.AddFamily(SeriesFamily::kMembers, Day("2023-06-01"), 3, {1'000, 0});
  table.AddFamily(SeriesFamily::kMembers, Day("2024-02-01"), 1, {5'000, 0});
  table.AddFamily(SeriesFamily::kMembers, Day("2024-03-01"), 3, {3'500, 0});
  table.AddFamily(SeriesFamily::kMembers, Day("2024-04-01"), 2, {500, 0});
  const auto request = [](const char* metric) { return Ask(metric, "2024-01-01", "2025-01-01"); };
  EXPECT_DOUBLE_EQ(Whole(request("customer_retention_rate"), table).value(), 70);
  EXPECT_EQ(Whole(request("customer_retention_rate"), table).sample_size(), 10'000);
  EXPECT_DOUBLE_EQ(Whole(request("net_growth"), table).value(), 20);
  EXPECT_DOUBLE_EQ(Whole(request("customers"), table).value(), 12'000);
}

TEST(Query, ChurnWorkedExample) {
  // 1,000 at the start of the month, 100 lost in it.
  CellTable table;
  table.AddFamily(SeriesFamily::kMembers, Day("2024-02-20"), 1, {1'000, 0});
  table.AddFamily(SeriesFamily::kMembers, Day("2024-03-09"), 3, {100, 0});
  const auto response = Query(Ask("churn_rate", "2024-02-01", "2024-05-01", v1::GRANULARITY_MONTH),
                              Year2024(), table.Reader());
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 3);
  EXPECT_FALSE(response->total().points(0).has_value()) << "nobody at the start of February";
  EXPECT_DOUBLE_EQ(response->total().points(1).value(), 10);
  EXPECT_DOUBLE_EQ(response->total().points(2).value(), 0);
  EXPECT_DOUBLE_EQ(response->total().points(2).denominator(), 900);
}

TEST(Query, SimpleClvWorkedExample) {
  // 10 customers, 12 orders of 100 each in a year: 100 x 12 x 1 = 1,200.
  CellTable table;
  for (int month = 0; month < 12; ++month) {
    table.Add(v1::EVENT_TYPE_ORDER_PLACED, FormatDate(AddMonths(Day("2024-01-15"), month)),
              {10, 1'000'000'000});
  }
  table.AddFamily(SeriesFamily::kPurchasers, Day("2024-01-01"), 5, {10, 10});
  v1::QueryMetricRequest request = Ask("clv_simple", "2024-01-01", "2025-01-01");
  // 2024 is also all there is: the count over all time stands for it.
  table.AddFamily(SeriesFamily::kPurchasers, 0, 0, {10, 10});
  EXPECT_DOUBLE_EQ(Whole(request, table).value(), 1'200);
  request.set_years(3);
  EXPECT_DOUBLE_EQ(Whole(request, table).value(), 3'600);
}

TEST(Query, ClickThroughWorkedExample) {
  CellTable table;
  table.Add(v1::EVENT_TYPE_AD_CLICKED, "2024-03-01", {100, 0});
  table.Add(v1::EVENT_TYPE_CAMPAIGN_SHOWN, "2024-03-01", {1'000, 0});
  EXPECT_DOUBLE_EQ(Whole(Ask("click_through_rate"), table).value(), 10);
}

// --- Kinds ------------------------------------------------------------------------------

TEST(Query, OtherScalesAreMappedLinearly) {
  CellTable table;
  // 8 of 10 maps to 4.11 of 5 (satisfied), 7 of 10 to 3.67.
  table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", 8, 10, 1);
  table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", 7, 10, 1);
  EXPECT_DOUBLE_EQ(Whole(Ask("csat"), table).value(), 50);
  // CES: 3 of 5 maps to 4 of 7, and 6 of 7 is 6.
  table.Answer(v1::EVENT_TYPE_CES_ANSWERED, "2024-03-01", 3, 5, 1);
  table.Answer(v1::EVENT_TYPE_CES_ANSWERED, "2024-03-01", 6, 7, 1);
  EXPECT_DOUBLE_EQ(Whole(Ask("ces"), table).value(), 5);
}

TEST(Query, RevenueIsNetOfRefundsInBaseCurrency) {
  CellTable table;
  CellKey euro, dollar;
  euro.currency = PackCurrency("EUR").value();
  dollar.currency = PackCurrency("USD").value();
  table.Add(v1::EVENT_TYPE_ORDER_PLACED, "2024-03-01", {2, 30'000'000}, euro);
  table.Add(v1::EVENT_TYPE_BOOKING_MADE, "2024-03-01", {1, 20'000'000}, euro);
  table.Add(v1::EVENT_TYPE_ORDER_REFUNDED, "2024-03-02", {1, 5'500'000}, euro);
  table.Add(v1::EVENT_TYPE_ORDER_PLACED, "2024-03-02", {4, 99'000'000}, dollar);
  EXPECT_DOUBLE_EQ(Whole(Ask("revenue"), table).value(), 44.5);
  EXPECT_DOUBLE_EQ(Whole(Ask("gross_revenue"), table).value(), 50);
  EXPECT_DOUBLE_EQ(Whole(Ask("refunds"), table).value(), 5.5);
  EXPECT_DOUBLE_EQ(Whole(Ask("orders"), table).value(), 7);
  EXPECT_DOUBLE_EQ(Whole(Ask("average_order_value"), table).value(), 50.0 / 3);
  const auto response = Query(Ask("revenue"), Year2024(), table.Reader());
  EXPECT_THAT(response->context().notes(), Contains(HasSubstr("4 amounts in other currencies")));
}

TEST(Query, TimeOnPlatformIsInSeconds) {
  CellTable table;
  table.Add(v1::EVENT_TYPE_SESSION_ENDED, "2024-03-01", {2, 90'000'000});
  EXPECT_DOUBLE_EQ(Whole(Ask("time_on_platform"), table).value(), 45);
}

TEST(Query, DistinctCustomersByBucket) {
  CellTable table;
  table.AddFamily(SeriesFamily::kActive, Day("2024-01-01"), 3, {5, 0});
  table.AddFamily(SeriesFamily::kActive, Day("2024-01-01"), 31, {5, 0});  // New: another bucket.
  table.AddFamily(SeriesFamily::kActive, Day("2024-02-01"), 3, {7, 0});
  table.AddFamily(SeriesFamily::kPurchasers, Day("2024-02-01"), 3, {4, 1});
  const auto active =
      Query(Ask("active_customers", "2024-01-01", "2024-03-01", v1::GRANULARITY_MONTH), Year2024(),
            table.Reader());
  RAPPORT_ASSERT_OK(active);
  EXPECT_DOUBLE_EQ(active->total().points(0).value(), 5);
  EXPECT_DOUBLE_EQ(active->total().points(1).value(), 7);
  EXPECT_DOUBLE_EQ(Whole(Ask("repeat_purchase_rate", "2024-02-01", "2024-03-01"), table).value(),
                   25);
  EXPECT_THAT(
      Query(Ask("active_customers", "2024-02-03", "2024-02-20"), Year2024(), table.Reader()),
      FailsWith("NOT_A_CALENDAR_BUCKET", "granularity"));
  EXPECT_THAT(Query(Ask("active_customers", "2024-01-15", "2024-03-01", v1::GRANULARITY_MONTH),
                    Year2024(), table.Reader()),
              FailsWith("NOT_A_CALENDAR_BUCKET", "start_date"));
}

// --- Shape of the answer ----------------------------------------------------------------

TEST(Query, EmptyBucketsAreKeptWithoutAValue) {
  CellTable table;
  table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", 5, 5, 3);
  const auto response = Query(Ask("csat", "2024-02-01", "2024-04-01", v1::GRANULARITY_MONTH),
                              Year2024(), table.Reader());
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 2);
  EXPECT_FALSE(response->total().points(0).has_value());
  EXPECT_EQ(response->total().points(0).start_date(), "2024-02-01");
  EXPECT_EQ(response->total().points(0).end_date(), "2024-03-01");
  EXPECT_DOUBLE_EQ(response->total().points(1).value(), 100);
}

TEST(Query, GroupsAddUpToTheTotalLargestFirst) {
  CellTable table;
  CellKey email, web;
  email.channel = v1::CHANNEL_EMAIL;
  email.touchpoint_no = 1;
  web.channel = v1::CHANNEL_IN_PERSON;
  web.touchpoint_no = 2;
  table.Add(v1::EVENT_TYPE_SIGNED_UP, "2024-03-01", {3, 0}, email);
  table.Add(v1::EVENT_TYPE_SIGNED_UP, "2024-04-01", {9, 0}, web);
  v1::QueryMetricRequest request =
      Ask("sign_ups", "2024-03-01", "2024-05-01", v1::GRANULARITY_MONTH);
  request.add_group_by("touchpoint");
  request.add_group_by("channel");
  const auto response = Query(request, Year2024(), table.Reader());
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->groups_size(), 2);
  EXPECT_THAT(response->groups(0).group(), ::testing::ElementsAre("shop", "in_person"));
  EXPECT_THAT(response->groups(1).group(), ::testing::ElementsAre("checkout", "email"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(response->groups(0).points(i).numerator() + response->groups(1).points(i).numerator(),
              response->total().points(i).numerator());
  }
}

TEST(Query, ComparesWithTheRangeBefore) {
  CellTable table;
  table.Add(v1::EVENT_TYPE_SIGNED_UP, "2024-02-10", {3, 0});
  table.Add(v1::EVENT_TYPE_SIGNED_UP, "2024-03-10", {5, 0});
  v1::QueryMetricRequest request = Ask("sign_ups", "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  const auto response = Query(request, Year2024(), table.Reader());
  RAPPORT_ASSERT_OK(response);
  EXPECT_DOUBLE_EQ(response->total().points(0).value(), 5);
  ASSERT_EQ(response->compared_size(), 1);
  ASSERT_EQ(response->compared(0).series().points_size(), 1);
  EXPECT_DOUBLE_EQ(response->compared(0).series().points(0).value(), 3);
  EXPECT_EQ(response->compared(0).series().points(0).start_date(), "2024-02-01");
}

TEST(Query, BandOnlyFromTheMinimumSample) {
  CellTable table;
  table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", 5, 5, 29);
  auto response = Query(Ask("csat"), Year2024(), table.Reader());
  EXPECT_EQ(response->band(), "");
  EXPECT_THAT(response->context().notes(), Contains(HasSubstr("Small sample: 29 answers")));
  table.Answer(v1::EVENT_TYPE_CSAT_ANSWERED, "2024-03-01", 5, 5, 1);
  response = Query(Ask("csat"), Year2024(), table.Reader());
  EXPECT_EQ(response->band(), "excellent");
  EXPECT_EQ(response->context().sample_size(), 30);
  EXPECT_EQ(response->context().definition(), "csat");
  EXPECT_EQ(response->context().start_date(), "2024-01-01");
  EXPECT_EQ(response->context().end_date(), "2025-01-01");
}

TEST(Query, BucketsPastAsOfAreIncomplete) {
  QueryScope scope = ScopeOf("2024-01-01", "2024-03-20", "2024-03-21");
  CellTable table;
  const auto response = Query(Ask("orders", "", "", v1::GRANULARITY_MONTH), scope, table.Reader());
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 3);
  EXPECT_FALSE(response->total().points(1).incomplete());
  EXPECT_TRUE(response->total().points(2).incomplete());
}

TEST(Query, BadRequestsNameTheField) {
  const CellTable table;
  const auto query = [&](const v1::QueryMetricRequest& request) {
    return Query(request, Year2024(), table.Reader());
  };
  EXPECT_THAT(query(Ask("npps")), FailsWith("UNKNOWN_METRIC", "metric"));
  EXPECT_THAT(query(Ask("nps", "2024-13-01")), FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(query(Ask("nps", "2024-03-01", "2024-02-01")),
              FailsWith("INVERTED_RANGE", "end_date"));
  v1::QueryMetricRequest grouped = Ask("customer_retention_rate");
  grouped.add_group_by("channel");
  EXPECT_THAT(query(grouped), FailsWith("UNSUPPORTED_DIMENSION", "group_by[0]"));
  grouped = Ask("nps");
  grouped.add_group_by("channel");
  grouped.add_group_by("channel");
  EXPECT_THAT(query(grouped), FailsWith("DUPLICATE_DIMENSION", "group_by[1]"));
  grouped.add_group_by("touchpoint");
  EXPECT_THAT(query(grouped), FailsWith("TOO_MANY_DIMENSIONS", "group_by"));
  v1::QueryMetricRequest clv = Ask("clv_simple");
  for (const double years : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    clv.set_years(years);
    EXPECT_THAT(query(clv), FailsWith("NOT_POSITIVE", "years"));
  }
}

TEST(Query, PassesOnErrorsOfTheReader) {
  const auto broken = [](SeriesFamily, uint16_t, CivilDays, CivilDays, CellVisit) {
    return absl::DataLossError("broken");
  };
  EXPECT_EQ(Query(Ask("nps"), Year2024(), broken).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Query, EveryMetricAnswersWithoutData) {
  const CellTable table;
  for (const v1::MetricDefinition& definition : Definitions()) {
    const auto response =
        Query(Ask(definition.metric(), "", "", v1::GRANULARITY_MONTH), Year2024(), table.Reader());
    ASSERT_TRUE(response.ok()) << definition.metric() << " " << response.status();
    EXPECT_EQ(response->total().points_size(), 12) << definition.metric();
    EXPECT_EQ(response->band(), "") << definition.metric();
  }
}

// --- NPS report -------------------------------------------------------------------------

TEST(Nps, ReportOfAPeriod) {
  CellTable table;
  CellKey email, web;
  email.channel = v1::CHANNEL_EMAIL;
  email.touchpoint_no = 1;
  web.channel = v1::CHANNEL_WEB;
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-02-10", 10, 10, 30, email);
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-10", 8, 10, 10, web);
  table.Answer(v1::EVENT_TYPE_NPS_ANSWERED, "2024-03-11", 0, 10, 10, web);
  table.Add(v1::EVENT_TYPE_SURVEY_DISMISSED, "2024-03-11", {77, 0});
  table.Add(v1::EVENT_TYPE_SURVEY_DISMISSED, "2024-05-11", {1, 0});
  v1::GetNpsReportRequest request;
  request.set_start_date("2024-02-01");
  request.set_end_date("2024-04-01");
  const auto report = Nps(request, Year2024(), table.Reader());
  RAPPORT_ASSERT_OK(report);
  EXPECT_DOUBLE_EQ(report->score(), 40);  // 30/50 - 10/50; dismissed are not answers.
  EXPECT_EQ(report->promoters(), 30);
  EXPECT_EQ(report->passives(), 10);
  EXPECT_EQ(report->detractors(), 10);
  EXPECT_EQ(report->dismissed(), 77);
  EXPECT_EQ(report->distribution_size(), 11);
  EXPECT_EQ(report->distribution(0), 10);
  EXPECT_EQ(report->distribution(8), 10);
  EXPECT_EQ(report->distribution(10), 30);
  ASSERT_EQ(report->monthly_size(), 2);
  EXPECT_DOUBLE_EQ(report->monthly(0).value(), 100);
  EXPECT_DOUBLE_EQ(report->monthly(1).value(), -50);
  ASSERT_EQ(report->by_channel_size(), 2);
  EXPECT_EQ(report->by_channel(0).group(0), "email");
  EXPECT_DOUBLE_EQ(report->by_channel(0).points(0).value(), 100);
  EXPECT_EQ(report->by_touchpoint(0).group(0), "checkout");
  EXPECT_EQ(report->by_touchpoint(1).group(0), "unknown");
  EXPECT_EQ(report->band(), "good");
  EXPECT_EQ(report->context().sample_size(), 50);
  EXPECT_TRUE(report->has_interval());
}

TEST(Nps, WithoutAnswersThereIsNoScore) {
  const auto report = Nps({}, Year2024(), CellTable().Reader());
  RAPPORT_ASSERT_OK(report);
  EXPECT_FALSE(report->has_score());
  EXPECT_EQ(report->band(), "");
}

}  // namespace
}  // namespace rapport::metrics
