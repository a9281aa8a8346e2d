// SPDX-License-Identifier: Apache-2.0
// Segments beside each other: which deserve attention first (value x growth) and how much
// they overlap. Pure; 50 segments of a million customers take some 20 ms.
#pragma once

#include <span>
#include <string>

#include "lib/segments/bitmap.h"
#include "rapport/store/v1/segment.pb.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

struct Compared {
  std::string name;  // Resource name.
  store::v1::SegmentNight night;
  Bitmap members;
};

// No context. Ranks by priority, then value share, then name.
v1::SegmentComparison Compare(std::span<const Compared> segments);

}  // namespace rapport::segments
