// SPDX-License-Identifier: Apache-2.0
#include "lib/events/validate.h"

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/customers/directory.h"
#include "lib/events/checks.h"
#include "lib/events/event_rules.h"

namespace rapport::events {
namespace {

absl::Status CheckCustomer(const v1::Event& event) {
  if (!event.customer_id().empty()) {
    if (event.customer_id().size() > kMaxCustomerIdBytes) {
      return InvalidField("customer_id", "TOO_LONG", "is longer than 256 bytes");
    }
    RETURN_IF_ERROR(CheckText(event.customer_id(), kMaxCustomerIdBytes, "customer_id"));
    RETURN_IF_ERROR(customers::CheckIdentity(v1::IDENTITY_KIND_CUSTOMER_ID, event.customer_id(),
                                             "customer_id"));
  } else if (event.identities().empty()) {
    return InvalidField("customer_id", "REQUIRED", "customer_id or identities must be given");
  }
  if (event.identities_size() > kMaxIdentities) {
    return InvalidField("identities", "TOO_MANY", "at most 16 identities");
  }
  for (int i = 0; i < event.identities_size(); ++i) {
    const v1::Identity& identity = event.identities(i);
    absl::Status status = CheckText(identity.value(), kMaxCustomerIdBytes, "value");
    if (status.ok()) status = customers::CheckIdentity(identity.kind(), identity.value(), "value");
    if (!status.ok()) return PrefixField(status, Cat("identities[", i, "]."));
  }
  return absl::OkStatus();
}

absl::Status CheckTime(const v1::Event& event, TimeMicros latest_time) {
  if (!event.has_event_time()) return InvalidField("event_time", "REQUIRED", "must be given");
  RETURN_IF_ERROR(CheckTimestamp(event.event_time(), "event_time"));
  if (MicrosOf(event.event_time()) > latest_time) {
    return InvalidField("event_time", "FUTURE_TIME",
                        "lies further ahead of the server's clock than the workspace tolerates");
  }
  return absl::OkStatus();
}

bool IsCustomTypeName(std::string_view name) {
  if (name.size() > kMaxCustomTypeBytes) return false;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!fits) return false;
  }
  return true;
}

absl::Status CheckType(const v1::Event& event) {
  if (event.type() == v1::EVENT_TYPE_UNSPECIFIED) {
    return InvalidField("type", "REQUIRED", "must be given");
  }
  if (FindRule(event.type()) == nullptr) {
    return InvalidField("type", "UNKNOWN_TYPE",
                        Cat(static_cast<int>(event.type()), " is no event type"));
  }
  if (event.type() != v1::EVENT_TYPE_CUSTOM) {
    if (event.custom_type().empty()) return absl::OkStatus();
    return InvalidField("custom_type", "BAD_CUSTOM_TYPE", "only goes with type CUSTOM");
  }
  if (event.custom_type().empty()) {
    return InvalidField("custom_type", "REQUIRED", "type CUSTOM needs it");
  }
  if (!IsCustomTypeName(event.custom_type())) {
    return InvalidField("custom_type", "BAD_CUSTOM_TYPE", "must be 1-64 of a-z, 0-9, _ and .");
  }
  return absl::OkStatus();
}

absl::Status CheckPlace(const v1::Event& event) {
  if (event.channel() != v1::CHANNEL_UNSPECIFIED && !v1::Channel_IsValid(event.channel())) {
    return InvalidField("channel", "OUT_OF_RANGE", "is no channel");
  }
  RETURN_IF_ERROR(CheckText(event.touchpoint(), kMaxNameBytes, "touchpoint"));
  RETURN_IF_ERROR(CheckText(event.campaign(), kMaxNameBytes, "campaign"));
  return CheckText(event.session_id(), kMaxNameBytes, "session_id");
}

absl::Status CheckPayloadFits(const v1::Event& event) {
  const EventRule& rule = *FindRule(event.type());
  const PayloadCase given = event.payload_case();
  if (given == v1::Event::PAYLOAD_NOT_SET) {
    if (!rule.payload_required) return absl::OkStatus();
    return InvalidField(PayloadName(rule.payload), "PAYLOAD_REQUIRED",
                        Cat("is needed for ", v1::EventType_Name(event.type())));
  }
  if (given != rule.payload) {
    return InvalidField(PayloadName(given), "PAYLOAD_MISMATCH",
                        Cat("does not go with ", v1::EventType_Name(event.type())));
  }
  return CheckPayload(event);
}

absl::Status CheckProperty(const std::string& key, const v1::PropertyValue& value) {
  if (key.empty() || key.size() > kMaxPropertyKeyBytes) {
    return InvalidField("properties", "BAD_PROPERTY", "keys have 1-64 bytes");
  }
  RETURN_IF_ERROR(CheckText(key, kMaxPropertyKeyBytes, "properties"));
  const std::string field = Cat("properties[", key, "]");
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      return CheckText(value.string_value(), kMaxPropertyBytes, field);
    case v1::PropertyValue::kNumberValue:
      return CheckFinite(value.number_value(), field);
    case v1::PropertyValue::kBoolValue:
      return absl::OkStatus();
    case v1::PropertyValue::kTimeValue:
      return CheckTimestamp(value.time_value(), field);
    case v1::PropertyValue::KIND_NOT_SET:
      break;
  }
  return InvalidField(field, "BAD_PROPERTY", "has no value");
}

absl::Status CheckProperties(const v1::Event& event) {
  if (event.properties().empty()) return absl::OkStatus();
  if (event.properties().size() > kMaxProperties) {
    return InvalidField("properties", "TOO_MANY", "at most 64 properties");
  }
  for (const auto& [key, value] : event.properties()) RETURN_IF_ERROR(CheckProperty(key, value));
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateEvent(const v1::Event& event, TimeMicros latest_time) {
  RETURN_IF_ERROR(CheckRequired(event.event_id(), kMaxEventIdBytes, "event_id"));
  RETURN_IF_ERROR(CheckCustomer(event));
  RETURN_IF_ERROR(CheckTime(event, latest_time));
  RETURN_IF_ERROR(CheckType(event));
  RETURN_IF_ERROR(CheckPlace(event));
  RETURN_IF_ERROR(CheckPayloadFits(event));
  return CheckProperties(event);
}

int EngagementTypeOf(int type_no) {
  const EventRule* rule = FindRule(type_no);
  return rule == nullptr ? 0 : static_cast<int>(rule->engagement);
}

}  // namespace rapport::events
