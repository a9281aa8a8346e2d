// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/event_condition.h"

#include "lib/base/errors.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"

namespace rapport::journey {
namespace {

// One comparison with the type, or several of them joined by OR.
bool AsksTypeOnly(const filter::Node* node) {
  if (node == nullptr) return true;
  if (node->kind == filter::Node::Kind::kTest) return node->test.ref.field->path == "type";
  if (node->kind != filter::Node::Kind::kOr) return false;
  for (const filter::Node& child : node->children) {
    if (!AsksTypeOnly(&child)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<EventCondition> EventCondition::Compile(const std::string& text,
                                                       std::string_view field,
                                                       const metrics::Scope& scope) {
  filter::Context context;
  context.base_currency = UnpackCurrency(scope.base_currency);
  context.calendar = scope.calendar;
  context.field = std::string(field);
  context.names = scope.names;
  ASSIGN_OR_RETURN(const filter::Expression expression,
                   filter::Parse(text, filter::EventAndCustomerCatalogue(), context));
  return EventCondition{.text = expression.ToString(),
                        .predicate = std::make_shared<const filter::EventPredicate>(
                            filter::Bind(expression, *scope.names)),
                        .types_only = AsksTypeOnly(expression.root())};
}

absl::StatusOr<EventCondition> EventCondition::CompileRequired(const std::string& text,
                                                               std::string_view field,
                                                               const metrics::Scope& scope) {
  ASSIGN_OR_RETURN(EventCondition condition, Compile(text, field, scope));
  if (condition.empty()) {
    return InvalidField(field, "REQUIRED", "must be a filter on events, e.g. type = order_placed");
  }
  return condition;
}

std::vector<uint16_t> TypeList(const filter::TypeSet& types, const filter::Names& names) {
  std::vector<uint16_t> list;
  if (types.HasAll()) return list;
  for (uint16_t type = 0; type < filter::StandardTypes::kCount; ++type) {
    if (types.Has(type)) list.push_back(type);
  }
  const uint32_t customs = names.Count(filter::NameKind::kCustomType);
  for (uint32_t number = 1; number <= customs; ++number) {
    const auto type = static_cast<uint16_t>(filter::kFirstCustomType + number);
    if (types.Has(type)) list.push_back(type);
  }
  if (list.empty()) list.push_back(0);
  return list;
}

}  // namespace rapport::journey
