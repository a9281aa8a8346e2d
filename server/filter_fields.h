// SPDX-License-Identifier: Apache-2.0
// The fields that filters know, with their types and how to read them from a customer.
// Used by the filter's parser and evaluation only. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "rapport/v1/customer.pb.h"

namespace rapport::server {

enum class FieldType : uint8_t { kNumber, kMoney, kTime, kText, kStage };

// A field's value; monostate when it is not set. Stages are numbers.
using FieldValue = std::variant<std::monostate, double, int64_t, std::string_view>;

struct FilterField {
  std::string_view name;
  FieldType type;
  bool from_summary;  // Reads live totals.
  FieldValue (*read)(const v1::Customer& customer, std::string_view base_currency);
};

std::span<const FilterField> FilterFields();
// Place of attributes in FilterTest::field.
inline constexpr size_t kAttributeField = ~size_t{0};

}  // namespace rapport::server
