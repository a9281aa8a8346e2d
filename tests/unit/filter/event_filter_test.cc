// SPDX-License-Identifier: Apache-2.0
// Filters over events: each field in its own type, asked by the tree and as scans ask.
// Expected values follow from the columns' meaning in lib/events/row.h.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/filter/samples.h"

namespace rapport::filter {
namespace {

struct Case {
  std::string filter;
  bool matches;
};

void Expect(const std::vector<Case>& cases, const Sample& sample) {
  const NameLists names = SampleNames();
  for (const Case& test : cases) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter,
                                 Parse(test.filter, EventAndCustomerCatalogue(), SampleContext()));
    EXPECT_EQ(Walks(filter, sample, names), test.matches) << test.filter;
    EXPECT_EQ(Asks(Bind(filter, names), sample), test.matches) << "bound: " << test.filter;
  }
}

TEST(EventFilter, ColumnsOfAnOrder) {
  Expect({{"", true},
          {"type = order_placed", true},
          {"type = ORDER_PLACED", true},
          {"type = EVENT_TYPE_ORDER_PLACED", true},
          {"type = order_*", true},
          {"type != order_placed", false},
          {"type = (order_refunded OR order_placed)", true},
          {"type = custom", false},
          {"type:*", true},
          {"channel = web", true},
          {"channel = (email OR app)", false},
          {"touchpoint = checkout_page", true},
          {"touchpoint = store_*", false},
          {"touchpoint < d", true},
          {"touchpoint != nowhere", true},
          {"campaign = \"summer sale\"", true},
          {"campaign = unheard", false},
          {"currency = EUR", true},
          {"currency = usd", false},
          {"amount = 150", true},
          {"amount > 149.999999", true},
          {"amount > 150", false},
          {"value = 150", true},
          {"items >= 2", true},
          {"discount = 15", true},
          {"discount > 15", false},
          {"score:*", false},
          {"score != 3", false},
          {"NOT score = 3", true},
          {"mrr:*", false},
          {"quantity > 0", false}},
         Order());
}

TEST(EventFilter, TimesAreCivil) {
  // 2026-03-29 03:30 +02:00: an hour before it was still winter and 01:30.
  Expect({{"time = 2026-03-29T01:30:00Z", true},
          {"time = 2026-03-29T03:30:00+02:00", true},
          {"time >= 2026-03-29", true},
          {"time < 2026-03-30", true},
          {"date = 2026-03-29", true},
          {"date != 2026-03-29", false},
          {"date <= 2026-03-28", false},
          {"date < 2026-03-30", true},
          {"hour = 3", true},
          {"hour = (1 OR 2)", false},
          {"weekday = sunday", true},
          {"weekday >= saturday", true},
          {"weekday < friday", false}},
         Order());
  // Midnight in UTC on New Year's Day is one o'clock in Berlin.
  Expect({{"time > 2026-01-01", true}, {"hour = 1", true}, {"weekday = thursday", true}},
         NpsAnswer());
}

TEST(EventFilter, PayloadOfAnOrder) {
  Expect({{"order_id = A-17", true},
          {"coupon:*", true},
          {"margin = 40.5", true},
          {"product_id = p2", true},
          {"product_id = (p3 OR p1)", true},
          {"product_id != p2", false},  // None of the lines may be it.
          {"NOT product_id = p2", false},
          {"product_id != p3", true},
          {"brand = Lo*", true},
          {"category = shoes", true},
          {"category != boots", true},
          {"text:*", false},
          {"session_id = s9", true},
          {"event_id = e-1", true},
          {"property.country = DE", true},
          {"property.country != DE", false},
          {"property.\"cart size\" >= 2", true},
          {"property.gift = true", true},
          {"property.gift != 1", false},  // A truth cannot be compared with a number.
          {"property.none:*", false},
          {"amount > 100 AND brand = Ara OR brand = Kickers", true}},
         Order());
}

TEST(EventFilter, WhatSomebodyWrote) {
  Expect({{"score <= 6 AND scale = 10", true},
          {"survey = spring26", true},
          {"text:refund", true},
          {"text:REFUND", true},
          {"text:\"sp\xC3\xA4t\"", true},
          {"text:(angry OR refund)", true},
          {"text:(refund AND NOT angry)", true},
          {"text:(refund angry)", false},
          {"text:efund", true},
          {"text = refund", false},
          {"text = \"*refund*\"", true},
          {"verbatim:\"zu sp\xC3\x84t, REF\"", true},
          {"text:*", true},
          {"topic:*", false}},
         NpsAnswer());
}

TEST(EventFilter, CustomersOfEvents) {
  Expect({{"customer.stage = LOYAL", true},
          {"customer.stage = (new OR loyal)", true},
          {"customer.attributes.tier = gold AND type = order_placed", true},
          {"customer.summary.order_count > 7", false},
          {"channel = app OR customer.stage = LOYAL", true},
          {"channel = app OR customer.stage = NEW", false},
          {"brand = Nobody OR customer.attributes.tier:*", true},
          {"NOT (brand = Ara AND customer.stage = LOYAL AND channel = web)", false},
          {"customer.last_nps < 7", false}},
         Order());
}

TEST(EventFilter, OtherTypes) {
  Sample custom;
  custom.columns.type = 1002;
  Expect({{"type = wishlist_added", true},
          {"type = webinar.joined", false},
          {"type = custom", true},
          {"type != custom", false},
          {"type = *added", true},
          {"type = wishlist_added OR type = order_placed", true},
          {"value:*", false},
          {"channel:*", false},
          {"NOT channel:*", true},
          {"touchpoint != x", false}},
         custom);

  Sample unheard;  // A type and a touchpoint that got their names after the filter was bound.
  unheard.columns.type = 1003;
  unheard.columns.touchpoint_no = 9;
  Expect({{"type = wishlist_added", false},
          {"type = custom", true},
          {"type != order_placed", true},
          {"touchpoint:*", true},
          {"touchpoint = store_berlin", false},
          {"touchpoint != store_berlin", true}},
         unheard);
}

TEST(EventFilter, MeaningOfNumbersByType) {
  Sample session;  // 90.5 seconds, 3 pages.
  session.columns = {.value = 90'500'000, .aux = 3, .type = v1::EVENT_TYPE_SESSION_ENDED};
  Expect({{"duration = 90.5", true},
          {"duration > 90.5", false},
          {"value >= 90.5", true},
          {"pages < 4", true},
          {"amount:*", false}},
         session);

  Sample call;  // 12.5 minutes that cost 20.00 USD.
  call.columns = {.value = 12'500,
                  .aux = 20'000'000,
                  .type = v1::EVENT_TYPE_HUMAN_TOUCH,
                  .currency = Packed("USD")};
  Expect({{"minutes = 12.5", true},
          {"cost = 20", true},
          {"value < 13", true},
          {"amount:*", false},
          {"currency != EUR", true}},
         call);

  Sample started;  // 49.90 EUR a month; aux is a hash.
  started.columns = {.value = 49'900'000,
                     .aux = 1LL << 60,
                     .type = v1::EVENT_TYPE_SUBSCRIPTION_STARTED,
                     .currency = Packed("EUR")};
  Expect({{"mrr >= 49.9", true}, {"value = 49.9", true}, {"items:*", false}}, started);

  Sample cart;  // 2.5 pieces, price not given.
  cart.columns = {.aux = 2'500, .type = v1::EVENT_TYPE_CART_ITEM_ADDED};
  Expect({{"quantity = 2.5", true}, {"amount:*", false}, {"amount < 1", false}}, cart);

  Sample ticket;  // The value names the ticket: no number.
  ticket.columns = {.value = 77, .type = v1::EVENT_TYPE_TICKET_OPENED};
  Expect({{"value:*", false}, {"score:*", false}}, ticket);
}

}  // namespace
}  // namespace rapport::filter
