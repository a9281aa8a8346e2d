// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/sources.h"

#include "lib/base/money.h"
#include "lib/filter/column_reading.h"
#include "lib/filter/words.h"

namespace rapport::filter {

Value CustomerSource::Read(const FieldRef& ref, size_t nth) const {
  if (nth > 0 || ref.field->read_customer == nullptr) return {};
  return ref.field->read_customer(customer_, ref.key, base_currency_);
}

Value EventSource::Read(const FieldRef& ref, size_t nth) const {
  const Field& field = *ref.field;
  if (field.read_customer != nullptr) {
    return event_.customer == nullptr ? Value() : event_.customer->Read(ref, nth);
  }
  if (field.read_payload != nullptr) {
    if (!asked_) payload_ = event_.payload ? event_.payload() : nullptr;
    asked_ = true;
    return payload_ == nullptr || !field.types.Has(event_.columns.type)
               ? Value()
               : field.read_payload(*payload_, ref.key, nth);
  }
  if (field.names.has_value()) return ReadName(field, nth);
  return nth == 0 ? ReadColumn(field) : Value();
}

Value EventSource::ReadColumn(const Field& field) const {
  const EventColumns& event = event_.columns;
  for (const ColumnReading& reading : field.columns) {
    if (!reading.types.Has(event.type)) continue;
    const int64_t whole = WholeOf(reading.part, event, event_.calendar);
    if (!PassesGuard(reading.guard, event, whole)) return {};
    switch (field.type) {
      case FieldType::kNumber:
        return static_cast<double>(whole) / reading.divisor;
      case FieldType::kDate:
        return int64_t{event_.calendar.DayOf(event.time)};
      case FieldType::kCurrency:
        text_ = UnpackCurrency(event.currency);
        return std::string_view(text_);
      default:
        return whole;
    }
  }
  return {};
}

Value EventSource::ReadName(const Field& field, size_t nth) const {
  const EventColumns& event = event_.columns;
  const bool custom = event.type >= kFirstCustomType;
  switch (*field.names) {
    case NameKind::kCustomType:
      if (nth > (custom ? 1U : 0U)) return {};
      text_ = nth == 1 ? std::string("custom")
              : custom ? event_.names.Text(NameKind::kCustomType,
                                           uint32_t{event.type} - kFirstCustomType)
                       : std::string(WordOf(TypeWords(), event.type));
      if (text_.empty() && !custom) return {};
      break;
    case NameKind::kTouchpoint:
    case NameKind::kCampaign: {
      const uint32_t number =
          *field.names == NameKind::kTouchpoint ? event.touchpoint_no : event.campaign_no;
      if (nth > 0 || number == 0) return {};
      text_ = event_.names.Text(*field.names, number);
      break;
    }
  }
  return std::string_view(text_);
}

}  // namespace rapport::filter
