// SPDX-License-Identifier: Apache-2.0
// Filters: one expression language (a subset of AIP-160, docs/filters.md) for customers,
// events and segments.
//
//   stage = AT_RISK AND value.predicted > 100
//   type = nps_answered AND score >= 9 AND channel = (web OR app) AND text:refund
//
// The shape of this library:
//   catalogue.h   which fields there are        names.h   texts of column numbers
//   expression.h  Parse > Expression: a typed tree that can be asked about any FieldSource,
//                 taken apart (Conjuncts, places) and written canonically (ToString)
//   sources.h     CustomerSource, EventSource: what a FieldSource usually is
//   predicate.h   Bind(expression, names) > EventPredicate: the flat, fast form for scans
//
//   ASSIGN_OR_RETURN(Expression filter, Parse(text, EventAndCustomerCatalogue(), context));
//   const EventPredicate predicate = Bind(filter, names);
//   if (!predicate.types().Has(type)) ...            // Whole types can be skipped.
//   const CustomerTruth truth = predicate.Judge(customer);       // Once a customer;
//   if (!truth.allowed) continue;                    // only if predicate.reads_customer().
//   if (predicate.MatchesColumns(event, truth) &&    // Each event.
//       (!predicate.reads_payload() || predicate.MatchesPayload(event, payload, truth))) ...
//
// A comparison with a field that is not set is false. A field with several values (the
// products of an order) satisfies a comparison if one of them does, and `!=` if none
// equals. Deterministic; an Expression is immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/filter/catalogue.h"

namespace rapport::filter {

inline constexpr size_t kMaxBytes = 4096;
inline constexpr int kMaxDepth = 32;      // Of parentheses.
inline constexpr size_t kMaxTests = 512;  // Comparisons.

enum class Comparator : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kHas
};

struct FieldRef {
  const Field* field = nullptr;  // In a static catalogue.
  std::string key;               // Of dynamic fields.
  friend bool operator==(const FieldRef&, const FieldRef&) = default;
};

// One comparison.
struct Test {
  FieldRef ref;
  Comparator comparator = Comparator::kEqual;
  // In the field's type: number; micros, days or word; text (also of dynamic fields).
  // monostate: is set (`field:*`).
  std::variant<std::monostate, double, int64_t, std::string> operand;
  friend bool operator==(const Test&, const Test&) = default;
};

// AND and OR have two or more children, none of their own kind; NOT has one, not a NOT.
struct Node {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kTest };
  Kind kind = Kind::kTest;
  std::vector<Node> children;
  Test test;
  friend bool operator==(const Node&, const Node&) = default;
};

// What an expression is read in. Dates on event fields are civil days of the calendar, on
// customer fields UTC.
struct Context {
  std::string base_currency;
  Calendar calendar = Calendar::Utc();
  std::string field = "filter";  // Request field that errors name.
  const Names* names = nullptr;  // If given, unknown custom event types are refused.
  size_t max_bytes = kMaxBytes;
};

// Reads fields of one customer or event.
class FieldSource {
 public:
  virtual ~FieldSource() = default;
  // The nth value, from 0; monostate when there is none.
  virtual Value Read(const FieldRef& ref, size_t nth) const = 0;
};

class Expression {
 public:
  // Matches everything.
  Expression() = default;

  // Walks the tree: well under a microsecond besides what the source does.
  bool Evaluate(const FieldSource& source) const;

  bool empty() const { return parsed_ == nullptr; }
  // nullptr if empty.
  const Node* root() const { return parsed_ == nullptr ? nullptr : &parsed_->root; }
  const std::string& base_currency() const;
  const Calendar& calendar() const;

  // All that is read / of one place / only what series cells hold.
  PlaceSet places() const;
  bool Reads(Place place) const { return places().Has(place); }
  bool OnlyCellFields() const;
  // Paths that are read, sorted, once each (`property.country`, `customer.stage`).
  std::vector<std::string> Paths() const;
  // The terms of the outermost AND, each an expression of its own.
  std::vector<Expression> Conjuncts() const;

  // Canonical text: what is equal has the same, and it parses to an equal expression
  // (if it is not longer than max_bytes). "" if empty.
  std::string ToString() const;
  // Equal trees.
  friend bool operator==(const Expression& a, const Expression& b);

 private:
  friend absl::StatusOr<Expression> Parse(std::string_view, const Catalogue&, const Context&);
  struct Parsed {
    Node root;
    std::string base_currency;
    Calendar calendar;
    PlaceSet places;
  };
  Expression(Node root, std::string base_currency, const Calendar& calendar);
  std::shared_ptr<const Parsed> parsed_;
};

// An empty or blank text matches everything. InvalidField context.field with
//   TOO_LONG       more than max_bytes bytes
//   UNKNOWN_FIELD  with the names that look like it
//   BAD_FILTER     anything else: syntax, or a value that does not fit the field, with what fits
// and `at position N`, N in bytes from 1.
absl::StatusOr<Expression> Parse(std::string_view text, const Catalogue& catalogue,
                                 const Context& context);

}  // namespace rapport::filter
