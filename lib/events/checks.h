// SPDX-License-Identifier: Apache-2.0
// The small checks that ValidateEvent is made of. Each answers OK or InvalidField with
// the reason that validate.h lists. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/events/event_rules.h"
#include "rapport/v1/event.pb.h"

namespace rapport::events {

bool IsUtf8(std::string_view text);
// TOO_LONG, NOT_UTF8.
absl::Status CheckText(std::string_view text, size_t max_bytes, std::string_view field);
// The same and REQUIRED.
absl::Status CheckRequired(std::string_view text, size_t max_bytes, std::string_view field);
// NOT_FINITE.
absl::Status CheckFinite(double value, std::string_view field);
// NOT_FINITE, OUT_OF_RANGE unless 0 <= value <= most.
absl::Status CheckAmount(double value, double most, std::string_view field);
// BAD_TIME.
absl::Status CheckTimestamp(const google::protobuf::Timestamp& time, std::string_view field);

// Field name of a payload in the event, e.g. "survey_answer".
std::string_view PayloadName(PayloadCase payload);
// The inside of the payload that the event has.
absl::Status CheckPayload(const v1::Event& event);

}  // namespace rapport::events
