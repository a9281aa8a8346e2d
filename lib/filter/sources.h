// SPDX-License-Identifier: Apache-2.0
// What expressions are asked about: a customer, or one event with its customer. For many
// events use EventPredicate (predicate.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lib/base/calendar.h"
#include "lib/base/event_columns.h"
#include "lib/filter/expression.h"
#include "lib/filter/names.h"

namespace rapport::filter {

// `customer` has facts, summary and attributes where they exist, and outlives the source.
class CustomerSource final : public FieldSource {
 public:
  CustomerSource(const v1::Customer& customer, std::string_view base_currency)
      : customer_(customer), base_currency_(base_currency) {}
  Value Read(const FieldRef& ref, size_t nth) const override;

 private:
  const v1::Customer& customer_;
  std::string_view base_currency_;
};

// One event. The payload is asked for when a test first needs it; nullptr is an event
// without one. Not thread-safe: texts and payload are kept inside.
class EventSource final : public FieldSource {
 public:
  struct Event {
    const EventColumns& columns;
    const Names& names;
    const Calendar& calendar;
    std::function<const store::v1::EventPayload*()> payload;
    const FieldSource* customer = nullptr;  // For `customer.` fields.
  };
  explicit EventSource(Event event) : event_(std::move(event)) {}
  Value Read(const FieldRef& ref, size_t nth) const override;

 private:
  Value ReadColumn(const Field& field) const;
  Value ReadName(const Field& field, size_t nth) const;
  Event event_;
  mutable std::string text_;
  mutable const store::v1::EventPayload* payload_ = nullptr;
  mutable bool asked_ = false;
};

}  // namespace rapport::filter
