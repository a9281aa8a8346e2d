// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/growth.h"

namespace rapport::lifecycle {

void GrowthWalk::Enter(CivilDays day, Visit visit) {
  const CivilDays bucket = BucketStart(day, granularity_, week_start_);
  if (!started_) {
    visit(bucket, Presence::kNew);
  } else if (bucket == end_) {
    visit(bucket, Presence::kReturning);
  } else {
    visit(end_, Presence::kDormant);
    visit(bucket, Presence::kResurrecting);
  }
  started_ = true;
  end_ = NextBucket(bucket, granularity_);
}

}  // namespace rapport::lifecycle
