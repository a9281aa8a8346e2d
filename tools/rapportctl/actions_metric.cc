// SPDX-License-Identifier: Apache-2.0
// metrics list / query / nps / csat.
#include <ostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "lib/base/text.h"
#include "rapport/v1/metric_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

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

template <typename Request>
void ReadRange(const Invocation& invocation, Request& request) {
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
}

std::string UnitText(v1::MetricUnit unit) {
  switch (unit) {
    case v1::METRIC_UNIT_PERCENT:
      return " %";
    case v1::METRIC_UNIT_SECONDS:
      return " s";
    case v1::METRIC_UNIT_POINTS:
      return " points";
    default:
      return "";
  }
}

int DecimalsOf(v1::MetricUnit unit) {
  if (unit == v1::METRIC_UNIT_COUNT) return 0;
  return unit == v1::METRIC_UNIT_MONEY || unit == v1::METRIC_UNIT_SCORE ? 2 : 1;
}

std::string PointText(const v1::MetricPoint& point, int decimals) {
  if (!point.has_value()) return "no value";
  const std::string range = FormatInterval(point.interval(), decimals);
  return Cat(FormatNumber(point.value(), decimals), range.empty() ? "" : Cat(" (", range, ")"),
             "  n ", FormatCount(point.sample_size()));
}

// One group a line when each is one bucket, else a chart per group.
std::string GroupsText(const google::protobuf::RepeatedPtrField<v1::MetricSeries>& groups,
                       int decimals, const Terminal& terminal) {
  Table table({{"group"}, {"value", true}, {"interval"}, {"n", true}});
  std::string charts;
  for (const auto& series : groups) {
    const std::string title = absl::StrJoin(series.group(), ", ");
    const std::string shown = title.empty() ? "(none)" : title;
    if (series.points_size() != 1) {
      charts = Cat(charts, "\n", terminal.In(Paint::kBold, shown), "\n",
                   TrendChart(series.points(), decimals, terminal));
      continue;
    }
    const auto& point = series.points(0);
    table.Add({shown, point.has_value() ? FormatNumber(point.value(), decimals) : "-",
               FormatInterval(point.interval(), decimals), FormatCount(point.sample_size())});
  }
  return table.empty() ? charts : Cat("\n", table.Text(terminal), charts);
}

absl::Status ShowMetric(const Invocation& invocation, const v1::QueryMetricResponse& answer) {
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  const auto& definition = answer.definition();
  const int decimals = DecimalsOf(definition.unit());
  std::string text =
      terminal.In(Paint::kBold, Cat(definition.display_name(), UnitText(definition.unit())));
  if (answer.total().points_size() == 1) {
    text = Cat(text, "  ", PointText(answer.total().points(0), decimals));
  }
  if (!answer.band().empty()) text = Cat(text, "  ", answer.band());
  text = Cat(text, "\n", terminal.In(Paint::kDim, definition.formula()), "\n");
  if (answer.total().points_size() > 1) {
    text = Cat(text, "\n", TrendChart(answer.total().points(), decimals, terminal));
  }
  if (answer.previous().points_size() > 0) {
    text = Cat(text, "before: ", PointText(answer.previous().points(0), decimals), "\n");
  }
  text = Cat(text, GroupsText(answer.groups(), decimals, terminal));
  invocation.out() << text << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

absl::Status QueryAs(Invocation& invocation, std::string_view metric) {
  v1::QueryMetricRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(std::string(metric));
  ReadRange(invocation, request);
  const std::string granularity = absl::AsciiStrToUpper(invocation.Text("by"));
  v1::Granularity bucket = v1::GRANULARITY_UNSPECIFIED;
  if (!granularity.empty()) v1::Granularity_Parse(Cat("GRANULARITY_", granularity), &bucket);
  request.set_granularity(bucket);
  for (const std::string& dimension : invocation.Texts("group-by")) {
    request.add_group_by(dimension == "channel" ? v1::DIMENSION_CHANNEL : v1::DIMENSION_TOUCHPOINT);
  }
  request.set_compare_previous(invocation.On("compare"));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::QueryMetricResponse>("MetricService/QueryMetric", request));
  return ShowMetric(invocation, answer);
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

absl::Status Nps(Invocation& invocation) {
  v1::GetNpsReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ReadRange(invocation, request);
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
             ", dismissed ", FormatCount(report.dismissed()), "\n\n", Distribution(report));
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

std::vector<Flag> RangeFlags() {
  return {{.name = "from", .placeholder = "DATE", .help = "First day, in the workspace's zone."},
          {.name = "to", .placeholder = "DATE", .help = "Day after the last."},
          {.name = "nightly",
           .placeholder = "",
           .help = "Only the published generation, without what came since."}};
}

std::vector<Flag> QueryFlags() {
  std::vector<Flag> flags = RangeFlags();
  flags.push_back({.name = "by",
                   .placeholder = "BUCKET",
                   .help = "Length of a bucket.",
                   .choices = "day|week|month|quarter|year"});
  flags.push_back({.name = "group-by",
                   .placeholder = "DIMENSION",
                   .help = "Up to two.",
                   .choices = "channel|touchpoint"});
  flags.push_back(
      {.name = "compare", .placeholder = "", .help = "Also the range of the same length before."});
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
                    "metrics query --workspace=shop csat --group-by=channel --from=2026-01-01"},
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
