// SPDX-License-Identifier: Apache-2.0
// One customer's life in the demo shop as small records, before they become events.
// Internal to rapport_demo: business.h is the interface.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/clock.h"
#include "rapport/v1/event.pb.h"
#include "tools/demo/business.h"
#include "tools/demo/catalog.h"
#include "tools/demo/random.h"

namespace rapport::demo {

// What happened when; `number`, `item` and `micros` mean what the type needs (score,
// product, ticket, order number, amount).
struct Moment {
  TimeMicros time = 0;
  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  Touchpoint touchpoint = Touchpoint::kNone;
  bool campaign = false;  // Belongs to the campaign of its month.
  int32_t number = 0;
  int32_t item = 0;
  int64_t micros = 0;
};

// Draws the hidden values of a customer; the first draws of its generator.
CustomerTruth DrawTruth(Random& random, const std::vector<double>& arrivals, TimeMicros begin);

// Appends the whole life up to `end`, sorted by time.
void TellStory(const CustomerTruth& truth, TimeMicros end, Random& random,
               std::vector<Moment>& out);

// Puts a time into shop hours without leaving its day and without changing the order
// of two times.
TimeMicros InShopHours(TimeMicros time);

}  // namespace rapport::demo
