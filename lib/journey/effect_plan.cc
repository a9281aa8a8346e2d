// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/effect_plan.h"

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/journey/compiled_funnel.h"

namespace rapport::journey {
namespace {

constexpr TimeMicros kDefaultOutcomeWindow = 90 * kMicrosPerDay;
constexpr std::string_view kOwnTraits[] = {"tenure", "orders", "recency", "first_channel"};

Trait TraitOf(std::string_view name) {
  if (name == "tenure") return Trait::kTenure;
  if (name == "orders") return Trait::kOrders;
  if (name == "recency") return Trait::kRecency;
  return name == "first_channel" ? Trait::kFirstChannel : Trait::kDimension;
}

}  // namespace

absl::StatusOr<EffectPlan> EffectPlan::Create(const v1::StepEffectQuestion& question,
                                              const metrics::Scope& scope) {
  EffectPlan plan;
  plan.question_ = question;
  plan.scope_ = &scope;
  ASSIGN_OR_RETURN(plan.step_,
                   EventCondition::CompileRequired(question.step(), "question.step", scope));
  ASSIGN_OR_RETURN(plan.outcome_,
                   EventCondition::CompileRequired(question.outcome(), "question.outcome", scope));
  ASSIGN_OR_RETURN(plan.population_,
                   EventCondition::Compile(question.population(), "question.population", scope));
  if (plan.population_.predicate->reads_columns() || plan.population_.predicate->reads_payload()) {
    return InvalidField("question.population", "UNSUPPORTED_FILTER",
                        "chooses customers: it takes fields with `customer.` only");
  }
  plan.question_.set_step(plan.step_.text);
  plan.question_.set_outcome(plan.outcome_.text);
  plan.question_.set_population(plan.population_.text);
  RETURN_IF_ERROR(plan.ReadTraits());
  RETURN_IF_ERROR(plan.ReadRange());
  return plan;
}

absl::Status EffectPlan::ReadTraits() {
  if (question_.match_on().empty()) {
    for (const std::string_view name : kOwnTraits) question_.add_match_on(std::string(name));
  }
  if (question_.match_on_size() > static_cast<int>(kMaxTraits)) {
    return InvalidField("question.match_on", "OUT_OF_RANGE", Cat("takes at most ", kMaxTraits));
  }
  for (int i = 0; i < question_.match_on_size(); ++i) {
    const std::string& name = question_.match_on(i);
    traits_.push_back(TraitOf(name));
    if (traits_.back() != Trait::kDimension) continue;
    const std::string field = Cat("question.match_on[", i, "]");
    const auto dimension = Dimension::Parse(name, field);
    if (!dimension.ok() || !dimension->of_customer()) {
      return InvalidField(field, "UNKNOWN_DIMENSION",
                          Cat("'", name, "' cannot be matched on: tenure, orders, recency, ",
                              "first_channel, stage, value_tier, rfm_segment, cohort, ",
                              "acquisition_channel and attribute.KEY can"));
    }
    dimensions_.push_back(name);
  }
  return absl::OkStatus();
}

absl::Status EffectPlan::ReadRange() {
  if (question_.start_date().empty()) {
    return InvalidField("question.start_date", "REQUIRED", "must be a date");
  }
  if (question_.end_date().empty()) {
    return InvalidField("question.end_date", "REQUIRED", "must be a date");
  }
  metrics::WindowRequest request;
  request.start_date = question_.start_date();
  request.end_date = question_.end_date();
  const auto windows = metrics::Windows::Resolve(request, *scope_);
  if (!windows.ok()) return PrefixField(windows.status(), "question.");
  range_ = windows->whole();
  ASSIGN_OR_RETURN(const TimeMicros window,
                   LengthOf(question_.has_outcome_window(), question_.outcome_window(),
                            kDefaultOutcomeWindow, "question.outcome_window"));
  SetDuration(window, question_.mutable_outcome_window());
  outcome_end_ = range_.end + window;
  if (outcome_end_ <= scope_->as_of + 1) return absl::OkStatus();
  return InvalidField("question.outcome_window", "WINDOW_OPEN",
                      Cat("ends at ", FormatTime(outcome_end_), ", after what is known (",
                          FormatTime(scope_->as_of), "): end the range earlier or shorten it"));
}

filter::PlaceSet EffectPlan::customer_places() const {
  filter::PlaceSet places = population_.predicate->customer_places();
  places.Add(step_.predicate->customer_places());
  places.Add(outcome_.predicate->customer_places());
  return places;
}

}  // namespace rapport::journey
