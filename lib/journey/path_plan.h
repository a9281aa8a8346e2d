// SPDX-License-Identifier: Apache-2.0
// A question about paths, checked and made ready for one workspace. Immutable and
// thread-safe; the scope must outlive it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/catalogue.h"
#include "lib/journey/event_condition.h"
#include "lib/journey/funnel_plan.h"
#include "lib/metrics/windows.h"
#include "rapport/v1/journey.pb.h"

namespace rapport::journey {

inline constexpr int kMaxDepth = 20;

class PathPlan {
 public:
  // InvalidField with the fields of QueryPathsRequest.
  static absl::StatusOr<PathPlan> Create(const v1::PathQuestion& question,
                                         const std::string& start_date, const std::string& end_date,
                                         const metrics::Scope& scope);

  // With defaults filled in.
  const v1::PathQuestion& question() const { return question_; }
  const metrics::Scope& scope() const { return *scope_; }
  const metrics::TimeWindow& range() const { return range_; }
  const EventCondition& filter() const { return filter_; }
  const EventCondition& from() const { return from_; }
  const EventCondition& to() const { return to_; }
  int depth() const { return question_.depth(); }
  bool by_session() const { return question_.bound() == v1::PATH_BOUND_SESSION; }
  TimeMicros limit() const { return limit_; }
  // Paths are counted from their end back.
  bool backward() const { return from_.empty() && !to_.empty(); }
  // Paths have both ends given.
  bool between() const { return !from_.empty() && !to_.empty(); }

  std::vector<uint16_t> Types() const;
  bool reads_payload() const;
  filter::PlaceSet customer_places() const;

 private:
  absl::Status ReadOptions();

  v1::PathQuestion question_;
  const metrics::Scope* scope_ = nullptr;
  metrics::TimeWindow range_;
  EventCondition filter_, from_, to_;
  TimeMicros limit_ = 0;
};

}  // namespace rapport::journey
