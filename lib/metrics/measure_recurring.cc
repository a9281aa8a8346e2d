// SPDX-License-Identifier: Apache-2.0
// Recurring revenue: the monthly amount of a customer's running subscriptions over time.
//
// A subscription runs from its start (or first renewal) until it is cancelled. An event
// with an amount sets what it pays from then on; without one it stays as it was
// (lib/facts/signals.h). Amounts are converted at the rate of the day on which they were
// set, so that rates alone never move recurring revenue.
#include <algorithm>
#include <vector>

#include "lib/metrics/measure.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

bool IsSubscriptionEvent(uint16_t type) {
  return type >= v1::EVENT_TYPE_SUBSCRIPTION_STARTED &&
         type <= v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED;
}

// From `time` on.
struct Level {
  TimeMicros time = 0;
  Int128 money = 0;
  int64_t left_out = 0;  // Amounts of the moment without a rate.
};

struct Subscription {
  int64_t id = 0;
  Int128 money = 0;
};

class RecurringMeasure final : public Measure {
 public:
  using Measure::Measure;

  bool Walk() override {
    running_.clear();
    levels_.clear();
    for (const EventColumns& event : events_) {
      if (!IsSubscriptionEvent(event.type)) continue;
      const int64_t left_out = Take(event);
      Int128 sum = 0;
      for (const Subscription& subscription : running_) sum += subscription.money;
      if (levels_.empty() || levels_.back().time != event.time) {
        levels_.push_back({event.time, 0, 0});
      }
      levels_.back().money = sum;
      levels_.back().left_out += left_out;
    }
    return !levels_.empty();
  }

  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf*,
                     WindowSink sink) override {
    for (size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].end <= levels_.front().time) continue;
      Observation observation;
      Compare(windows[i], observation);
      if (observation.left_out != 0 || sums_ != RecurringSums()) sink(i, nullptr, observation);
    }
  }

  // Changes of the level, in `start`.
  void ForEachStep(StepSink sink) override {
    Int128 before = 0;
    for (const Level& level : levels_) {
      Observation observation;
      observation.left_out = level.left_out;
      sums_ = {};
      sums_.start = {level.money - before, (level.money > 0 ? 1 : 0) - (before > 0 ? 1 : 0),
                     Product(level.money, level.money) - Product(before, before)};
      observation.recurring = &sums_;
      before = level.money;
      sink(level.time, observation);
    }
  }

 private:
  // 1 for an amount without a rate.
  int64_t Take(const EventColumns& event) {
    auto found = std::find_if(running_.begin(), running_.end(),
                              [&](const Subscription& running) { return running.id == event.aux; });
    if (event.type == v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED) {
      if (found != running_.end()) running_.erase(found);
      return 0;
    }
    if (found == running_.end()) {
      if (event.type != v1::EVENT_TYPE_SUBSCRIPTION_STARTED &&
          event.type != v1::EVENT_TYPE_SUBSCRIPTION_RENEWED) {
        return 0;
      }
      running_.push_back({event.aux, 0});
      found = running_.end() - 1;
    }
    if (event.currency == 0 && event.value == 0) return 0;
    const auto amount = metric_.Convert(event.value, event.currency, days_.DayOf(event.time));
    found->money = amount.value_or(0);
    return amount ? 0 : 1;
  }

  // In micros; modulo 2^128.
  static unsigned __int128 Product(Int128 a, Int128 b) {
    return static_cast<unsigned __int128>(MicrosOf(a)) *
           static_cast<unsigned __int128>(MicrosOf(b));
  }
  static PaidSums PaidBy(Int128 money) { return {money, 1, Product(money, money)}; }

  void Compare(const TimeWindow& window, Observation& observation) {
    Int128 start = 0, end = 0;
    bool ever = false;
    for (const Level& level : levels_) {
      if (level.time >= window.end) break;
      end = level.money;
      if (level.time >= window.begin) {
        observation.left_out += level.left_out;
        continue;
      }
      start = level.money;
      ever = ever || level.money > 0;
    }
    sums_ = {};
    observation.recurring = &sums_;
    if (start > 0) sums_.start = PaidBy(start);
    if (start == 0 && end > 0) (ever ? sums_.reactivated : sums_.gained) = PaidBy(end);
    if (start > 0 && end > start) {
      sums_.expansion = PaidBy(end - start);
      sums_.start_expansion = Product(start, end - start);
    }
    if (end > 0 && end < start) {
      sums_.contraction = PaidBy(start - end);
      sums_.start_contraction = Product(start, start - end);
    }
    if (start > 0 && end == 0) sums_.churned = PaidBy(start);
  }

  std::vector<Subscription> running_;
  std::vector<Level> levels_;
  RecurringSums sums_;  // Of the observation at hand.
};

}  // namespace

std::unique_ptr<Measure> NewRecurringMeasure(const CompiledMetric& metric,
                                             const filter::EventPredicate* filter) {
  return std::make_unique<RecurringMeasure>(metric, filter);
}

}  // namespace rapport::metrics
