// SPDX-License-Identifier: Apache-2.0
// Sessions of one customer, told event by event in timeline order: made of the customer's own
// activity, over after a pause of more than `idle` or 24 hours after their begin (as the
// metrics count them). What the company does meanwhile belongs to the session that goes on.
#pragma once

#include "lib/base/event_columns.h"
#include "lib/lifecycle/stage.h"

namespace rapport::journey {

class SessionNumbers {
 public:
  explicit SessionNumbers(TimeMicros idle) : idle_(idle) {}
  // From 1; 0: outside of sessions.
  uint32_t Of(const EventColumns& event) {
    const bool goes_on =
        number_ > 0 && event.time - last_ <= idle_ && event.time - begin_ <= kLongest;
    if (!lifecycle::IsActivity(event.type)) return goes_on ? number_ : 0;
    if (!goes_on) {
      ++number_;
      begin_ = event.time;
    }
    last_ = event.time;
    return number_;
  }

 private:
  static constexpr TimeMicros kLongest = kMicrosPerDay;
  TimeMicros idle_, begin_ = 0, last_ = 0;
  uint32_t number_ = 0;
};

}  // namespace rapport::journey
