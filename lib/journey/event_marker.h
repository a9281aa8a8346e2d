// SPDX-License-Identifier: Apache-2.0
// Tells of each event of a customer which steps and exclusions of a funnel it is, in which
// session, and with which values of what is held constant.
//
// A table by event type says what an event can be at all; only that is tested. About 5 ns an
// event that is nothing, 10 to 20 ns one that is something; payloads are read where filters
// or held fields need them. Not thread-safe; one a walker.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "lib/filter/customer_events.h"
#include "lib/journey/compiled_funnel.h"

namespace rapport::journey {

class EventMarker {
 public:
  explicit EventMarker(const CompiledFunnel& funnel);
  // In timeline order; an event with several values of a held field gives one mark for each.
  // Good until the next call.
  std::span<const Mark> Read(const filter::CustomerEvents& customer);
  // Whether an event was several steps at once.
  bool overlapping() const { return overlapping_; }

 private:
  struct Roles {
    uint32_t steps = 0;
    uint32_t exclusions = 0;
  };

  Roles CanBe(uint16_t type) const {
    if (type < table_.size()) return table_[type];
    const size_t number = static_cast<size_t>(type) - filter::kFirstCustomType;
    return type >= filter::kFirstCustomType && number < customs_.size() ? customs_[number]
                                                                        : Roles();
  }
  void SetTable();
  void Begin(const filter::CustomerEvents& customer);
  void Test(const filter::CustomerEvents& customer, size_t index, Mark& mark) const;
  void AddHeld(const filter::CustomerEvents& customer, const Mark& mark);

  const CompiledFunnel& funnel_;
  const FunnelPlan& plan_;
  const TimeMicros first_, end_;
  std::array<Roles, 256> table_{};
  std::vector<Roles> customs_;  // By number of the custom type.
  filter::EventTest filter_;
  std::vector<filter::EventTest> steps_, exclusions_;
  uint32_t certain_steps_ = 0, certain_exclusions_ = 0;  // The type decides.
  Roles open_;                                           // What this customer can be.
  bool visible_ = true;
  bool overlapping_ = false;
  std::vector<Mark> marks_;
  std::string key_;
};

}  // namespace rapport::journey
