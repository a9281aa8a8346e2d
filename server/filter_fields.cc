// SPDX-License-Identifier: Apache-2.0
#include "server/filter_fields.h"

#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"

namespace rapport::server {
namespace {

using v1::Customer;

FieldValue Number(bool is_set, double value) { return is_set ? FieldValue(value) : FieldValue(); }

FieldValue Time(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return {};
  return int64_t{time.seconds() * 1'000'000 + time.nanos() / 1000};
}

FieldValue Text(const std::string& text) {
  return text.empty() ? FieldValue() : FieldValue(std::string_view(text));
}

FieldValue InBase(const google::protobuf::RepeatedPtrField<v1::Money>& amounts,
                  std::string_view base_currency) {
  for (const v1::Money& amount : amounts) {
    if (amount.currency() == base_currency) return amount.micros();
  }
  return int64_t{0};
}

const v1::Rfm& RfmOf(const Customer& c) { return c.facts().rfm(); }
const v1::CustomerValue& ValueOf(const Customer& c) { return c.facts().value(); }

constexpr FilterField kFields[] = {
    {"stage", FieldType::kStage, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_lifecycle(), c.facts().lifecycle().stage());
     }},
    {"acquisition_cohort", FieldType::kText, false,
     [](const Customer& c, std::string_view) { return Text(c.facts().acquisition_cohort()); }},
    {"rfm.segment", FieldType::kText, false,
     [](const Customer& c, std::string_view) { return Text(RfmOf(c).segment()); }},
    {"rfm.recency_score", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_rfm(), RfmOf(c).recency_score());
     }},
    {"rfm.frequency_score", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_rfm(), RfmOf(c).frequency_score());
     }},
    {"rfm.monetary_score", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_rfm(), RfmOf(c).monetary_score());
     }},
    {"rfm.recency_days", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_rfm(), RfmOf(c).recency_days());
     }},
    {"rfm.frequency", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_rfm(), static_cast<double>(RfmOf(c).frequency()));
     }},
    {"rfm.monetary", FieldType::kMoney, false,
     [](const Customer& c, std::string_view) {
       return RfmOf(c).has_monetary() ? FieldValue(RfmOf(c).monetary().micros()) : FieldValue();
     }},
    {"value.predicted", FieldType::kMoney, false,
     [](const Customer& c, std::string_view) {
       return ValueOf(c).has_predicted() ? FieldValue(ValueOf(c).predicted().micros())
                                         : FieldValue();
     }},
    {"value.historic", FieldType::kMoney, false,
     [](const Customer& c, std::string_view) {
       return ValueOf(c).has_historic() ? FieldValue(ValueOf(c).historic().micros()) : FieldValue();
     }},
    {"value.p_alive", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_value(), ValueOf(c).p_alive());
     }},
    {"value.expected_purchases", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(c.facts().has_value(), ValueOf(c).expected_purchases());
     }},
    {"value.decile", FieldType::kNumber, false,
     [](const Customer& c, std::string_view) {
       return Number(ValueOf(c).decile() != 0, ValueOf(c).decile());
     }},
    {"summary.event_count", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(true, static_cast<double>(c.summary().event_count()));
     }},
    {"summary.order_count", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(true, static_cast<double>(c.summary().order_count()));
     }},
    {"summary.ticket_count", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(true, static_cast<double>(c.summary().ticket_count()));
     }},
    {"summary.net_revenue", FieldType::kMoney, true,
     [](const Customer& c, std::string_view base) {
       return InBase(c.summary().net_revenue(), base);
     }},
    {"summary.refunded", FieldType::kMoney, true,
     [](const Customer& c, std::string_view base) { return InBase(c.summary().refunded(), base); }},
    {"summary.first_event_time", FieldType::kTime, true,
     [](const Customer& c, std::string_view) {
       return Time(c.summary().has_first_event_time(), c.summary().first_event_time());
     }},
    {"summary.last_event_time", FieldType::kTime, true,
     [](const Customer& c, std::string_view) {
       return Time(c.summary().has_last_event_time(), c.summary().last_event_time());
     }},
    {"summary.first_order_time", FieldType::kTime, true,
     [](const Customer& c, std::string_view) {
       return Time(c.summary().has_first_order_time(), c.summary().first_order_time());
     }},
    {"summary.last_order_time", FieldType::kTime, true,
     [](const Customer& c, std::string_view) {
       return Time(c.summary().has_last_order_time(), c.summary().last_order_time());
     }},
    {"last_nps", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(c.summary().has_last_nps(), c.summary().last_nps().score());
     }},
    {"last_csat", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(c.summary().has_last_csat(), c.summary().last_csat().score());
     }},
    {"last_ces", FieldType::kNumber, true,
     [](const Customer& c, std::string_view) {
       return Number(c.summary().has_last_ces(), c.summary().last_ces().score());
     }},
};

}  // namespace

std::span<const FilterField> FilterFields() { return kFields; }

}  // namespace rapport::server
