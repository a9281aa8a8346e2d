// SPDX-License-Identifier: Apache-2.0
// All definitions of a workspace: the built-in ones and its own. Immutable, thread-safe;
// make a new one when a definition changes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/filter/names.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// The built-in definitions, by id. Parsed once from lib/metrics/data/*.textproto.
const std::vector<v1::MetricDefinition>& BuiltInDefinitions();

// InvalidField definition.metric, .kind, .numerator[i], .pairing.window_seconds, ... for
// whatever the kind of maths needs and has not, or has and does not fit. Filters are parsed
// with the base currency EUR in UTC; names (may be nullptr) tell known custom types.
absl::Status CheckDefinition(const v1::MetricDefinition& definition, const filter::Names* names);

class Registry {
 public:
  // The built-in ones alone.
  Registry();
  // With a workspace's own; later ones replace earlier of the same id. Ids of built-in ones
  // are passed over (CheckOwn refuses them when they are stored).
  explicit Registry(std::span<const v1::MetricDefinition> own);

  // All by id.
  const std::vector<v1::MetricDefinition>& definitions() const { return definitions_; }
  // InvalidField metric UNKNOWN_METRIC with the nearest known names, or REQUIRED.
  absl::StatusOr<const v1::MetricDefinition*> Find(std::string_view metric) const;

 private:
  std::vector<v1::MetricDefinition> definitions_;
};

// A definition that a workspace wants to add: CheckDefinition, and ALREADY_EXISTS-like
// InvalidField definition.metric BUILT_IN_METRIC for ids of built-in ones.
absl::Status CheckOwn(const v1::MetricDefinition& definition, const filter::Names* names);

}  // namespace rapport::metrics
