// SPDX-License-Identifier: Apache-2.0
// Where a survey score is counted: the bucket of a series cell (store::SeriesKey). Live
// counts and nightly counts share it, so that they add up. Pure.
#pragma once

#include <cstdint>

namespace rapport {

// The score itself for NPS_ANSWERED; scale x 256 + score for CSAT_ANSWERED, CES_ANSWERED
// and REVIEW_WRITTEN; 0 for every other type (numbers of v1.EventType).
inline uint16_t ScoreBucket(uint16_t type, int64_t score, int64_t scale) {
  constexpr uint16_t kNps = 30, kReview = 33;  // CSAT and CES lie between.
  if (type < kNps || type > kReview) return 0;
  return static_cast<uint16_t>(type == kNps ? score : scale * 256 + score);
}

}  // namespace rapport
