// SPDX-License-Identifier: Apache-2.0
// Segments by text proto and customers by hand, for tests.
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/metrics/rates.h"
#include "lib/segments/evaluator.h"
#include "lib/segments/rule_set.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"
#include "tests/support/matchers.h"

namespace rapport::segments {

// "2024-03-01T10:00" or "2024-03-01", UTC.
inline TimeMicros At(std::string_view text) {
  std::string full(text);
  if (full.size() == 10) full += "T00:00";
  if (full.size() == 16) full += ":00";
  const auto time = ParseTime(full + "Z");
  EXPECT_TRUE(time.ok()) << text;
  return time.value_or(0);
}

inline EventColumns Event(std::string_view type, std::string_view time, double value = 0,
                          std::string_view currency = "") {
  v1::EventType number = v1::EVENT_TYPE_UNSPECIFIED;
  std::string word = Cat("EVENT_TYPE_", type);
  absl::AsciiStrToUpper(&word);
  EXPECT_TRUE(v1::EventType_Parse(word, &number)) << type;
  EventColumns event;
  event.type = static_cast<uint16_t>(number);
  event.time = At(time);
  const bool money = type == "order_placed" || type == "order_refunded";
  event.value = static_cast<int64_t>(money ? value * 1e6 : value);
  if (money) event.currency = *PackCurrency(currency.empty() ? "EUR" : currency);
  return event;
}

class Lists final : public ListMembers {
 public:
  void Add(size_t segment, uint32_t customer_no) { on_[segment].push_back(customer_no); }
  bool Holds(size_t segment, uint32_t customer_no) const override {
    const auto list = on_.find(segment);
    return list != on_.end() &&
           std::find(list->second.begin(), list->second.end(), customer_no) != list->second.end();
  }

 private:
  std::map<size_t, std::vector<uint32_t>> on_;
};

class Rig {
 public:
  explicit Rig(std::string_view zone = "UTC", WeekStart week_start = WeekStart::kMonday) {
    scope_.calendar = *Calendar::Create(zone, week_start);
    scope_.base_currency = *PackCurrency("EUR");
    scope_.names = &names_;
  }
  // A rule as text proto; "" for a static list.
  Rig& Define(std::string_view id, std::string_view rule) {
    auto parsed = std::make_unique<v1::SegmentRule>();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(rule), parsed.get()))
        << rule;
    RuleDefinition definition;
    definition.id = std::string(id);
    definition.rule = rule.empty() ? nullptr : parsed.get();
    definitions_.push_back(definition);
    rules_.push_back(std::move(parsed));
    return *this;
  }
  absl::StatusOr<std::unique_ptr<const RuleSet>> Compile() {
    return RuleSet::Compile(definitions_, scope_);
  }
  metrics::Scope& scope() { return scope_; }
  filter::NameLists& names() { return names_; }

 private:
  filter::NameLists names_;
  metrics::Scope scope_;
  std::vector<std::unique_ptr<v1::SegmentRule>> rules_;
  std::vector<RuleDefinition> definitions_;
};

// One rule asked about one history.
class OneRule {
 public:
  explicit OneRule(std::string_view rule, std::vector<EventColumns> events = {},
                   std::string_view zone = "UTC")
      : rig_(zone), events_(std::move(events)) {
    rig_.Define("s", rule);
    auto compiled = rig_.Compile();
    EXPECT_TRUE(compiled.ok()) << compiled.status().ToString();
    if (!compiled.ok()) return;
    rules_ = *std::move(compiled);
    evaluator_ = std::make_unique<Evaluator>(*rules_, nullptr);
    Begin();
  }
  void SetCustomer(std::string_view text) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &customer_));
    Begin();
  }
  bool At(std::string_view time) { return evaluator_->Member(0, segments::At(time)); }
  // "" for never (within the range).
  std::string NextChange(std::string_view after, std::string_view until = "2100-01-01") {
    const TimeMicros next = evaluator_->NextChange(0, segments::At(after), segments::At(until));
    return next == kNever ? "" : FormatTime(next);
  }
  std::string LastChange(std::string_view after, std::string_view until) {
    const auto last = evaluator_->LastChange(0, segments::At(after), segments::At(until));
    return last ? FormatTime(*last) : "";
  }
  v1::SegmentCheck Explain(std::string_view time) {
    return evaluator_->Explain(0, segments::At(time));
  }
  std::string Describe() const { return rules_->Describe(0); }

 private:
  void Begin() {
    filter::CustomerEvents customer;
    customer.customer_no = 1;
    customer.events = events_;
    customer.customer = &customer_;
    evaluator_->Begin(customer);
  }
  Rig rig_;
  std::vector<EventColumns> events_;
  v1::Customer customer_;
  std::unique_ptr<const RuleSet> rules_;
  std::unique_ptr<Evaluator> evaluator_;
};

}  // namespace rapport::segments
