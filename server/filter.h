// SPDX-License-Identifier: Apache-2.0
// Filters of ListCustomers: a subset of AIP-160.
//
//   stage = AT_RISK AND value.predicted > 100
//   (rfm.segment = "champions" OR attributes.tier = gold) AND NOT last_nps < 7
//
// AND, OR (binds tighter than AND, as AIP-160 says), NOT or -, parentheses; two terms side
// by side mean AND. Comparators = != < <= > >= and : (has; `field:*` means "is set").
// A comparison with a field that is not set is false. Money is in units of the base
// currency, times are RFC 3339 or YYYY-MM-DD (UTC). The fields are listed in filter.cc and
// docs/api.md.
//
// Parse is strict: InvalidField filter BAD_FILTER | UNKNOWN_FIELD with the position.
// Matches is pure, thread-safe and costs well under a microsecond.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::server {

enum class Comparator : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kHas
};

// A literal in the forms it can be read as.
struct FilterLiteral {
  std::string text;
  bool quoted = false;
};

// One comparison, ready to evaluate.
struct FilterTest {
  size_t field = 0;       // Place in the field table; kAttributeField for attributes.
  std::string attribute;  // Key, for attributes.
  Comparator comparator = Comparator::kEqual;
  // What to compare with, in the field's type: number, micros or time, text, truth.
  std::variant<std::monostate, double, int64_t, std::string, bool> operand;
  FilterLiteral literal;  // For attributes, whose type is known only when they are met.
};

struct FilterNode {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kTest };
  Kind kind = Kind::kTest;
  std::vector<FilterNode> children;
  FilterTest test;
};

class Filter {
 public:
  // An empty text matches everybody. Money is compared in `base_currency`.
  static absl::StatusOr<Filter> Parse(std::string_view text, std::string_view base_currency);

  // `customer` has facts, summary and attributes where they exist.
  bool Matches(const v1::Customer& customer) const;
  bool empty() const { return !has_root_; }
  // Whether a test reads attributes (a row of their own) or live totals.
  bool reads_attributes() const { return reads_attributes_; }
  bool reads_summary() const { return reads_summary_; }

 private:
  void NoteReads(const FilterNode& node);
  bool has_root_ = false;
  bool reads_attributes_ = false;
  bool reads_summary_ = false;
  FilterNode root_;
  std::string base_currency_;
};

}  // namespace rapport::server
