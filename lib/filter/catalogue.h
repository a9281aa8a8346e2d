// SPDX-License-Identifier: Apache-2.0
// The fields that filters know: their names, types, where each is read from and how.
//
// Three catalogues: customers (ListCustomers, segments), events (metrics), and events with
// the customer's fields under `customer.`. A field whose name goes on with a key of the
// workspace's own (`attributes.KEY`, `property.KEY`) is dynamic: its type is the stored
// value's. docs/filters.md lists them all. Static, immutable, thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/filter/names.h"
#include "lib/filter/type_set.h"

namespace rapport::v1 {
class Customer;
}
namespace rapport::store::v1 {
class EventPayload;
}

namespace rapport::filter {

// Where a field is read from, cheapest to get first.
enum class Place : uint8_t {
  kEventColumns,        // EventColumns.
  kCustomerFacts,       // v1.Customer.facts, of the generation.
  kCustomerSummary,     // v1.Customer.summary, live.
  kCustomerAttributes,  // v1.Customer.attributes, a row of their own.
  kEventPayload,        // store.v1.EventPayload.
};

class PlaceSet {
 public:
  PlaceSet() = default;
  PlaceSet(std::initializer_list<Place> places) {
    for (const Place place : places) Add(place);
  }
  void Add(Place place) { bits_ |= Bit(place); }
  void Add(PlaceSet other) { bits_ |= other.bits_; }
  bool Has(Place place) const { return (bits_ & Bit(place)) != 0; }
  bool HasCustomer() const {
    return Has(Place::kCustomerFacts) || Has(Place::kCustomerSummary) ||
           Has(Place::kCustomerAttributes);
  }
  bool HasEvent() const { return Has(Place::kEventColumns) || Has(Place::kEventPayload); }
  bool empty() const { return bits_ == 0; }
  friend bool operator==(const PlaceSet&, const PlaceSet&) = default;

 private:
  static unsigned Bit(Place place) { return 1U << static_cast<unsigned>(place); }
  unsigned bits_ = 0;
};

enum class FieldType : uint8_t {
  kNumber,
  kMoney,     // Micros; written in units.
  kTime,      // Micros since 1970 UTC; written RFC 3339 or as a date.
  kDate,      // Civil days since 1970 in the workspace's zone; written as a date.
  kText,      // `:` is `=`, with wildcards.
  kVerbatim,  // Text in which `:` looks for a part of it, case aside.
  kWord,      // One of the field's words.
  kTypeName,  // An event type: a standard word or the name of a custom type.
  kCurrency,  // Three letters.
  kDynamic,   // As stored: text, number, truth or time.
};

// A field's value; monostate when it is not set. Money, times, dates and words are whole
// numbers. Texts live as long as what they were read from.
using Value = std::variant<std::monostate, double, int64_t, std::string_view, bool>;

struct Word {
  std::string text;
  int64_t number = 0;
};
struct WordList {
  std::vector<Word> words;
  std::string prefix;    // May stand before a word, e.g. LIFECYCLE_STAGE_.
  bool ordered = false;  // Whether < and > mean something.
};

// How a number is taken from an event's columns.
enum class ColumnPart : uint8_t {
  kTime,
  kValue,
  kAux,
  kAuxThousands,  // aux / 1000.
  kAuxRest,       // aux % 1000.
  kTouchpoint,
  kCampaign,
  kType,
  kCurrency,
  kChannel,
  kHour,     // Civil, 0-23.
  kWeekday,  // Civil, 0 = Monday.
};
// When a column's number counts as set, besides the event's type.
enum class ColumnGuard : uint8_t { kNone, kPositive, kHasCurrency };

struct ColumnReading {
  TypeSet types = TypeSet::All();
  ColumnPart part = ColumnPart::kValue;
  ColumnGuard guard = ColumnGuard::kNone;
  double divisor = 1;  // A number is the column's whole number divided by this.
};

struct Field {
  std::string path;
  FieldType type = FieldType::kNumber;
  Place place = Place::kEventColumns;
  std::string doc;                  // What it is, with its unit; one line.
  const WordList* words = nullptr;  // For kWord and kTypeName.
  bool repeated = false;            // May have several values at once.
  // Series cells hold it, given as columns with the start of the civil day as the time.
  bool in_cells = false;
  bool dynamic = false;            // `path` ends with a dot and a key follows.
  TypeSet types = TypeSet::All();  // Event types for which it can be set.
  std::optional<NameKind> names;   // The column holds a number of this dictionary.

  // How it is read; which one is set follows from `place`.
  std::vector<ColumnReading> columns;  // At most one of them fits an event's type.
  // The nth value, monostate past the last. Of a repeated field an empty text is a gap.
  Value (*read_payload)(const store::v1::EventPayload& payload, const std::string& key,
                        size_t nth) = nullptr;
  Value (*read_customer)(const v1::Customer& customer, const std::string& key,
                         std::string_view base_currency) = nullptr;
};

class Catalogue {
 public:
  explicit Catalogue(std::vector<Field> fields);
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  std::span<const Field> fields() const { return fields_; }
  // The field of a path and, for a dynamic one, its key; nullptr if there is none.
  const Field* Find(std::string_view path, std::string_view* key) const;
  // Up to three paths that look like `path`, best first.
  std::vector<std::string> Nearest(std::string_view path) const;

 private:
  std::vector<Field> fields_;
};

const Catalogue& CustomerCatalogue();
const Catalogue& EventCatalogue();
const Catalogue& EventAndCustomerCatalogue();

// The customer fields with `prefix` before each path.
std::vector<Field> CustomerFields(std::string_view prefix);
std::vector<Field> EventColumnFields();
std::vector<Field> EventPayloadFields();

}  // namespace rapport::filter
