// SPDX-License-Identifier: Apache-2.0
#include "bench/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <tuple>

#include "lib/base/splitmix.h"

namespace rapport::bench {
namespace {

constexpr int64_t kBegin = 1672531200;  // 2023-01-01
constexpr int64_t kLength = 2 * 365 * 86400;

uint64_t Mix(uint64_t x) { return SplitMixOf(x); }

double Uniform(uint64_t seed) { return (static_cast<double>(Mix(seed) >> 11) + 0.5) * 0x1p-53; }

void SetMoney(uint64_t random, v1::Money& money) {
  money.set_micros(static_cast<int64_t>(5 + random % 95) * 1'000'000);
  money.set_currency("EUR");
}

// One in eight events is an order, one in fifty an answer; the rest looks around.
void Fill(uint64_t random, v1::Event& out) {
  const uint64_t kind = random % 100;
  out.set_channel(static_cast<v1::Channel>(1 + (random >> 32) % 5));
  if (kind < 15) out.set_touchpoint("place-" + std::to_string((random >> 40) % 5));
  if (kind < 12) out.set_campaign("offer-" + std::to_string((random >> 48) % 4));
  if (kind < 12) {
    out.set_type(v1::EVENT_TYPE_ORDER_PLACED);
    SetMoney(random >> 8, *out.mutable_order()->mutable_amount());
  } else if (kind < 13) {
    out.set_type(v1::EVENT_TYPE_ORDER_REFUNDED);
    SetMoney(random >> 8, *out.mutable_refund()->mutable_amount());
  } else if (kind < 15) {
    out.set_type(v1::EVENT_TYPE_NPS_ANSWERED);
    out.mutable_survey_answer()->set_score(static_cast<int32_t>((random >> 8) % 11));
  } else if (kind < 40) {
    out.set_type(v1::EVENT_TYPE_SESSION_ENDED);
    out.mutable_session()->set_duration_seconds(static_cast<double>((random >> 8) % 1800));
  } else if (kind < 60) {
    out.set_type(v1::EVENT_TYPE_EMAIL_OPENED);
    out.set_campaign("mailing-" + std::to_string((random >> 16) % 6));
  } else {
    out.set_type(v1::EVENT_TYPE_PAGE_VIEWED);
  }
}

}  // namespace

std::vector<SyntheticEvent> MakeEvents(uint32_t customers, double events_each) {
  std::vector<SyntheticEvent> events;
  events.reserve(static_cast<size_t>(customers * events_each * 1.05) + 16);
  for (uint32_t customer = 0; customer < customers; ++customer) {
    const uint64_t seed = Mix(customer) | 1;
    const auto birth = static_cast<int64_t>(Uniform(seed) * static_cast<double>(kLength));
    const double stay = -std::log(Uniform(seed + 2)) * 200 * 86400;
    const auto alive =
        std::max<int64_t>(86400, std::min(kLength - birth, static_cast<int64_t>(stay)));
    // A gamma of shape 2 spreads the number of events around its mean.
    const double spread = -std::log(Uniform(seed + 4) * Uniform(seed + 6)) / 2;
    const auto count = static_cast<uint32_t>(1 + spread * (events_each - 1) + 0.5);
    for (uint32_t serial = 0; serial < count; ++serial) {
      const double at = serial == 0 ? 0 : Uniform(seed + 8 + 2 * uint64_t{serial});
      const auto offset = static_cast<int64_t>(at * static_cast<double>(alive));
      events.push_back({kBegin + birth + offset, customer, serial});
    }
  }
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return std::tie(a.time_seconds, a.customer, a.serial) <
           std::tie(b.time_seconds, b.customer, b.serial);
  });
  return events;
}

std::string CustomerIdOf(uint32_t customer) {
  char text[16];
  std::snprintf(text, sizeof text, "c%08u", customer);
  return text;
}

void ToApi(const SyntheticEvent& event, uint32_t run, v1::Event& out) {
  out.Clear();
  char id[40];
  std::snprintf(id, sizeof id, "%08x-%04x-%02x", event.customer, event.serial, run);
  out.set_event_id(id);
  out.set_customer_id(CustomerIdOf(event.customer));
  out.mutable_event_time()->set_seconds(event.time_seconds);
  // The first event is an order, so that everybody has bought.
  const uint64_t random = Mix((uint64_t{event.customer} << 24) + event.serial + 1);
  Fill(event.serial == 0 ? random - random % 100 : random, out);
}

}  // namespace rapport::bench
