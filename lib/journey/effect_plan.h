// SPDX-License-Identifier: Apache-2.0
// A question about the effect of a step, checked and made ready. Immutable and thread-safe;
// the scope must outlive it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/catalogue.h"
#include "lib/journey/event_condition.h"
#include "lib/metrics/windows.h"
#include "rapport/v1/journey.pb.h"

namespace rapport::journey {

// What the customer's own history gives to match on.
enum class Trait : uint8_t { kTenure, kOrders, kRecency, kFirstChannel, kDimension };

class EffectPlan {
 public:
  static constexpr size_t kMaxTraits = 8;

  // InvalidField with the fields of QueryStepEffectRequest; question.outcome_window
  // WINDOW_OPEN when it is not over at as_of.
  static absl::StatusOr<EffectPlan> Create(const v1::StepEffectQuestion& question,
                                           const metrics::Scope& scope);

  // With defaults filled in.
  const v1::StepEffectQuestion& question() const { return question_; }
  const metrics::Scope& scope() const { return *scope_; }
  const EventCondition& step() const { return step_; }
  const EventCondition& outcome() const { return outcome_; }
  const EventCondition& population() const { return population_; }
  // The step is looked for in [range.begin, range.end), the outcome from there to below
  // outcome_end; what customers are matched on is known before range.begin.
  const metrics::TimeWindow& range() const { return range_; }
  TimeMicros outcome_end() const { return outcome_end_; }
  const std::vector<Trait>& traits() const { return traits_; }
  // Customer dimensions among the traits, whose codes the caller brings in this order.
  const std::vector<std::string>& dimensions() const { return dimensions_; }

  bool reads_payload() const {
    return step_.predicate->reads_payload() || outcome_.predicate->reads_payload();
  }
  filter::PlaceSet customer_places() const;

 private:
  absl::Status ReadTraits();
  absl::Status ReadRange();

  v1::StepEffectQuestion question_;
  const metrics::Scope* scope_ = nullptr;
  EventCondition step_, outcome_, population_;
  metrics::TimeWindow range_;
  TimeMicros outcome_end_ = 0;
  std::vector<Trait> traits_;
  std::vector<std::string> dimensions_;
};

}  // namespace rapport::journey
