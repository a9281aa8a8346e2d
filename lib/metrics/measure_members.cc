// SPDX-License-Identifier: Apache-2.0
// Customers on the books: when each joined and left, by lib/lifecycle/stage.h, with the
// leavings that silence will bring. What comes after as_of's civil day does not count yet.
#include "lib/lifecycle/stage.h"
#include "lib/metrics/measure.h"

namespace rapport::metrics {
namespace {

class MemberMeasure final : public Measure {
 public:
  MemberMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter),
        until_(metric.scope().calendar.StartOf(metric.scope().as_of_day() + 1)) {}

  bool Walk() override {
    if (input_->membership != nullptr) {
      steps_ = *input_->membership;
    } else {
      own_ = MembershipOf(metric_.scope(), events_);
      steps_ = own_;
    }
    return !steps_.empty();
  }

  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf*,
                     WindowSink sink) override {
    for (size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].end <= steps_.front()) continue;
      Observation observation;
      MemberSums& members = observation.members.emplace();
      for (size_t step = 0; step < steps_.size(); ++step) {
        if (steps_[step] >= windows[i].end || steps_[step] >= until_) break;
        if (steps_[step] < windows[i].begin) {
          members.at_start += step % 2 == 0 ? 1 : -1;
        } else {
          Count(step, members);
        }
      }
      if (members != MemberSums()) sink(i, nullptr, observation);
    }
  }

  // All steps, also those to come: the reader of their sums knows as_of.
  void ForEachStep(StepSink sink) override {
    for (size_t step = 0; step < steps_.size(); ++step) {
      Observation observation;
      Count(step, observation.members.emplace());
      sink(steps_[step], observation);
    }
  }

 private:
  // Joining first, then leaving and coming back in turn.
  static void Count(size_t step, MemberSums& members) {
    ++(step == 0 ? members.joined : step % 2 == 0 ? members.returned : members.left);
  }

  const TimeMicros until_;
  std::vector<TimeMicros> own_;
  std::span<const TimeMicros> steps_;
};

}  // namespace

std::vector<TimeMicros> MembershipOf(const Scope& scope, std::span<const EventColumns> events) {
  lifecycle::Trajectory trajectory(scope.rules);
  for (const EventColumns& event : events) {
    if (event.time >= scope.event_end) break;
    trajectory.Add(
        {.time = event.time, .value = event.value, .aux = event.aux, .type = event.type});
  }
  trajectory.Finish();
  return {trajectory.membership().begin(), trajectory.membership().end()};
}

std::unique_ptr<Measure> NewMemberMeasure(const CompiledMetric& metric,
                                          const filter::EventPredicate* filter) {
  return std::make_unique<MemberMeasure>(metric, filter);
}

}  // namespace rapport::metrics
