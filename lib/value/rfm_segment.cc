// SPDX-License-Identifier: Apache-2.0
#include "lib/value/rfm_segment.h"

#include <algorithm>

namespace rapport::value {
namespace {

// segment, id, title, recency score, FM score.
constexpr RfmSegmentRule kRules[] = {
    {RfmSegment::kChampions, "champions", "Champions", 5, 5, 4, 5},
    {RfmSegment::kLoyal, "loyal", "Loyal", 3, 4, 4, 5},
    {RfmSegment::kPotentialLoyalist, "potential_loyalist", "Potential loyalist", 4, 5, 2, 3},
    {RfmSegment::kNew, "new", "New", 5, 5, 1, 1},
    {RfmSegment::kPromising, "promising", "Promising", 4, 4, 1, 1},
    {RfmSegment::kNeedAttention, "need_attention", "Need attention", 3, 3, 3, 3},
    {RfmSegment::kAboutToSleep, "about_to_sleep", "About to sleep", 3, 3, 1, 2},
    {RfmSegment::kAtRisk, "at_risk", "At risk", 1, 2, 3, 4},
    {RfmSegment::kCannotLose, "cannot_lose", "Cannot lose", 1, 2, 5, 5},
    {RfmSegment::kHibernating, "hibernating", "Hibernating", 2, 2, 1, 2},
    {RfmSegment::kHibernating, "hibernating", "Hibernating", 1, 1, 2, 2},
    {RfmSegment::kLost, "lost", "Lost", 1, 1, 1, 1},
};

}  // namespace

std::span<const RfmSegmentRule> RfmSegmentRules() { return kRules; }

int FmScore(const RfmScores& scores) { return (scores.frequency + scores.monetary + 1) / 2; }

RfmSegment SegmentOf(const RfmScores& scores) {
  const int recency = std::clamp(scores.recency, 1, 5);
  const int fm = std::clamp(FmScore(scores), 1, 5);
  for (const RfmSegmentRule& rule : kRules) {
    if (rule.recency_min <= recency && recency <= rule.recency_max && rule.fm_min <= fm &&
        fm <= rule.fm_max) {
      return rule.segment;
    }
  }
  return RfmSegment::kLost;  // Not reached: the rules cover the grid.
}

const RfmSegmentRule& RuleOf(RfmSegment segment) {
  for (const RfmSegmentRule& rule : kRules) {
    if (rule.segment == segment) return rule;
  }
  return kRules[std::size(kRules) - 1];
}

}  // namespace rapport::value
