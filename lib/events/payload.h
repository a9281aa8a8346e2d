// SPDX-License-Identifier: Apache-2.0
// From API events to columns and payload bytes, and back.
//
// Pure, thread-safe. WritePayload copies no message: it writes the wire form of
// store.v1.EventPayload by hand.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/clock.h"
#include "lib/events/row.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::events {

// Time, type, channel, value, aux and currency of a valid event, as row.h says. Customer,
// touchpoint, campaign and custom type are left to the writer.
EventRow ColumnsOf(const v1::Event& event);

// Appends the serialized EventPayload of a valid event: what its columns do not hold.
// Properties stand in key order, so equal events give equal bytes. customer_id is left
// out when it is the only identity: the customer's number says it.
void WritePayload(const v1::Event& event, TimeMicros receive_time, std::string& out);

// Fills `event` from a row and its payload, but for name, customer_id (unless the payload
// has it), touchpoint, campaign and custom type.
v1::Event EventOf(const EventRow& row, const store::v1::EventPayload& payload);

}  // namespace rapport::events
