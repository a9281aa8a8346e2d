// SPDX-License-Identifier: Apache-2.0
// Values of comparisons, from text to the field's type. Used by the parser only. Pure.
#pragma once

#include "absl/status/status.h"
#include "lib/filter/expression.h"
#include "lib/filter/lexer.h"

namespace rapport::filter {

// Reads `literal` as the type of `test`'s field demands. BAD_FILTER with what fits.
absl::Status ReadOperand(const Token& literal, const Context& context, Test& test);

// Refuses < and > where the field's values have no order.
absl::Status CheckComparator(const Token& comparator, const Test& test);

}  // namespace rapport::filter
