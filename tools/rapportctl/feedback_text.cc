// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/feedback_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lib/base/text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/metric_text.h"

namespace rapport::ctl {
namespace {

constexpr v1::ScoreGroupKind kGroups[] = {
    v1::SCORE_GROUP_KIND_DETRACTOR, v1::SCORE_GROUP_KIND_PASSIVE, v1::SCORE_GROUP_KIND_PROMOTER};

// Line breaks and tabs would break the table.
std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c >= 0 && c < ' '; }, ' ');
  return text;
}

std::string ScoreText(const v1::Verbatim& verbatim) {
  return verbatim.has_score() ? Cat(verbatim.score(), "/", verbatim.scale()) : "";
}

std::string TypeText(v1::EventType type) {
  return FormatEnum(v1::EventType_Name(type), "EVENT_TYPE_");
}

std::string GroupText(v1::ScoreGroupKind group) {
  if (group == v1::SCORE_GROUP_KIND_UNSPECIFIED) return "no answer";
  return FormatEnum(v1::ScoreGroupKind_Name(group), "SCORE_GROUP_KIND_");
}

std::string MoneyText(bool is_set, const v1::Money& money) {
  return is_set ? FormatMoneyShort(money) : "-";
}

std::string TransitionsText(const v1::ScoreMovement& answer, const Terminal& terminal) {
  std::map<std::pair<int, int>, const v1::ScoreTransition*> cells;
  for (const v1::ScoreTransition& cell : answer.transitions()) {
    cells[{cell.from(), cell.to()}] = &cell;
  }
  Table table({{"from \\ to"}, {"detractor", true}, {"passive", true}, {"promoter", true}});
  for (const v1::ScoreGroupKind from : kGroups) {
    std::vector<std::string> row = {GroupText(from)};
    for (const v1::ScoreGroupKind to : kGroups) {
      const auto found = cells.find({from, to});
      row.push_back(found == cells.end() ? "-"
                                         : Cat(FormatCount(found->second->count()), " (",
                                               FormatNumber(found->second->share(), 1), " %)"));
    }
    table.Add(std::move(row));
  }
  return table.Text(terminal);
}

std::string GroupsTable(const v1::ScoreMovement& answer, const Terminal& terminal) {
  Table table({{"last answer"},
               {"customers", true},
               {"predicted value", true},
               {"95 %", true},
               {"to date", true},
               {"leave", true},
               {"leave >= 50 %", true}});
  for (const v1::ScoreGroup& group : answer.groups()) {
    table.Add(
        {GroupText(group.group()), FormatCount(group.customer_count()),
         MoneyText(group.has_mean_predicted_value(), group.mean_predicted_value()),
         FormatInterval(group.value_interval(), 2),
         MoneyText(group.has_mean_historic_value(), group.mean_historic_value()),
         group.has_mean_churn_probability() ? FormatShare(group.mean_churn_probability()) : "-",
         group.has_high_churn_share() ? Cat(FormatNumber(group.high_churn_share(), 1), " %")
                                      : "-"});
  }
  return table.Text(terminal);
}

std::string DifferenceLine(std::string_view name, const v1::Difference& difference, int decimals) {
  if (!difference.has_interval()) return Cat(name, ": ", difference.method(), "\n");
  const std::string range = FormatInterval(difference.interval(), decimals);
  return Cat(name, ": ", DifferenceText(difference, decimals), "  (95 %: ", range, "; ",
             difference.method(), ")\n");
}

}  // namespace

std::string VerbatimsText(const v1::ListVerbatimsResponse& answer, const Terminal& terminal) {
  Table table({{"time (UTC)"}, {"customer"}, {"type"}, {"score", true}, {"stage"}, {"words"}});
  for (const v1::Verbatim& verbatim : answer.verbatims()) {
    table.Add({FormatStamp(verbatim.event_time()), LastSegment(verbatim.customer()),
               TypeText(verbatim.type()), ScoreText(verbatim), verbatim.stage(),
               OneLine(verbatim.text())});
  }
  const std::string list = table.empty() ? "Nothing was said.\n" : table.Text(terminal);
  return Cat(list, "\n", ContextText(answer.context(), terminal));
}

std::string FollowUpsText(const v1::ListFollowUpsResponse& answer, const Terminal& terminal) {
  Table table({{"customer"},
               {"score", true},
               {"waiting", true},
               {"value", true},
               {"leave", true},
               {"stage"},
               {"words"}});
  for (const v1::FollowUp& follow_up : answer.follow_ups()) {
    table.Add(
        {LastSegment(follow_up.customer()), ScoreText(follow_up.answer()),
         Cat(FormatNumber(follow_up.waiting_days(), 1), " d"),
         MoneyText(follow_up.has_predicted_value(), follow_up.predicted_value()),
         follow_up.has_churn_probability() ? FormatShare(follow_up.churn_probability(), 0) : "-",
         follow_up.answer().stage(), OneLine(follow_up.answer().text())});
  }
  const std::string list = table.empty() ? "Nobody waits.\n" : table.Text(terminal);
  return Cat(list, "\n", FormatCount(answer.total_size()), " in all\n",
             ContextText(answer.context(), terminal));
}

std::string MovementText(const v1::ScoreMovement& answer, const Terminal& terminal) {
  std::string text = Cat(terminal.In(Paint::kBold, "Successive NPS answers"), "\n",
                         TransitionsText(answer, terminal));
  if (answer.has_mean_change()) {
    const std::string range = FormatInterval(answer.interval(), 2);
    text = Cat(text, "mean change ", FormatNumber(answer.mean_change(), 2),
               range.empty() ? "" : Cat("  (95 %: ", range, ")"), "\n");
  }
  text = Cat(text, "\n", terminal.In(Paint::kBold, "What groups are worth"), "\n",
             GroupsTable(answer, terminal), "\n",
             terminal.In(Paint::kBold, "Promoters less detractors"), "\n",
             DifferenceLine("predicted value", answer.value_difference(), 2),
             DifferenceLine("chance to leave", answer.churn_difference(), 3));
  return Cat(text, "\n", ContextText(answer.context(), terminal));
}

}  // namespace rapport::ctl
