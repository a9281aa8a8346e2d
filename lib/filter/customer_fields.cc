// SPDX-License-Identifier: Apache-2.0
// Fields of customers. Money is in the base currency; what the generation knows stands in
// facts, what is live in summary.
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/base/text.h"
#include "lib/filter/catalogue.h"
#include "lib/filter/property_value.h"
#include "lib/filter/words.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::filter {
namespace {

using v1::Customer;
using Reader = Value (*)(const Customer&, const std::string& key, std::string_view base_currency);

Value Number(bool is_set, double value) { return is_set ? Value(value) : Value(); }

Value Time(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return {};
  return int64_t{time.seconds() * 1'000'000 + time.nanos() / 1000};
}

Value Text(const std::string& text) {
  return text.empty() ? Value() : Value(std::string_view(text));
}

Value Amount(bool is_set, const v1::Money& money) {
  return is_set ? Value(int64_t{money.micros()}) : Value();
}

Value InBase(const google::protobuf::RepeatedPtrField<v1::Money>& amounts,
             std::string_view base_currency) {
  for (const v1::Money& amount : amounts) {
    if (amount.currency() == base_currency) return int64_t{amount.micros()};
  }
  return int64_t{0};
}

const v1::Rfm& RfmOf(const Customer& c) { return c.facts().rfm(); }
const v1::CustomerValue& ValueOf(const Customer& c) { return c.facts().value(); }

// A reader whose body is an expression over `c` (and `base`).
#define RAPPORT_READ(expression)                                 \
  [](const Customer& c, [[maybe_unused]] const std::string& key, \
     [[maybe_unused]] std::string_view base) -> Value { return expression; }

struct Row {
  const char* path;
  FieldType type;
  Reader read;
  const char* doc;
};

constexpr Row kFacts[] = {
    {"stage", FieldType::kWord,
     RAPPORT_READ(c.facts().has_lifecycle() ? Value(int64_t{c.facts().lifecycle().stage()})
                                            : Value()),
     "lifecycle stage"},
    {"acquisition_cohort", FieldType::kText, RAPPORT_READ(Text(c.facts().acquisition_cohort())),
     "first day of the month of the first order, such as `2026-03-01`"},
    {"acquisition_channel", FieldType::kWord,
     RAPPORT_READ(c.facts().acquisition_channel() != 0
                      ? Value(int64_t{c.facts().acquisition_channel()})
                      : Value()),
     "channel of the first order"},
    {"rfm.segment", FieldType::kText, RAPPORT_READ(Text(RfmOf(c).segment())), "RFM segment"},
    {"rfm.recency_score", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_rfm(), RfmOf(c).recency_score())), "quintile, 5 = latest"},
    {"rfm.frequency_score", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_rfm(), RfmOf(c).frequency_score())), "quintile, 5 = most"},
    {"rfm.monetary_score", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_rfm(), RfmOf(c).monetary_score())), "quintile, 5 = most"},
    {"rfm.recency_days", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_rfm(), RfmOf(c).recency_days())),
     "days since the last order"},
    {"rfm.frequency", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_rfm(), static_cast<double>(RfmOf(c).frequency()))),
     "days with an order"},
    {"rfm.monetary", FieldType::kMoney,
     RAPPORT_READ(Amount(RfmOf(c).has_monetary(), RfmOf(c).monetary())), "net revenue"},
    {"value.predicted", FieldType::kMoney,
     RAPPORT_READ(Amount(ValueOf(c).has_predicted(), ValueOf(c).predicted())), "predicted value"},
    {"value.historic", FieldType::kMoney,
     RAPPORT_READ(Amount(ValueOf(c).has_historic(), ValueOf(c).historic())), "value to date"},
    {"value.p_alive", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_value(), ValueOf(c).p_alive())),
     "probability that the customer is still one, 0-1"},
    {"value.expected_purchases", FieldType::kNumber,
     RAPPORT_READ(Number(c.facts().has_value(), ValueOf(c).expected_purchases())),
     "expected purchases"},
    {"value.decile", FieldType::kNumber,
     RAPPORT_READ(Number(ValueOf(c).decile() != 0, ValueOf(c).decile())), "decile of value"},
};

constexpr Row kSummary[] = {
    {"summary.event_count", FieldType::kNumber,
     RAPPORT_READ(Number(true, static_cast<double>(c.summary().event_count()))), "events, live"},
    {"summary.order_count", FieldType::kNumber,
     RAPPORT_READ(Number(true, static_cast<double>(c.summary().order_count()))), "orders, live"},
    {"summary.ticket_count", FieldType::kNumber,
     RAPPORT_READ(Number(true, static_cast<double>(c.summary().ticket_count()))), "tickets, live"},
    {"summary.net_revenue", FieldType::kMoney,
     RAPPORT_READ(InBase(c.summary().net_revenue(), base)), "net revenue in that currency, live"},
    {"summary.refunded", FieldType::kMoney, RAPPORT_READ(InBase(c.summary().refunded(), base)),
     "paid back in that currency, live"},
    {"summary.first_event_time", FieldType::kTime,
     RAPPORT_READ(Time(c.summary().has_first_event_time(), c.summary().first_event_time())),
     "first event, live"},
    {"summary.last_event_time", FieldType::kTime,
     RAPPORT_READ(Time(c.summary().has_last_event_time(), c.summary().last_event_time())),
     "last event, live"},
    {"summary.first_order_time", FieldType::kTime,
     RAPPORT_READ(Time(c.summary().has_first_order_time(), c.summary().first_order_time())),
     "first order, live"},
    {"summary.last_order_time", FieldType::kTime,
     RAPPORT_READ(Time(c.summary().has_last_order_time(), c.summary().last_order_time())),
     "last order, live"},
    {"last_nps", FieldType::kNumber,
     RAPPORT_READ(Number(c.summary().has_last_nps(), c.summary().last_nps().score())),
     "last NPS answer, live"},
    {"last_csat", FieldType::kNumber,
     RAPPORT_READ(Number(c.summary().has_last_csat(), c.summary().last_csat().score())),
     "last CSAT answer, live"},
    {"last_ces", FieldType::kNumber,
     RAPPORT_READ(Number(c.summary().has_last_ces(), c.summary().last_ces().score())),
     "last CES answer, live"},
};

#undef RAPPORT_READ

Value ReadAttribute(const Customer& customer, const std::string& key, std::string_view) {
  const auto found = customer.attributes().find(key);
  return found == customer.attributes().end() ? Value() : filter::ValueOf(found->second.value());
}

Field Make(std::string_view prefix, const Row& row, Place place) {
  Field field;
  field.path = Cat(prefix, row.path);
  field.type = row.type;
  field.place = place;
  field.doc = row.doc;
  field.read_customer = row.read;
  if (row.type == FieldType::kWord) {
    field.words = row.path == std::string_view("stage") ? &StageWords() : &ChannelWords();
  }
  return field;
}

}  // namespace

std::vector<Field> CustomerFields(std::string_view prefix) {
  std::vector<Field> fields;
  for (const Row& row : kFacts) fields.push_back(Make(prefix, row, Place::kCustomerFacts));
  for (const Row& row : kSummary) fields.push_back(Make(prefix, row, Place::kCustomerSummary));
  const Row attribute{"attributes.", FieldType::kDynamic, ReadAttribute,
                      "the customer's own attribute of that name"};
  fields.push_back(Make(prefix, attribute, Place::kCustomerAttributes));
  fields.back().dynamic = true;
  return fields;
}

}  // namespace rapport::filter
