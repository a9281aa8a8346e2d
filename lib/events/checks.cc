// SPDX-License-Identifier: Apache-2.0
#include "lib/events/checks.h"

#include <cmath>
#include <cstdint>
#include <cstring>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::events {
namespace {

// Length of the UTF-8 sequence at the start of `text` (which begins outside ASCII), 0 if broken.
// Refuses overlong forms, surrogates and what lies past U+10FFFF.
size_t SequenceLength(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool outside = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  while (!text.empty()) {
    uint64_t eight = 0;
    if (text.size() >= sizeof(eight)) {
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & kHighBits) == 0) {
        text.remove_prefix(sizeof(eight));
        continue;
      }
    }
    const size_t length = static_cast<uint8_t>(text[0]) < 0x80 ? 1 : SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

absl::Status CheckText(std::string_view text, size_t max_bytes, std::string_view field) {
  if (text.size() > max_bytes) {
    return InvalidField(field, "TOO_LONG", Cat("is longer than ", max_bytes, " bytes"));
  }
  if (!IsUtf8(text)) return InvalidField(field, "NOT_UTF8", "is not UTF-8");
  return absl::OkStatus();
}

absl::Status CheckRequired(std::string_view text, size_t max_bytes, std::string_view field) {
  if (text.empty()) return InvalidField(field, "REQUIRED", "must be given");
  return CheckText(text, max_bytes, field);
}

absl::Status CheckFinite(double value, std::string_view field) {
  if (std::isfinite(value)) return absl::OkStatus();
  return InvalidField(field, "NOT_FINITE", "must be a finite number");
}

absl::Status CheckAmount(double value, double most, std::string_view field) {
  if (!std::isfinite(value)) return CheckFinite(value, field);
  if (value >= 0 && value <= most) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", Cat("must lie between 0 and ", most));
}

absl::Status CheckTimestamp(const google::protobuf::Timestamp& time, std::string_view field) {
  const bool good = time.seconds() >= kMinSeconds && time.seconds() <= kMaxSeconds &&
                    time.nanos() >= 0 && time.nanos() < 1'000'000'000;
  return good ? absl::OkStatus()
              : InvalidField(field, "BAD_TIME",
                             "must lie in the years 1 to 9999, nanos 0-999999999");
}

std::string_view PayloadName(PayloadCase payload) {
  const auto* field = v1::Event::descriptor()->FindFieldByNumber(payload);
  return field == nullptr ? std::string_view() : std::string_view(field->name());
}

}  // namespace rapport::events
