// SPDX-License-Identifier: Apache-2.0
// Customer attributes in the form that value models read: a text (truth values are
// `true` and `false`), a number (times are days since 1970), or none. An empty text and a
// number that is not finite count as none.
//
// Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "google/protobuf/map.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {

using AttributeValue = std::variant<std::monostate, std::string, double>;
// By key; what is absent is none.
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

AttributeValue AttributeOf(const v1::PropertyValue& value);
// Those of a customer's record that are wanted and not none.
Attributes PickAttributes(const std::vector<std::string>& keys,
                          const google::protobuf::Map<std::string, v1::Attribute>& record);
const AttributeValue& Find(const Attributes& attributes, std::string_view key);
// As a group or a covariate is named after it; empty for none.
std::string TextOf(const AttributeValue& value);

}  // namespace rapport::facts
