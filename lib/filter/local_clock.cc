// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/local_clock.h"

#include "absl/time/time.h"

namespace rapport::filter {

LocalClock::LocalClock(const Calendar& calendar) : calendar_(calendar) {
  const absl::TimeZone zone = calendar.zone();
  const auto add = [&](absl::Time begin) {
    spans_.push_back({static_cast<uint64_t>(absl::ToUnixSeconds(begin) - kFirst),
                      kDay + static_cast<uint64_t>(int64_t{zone.At(begin).offset})});
  };
  absl::Time at = absl::FromUnixSeconds(kFirst);
  add(at);
  absl::TimeZone::CivilTransition transition;
  while (zone.NextTransition(at, &transition)) {
    at = zone.At(transition.to).trans;
    if (absl::ToUnixSeconds(at) >= kLast) break;
    add(at);
  }
  uint16_t span = 0;
  for (uint64_t begin = 0; begin < uint64_t{kLast - kFirst}; begin += uint64_t{1} << kChunkBits) {
    while (size_t{span} + 1 < spans_.size() && spans_[span + 1U].begin <= begin) ++span;
    chunks_.push_back(span);
  }
}

}  // namespace rapport::filter
