// SPDX-License-Identifier: Apache-2.0
// The kinds of maths as walks over one customer's events. A measure reads a customer and
// then tells what it adds: per dated observation, per window, or per step of a level.
//
//   measure->Read(customer);
//   measure->ForEachDated(...)             // IsDated kinds: any window is a sum of these.
//   measure->ForEachWindow(windows, ...)   // The others: one customer, one window.
//   measure->ForEachStep(...)              // IsLevel kinds: the level's changes by moment.
//
// Events of Scope::event_end and later do not exist. What each observation holds is listed
// in sums.h. Observations depend on the customer's events alone (and for engagement and
// facts on as_of), not on the windows asked for. Keeps scratch space: not thread-safe, one
// per thread. Cost: 2-5 ns for an event of a type that does not count.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "lib/base/day_clock.h"
#include "lib/metrics/compiled.h"
#include "lib/metrics/customer_input.h"
#include "lib/metrics/grouping.h"
#include "lib/metrics/windows.h"

namespace rapport::metrics {

class Measure {
 public:
  // `event` is the index of the event that dates and groups the observation.
  using DatedSink = absl::FunctionRef<void(size_t event, const Observation& observation)>;
  // `group` is nullptr for the total, in which a customer counts once.
  using WindowSink =
      absl::FunctionRef<void(size_t window, const GroupKey* group, const Observation& observation)>;
  using StepSink = absl::FunctionRef<void(TimeMicros time, const Observation& observation)>;
  // The group of an event; empty: no groups.
  using GroupOf = absl::FunctionRef<GroupKey(size_t event)>;

  // `filter` (may be nullptr) is the query's; both must outlive the measure.
  static std::unique_ptr<Measure> Create(const CompiledMetric& metric,
                                         const filter::EventPredicate* filter);
  Measure(const CompiledMetric& metric, const filter::EventPredicate* filter);
  virtual ~Measure() = default;
  Measure(const Measure&) = delete;
  Measure& operator=(const Measure&) = delete;

  // False when nothing of the customer counts; then nothing else may be called. `input` must
  // stay until the next Read.
  bool Read(const CustomerInput& input);

  virtual void ForEachDated(DatedSink) {}
  // Windows ascend in begin and end; they may overlap. `group_of` is nullptr without groups
  // by event.
  virtual void ForEachWindow(std::span<const TimeWindow>, const GroupOf*, WindowSink) {}
  virtual void ForEachStep(StepSink) {}

 protected:
  // After filters have judged the customer; false as Read.
  virtual bool Walk() = 0;

  // Roles of an event that passes the filters for them; 0: it does not count.
  uint8_t RolesOf(size_t event) const;
  const EventColumns& At(size_t event) const { return events_[event]; }

  const CompiledMetric& metric_;
  const CustomerInput* input_ = nullptr;
  std::span<const EventColumns> events_;  // Before event_end.
  mutable DayClock days_;
  filter::EventTest filter_, numerator_filter_, denominator_filter_;
  bool numerator_open_ = true, denominator_open_ = true;
};

// Value of an event in micros: amounts and durations as they are, scores and quantities as
// numbers; 0 for events whose value is a name.
int64_t ValueMicros(const EventColumns& event);
// Micros in one step of Cell::value_sum, for the same.
int64_t ValueScale(uint16_t type);

// When a customer joined and left the books, in turn, also by silence to come; empty for
// one who never bought. Events of Scope::event_end and later do not exist.
std::vector<TimeMicros> MembershipOf(const Scope& scope, std::span<const EventColumns> events);

// One per shape of maths; see Measure::Create.
std::unique_ptr<Measure> NewEventMeasure(const CompiledMetric& metric,
                                         const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewPairMeasure(const CompiledMetric& metric,
                                        const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewSessionMeasure(const CompiledMetric& metric,
                                           const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewDistinctMeasure(const CompiledMetric& metric,
                                            const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewMemberMeasure(const CompiledMetric& metric,
                                          const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewRecurringMeasure(const CompiledMetric& metric,
                                             const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewEngagedMeasure(const CompiledMetric& metric,
                                           const filter::EventPredicate* filter);
std::unique_ptr<Measure> NewFactMeasure(const CompiledMetric& metric,
                                        const filter::EventPredicate* filter);

}  // namespace rapport::metrics
