// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/grouping.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_join.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/filter/type_set.h"
#include "lib/metrics/kinds.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

constexpr std::string_view kProperty = "property.", kAttribute = "attribute.",
                           kSegment = "segment.";
constexpr std::string_view kEventDimensions[] = {"channel", "touchpoint", "campaign", "type"};
constexpr std::string_view kCustomerDimensions[] = {"stage", "value_tier", "rfm_segment", "cohort",
                                                    "acquisition_channel"};

template <typename List>
bool Holds(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// The last word of an enum's name in lower case.
std::string LowerWord(std::string_view name, std::string_view prefix) {
  std::string word(name.substr(std::min(prefix.size(), name.size())));
  for (char& letter : word) letter = static_cast<char>(std::tolower(letter));
  return word;
}

absl::StatusOr<GroupDimension> Parse(const std::string& name) {
  GroupDimension dimension{.kind = DimensionKind::kCustomer, .name = name, .key = ""};
  if (name == "channel") dimension.kind = DimensionKind::kChannel;
  if (name == "touchpoint") dimension.kind = DimensionKind::kTouchpoint;
  if (name == "campaign") dimension.kind = DimensionKind::kCampaign;
  if (name == "type") dimension.kind = DimensionKind::kType;
  if (Holds(kEventDimensions, name) || Holds(kCustomerDimensions, name)) return dimension;
  const std::string_view view = name;
  if (view.starts_with(kAttribute) && view.size() > kAttribute.size()) return dimension;
  if (view.starts_with(kSegment) && view.size() > kSegment.size()) return dimension;
  if (view.starts_with(kProperty) && view.size() > kProperty.size()) {
    dimension.kind = DimensionKind::kProperty;
    dimension.key = view.substr(kProperty.size());
    return dimension;
  }
  return InvalidField("group_by", "UNKNOWN_DIMENSION", Cat("'", name, "' is no dimension"));
}

std::string Offer(const v1::MetricDefinition& definition) {
  std::string text = absl::StrJoin(DimensionsOf(definition), ", ");
  if (text.empty()) return "nothing";
  text += ", attribute.KEY, segment.ID";
  return GroupsByEvent(definition.kind()) ? Cat(text, ", property.KEY") : text;
}

}  // namespace

uint32_t PropertyNames::NumberOf(std::string_view text) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  texts_.emplace_back(text);
  const auto number = static_cast<uint32_t>(texts_.size());
  numbers_.emplace(text, number);
  return number;
}

absl::StatusOr<Grouping> Grouping::Create(const google::protobuf::RepeatedPtrField<std::string>& by,
                                          const v1::MetricDefinition& definition) {
  if (by.size() > static_cast<int>(kMaxDimensions)) {
    return InvalidField("group_by", "TOO_MANY_DIMENSIONS",
                        Cat("takes at most ", kMaxDimensions, " dimensions"));
  }
  Grouping grouping;
  for (int i = 0; i < by.size(); ++i) {
    const std::string field = Cat("group_by[", i, "]");
    auto dimension = Parse(by[i]);
    if (!dimension.ok()) {
      return InvalidField(field, "UNKNOWN_DIMENSION",
                          Cat("'", by[i], "' is no dimension; ", definition.metric(), " takes ",
                              Offer(definition)));
    }
    for (int j = 0; j < i; ++j) {
      if (by[j] != by[i]) continue;
      return InvalidField(field, "DUPLICATE_DIMENSION", Cat("is the same as group_by[", j, "]"));
    }
    const bool of_event = dimension->kind != DimensionKind::kCustomer;
    if (!GroupsByCustomer(definition.kind()) || (of_event && !GroupsByEvent(definition.kind()))) {
      return InvalidField(field, "UNSUPPORTED_DIMENSION",
                          Cat(definition.metric(), " cannot be grouped by '", by[i], "'; it takes ",
                              Offer(definition)));
    }
    if (!of_event) grouping.customer_.push_back(dimension->name);
    grouping.dimensions_.push_back(*std::move(dimension));
  }
  return grouping;
}

bool Grouping::reads_payload() const {
  return std::any_of(dimensions_.begin(), dimensions_.end(), [](const GroupDimension& dimension) {
    return dimension.kind == DimensionKind::kProperty;
  });
}

bool Grouping::OnlyCellDimensions(bool with_type) const {
  return std::all_of(dimensions_.begin(), dimensions_.end(), [&](const GroupDimension& dimension) {
    if (dimension.kind == DimensionKind::kType) return with_type;
    return dimension.kind != DimensionKind::kProperty && dimension.kind != DimensionKind::kCustomer;
  });
}

GroupKey Grouping::CustomerKey(std::span<const uint32_t> codes) const {
  GroupKey key{};
  size_t at = 0;
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    if (dimensions_[i].kind != DimensionKind::kCustomer) continue;
    key[i] = at < codes.size() ? codes[at] : 0;
    ++at;
  }
  return key;
}

void Grouping::SetEvent(const EventColumns& event, GroupKey& key) const {
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    switch (dimensions_[i].kind) {
      case DimensionKind::kChannel:
        key[i] = event.channel;
        break;
      case DimensionKind::kTouchpoint:
        key[i] = event.touchpoint_no;
        break;
      case DimensionKind::kCampaign:
        key[i] = event.campaign_no;
        break;
      case DimensionKind::kType:
        key[i] = event.type;
        break;
      default:
        break;
    }
  }
}

std::string Grouping::Label(size_t dimension, uint32_t code, const Scope& scope,
                            const PropertyNames& properties) const {
  const GroupDimension& by = dimensions_[dimension];
  const auto named = [&](filter::NameKind kind, std::string_view missing) {
    if (code == 0) return std::string(missing);
    std::string text = scope.names->Text(kind, code);
    return text.empty() ? Cat("#", code) : text;
  };
  switch (by.kind) {
    case DimensionKind::kChannel:
      return ChannelWord(code);
    case DimensionKind::kTouchpoint:
      return named(filter::NameKind::kTouchpoint, "unknown");
    case DimensionKind::kCampaign:
      return named(filter::NameKind::kCampaign, "none");
    case DimensionKind::kType:
      return TypeWord(code, *scope.names);
    case DimensionKind::kProperty:
      return code == 0 ? "none" : properties.Text(code);
    case DimensionKind::kCustomer:
      if (code == 0) return "none";
      return scope.customer_label ? scope.customer_label(by.name, code) : Cat("#", code);
  }
  return "none";
}

std::vector<std::string> DimensionsOf(const v1::MetricDefinition& definition) {
  std::vector<std::string> names;
  if (!GroupsByCustomer(definition.kind())) return names;
  if (GroupsByEvent(definition.kind())) {
    names.assign(std::begin(kEventDimensions), std::end(kEventDimensions));
  }
  names.insert(names.end(), std::begin(kCustomerDimensions), std::end(kCustomerDimensions));
  return names;
}

std::string ChannelWord(uint32_t channel) {
  constexpr std::string_view kPrefix = "CHANNEL_";
  if (channel == v1::CHANNEL_UNSPECIFIED) return "unknown";
  const std::string name = v1::Channel_Name(static_cast<v1::Channel>(channel));
  return name.empty() ? Cat("channel ", channel) : LowerWord(name, kPrefix);
}

std::string TypeWord(uint32_t type, const filter::Names& names) {
  constexpr std::string_view kPrefix = "EVENT_TYPE_";
  if (type >= filter::kFirstCustomType) {
    std::string text = names.Text(filter::NameKind::kCustomType, type - filter::kFirstCustomType);
    return text.empty() ? Cat("#", type) : text;
  }
  const std::string name = v1::EventType_Name(static_cast<v1::EventType>(type));
  return name.empty() ? Cat("type ", type) : LowerWord(name, kPrefix);
}

std::string PropertyLabel(const v1::PropertyValue& value) {
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      return value.string_value();
    case v1::PropertyValue::kNumberValue:
      return Cat(value.number_value());
    case v1::PropertyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::PropertyValue::kTimeValue:
      return FormatTime(value.time_value().seconds() * kMicrosPerSecond +
                        value.time_value().nanos() / 1000);
    default:
      return "";
  }
}

}  // namespace rapport::metrics
