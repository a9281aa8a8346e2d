// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/journey_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_join.h"
#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/metric_text.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 28;
constexpr int kShareDecimals = 1;

std::string Share(double share, int64_t of) { return of == 0 ? "-" : FormatShare(share); }

// "38.1 to 41.6 %".
std::string ShareRange(const v1::Interval& interval) {
  if (interval.level() == 0) return "";
  return Cat(FormatNumber(interval.low() * 100, kShareDecimals), " to ",
             FormatNumber(interval.high() * 100, kShareDecimals), " %");
}

// A difference of shares, in percentage points.
std::string PointsText(const v1::Difference& difference) {
  std::string text = Cat(difference.change() >= 0 ? "+" : "",
                         FormatNumber(difference.change() * 100, kShareDecimals), " points");
  if (difference.has_adjusted_p_value()) {
    char p[32];
    std::snprintf(p, sizeof p, "%.2g", difference.adjusted_p_value());
    text += Cat(", p ", p, difference.significant() ? ", significant" : "");
  }
  return text;
}

std::string TimeText(const v1::ConversionTime& time) {
  if (time.count() == 0) return "-";
  if (!time.has_median_seconds()) return Cat("mean ", FormatSeconds(time.mean_seconds()));
  return FormatSeconds(time.median_seconds());
}

std::string StepsTable(const v1::FunnelResult& result, const Terminal& terminal) {
  Table table({{"", true},
               {"step"},
               {""},
               {"count", true},
               {"of start", true},
               {"of previous", true},
               {"95 %", true},
               {"lost", true},
               {"median time", true}});
  for (int i = 0; i < result.steps_size(); ++i) {
    const v1::FunnelStepResult& step = result.steps(i);
    const double share = result.entered() == 0 ? 0 : step.conversion_from_start();
    table.Add({Cat(i + 1), Cat(step.name(), step.optional() ? " (optional)" : ""),
               Pad(Bar(share, kBarWidth), kBarWidth), FormatCount(step.count()),
               Share(step.conversion_from_start(), result.entered()),
               i == 0 ? "" : Share(step.conversion_from_previous(), result.entered()),
               i == 0 ? "" : ShareRange(step.conversion_from_previous_interval()),
               i == 0 || step.optional() ? "" : FormatCount(step.dropped()),
               i == 0 ? "" : TimeText(step.time_from_previous())});
  }
  return table.Text(terminal);
}

std::string GroupsTable(const v1::QueryFunnelResponse& answer, const Terminal& terminal) {
  Table table({{"group"},
               {"entered", true},
               {"completed", true},
               {"conversion", true},
               {"95 %", true},
               {"median time", true}});
  for (const v1::FunnelResult& group : answer.groups()) {
    table.Add({group.group(), FormatCount(group.entered()), FormatCount(group.completed()),
               Share(group.conversion(), group.entered()), ShareRange(group.conversion_interval()),
               TimeText(group.completion_time())});
  }
  return table.Text(terminal);
}

std::string ComparisonTable(const v1::QueryFunnelResponse& answer, const Terminal& terminal) {
  Table table({{"group"}, {"step", true}, {"from the first step"}, {"from the step before"}});
  for (const v1::FunnelComparison& comparison : answer.comparisons()) {
    table.Add({comparison.group().empty() ? "all" : comparison.group(), Cat(comparison.step()),
               PointsText(comparison.from_start()), PointsText(comparison.from_previous())});
  }
  return table.Text(terminal);
}

std::string BinsTable(const v1::ConversionTime& time, const Terminal& terminal) {
  int64_t most = 1;
  for (const v1::TimeBin& bin : time.bins()) most = std::max(most, bin.count());
  Table table({{"from", true}, {""}, {"count", true}});
  for (const v1::TimeBin& bin : time.bins()) {
    const double share = static_cast<double>(bin.count()) / static_cast<double>(most);
    table.Add({FormatSeconds(bin.from_seconds()), Pad(Bar(share, kBarWidth), kBarWidth),
               FormatCount(bin.count())});
  }
  return table.Text(terminal);
}

std::string Title(std::string_view text, const Terminal& terminal) {
  return Cat(terminal.In(Paint::kBold, text), "\n");
}

std::string GroupLine(std::string_view name, const v1::EffectGroup& group) {
  return Cat(name, ": ", FormatCount(group.customers()), " customers, ",
             FormatCount(group.matched()), " matched, ", FormatCount(group.with_outcome()),
             " with the outcome (", FormatShare(group.rate()), "; weighted ",
             FormatShare(group.weighted_rate()), ")\n");
}

}  // namespace

std::string FormatSeconds(double seconds) {
  constexpr double kMinute = 60, kHour = 3600, kDay = 86'400;
  if (seconds < 2 * kMinute) return Cat(FormatNumber(seconds, 0), " s");
  if (seconds < 2 * kHour) return Cat(FormatNumber(seconds / kMinute, 1), " min");
  if (seconds < 2 * kDay) return Cat(FormatNumber(seconds / kHour, 1), " h");
  return Cat(FormatNumber(seconds / kDay, 1), " d");
}

std::string FunnelText(const v1::QueryFunnelResponse& answer, bool times,
                       const Terminal& terminal) {
  const v1::FunnelResult& total = answer.total();
  std::string text = StepsTable(total, terminal);
  text += Cat("\n", FormatCount(total.completed()), " of ", FormatCount(total.entered()),
              " completed: ", Share(total.conversion(), total.entered()),
              "  (95 %: ", ShareRange(total.conversion_interval()), ")");
  if (total.completion_time().count() > 0) {
    text += Cat("; median ", FormatSeconds(total.completion_time().median_seconds()), ", 90 % in ",
                FormatSeconds(total.completion_time().p90_seconds()));
  }
  text += "\n";
  if (answer.groups_size() > 0) text += Cat("\n", GroupsTable(answer, terminal));
  if (answer.comparisons_size() > 0) {
    text +=
        Cat("\n",
            Title(Cat("Against ", answer.compared_start_date(), " to ", answer.compared_end_date()),
                  terminal),
            ComparisonTable(answer, terminal));
  }
  if (times && total.completion_time().bins_size() > 0) {
    text += Cat("\n", Title("Time to complete", terminal),
                BinsTable(total.completion_time(), terminal));
  }
  return Cat(text, "\n");
}

std::string FunnelCustomersText(const v1::ListFunnelCustomersResponse& answer,
                                const Terminal& terminal) {
  Table table({{"customer"}, {"began (UTC)"}, {"got furthest (UTC)"}, {"step", true}});
  for (const v1::FunnelCustomer& customer : answer.customers()) {
    table.Add({LastSegment(customer.customer()), FormatStamp(customer.start_time()),
               FormatStamp(customer.reach_time()), Cat(customer.furthest_step())});
  }
  const std::string list = table.empty() ? "Nobody.\n" : table.Text(terminal);
  return Cat(list, "\n", FormatCount(answer.total_size()), " in all\n");
}

std::string PainPointsText(const v1::FindPainPointsResponse& answer, const Terminal& terminal) {
  std::string text;
  for (const v1::PainPoint& point : answer.pain_points()) {
    text += Title(Cat(point.transition(), ": ", FormatCount(point.lost()), " of ",
                      FormatCount(point.reached()), " lost"),
                  terminal);
    text += Cat(Share(point.conversion(), point.reached()),
                " go on  (95 %: ", ShareRange(point.conversion_interval()), ")");
    if (point.has_against_others()) {
      text += Cat("; against the other steps ", PointsText(point.against_others()));
    }
    text += "\n";
    Table table({{"dimension"},
                 {"value"},
                 {"reached", true},
                 {"go on", true},
                 {"others", true},
                 {"lift", true},
                 {"difference"}});
    for (const v1::SeparatingValue& value : point.values()) {
      table.Add({value.dimension(), value.value(), FormatCount(value.reached()),
                 FormatShare(value.conversion()), FormatShare(value.other_conversion()),
                 value.has_lift() ? FormatNumber(value.lift(), 2) : "-",
                 PointsText(value.difference())});
    }
    text += table.empty() ? "\n" : Cat(table.Text(terminal), "\n");
  }
  return Cat(text, FormatCount(answer.test_count()), " tests, corrected together\n\n");
}

std::string PathsText(const v1::QueryPathsResponse& answer, const Terminal& terminal) {
  Table table({{"paths", true}, {"share", true}, {""}, {"path"}});
  for (const v1::PathCount& path : answer.paths()) {
    table.Add({FormatCount(path.count()), FormatShare(path.share()),
               Pad(Bar(path.share(), kBarWidth / 2), kBarWidth / 2),
               absl::StrJoin(path.labels(), " > ")});
  }
  std::string text = table.empty() ? "No paths.\n" : table.Text(terminal);
  Table edges({{"place", true}, {"from"}, {"to"}, {"paths", true}, {"of those there", true}});
  for (const v1::PathEdge& edge : answer.edges()) {
    edges.Add({Cat(edge.place()), edge.from(), edge.to(), FormatCount(edge.count()),
               FormatShare(edge.share())});
  }
  if (!edges.empty()) text += Cat("\n", Title("Flows", terminal), edges.Text(terminal));
  return Cat(text, "\n", FormatCount(answer.path_count()), " paths, ",
             FormatCount(answer.distinct_count()), " different, depth ", answer.depth(), "\n");
}

std::string EffectText(const v1::QueryStepEffectResponse& answer, const Terminal& terminal) {
  std::string text = Cat(GroupLine("step", answer.step()), GroupLine("control", answer.control()));
  text += Cat("before matching: ", PointsText(answer.unmatched()), "\n",
              "matched: ", terminal.In(Paint::kBold, PointsText(answer.matched())));
  if (answer.matched().has_interval()) {
    text += Cat("  (95 %: ", ShareRange(answer.matched().interval()), ")");
  }
  text += Cat("; ", FormatCount(answer.strata()), " strata\n\n");
  Table table({{"before the step"},
               {"step", true},
               {"control", true},
               {"d before", true},
               {"d matched", true}});
  for (const v1::EffectBalance& balance : answer.balance()) {
    table.Add({balance.measure(), FormatNumber(balance.step_mean(), 1),
               FormatNumber(balance.control_mean(), 1),
               FormatNumber(balance.standardized_before(), 2),
               FormatNumber(balance.standardized_after(), 2)});
  }
  return Cat(text, table.Text(terminal), "\n", answer.reading(), "\n\n");
}

}  // namespace rapport::ctl
