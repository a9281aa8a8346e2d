// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/nps_report.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::ElementsAre;

// Every part by a scan; the score's by cells as well, which must agree.
absl::StatusOr<v1::NpsReport> Report(History& history, v1::GetNpsReportRequest request) {
  v1::NpsReport report, by_cells;
  for (const NpsPart part : kNpsParts) {
    const auto query = history.Prepare(NpsQuery(part, request));
    if (!query.ok()) return query.status();
    if (part == NpsPart::kMonths) request = NpsWindow(request, *query);
    const auto status = FillNps(part, *query, history.SumsOf(Plan::kScan, *query), report);
    if (!status.ok()) return status;
    const bool pairs = part == NpsPart::kFollowUp || part == NpsPart::kRecovery;
    const Plan plan = pairs ? Plan::kScan : Plan::kCells;
    RAPPORT_EXPECT_OK(FillNps(part, *query, history.SumsOf(plan, *query), by_cells));
  }
  EXPECT_EQ(report.DebugString(), by_cells.DebugString());
  return report;
}

v1::GetNpsReportRequest Between(const char* start, const char* end) {
  v1::GetNpsReportRequest request;
  request.set_start_date(start);
  request.set_end_date(end);
  return request;
}

void AddMany(History& history, char customer, int count, const std::string& event) {
  for (int i = 0; i < count; ++i) history.Add(Cat(std::string(1, customer), i, " ", event));
}

TEST(NpsReport, OfAPeriod) {
  History history;
  AddMany(history, 'a', 30,
          "2024-02-10T10:00 nps_answered score=10 channel=email touchpoint=checkout");
  AddMany(history, 'b', 10, "2024-03-10T10:00 nps_answered score=8 channel=web");
  AddMany(history, 'c', 10, "2024-03-11T10:00 nps_answered score=0 channel=web");
  AddMany(history, 'd', 77, "2024-03-11T10:00 survey_dismissed");
  AddMany(history, 'e', 1, "2024-05-11T10:00 survey_dismissed");
  const auto report = Report(history, Between("2024-02-01", "2024-04-01"));
  RAPPORT_ASSERT_OK(report);
  EXPECT_DOUBLE_EQ(report->score(), 40);  // 30/50 - 10/50; dismissed are not answers.
  EXPECT_EQ(report->promoters(), 30);
  EXPECT_EQ(report->passives(), 10);
  EXPECT_EQ(report->detractors(), 10);
  EXPECT_EQ(report->dismissed(), 77);
  EXPECT_THAT(report->distribution(), ElementsAre(10, 0, 0, 0, 0, 0, 0, 0, 10, 0, 30));
  ASSERT_EQ(report->monthly_size(), 2);
  EXPECT_DOUBLE_EQ(report->monthly(0).value(), 100);
  EXPECT_DOUBLE_EQ(report->monthly(1).value(), -50);
  ASSERT_EQ(report->by_channel_size(), 2);
  EXPECT_EQ(report->by_channel(0).group(0), "email");
  EXPECT_DOUBLE_EQ(report->by_channel(0).points(0).value(), 100);
  EXPECT_EQ(report->by_channel(1).group(0), "web");
  EXPECT_DOUBLE_EQ(report->by_channel(1).points(0).value(), -50);
  EXPECT_EQ(report->by_touchpoint(0).group(0), "checkout");
  EXPECT_EQ(report->by_touchpoint(1).group(0), "unknown");
  EXPECT_EQ(report->band(), "good");
  EXPECT_EQ(report->context().sample_size(), 50);
  EXPECT_TRUE(report->has_interval());
  // Nobody was sent a survey; ten detractors wait.
  EXPECT_EQ(report->sent(), 0);
  EXPECT_FALSE(report->has_response_rate());
  EXPECT_EQ(report->follow_up().sample_size(), 10);
  EXPECT_DOUBLE_EQ(report->follow_up().value(), 0);
}

// 8 sent and 4 answered in the window; of 3 detractors one is called within 7 days, another
// after 10, and one of those answers better later.
TEST(NpsReport, SurveysAndWhatBecameOfDetractors) {
  History history;
  AddMany(history, 's', 8, "2024-03-01T09:00 survey_sent");
  history.AddAll(R"(
    a 2024-03-01T10:00 nps_answered score=3
    a 2024-03-04T10:00 human_touch value=5000
    b 2024-03-02T10:00 nps_answered score=6
    b 2024-03-12T10:00 human_touch value=5000
    c 2024-03-03T10:00 nps_answered score=0
    d 2024-03-03T10:00 nps_answered score=9
    b 2024-04-20T10:00 nps_answered score=9
    s0 2024-04-20T10:00 survey_sent)");
  const auto report = Report(history, Between("2024-03-01", "2024-04-01"));
  RAPPORT_ASSERT_OK(report);
  EXPECT_EQ(report->detractors(), 3);
  EXPECT_EQ(report->sent(), 8);
  EXPECT_DOUBLE_EQ(report->response_rate(), 50);
  EXPECT_EQ(report->follow_up().sample_size(), 3);
  EXPECT_DOUBLE_EQ(report->follow_up().value(), 100.0 / 3);
  EXPECT_EQ(report->recovery().sample_size(), 3);
  EXPECT_DOUBLE_EQ(report->recovery().value(), 100.0 / 3);
}

// Open ends are whole months around the data, for every part.
TEST(NpsReport, AllPartsCoverTheMonthsOfTheAnswers) {
  History history;
  history.AddAll(R"(
    a 2024-03-10T10:00 nps_answered score=9
    a 2024-03-01T10:00 survey_dismissed
    a 2024-03-31T10:00 survey_dismissed
    a 2024-03-02T10:00 survey_sent)");
  const auto report = Report(history, {});
  RAPPORT_ASSERT_OK(report);
  EXPECT_EQ(report->context().start_date(), "2024-03-01");
  EXPECT_EQ(report->context().end_date(), "2024-04-01");
  EXPECT_EQ(report->dismissed(), 2);
  EXPECT_EQ(report->sent(), 1);
  EXPECT_DOUBLE_EQ(report->response_rate(), 100);
  EXPECT_EQ(report->by_channel(0).points(0).start_date(), "2024-03-01");
}

TEST(NpsReport, WithoutAnswersThereIsNoScore) {
  History history;
  const auto report = Report(history, {});
  RAPPORT_ASSERT_OK(report);
  EXPECT_FALSE(report->has_score());
  EXPECT_EQ(report->band(), "");
  EXPECT_EQ(report->distribution_size(), 11);
  EXPECT_FALSE(report->follow_up().has_value());
  EXPECT_THAT(Report(history, Between("2024-03-01", "soon")), FailsWith("BAD_DATE", "end_date"));
}

}  // namespace
}  // namespace rapport::metrics
