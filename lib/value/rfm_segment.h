// SPDX-License-Identifier: Apache-2.0
// The eleven named RFM segments, as one table over the 5 x 5 grid of scores.
//
// Rules are ranges of the recency score (R) and of FM, the mean of the frequency
// and monetary scores with halves rounded up. Every cell of the grid belongs to exactly
// one rule (a test counts them), so their order does not matter; "hibernating" has two:
//
//          FM 1          FM 2          FM 3            FM 4        FM 5
//   R 5    new           potential     potential       champions   champions
//   R 4    promising     potential     potential       loyal       loyal
//   R 3    about to sleep about to sleep need attention loyal      loyal
//   R 2    hibernating   hibernating   at risk         at risk     cannot lose
//   R 1    lost          hibernating   at risk         at risk     cannot lose
//
// The grid is the ten-segment map in common use (R 1-2 by F 5 "cannot lose" and so on)
// with its lowest cell split off as "lost". Pure data; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/value/rfm.h"

namespace rapport::value {

// Numbers are stored: never reused or reordered.
enum class RfmSegment : uint8_t {
  kChampions = 1,
  kLoyal = 2,
  kPotentialLoyalist = 3,
  kNew = 4,
  kPromising = 5,
  kNeedAttention = 6,
  kAboutToSleep = 7,
  kAtRisk = 8,
  kCannotLose = 9,
  kHibernating = 10,
  kLost = 11,
};

struct RfmSegmentRule {
  RfmSegment segment;
  std::string_view id;     // "cannot_lose": stable, for filters.
  std::string_view title;  // "Cannot lose": for people.
  int recency_min, recency_max;
  int fm_min, fm_max;
};

std::span<const RfmSegmentRule> RfmSegmentRules();
// Mean of frequency and monetary score, halves up.
int FmScore(const RfmScores& scores);
// Scores outside 1..5 are clamped.
RfmSegment SegmentOf(const RfmScores& scores);
const RfmSegmentRule& RuleOf(RfmSegment segment);

}  // namespace rapport::value
