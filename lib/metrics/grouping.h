// SPDX-License-Identifier: Apache-2.0
// What metrics are grouped by, and the groups' keys and labels.
//
// Dimensions of events: `channel`, `touchpoint`, `campaign`, `type`, `property.KEY`. Of
// customers: `stage`, `value_tier`, `rfm_segment`, `cohort`, `acquisition_channel`,
// `attribute.KEY`, `segment.ID`. A missing value is `unknown` for channel and touchpoint,
// `none` otherwise. Immutable and thread-safe but for PropertyNames.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "lib/base/event_columns.h"
#include "lib/base/text.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::v1 {
class PropertyValue;
}

namespace rapport::metrics {

inline constexpr size_t kMaxDimensions = 3;

enum class DimensionKind : uint8_t {
  kChannel,
  kTouchpoint,
  kCampaign,
  kType,
  kProperty,
  kCustomer,
};

struct GroupDimension {
  DimensionKind kind = DimensionKind::kChannel;
  std::string name;  // As asked for.
  std::string key;   // Of `property.KEY`.
};

// Codes of the dimensions, 0 where there are fewer.
using GroupKey = std::array<uint32_t, kMaxDimensions>;

// Numbers for texts of properties, from 1. Not thread-safe; one per Evaluation.
class PropertyNames {
 public:
  uint32_t NumberOf(std::string_view text);
  const std::string& Text(uint32_t number) const { return texts_[number - 1]; }

 private:
  TextMap<uint32_t> numbers_;
  std::vector<std::string> texts_;
};

class Grouping {
 public:
  // No groups.
  Grouping() = default;
  // InvalidField group_by (TOO_MANY_DIMENSIONS) or group_by[i] (UNKNOWN_DIMENSION,
  // DUPLICATE_DIMENSION, UNSUPPORTED_DIMENSION with those that the kind allows).
  static absl::StatusOr<Grouping> Create(const google::protobuf::RepeatedPtrField<std::string>& by,
                                         const v1::MetricDefinition& definition);

  std::span<const GroupDimension> dimensions() const { return dimensions_; }
  bool empty() const { return dimensions_.empty(); }
  // Names of the customer dimensions in the order of CustomerInput::codes.
  const std::vector<std::string>& customer_dimensions() const { return customer_; }
  bool by_customer() const { return !customer_.empty(); }
  bool by_event() const { return customer_.size() < dimensions_.size(); }
  bool reads_payload() const;
  // Channel, touchpoint, campaign and, if `with_type`, type: what cells hold.
  bool OnlyCellDimensions(bool with_type) const;

  // The customer's part of a key.
  GroupKey CustomerKey(std::span<const uint32_t> codes) const;
  // Sets the parts of a key that event columns decide.
  void SetEvent(const EventColumns& event, GroupKey& key) const;
  std::string Label(size_t dimension, uint32_t code, const Scope& scope,
                    const PropertyNames& properties) const;

 private:
  std::vector<GroupDimension> dimensions_;
  std::vector<std::string> customer_;
};

// The dimensions without a key that a definition can be grouped by.
std::vector<std::string> DimensionsOf(const v1::MetricDefinition& definition);
// "email", "in_person"; "unknown" without a channel.
std::string ChannelWord(uint32_t channel);
// "order_placed"; the name of a custom type.
std::string TypeWord(uint32_t type, const filter::Names& names);
// A property as a label; empty when it is not set.
std::string PropertyLabel(const v1::PropertyValue& value);

}  // namespace rapport::metrics
