// SPDX-License-Identifier: Apache-2.0
// What one customer's events say about its answers: score groups, the last answer, and
// whether somebody still has to talk to the customer.
//
// Events are one customer's in timeline order (lib/base/event_columns.h); of several at one
// moment the order decides too. Pure, thread-safe, one pass without allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "absl/functional/function_ref.h"
#include "lib/base/event_columns.h"
#include "rapport/v1/feedback_service.pb.h"

namespace rapport::feedback {

// The group of an NPS answer: 0-6, 7-8, 9-10.
v1::ScoreGroupKind GroupOf(int64_t score);

// Which of a customer's NPS answers are looked at.
struct AnswerScope {
  TimeMicros begin = INT64_MIN;           // Inclusive.
  TimeMicros end = INT64_MAX;             // Exclusive.
  std::optional<uint32_t> touchpoint_no;  // Only answers given there.
};

// Calls `visit` with each NPS answer at the scope's touchpoint, and the one before it there
// (nullptr for the first). Only the later of the two has to lie in the scope's times.
using AnswerVisit = absl::FunctionRef<void(const EventColumns* before, const EventColumns& answer)>;
void ForEachAnswer(std::span<const EventColumns> events, const AnswerScope& scope,
                   AnswerVisit visit);

// Types that a person of the company causes by talking to the customer: a human touch and
// the first human reply to a ticket, as in the metric detractor_follow_up_rate. What the
// customer does (contacting support) and what needs no person (closing a ticket, e-mail)
// are none.
bool IsContact(uint16_t type);
// A promoter who has spoken for the company: a referral, a review, a share.
bool IsAdvocacy(uint16_t type);
// The types that WaitingAnswer looks at, sorted.
std::span<const uint16_t> FollowUpTypes(v1::FollowUpKind kind);

// Index of the customer's last NPS answer if it waits for a follow-up of this kind: a
// detractor's without contact since, a promoter's without advocacy since.
std::optional<size_t> WaitingAnswer(v1::FollowUpKind kind, std::span<const EventColumns> events);

}  // namespace rapport::feedback
