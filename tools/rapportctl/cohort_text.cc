// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/cohort_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/text.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

// One line of the heat map: what stands in each column and how it is shaded.
struct HeatLine {
  struct Cell {
    std::string text;
    double shade = 0;
  };
  std::string title;
  std::string size;
  std::string predicted;  // Value of a customer; empty unless asked for.
  std::vector<Cell> cells;
};

std::string Percent(double share) { return FormatNumber(share * 100, 0); }
std::string Units(const v1::Money& money) {
  return FormatNumber(static_cast<double>(money.micros()) / 1e6, 0);
}

std::string CellText(const v1::ReturnCell& cell, HeatValue value) {
  const std::string mark = cell.incomplete() ? "*" : "";
  switch (value) {
    case HeatValue::kRate:
      return Cat(Percent(cell.rate()), mark);
    case HeatValue::kReturned:
      return Cat(FormatCount(cell.returned()), mark);
    case HeatValue::kRevenue:
      return cell.has_revenue_per_start() ? Cat(Units(cell.revenue_per_start()), mark)
                                          : std::string("-");
  }
  return "";
}

double Figure(const v1::ReturnCell& cell, HeatValue value) {
  return value == HeatValue::kRevenue ? static_cast<double>(cell.revenue_per_start().micros())
                                      : cell.rate();
}

// Period 0 may be everybody, so rates are shaded by the best later period.
double BestFigure(const v1::AnalyzeRetentionResponse& answer, HeatValue value) {
  double best = 0;
  for (const auto& cohort : answer.cohorts()) {
    for (const auto& cell : cohort.cells()) {
      if (cell.period() > 0 || value == HeatValue::kRevenue) {
        best = std::max(best, Figure(cell, value));
      }
    }
  }
  return best;
}

std::string ColumnTitle(const v1::ReturnCell& cell) {
  if (cell.period() == cell.last_period()) return Cat("+", cell.period());
  return Cat("+", cell.period(), "-", cell.last_period());
}

// Predicted value of a customer of the cohort who has one.
std::string PredictedText(const v1::RetentionCohort& cohort) {
  if (cohort.predicted_count() == 0) return "-";
  return FormatNumber(static_cast<double>(cohort.predicted_value().micros()) / 1e6 /
                          static_cast<double>(cohort.predicted_count()),
                      2);
}

std::vector<HeatLine> LinesOf(const v1::AnalyzeRetentionResponse& answer, HeatValue value) {
  const double best = BestFigure(answer, value);
  std::vector<HeatLine> lines;
  for (const auto& cohort : answer.cohorts()) {
    HeatLine& line = lines.emplace_back();
    line.title = Shorten(cohort.label(), 28);
    line.size = FormatCount(cohort.size());
    if (answer.question().predicted_value()) line.predicted = PredictedText(cohort);
    for (const auto& cell : cohort.cells()) {
      const double shade = best <= 0 ? 0 : std::min(1.0, Figure(cell, value) / best) * 0.9;
      line.cells.push_back({CellText(cell, value), shade});
    }
  }
  if (value == HeatValue::kReturned || answer.means().empty()) return lines;
  HeatLine& mean = lines.emplace_back();
  mean.title = "all, pooled";
  for (const auto& column : answer.means()) {
    mean.cells.push_back(
        {value == HeatValue::kRate ? Percent(column.pooled()) : Units(column.revenue_per_start()),
         0});
  }
  return lines;
}

std::vector<std::string> TitlesOf(const v1::AnalyzeRetentionResponse& answer) {
  std::vector<std::string> titles;
  for (const auto& cohort : answer.cohorts()) {
    for (int i = static_cast<int>(titles.size()); i < cohort.cells_size(); ++i) {
      titles.push_back(ColumnTitle(cohort.cells(i)));
    }
  }
  return titles;
}

std::string GranularityWord(v1::Granularity granularity) {
  return FormatEnum(v1::Granularity_Name(granularity), "GRANULARITY_");
}

std::string PartialText(bool partial, const Terminal& terminal) {
  return partial ? Cat(terminal.In(Paint::kYellow, "Partial: the time budget was over."), "\n")
                 : std::string();
}

std::string DaysText(bool known, double days) { return known ? FormatNumber(days, 1) : "-"; }

std::string ReactivationText(const v1::QueryStageTimesResponse& answer, const Terminal& terminal) {
  Table table({{"came back from"},
               {"entered", true},
               {Cat("within ", answer.reactivation_days(), " d"), true},
               {"share", true},
               {"95 %"},
               {"median days", true}});
  for (const auto& line : answer.reactivations()) {
    table.Add({StageText(line.stage()), FormatCount(line.entered()),
               FormatCount(line.reactivated()), FormatShare(line.rate()),
               Cat(FormatShare(line.interval().low()), " to ", FormatShare(line.interval().high())),
               DaysText(line.has_median_days(), line.median_days())});
  }
  return table.empty() ? "" : Cat("\n", table.Text(terminal));
}

}  // namespace

std::string RetentionText(const v1::AnalyzeRetentionResponse& answer, HeatValue value,
                          const Terminal& terminal) {
  const std::vector<HeatLine> lines = LinesOf(answer, value);
  const std::vector<std::string> titles = TitlesOf(answer);
  if (lines.empty()) return "Nobody started.\n";
  int title_width = 10, width = 5;
  for (const std::string& title : titles) width = std::max(width, DisplayWidth(title) + 1);
  for (const HeatLine& line : lines) {
    title_width = std::max(title_width, DisplayWidth(line.title));
    for (const auto& cell : line.cells) width = std::max(width, DisplayWidth(cell.text) + 1);
  }
  const bool predicted = answer.question().predicted_value();
  std::string text = Cat(Pad("cohort", title_width), "  ", Pad("starts", 9, true));
  if (predicted) text += Pad("predicted", 11, true);
  for (const std::string& title : titles) text += Pad(title, width, true);
  text = Cat(terminal.In(Paint::kBold, text), "\n");
  for (const HeatLine& line : lines) {
    text += Cat(Pad(line.title, title_width), "  ", Pad(line.size, 9, true));
    if (predicted) text += Pad(line.predicted, 11, true);
    for (const auto& cell : line.cells) {
      text += terminal.Shaded(cell.shade, Pad(cell.text, width, true));
    }
    text += "\n";
  }
  return Cat(text, PartialText(answer.partial(), terminal));
}

std::string GrowthText(const v1::QueryGrowthResponse& answer, const Terminal& terminal) {
  Table table({{GranularityWord(answer.granularity())},
               {"active", true},
               {"new", true},
               {"returning", true},
               {"resurrecting", true},
               {"went dormant", true},
               {"net", true},
               {"kept", true},
               {"quick ratio", true}});
  for (const auto& bucket : answer.buckets()) {
    const std::string date = Cat(bucket.start_date(), bucket.incomplete() ? "*" : "");
    if (bucket.after_range()) {
      table.Add({date, "", "", "", "", FormatCount(bucket.dormant()), "", "", ""});
      continue;
    }
    table.Add({date, FormatCount(bucket.active()), FormatCount(bucket.new_customers()),
               FormatCount(bucket.returning()), FormatCount(bucket.resurrecting()),
               FormatCount(bucket.dormant()), FormatCount(bucket.net_change()),
               bucket.has_kept_interval() ? FormatShare(bucket.kept_rate()) : "-",
               bucket.has_quick_ratio() ? FormatNumber(bucket.quick_ratio(), 2) : "-"});
  }
  return Cat(table.Text(terminal), PartialText(answer.partial(), terminal));
}

std::string StickinessText(const v1::QueryStickinessResponse& answer, const Terminal& terminal) {
  Table table({{Cat(GranularityWord(answer.granularity()), "s"), true},
               {"exactly", true},
               {"at least", true},
               {"share", true},
               {""}});
  for (const auto& row : answer.rows()) {
    table.Add({FormatCount(row.intervals()), FormatCount(row.exactly()),
               FormatCount(row.at_least()), FormatShare(row.cumulative_share()),
               terminal.In(Paint::kCyan, Bar(row.cumulative_share(), 30))});
  }
  return Cat(FormatCount(answer.active()), " customers active in ",
             FormatNumber(answer.mean_intervals(), 2), " of ", answer.interval_count(), " ",
             GranularityWord(answer.granularity()), "s on average\n", table.Text(terminal),
             PartialText(answer.partial(), terminal));
}

std::string StageTimesText(const v1::QueryStageTimesResponse& answer, const Terminal& terminal) {
  Table table({{"stage"},
               {"ended", true},
               {"running", true},
               {"mean days", true},
               {"median", true},
               {"p90", true},
               {"running for", true}});
  for (const auto& stage : answer.stages()) {
    table.Add({StageText(stage.stage()), FormatCount(stage.completed()),
               FormatCount(stage.running()), DaysText(stage.has_mean_days(), stage.mean_days()),
               DaysText(stage.has_median_days(), stage.median_days()),
               DaysText(stage.has_p90_days(), stage.p90_days()),
               DaysText(stage.has_running_mean_days(), stage.running_mean_days())});
  }
  Table flows({{"from"}, {"to"}, {"moves", true}});
  for (const auto& flow : answer.flows()) {
    flows.Add({StageText(flow.from_stage()), StageText(flow.to_stage()),
               FormatCount(flow.transition_count())});
  }
  return Cat(table.Text(terminal), flows.empty() ? "" : Cat("\n", flows.Text(terminal)),
             ReactivationText(answer, terminal), PartialText(answer.partial(), terminal));
}

}  // namespace rapport::ctl
