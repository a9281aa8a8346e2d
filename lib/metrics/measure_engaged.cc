// SPDX-License-Identifier: Apache-2.0
// Engagement score: per engagement type, events decay by half-life and saturate,
// 100 n / (n + saturation); the score is the weighted mean of the types. Of a window, as it
// stands at its end, or at as_of if that is earlier.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "lib/lifecycle/stage.h"
#include "lib/metrics/measure.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

constexpr size_t kTypes = 4;  // Cognitive, emotional, behavioural, transactional.
constexpr double kHighest = 100;

// Engagement type by event type number (event.proto); custom types are behavioural. kTypes
// for what is no evidence of engagement.
size_t EngagementOf(uint16_t type) {
  if (!lifecycle::IsActivity(type) && type != v1::EVENT_TYPE_REFERRAL_CONVERTED) return kTypes;
  if (type >= filter::kFirstCustomType || type == v1::EVENT_TYPE_CUSTOM) return 2;
  if (type >= 10 && type < 30) return 0;
  if (type >= 30 && type < 50) return 1;
  if (type >= 50 && type < 80) return 2;
  if (type >= 80 && type < 100) return 3;
  return kTypes;
}

// Decayed number of events of a type just after its latest event.
struct Level {
  TimeMicros time = 0;
  double amount = 0;
};

class EngagedMeasure final : public Measure {
 public:
  EngagedMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter),
        scoring_(metric.definition().engagement()),
        half_life_(scoring_.half_life_days() * static_cast<double>(kMicrosPerDay)),
        weights_(std::min<size_t>(kTypes, static_cast<size_t>(scoring_.weights_size()))) {
    for (size_t i = 0; i < weights_; ++i) total_weight_ += scoring_.weights(static_cast<int>(i));
  }

  // Levels are anchored at events, so a score does not depend on what other moments are
  // asked for.
  bool Walk() override {
    for (auto& levels : levels_) levels.clear();
    bool any = false;
    first_ = 0;
    for (size_t i = 0; i < events_.size(); ++i) {
      const size_t type = EngagementOf(events_[i].type);
      if (type == kTypes || !filter_.Matches(*input_, i)) continue;
      std::vector<Level>& levels = levels_[type];
      const double before = levels.empty() ? 0 : AmountAt(levels.back(), events_[i].time);
      levels.push_back({events_[i].time, before + 1});
      if (!any) first_ = events_[i].time;
      any = true;
    }
    return any && total_weight_ > 0;
  }

  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf*,
                     WindowSink sink) override {
    for (size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].begin > metric_.scope().as_of) return;
      const TimeMicros moment = std::min(windows[i].end, metric_.scope().as_of + 1);
      if (moment <= first_) continue;
      const int64_t micros = std::llround(ScoreAt(moment) * static_cast<double>(kMicrosPerUnit));
      Observation observation;
      observation.count = 1;
      observation.sum = micros;
      observation.magnitude = micros;
      sink(i, nullptr, observation);
    }
  }

 private:
  double AmountAt(const Level& level, TimeMicros time) const {
    return level.amount * std::exp2(-static_cast<double>(time - level.time) / half_life_);
  }

  // Of events before `moment`.
  double ScoreAt(TimeMicros moment) const {
    double score = 0;
    for (size_t type = 0; type < weights_; ++type) {
      const std::vector<Level>& levels = levels_[type];
      const auto after =
          std::lower_bound(levels.begin(), levels.end(), moment,
                           [](const Level& level, TimeMicros time) { return level.time < time; });
      if (after == levels.begin()) continue;
      const double amount = AmountAt(*(after - 1), moment);
      const double saturation = type < static_cast<size_t>(scoring_.saturations_size())
                                    ? scoring_.saturations(static_cast<int>(type))
                                    : 1;
      score += scoring_.weights(static_cast<int>(type)) * kHighest * amount / (amount + saturation);
    }
    return score / total_weight_;
  }

  const v1::EngagementScoring& scoring_;
  const double half_life_;
  const size_t weights_;
  double total_weight_ = 0;
  TimeMicros first_ = 0;
  std::array<std::vector<Level>, kTypes> levels_;
};

}  // namespace

std::unique_ptr<Measure> NewEngagedMeasure(const CompiledMetric& metric,
                                           const filter::EventPredicate* filter) {
  return std::make_unique<EngagedMeasure>(metric, filter);
}

}  // namespace rapport::metrics
