// SPDX-License-Identifier: Apache-2.0
#include "lib/events/payload.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/hash.h"
#include "lib/base/money.h"
#include "lib/base/varint.h"
#include "lib/events/event_rules.h"

namespace rapport::events {
namespace {

using google::protobuf::MessageLite;

constexpr uint64_t kLow63 = (uint64_t{1} << 63) - 1;
constexpr double kThousandths = 1000.0;

int64_t HashOrZero(const std::string& text) {
  return text.empty() ? 0 : static_cast<int64_t>(HashText64(text) & kLow63);
}
int64_t Thousandths(double amount) { return std::llround(amount * kThousandths); }
int64_t MicrosOfSeconds(double seconds) {
  return std::llround(seconds * static_cast<double>(kMicrosPerSecond));
}
// The number of pieces where 0 on the wire means the default of one.
int64_t Pieces(double quantity) { return quantity == 0 ? 1000 : Thousandths(quantity); }

void Set(EventRow& row, int64_t value, int64_t aux, const v1::Money& money) {
  row.value = value;
  row.aux = aux;
  const auto currency = PackCurrency(money.currency());
  row.currency = currency.ok() ? *currency : CurrencyCode{0};
}
void Set(EventRow& row, int64_t value, int64_t aux) {
  row.value = value;
  row.aux = aux;
}

// Thousandths of the list price, 0 to 999.
int64_t DiscountShare(const v1::Order& order) {
  const double discount = static_cast<double>(order.discount().micros());
  if (!(discount > 0)) return 0;
  const double list = static_cast<double>(order.amount().micros()) + discount;
  return std::clamp<int64_t>(std::llround(1000 * discount / list), 1, 999);
}

void SetPayloadColumns(const v1::Event& e, EventRow& row) {
  switch (e.payload_case()) {
    case v1::Event::kOrder:
      return Set(row, e.order().amount().micros(),
                 int64_t{e.order().items_size()} * 1000 + DiscountShare(e.order()),
                 e.order().amount());
    case v1::Event::kRefund:
      return Set(row, e.refund().amount().micros(), 0, e.refund().amount());
    case v1::Event::kSurveyAnswer:
      return Set(row, e.survey_answer().score(), ScaleOf(e.type(), e.survey_answer().scale()));
    case v1::Event::kReview:
      return Set(row, e.review().rating(), ScaleOf(e.type(), e.review().scale()));
    case v1::Event::kSession:
      return Set(row, MicrosOfSeconds(e.session().duration_seconds()), e.session().page_count());
    case v1::Event::kContent:
      return Set(row, MicrosOfSeconds(e.content().duration_seconds()), 0);
    case v1::Event::kProductInterest:
      return Set(row, e.product_interest().price().micros(),
                 Pieces(e.product_interest().quantity()), e.product_interest().price());
    case v1::Event::kCampaignTouch:
      return Set(row, 0, e.campaign_touch().cost().micros(), e.campaign_touch().cost());
    case v1::Event::kSupport:
      return Set(row, HashOrZero(e.support().ticket_id()), 0);
    case v1::Event::kSubscription:
      return Set(row, e.subscription().mrr().micros(),
                 HashOrZero(e.subscription().subscription_id()), e.subscription().mrr());
    case v1::Event::kHumanTouch:
      return Set(row, Thousandths(e.human_touch().minutes()), e.human_touch().cost().micros(),
                 e.human_touch().cost());
    case v1::Event::kUsage:
      return Set(row, Pieces(e.usage().quantity()), 0);
    default:
      return;
  }
}

// --- Wire form -----------------------------------------------------------------------

constexpr uint32_t kLengthDelimited = 2;

void PutTag(std::string& out, int field) {
  PutVarint(out, (static_cast<uint32_t>(field) << 3) | kLengthDelimited);
}
size_t VarintSize(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}
size_t FieldSize(int field, size_t length) {
  return VarintSize(static_cast<uint32_t>(field) << 3) + VarintSize(length) + length;
}
void PutText(std::string& out, int field, const std::string& text) {
  if (text.empty()) return;
  PutTag(out, field);
  PutBytes(out, text);
}
size_t TextSize(int field, const std::string& text) {
  return text.empty() ? 0 : FieldSize(field, text.size());
}
// `message` after its ByteSizeLong().
void PutMessage(std::string& out, int field, const MessageLite& message) {
  PutTag(out, field);
  const auto size = static_cast<size_t>(message.GetCachedSize());
  PutVarint(out, size);
  const size_t at = out.size();
  out.resize(at + size);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(out.data() + at));
}

const MessageLite* PayloadOf(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kOrder:
      return &event.order();
    case v1::Event::kRefund:
      return &event.refund();
    case v1::Event::kSurveyAnswer:
      return &event.survey_answer();
    case v1::Event::kReview:
      return &event.review();
    case v1::Event::kSession:
      return &event.session();
    case v1::Event::kContent:
      return &event.content();
    case v1::Event::kProductInterest:
      return &event.product_interest();
    case v1::Event::kCampaignTouch:
      return &event.campaign_touch();
    case v1::Event::kSupport:
      return &event.support();
    case v1::Event::kSocial:
      return &event.social();
    case v1::Event::kSubscription:
      return &event.subscription();
    case v1::Event::kHumanTouch:
      return &event.human_touch();
    case v1::Event::kExperimentExposure:
      return &event.experiment_exposure();
    case v1::Event::kConsent:
      return &event.consent();
    case v1::Event::kUsage:
      return &event.usage();
    case v1::Event::kReferral:
      return &event.referral();
    case v1::Event::PAYLOAD_NOT_SET:
      break;
  }
  return nullptr;
}

using Property = std::pair<const std::string*, const v1::PropertyValue*>;

std::vector<Property> SortedProperties(const v1::Event& event) {
  std::vector<Property> sorted;
  if (event.properties().empty()) return sorted;
  for (const auto& [key, value] : event.properties()) sorted.emplace_back(&key, &value);
  std::ranges::sort(sorted, {},
                    [](const Property& property) { return std::string_view(*property.first); });
  return sorted;
}

// Fields of a map entry, as protobuf numbers them.
constexpr int kMapKey = 1;
constexpr int kMapValue = 2;

size_t EntrySize(const Property& property) {
  return FieldSize(kMapKey, property.first->size()) +
         FieldSize(kMapValue, property.second->ByteSizeLong());
}

// What of an event goes into `rest`.
struct Rest {
  const v1::Event& event;
  const MessageLite* payload = PayloadOf(event);
  std::vector<Property> properties = SortedProperties(event);
  bool has_customer_id = !event.customer_id().empty() && !event.identities().empty();

  size_t Size() const {
    size_t size = TextSize(v1::Event::kSessionIdFieldNumber, event.session_id());
    if (has_customer_id) size += TextSize(v1::Event::kCustomerIdFieldNumber, event.customer_id());
    for (const v1::Identity& identity : event.identities()) {
      size += FieldSize(v1::Event::kIdentitiesFieldNumber, identity.ByteSizeLong());
    }
    if (payload != nullptr) size += FieldSize(event.payload_case(), payload->ByteSizeLong());
    for (const Property& property : properties) {
      size += FieldSize(v1::Event::kPropertiesFieldNumber, EntrySize(property));
    }
    return size;
  }
  void Write(std::string& out) const {
    if (has_customer_id) PutText(out, v1::Event::kCustomerIdFieldNumber, event.customer_id());
    for (const v1::Identity& identity : event.identities()) {
      PutMessage(out, v1::Event::kIdentitiesFieldNumber, identity);
    }
    PutText(out, v1::Event::kSessionIdFieldNumber, event.session_id());
    if (payload != nullptr) PutMessage(out, event.payload_case(), *payload);
    for (const Property& property : properties) {
      PutTag(out, v1::Event::kPropertiesFieldNumber);
      PutVarint(out, EntrySize(property));
      // An empty key is refused before, so the entry always has both fields.
      PutText(out, kMapKey, *property.first);
      PutMessage(out, kMapValue, *property.second);
    }
  }
};

}  // namespace

EventRow ColumnsOf(const v1::Event& event) {
  EventRow row;
  row.time = MicrosOf(event.event_time());
  row.type = static_cast<TypeNo>(event.type());
  row.channel = static_cast<uint8_t>(event.channel());
  SetPayloadColumns(event, row);
  return row;
}

void WritePayload(const v1::Event& event, TimeMicros receive_time, std::string& out) {
  using store::v1::EventPayload;
  PutText(out, EventPayload::kEventIdFieldNumber, event.event_id());
  PutVarint(out, EventPayload::kReceiveTimeMicrosFieldNumber << 3);  // Wire type 0.
  PutVarint(out, static_cast<uint64_t>(receive_time));
  const Rest rest{event};
  const size_t size = rest.Size();
  if (size == 0) return;
  PutTag(out, EventPayload::kRestFieldNumber);
  PutVarint(out, size);
  rest.Write(out);
}

v1::Event EventOf(const EventRow& row, const store::v1::EventPayload& payload) {
  v1::Event event = payload.rest();
  event.set_event_id(payload.event_id());
  const auto set_time = [](google::protobuf::Timestamp& to, TimeMicros time) {
    int64_t seconds = time / kMicrosPerSecond;
    if (time % kMicrosPerSecond < 0) --seconds;
    to.set_seconds(seconds);
    to.set_nanos(static_cast<int32_t>((time - seconds * kMicrosPerSecond) * 1000));
  };
  set_time(*event.mutable_event_time(), row.time);
  set_time(*event.mutable_receive_time(), payload.receive_time_micros());
  event.set_type(row.type >= kCustomTypeBase ? v1::EVENT_TYPE_CUSTOM
                                             : static_cast<v1::EventType>(row.type));
  event.set_channel(static_cast<v1::Channel>(row.channel));
  return event;
}

}  // namespace rapport::events
