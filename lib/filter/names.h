// SPDX-License-Identifier: Apache-2.0
// What the numbers in an event's columns are called: touchpoints, campaigns and custom
// event types of one workspace, numbered from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rapport::filter {

enum class NameKind : uint8_t { kTouchpoint, kCampaign, kCustomType };

// Thread-safe to read. Numbers and texts never change; new ones may be added at the end.
class Names {
 public:
  virtual ~Names() = default;
  // Numbers 1..Count are given out.
  virtual uint32_t Count(NameKind kind) const = 0;
  // "" for a number that is not given out.
  virtual std::string Text(NameKind kind, uint32_t number) const = 0;
  // 0 when there is none. Looks at all of them unless overridden.
  virtual uint32_t Find(NameKind kind, std::string_view text) const {
    for (uint32_t number = 1; number <= Count(kind); ++number) {
      if (Text(kind, number) == text) return number;
    }
    return 0;
  }
};

// Names in lists of one's own; the first of each list has number 1.
struct NameLists final : Names {
  std::vector<std::string> touchpoints, campaigns, custom_types;

  const std::vector<std::string>& Of(NameKind kind) const {
    if (kind == NameKind::kTouchpoint) return touchpoints;
    return kind == NameKind::kCampaign ? campaigns : custom_types;
  }
  uint32_t Count(NameKind kind) const override { return static_cast<uint32_t>(Of(kind).size()); }
  std::string Text(NameKind kind, uint32_t number) const override {
    return number >= 1 && number <= Count(kind) ? Of(kind)[number - 1] : std::string();
  }
};

}  // namespace rapport::filter
