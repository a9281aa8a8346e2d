// SPDX-License-Identifier: Apache-2.0
// An event with its customer to ask filters about, built as the engine stores it
// (lib/events/row.h), and both ways of asking.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/money.h"
#include "lib/filter/predicate.h"
#include "lib/filter/sources.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::filter {

struct Sample {
  EventColumns columns;
  store::v1::EventPayload payload;
  v1::Customer customer;

  void SetRest(std::string_view text) {
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(std::string(text), payload.mutable_rest()));
  }
};

inline NameLists SampleNames() {
  NameLists names;
  names.touchpoints = {"checkout_page", "store_berlin", "store_paris"};
  names.campaigns = {"spring", "summer sale"};
  names.custom_types = {"webinar.joined", "wishlist_added"};
  return names;
}

inline Context SampleContext(std::string_view zone = "Europe/Berlin") {
  Context context;
  context.base_currency = "EUR";
  context.calendar = *Calendar::Create(zone, WeekStart::kMonday);
  return context;
}

inline CurrencyCode Packed(std::string_view iso) { return *PackCurrency(iso); }

// An order of 150.00 EUR with two lines and 15.0 % discount, Sunday 2026-03-29 03:30 in
// Berlin (01:30 UTC, the first half hour of summer time), over the web.
inline Sample Order() {
  Sample sample;
  sample.columns = {.time = 1'774'747'800 * kMicrosPerSecond,
                    .value = 150'000'000,
                    .aux = 2 * 1000 + 150,
                    .touchpoint_no = 1,
                    .campaign_no = 2,
                    .type = v1::EVENT_TYPE_ORDER_PLACED,
                    .currency = Packed("EUR"),
                    .channel = v1::CHANNEL_WEB};
  sample.payload.set_event_id("e-1");
  sample.SetRest(
      R"(session_id: "s9"
         order { order_id: "A-17" coupon: "SPRING"
                 margin { micros: 40500000 currency: "EUR" }
                 items { product_id: "p1" category: "shoes" brand: "Ara" }
                 items { product_id: "p2" brand: "Lowa" } }
         properties { key: "country" value { string_value: "DE" } }
         properties { key: "cart size" value { number_value: 2 } }
         properties { key: "gift" value { bool_value: true } })");
  sample.customer.mutable_facts()->mutable_lifecycle()->set_stage(v1::LIFECYCLE_STAGE_LOYAL);
  sample.customer.mutable_summary()->set_order_count(7);
  (*sample.customer.mutable_attributes())["tier"].mutable_value()->set_string_value("gold");
  return sample;
}

inline Sample NpsAnswer() {
  Sample sample;
  sample.columns = {.time = 1'767'225'600 * kMicrosPerSecond,  // 2026-01-01 00:00 UTC.
                    .value = 6,
                    .aux = 10,
                    .type = v1::EVENT_TYPE_NPS_ANSWERED};
  sample.SetRest(
      R"(survey_answer { survey_id: "spring26" score: 6
                         verbatim: "Lieferung kam zu SP\303\204T, refund please" })");
  return sample;
}

// As scans ask.
inline bool Asks(const EventPredicate& predicate, const Sample& sample) {
  CustomerTruth truth;
  if (predicate.reads_customer()) truth = predicate.Judge(sample.customer);
  return truth.allowed && predicate.MatchesColumns(sample.columns, truth) &&
         (!predicate.reads_payload() ||
          predicate.MatchesPayload(sample.columns, sample.payload, truth));
}

// By the tree.
inline bool Walks(const Expression& expression, const Sample& sample, const Names& names) {
  const CustomerSource customer(sample.customer, expression.base_currency());
  const EventSource source(
      {sample.columns, names, expression.calendar(), [&] { return &sample.payload; }, &customer});
  return expression.Evaluate(source);
}

}  // namespace rapport::filter
