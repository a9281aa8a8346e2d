// SPDX-License-Identifier: Apache-2.0
// Prints a matched comparison: rates, difference, balance, and what it does and does not say.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "lib/base/text.h"
#include "lib/journey/effect_walker.h"
#include "lib/journey/tested_differences.h"

namespace rapport::journey {
namespace {

constexpr const char* kMeasureNames[] = {"tenure_days", "orders", "days_since_last_event"};

std::string Points(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", share * 100);
  return text;
}

class EffectPrinter {
 public:
  explicit EffectPrinter(const EffectWalker& walker) : walker_(walker) {
    for (const auto& [key, cell] : walker.strata()) {
      strata_.Add({cell.step.with_outcome, cell.step.customers, cell.control.with_outcome,
                   cell.control.customers});
    }
  }

  v1::QueryStepEffectResponse Take() {
    *response_.mutable_question() = walker_.plan().question();
    FillGroups();
    FillDifferences();
    FillBalance();
    response_.set_strata(strata_.strata());
    response_.set_reading(Reading());
    FillContext();
    return std::move(response_);
  }

 private:
  static bool Matched(const EffectWalker::Cell& cell) {
    return cell.step.customers > 0 && cell.control.customers > 0;
  }

  void FillGroups() {
    for (const auto& [key, cell] : walker_.strata()) {
      AddTo(cell.step, Matched(cell), *response_.mutable_step());
      AddTo(cell.control, Matched(cell), *response_.mutable_control());
      all_step_ += cell.step.with_outcome;
      all_control_ += cell.control.with_outcome;
    }
    response_.mutable_step()->set_weighted_rate(strata_.rate1());
    response_.mutable_control()->set_weighted_rate(strata_.rate0());
  }

  static void AddTo(const EffectWalker::Side& side, bool matched, v1::EffectGroup& group) {
    group.set_customers(group.customers() + side.customers);
    if (!matched) return;
    group.set_matched(group.matched() + side.customers);
    group.set_with_outcome(group.with_outcome() + side.with_outcome);
    group.set_rate(static_cast<double>(group.with_outcome()) /
                   static_cast<double>(group.matched()));
  }

  void FillDifferences() {
    const v1::EffectGroup &step = response_.step(), &control = response_.control();
    TestedDifferences unmatched;
    unmatched.Add({all_control_, control.customers()}, {all_step_, step.customers()},
                  response_.mutable_unmatched());
    v1::Difference& matched = *response_.mutable_matched();
    FillDifference(strata_.Result(kConfidence), strata_.rate0(), &matched);
    if (matched.has_interval()) matched.mutable_interval()->set_method("sato");
    if (!matched.has_p_value()) return;
    matched.set_adjusted_p_value(matched.p_value());  // The one question that is asked.
    matched.set_significant(matched.p_value() < kSignificance);
  }

  void FillBalance() {
    for (size_t i = 0; i < EffectWalker::kMeasures; ++i) {
      math::Moments step, control;
      double weight = 0, step_sum = 0, control_sum = 0;
      for (const auto& [key, cell] : walker_.strata()) {
        step.Merge(cell.step.measures[i]);
        control.Merge(cell.control.measures[i]);
        if (!Matched(cell)) continue;
        const auto n1 = static_cast<double>(cell.step.customers);
        const auto n0 = static_cast<double>(cell.control.customers);
        const double w = n1 * n0 / (n1 + n0);
        weight += w;
        step_sum += w * *cell.step.measures[i].Mean();
        control_sum += w * *cell.control.measures[i].Mean();
      }
      if (weight == 0) return;
      v1::EffectBalance& out = *response_.add_balance();
      out.set_measure(kMeasureNames[i]);
      out.set_step_mean(step_sum / weight);
      out.set_control_mean(control_sum / weight);
      // Both in the spread that there was before matching, so that they can be compared.
      const double spread =
          std::sqrt((step.Variance().value_or(0) + control.Variance().value_or(0)) / 2);
      if (spread == 0) continue;
      out.set_standardized_before((*step.Mean() - *control.Mean()) / spread);
      out.set_standardized_after((out.step_mean() - out.control_mean()) / spread);
    }
  }

  std::string Reading() const {
    if (strata_.strata() == 0) {
      return "No customer who made the step has a counterpart among those who did not: nothing "
             "can be said.";
    }
    const v1::Difference& matched = response_.matched();
    std::string text = Cat("Of customers who made the step ", Points(strata_.rate1()),
                           " % had the outcome, of customers like them who did not ",
                           Points(strata_.rate0()), " %: ", Points(matched.change()), " points");
    if (matched.has_interval()) {
      text += Cat(" (95 % interval ", Points(matched.interval().low()), " to ",
                  Points(matched.interval().high()), ")");
    }
    if (!matched.has_p_value()) {
      text += "; too few were matched for a test.";
    } else {
      text += matched.significant() ? "; more than chance." : "; chance alone may give as much.";
    }
    return text +
           " This is an association, not proof that the step is the cause: the sides are "
           "alike only in what they were matched on, and who makes a step may differ in "
           "what is not known.";
  }

  void FillContext() {
    const EffectPlan& plan = walker_.plan();
    v1::AnswerContext& context = *response_.mutable_context();
    context.set_definition("step_effect");
    context.set_start_date(FormatDate(plan.range().first_day));
    context.set_end_date(FormatDate(plan.range().end_day));
    context.set_sample_size(strata_.matched1() + strata_.matched0());
    const int64_t unmatched = response_.step().customers() - response_.step().matched();
    if (unmatched > 0) {
      context.add_notes(Cat(unmatched, " of ", response_.step().customers(),
                            " who made the step have no counterpart and are left out."));
    }
    if (!plan.dimensions().empty()) {
      context.add_notes(
          "Some of what is matched on is known as of the generation only, after the step: it may "
          "be its consequence.");
    }
    for (const v1::EffectBalance& balance : response_.balance()) {
      if (std::abs(balance.standardized_after()) < 0.1) continue;
      context.add_notes(Cat("The sides still differ in ", balance.measure(), "."));
    }
  }

  const EffectWalker& walker_;
  MantelHaenszel strata_;
  v1::QueryStepEffectResponse response_;
  int64_t all_step_ = 0, all_control_ = 0;
};

}  // namespace

v1::QueryStepEffectResponse AnswerEffect(const EffectWalker& walker) {
  return EffectPrinter(walker).Take();
}

}  // namespace rapport::journey
