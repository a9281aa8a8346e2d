// SPDX-License-Identifier: Apache-2.0
// Answers with words: which events have them and how they read as v1.Verbatim. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/base/event_columns.h"
#include "rapport/v1/event.pb.h"
#include "rapport/v1/feedback_service.pb.h"

namespace rapport::feedback {

// Survey answers, reviews, complaints and compliments; sorted.
std::span<const uint16_t> VerbatimTypes();

// The words of an event's payload (of v1.Event only the payload is read); empty: none.
const std::string& WordsOf(const v1::Event& event);

// All but time, and what needs names: customer, touchpoint, stage.
void FillVerbatim(const EventColumns& columns, const v1::Event& event, v1::Verbatim& out);

}  // namespace rapport::feedback
