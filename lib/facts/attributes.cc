// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/attributes.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace rapport::facts {
namespace {

constexpr double kSecondsPerDay = 86400;

AttributeValue NumberOf(double number) {
  if (!std::isfinite(number)) return {};
  return number;
}

}  // namespace

AttributeValue AttributeOf(const v1::PropertyValue& value) {
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      if (value.string_value().empty()) return {};
      return value.string_value();
    case v1::PropertyValue::kNumberValue:
      return NumberOf(value.number_value());
    case v1::PropertyValue::kBoolValue:
      return std::string(value.bool_value() ? "true" : "false");
    case v1::PropertyValue::kTimeValue:
      return static_cast<double>(value.time_value().seconds()) / kSecondsPerDay;
    case v1::PropertyValue::KIND_NOT_SET:
      break;
  }
  return {};
}

Attributes PickAttributes(const std::vector<std::string>& keys,
                          const google::protobuf::Map<std::string, v1::Attribute>& record) {
  Attributes attributes;
  for (const std::string& key : keys) {
    const auto found = record.find(key);
    if (found == record.end()) continue;
    AttributeValue value = AttributeOf(found->second.value());
    if (!std::holds_alternative<std::monostate>(value)) attributes.emplace(key, std::move(value));
  }
  return attributes;
}

const AttributeValue& Find(const Attributes& attributes, std::string_view key) {
  static const auto& kNone = *new AttributeValue;
  const auto found = attributes.find(key);
  return found == attributes.end() ? kNone : found->second;
}

std::string TextOf(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr) return "";
  char printed[32];
  std::snprintf(printed, sizeof printed, "%.15g", *number);
  return printed;
}

}  // namespace rapport::facts
