// SPDX-License-Identifier: Apache-2.0
// Additive events: each event that counts is an observation.
#include "lib/base/score_bucket.h"
#include "lib/metrics/measure.h"

namespace rapport::metrics {
namespace {

class EventMeasure final : public Measure {
 public:
  EventMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter), money_(IsMoneyKind(metric.kind())) {}

  bool Walk() override { return !events_.empty(); }

  void ForEachDated(DatedSink sink) override {
    for (size_t i = 0; i < events_.size(); ++i) {
      if (metric_.RolesOf(events_[i].type) == 0) continue;
      const uint8_t roles = RolesOf(i);
      if (roles == 0) continue;
      Observation observation;
      if (money_) {
        Amount(events_[i], roles, observation);
      } else {
        Plain(events_[i], roles, observation);
      }
      sink(i, observation);
    }
  }

 private:
  void Amount(const EventColumns& event, uint8_t roles, Observation& observation) const {
    if ((roles & (kNumerator | kSubtracted)) == 0) return;
    const auto rate = metric_.RateOf(event.currency, days_.DayOf(event.time));
    if (!rate) {
      observation.left_out = 1;
      return;
    }
    const Int128 amount = Int128{event.value} * *rate;
    if ((roles & kNumerator) != 0) {
      observation.count = 1;
      observation.sum += amount;
    }
    if ((roles & kSubtracted) != 0) observation.sum -= amount;
    observation.magnitude = event.value;
    observation.magnitude_factor = static_cast<uint64_t>(*rate);
  }

  void Plain(const EventColumns& event, uint8_t roles, Observation& observation) const {
    if ((roles & kDenominator) != 0 && metric_.kind() == v1::METRIC_KIND_COUNT_RATIO) {
      observation.base = 1;
    }
    if ((roles & kNumerator) == 0) return;
    observation.count = 1;
    if (IsScore(metric_.kind())) {
      observation.score = ScoreBucket(event.type, event.value, event.aux);
    }
    const bool values = metric_.kind() == v1::METRIC_KIND_VALUE_DISTRIBUTION;
    if (!values && metric_.kind() != v1::METRIC_KIND_VALUE_MEAN) return;
    const int64_t micros = ValueMicros(event);
    observation.sum = micros;
    observation.magnitude = micros;
    if (!values) return;
    observation.value = micros;
    observation.histogram_class = metric_.HistogramClass(micros);
  }

  bool money_;
};

}  // namespace

std::unique_ptr<Measure> NewEventMeasure(const CompiledMetric& metric,
                                         const filter::EventPredicate* filter) {
  return std::make_unique<EventMeasure>(metric, filter);
}

}  // namespace rapport::metrics
