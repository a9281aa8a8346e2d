// SPDX-License-Identifier: Apache-2.0
#include "lib/feedback/answers.h"

#include <algorithm>

#include "rapport/v1/event.pb.h"

namespace rapport::feedback {
namespace {

constexpr int64_t kLastDetractor = 6;
constexpr int64_t kFirstPromoter = 9;
constexpr uint16_t kNps = v1::EVENT_TYPE_NPS_ANSWERED;

// Answer and contacts; answer and advocacy. Sorted.
constexpr uint16_t kDetractorTypes[] = {kNps, v1::EVENT_TYPE_TICKET_FIRST_REPLIED,
                                        v1::EVENT_TYPE_HUMAN_TOUCH};
constexpr uint16_t kPromoterTypes[] = {kNps, v1::EVENT_TYPE_REVIEW_WRITTEN,
                                       v1::EVENT_TYPE_SOCIAL_SHARED, v1::EVENT_TYPE_REFERRAL_SENT};

bool IsOtherThanAnswer(std::span<const uint16_t> types, uint16_t type) {
  return type != kNps && std::ranges::binary_search(types, type);
}

}  // namespace

v1::ScoreGroupKind GroupOf(int64_t score) {
  if (score <= kLastDetractor) return v1::SCORE_GROUP_KIND_DETRACTOR;
  return score < kFirstPromoter ? v1::SCORE_GROUP_KIND_PASSIVE : v1::SCORE_GROUP_KIND_PROMOTER;
}

void ForEachAnswer(std::span<const EventColumns> events, const AnswerScope& scope,
                   AnswerVisit visit) {
  const EventColumns* before = nullptr;
  for (const EventColumns& event : events) {
    if (event.time >= scope.end) return;
    if (event.type != kNps) continue;
    if (scope.touchpoint_no && event.touchpoint_no != *scope.touchpoint_no) continue;
    if (event.time >= scope.begin) visit(before, event);
    before = &event;
  }
}

bool IsContact(uint16_t type) { return IsOtherThanAnswer(kDetractorTypes, type); }
bool IsAdvocacy(uint16_t type) { return IsOtherThanAnswer(kPromoterTypes, type); }

std::span<const uint16_t> FollowUpTypes(v1::FollowUpKind kind) {
  if (kind == v1::FOLLOW_UP_KIND_PROMOTER) return kPromoterTypes;
  return kDetractorTypes;
}

std::optional<size_t> WaitingAnswer(v1::FollowUpKind kind, std::span<const EventColumns> events) {
  const bool promoters = kind == v1::FOLLOW_UP_KIND_PROMOTER;
  const auto wanted = promoters ? v1::SCORE_GROUP_KIND_PROMOTER : v1::SCORE_GROUP_KIND_DETRACTOR;
  for (size_t i = events.size(); i-- > 0;) {
    const EventColumns& event = events[i];
    if (event.type == kNps) {
      return GroupOf(event.value) == wanted ? std::optional(i) : std::nullopt;
    }
    if (promoters ? IsAdvocacy(event.type) : IsContact(event.type)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace rapport::feedback
