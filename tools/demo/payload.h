// SPDX-License-Identifier: Apache-2.0
// Turns the records of a story into events. Internal to rapport_demo.
#pragma once

#include <cstdint>

#include "rapport/v1/event.pb.h"
#include "tools/demo/story.h"

namespace rapport::demo {

// Fills `event` for the `serial`-th moment of customer `index`.
void FillEvent(const Moment& moment, uint64_t index, size_t serial, v1::Event& event);

}  // namespace rapport::demo
