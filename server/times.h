// SPDX-License-Identifier: Apache-2.0
// Times between the API (Timestamp) and the rest (UTC micros). Pure.
#pragma once

#include "google/protobuf/timestamp.pb.h"
#include "lib/base/clock.h"

namespace rapport::server {

inline void SetTime(TimeMicros time, google::protobuf::Timestamp* out) {
  // Rounded down, so that nanos are never negative.
  TimeMicros seconds = time / kMicrosPerSecond;
  if (time % kMicrosPerSecond < 0) --seconds;
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>((time - seconds * kMicrosPerSecond) * 1000));
}

inline TimeMicros MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}

}  // namespace rapport::server
