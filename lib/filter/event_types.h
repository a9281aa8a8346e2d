// SPDX-License-Identifier: Apache-2.0
// Event types by the payload that fits them, as proto/rapport/v1/event.proto lists it.
#pragma once

#include "lib/filter/type_set.h"
#include "rapport/v1/event.pb.h"

namespace rapport::filter {

inline TypeSet OrderTypes() {
  return {v1::EVENT_TYPE_CHECKOUT_STARTED, v1::EVENT_TYPE_ORDER_PLACED,
          v1::EVENT_TYPE_BOOKING_MADE};
}
inline TypeSet RefundTypes() { return {v1::EVENT_TYPE_ORDER_REFUNDED}; }
inline TypeSet SurveyTypes() {
  return {v1::EVENT_TYPE_NPS_ANSWERED, v1::EVENT_TYPE_CSAT_ANSWERED, v1::EVENT_TYPE_CES_ANSWERED};
}
inline TypeSet ReviewTypes() { return {v1::EVENT_TYPE_REVIEW_WRITTEN}; }
inline TypeSet ScoreTypes() { return SurveyTypes().Unite(ReviewTypes()); }
inline TypeSet SessionTypes() { return {v1::EVENT_TYPE_SESSION_ENDED}; }
inline TypeSet ContentTypes() {
  return {v1::EVENT_TYPE_PAGE_VIEWED,   v1::EVENT_TYPE_ARTICLE_READ,
          v1::EVENT_TYPE_VIDEO_WATCHED, v1::EVENT_TYPE_KNOWLEDGE_BASE_READ,
          v1::EVENT_TYPE_SEARCHED,      v1::EVENT_TYPE_WEBINAR_ATTENDED};
}
inline TypeSet InterestTypes() {
  return {v1::EVENT_TYPE_PRODUCT_VIEWED, v1::EVENT_TYPE_CART_ITEM_ADDED,
          v1::EVENT_TYPE_CART_ITEM_REMOVED};
}
inline TypeSet CampaignTypes() {
  return {v1::EVENT_TYPE_EMAIL_OPENED,  v1::EVENT_TYPE_EMAIL_CLICKED,
          v1::EVENT_TYPE_AD_CLICKED,    v1::EVENT_TYPE_CAMPAIGN_SHOWN,
          v1::EVENT_TYPE_EMAIL_SENT,    v1::EVENT_TYPE_EMAIL_DELIVERED,
          v1::EVENT_TYPE_EMAIL_BOUNCED, v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED};
}
inline TypeSet SupportTypes() {
  return {v1::EVENT_TYPE_TICKET_OPENED,     v1::EVENT_TYPE_TICKET_FIRST_REPLIED,
          v1::EVENT_TYPE_TICKET_RESOLVED,   v1::EVENT_TYPE_TICKET_REOPENED,
          v1::EVENT_TYPE_SUPPORT_CONTACTED, v1::EVENT_TYPE_COMPLAINT_MADE,
          v1::EVENT_TYPE_COMPLIMENT_MADE};
}
inline TypeSet SocialTypes() {
  return {v1::EVENT_TYPE_SOCIAL_LIKED, v1::EVENT_TYPE_SOCIAL_SHARED,
          v1::EVENT_TYPE_SOCIAL_COMMENTED};
}
inline TypeSet SubscriptionTypes() {
  return {v1::EVENT_TYPE_SUBSCRIPTION_STARTED,   v1::EVENT_TYPE_SUBSCRIPTION_RENEWED,
          v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED,  v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED,
          v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, v1::EVENT_TYPE_PAYMENT_FAILED};
}
inline TypeSet HumanTouchTypes() { return {v1::EVENT_TYPE_HUMAN_TOUCH}; }
inline TypeSet ExperimentTypes() { return {v1::EVENT_TYPE_EXPERIMENT_EXPOSED}; }
inline TypeSet ConsentTypes() {
  return {v1::EVENT_TYPE_CONSENT_GIVEN, v1::EVENT_TYPE_CONSENT_WITHDRAWN};
}
inline TypeSet UsageTypes() {
  return {v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED, v1::EVENT_TYPE_FEATURE_USED,
          v1::EVENT_TYPE_CHURN_REASON_GIVEN};
}
inline TypeSet ReferralTypes() {
  return {v1::EVENT_TYPE_REFERRAL_SENT, v1::EVENT_TYPE_REFERRAL_CONVERTED};
}

}  // namespace rapport::filter
