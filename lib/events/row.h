// SPDX-License-Identifier: Apache-2.0
// An event as the engine handles it: fixed columns, no strings. What columns cannot hold
// stays in store.v1.EventPayload.
//
// What `value` and `aux` mean by event type (also docs/storage.md):
//   ORDER_PLACED, BOOKING_MADE, CHECKOUT_STARTED   amount micros; number of items x 1000 +
//                                                  discount in thousandths of the list price
//   ORDER_REFUNDED                                 amount micros (>= 0); 0
//   NPS/CSAT/CES_ANSWERED, REVIEW_WRITTEN          score; scale (10 for NPS)
//   SESSION_ENDED, content events                  duration micros; pages
//   PRODUCT_VIEWED, CART_*                         price micros; quantity x 1000
//   campaign, e-mail, ad events                    0; cost micros
//   ticket and support events                      low 63 bits of the ticket id's hash; 0
//   subscription events                            MRR micros; low 63 bits of the subscription id's
//   hash HUMAN_TOUCH                                    minutes x 1000; cost micros everything else
//   quantity x 1000 where there is one; 0
#pragma once

#include <cstdint>
#include <tuple>

#include "lib/base/clock.h"
#include "lib/base/event_columns.h"

namespace rapport::events {

using CustomerNo = uint32_t;  // Dense per workspace, from 1.

// Stored type number: v1.EventType for standard types; kCustomTypeBase + dictionary
// number for custom types.
using TypeNo = uint16_t;
inline constexpr TypeNo kCustomTypeBase = 1000;

struct EventRow {
  TimeMicros time = 0;
  int64_t value = 0;
  int64_t aux = 0;
  CustomerNo customer_no = 0;
  uint32_t touchpoint_no = 0;  // 0 = none
  uint32_t campaign_no = 0;    // 0 = none
  TypeNo type = 0;
  uint16_t currency = 0;  // lib/base/money.h PackCurrency; 0 = none
  uint8_t channel = 0;    // v1.Channel

  friend bool operator==(const EventRow&, const EventRow&) = default;
};

inline EventColumns ColumnsOf(const EventRow& row) {
  return {.time = row.time,
          .value = row.value,
          .aux = row.aux,
          .touchpoint_no = row.touchpoint_no,
          .campaign_no = row.campaign_no,
          .type = row.type,
          .currency = row.currency,
          .channel = row.channel};
}

// Order of one customer's events. Events that agree in all of it are interchangeable for
// every answer, so answers do not depend on arrival order.
inline auto TimelineOrder(const EventRow& row) {
  return std::tuple(row.time, row.type, row.value, row.aux, row.channel, row.currency,
                    row.touchpoint_no, row.campaign_no);
}
inline bool TimelineLess(const EventRow& a, const EventRow& b) {
  return TimelineOrder(a) < TimelineOrder(b);
}

}  // namespace rapport::events
