// SPDX-License-Identifier: Apache-2.0
#include "lib/base/day_clock.h"

#include <limits>

namespace rapport {

void DayClock::Locate(TimeMicros time) {
  // Transitions fall on whole seconds, and absl looks for them in whole seconds.
  int64_t second = time / kMicrosPerSecond;
  if (time % kMicrosPerSecond < 0) --second;
  const absl::Time at = absl::FromUnixSeconds(second);
  offset_ = zone_.At(at).offset * kMicrosPerSecond;
  absl::TimeZone::CivilTransition transition;
  // NextTransition is strictly after, PrevTransition strictly before its argument.
  end_ = zone_.NextTransition(at, &transition) ? absl::ToUnixMicros(zone_.At(transition.to).trans)
                                               : std::numeric_limits<TimeMicros>::max();
  begin_ = zone_.PrevTransition(at + absl::Seconds(1), &transition)
               ? absl::ToUnixMicros(zone_.At(transition.to).trans)
               : std::numeric_limits<TimeMicros>::min();
}

}  // namespace rapport
