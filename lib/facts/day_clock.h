// SPDX-License-Identifier: Apache-2.0
// The civil day of each event of a timeline: lib/base/day_clock.h.
#pragma once

#include "lib/base/day_clock.h"

namespace rapport::facts {

using ::rapport::DayClock;

}  // namespace rapport::facts
