// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/framework_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 16;
constexpr double kSecondsPerDay = 86'400;

std::string EvidenceText(const v1::StageEvidence& evidence) {
  const bool plain = evidence.minimum_count() <= 1;
  return Cat(plain ? std::string() : Cat(evidence.minimum_count(), " x "), evidence.filter(),
             evidence.window_days() == 0 || plain
                 ? std::string()
                 : Cat(" within ", evidence.window_days(), " days"));
}

std::string ExitText(const v1::StageExit& exit) {
  std::string text;
  if (exit.has_evidence()) {
    text = EvidenceText(exit.evidence());
  } else {
    text = Cat(exit.silence_days(), " days without ",
               exit.silence_filter().empty() ? std::string("activity") : exit.silence_filter());
  }
  return Cat(text, exit.to_stage().empty() ? std::string(" > leaves")
                                           : Cat(" > back to ", exit.to_stage()));
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += Cat(text.empty() ? "" : ", ", word);
  return text;
}

std::string GoalText(const v1::StageGoal& goal) {
  std::string text;
  if (goal.share() > 0) {
    text =
        Cat(FormatShare(goal.share()), " go on",
            goal.within_days() > 0 ? Cat(" within ", goal.within_days(), " days") : std::string());
  }
  if (goal.dwell_days() > 0) {
    text += Cat(text.empty() ? "" : ", ", "half stay at most ", FormatNumber(goal.dwell_days(), 1),
                " days");
  }
  return text;
}

std::string Days(double seconds) { return FormatNumber(seconds / kSecondsPerDay, 1); }

// Names for people by id; outside has its own word.
class Names {
 public:
  explicit Names(const v1::FrameworkReport& report) {
    for (const auto& stage : report.stages()) names_[stage.stage()] = stage.display_name();
  }
  std::string Of(const std::string& stage) const {
    const auto found = names_.find(stage);
    return found == names_.end() ? "(outside)" : found->second;
  }

 private:
  std::map<std::string, std::string> names_;
};

std::string StagesText(const v1::FrameworkReport& report, const Terminal& terminal) {
  Table table({{"stage"},
               {"now", true},
               {"entered", true},
               {""},
               {"went on", true},
               {"95 %"},
               {"median days", true},
               {"p90", true},
               {"back", true},
               {"lost", true}});
  int64_t most = 1;
  for (const auto& stage : report.stages()) most = std::max(most, stage.entrant_count());
  for (const auto& stage : report.stages()) {
    const bool border = stage.stage() == report.expansion().border_stage();
    const bool known = stage.has_conversion();
    const v1::Interval& interval = stage.conversion_interval();
    const double share = static_cast<double>(stage.entrant_count()) / static_cast<double>(most);
    table.Add({Cat(border ? "> " : "  ", stage.display_name()), FormatCount(stage.customer_count()),
               FormatCount(stage.entrant_count()), terminal.In(Paint::kCyan, Bar(share, kBarWidth)),
               known ? FormatShare(stage.conversion()) : "-",
               known ? Cat(FormatNumber(100 * interval.low(), 1), " to ",
                           FormatNumber(100 * interval.high(), 1))
                     : "",
               stage.dwell().has_median_seconds() ? Days(stage.dwell().median_seconds()) : "-",
               stage.dwell().has_p90_seconds() ? Days(stage.dwell().p90_seconds()) : "-",
               FormatCount(stage.reversal_count()), FormatCount(stage.leak().lost_count())});
  }
  return table.Text(terminal);
}

std::string FlowText(const v1::FrameworkReport& report, const Names& names,
                     const Terminal& terminal) {
  std::vector<const v1::FrameworkFlow*> flows;
  int64_t most = 1;
  for (const auto& flow : report.flows()) {
    flows.push_back(&flow);
    most = std::max(most, flow.move_count());
  }
  std::stable_sort(flows.begin(), flows.end(),
                   [](const auto* a, const auto* b) { return a->move_count() > b->move_count(); });
  Table table({{"from"}, {"to"}, {"how"}, {"moves", true}, {""}});
  for (const auto* flow : flows) {
    const bool back = flow->kind() == v1::MOVE_KIND_REVERSAL || flow->kind() == v1::MOVE_KIND_LOOP;
    const bool out = flow->to_stage().empty();
    const double share = static_cast<double>(flow->move_count()) / static_cast<double>(most);
    table.Add({names.Of(flow->from_stage()), names.Of(flow->to_stage()), MoveText(flow->kind()),
               FormatCount(flow->move_count()),
               terminal.In(out    ? Paint::kRed
                           : back ? Paint::kYellow
                                  : Paint::kGreen,
                           Bar(share, kBarWidth))});
  }
  return table.empty() ? "" : Cat("\n", table.Text(terminal));
}

std::string ExpansionText(const v1::ValueExpansion& expansion, const Names& names) {
  std::string text =
      Cat("\nPast the border (from ", names.Of(expansion.border_stage()),
          " on): ", FormatCount(expansion.expansion_count()), " of ",
          FormatCount(expansion.creation_count() + expansion.expansion_count()), " customers");
  if (expansion.has_customer_share()) {
    text += Cat(", ", FormatShare(expansion.customer_share()));
  }
  text += Cat("; worth ", FormatMoneyShort(expansion.expansion_value()), ", before it ",
              FormatMoneyShort(expansion.creation_value()));
  if (expansion.has_revenue_share()) {
    text += Cat("; ", FormatShare(expansion.revenue_share()), " of the window's revenue");
  }
  return text + "\n";
}

std::string LeakText(const v1::FrameworkReport& report, const Names& names) {
  std::string text;
  for (const auto& stage : report.stages()) {
    const v1::StageLeak& leak = stage.leak();
    if (stage.stage() != report.biggest_leak() && stage.stage() != report.biggest_value_leak()) {
      continue;
    }
    text += Cat("Leak: ", names.Of(stage.stage()), " lost ", FormatCount(leak.lost_count()),
                " customers who paid ", FormatMoneyShort(leak.lost_value()),
                " in the year before; ", FormatMoneyShort(leak.value_at_stake()), " at stake\n");
  }
  return text;
}

std::string ActionsText(const v1::FrameworkReport& report, const Names& names) {
  std::string text;
  for (const auto& action : report.actions()) {
    text += Cat(text.empty() ? "\n" : "",
                "Act: ", action.owner().empty() ? "(no owner)" : action.owner(), ", at ",
                names.Of(action.stage()), ": ", action.reason(), "\n");
  }
  return text;
}

}  // namespace

std::string MoveText(v1::MoveKind kind) {
  return FormatEnum(v1::MoveKind_Name(kind), "MOVE_KIND_");
}

std::string FrameworkText(const v1::Framework& framework, const Terminal& terminal) {
  Sheet head;
  head.Add("framework", framework.framework());
  head.Add("name", framework.display_name());
  head.Add("for", framework.description());
  head.Add("source", framework.source());
  head.Add(
      "re-entry",
      FormatEnum(v1::ReentryRule_Name(std::max(framework.reentry(), v1::REENTRY_RULE_ANY_STAGE)),
                 "REENTRY_RULE_"));
  head.Add("border", framework.border_stage());
  head.Add("etag", framework.etag());
  std::string text = head.Text(terminal);
  for (const auto& stage : framework.stages()) {
    text += Cat("\n", terminal.In(Paint::kBold, stage.display_name()), " (", stage.stage(),
                stage.phase().empty() ? "" : ", ", stage.phase(),
                stage.skippable() ? ", may be skipped" : "", ")\n");
    Sheet sheet;
    sheet.Add("  owners", Joined(stage.owners()));
    sheet.Add("  touchpoints", Joined(stage.touchpoints()));
    for (const auto& entry : stage.entry()) sheet.Add("  shown by", EvidenceText(entry));
    for (const auto& exit : stage.exits()) sheet.Add("  ended by", ExitText(exit));
    sheet.Add("  goal", GoalText(stage.goal()));
    text += sheet.Text(terminal);
  }
  Table ways({{"from"}, {"to"}, {"how"}, {"by"}});
  for (const auto& way : framework.transitions()) {
    ways.Add({way.from_stage(), way.to_stage(), MoveText(way.kind()),
              way.has_evidence() ? EvidenceText(way.evidence()) : "what shows the stage"});
  }
  return ways.empty() ? text : Cat(text, "\n", ways.Text(terminal));
}

std::string JourneyText(const v1::CustomerJourney& journey, const Terminal& terminal) {
  std::string text = terminal.In(Paint::kBold, journey.display_name());
  if (journey.current_stage().empty()) return Cat(text, ": not in it\n");
  std::string here = journey.current_stage();
  text += Cat(": ", here, " since ", FormatStamp(journey.since()), ", ", journey.why());
  if (journey.has_expire_time()) {
    text += Cat("; silence ends it on ", FormatStamp(journey.expire_time()));
  }
  text += "\n";
  Table table({{"entered (UTC)"}, {"days", true}, {"stage"}, {"evidence", true}, {"why"}});
  for (const auto& visit : journey.visits()) {
    table.Add(
        {FormatStamp(visit.enter_time()),
         Cat(Days(static_cast<double>(visit.dwell_seconds())), visit.has_leave_time() ? "" : "+"),
         visit.stage(), FormatCount(visit.evidence_count()), visit.why()});
  }
  return Cat(text, table.Text(terminal));
}

std::string FrameworkReportText(const v1::FrameworkReport& report, const Terminal& terminal) {
  const Names names(report);
  std::string text =
      Cat(terminal.In(Paint::kBold, report.display_name()), ", ", report.context().start_date(),
          " to before ", report.context().end_date(), ": ", FormatCount(report.customer_count()),
          " customers in it, ", FormatCount(report.left_customer_count()), " left\n",
          StagesText(report, terminal), FlowText(report, names, terminal));
  if (report.has_expansion()) text += ExpansionText(report.expansion(), names);
  return Cat(text, LeakText(report, names), ActionsText(report, names), "\n");
}

}  // namespace rapport::ctl
