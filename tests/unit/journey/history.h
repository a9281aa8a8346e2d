// SPDX-License-Identifier: Apache-2.0
// Histories of customers written as text, and the scope they are read in.
//
//   "a0 b10 c20:item=7"   custom types a, b, c at 0, 10 and 20 s; c with a property
//
// A property `channel`, `touchpoint` or `campaign` with a number sets that column, `plan` that
// of a subscription.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/filter/customer_events.h"
#include "lib/filter/type_set.h"
#include "lib/metrics/scope.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::journey {

inline uint16_t TypeOfLetter(char letter) {
  return static_cast<uint16_t>(filter::kFirstCustomType + 1 + (letter - 'a'));
}

class History final : public PayloadSource {
 public:
  explicit History(std::string_view text, uint32_t customer_no = 1) : customer_no_(customer_no) {
    size_t at = 0;
    while (at < text.size()) {
      const size_t end = std::min(text.find(' ', at), text.size());
      if (end > at) Add(text.substr(at, end - at));
      at = end + 1;
    }
    Sort();
  }
  History() = default;

  void Add(const EventColumns& event, const store::v1::EventPayload& payload) {
    rows_.emplace_back(event, payload);
  }
  // As the engine orders them.
  void Sort() {
    std::ranges::stable_sort(rows_, [](const auto& a, const auto& b) {
      return std::pair(a.first.time, a.first.type) < std::pair(b.first.time, b.first.type);
    });
    events_.clear();
    for (const auto& row : rows_) events_.push_back(row.first);
  }
  filter::CustomerEvents View() {
    return {.customer_no = customer_no_, .events = events_, .customer = nullptr, .payloads = this};
  }
  const store::v1::EventPayload* At(size_t index) override { return &rows_[index].second; }
  void set_customer_no(uint32_t customer_no) { customer_no_ = customer_no; }

 private:
  void Add(std::string_view word) {
    EventColumns event;
    store::v1::EventPayload payload;
    event.type = TypeOfLetter(word.front());
    const size_t colon = std::min(word.find(':'), word.size());
    event.time = std::atoll(std::string(word.substr(1, colon - 1)).c_str()) * kMicrosPerSecond;
    for (size_t at = colon; at < word.size();) {
      const size_t end = std::min(word.find(':', at + 1), word.size());
      const std::string pair(word.substr(at + 1, end - at - 1));
      Set(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1), event, payload);
      at = end;
    }
    rows_.emplace_back(event, payload);
  }
  static void Set(const std::string& key, const std::string& value, EventColumns& event,
                  store::v1::EventPayload& payload) {
    if (key == "channel") {
      event.channel = static_cast<uint8_t>(std::atoi(value.c_str()));
    } else if (key == "touchpoint") {
      event.touchpoint_no = static_cast<uint32_t>(std::atoi(value.c_str()));
    } else if (key == "campaign") {
      event.campaign_no = static_cast<uint32_t>(std::atoi(value.c_str()));
    } else if (key == "plan") {
      payload.mutable_rest()->mutable_subscription()->set_plan(value);
    } else {
      (*payload.mutable_rest()->mutable_properties())[key].set_string_value(value);
    }
  }

  uint32_t customer_no_ = 1;
  std::vector<std::pair<EventColumns, store::v1::EventPayload>> rows_;
  std::vector<EventColumns> events_;
};

// Custom types `a` to `z`, touchpoints `t1` to `t9`, campaigns `c1` to `c9`; UTC; data of the
// days 0 to 99 since 1970.
struct TestScope {
  TestScope() {
    for (char letter = 'a'; letter <= 'z'; ++letter) names.custom_types.emplace_back(1, letter);
    for (char digit = '1'; digit <= '9'; ++digit) {
      names.touchpoints.push_back(std::string("t") + digit);
      names.campaigns.push_back(std::string("c") + digit);
    }
    scope.names = &names;
    scope.as_of = 100 * kMicrosPerDay;
    scope.first_day = 0;
    scope.last_day = 99;
  }
  TestScope(const TestScope&) = delete;
  filter::NameLists names;
  metrics::Scope scope;
};

}  // namespace rapport::journey
