// SPDX-License-Identifier: Apache-2.0
// What funnels, paths and effects are broken down by: one column or property of an event, or
// one dimension of the customer, as whole-number codes (0: no value) with their labels.
//
// Dimensions of events: `channel`, `touchpoint`, `campaign`, `type`, `property.KEY` and the
// text fields of payloads (`brand`, `plan`, ...; the first value of several); of customers:
// `stage`, `value_tier`, `rfm_segment`, `cohort`, `acquisition_channel`, `attribute.KEY`, whose
// codes the caller brings. Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/filter/catalogue.h"
#include "lib/filter/customer_events.h"
#include "lib/metrics/grouping.h"
#include "lib/metrics/scope.h"

namespace rapport::journey {

class Dimension {
 public:
  // InvalidField `field` UNKNOWN_DIMENSION.
  static absl::StatusOr<Dimension> Parse(std::string_view name, std::string_view field);

  const std::string& name() const { return name_; }
  metrics::DimensionKind kind() const { return kind_; }
  bool of_customer() const { return kind_ == metrics::DimensionKind::kCustomer; }
  bool reads_payload() const { return kind_ == metrics::DimensionKind::kProperty; }

  // Of an event, for dimensions of events. Properties are numbered in `properties`.
  uint32_t CodeOf(const filter::CustomerEvents& customer, size_t index,
                  metrics::PropertyNames& properties) const;
  std::string Label(uint32_t code, const metrics::Scope& scope,
                    const metrics::PropertyNames& properties) const;

 private:
  metrics::DimensionKind kind_ = metrics::DimensionKind::kCustomer;
  std::string name_;
  std::string key_;                       // Of `property.KEY`.
  const filter::Field* field_ = nullptr;  // Of other payload fields; static.
};

// The value of a property of an event as a label; empty when it is not set.
std::string PropertyText(const filter::CustomerEvents& customer, size_t index,
                         const std::string& key);

}  // namespace rapport::journey
