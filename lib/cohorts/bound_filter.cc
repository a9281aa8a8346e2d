// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/bound_filter.h"

#include <limits>

#include "lib/base/status_macros.h"

namespace rapport::cohorts {
namespace {

filter::Context ContextOf(std::string_view field, const metrics::Scope& scope) {
  filter::Context context;
  context.base_currency = UnpackCurrency(scope.base_currency);
  context.calendar = scope.calendar;
  context.field = std::string(field);
  context.names = scope.names;
  return context;
}

}  // namespace

absl::StatusOr<EventFilter> BindEvents(const std::string& text, std::string_view field,
                                       const metrics::Scope& scope) {
  ASSIGN_OR_RETURN(
      const filter::Expression expression,
      filter::Parse(text, filter::EventAndCustomerCatalogue(), ContextOf(field, scope)));
  EventFilter bound;
  bound.text = expression.ToString();
  bound.predicate =
      std::make_shared<const filter::EventPredicate>(filter::Bind(expression, *scope.names));
  bound.only_types = expression.Paths() == std::vector<std::string>{"type"};
  return bound;
}

absl::StatusOr<filter::Expression> ParseCustomers(const std::string& text, std::string_view field,
                                                  const metrics::Scope& scope) {
  return filter::Parse(text, filter::CustomerCatalogue(), ContextOf(field, scope));
}

std::vector<uint16_t> TypeList(const filter::TypeSet& types, const metrics::Scope& scope) {
  std::vector<uint16_t> list;
  if (types.Has(std::numeric_limits<uint16_t>::max())) return list;
  for (uint16_t type = 0; type < filter::StandardTypes::kCount; ++type) {
    if (types.Has(type)) list.push_back(type);
  }
  const uint32_t customs = scope.names->Count(filter::NameKind::kCustomType);
  for (uint32_t number = 1; number <= customs; ++number) {
    const auto type = static_cast<uint16_t>(filter::kFirstCustomType + number);
    if (types.Has(type)) list.push_back(type);
  }
  // No type at all can match: one that no event has, as an empty list means all.
  if (list.empty()) list.push_back(0);
  return list;
}

}  // namespace rapport::cohorts
