// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/payload.h"

#include <string>

#include "lib/base/text.h"

namespace rapport::demo {
namespace {

constexpr char kCurrency[] = "EUR";

void SetMoney(int64_t micros, v1::Money* money) {
  money->set_micros(micros);
  money->set_currency(kCurrency);
}

std::string Text(std::string_view view) { return std::string(view); }

std::string OrderId(uint64_t index, int32_t number) { return Cat("o", index, "-", number + 1); }

const Product& ProductOf(const Moment& moment) {
  return kProducts[static_cast<size_t>(moment.item)];
}

// One or two lines whose sum is the amount: most spend is furniture made to measure, so
// the unit price follows the amount.
void FillOrder(const Moment& moment, uint64_t index, v1::Order* order) {
  order->set_order_id(OrderId(index, moment.number));
  SetMoney(moment.micros, order->mutable_amount());
  SetMoney(moment.micros * 38 / 100, order->mutable_margin());
  const bool two = moment.micros % 3 == 0 && moment.micros > 40'000'000;
  const int64_t second = two ? moment.micros / 4 / 10'000 * 10'000 : 0;
  v1::OrderItem* item = order->add_items();
  const Product& product = ProductOf(moment);
  item->set_product_id(Text(product.id));
  item->set_category(Text(product.category));
  item->set_brand(Text(product.brand));
  item->set_quantity(1);
  item->set_unit_price_micros(moment.micros - second);
  if (!two) return;
  const Product& other = kProducts[static_cast<size_t>(moment.item + 5) % kProducts.size()];
  item = order->add_items();
  item->set_product_id(Text(other.id));
  item->set_category(Text(other.category));
  item->set_brand(Text(other.brand));
  item->set_quantity(1);
  item->set_unit_price_micros(second);
}

void FillProduct(const Moment& moment, v1::ProductInterest* interest) {
  const Product& product = ProductOf(moment);
  interest->set_product_id(Text(product.id));
  interest->set_category(Text(product.category));
  interest->set_brand(Text(product.brand));
  SetMoney(product.price_cents * 10'000, interest->mutable_price());
}

void FillSurvey(const Moment& moment, int scale, std::string_view id, v1::SurveyAnswer* answer) {
  answer->set_survey_id(Text(id));
  answer->set_score(moment.number);
  if (scale != 0) answer->set_scale(scale);
}

void FillSupport(const Moment& moment, uint64_t index, v1::Support* support) {
  support->set_ticket_id(Cat("t", index, "-", moment.number + 1));
  support->set_topic(moment.item % 2 == 0 ? "delivery" : "product");
  if (moment.type != v1::EVENT_TYPE_TICKET_OPENED) {
    support->set_agent(moment.item % 3 == 0 ? "mara" : "jonas");
  }
}

void FillSubscription(const Moment& moment, uint64_t index, v1::Subscription* subscription) {
  subscription->set_subscription_id(Cat("s", index));
  subscription->set_plan(moment.item == 0 ? "care_basic" : "care_plus");
  SetMoney(moment.micros, subscription->mutable_mrr());
}

void FillUsage(const Moment& moment, v1::Usage* usage) {
  static constexpr const char* kSteps[] = {"profile", "first_box", "app_login"};
  static constexpr const char* kReasons[] = {"price", "not_needed", "quality"};
  const auto index = static_cast<size_t>(moment.number);
  const bool step = moment.type == v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED;
  usage->set_item(step ? kSteps[index] : kReasons[index]);
}

void FillTouch(const Moment& moment, v1::CampaignTouch* touch) {
  touch->set_creative(Text(ProductOf(moment).title));
  if (moment.micros != 0) SetMoney(moment.micros, touch->mutable_cost());
  if (moment.type == v1::EVENT_TYPE_EMAIL_CLICKED) {
    touch->set_link(Cat("/products/", ProductOf(moment).id));
  }
}

void FillIdentity(uint64_t index, v1::Event& event) {
  v1::Identity* email = event.add_identities();
  email->set_kind(v1::IDENTITY_KIND_EMAIL);
  email->set_value(Cat("customer", index, "@example.com"));
}

// The payloads of what the customer buys and subscribes to.
bool FillTrade(const Moment& moment, uint64_t index, v1::Event& event) {
  switch (moment.type) {
    case v1::EVENT_TYPE_ORDER_PLACED:
      FillOrder(moment, index, event.mutable_order());
      return true;
    case v1::EVENT_TYPE_ORDER_REFUNDED:
      event.mutable_refund()->set_order_id(OrderId(index, moment.number));
      event.mutable_refund()->set_reason("returned");
      SetMoney(moment.micros, event.mutable_refund()->mutable_amount());
      return true;
    case v1::EVENT_TYPE_SUBSCRIPTION_STARTED:
    case v1::EVENT_TYPE_SUBSCRIPTION_RENEWED:
    case v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED:
    case v1::EVENT_TYPE_PAYMENT_FAILED:
      FillSubscription(moment, index, event.mutable_subscription());
      return true;
    case v1::EVENT_TYPE_PRODUCT_VIEWED:
    case v1::EVENT_TYPE_CART_ITEM_ADDED:
      FillProduct(moment, event.mutable_product_interest());
      return true;
    default:
      return false;
  }
}

// The payloads of what the customer says and is asked.
bool FillVoice(const Moment& moment, uint64_t index, v1::Event& event) {
  switch (moment.type) {
    case v1::EVENT_TYPE_NPS_ANSWERED: {
      FillSurvey(moment, 0, "nps_after_order", event.mutable_survey_answer());
      const auto pick = static_cast<uint32_t>(index + static_cast<uint64_t>(moment.number));
      event.mutable_survey_answer()->set_verbatim(Text(Verbatim(moment.number, pick)));
      return true;
    }
    case v1::EVENT_TYPE_CSAT_ANSWERED:
      FillSurvey(moment, 5, "csat_after_ticket", event.mutable_survey_answer());
      return true;
    case v1::EVENT_TYPE_CES_ANSWERED:
      FillSurvey(moment, 7, "ces_checkout", event.mutable_survey_answer());
      return true;
    case v1::EVENT_TYPE_REVIEW_WRITTEN:
      event.mutable_review()->set_subject(Text(ProductOf(moment).id));
      event.mutable_review()->set_rating(moment.number);
      event.mutable_review()->set_scale(5);
      return true;
    case v1::EVENT_TYPE_TICKET_OPENED:
    case v1::EVENT_TYPE_TICKET_FIRST_REPLIED:
    case v1::EVENT_TYPE_TICKET_RESOLVED:
    case v1::EVENT_TYPE_TICKET_REOPENED:
      FillSupport(moment, index, event.mutable_support());
      return true;
    case v1::EVENT_TYPE_COMPLAINT_MADE:
      event.mutable_support()->set_topic("quality");
      return true;
    case v1::EVENT_TYPE_REFERRAL_SENT:
    case v1::EVENT_TYPE_REFERRAL_CONVERTED:
      event.mutable_referral()->set_referred_customer_id(Cat("friend-", moment.number));
      event.mutable_referral()->set_program("bring_a_friend");
      return true;
    default:
      return false;
  }
}

// All other payloads.
void FillOther(const Moment& moment, uint64_t index, v1::Event& event) {
  switch (moment.type) {
    case v1::EVENT_TYPE_SIGNED_UP:
      return FillIdentity(index, event);
    case v1::EVENT_TYPE_SESSION_ENDED:
      event.mutable_session()->set_duration_seconds(moment.number);
      event.mutable_session()->set_page_count(moment.item);
      return;
    case v1::EVENT_TYPE_PAGE_VIEWED:
      event.mutable_content()->set_content_id(Cat("/pages/", ProductOf(moment).category));
      return;
    case v1::EVENT_TYPE_EMAIL_SENT:
    case v1::EVENT_TYPE_EMAIL_OPENED:
    case v1::EVENT_TYPE_EMAIL_CLICKED:
    case v1::EVENT_TYPE_CAMPAIGN_SHOWN:
      return FillTouch(moment, event.mutable_campaign_touch());
    case v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED:
    case v1::EVENT_TYPE_CHURN_REASON_GIVEN:
      return FillUsage(moment, event.mutable_usage());
    case v1::EVENT_TYPE_HUMAN_TOUCH:
      event.mutable_human_touch()->set_kind("check_in");
      event.mutable_human_touch()->set_minutes(moment.number);
      event.mutable_human_touch()->set_owner("studio");
      SetMoney(moment.number * 800'000, event.mutable_human_touch()->mutable_cost());
      return;
    case v1::EVENT_TYPE_CONSENT_GIVEN:
    case v1::EVENT_TYPE_CONSENT_WITHDRAWN:
      event.mutable_consent()->set_purpose("marketing_email");
      return;
    default:
      return;  // E-mail unsubscriptions and survey invitations carry no payload.
  }
}

}  // namespace

void FillEvent(const Moment& moment, uint64_t index, size_t serial, v1::Event& event) {
  event.set_event_id(Cat("lo", index, ".", serial));
  event.set_customer_id(Business::CustomerId(index));
  event.mutable_event_time()->set_seconds(moment.time / kMicrosPerSecond);
  event.mutable_event_time()->set_nanos(static_cast<int32_t>(moment.time % kMicrosPerSecond) *
                                        1000);
  event.set_type(moment.type);
  event.set_channel(moment.channel);
  if (moment.touchpoint != Touchpoint::kNone) {
    event.set_touchpoint(Text(kTouchpoints[static_cast<size_t>(moment.touchpoint)]));
  }
  if (moment.campaign) {
    const auto day = static_cast<CivilDays>(moment.time / kMicrosPerDay);
    event.set_campaign(CampaignOf(MonthIndex(day)));
  }
  if (FillTrade(moment, index, event) || FillVoice(moment, index, event)) return;
  FillOther(moment, index, event);
}

}  // namespace rapport::demo
