// SPDX-License-Identifier: Apache-2.0
// Every reason for which an event is refused, and every event type with its payload.
#include "lib/events/validate.h"

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/hash.h"
#include "lib/base/money.h"
#include "lib/base/text.h"
#include "lib/events/checks.h"
#include "lib/events/event_rules.h"
#include "lib/events/payload.h"
#include "tests/support/matchers.h"

namespace rapport::events {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;

constexpr TimeMicros kLatest = 1'700'000'000 * kMicrosPerSecond;

v1::Event Parse(const std::string& text) {
  v1::Event event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      Cat("event_id: 'e' customer_id: 'c' event_time { seconds: 1600000000 } "), &event));
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &event)) << text;
  return event;
}

struct BadCase {
  const char* text;
  const char* reason;
  const char* field;
};

const BadCase kBadCases[] = {
    {"type: PAGE_VIEWED event_id: ''", "REQUIRED", "event_id"},
    {"type: PAGE_VIEWED customer_id: ''", "REQUIRED", "customer_id"},
    {"type: PAGE_VIEWED customer_id: 'null'", "BAD_IDENTITY", "customer_id"},
    {"type: PAGE_VIEWED customer_id: '0000-00'", "BAD_IDENTITY", "customer_id"},
    {"type: PAGE_VIEWED customer_id: 'email:a@b.c'", "BAD_IDENTITY", "customer_id"},
    {"type: PAGE_VIEWED identities { kind: IDENTITY_KIND_EMAIL value: 'x' }", "BAD_IDENTITY",
     "identities[0].value"},
    {"type: PAGE_VIEWED identities { value: 'x' }", "BAD_IDENTITY", "identities[0].value"},
    {"type: PAGE_VIEWED event_time { seconds: 999999999999 }", "BAD_TIME", "event_time"},
    {"type: PAGE_VIEWED event_time { nanos: -1 }", "BAD_TIME", "event_time"},
    {"type: PAGE_VIEWED event_time { nanos: 1000000000 }", "BAD_TIME", "event_time"},
    {"type: PAGE_VIEWED event_time { seconds: 1700000001 }", "FUTURE_TIME", "event_time"},
    {"", "REQUIRED", "type"},
    {"type: CUSTOM", "REQUIRED", "custom_type"},
    {"type: CUSTOM custom_type: 'No Spaces'", "BAD_CUSTOM_TYPE", "custom_type"},
    {"type: PAGE_VIEWED custom_type: 'x'", "BAD_CUSTOM_TYPE", "custom_type"},
    {"type: ORDER_PLACED", "PAYLOAD_REQUIRED", "order"},
    {"type: TICKET_OPENED", "PAYLOAD_REQUIRED", "support"},
    {"type: PAGE_VIEWED order { amount { currency: 'EUR' } }", "PAYLOAD_MISMATCH", "order"},
    {"type: CUSTOM custom_type: 'a' usage { item: 'x' }", "PAYLOAD_MISMATCH", "usage"},
    {"type: ORDER_PLACED order { }", "REQUIRED", "order.amount"},
    {"type: ORDER_PLACED order { amount { micros: -1 currency: 'EUR' } }", "NEGATIVE_AMOUNT",
     "order.amount.micros"},
    {"type: ORDER_PLACED order { amount { micros: 1 currency: 'eur' } }", "BAD_CURRENCY",
     "order.amount.currency"},
    {"type: ORDER_PLACED order { amount { micros: 1 } }", "BAD_CURRENCY", "order.amount.currency"},
    {"type: ORDER_PLACED order { amount { micros: 9000000000000000000 currency: 'EUR' } }",
     "OUT_OF_RANGE", "order.amount.micros"},
    {"type: ORDER_PLACED order { amount { currency: 'EUR' } discount { currency: 'USD' } }",
     "BAD_CURRENCY", "order.discount.currency"},
    {"type: ORDER_PLACED order { amount { currency: 'EUR' } margin { currency: 'USD' } }",
     "BAD_CURRENCY", "order.margin.currency"},
    {"type: ORDER_PLACED order { amount { currency: 'EUR' } items { product_id: 'p' } }",
     "OUT_OF_RANGE", "order.items[0].quantity"},
    {"type: ORDER_PLACED order { amount { currency: 'EUR' } items { quantity: 1 } }", "REQUIRED",
     "order.items[0].product_id"},
    {"type: ORDER_PLACED order { amount { currency: 'EUR' } items { product_id: 'p' quantity: "
     "nan } }",
     "NOT_FINITE", "order.items[0].quantity"},
    {"type: ORDER_REFUNDED refund { }", "REQUIRED", "refund.amount"},
    {"type: NPS_ANSWERED survey_answer { score: 11 }", "OUT_OF_RANGE", "survey_answer.score"},
    {"type: NPS_ANSWERED survey_answer { score: -1 }", "OUT_OF_RANGE", "survey_answer.score"},
    {"type: NPS_ANSWERED survey_answer { score: 3 scale: 5 }", "OUT_OF_RANGE",
     "survey_answer.scale"},
    {"type: CSAT_ANSWERED survey_answer { score: 6 }", "OUT_OF_RANGE", "survey_answer.score"},
    {"type: CSAT_ANSWERED survey_answer { score: 0 }", "OUT_OF_RANGE", "survey_answer.score"},
    {"type: CES_ANSWERED survey_answer { score: 8 }", "OUT_OF_RANGE", "survey_answer.score"},
    {"type: CES_ANSWERED survey_answer { score: 1 scale: 101 }", "OUT_OF_RANGE",
     "survey_answer.scale"},
    {"type: REVIEW_WRITTEN review { rating: 6 }", "OUT_OF_RANGE", "review.rating"},
    {"type: SESSION_ENDED session { duration_seconds: -1 }", "OUT_OF_RANGE",
     "session.duration_seconds"},
    {"type: SESSION_ENDED session { duration_seconds: inf }", "NOT_FINITE",
     "session.duration_seconds"},
    {"type: SESSION_ENDED session { page_count: -1 }", "OUT_OF_RANGE", "session.page_count"},
    {"type: PRODUCT_VIEWED product_interest { }", "REQUIRED", "product_interest.product_id"},
    {"type: PRODUCT_VIEWED product_interest { product_id: 'p' price { micros: -1 currency: 'EUR' "
     "} }",
     "NEGATIVE_AMOUNT", "product_interest.price.micros"},
    {"type: TICKET_RESOLVED support { }", "REQUIRED", "support.ticket_id"},
    {"type: SUBSCRIPTION_STARTED subscription { period_end_time { nanos: -1 } }", "BAD_TIME",
     "subscription.period_end_time"},
    {"type: HUMAN_TOUCH human_touch { minutes: -1 }", "OUT_OF_RANGE", "human_touch.minutes"},
    {"type: EXPERIMENT_EXPOSED experiment_exposure { experiment: 'x' }", "REQUIRED",
     "experiment_exposure.variant"},
    {"type: CONSENT_GIVEN consent { }", "REQUIRED", "consent.purpose"},
    {"type: CHURN_REASON_GIVEN usage { }", "REQUIRED", "usage.item"},
    {"type: PAGE_VIEWED properties { key: '' value { bool_value: true } }", "BAD_PROPERTY",
     "properties"},
    {"type: PAGE_VIEWED properties { key: 'k' value { } }", "BAD_PROPERTY", "properties[k]"},
    {"type: PAGE_VIEWED properties { key: 'k' value { number_value: nan } }", "NOT_FINITE",
     "properties[k]"},
    {"type: PAGE_VIEWED properties { key: 'k' value { time_value { nanos: -1 } } }", "BAD_TIME",
     "properties[k]"},
};

TEST(ValidateEvent, RefusesWithReasonAndField) {
  for (const BadCase& test : kBadCases) {
    std::string text = test.text;
    const std::string prefix = "EVENT_TYPE_";
    if (const size_t at = text.find("type: "); at == 0) text.insert(6, prefix);
    EXPECT_THAT(ValidateEvent(Parse(text), kLatest), FailsWith(test.reason, test.field)) << text;
  }
}

TEST(ValidateEvent, RefusesWhatTextProtosCannotSay) {
  struct Case {
    std::function<void(v1::Event&)> change;
    const char* reason;
    const char* field;
  };
  const Case cases[] = {
      {[](v1::Event& e) { e.clear_event_time(); }, "REQUIRED", "event_time"},
      {[](v1::Event& e) { e.set_type(static_cast<v1::EventType>(9)); }, "UNKNOWN_TYPE", "type"},
      {[](v1::Event& e) { e.set_type(static_cast<v1::EventType>(-5)); }, "UNKNOWN_TYPE", "type"},
      {[](v1::Event& e) { e.set_type(static_cast<v1::EventType>(1000)); }, "UNKNOWN_TYPE", "type"},
      {[](v1::Event& e) { e.set_channel(static_cast<v1::Channel>(50)); }, "OUT_OF_RANGE",
       "channel"},
      {[](v1::Event& e) { e.set_event_id(std::string(129, 'x')); }, "TOO_LONG", "event_id"},
      {[](v1::Event& e) { e.set_customer_id(std::string(257, 'x')); }, "TOO_LONG", "customer_id"},
      {[](v1::Event& e) { e.set_touchpoint(std::string(129, 'x')); }, "TOO_LONG", "touchpoint"},
      {[](v1::Event& e) { e.set_campaign(std::string(129, 'x')); }, "TOO_LONG", "campaign"},
      {[](v1::Event& e) { e.set_session_id(std::string(129, 'x')); }, "TOO_LONG", "session_id"},
      {[](v1::Event& e) { e.set_event_id("\xff"); }, "NOT_UTF8", "event_id"},
      {[](v1::Event& e) { e.set_customer_id("a\xc0\xaf"); }, "NOT_UTF8", "customer_id"},
      {[](v1::Event& e) { e.set_touchpoint("\xed\xa0\x80"); }, "NOT_UTF8", "touchpoint"},
      {[](v1::Event& e) {
         for (int i = 0; i < 17; ++i) {
           auto* identity = e.add_identities();
           identity->set_kind(v1::IDENTITY_KIND_DEVICE_ID);
           identity->set_value(Cat("d", i));
         }
       },
       "TOO_MANY", "identities"},
      {[](v1::Event& e) {
         for (int i = 0; i < 65; ++i) (*e.mutable_properties())[Cat("k", i)].set_bool_value(true);
       },
       "TOO_MANY", "properties"},
      {[](v1::Event& e) {
         (*e.mutable_properties())["k"].set_string_value(std::string(4097, 'x'));
       },
       "TOO_LONG", "properties[k]"},
      {[](v1::Event& e) {
         e.set_type(v1::EVENT_TYPE_ORDER_PLACED);
         e.mutable_order()->mutable_amount()->set_currency("EUR");
         for (int i = 0; i < 1001; ++i) e.mutable_order()->add_items();
       },
       "TOO_MANY", "order.items"},
      {[](v1::Event& e) {
         e.set_type(v1::EVENT_TYPE_CSAT_ANSWERED);
         e.mutable_survey_answer()->set_score(1);
         e.mutable_survey_answer()->set_verbatim(std::string(16'385, 'x'));
       },
       "TOO_LONG", "survey_answer.verbatim"},
  };
  for (const Case& test : cases) {
    v1::Event event = Parse("type: EVENT_TYPE_PAGE_VIEWED");
    test.change(event);
    EXPECT_THAT(ValidateEvent(event, kLatest), FailsWith(test.reason, test.field));
  }
}

// A good payload of each kind.
const std::map<PayloadCase, const char*>& GoodPayloads() {
  static const auto* const kPayloads = new std::map<PayloadCase, const char*>{
      {v1::Event::PAYLOAD_NOT_SET, ""},
      {v1::Event::kOrder, "order { amount { micros: 0 currency: 'EUR' } }"},
      {v1::Event::kRefund, "refund { amount { micros: 5 currency: 'EUR' } }"},
      {v1::Event::kSurveyAnswer, "survey_answer { score: 5 }"},
      {v1::Event::kReview, "review { rating: 5 }"},
      {v1::Event::kSession, "session { duration_seconds: 0.5 }"},
      {v1::Event::kContent, "content { title: 'Gr\\303\\274n' }"},
      {v1::Event::kProductInterest, "product_interest { product_id: 'p' }"},
      {v1::Event::kCampaignTouch, "campaign_touch { link: 'x' }"},
      {v1::Event::kSupport, "support { ticket_id: 't' }"},
      {v1::Event::kSocial, "social { network: 'x' }"},
      {v1::Event::kSubscription, "subscription { plan: 'x' }"},
      {v1::Event::kHumanTouch, "human_touch { minutes: 30 }"},
      {v1::Event::kExperimentExposure, "experiment_exposure { experiment: 'x' variant: 'y' }"},
      {v1::Event::kConsent, "consent { purpose: 'x' }"},
      {v1::Event::kUsage, "usage { item: 'x' }"},
      {v1::Event::kReferral, "referral { program: 'x' }"},
  };
  return *kPayloads;
}

TEST(ValidateEvent, EveryTypeTakesItsPayloadAndNoOther) {
  const auto* types = google::protobuf::GetEnumDescriptor<v1::EventType>();
  for (int i = 0; i < types->value_count(); ++i) {
    const int type = types->value(i)->number();
    if (type == v1::EVENT_TYPE_UNSPECIFIED) continue;
    SCOPED_TRACE(types->value(i)->name());
    const EventRule* rule = FindRule(type);
    ASSERT_NE(rule, nullptr);
    for (const auto& [payload, text] : GoodPayloads()) {
      v1::Event event = Parse(text);
      event.set_type(static_cast<v1::EventType>(type));
      if (type == v1::EVENT_TYPE_CUSTOM) event.set_custom_type("a.b_1");
      const absl::Status status = ValidateEvent(event, kLatest);
      const bool none = payload == v1::Event::PAYLOAD_NOT_SET;
      if (payload == rule->payload || (none && !rule->payload_required)) {
        EXPECT_THAT(status, IsOk()) << text;
      } else {
        EXPECT_THAT(status, FailsWith(none ? "PAYLOAD_REQUIRED" : "PAYLOAD_MISMATCH",
                                      std::string(PayloadName(none ? rule->payload : payload))));
      }
    }
  }
}

// Numbers from event.proto: cognitive 10-29, emotional 30-49, behavioural 50-79, transactional
// 80-99.
TEST(EngagementTypeOf, FollowsTheNumbers) {
  const auto* types = google::protobuf::GetEnumDescriptor<v1::EventType>();
  for (int i = 0; i < types->value_count(); ++i) {
    const int type = types->value(i)->number();
    const int expected = type < 10    ? 0
                         : type < 30  ? 1
                         : type < 50  ? 2
                         : type < 80  ? 3
                         : type < 100 ? 4
                                      : 0;
    EXPECT_EQ(EngagementTypeOf(type), expected) << types->value(i)->name();
  }
  EXPECT_EQ(EngagementTypeOf(5), 0);
  EXPECT_EQ(EngagementTypeOf(1001), 0);
}

TEST(ValidateEvent, TakesLimitsThemselves) {
  v1::Event event = Parse("type: EVENT_TYPE_PAGE_VIEWED");
  event.set_event_id(std::string(128, 'x'));
  event.set_customer_id(std::string(256, 'x'));
  event.mutable_event_time()->set_seconds(1'700'000'000);
  RAPPORT_EXPECT_OK(ValidateEvent(event, kLatest));
  event.mutable_event_time()->set_seconds(-62'135'596'800);
  RAPPORT_EXPECT_OK(ValidateEvent(event, kLatest));
}

// proto3 refuses invalid UTF-8 while parsing, so from the wire it never gets this far.
TEST(ValidateEvent, TheWireRefusesBrokenText) {
  v1::Event event;
  EXPECT_FALSE(event.ParseFromString(std::string("\x12\x01\xff", 3)));
}

TEST(ColumnsOf, ValueAndAuxByType) {
  struct Case {
    const char* text;
    int64_t value, aux;
    uint16_t currency;
  };
  const uint16_t eur = *PackCurrency("EUR");
  const Case cases[] = {
      // Items x 1000 + discount in thousandths of the list price.
      {"order { amount { micros: 7 currency: 'EUR' } items { } items { } }", 7, 2000, eur},
      {"order { amount { micros: 75 currency: 'EUR' } discount { micros: 25 currency: 'EUR' } }",
       75, 250, eur},
      {"order { amount { micros: 0 currency: 'EUR' } discount { micros: 5 currency: 'EUR' } }", 0,
       999, eur},
      {"refund { amount { micros: 7 currency: 'EUR' } }", 7, 0, eur},
      {"type: EVENT_TYPE_NPS_ANSWERED survey_answer { score: 9 }", 9, 10, 0},
      {"type: EVENT_TYPE_CSAT_ANSWERED survey_answer { score: 4 }", 4, 5, 0},
      {"type: EVENT_TYPE_CSAT_ANSWERED survey_answer { score: 4 scale: 7 }", 4, 7, 0},
      {"type: EVENT_TYPE_CES_ANSWERED survey_answer { score: 4 }", 4, 7, 0},
      {"type: EVENT_TYPE_REVIEW_WRITTEN review { rating: 3 }", 3, 5, 0},
      {"session { duration_seconds: 1.5 page_count: 4 }", 1'500'000, 4, 0},
      {"content { duration_seconds: 2 }", 2'000'000, 0, 0},
      {"product_interest { price { micros: 3 currency: 'EUR' } }", 3, 1000, eur},
      {"product_interest { quantity: 2.5 }", 0, 2500, 0},
      {"campaign_touch { cost { micros: 3 currency: 'EUR' } }", 0, 3, eur},
      {"support { }", 0, 0, 0},
      {"human_touch { minutes: 1.25 cost { micros: 9 currency: 'EUR' } }", 1250, 9, eur},
      {"usage { item: 'x' }", 1000, 0, 0},
      {"usage { item: 'x' quantity: 3 }", 3000, 0, 0},
      {"social { }", 0, 0, 0},
      {"", 0, 0, 0},
  };
  for (const Case& test : cases) {
    const EventRow row = ColumnsOf(Parse(test.text));
    EXPECT_EQ(row.value, test.value) << test.text;
    EXPECT_EQ(row.aux, test.aux) << test.text;
    EXPECT_EQ(row.currency, test.currency) << test.text;
  }
  const EventRow ticket = ColumnsOf(Parse("support { ticket_id: 't' }"));
  EXPECT_EQ(ticket.value, static_cast<int64_t>(HashText64("t") & INT64_MAX));
  const EventRow plan =
      ColumnsOf(Parse("subscription { subscription_id: 's' mrr { micros: 4 currency: 'EUR' } }"));
  EXPECT_EQ(plan.value, 4);
  EXPECT_EQ(plan.aux, static_cast<int64_t>(HashText64("s") & INT64_MAX));
}

// The hand-written wire form is what protobuf would read from its own.
TEST(WritePayload, IsAnEventPayload) {
  for (const auto& [payload, text] : GoodPayloads()) {
    v1::Event event = Parse(Cat(text,
                                " session_id: 's' properties { key: 'b' value { number_value: 1 } }"
                                " properties { key: 'a' value { time_value { seconds: 9 } } }"));
    std::string bytes;
    WritePayload(event, 77, bytes);
    store::v1::EventPayload back;
    ASSERT_TRUE(back.ParseFromString(bytes));
    EXPECT_EQ(back.event_id(), "e");
    EXPECT_EQ(back.receive_time_micros(), 77);
    v1::Event rest = event;
    rest.clear_event_id();
    rest.clear_customer_id();
    rest.clear_event_time();
    EXPECT_EQ(rest.SerializeAsString().size(), back.rest().SerializeAsString().size());
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(rest, back.rest())) << text;
  }
  std::string small;
  WritePayload(Parse("type: EVENT_TYPE_PAGE_VIEWED touchpoint: 'x' channel: CHANNEL_WEB"), 1,
               small);
  EXPECT_EQ(small.size(), 5u);  // Id and receive time, nothing else.
}

}  // namespace
}  // namespace rapport::events
