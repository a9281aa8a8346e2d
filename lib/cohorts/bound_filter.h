// SPDX-License-Identifier: Apache-2.0
// Filters of cohort questions, parsed and bound to a workspace once per question. Errors
// are those of filter::Parse, with the request field. Immutable and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/customer_events.h"
#include "lib/filter/expression.h"
#include "lib/filter/predicate.h"
#include "lib/metrics/scope.h"

namespace rapport::cohorts {

// Which events count, and of which customers.
struct EventFilter {
  std::string text;  // Canonical.
  std::shared_ptr<const filter::EventPredicate> predicate;
  bool only_types = false;  // The event's type alone decides.
};
absl::StatusOr<EventFilter> BindEvents(const std::string& text, std::string_view field,
                                       const metrics::Scope& scope);

// Which customers count.
absl::StatusOr<filter::Expression> ParseCustomers(const std::string& text, std::string_view field,
                                                  const metrics::Scope& scope);

// The filter tested on one customer's events; the type first, without a call. As
// filter::EventTest: one per thread, Begin before a customer's first event.
class FilteredEvents {
 public:
  // `filter` outlives this.
  explicit FilteredEvents(const EventFilter& filter)
      : test_(filter.predicate.get()),
        types_(filter.predicate->types()),
        type_decides_(filter.only_types || filter.predicate->empty()) {}

  bool Begin(const filter::CustomerEvents& customer) { return test_.Begin(customer); }
  bool Has(const filter::CustomerEvents& customer, size_t index) const {
    if (!types_.Has(customer.events[index].type)) return false;
    return type_decides_ || test_.Matches(customer, index);
  }

 private:
  filter::EventTest test_;
  filter::TypeSet types_;
  bool type_decides_;
};

// What walkers need of each customer: server::ScanNeeds without the server.
struct CustomerNeeds {
  filter::PlaceSet places;
  bool payloads = false;
  std::vector<uint16_t> types;  // Of events, sorted; empty: all.
  std::vector<std::string> dimensions;
};
// The types of a set as a list; empty when it holds custom types without a name yet.
std::vector<uint16_t> TypeList(const filter::TypeSet& types, const metrics::Scope& scope);

}  // namespace rapport::cohorts
