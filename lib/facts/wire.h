// SPDX-License-Identifier: Apache-2.0
// Small conversions between stored or wire forms and plain values.
#pragma once

#include <cstdint>
#include <string>

#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/base/calendar.h"
#include "lib/base/clock.h"
#include "lib/base/money.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {

inline void SetTime(TimeMicros time, google::protobuf::Timestamp& out) {
  int64_t seconds = time / kMicrosPerSecond;
  int64_t micros = time % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(micros * 1000));
}
inline TimeMicros TimeOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}

inline void SetMoney(Micros micros, const std::string& currency, v1::Money& out) {
  out.set_micros(micros);
  out.set_currency(currency);
}

// Appends days as differences, the first one absolute.
class DayWriter {
 public:
  explicit DayWriter(google::protobuf::RepeatedField<int32_t>& deltas) : deltas_(deltas) {}
  // Days must not descend.
  void Add(CivilDays day) {
    deltas_.Add(day - last_);
    last_ = day;
  }
  bool EndsWith(CivilDays day) const { return !deltas_.empty() && last_ == day; }

 private:
  google::protobuf::RepeatedField<int32_t>& deltas_;
  CivilDays last_ = 0;
};

// Visits (index, day) of delta-coded days up to and including `until`.
template <typename Visit>
void ForEachDay(const google::protobuf::RepeatedField<int32_t>& deltas, CivilDays until,
                Visit visit) {
  CivilDays day = 0;
  for (int i = 0; i < deltas.size(); ++i) {
    day += deltas.Get(i);
    if (day > until) return;
    visit(i, day);
  }
}

}  // namespace rapport::facts
