// SPDX-License-Identifier: Apache-2.0
// The inside of each payload, as event.proto states it.
#include "lib/base/errors.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/checks.h"

namespace rapport::events {
namespace {

absl::Status CheckCurrency(const v1::Money& money, std::string_view field) {
  if (money.micros() > kMaxMoneyMicros || money.micros() < -kMaxMoneyMicros) {
    return InvalidField(Cat(field, ".micros"), "OUT_OF_RANGE", "is too large");
  }
  if (PackCurrency(money.currency()).ok()) return absl::OkStatus();
  return InvalidField(Cat(field, ".currency"), "BAD_CURRENCY", "is not an ISO 4217 code");
}

absl::Status CheckMoney(const v1::Money& money, std::string_view field) {
  RETURN_IF_ERROR(CheckCurrency(money, field));
  if (money.micros() >= 0) return absl::OkStatus();
  return InvalidField(Cat(field, ".micros"), "NEGATIVE_AMOUNT", "must be >= 0");
}

absl::Status SameCurrency(const v1::Money& money, const v1::Order& order, std::string_view field) {
  if (money.currency() == order.amount().currency()) return absl::OkStatus();
  return InvalidField(Cat(field, ".currency"), "BAD_CURRENCY", "differs from the order's");
}

absl::Status CheckItem(const v1::OrderItem& item) {
  RETURN_IF_ERROR(CheckRequired(item.product_id(), kMaxNameBytes, "product_id"));
  RETURN_IF_ERROR(CheckText(item.category(), kMaxTextBytes, "category"));
  RETURN_IF_ERROR(CheckText(item.brand(), kMaxTextBytes, "brand"));
  RETURN_IF_ERROR(CheckAmount(item.quantity(), kMaxQuantity, "quantity"));
  if (item.quantity() == 0) return InvalidField("quantity", "OUT_OF_RANGE", "must be > 0");
  if (item.unit_price_micros() > kMaxMoneyMicros || item.unit_price_micros() < -kMaxMoneyMicros) {
    return InvalidField("unit_price_micros", "OUT_OF_RANGE", "is too large");
  }
  return absl::OkStatus();
}

absl::Status Check(const v1::Order& order) {
  if (!order.has_amount()) return InvalidField("amount", "REQUIRED", "must be given");
  RETURN_IF_ERROR(CheckMoney(order.amount(), "amount"));
  if (order.has_discount()) {
    RETURN_IF_ERROR(CheckMoney(order.discount(), "discount"));
    RETURN_IF_ERROR(SameCurrency(order.discount(), order, "discount"));
  }
  if (order.has_margin()) {
    RETURN_IF_ERROR(CheckCurrency(order.margin(), "margin"));
    RETURN_IF_ERROR(SameCurrency(order.margin(), order, "margin"));
  }
  RETURN_IF_ERROR(CheckText(order.order_id(), kMaxNameBytes, "order_id"));
  RETURN_IF_ERROR(CheckText(order.coupon(), kMaxTextBytes, "coupon"));
  if (order.items_size() > kMaxOrderItems) {
    return InvalidField("items", "TOO_MANY", "at most 1000 items");
  }
  for (int i = 0; i < order.items_size(); ++i) {
    const absl::Status status = CheckItem(order.items(i));
    if (!status.ok()) return PrefixField(status, Cat("items[", i, "]."));
  }
  return absl::OkStatus();
}

absl::Status Check(const v1::Refund& refund) {
  if (!refund.has_amount()) return InvalidField("amount", "REQUIRED", "must be given");
  RETURN_IF_ERROR(CheckMoney(refund.amount(), "amount"));
  RETURN_IF_ERROR(CheckText(refund.order_id(), kMaxNameBytes, "order_id"));
  return CheckText(refund.reason(), kMaxTextBytes, "reason");
}

absl::Status CheckScore(int score, int least, int scale, std::string_view field) {
  if (scale < kMinScale || scale > kMaxScale) {
    return InvalidField("scale", "OUT_OF_RANGE", "must lie between 2 and 100");
  }
  if (score >= least && score <= scale) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", Cat("must lie between ", least, " and ", scale));
}

absl::Status Check(const v1::SurveyAnswer& answer, v1::EventType type) {
  const bool nps = type == v1::EVENT_TYPE_NPS_ANSWERED;
  if (nps && answer.scale() != 0 && answer.scale() != kNpsScale) {
    return InvalidField("scale", "OUT_OF_RANGE", "NPS is answered from 0 to 10");
  }
  RETURN_IF_ERROR(CheckScore(answer.score(), nps ? 0 : 1, ScaleOf(type, answer.scale()), "score"));
  RETURN_IF_ERROR(CheckText(answer.survey_id(), kMaxNameBytes, "survey_id"));
  return CheckText(answer.verbatim(), kMaxVerbatimBytes, "verbatim");
}

absl::Status Check(const v1::Review& review) {
  RETURN_IF_ERROR(CheckScore(review.rating(), 1,
                             ScaleOf(v1::EVENT_TYPE_REVIEW_WRITTEN, review.scale()), "rating"));
  RETURN_IF_ERROR(CheckText(review.subject(), kMaxTextBytes, "subject"));
  return CheckText(review.text(), kMaxVerbatimBytes, "text");
}

absl::Status Check(const v1::Session& session) {
  RETURN_IF_ERROR(CheckAmount(session.duration_seconds(), kMaxDurationSeconds, "duration_seconds"));
  if (session.page_count() < 0) return InvalidField("page_count", "OUT_OF_RANGE", "must be >= 0");
  return CheckText(session.device(), kMaxTextBytes, "device");
}

absl::Status Check(const v1::Content& content) {
  RETURN_IF_ERROR(CheckText(content.content_id(), kMaxTextBytes, "content_id"));
  RETURN_IF_ERROR(CheckText(content.title(), kMaxTextBytes, "title"));
  RETURN_IF_ERROR(CheckAmount(content.duration_seconds(), kMaxDurationSeconds, "duration_seconds"));
  return CheckText(content.query(), kMaxTextBytes, "query");
}

absl::Status Check(const v1::ProductInterest& interest) {
  RETURN_IF_ERROR(CheckRequired(interest.product_id(), kMaxNameBytes, "product_id"));
  RETURN_IF_ERROR(CheckText(interest.category(), kMaxTextBytes, "category"));
  RETURN_IF_ERROR(CheckText(interest.brand(), kMaxTextBytes, "brand"));
  if (interest.has_price()) RETURN_IF_ERROR(CheckMoney(interest.price(), "price"));
  return CheckAmount(interest.quantity(), kMaxQuantity, "quantity");
}

absl::Status Check(const v1::CampaignTouch& touch) {
  RETURN_IF_ERROR(CheckText(touch.creative(), kMaxTextBytes, "creative"));
  if (touch.has_cost()) RETURN_IF_ERROR(CheckMoney(touch.cost(), "cost"));
  return CheckText(touch.link(), kMaxTextBytes, "link");
}

bool IsTicket(v1::EventType type) {
  return type >= v1::EVENT_TYPE_TICKET_OPENED && type <= v1::EVENT_TYPE_TICKET_REOPENED;
}

absl::Status Check(const v1::Support& support, v1::EventType type) {
  if (IsTicket(type)) {
    RETURN_IF_ERROR(CheckRequired(support.ticket_id(), kMaxNameBytes, "ticket_id"));
  }
  RETURN_IF_ERROR(CheckText(support.ticket_id(), kMaxNameBytes, "ticket_id"));
  RETURN_IF_ERROR(CheckText(support.topic(), kMaxTextBytes, "topic"));
  RETURN_IF_ERROR(CheckText(support.priority(), kMaxTextBytes, "priority"));
  RETURN_IF_ERROR(CheckText(support.agent(), kMaxTextBytes, "agent"));
  return CheckText(support.text(), kMaxVerbatimBytes, "text");
}

absl::Status Check(const v1::Social& social) {
  RETURN_IF_ERROR(CheckText(social.network(), kMaxTextBytes, "network"));
  RETURN_IF_ERROR(CheckText(social.post_id(), kMaxTextBytes, "post_id"));
  return CheckText(social.text(), kMaxVerbatimBytes, "text");
}

absl::Status Check(const v1::Subscription& subscription) {
  RETURN_IF_ERROR(CheckText(subscription.subscription_id(), kMaxNameBytes, "subscription_id"));
  RETURN_IF_ERROR(CheckText(subscription.plan(), kMaxTextBytes, "plan"));
  if (subscription.has_mrr()) RETURN_IF_ERROR(CheckMoney(subscription.mrr(), "mrr"));
  if (!subscription.has_period_end_time()) return absl::OkStatus();
  return CheckTimestamp(subscription.period_end_time(), "period_end_time");
}

absl::Status Check(const v1::HumanTouch& touch) {
  RETURN_IF_ERROR(CheckText(touch.kind(), kMaxTextBytes, "kind"));
  RETURN_IF_ERROR(CheckAmount(touch.minutes(), kMaxMinutes, "minutes"));
  if (touch.has_cost()) RETURN_IF_ERROR(CheckMoney(touch.cost(), "cost"));
  return CheckText(touch.owner(), kMaxTextBytes, "owner");
}

absl::Status Check(const v1::ExperimentExposure& exposure) {
  RETURN_IF_ERROR(CheckRequired(exposure.experiment(), kMaxNameBytes, "experiment"));
  return CheckRequired(exposure.variant(), kMaxNameBytes, "variant");
}

absl::Status Check(const v1::Consent& consent) {
  RETURN_IF_ERROR(CheckRequired(consent.purpose(), kMaxTextBytes, "purpose"));
  return CheckText(consent.evidence(), kMaxTextBytes, "evidence");
}

absl::Status Check(const v1::Usage& usage) {
  RETURN_IF_ERROR(CheckRequired(usage.item(), kMaxTextBytes, "item"));
  RETURN_IF_ERROR(CheckAmount(usage.quantity(), kMaxQuantity, "quantity"));
  return CheckText(usage.text(), kMaxVerbatimBytes, "text");
}

absl::Status Check(const v1::Referral& referral) {
  RETURN_IF_ERROR(
      CheckText(referral.referred_customer_id(), kMaxCustomerIdBytes, "referred_customer_id"));
  return CheckText(referral.program(), kMaxTextBytes, "program");
}

absl::Status CheckInside(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kOrder:
      return Check(event.order());
    case v1::Event::kRefund:
      return Check(event.refund());
    case v1::Event::kSurveyAnswer:
      return Check(event.survey_answer(), event.type());
    case v1::Event::kReview:
      return Check(event.review());
    case v1::Event::kSession:
      return Check(event.session());
    case v1::Event::kContent:
      return Check(event.content());
    case v1::Event::kProductInterest:
      return Check(event.product_interest());
    case v1::Event::kCampaignTouch:
      return Check(event.campaign_touch());
    case v1::Event::kSupport:
      return Check(event.support(), event.type());
    case v1::Event::kSocial:
      return Check(event.social());
    case v1::Event::kSubscription:
      return Check(event.subscription());
    case v1::Event::kHumanTouch:
      return Check(event.human_touch());
    case v1::Event::kExperimentExposure:
      return Check(event.experiment_exposure());
    case v1::Event::kConsent:
      return Check(event.consent());
    case v1::Event::kUsage:
      return Check(event.usage());
    case v1::Event::kReferral:
      return Check(event.referral());
    case v1::Event::PAYLOAD_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPayload(const v1::Event& event) {
  const absl::Status status = CheckInside(event);
  if (status.ok()) return status;
  return PrefixField(status, Cat(PayloadName(event.payload_case()), "."));
}

}  // namespace rapport::events
