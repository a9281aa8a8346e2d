// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/path_plan.h"

#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/journey/compiled_funnel.h"

namespace rapport::journey {
namespace {

constexpr int kDefaultDepth = 5, kMinDepth = 2;
constexpr int kDefaultPaths = 20, kMaxPathsShown = 1000;
constexpr TimeMicros kDefaultIdle = 1800 * kMicrosPerSecond;
constexpr TimeMicros kDefaultWindow = 7 * kMicrosPerDay;

}  // namespace

absl::StatusOr<PathPlan> PathPlan::Create(const v1::PathQuestion& question,
                                          const std::string& start_date,
                                          const std::string& end_date,
                                          const metrics::Scope& scope) {
  PathPlan plan;
  plan.question_ = question;
  plan.scope_ = &scope;
  RETURN_IF_ERROR(plan.ReadOptions());
  ASSIGN_OR_RETURN(plan.filter_,
                   EventCondition::Compile(question.filter(), "question.filter", scope));
  ASSIGN_OR_RETURN(plan.from_, EventCondition::Compile(question.from(), "question.from", scope));
  ASSIGN_OR_RETURN(plan.to_, EventCondition::Compile(question.to(), "question.to", scope));
  plan.question_.set_filter(plan.filter_.text);
  plan.question_.set_from(plan.from_.text);
  plan.question_.set_to(plan.to_.text);
  metrics::WindowRequest request;
  request.start_date = start_date;
  request.end_date = end_date;
  ASSIGN_OR_RETURN(const metrics::Windows windows, metrics::Windows::Resolve(request, scope));
  plan.range_ = windows.whole();
  return plan;
}

absl::Status PathPlan::ReadOptions() {
  v1::PathQuestion& asked = question_;
  if (asked.depth() == 0) asked.set_depth(kDefaultDepth);
  if (asked.depth() < kMinDepth || asked.depth() > kMaxDepth) {
    return InvalidField("question.depth", "OUT_OF_RANGE",
                        Cat("must be ", kMinDepth, " to ", kMaxDepth));
  }
  if (asked.top() == 0) asked.set_top(kDefaultPaths);
  if (asked.top() < 0 || asked.top() > kMaxPathsShown) {
    return InvalidField("question.top", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxPathsShown));
  }
  if (!(asked.min_share() >= 0 && asked.min_share() <= 1)) {
    return InvalidField("question.min_share", "OUT_OF_RANGE", "must be 0 to 1");
  }
  if (asked.bound() == v1::PATH_BOUND_UNSPECIFIED) asked.set_bound(v1::PATH_BOUND_SESSION);
  if (asked.label() == v1::PATH_LABEL_UNSPECIFIED) asked.set_label(v1::PATH_LABEL_TYPE);
  if (!v1::PathBound_IsValid(asked.bound()) || !v1::PathLabel_IsValid(asked.label())) {
    return InvalidField("question", "UNKNOWN_OPTION", "has an unknown bound or label");
  }
  if ((asked.label() == v1::PATH_LABEL_PROPERTY) == asked.property().empty()) {
    return InvalidField("question.property", "REQUIRED", "goes with label PROPERTY and only so");
  }
  const TimeMicros standard = by_session() ? kDefaultIdle : kDefaultWindow;
  ASSIGN_OR_RETURN(limit_, LengthOf(asked.has_limit(), asked.limit(), standard, "question.limit"));
  SetDuration(limit_, asked.mutable_limit());
  return absl::OkStatus();
}

std::vector<uint16_t> PathPlan::Types() const {
  // Sessions are made of everything.
  if (by_session()) return {};
  return TypeList(filter_.predicate->types(), *scope_->names);
}

bool PathPlan::reads_payload() const {
  return filter_.predicate->reads_payload() || from_.predicate->reads_payload() ||
         to_.predicate->reads_payload() || question_.label() == v1::PATH_LABEL_PROPERTY;
}

filter::PlaceSet PathPlan::customer_places() const {
  filter::PlaceSet places = filter_.predicate->customer_places();
  places.Add(from_.predicate->customer_places());
  places.Add(to_.predicate->customer_places());
  return places;
}

}  // namespace rapport::journey
