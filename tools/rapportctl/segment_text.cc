// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/segment_text.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 20;
constexpr int kCellWidth = 12;

std::string MoneyText(bool is_set, const v1::Money& money) {
  return is_set ? FormatMoneyShort(money) : "-";
}

std::string KindText(const v1::Segment& segment) { return segment.has_list() ? "list" : "rule"; }

// "+3.2 %", or "-" when it is not known.
std::string GrowthText(bool is_set, double growth) {
  return is_set ? Cat(growth > 0 ? "+" : "", FormatShare(growth)) : "-";
}

void AddCheck(const v1::SegmentCheck& check, int depth, const Terminal& terminal,
              std::string& text) {
  const std::string indent(static_cast<size_t>(depth) * 2, ' ');
  const std::string sign =
      check.holds() ? terminal.In(Paint::kGreen, "+") : terminal.In(Paint::kRed, "-");
  text += Cat(indent, sign, " ", check.condition());
  if (!check.evidence().empty())
    text += terminal.In(Paint::kDim, Cat("  (", check.evidence(), ")"));
  if (check.has_next_change_time()) {
    text += terminal.In(Paint::kDim, Cat("  until ", FormatStamp(check.next_change_time())));
  }
  text += "\n";
  for (const v1::SegmentCheck& part : check.parts()) AddCheck(part, depth + 1, terminal, text);
}

// A line a recency score, 5 first; darker where more customers are.
std::string CellsText(const v1::RfmGrid& grid, const Terminal& terminal) {
  std::map<std::pair<int, int>, const v1::RfmGridCell*> cells;
  int64_t most = 1;
  for (const v1::RfmGridCell& cell : grid.cells()) {
    cells[{cell.recency_score(), cell.fm_score()}] = &cell;
    most = std::max(most, cell.customer_count());
  }
  std::string text = Pad("recency \\ FM", kCellWidth);
  for (int fm = 1; fm <= 5; ++fm) text += Pad(Cat(fm), kCellWidth, true);
  text += "\n";
  for (int recency = 5; recency >= 1; --recency) {
    text += Pad(Cat(recency), kCellWidth);
    for (int fm = 1; fm <= 5; ++fm) {
      const auto found = cells.find({recency, fm});
      const int64_t count = found == cells.end() ? 0 : found->second->customer_count();
      text += terminal.Shaded(static_cast<double>(count) / static_cast<double>(most),
                              Pad(FormatCount(count), kCellWidth, true));
    }
    text += "\n";
  }
  return text;
}

std::string PrioritiesText(const v1::SegmentComparison& comparison, const Terminal& terminal) {
  Table table({{"#", true},
               {"segment"},
               {"customers", true},
               {"of all", true},
               {"value", true},
               {"index", true},
               {"night", true},
               {"month", true},
               {"priority", true},
               {"why"}});
  for (const v1::SegmentPriority& priority : comparison.priorities()) {
    table.Add({Cat(priority.rank()), LastSegment(priority.segment()),
               FormatCount(priority.figures().customer_count()),
               FormatShare(priority.customer_share()), FormatShare(priority.value_share()),
               priority.has_value_index() ? FormatNumber(priority.value_index(), 2) : "-",
               GrowthText(priority.has_growth(), priority.growth()),
               GrowthText(priority.has_monthly_growth(), priority.monthly_growth()),
               FormatNumber(priority.priority(), 3), priority.reason()});
  }
  return table.Text(terminal);
}

std::string OverlapText(const v1::SegmentComparison& comparison, const Terminal& terminal) {
  Table table({{"first"},
               {"second"},
               {"both", true},
               {"jaccard", true},
               {"of first", true},
               {"of second", true},
               {"lift", true}});
  for (const v1::SegmentOverlap& overlap : comparison.overlaps()) {
    if (overlap.both_count() == 0) continue;
    table.Add({LastSegment(overlap.first()), LastSegment(overlap.second()),
               FormatCount(overlap.both_count()), FormatNumber(overlap.jaccard(), 3),
               overlap.has_share_of_first() ? FormatShare(overlap.share_of_first()) : "-",
               overlap.has_share_of_second() ? FormatShare(overlap.share_of_second()) : "-",
               overlap.has_lift() ? FormatNumber(overlap.lift(), 2) : "-"});
  }
  return table.empty() ? "No customer is in two of them.\n" : table.Text(terminal);
}

}  // namespace

std::string SegmentText(const v1::Segment& segment, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("segment", LastSegment(segment.name()));
  sheet.Add("name", segment.display_name());
  sheet.Add("description", segment.description());
  sheet.Add("kind", KindText(segment));
  if (segment.has_list()) sheet.Add("listed", FormatCount(segment.list().customer_count()));
  if (segment.has_figures()) {
    const v1::SegmentFigures& figures = segment.figures();
    sheet.Add("customers",
              Cat(FormatCount(figures.customer_count()), " of ", FormatCount(figures.universe())));
    sheet.Add("came in", FormatCount(figures.entered_count()));
    sheet.Add("went out", FormatCount(figures.left_count()));
    sheet.Add("value to date", FormatMoneyShort(figures.historic_value()));
    sheet.Add("predicted value", FormatMoneyShort(figures.predicted_value()));
    sheet.Add("as of", FormatStamp(figures.as_of()));
  }
  sheet.Add("changed", FormatStamp(segment.update_time()));
  sheet.Add("etag", segment.etag());
  std::string text = sheet.Text(terminal);
  if (segment.has_rule()) text += Cat("\n", segment.rule().DebugString());
  return text;
}

std::string SegmentsText(const v1::ListSegmentsResponse& answer, const Terminal& terminal) {
  Table table({{"segment"},
               {"kind"},
               {"customers", true},
               {"in", true},
               {"out", true},
               {"value to date", true},
               {"predicted", true},
               {"name"}});
  for (const v1::Segment& segment : answer.segments()) {
    const v1::SegmentFigures& figures = segment.figures();
    const bool known = segment.has_figures();
    table.Add({LastSegment(segment.name()), KindText(segment),
               known ? FormatCount(figures.customer_count()) : "-",
               known ? FormatCount(figures.entered_count()) : "-",
               known ? FormatCount(figures.left_count()) : "-",
               MoneyText(known, figures.historic_value()),
               MoneyText(known, figures.predicted_value()), segment.display_name()});
  }
  return table.empty() ? "No segments.\n" : table.Text(terminal);
}

std::string SegmentCountText(const v1::SegmentCount& count, const Terminal& terminal) {
  std::string line =
      Cat(FormatCount(count.customer_count()), " of ", FormatCount(count.universe()), " customers");
  if (count.has_share()) line += Cat(" (", FormatShare(count.share()), ")");
  if (count.partial()) line += ", so far";
  return Cat(terminal.In(Paint::kBold, line), "\n", ContextText(count.context(), terminal));
}

std::string SegmentCustomersText(
    const google::protobuf::RepeatedPtrField<v1::SegmentCustomer>& customers,
    const Terminal& terminal) {
  Table table({{"customer"}, {"predicted", true}, {"to date", true}, {"stage"}, {"RFM"}});
  for (const v1::SegmentCustomer& customer : customers) {
    table.Add({LastSegment(customer.customer()),
               MoneyText(customer.has_predicted_value(), customer.predicted_value()),
               MoneyText(customer.has_historic_value(), customer.historic_value()),
               customer.stage() == v1::LIFECYCLE_STAGE_UNSPECIFIED
                   ? "-"
                   : FormatEnum(v1::LifecycleStage_Name(customer.stage()), "LIFECYCLE_STAGE_"),
               customer.rfm_segment()});
  }
  return table.empty() ? "Nobody.\n" : table.Text(terminal);
}

std::string SegmentChangesText(const v1::ListSegmentChangesResponse& answer,
                               const Terminal& terminal) {
  Table table({{"when (UTC)"}, {"customer"}, {""}, {"night"}});
  for (const v1::SegmentChange& change : answer.changes()) {
    table.Add({Cat(FormatStamp(change.change_time()), change.exact() ? "" : " or before"),
               LastSegment(change.customer()),
               FormatEnum(v1::SegmentChangeKind_Name(change.kind()), "SEGMENT_CHANGE_KIND_"),
               FormatStamp(change.night())});
  }
  const std::string list = table.empty() ? "Nobody came or went.\n" : table.Text(terminal);
  return Cat(list, "\n", ContextText(answer.context(), terminal));
}

std::string SegmentTestText(const v1::SegmentTest& answer, const Terminal& terminal) {
  std::string text = terminal.In(Paint::kBold, answer.member() ? "belongs" : "does not belong");
  text += "\n";
  AddCheck(answer.check(), 0, terminal, text);
  return Cat(text, "\n", ContextText(answer.context(), terminal));
}

std::string RfmGridText(const v1::RfmGrid& grid, const Terminal& terminal) {
  Table table({{"segment"},
               {"customers", true},
               {"share", true},
               {"revenue", true},
               {"share", true},
               {"mean", true},
               {"predicted", true},
               {"what to do"}});
  for (const v1::RfmGridSegment& segment : grid.segments()) {
    table.Add({segment.title(), FormatCount(segment.customer_count()),
               FormatShare(segment.customer_share()), FormatMoneyShort(segment.revenue()),
               FormatShare(segment.revenue_share()),
               MoneyText(segment.has_mean_revenue(), segment.mean_revenue()),
               MoneyText(segment.has_mean_predicted_value(), segment.mean_predicted_value()),
               segment.action()});
  }
  return Cat(CellsText(grid, terminal), "\n", table.Text(terminal), "\n",
             ContextText(grid.context(), terminal));
}

std::string ClustersText(const v1::ClusterReport& report, const Terminal& terminal) {
  Table table(
      {{"customers", true}, {"share", true}, {""}, {"revenue", true}, {"clear", true}, {"what"}});
  for (const v1::Cluster& cluster : report.clusters()) {
    table.Add({FormatCount(cluster.customer_count()), FormatShare(cluster.share()),
               Bar(cluster.share(), kBarWidth), FormatMoneyShort(cluster.revenue()),
               FormatNumber(cluster.silhouette(), 2), cluster.description()});
  }
  std::vector<Table::Column> columns = {{"typical"}, {"all", true}};
  for (int c = 0; c < report.clusters_size(); ++c) columns.push_back({Cat("group ", c + 1), true});
  Table means(std::move(columns));
  for (int f = 0; f < report.features_size(); ++f) {
    std::vector<std::string> row = {report.features(f).feature(),
                                    FormatNumber(report.features(f).typical(), 2)};
    for (const v1::Cluster& cluster : report.clusters()) {
      row.push_back(f < cluster.means_size() ? FormatNumber(cluster.means(f).typical(), 2) : "-");
    }
    means.Add(std::move(row));
  }
  std::string trials;
  for (const v1::ClusterTrial& trial : report.trials()) {
    trials += Cat(trials.empty() ? "silhouette by number of groups: " : ", ", trial.clusters(),
                  ": ", FormatNumber(trial.silhouette(), 3), trial.chosen() ? "*" : "");
  }
  return Cat(table.Text(terminal), "\n", means.Text(terminal), "\n", trials, "\n",
             ContextText(report.context(), terminal));
}

std::string SegmentComparisonText(const v1::SegmentComparison& comparison,
                                  const Terminal& terminal) {
  return Cat(PrioritiesText(comparison, terminal), "\n", OverlapText(comparison, terminal), "\n",
             ContextText(comparison.context(), terminal));
}

}  // namespace rapport::ctl
