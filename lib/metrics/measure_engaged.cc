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

// The events of one type: when, and the sum over those up to each of
// 2^((time - as_of) / half-life). The decayed number of events at a moment is the sum up to
// it times 2^((as_of - moment) / half-life), so a score takes products only.
struct Evidence {
  std::vector<TimeMicros> times;
  std::vector<double> sums;
};

class EngagedMeasure final : public Measure {
 public:
  EngagedMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter),
        scoring_(metric.definition().engagement()),
        half_life_(scoring_.half_life_days() * static_cast<double>(kMicrosPerDay)),
        as_of_(metric.scope().as_of) {
    const auto weights = std::min<size_t>(kTypes, static_cast<size_t>(scoring_.weights_size()));
    for (size_t i = 0; i < weights; ++i) {
      weights_[i] = scoring_.weights(static_cast<int>(i));
      total_weight_ += weights_[i];
      if (i < static_cast<size_t>(scoring_.saturations_size())) {
        saturations_[i] = scoring_.saturations(static_cast<int>(i));
      }
    }
  }

  bool Walk() override {
    for (Evidence& evidence : evidence_) {
      evidence.times.clear();
      evidence.sums.clear();
    }
    bool any = false;
    first_ = 0;
    for (size_t i = 0; i < events_.size(); ++i) {
      const size_t type = EngagementOf(events_[i].type);
      if (type == kTypes || !filter_.Matches(*input_, i)) continue;
      Evidence& evidence = evidence_[type];
      const double before = evidence.sums.empty() ? 0 : evidence.sums.back();
      evidence.times.push_back(events_[i].time);
      evidence.sums.push_back(before + std::exp2(HalfLives(events_[i].time, as_of_)));
      if (!any) first_ = events_[i].time;
      any = true;
    }
    return any && total_weight_ > 0;
  }

  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf*,
                     WindowSink sink) override {
    std::array<size_t, kTypes> counts{};  // Of events before the moment; moments ascend.
    for (size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].begin > as_of_) return;
      const TimeMicros moment = std::min(windows[i].end, as_of_ + 1);
      if (moment <= first_) continue;
      const int64_t micros =
          std::llround(ScoreAt(moment, counts) * static_cast<double>(kMicrosPerUnit));
      Observation observation;
      observation.count = 1;
      observation.sum = micros;
      observation.magnitude = micros;
      sink(i, nullptr, observation);
    }
  }

 private:
  // Beyond so many half-lives before as_of the two factors leave the range of doubles.
  static constexpr double kMostHalfLives = 400;

  double HalfLives(TimeMicros time, TimeMicros since) const {
    return static_cast<double>(time - since) / half_life_;
  }

  // 2^((as_of - moment) / half-life); moments are few, so they are kept.
  double Growth(TimeMicros moment) {
    Kept& kept = kept_[static_cast<size_t>(moment / kMicrosPerDay) % kept_.size()];
    if (kept.moment != moment) kept = {moment, std::exp2(HalfLives(as_of_, moment))};
    return kept.growth;
  }

  // Decayed number of the first `count` events.
  double AmountAt(const Evidence& evidence, size_t count, TimeMicros moment) {
    if (count == 0) return 0;
    if (HalfLives(as_of_, moment) < kMostHalfLives) {
      return evidence.sums[count - 1] * Growth(moment);
    }
    double amount = 0;
    for (size_t i = 0; i < count; ++i) amount += std::exp2(HalfLives(evidence.times[i], moment));
    return amount;
  }

  // Of events before `moment`.
  double ScoreAt(TimeMicros moment, std::array<size_t, kTypes>& counts) {
    double score = 0;
    for (size_t type = 0; type < kTypes; ++type) {
      const Evidence& evidence = evidence_[type];
      size_t& count = counts[type];
      while (count < evidence.times.size() && evidence.times[count] < moment) ++count;
      const double amount = AmountAt(evidence, count, moment);
      if (amount > 0) score += weights_[type] * kHighest * amount / (amount + saturations_[type]);
    }
    return score / total_weight_;
  }

  struct Kept {
    TimeMicros moment = 0;
    double growth = 0;
  };

  const v1::EngagementScoring& scoring_;
  const double half_life_;
  const TimeMicros as_of_;
  std::array<double, kTypes> weights_{};
  std::array<double, kTypes> saturations_{1, 1, 1, 1};
  double total_weight_ = 0;
  TimeMicros first_ = 0;
  std::array<Evidence, kTypes> evidence_;
  std::array<Kept, 1024> kept_;
};

}  // namespace

std::unique_ptr<Measure> NewEngagedMeasure(const CompiledMetric& metric,
                                           const filter::EventPredicate* filter) {
  return std::make_unique<EngagedMeasure>(metric, filter);
}

}  // namespace rapport::metrics
