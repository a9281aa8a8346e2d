// SPDX-License-Identifier: Apache-2.0
#include "lib/base/day_clock.h"

#include <limits>

namespace rapport {

void DayClock::Locate(TimeMicros time) {
  for (const Span& known : known_) {
    if (!known.Holds(time)) continue;
    span_ = known;
    return;
  }
  span_ = LookUp(time);
  known_[next_] = span_;
  next_ = (next_ + 1) % known_.size();
}

DayClock::Span DayClock::LookUp(TimeMicros time) const {
  Span span;
  // Transitions fall on whole seconds, and absl looks for them in whole seconds.
  int64_t second = time / kMicrosPerSecond;
  if (time % kMicrosPerSecond < 0) --second;
  const absl::Time at = absl::FromUnixSeconds(second);
  span.offset = zone_.At(at).offset * kMicrosPerSecond;
  absl::TimeZone::CivilTransition transition;
  // NextTransition is strictly after, PrevTransition strictly before its argument.
  span.end = zone_.NextTransition(at, &transition)
                 ? absl::ToUnixMicros(zone_.At(transition.to).trans)
                 : std::numeric_limits<TimeMicros>::max();
  span.begin = zone_.PrevTransition(at + absl::Seconds(1), &transition)
                   ? absl::ToUnixMicros(zone_.At(transition.to).trans)
                   : std::numeric_limits<TimeMicros>::min();
  return span;
}

}  // namespace rapport
