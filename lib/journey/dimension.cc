// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/dimension.h"

#include <algorithm>
#include <array>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::journey {
namespace {

using metrics::DimensionKind;

constexpr std::string_view kProperty = "property.", kAttribute = "attribute.",
                           kSegment = "segment.";
constexpr std::array<std::string_view, 5> kOfCustomer = {"stage", "value_tier", "rfm_segment",
                                                         "cohort", "acquisition_channel"};

bool HasKey(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && name.size() > prefix.size();
}

// A text field of payloads with that very name; nullptr if there is none.
const filter::Field* TextField(std::string_view name) {
  std::string_view key;
  const filter::Field* field = filter::EventCatalogue().Find(name, &key);
  const bool text = field != nullptr && field->read_payload != nullptr && !field->dynamic &&
                    field->type == filter::FieldType::kText;
  return text ? field : nullptr;
}

std::string NameOf(const metrics::Scope& scope, filter::NameKind kind, uint32_t number,
                   std::string_view missing) {
  if (number == 0) return std::string(missing);
  std::string text = scope.names->Text(kind, number);
  return text.empty() ? Cat("#", number) : text;
}

}  // namespace

absl::StatusOr<Dimension> Dimension::Parse(std::string_view name, std::string_view field) {
  Dimension dimension;
  dimension.name_ = name;
  if (name == "channel") {
    dimension.kind_ = DimensionKind::kChannel;
  } else if (name == "touchpoint") {
    dimension.kind_ = DimensionKind::kTouchpoint;
  } else if (name == "campaign") {
    dimension.kind_ = DimensionKind::kCampaign;
  } else if (name == "type") {
    dimension.kind_ = DimensionKind::kType;
  } else if (HasKey(name, kProperty)) {
    dimension.kind_ = DimensionKind::kProperty;
    dimension.key_ = name.substr(kProperty.size());
  } else if (const filter::Field* text = TextField(name)) {
    dimension.kind_ = DimensionKind::kProperty;
    dimension.field_ = text;
  } else if (!HasKey(name, kAttribute) && !HasKey(name, kSegment) &&
             std::ranges::find(kOfCustomer, name) == kOfCustomer.end()) {
    return InvalidField(
        field, "UNKNOWN_DIMENSION",
        Cat("'", name, "' is no dimension; there are channel, touchpoint, ",
            "campaign, type, property.KEY, text fields of events, stage, ",
            "value_tier, rfm_segment, ", "cohort, acquisition_channel, attribute.KEY, segment.ID"));
  }
  return dimension;
}

std::string PropertyText(const filter::CustomerEvents& customer, size_t index,
                         const std::string& key) {
  const auto* payload = customer.payloads == nullptr ? nullptr : customer.payloads->At(index);
  if (payload == nullptr) return "";
  const auto& properties = payload->rest().properties();
  const auto found = properties.find(key);
  return found == properties.end() ? "" : metrics::PropertyLabel(found->second);
}

uint32_t Dimension::CodeOf(const filter::CustomerEvents& customer, size_t index,
                           metrics::PropertyNames& properties) const {
  const EventColumns& event = customer.events[index];
  switch (kind_) {
    case DimensionKind::kChannel:
      return event.channel;
    case DimensionKind::kTouchpoint:
      return event.touchpoint_no;
    case DimensionKind::kCampaign:
      return event.campaign_no;
    case DimensionKind::kType:
      return event.type;
    case DimensionKind::kProperty: {
      if (field_ == nullptr) {
        const std::string text = PropertyText(customer, index, key_);
        return text.empty() ? 0 : properties.NumberOf(text);
      }
      const auto* payload = customer.payloads == nullptr ? nullptr : customer.payloads->At(index);
      if (payload == nullptr) return 0;
      const filter::Value value = field_->read_payload(*payload, key_, 0);
      const auto* text = std::get_if<std::string_view>(&value);
      return text == nullptr || text->empty() ? 0 : properties.NumberOf(*text);
    }
    case DimensionKind::kCustomer:
      break;
  }
  return 0;
}

std::string Dimension::Label(uint32_t code, const metrics::Scope& scope,
                             const metrics::PropertyNames& properties) const {
  switch (kind_) {
    case DimensionKind::kChannel:
      return metrics::ChannelWord(code);
    case DimensionKind::kTouchpoint:
      return NameOf(scope, filter::NameKind::kTouchpoint, code, "unknown");
    case DimensionKind::kCampaign:
      return NameOf(scope, filter::NameKind::kCampaign, code, "none");
    case DimensionKind::kType:
      return metrics::TypeWord(code, *scope.names);
    case DimensionKind::kProperty:
      return code == 0 ? "none" : properties.Text(code);
    case DimensionKind::kCustomer:
      break;
  }
  if (code == 0) return "none";
  return scope.customer_label ? scope.customer_label(name_, code) : Cat("#", code);
}

}  // namespace rapport::journey
