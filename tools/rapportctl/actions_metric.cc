// SPDX-License-Identifier: Apache-2.0
// metrics list / query / nps / csat.
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/metric_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/metric_query.h"
#include "tools/rapportctl/metric_text.h"

namespace rapport::ctl {
namespace {

absl::Status List(Invocation& invocation) {
  v1::ListMetricDefinitionsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_page_size(1000);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListMetricDefinitionsResponse>(
                                          "MetricService/ListMetricDefinitions", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"metric"}, {"unit"}, {"better"}, {"name"}, {"formula"}});
  for (const auto& definition : answer.definitions()) {
    table.Add({definition.metric(),
               FormatEnum(v1::MetricUnit_Name(definition.unit()), "METRIC_UNIT_"),
               FormatEnum(v1::Direction_Name(definition.direction()), "DIRECTION_"),
               definition.display_name(), definition.formula()});
  }
  invocation.out() << table.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status QueryAs(Invocation& invocation, std::string_view metric) {
  ASSIGN_OR_RETURN(const v1::QueryMetricRequest request, MetricQuery(invocation, metric));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::QueryMetricResponse>("MetricService/QueryMetric", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << (invocation.On("csv") ? MetricCsv(answer, request.group_by())
                                            : MetricText(answer, invocation.terminal()));
  return absl::OkStatus();
}

absl::Status Query(Invocation& invocation) { return QueryAs(invocation, invocation.Argument(0)); }
absl::Status Csat(Invocation& invocation) { return QueryAs(invocation, "csat"); }

std::string Distribution(const v1::NpsReport& report) {
  int64_t most = 1;
  for (const int64_t count : report.distribution()) most = std::max(most, count);
  std::string text;
  for (int score = report.distribution_size() - 1; score >= 0; --score) {
    const int64_t count = report.distribution(score);
    const double share = static_cast<double>(count) / static_cast<double>(most);
    text = Cat(text, Pad(Cat(score), 4, true), "  ", Pad(FormatCount(count), 9, true), "  ",
               Bar(share, 40), "\n");
  }
  return text;
}

// "detractors NAME 40.0 % (20.1 to 60.3)  n 12".
std::string DetractorText(std::string_view name, const v1::MetricPoint& point) {
  if (!point.has_value()) return "";
  const std::string range = FormatInterval(point.interval(), 1);
  return Cat("detractors ", name, " ", FormatNumber(point.value(), 1), " %",
             range.empty() ? "" : Cat(" (", range, ")"), "  n ", FormatCount(point.sample_size()),
             "\n");
}

// Who was asked, and what became of detractors.
std::string AroundTheScore(const v1::NpsReport& report) {
  std::string text;
  if (report.has_response_rate()) {
    text = Cat("surveys sent ", FormatCount(report.sent()), ", answered ",
               FormatNumber(report.response_rate(), 1), " %\n");
  }
  return Cat(text, DetractorText("contacted within 7 days", report.follow_up()),
             DetractorText("recovered within a year", report.recovery()));
}

absl::Status Nps(Invocation& invocation) {
  v1::GetNpsReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::NpsReport>("MetricService/GetNpsReport", request));
  if (invocation.json()) return invocation.PrintJson(report);
  const Terminal& terminal = invocation.terminal();
  const std::string score = report.has_score() ? FormatNumber(report.score(), 1) : "no answers";
  const std::string range = FormatInterval(report.interval(), 1);
  std::string text = Cat(terminal.In(Paint::kBold, Cat("NPS ", score)),
                         range.empty() ? "" : Cat("  (95 %: ", range, ")"),
                         report.band().empty() ? "" : Cat("  ", report.band()), "\n");
  text = Cat(text, "promoters ", FormatCount(report.promoters()), ", passives ",
             FormatCount(report.passives()), ", detractors ", FormatCount(report.detractors()),
             ", dismissed ", FormatCount(report.dismissed()), "\n", AroundTheScore(report), "\n",
             Distribution(report));
  if (report.monthly_size() > 1) {
    text = Cat(text, "\n", terminal.In(Paint::kBold, "By month"), "\n",
               TrendChart(report.monthly(), 1, terminal));
  }
  if (!report.by_channel().empty()) {
    text = Cat(text, "\n", terminal.In(Paint::kBold, "By channel"),
               GroupsText(report.by_channel(), 1, terminal));
  }
  if (!report.by_touchpoint().empty()) {
    text = Cat(text, "\n", terminal.In(Paint::kBold, "By touchpoint"),
               GroupsText(report.by_touchpoint(), 1, terminal));
  }
  invocation.out() << text << "\n" << ContextText(report.context(), terminal);
  return absl::OkStatus();
}

std::vector<Flag> QueryFlags() {
  std::vector<Flag> flags = RangeFlags();
  flags.push_back({.name = "by",
                   .placeholder = "BUCKET",
                   .help = "Length of a bucket.",
                   .choices = "day|week|month|quarter|year|hour"});
  flags.push_back(FilterFlag());
  flags.push_back(GroupByFlag());
  flags.push_back({.name = "top",
                   .placeholder = "NUMBER",
                   .help = "Only the largest groups; the rest as one."});
  flags.push_back(CompareFlag("Also this range; may be repeated."));
  flags.push_back({.name = "rolling",
                   .placeholder = "BUCKETS",
                   .help = "Each point covers so many buckets up to its own."});
  flags.push_back({.name = "statistic",
                   .placeholder = "STATISTIC",
                   .help = "Of distributions: another statistic than the definition's.",
                   .choices = "mean|median|p75|p90|p95|p99"});
  flags.push_back({.name = "csv", .placeholder = "", .help = "One line a point, with commas."});
  return flags;
}

}  // namespace

std::vector<Action> MetricActions() {
  return {
      {.path = "metrics list",
       .summary = "Lists the metrics with their formulas.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"metrics list --workspace=shop"},
       .run = List},
      {.path = "metrics query",
       .summary = "Computes a metric over time.",
       .details = "",
       .arguments = {{"METRIC", "Metric id, see `metrics list`."}},
       .flags = QueryFlags(),
       .examples = {"metrics query --workspace=shop revenue --by=month",
                    "metrics query --workspace=shop csat --group-by=channel --from=2026-01-01",
                    "metrics query --workspace=shop conversion --by=week --filter='channel = web' "
                    "--compare=previous"},
       .run = Query},
      {.path = "metrics nps",
       .summary = "Reports the net promoter score with its trend.",
       .details = "",
       .arguments = {},
       .flags = RangeFlags(),
       .examples = {"metrics nps --workspace=shop --from=2026-01-01"},
       .run = Nps},
      {.path = "metrics csat",
       .summary = "Reports customer satisfaction.",
       .details = "",
       .arguments = {},
       .flags = QueryFlags(),
       .examples = {"metrics csat --workspace=shop --by=month"},
       .run = Csat},
  };
}

}  // namespace rapport::ctl
