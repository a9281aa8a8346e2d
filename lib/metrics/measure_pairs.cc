// SPDX-License-Identifier: Apache-2.0
// Pairs: a start and the goal that follows it within a window, of one customer, ticket or
// subscription. A goal at the instant of its start counts; an event is never its own goal.
#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include "lib/metrics/measure.h"

namespace rapport::metrics {
namespace {

constexpr TimeMicros kForever = std::numeric_limits<TimeMicros>::max();

struct Mark {
  int64_t thing = 0;  // Ticket or subscription; 0 for the customer.
  TimeMicros time = 0;
  size_t event = 0;
  friend bool operator<(const Mark& a, const Mark& b) {
    return std::tie(a.thing, a.time, a.event) < std::tie(b.thing, b.time, b.event);
  }
};

class PairMeasure final : public Measure {
 public:
  PairMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter),
        pairing_(metric.definition().pairing()),
        window_(pairing_.window_seconds() == 0 ? kForever
                                               : pairing_.window_seconds() * kMicrosPerSecond) {}

  bool Walk() override {
    starts_.clear();
    goals_.clear();
    for (size_t i = 0; i < events_.size(); ++i) {
      const uint8_t types = metric_.RolesOf(events_[i].type);
      if (types == 0) continue;
      if ((types & kDenominator) != 0 && IsStart(i)) starts_.push_back(MarkOf(i));
      if ((types & kNumerator) != 0 && IsGoal(i)) goals_.push_back(MarkOf(i));
    }
    std::sort(starts_.begin(), starts_.end());
    std::sort(goals_.begin(), goals_.end());
    return !starts_.empty();
  }

  void ForEachDated(DatedSink sink) override {
    size_t goal = 0;
    TimeMicros open_until = 0;
    const Mark* before = nullptr;
    for (const Mark& start : starts_) {
      const bool same_thing = before != nullptr && before->thing == start.thing;
      if (Skips(start, same_thing, before != nullptr, open_until)) continue;
      before = &start;
      const Mark* reached = GoalOf(start, goal);
      const TimeMicros limit = start.time > kForever - window_ ? kForever : start.time + window_;
      if (reached != nullptr && reached->time > limit) reached = nullptr;
      open_until = reached != nullptr ? reached->time : limit;
      Tell(start, reached, sink);
    }
  }

 private:
  Mark MarkOf(size_t event) const {
    const EventColumns& columns = At(event);
    switch (pairing_.key()) {
      case v1::PAIR_KEY_TICKET:
        return {columns.value, columns.time, event};
      case v1::PAIR_KEY_SUBSCRIPTION:
        return {columns.aux, columns.time, event};
      default:
        return {0, columns.time, event};
    }
  }

  bool IsStart(size_t event) const {
    return denominator_open_ && denominator_filter_.Matches(*input_, event);
  }
  bool IsGoal(size_t event) const {
    return numerator_open_ && numerator_filter_.Matches(*input_, event);
  }

  bool Skips(const Mark& start, bool same_thing, bool any_before, TimeMicros open_until) const {
    switch (pairing_.start_rule()) {
      case v1::START_RULE_FIRST_EVER:
        return any_before && (same_thing || pairing_.key() <= v1::PAIR_KEY_CUSTOMER);
      case v1::START_RULE_FIRST_OPEN:
        return same_thing && start.time <= open_until;
      default:
        return false;
    }
  }

  // The first goal of the same thing at or after the start; starts come in order.
  const Mark* GoalOf(const Mark& start, size_t& at) const {
    const auto before = [](const Mark& goal, const Mark& wanted) {
      return std::tie(goal.thing, goal.time) < std::tie(wanted.thing, wanted.time);
    };
    while (at < goals_.size() && before(goals_[at], start)) ++at;
    size_t found = at;
    // What is a goal and a start at once waits for a later event.
    const bool is_goal = (metric_.RolesOf(At(start.event).type) & kNumerator) != 0;
    while (is_goal && found < goals_.size() && goals_[found].thing == start.thing &&
           goals_[found].event <= start.event) {
      ++found;
    }
    if (found == goals_.size() || goals_[found].thing != start.thing) return nullptr;
    return &goals_[found];
  }

  // The query's filter chooses among the starts that count, as groups do; a goal may come
  // by another channel.
  void Tell(const Mark& start, const Mark* goal, DatedSink sink) const {
    if (!filter_.Matches(*input_, start.event)) return;
    Observation observation;
    observation.base = 1;
    if (goal != nullptr) {
      observation.count = 1;
      if (metric_.kind() == v1::METRIC_KIND_DURATION) {
        const int64_t micros = pairing_.business_hours()
                                   ? metric_.business_time().Between(start.time, goal->time)
                                   : goal->time - start.time;
        observation.sum = micros;
        observation.value = micros;
        observation.histogram_class = metric_.HistogramClass(micros);
      }
    }
    sink(start.event, observation);
  }

  const v1::Pairing& pairing_;
  const TimeMicros window_;
  std::vector<Mark> starts_, goals_;
};

}  // namespace

std::unique_ptr<Measure> NewPairMeasure(const CompiledMetric& metric,
                                        const filter::EventPredicate* filter) {
  return std::make_unique<PairMeasure>(metric, filter);
}

}  // namespace rapport::metrics
