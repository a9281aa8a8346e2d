// SPDX-License-Identifier: Apache-2.0
// Growth accounting: who is new, returning, resurrecting or dormant in each day, week,
// month, quarter or year.
//
// A GrowthWalk takes one customer's active days in ascending order and names its part in
// each bucket: new in its first, returning when the bucket just before was active too,
// resurrecting after a gap, dormant in the first bucket without activity after an active
// one. So in every bucket, over all customers,
//   active = new + returning + resurrecting   and
//   active - active of the bucket before = new + resurrecting - dormant.
//
// Pure; not thread-safe. One bucket computation per active bucket, none per day.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "lib/base/calendar.h"

namespace rapport::lifecycle {

enum class Presence : uint8_t { kNew = 1, kReturning = 2, kResurrecting = 3, kDormant = 4 };

class GrowthWalk {
 public:
  using Visit = absl::FunctionRef<void(CivilDays bucket_start, Presence presence)>;

  GrowthWalk(Granularity granularity, WeekStart week_start)
      : granularity_(granularity), week_start_(week_start) {}

  void Add(CivilDays day, Visit visit) {
    if (started_ && day < end_) return;
    Enter(day, visit);
  }
  // Reports the dormancy after the last active bucket if it begins by `as_of_day`.
  void Finish(CivilDays as_of_day, Visit visit) const {
    if (started_ && end_ <= as_of_day) visit(end_, Presence::kDormant);
  }

 private:
  void Enter(CivilDays day, Visit visit);

  Granularity granularity_;
  WeekStart week_start_;
  bool started_ = false;
  CivilDays end_ = 0;  // Start of the bucket after the last active one.
};

}  // namespace rapport::lifecycle
