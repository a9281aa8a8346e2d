// SPDX-License-Identifier: Apache-2.0
// A workspace's report of a framework, from the journeys of all its customers.
//
// Sums are whole numbers and sketches that do not know the order of values: customers,
// threads and merges may come in any order. What each figure counts is said in
// proto/rapport/v1/framework.proto. ReportSums is not thread-safe: one per thread, then
// Merge. Add costs about 0.3 us; memory is independent of the number of customers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "lib/frameworks/compiled.h"
#include "lib/frameworks/registry.h"
#include "lib/frameworks/walk.h"
#include "lib/math/quantile_sketch.h"
#include "rapport/v1/framework.pb.h"

namespace rapport::frameworks {

// From begin to before end; what lies after the framework's as_of has not happened.
struct ReportWindow {
  TimeMicros begin = 0;
  TimeMicros end = 0;
  bool Holds(TimeMicros time) const { return begin <= time && time < end; }
};

// First day of the default window, 12 months, by the day after its last.
CivilDays DefaultFirstDay(CivilDays end);

// Where a customer stands before a moment: its last visit begun by then, and whether it
// has left. nullptr when it was never in.
struct StandingAt {
  const Visit* visit = nullptr;
  bool inside = false;
};
StandingAt StandingBefore(const Journey& journey, TimeMicros moment);

class ReportSums {
 public:
  ReportSums(const CompiledFramework& framework, const ReportWindow& window);
  void Add(const Journey& journey);
  void Merge(const ReportSums& other);  // Of the same framework and window.

  // The report but for the context, which gets the sample size and notes.
  v1::FrameworkReport Answer() const;

 private:
  struct StageSums {
    int64_t now = 0, entrants = 0, visits = 0, went_on = 0, to_next = 0;
    int64_t reversals = 0, skipped = 0, loops = 0, reentries = 0;
    int64_t left = 0, expired = 0, lost = 0, kept = 0;
    int64_t eligible = 0, reached = 0;
    metrics::Int128 lost_value = 0, kept_value = 0, revenue = 0;
    math::QuantileSketch dwell;  // Seconds.
    void Merge(const StageSums& other);
  };
  // Before the border or outside [0], past it [1].
  struct Sides {
    std::array<int64_t, 2> customers{};
    std::array<metrics::Int128, 2> value{}, revenue{};
  };
  // What one customer did in the window, per stage.
  struct OneCustomer {
    std::array<const Visit*, kMaxStages> first{};  // Visit begun in the window.
    std::array<bool, kMaxStages> went_on{}, to_next{};
  };
  using FlowKey = std::tuple<StageNo, StageNo, v1::MoveKind>;

  StageSums& At(StageNo stage) { return stages_[stage - 1U]; }
  void AddBegin(const Visit& visit);
  void AddEnd(const Visit& visit);
  void AddEntrant(const OneCustomer& one);
  void AddStanding(const Journey& journey, const OneCustomer& one);
  void AddRevenue(const Journey& journey, const StandingAt& standing);

  v1::FrameworkStageReport StageAnswer(StageNo stage) const;
  void AnswerGoal(StageNo stage, v1::StageGoalResult& goal) const;
  void AnswerLeaks(v1::FrameworkReport& report) const;
  v1::ValueExpansion ExpansionAnswer() const;

  const CompiledFramework& framework_;
  ReportWindow window_;
  std::vector<StageSums> stages_;
  std::map<FlowKey, int64_t> flows_;
  Sides sides_;
  int64_t inside_ = 0, outside_ = 0, sample_ = 0, unrated_ = 0;
  int64_t reversals_ = 0, loops_ = 0, skips_ = 0, reentries_ = 0;
};

// Who should act, from a report: goals that are missed and the biggest leak, most
// customers first.
void AddActions(const v1::Framework& framework, v1::FrameworkReport& report);

}  // namespace rapport::frameworks
