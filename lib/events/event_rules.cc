// SPDX-License-Identifier: Apache-2.0
#include "lib/events/event_rules.h"

#include <array>

namespace rapport::events {
namespace {

using E = v1::Event;
constexpr Engagement kCognitive = Engagement::kCognitive;
constexpr Engagement kEmotional = Engagement::kEmotional;
constexpr Engagement kBehavioural = Engagement::kBehavioural;
constexpr Engagement kTransactional = Engagement::kTransactional;
constexpr Engagement kNone = Engagement::kNone;

constexpr EventRule kRules[] = {
    {v1::EVENT_TYPE_CUSTOM, E::PAYLOAD_NOT_SET, false, kNone},
    {v1::EVENT_TYPE_PAGE_VIEWED, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_ARTICLE_READ, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_VIDEO_WATCHED, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_KNOWLEDGE_BASE_READ, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_WEBINAR_ATTENDED, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_SEARCHED, E::kContent, false, kCognitive},
    {v1::EVENT_TYPE_EMAIL_OPENED, E::kCampaignTouch, false, kCognitive},
    {v1::EVENT_TYPE_NPS_ANSWERED, E::kSurveyAnswer, true, kEmotional},
    {v1::EVENT_TYPE_CSAT_ANSWERED, E::kSurveyAnswer, true, kEmotional},
    {v1::EVENT_TYPE_CES_ANSWERED, E::kSurveyAnswer, true, kEmotional},
    {v1::EVENT_TYPE_REVIEW_WRITTEN, E::kReview, true, kEmotional},
    {v1::EVENT_TYPE_SOCIAL_LIKED, E::kSocial, false, kEmotional},
    {v1::EVENT_TYPE_SOCIAL_SHARED, E::kSocial, false, kEmotional},
    {v1::EVENT_TYPE_SOCIAL_COMMENTED, E::kSocial, false, kEmotional},
    {v1::EVENT_TYPE_REFERRAL_SENT, E::kReferral, false, kEmotional},
    {v1::EVENT_TYPE_COMPLAINT_MADE, E::kSupport, false, kEmotional},
    {v1::EVENT_TYPE_COMPLIMENT_MADE, E::kSupport, false, kEmotional},
    {v1::EVENT_TYPE_SIGNED_UP, E::PAYLOAD_NOT_SET, false, kBehavioural},
    {v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED, E::kUsage, false, kBehavioural},
    {v1::EVENT_TYPE_SESSION_ENDED, E::kSession, true, kBehavioural},
    {v1::EVENT_TYPE_FEATURE_USED, E::kUsage, false, kBehavioural},
    {v1::EVENT_TYPE_PRODUCT_VIEWED, E::kProductInterest, false, kBehavioural},
    {v1::EVENT_TYPE_CART_ITEM_ADDED, E::kProductInterest, false, kBehavioural},
    {v1::EVENT_TYPE_CART_ITEM_REMOVED, E::kProductInterest, false, kBehavioural},
    {v1::EVENT_TYPE_EMAIL_CLICKED, E::kCampaignTouch, false, kBehavioural},
    {v1::EVENT_TYPE_AD_CLICKED, E::kCampaignTouch, false, kBehavioural},
    {v1::EVENT_TYPE_SUPPORT_CONTACTED, E::kSupport, false, kBehavioural},
    {v1::EVENT_TYPE_REFERRAL_CONVERTED, E::kReferral, false, kBehavioural},
    {v1::EVENT_TYPE_CHECKOUT_STARTED, E::kOrder, false, kTransactional},
    {v1::EVENT_TYPE_ORDER_PLACED, E::kOrder, true, kTransactional},
    {v1::EVENT_TYPE_ORDER_REFUNDED, E::kRefund, true, kTransactional},
    {v1::EVENT_TYPE_BOOKING_MADE, E::kOrder, true, kTransactional},
    {v1::EVENT_TYPE_SUBSCRIPTION_STARTED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_PAYMENT_FAILED, E::kSubscription, false, kTransactional},
    {v1::EVENT_TYPE_CAMPAIGN_SHOWN, E::kCampaignTouch, false, kNone},
    {v1::EVENT_TYPE_EMAIL_SENT, E::kCampaignTouch, false, kNone},
    {v1::EVENT_TYPE_EMAIL_DELIVERED, E::kCampaignTouch, false, kNone},
    {v1::EVENT_TYPE_EMAIL_BOUNCED, E::kCampaignTouch, false, kNone},
    {v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED, E::kCampaignTouch, false, kNone},
    {v1::EVENT_TYPE_TICKET_OPENED, E::kSupport, true, kNone},
    {v1::EVENT_TYPE_TICKET_FIRST_REPLIED, E::kSupport, true, kNone},
    {v1::EVENT_TYPE_TICKET_RESOLVED, E::kSupport, true, kNone},
    {v1::EVENT_TYPE_TICKET_REOPENED, E::kSupport, true, kNone},
    {v1::EVENT_TYPE_HUMAN_TOUCH, E::kHumanTouch, false, kNone},
    {v1::EVENT_TYPE_EXPERIMENT_EXPOSED, E::kExperimentExposure, true, kNone},
    {v1::EVENT_TYPE_SURVEY_SENT, E::PAYLOAD_NOT_SET, false, kNone},
    {v1::EVENT_TYPE_SURVEY_DISMISSED, E::PAYLOAD_NOT_SET, false, kNone},
    {v1::EVENT_TYPE_CONSENT_GIVEN, E::kConsent, true, kNone},
    {v1::EVENT_TYPE_CONSENT_WITHDRAWN, E::kConsent, true, kNone},
    {v1::EVENT_TYPE_CHURN_REASON_GIVEN, E::kUsage, true, kNone},
};

constexpr size_t kTypes = 256;

constexpr std::array<EventRule, kTypes> Index() {
  std::array<EventRule, kTypes> index{};
  for (const EventRule& rule : kRules) index[static_cast<size_t>(rule.type)] = rule;
  return index;
}
constexpr std::array<EventRule, kTypes> kByType = Index();

}  // namespace

const EventRule* FindRule(int type) {
  if (type <= 0 || type >= static_cast<int>(kTypes)) return nullptr;
  const EventRule& rule = kByType[static_cast<size_t>(type)];
  return rule.type == type ? &rule : nullptr;
}

int ScaleOf(v1::EventType type, int given) {
  if (type == v1::EVENT_TYPE_NPS_ANSWERED) return kNpsScale;
  if (given != 0) return given;
  if (type == v1::EVENT_TYPE_CES_ANSWERED) return kDefaultCesScale;
  return type == v1::EVENT_TYPE_REVIEW_WRITTEN ? kDefaultReviewScale : kDefaultCsatScale;
}

}  // namespace rapport::events
