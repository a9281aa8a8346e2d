// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/event_marker.h"

#include <algorithm>
#include <bit>

#include "lib/base/hash.h"
#include "lib/filter/sources.h"
#include "lib/journey/session_numbers.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::journey {
namespace {

constexpr size_t kMaxValues = 64;  // Of what is held constant, of one event.

void AppendValue(const filter::Value& value, std::string& key) {
  key.push_back(static_cast<char>(value.index()));
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    key.append(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    const auto bits = std::bit_cast<std::array<char, sizeof(double)>>(*number);
    key.append(bits.data(), bits.size());
  } else if (const auto* whole = std::get_if<int64_t>(&value)) {
    const auto bits = std::bit_cast<std::array<char, sizeof(int64_t)>>(*whole);
    key.append(bits.data(), bits.size());
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    key.push_back(*truth ? '1' : '0');
  }
  key.push_back('\0');
}

filter::Value ColumnValue(const filter::Field& field, const EventColumns& event) {
  int64_t number = event.channel;
  if (field.path == "touchpoint") number = event.touchpoint_no;
  if (field.path == "campaign") number = event.campaign_no;
  return number == 0 ? filter::Value() : filter::Value(number);
}

filter::Value HeldValue(const filter::FieldRef& ref, const EventColumns& event,
                        const store::v1::EventPayload* payload, size_t nth) {
  if (ref.field->read_payload == nullptr) {
    return nth == 0 ? ColumnValue(*ref.field, event) : filter::Value();
  }
  if (payload == nullptr || (nth > 0 && !ref.field->repeated)) return {};
  return ref.field->read_payload(*payload, ref.key, nth);
}

}  // namespace

EventMarker::EventMarker(const CompiledFunnel& funnel)
    : funnel_(funnel),
      plan_(funnel.plan()),
      first_(funnel.first_instant()),
      end_(funnel.end_instant()),
      filter_(funnel.filter().predicate.get()) {
  for (const EventCondition& step : funnel.steps()) {
    if (step.types_only) certain_steps_ |= uint32_t{1} << steps_.size();
    steps_.emplace_back(step.predicate.get());
  }
  for (const EventCondition& exclusion : funnel.exclusions()) {
    if (exclusion.types_only) certain_exclusions_ |= uint32_t{1} << exclusions_.size();
    exclusions_.emplace_back(exclusion.predicate.get());
  }
  SetTable();
}

void EventMarker::SetTable() {
  const auto roles_of = [this](uint16_t type) {
    Roles roles;
    if (!funnel_.filter().predicate->types().Has(type)) return roles;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (funnel_.steps()[i].predicate->types().Has(type)) roles.steps |= uint32_t{1} << i;
    }
    for (size_t i = 0; i < exclusions_.size(); ++i) {
      if (funnel_.exclusions()[i].predicate->types().Has(type)) {
        roles.exclusions |= uint32_t{1} << i;
      }
    }
    return roles;
  };
  for (size_t type = 0; type < table_.size(); ++type) {
    table_[type] = roles_of(static_cast<uint16_t>(type));
  }
  const uint32_t customs = funnel_.scope().names->Count(filter::NameKind::kCustomType);
  for (uint32_t number = 0; number <= customs; ++number) {
    customs_.push_back(roles_of(static_cast<uint16_t>(filter::kFirstCustomType + number)));
  }
}

void EventMarker::Begin(const filter::CustomerEvents& customer) {
  visible_ = filter_.Begin(customer);
  open_ = {};
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].Begin(customer)) open_.steps |= uint32_t{1} << i;
  }
  for (size_t i = 0; i < exclusions_.size(); ++i) {
    if (exclusions_[i].Begin(customer)) open_.exclusions |= uint32_t{1} << i;
  }
}

// Takes from the mark what the event is not.
void EventMarker::Test(const filter::CustomerEvents& customer, size_t index, Mark& mark) const {
  for (uint32_t left = mark.steps & ~certain_steps_; left != 0; left &= left - 1) {
    const int step = std::countr_zero(left);
    if (!steps_[static_cast<size_t>(step)].Matches(customer, index)) {
      mark.steps &= ~(uint32_t{1} << step);
    }
  }
  for (uint32_t left = mark.exclusions & ~certain_exclusions_; left != 0; left &= left - 1) {
    const int exclusion = std::countr_zero(left);
    if (!exclusions_[static_cast<size_t>(exclusion)].Matches(customer, index)) {
      mark.exclusions &= ~(uint32_t{1} << exclusion);
    }
  }
}

std::span<const Mark> EventMarker::Read(const filter::CustomerEvents& customer) {
  marks_.clear();
  Begin(customer);
  if (!visible_) return marks_;
  SessionNumbers sessions(plan_.session_idle);
  const bool by_session = plan_.counting == Counting::kSessions;
  const bool sees_all = plan_.SeesAllEvents();
  for (size_t i = 0; i < customer.events.size(); ++i) {
    const EventColumns& event = customer.events[i];
    if (event.time >= end_) break;
    const uint32_t session = by_session ? sessions.Of(event) : 0;
    if (event.time < first_ || (by_session && session == 0)) continue;
    const Roles roles = CanBe(event.type);
    Mark mark{.time = event.time,
              .index = static_cast<uint32_t>(i),
              .steps = roles.steps & open_.steps,
              .exclusions = roles.exclusions & open_.exclusions,
              .session = session};
    if (!sees_all && (mark.steps | mark.exclusions) == 0) continue;
    if (!filter_.always() && !filter_.Matches(customer, i)) continue;
    if ((mark.steps & ~certain_steps_) != 0 || (mark.exclusions & ~certain_exclusions_) != 0) {
      Test(customer, i, mark);
    }
    if (!sees_all && (mark.steps | mark.exclusions) == 0) continue;
    overlapping_ = overlapping_ || (mark.steps & (mark.steps - 1)) != 0;
    if (funnel_.held().empty()) {
      marks_.push_back(mark);
    } else {
      AddHeld(customer, mark);
    }
  }
  return marks_;
}

// A mark for each combination of values; without all of them the event is no step, but may
// still exclude.
void EventMarker::AddHeld(const filter::CustomerEvents& customer, const Mark& mark) {
  const auto* payload = customer.payloads == nullptr ? nullptr : customer.payloads->At(mark.index);
  std::vector<std::string> keys(1);
  for (const filter::FieldRef& ref : funnel_.held()) {
    std::vector<std::string> longer;
    for (size_t nth = 0; nth < kMaxValues; ++nth) {
      const filter::Value value = HeldValue(ref, customer.events[mark.index], payload, nth);
      if (value.index() == 0) break;
      for (const std::string& key : keys) {
        if (longer.size() == kMaxValues) break;
        AppendValue(value, longer.emplace_back(key));
      }
    }
    keys = std::move(longer);
  }
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  for (const std::string& key : keys) {
    marks_.push_back(mark);
    marks_.back().value = HashText64(key) | 1;
  }
  if (!keys.empty() || mark.exclusions == 0) return;
  marks_.push_back(mark);
  marks_.back().steps = 0;
}

}  // namespace rapport::journey
