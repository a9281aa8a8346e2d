// SPDX-License-Identifier: Apache-2.0
#include "lib/frameworks/report.h"

#include <algorithm>

namespace rapport::frameworks {
namespace {

using metrics::Int128;

constexpr TimeMicros kValueBefore = 365 * kMicrosPerDay;

bool WentOn(const Visit& visit) {
  return visit.left_by == v1::MOVE_KIND_FORWARD || visit.left_by == v1::MOVE_KIND_SKIP;
}
bool LeftFramework(const Visit& visit) {
  return visit.left_by == v1::MOVE_KIND_EXIT || visit.left_by == v1::MOVE_KIND_EXPIRY;
}

// Earnings in (after, until].
Int128 EarnedBetween(const Journey& journey, TimeMicros after, TimeMicros until) {
  Int128 sum = 0;
  for (const Earning& earning : journey.earnings) {
    if (after < earning.time && earning.time <= until) sum += earning.amount;
  }
  return sum;
}

}  // namespace

CivilDays DefaultFirstDay(CivilDays end) { return AddMonths(end, -12); }

StandingAt StandingBefore(const Journey& journey, TimeMicros moment) {
  StandingAt standing;
  for (const Visit& visit : journey.visits) {
    if (visit.entered >= moment) break;
    standing.visit = &visit;
  }
  standing.inside = standing.visit != nullptr &&
                    (standing.visit->left >= moment || !LeftFramework(*standing.visit));
  return standing;
}

ReportSums::ReportSums(const CompiledFramework& framework, const ReportWindow& window)
    : framework_(framework), window_(window), stages_(framework.stage_count()) {}

void ReportSums::Add(const Journey& journey) {
  unrated_ += journey.unrated;
  if (journey.visits.empty() && journey.earnings.empty()) return;
  OneCustomer one;
  bool seen = false;
  for (size_t i = 0; i < journey.visits.size(); ++i) {
    const Visit& visit = journey.visits[i];
    seen = seen || (visit.entered < window_.end && visit.left >= window_.begin);
    if (window_.Holds(visit.left)) AddEnd(visit);
    if (!window_.Holds(visit.entered)) continue;
    AddBegin(visit);
    const size_t place = visit.stage - 1U;
    if (one.first[place] == nullptr) one.first[place] = &visit;
    if (!WentOn(visit)) continue;
    one.went_on[place] = true;
    if (journey.visits[i + 1].stage == visit.stage + 1) one.to_next[place] = true;
  }
  sample_ += seen ? 1 : 0;
  AddEntrant(one);
  AddStanding(journey, one);
}

void ReportSums::AddBegin(const Visit& visit) {
  ++At(visit.stage).visits;
  ++flows_[{visit.from, visit.stage, visit.kind}];
  switch (visit.kind) {
    case v1::MOVE_KIND_SKIP:
      ++skips_;
      for (StageNo stage = visit.from + 1; stage < visit.stage; ++stage) ++At(stage).skipped;
      break;
    case v1::MOVE_KIND_REVERSAL:
      ++reversals_;
      ++At(visit.from).reversals;
      break;
    case v1::MOVE_KIND_LOOP:
      ++loops_;
      ++At(visit.stage).loops;
      break;
    case v1::MOVE_KIND_REENTRY:
      ++reentries_;
      ++At(visit.stage).reentries;
      break;
    default:
      break;
  }
}

void ReportSums::AddEnd(const Visit& visit) {
  StageSums& stage = At(visit.stage);
  // What silence ends lasts as long as the rule says, so it tells nothing of customers.
  if (visit.left_cause.event != kNoEvent) {
    stage.dwell.Add((visit.left - visit.entered) / kMicrosPerSecond);
  }
  if (!LeftFramework(visit)) return;
  ++stage.left;
  if (visit.left_by == v1::MOVE_KIND_EXPIRY) ++stage.expired;
  ++flows_[{visit.stage, kOutside, visit.left_by}];
}

void ReportSums::AddEntrant(const OneCustomer& one) {
  for (StageNo number = 1; number <= framework_.stage_count(); ++number) {
    const size_t place = number - 1U;
    const Visit* first = one.first[place];
    if (first == nullptr) continue;
    StageSums& stage = At(number);
    ++stage.entrants;
    stage.went_on += one.went_on[place] ? 1 : 0;
    stage.to_next += one.to_next[place] ? 1 : 0;
    const TimeMicros within = framework_.text(number).goal().within_days() * kMicrosPerDay;
    if (within == 0) {
      ++stage.eligible;
      stage.reached += one.went_on[place] ? 1 : 0;
    } else if (first->entered + within <= framework_.scope().as_of) {
      ++stage.eligible;
      const bool in_time = WentOn(*first) && first->left - first->entered <= within;
      stage.reached += in_time ? 1 : 0;
    }
  }
}

void ReportSums::AddStanding(const Journey& journey, const OneCustomer& one) {
  const StandingAt standing = StandingBefore(journey, window_.end);
  bool lost = false;
  if (standing.visit != nullptr) {
    StageSums& stage = At(standing.visit->stage);
    if (standing.inside) {
      ++inside_;
      ++stage.now;
    } else {
      ++outside_;
      lost = standing.visit->left >= window_.begin;
    }
    if (lost) {
      ++stage.lost;
      const TimeMicros left = standing.visit->left;
      stage.lost_value += EarnedBetween(journey, left - kValueBefore, left);
    }
  }
  for (StageNo number = 1; !lost && number <= framework_.stage_count(); ++number) {
    const Visit* first = one.first[number - 1U];
    if (first == nullptr) continue;
    ++At(number).kept;
    At(number).kept_value += EarnedBetween(journey, first->entered - 1, kNever);
  }
  AddRevenue(journey, standing);
}

void ReportSums::AddRevenue(const Journey& journey, const StandingAt& standing) {
  const StageNo border = framework_.border();
  const auto side_of = [&](StageNo stage) {
    return border != kOutside && stage >= border ? 1U : 0U;
  };
  for (const Earning& earning : journey.earnings) {
    if (!window_.Holds(earning.time)) continue;
    if (earning.stage != kOutside) At(earning.stage).revenue += earning.amount;
    sides_.revenue[side_of(earning.stage)] += earning.amount;
  }
  if (!standing.inside) return;
  const size_t side = side_of(standing.visit->stage);
  ++sides_.customers[side];
  for (const Earning& earning : journey.earnings) {
    if (earning.time < window_.end) sides_.value[side] += earning.amount;
  }
}

void ReportSums::StageSums::Merge(const StageSums& other) {
  now += other.now, entrants += other.entrants, visits += other.visits;
  went_on += other.went_on, to_next += other.to_next;
  reversals += other.reversals, skipped += other.skipped, loops += other.loops;
  reentries += other.reentries, left += other.left, expired += other.expired;
  lost += other.lost, kept += other.kept;
  eligible += other.eligible, reached += other.reached;
  lost_value += other.lost_value, kept_value += other.kept_value, revenue += other.revenue;
  dwell.Merge(other.dwell);
}

void ReportSums::Merge(const ReportSums& other) {
  for (size_t i = 0; i < stages_.size(); ++i) stages_[i].Merge(other.stages_[i]);
  for (const auto& [key, count] : other.flows_) flows_[key] += count;
  for (size_t side = 0; side < 2; ++side) {
    sides_.customers[side] += other.sides_.customers[side];
    sides_.value[side] += other.sides_.value[side];
    sides_.revenue[side] += other.sides_.revenue[side];
  }
  inside_ += other.inside_, outside_ += other.outside_;
  sample_ += other.sample_, unrated_ += other.unrated_;
  reversals_ += other.reversals_, loops_ += other.loops_;
  skips_ += other.skips_, reentries_ += other.reentries_;
}

}  // namespace rapport::frameworks
