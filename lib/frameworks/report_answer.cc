// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/base/text.h"
#include "lib/frameworks/report.h"
#include "lib/math/stats.h"

namespace rapport::frameworks {
namespace {

using metrics::Int128;

constexpr double kConfidence = 0.95;
constexpr double kSecondsPerDay = 86'400;

void SetMoney(Int128 micros, const std::string& currency, v1::Money* out) {
  out->set_micros(static_cast<int64_t>(micros));
  out->set_currency(currency);
}

void SetInterval(const math::Interval& from, std::string_view method, v1::Interval* out) {
  out->set_low(from.low);
  out->set_high(from.high);
  out->set_level(kConfidence);
  out->set_method(std::string(method));
}

// The share and its interval; false without trials.
struct Share {
  double value = 0;
  math::Interval interval;
};
std::optional<Share> ShareOf(int64_t successes, int64_t trials) {
  if (trials == 0) return std::nullopt;
  const auto interval = math::WilsonInterval(static_cast<uint64_t>(successes),
                                             static_cast<uint64_t>(trials), kConfidence);
  return Share{static_cast<double>(successes) / static_cast<double>(trials), *interval};
}

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

// Stage of the largest figure > 0; the first of equal ones. "" if none is.
template <typename Figure>
std::string LargestStage(const v1::FrameworkReport& report, Figure figure) {
  int64_t largest = 0;
  std::string stage;
  for (const v1::FrameworkStageReport& each : report.stages()) {
    if (figure(each) <= largest) continue;
    largest = figure(each);
    stage = each.stage();
  }
  return stage;
}

std::string GoalReason(const v1::FrameworkStageReport& stage, const v1::StageGoal& goal) {
  const v1::StageGoalResult& result = stage.goal();
  return Cat(Percent(result.share()), " of ", result.eligible_count(), " customers went on",
             goal.within_days() > 0 ? Cat(" within ", goal.within_days(), " days") : std::string(),
             ", the goal is ", Percent(goal.share()), " (95 % interval ",
             Percent(result.interval().low()), " to ", Percent(result.interval().high()), ")");
}

std::string LeakReason(const v1::FrameworkStageReport& stage) {
  const v1::StageLeak& leak = stage.leak();
  return Cat("no other stage loses more customers: ", leak.lost_count(),
             " left from here and did not come back (", leak.expired_count(), " of ",
             leak.left_count(), " visits ended by silence); ", stage.entrant_count(),
             " entered in the same time");
}

void AddAction(const v1::FrameworkStageReport& stage, v1::ActionCause cause, std::string reason,
               int64_t customers, std::vector<v1::FrameworkAction>& actions) {
  v1::FrameworkAction& action = actions.emplace_back();
  action.set_stage(stage.stage());
  if (!stage.owners().empty()) action.set_owner(stage.owners(0));
  action.set_cause(cause);
  action.set_reason(std::move(reason));
  action.set_customer_count(customers);
}

void AddGoalActions(const v1::FrameworkStageReport& stage, const v1::StageGoal& goal,
                    std::vector<v1::FrameworkAction>& actions) {
  const v1::StageGoalResult& result = stage.goal();
  if (result.state() != v1::GOAL_STATE_MISSED) return;
  if (goal.share() > 0 && result.has_share() && result.interval().high() < goal.share()) {
    const double missing =
        (goal.share() - result.share()) * static_cast<double>(result.eligible_count());
    AddAction(stage, v1::ACTION_CAUSE_GOAL_MISSED, GoalReason(stage, goal), std::llround(missing),
              actions);
  }
  if (goal.dwell_days() > 0 && result.has_dwell_days() && result.dwell_days() > goal.dwell_days()) {
    AddAction(stage, v1::ACTION_CAUSE_DWELL_TOO_LONG,
              absl::StrFormat("half of %d visits lasted %.1f days or longer, the goal is %.1f",
                              stage.dwell().visit_count(), result.dwell_days(), goal.dwell_days()),
              stage.customer_count(), actions);
  }
}

}  // namespace

v1::FrameworkReport ReportSums::Answer() const {
  v1::FrameworkReport report;
  report.set_framework(framework_.definition().framework());
  report.set_display_name(framework_.definition().display_name());
  for (StageNo stage = 1; stage <= framework_.stage_count(); ++stage) {
    *report.add_stages() = StageAnswer(stage);
  }
  for (const auto& [key, count] : flows_) {
    v1::FrameworkFlow& flow = *report.add_flows();
    flow.set_from_stage(framework_.IdOf(std::get<0>(key)));
    flow.set_to_stage(framework_.IdOf(std::get<1>(key)));
    flow.set_kind(std::get<2>(key));
    flow.set_move_count(count);
  }
  report.set_customer_count(inside_);
  report.set_left_customer_count(outside_);
  report.set_reversal_count(reversals_);
  report.set_loop_count(loops_);
  report.set_skip_count(skips_);
  report.set_reentry_count(reentries_);
  AnswerLeaks(report);
  if (framework_.border() != kOutside) *report.mutable_expansion() = ExpansionAnswer();
  AddActions(framework_.definition(), report);
  report.mutable_context()->set_sample_size(sample_);
  if (unrated_ > 0) {
    report.mutable_context()->add_notes(
        Cat(unrated_, " orders or refunds without an exchange rate are left out of values."));
  }
  return report;
}

v1::FrameworkStageReport ReportSums::StageAnswer(StageNo number) const {
  const StageSums& stage = stages_[number - 1U];
  const v1::FrameworkStage& text = framework_.text(number);
  const std::string currency = UnpackCurrency(framework_.scope().base_currency);
  v1::FrameworkStageReport answer;
  answer.set_stage(text.stage());
  answer.set_display_name(text.display_name());
  answer.set_phase(text.phase());
  *answer.mutable_owners() = text.owners();
  answer.set_customer_count(stage.now);
  answer.set_entrant_count(stage.entrants);
  answer.set_visit_count(stage.visits);
  answer.set_went_on_count(stage.went_on);
  answer.set_to_next_count(stage.to_next);
  const bool last = number == framework_.stage_count();
  if (const auto share = ShareOf(stage.went_on, stage.entrants); share && !last) {
    answer.set_conversion(share->value);
    SetInterval(share->interval, "wilson", answer.mutable_conversion_interval());
  }
  v1::StageDwell& dwell = *answer.mutable_dwell();
  dwell.set_visit_count(stage.dwell.count());
  const auto median = stage.dwell.Quantile(0.5);
  const auto p90 = stage.dwell.Quantile(0.9);
  if (median && p90) {
    dwell.set_median_seconds(median->value);
    dwell.set_p90_seconds(p90->value);
    dwell.set_relative_error(std::max(median->relative_error, p90->relative_error));
  }
  answer.set_reversal_count(stage.reversals);
  answer.set_skipped_count(stage.skipped);
  answer.set_loop_count(stage.loops);
  answer.set_reentry_count(stage.reentries);
  v1::StageLeak& leak = *answer.mutable_leak();
  leak.set_left_count(stage.left);
  leak.set_expired_count(stage.expired);
  leak.set_lost_count(stage.lost);
  SetMoney(metrics::MicrosOf(stage.lost_value), currency, leak.mutable_lost_value());
  const Int128 at_stake = stage.kept == 0
                              ? Int128{0}
                              : metrics::DivideHalfEven(stage.lost * stage.kept_value, stage.kept);
  SetMoney(metrics::MicrosOf(at_stake), currency, leak.mutable_value_at_stake());
  if (text.has_goal()) AnswerGoal(number, *answer.mutable_goal());
  SetMoney(metrics::MicrosOf(stage.revenue), currency, answer.mutable_revenue());
  return answer;
}

void ReportSums::AnswerGoal(StageNo number, v1::StageGoalResult& result) const {
  const StageSums& stage = stages_[number - 1U];
  const v1::StageGoal& goal = framework_.text(number).goal();
  result.set_target_share(goal.share());
  result.set_target_dwell_days(goal.dwell_days());
  bool known = false, below = false, missed = false;
  if (goal.share() > 0) {
    result.set_eligible_count(stage.eligible);
    result.set_reached_count(stage.reached);
    if (const auto share = ShareOf(stage.reached, stage.eligible)) {
      result.set_share(share->value);
      SetInterval(share->interval, "wilson", result.mutable_interval());
      known = true;
      below = share->value < goal.share();
      missed = share->interval.high < goal.share();
    }
  }
  if (const auto median = stage.dwell.Quantile(0.5); median && goal.dwell_days() > 0) {
    result.set_dwell_days(median->value / kSecondsPerDay);
    known = true;
    const auto interval = stage.dwell.QuantileInterval(0.5, kConfidence);
    below = below || result.dwell_days() > goal.dwell_days();
    missed = missed || (interval && interval->low / kSecondsPerDay > goal.dwell_days());
  }
  if (!known) return;
  result.set_state(missed  ? v1::GOAL_STATE_MISSED
                   : below ? v1::GOAL_STATE_BELOW
                           : v1::GOAL_STATE_ATTAINED);
}

void ReportSums::AnswerLeaks(v1::FrameworkReport& report) const {
  report.set_biggest_leak(LargestStage(
      report, [](const v1::FrameworkStageReport& stage) { return stage.leak().lost_count(); }));
  report.set_biggest_value_leak(LargestStage(report, [](const v1::FrameworkStageReport& stage) {
    return stage.leak().lost_value().micros();
  }));
}

v1::ValueExpansion ReportSums::ExpansionAnswer() const {
  const std::string currency = UnpackCurrency(framework_.scope().base_currency);
  v1::ValueExpansion answer;
  answer.set_border_stage(framework_.IdOf(framework_.border()));
  const auto [before, past] = sides_.customers;
  answer.set_creation_count(before);
  answer.set_expansion_count(past);
  if (const auto share = ShareOf(past, before + past)) {
    answer.set_customer_share(share->value);
    SetInterval(share->interval, "wilson", answer.mutable_customer_share_interval());
  }
  SetMoney(metrics::MicrosOf(sides_.value[0]), currency, answer.mutable_creation_value());
  SetMoney(metrics::MicrosOf(sides_.value[1]), currency, answer.mutable_expansion_value());
  const Int128 creation = metrics::MicrosOf(sides_.revenue[0]);
  const Int128 expansion = metrics::MicrosOf(sides_.revenue[1]);
  SetMoney(creation, currency, answer.mutable_creation_revenue());
  SetMoney(expansion, currency, answer.mutable_expansion_revenue());
  if (creation >= 0 && expansion >= 0 && creation + expansion > 0) {
    answer.set_revenue_share(static_cast<double>(expansion) /
                             static_cast<double>(creation + expansion));
  }
  return answer;
}

void AddActions(const v1::Framework& framework, v1::FrameworkReport& report) {
  std::vector<v1::FrameworkAction> actions;
  for (int i = 0; i < report.stages_size(); ++i) {
    const v1::FrameworkStageReport& stage = report.stages(i);
    AddGoalActions(stage, framework.stages(i).goal(), actions);
    if (!report.biggest_leak().empty() && stage.stage() == report.biggest_leak()) {
      AddAction(stage, v1::ACTION_CAUSE_BIGGEST_LEAK, LeakReason(stage), stage.leak().lost_count(),
                actions);
    }
  }
  std::stable_sort(actions.begin(), actions.end(), [](const auto& a, const auto& b) {
    return a.customer_count() > b.customer_count();
  });
  for (v1::FrameworkAction& action : actions) *report.add_actions() = std::move(action);
}

}  // namespace rapport::frameworks
