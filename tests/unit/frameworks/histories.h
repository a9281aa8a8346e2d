// SPDX-License-Identifier: Apache-2.0
// Histories by hand and journeys as text, for tests.
//
//   Journeys journeys("mckinsey");
//   journeys.Path("0 page_viewed; 5 order_placed 20", /*as_of_day=*/30)
//       == "initial_consideration[entry] 0-5 skip | closure[skip] 5-"
#pragma once

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/filter/words.h"
#include "lib/frameworks/compiled.h"
#include "lib/frameworks/registry.h"
#include "lib/frameworks/walk.h"
#include "tests/support/matchers.h"

namespace rapport::frameworks {

inline constexpr TimeMicros kDayZero = 1'704'067'200 * kMicrosPerSecond;  // 2024-01-01 UTC.

inline TimeMicros Day(double day) {
  return kDayZero + static_cast<TimeMicros>(day * static_cast<double>(kMicrosPerDay));
}

inline uint16_t TypeNumber(std::string_view word) {
  const auto number = filter::NumberOf(filter::TypeWords(), word);
  EXPECT_TRUE(number.has_value()) << word;
  return static_cast<uint16_t>(number.value_or(0));
}

inline bool TimelineLess(const EventColumns& a, const EventColumns& b) {
  return std::tuple(a.time, a.type, a.value, a.aux) < std::tuple(b.time, b.type, b.value, b.aux);
}

// "day type [amount or score]" with ";" between; `custom` is the first custom type.
inline std::vector<EventColumns> Events(const std::string& history) {
  std::vector<EventColumns> events;
  std::stringstream lines(history);
  for (std::string line; std::getline(lines, line, ';');) {
    std::stringstream words(line);
    double day = 0, value = 0;
    std::string type;
    if (!(words >> day >> type)) continue;
    words >> value;
    EventColumns event;
    event.time = Day(day);
    event.type = type == "custom" ? 1001 : TypeNumber(type);
    const bool money = type.starts_with("order_") || type == "booking_made";
    event.value = static_cast<int64_t>(money ? value * 1e6 : value);
    if (money) event.currency = PackCurrency("EUR").value();
    if (type == "nps_answered") event.aux = 10;
    if (type == "review_written") event.aux = 5;
    events.push_back(event);
  }
  std::ranges::sort(events, TimelineLess);
  return events;
}

inline std::string KindWord(v1::MoveKind kind) {
  std::string word = v1::MoveKind_Name(kind).substr(std::string_view("MOVE_KIND_").size());
  absl::AsciiStrToLower(&word);
  return word;
}

inline std::string DayText(TimeMicros time) {
  std::ostringstream text;
  text << static_cast<double>(time - kDayZero) / static_cast<double>(kMicrosPerDay);
  return text.str();
}

inline v1::Framework Parse(const std::string& text) {
  v1::Framework framework;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &framework)) << text;
  return framework;
}

inline const v1::Framework& BuiltIn(std::string_view framework) {
  for (const v1::Framework& each : BuiltInFrameworks()) {
    if (each.framework() == framework) return each;
  }
  ADD_FAILURE() << framework;
  return v1::Framework::default_instance();
}

class Journeys {
 public:
  explicit Journeys(std::string_view built_in) { Use(BuiltIn(built_in)); }
  explicit Journeys(const v1::Framework& framework) { Use(framework); }

  metrics::Scope& scope() { return scope_; }
  const CompiledFramework& framework() const { return *framework_; }

  Journey Walk(const std::vector<EventColumns>& events, double as_of_day,
               PayloadSource* payloads = nullptr) {
    scope_.as_of = Day(as_of_day);
    filter::CustomerEvents customer;
    customer.events = events;
    customer.payloads = payloads;
    return JourneyWalk(*framework_).Walk(customer);
  }

  std::string Path(const std::string& history, double as_of_day) {
    return Text(Walk(Events(history), as_of_day));
  }

  std::string Text(const Journey& journey) const {
    std::string text;
    for (const Visit& visit : journey.visits) {
      const bool open = visit.left == kNever;
      text += Cat(text.empty() ? "" : " | ", framework_->IdOf(visit.stage), "[",
                  KindWord(visit.kind), "] ", DayText(visit.entered), "-",
                  open ? std::string() : Cat(DayText(visit.left), " ", KindWord(visit.left_by)));
    }
    return text;
  }

 private:
  void Use(const v1::Framework& framework) {
    names_.custom_types = {"gave_talk"};
    scope_.names = &names_;
    scope_.base_currency = PackCurrency("EUR").value();
    auto compiled = CompiledFramework::Create(framework, scope_);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    framework_ = std::make_unique<CompiledFramework>(*std::move(compiled));
  }

  filter::NameLists names_;
  metrics::Scope scope_;
  std::unique_ptr<CompiledFramework> framework_;
};

}  // namespace rapport::frameworks
