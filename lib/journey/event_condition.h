// SPDX-License-Identifier: Apache-2.0
// A filter on events made ready: bound to the workspace's names, with what it needs to be
// tested. Immutable and thread-safe; cheap to copy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/expression.h"
#include "lib/filter/predicate.h"
#include "lib/metrics/scope.h"

namespace rapport::journey {

struct EventCondition {
  std::string text;  // Canonical.
  std::shared_ptr<const filter::EventPredicate> predicate;
  // An event of a type in predicate->types() holds: nothing else is asked.
  bool types_only = false;

  // Errors of lib/filter name `field`.
  static absl::StatusOr<EventCondition> Compile(const std::string& text, std::string_view field,
                                                const metrics::Scope& scope);
  // The same, and InvalidField `field` REQUIRED for an empty text.
  static absl::StatusOr<EventCondition> CompileRequired(const std::string& text,
                                                        std::string_view field,
                                                        const metrics::Scope& scope);
  bool empty() const { return predicate->empty(); }
};

// The types that a scan must show, sorted: those of the set, or {0} if there are none; empty
// for all.
std::vector<uint16_t> TypeList(const filter::TypeSet& types, const filter::Names& names);

}  // namespace rapport::journey
