// SPDX-License-Identifier: Apache-2.0
// Journeys as the API shows them, with reasons in words. Pure.
#pragma once

#include <functional>
#include <string>

#include "lib/filter/customer_events.h"
#include "lib/filter/names.h"
#include "lib/frameworks/compiled.h"
#include "lib/frameworks/walk.h"
#include "rapport/v1/framework.pb.h"

namespace rapport::frameworks {

// The word of a stored event type, `order_placed` or a custom type's name.
std::string TypeWord(uint16_t type, const filter::Names& names);

// What brought a customer to where it stands.
struct Arrival {
  v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
  StageNo from = kOutside;
  uint16_t type = 0;  // Of the event; 0: silence.
  int32_t silence_days = 0;
};
// "forward from Consideration: order_placed".
std::string Why(const CompiledFramework& framework, const Arrival& arrival);

// The journey as of the framework's as_of. `event_id` tells the id of the customer's event
// of that index; asked once a visit that an event began.
v1::CustomerJourney ShowJourney(const CompiledFramework& framework, const Journey& journey,
                                const std::function<std::string(size_t)>& event_id);

}  // namespace rapport::frameworks
