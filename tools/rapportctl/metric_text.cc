// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/metric_text.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "absl/strings/str_join.h"
#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kMostGroupsExplained = 8;

std::string ComparisonWord(v1::Comparison comparison) {
  return comparison == v1::COMPARISON_SAME_PERIOD_LAST_YEAR ? "last year" : "before";
}

std::string ComparedText(const v1::QueryMetricResponse& answer, int decimals) {
  std::string text;
  for (const auto& compared : answer.compared()) {
    const auto& series = compared.series();
    const bool one = series.points_size() == 1;
    if (!one && !series.has_whole()) continue;
    text = Cat(text, ComparisonWord(compared.comparison()), " (", compared.start_date(), " to ",
               compared.end_date(),
               "): ", PointText(one ? series.points(0) : series.whole(), decimals), "; change ",
               DifferenceText(compared.difference(), decimals), "\n");
  }
  return text;
}

std::string QuantilesText(const v1::MetricSeries& total, int decimals) {
  const auto& point = total.points_size() == 1 ? total.points(0) : total.whole();
  std::string text;
  for (const auto& quantile : point.quantiles()) {
    text = Cat(text, text.empty() ? "" : ", ", "p", FormatNumber(100 * quantile.quantile(), 0), " ",
               FormatNumber(quantile.value(), decimals));
  }
  return text.empty() ? text : Cat(text, "\n");
}

std::string StandingsText(const v1::QueryMetricResponse& answer) {
  std::string text;
  if (answer.has_goal()) {
    text = Cat("goal ", answer.goal().goal().goal(), ": ", answer.goal().summary(), "\n");
  }
  for (const auto& standing : answer.benchmarks()) {
    text = Cat(text, "among ", standing.industry(), " (", standing.source(), ", ", standing.date(),
               "): ", FormatEnum(v1::BenchmarkTier_Name(standing.tier()), "BENCHMARK_TIER_"), "\n");
  }
  return text;
}

std::string Quoted(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// Shortest text that reads back as the same number.
std::string Exact(double value) {
  char text[40];
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    double back = 0;
    std::sscanf(text, "%lf", &back);
    if (back == value) break;
  }
  return text;
}

void AddCsvPoints(const v1::MetricSeries& series, int dimensions, std::string& out) {
  for (const auto& point : series.points()) {
    for (int i = 0; i < dimensions; ++i) {
      const bool other = series.other() && i == 0;
      out += Quoted(other ? "(other)" : i < series.group_size() ? series.group(i) : "") + ",";
    }
    const auto& interval = point.interval();
    out += Cat(point.start_date(), ",", point.end_date(), ",", point.start_time(), ",",
               point.has_value() ? Exact(point.value()) : "", ",",
               point.has_interval() ? Exact(interval.low()) : "", ",",
               point.has_interval() ? Exact(interval.high()) : "", ",", Exact(point.numerator()),
               ",", Exact(point.denominator()), ",", point.sample_size(), ",",
               point.incomplete() ? "true" : "false", "\n");
  }
}

std::string TypesText(const google::protobuf::RepeatedField<int>& types,
                      const google::protobuf::RepeatedPtrField<std::string>& custom) {
  std::vector<std::string> words;
  for (const int type : types) {
    words.push_back(
        FormatEnum(v1::EventType_Name(static_cast<v1::EventType>(type)), "EVENT_TYPE_"));
  }
  words.insert(words.end(), custom.begin(), custom.end());
  return absl::StrJoin(words, ", ");
}

}  // namespace

std::string DifferenceText(const v1::Difference& difference, int decimals) {
  const std::string sign = difference.change() > 0 ? "+" : "";
  std::string text = Cat(sign, FormatNumber(difference.change(), decimals));
  if (difference.has_relative_change()) {
    const double percent = 100 * difference.relative_change();
    text = Cat(text, ", ", percent > 0 ? "+" : "", FormatNumber(percent, 1), " %");
  }
  if (difference.has_adjusted_p_value()) {
    char p[32];
    std::snprintf(p, sizeof p, "%.3g", difference.adjusted_p_value());
    text = Cat(text, ", p ", p, difference.significant() ? " significant" : "");
  }
  return text;
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

std::string GroupsText(const google::protobuf::RepeatedPtrField<v1::MetricSeries>& groups,
                       int decimals, const Terminal& terminal) {
  Table table({{"group"}, {"value", true}, {"interval"}, {"n", true}});
  std::string charts;
  for (const auto& series : groups) {
    const std::string title = series.other() ? "(other)" : absl::StrJoin(series.group(), ", ");
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

std::string MetricText(const v1::QueryMetricResponse& answer, const Terminal& terminal) {
  const auto& definition = answer.definition();
  const auto& total = answer.total();
  const int decimals = DecimalsOf(definition.unit());
  std::string text =
      terminal.In(Paint::kBold, Cat(definition.display_name(), UnitText(definition.unit())));
  if (total.points_size() == 1) text = Cat(text, "  ", PointText(total.points(0), decimals));
  if (total.points_size() != 1 && total.has_whole()) {
    text = Cat(text, "  ", PointText(total.whole(), decimals));
  }
  if (!answer.band().empty()) text = Cat(text, "  ", answer.band());
  text = Cat(text, "\n", terminal.In(Paint::kDim, definition.formula()), "\n");
  text = Cat(text, QuantilesText(total, decimals));
  if (total.points_size() > 1) {
    text = Cat(text, "\n", TrendChart(total.points(), decimals, terminal));
  }
  text = Cat(text, ComparedText(answer, decimals), GroupsText(answer.groups(), decimals, terminal),
             StandingsText(answer));
  return Cat(text, ContextText(answer.context(), terminal));
}

std::string MetricCsv(const v1::QueryMetricResponse& answer,
                      const google::protobuf::RepeatedPtrField<std::string>& group_by) {
  std::string out;
  for (const std::string& dimension : group_by) out += Quoted(dimension) + ",";
  out +=
      "start_date,end_date,start_time,value,low,high,numerator,denominator,sample_size,"
      "incomplete\n";
  AddCsvPoints(answer.total(), group_by.size(), out);
  for (const auto& series : answer.groups()) AddCsvPoints(series, group_by.size(), out);
  return out;
}

std::string DefinitionText(const v1::MetricDefinition& definition, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("formula", definition.formula());
  sheet.Add("kind", FormatEnum(v1::MetricKind_Name(definition.kind()), "METRIC_KIND_"));
  sheet.Add("events", TypesText(definition.numerator(), definition.numerator_custom_types()));
  sheet.Add("filter", definition.numerator_filter());
  sheet.Add("of events",
            TypesText(definition.denominator(), definition.denominator_custom_types()));
  sheet.Add("of filter", definition.denominator_filter());
  sheet.Add("less events", TypesText(definition.subtracted(), {}));
  if (definition.pairing().window_seconds() > 0) {
    sheet.Add("within", Cat(definition.pairing().window_seconds(), " s"));
  }
  sheet.Add("unit", FormatEnum(v1::MetricUnit_Name(definition.unit()), "METRIC_UNIT_"));
  sheet.Add("better", FormatEnum(v1::Direction_Name(definition.direction()), "DIRECTION_"));
  if (definition.minimum_sample() > 0) {
    sheet.Add("minimum sample",
              Cat(FormatCount(definition.minimum_sample()), " ", definition.sample_unit()));
  }
  std::vector<std::string> bands;
  for (const auto& band : definition.bands()) {
    bands.push_back(Cat("from ", FormatNumber(band.from(), 1), " ", band.label()));
  }
  sheet.Add("bands", absl::StrJoin(bands, ", "));
  sheet.Add("remarks", definition.remarks());
  sheet.Add("source", definition.source());
  sheet.Add("etag", definition.etag());
  return Cat(terminal.In(Paint::kBold, Cat(definition.metric(), "  ", definition.display_name())),
             definition.custom() ? "  (of the workspace)" : "", "\n", sheet.Text(terminal));
}

std::string ExplainText(const v1::ExplainChangeResponse& answer, int decimals,
                        const Terminal& terminal) {
  std::string text = Cat("before  ", PointText(answer.before(), decimals), "\nafter   ",
                         PointText(answer.after(), decimals), "\nchange  ",
                         DifferenceText(answer.difference(), decimals), "\n");
  for (const auto& explanation : answer.explanations()) {
    text = Cat(text, "\n", terminal.In(Paint::kBold, Cat("By ", explanation.dimension())),
               explanation.simpson() ? "  (the mix moved it)" : "", "\n", explanation.summary(),
               explanation.summary().empty() ? "" : "\n");
    Table table({{"group"},
                 {"before", true},
                 {"after", true},
                 {"itself", true},
                 {"its share", true},
                 {"effect", true}});
    for (int i = 0; i < std::min(kMostGroupsExplained, explanation.contributions_size()); ++i) {
      const auto& one = explanation.contributions(i);
      const std::string title = absl::StrJoin(one.group(), ", ");
      table.Add({title.empty() ? "(none)" : title,
                 one.has_before() ? FormatNumber(one.before(), decimals) : "-",
                 one.has_after() ? FormatNumber(one.after(), decimals) : "-",
                 FormatNumber(one.rate_effect(), decimals + 1),
                 FormatNumber(one.mix_effect(), decimals + 1),
                 FormatNumber(one.total_effect(), decimals + 1)});
    }
    text = Cat(text, table.Text(terminal));
  }
  return Cat(text, ContextText(answer.context(), terminal));
}

}  // namespace rapport::ctl
