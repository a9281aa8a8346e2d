// SPDX-License-Identifier: Apache-2.0
// The value of an event's property or a customer's attribute as a filter sees it.
#pragma once

#include "lib/filter/catalogue.h"
#include "rapport/v1/event.pb.h"

namespace rapport::filter {

// A view into `value`; times become micros.
inline Value ValueOf(const v1::PropertyValue& value) {
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      return std::string_view(value.string_value());
    case v1::PropertyValue::kNumberValue:
      return value.number_value();
    case v1::PropertyValue::kBoolValue:
      return value.bool_value();
    case v1::PropertyValue::kTimeValue:
      return int64_t{value.time_value().seconds() * 1'000'000 + value.time_value().nanos() / 1000};
    case v1::PropertyValue::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace rapport::filter
