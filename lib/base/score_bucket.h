// SPDX-License-Identifier: Apache-2.0
// How an event is counted in a series cell (store::SeriesKey): the bucket of its score,
// and the value that is summed. Live counts and nightly counts share both, so that they
// add up. Pure.
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

// The event's value; 0 for support and ticket events, whose value names the ticket: a sum
// of names means nothing and overflows.
inline int64_t SummedValue(uint16_t type, int64_t value) {
  constexpr uint16_t kSupportContacted = 59, kTicketOpened = 110, kTicketReopened = 113;
  const bool is_name =
      type == kSupportContacted || (type >= kTicketOpened && type <= kTicketReopened);
  return is_name ? 0 : value;
}

// The square of the value where it is an amount or a duration, 0 for scores and names. Sums
// of it are taken modulo 2^128.
inline unsigned __int128 SummedSquare(uint16_t type, int64_t value) {
  constexpr uint16_t kNps = 30, kReview = 33;
  if (type >= kNps && type <= kReview) return 0;
  const int64_t summed = SummedValue(type, value);
  const uint64_t size =
      summed < 0 ? uint64_t{0} - static_cast<uint64_t>(summed) : static_cast<uint64_t>(summed);
  return static_cast<unsigned __int128>(size) * size;
}

}  // namespace rapport
