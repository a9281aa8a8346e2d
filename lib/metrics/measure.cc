// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/measure.h"

#include <algorithm>
#include <cmath>

#include "lib/base/score_bucket.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

class FactMeasure final : public Measure {
 public:
  using Measure::Measure;
  bool Walk() override { return input_->fact.has_value() && std::isfinite(*input_->fact); }
  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf*,
                     WindowSink sink) override {
    const int64_t micros = std::llround(*input_->fact * static_cast<double>(kMicrosPerUnit));
    Observation observation;
    observation.count = 1;
    observation.sum = micros;
    observation.magnitude = micros;
    for (size_t i = 0; i < windows.size(); ++i) sink(i, nullptr, observation);
  }
};

}  // namespace

Measure::Measure(const CompiledMetric& metric, const filter::EventPredicate* filter)
    : metric_(metric),
      days_(metric.scope().calendar),
      filter_(filter),
      numerator_filter_(&metric.numerator_filter()),
      denominator_filter_(&metric.denominator_filter()) {}

bool Measure::Read(const CustomerInput& input) {
  input_ = &input;
  events_ = input.events;
  const TimeMicros end = metric_.scope().event_end;
  if (!events_.empty() && events_.back().time >= end) {
    const auto stop = std::lower_bound(
        events_.begin(), events_.end(), end,
        [](const EventColumns& event, TimeMicros time) { return event.time < time; });
    events_ = events_.first(static_cast<size_t>(stop - events_.begin()));
  }
  if (!filter_.Begin(input)) return false;
  numerator_open_ = numerator_filter_.Begin(input);
  denominator_open_ = denominator_filter_.Begin(input);
  return Walk();
}

uint8_t Measure::RolesOf(size_t event) const {
  unsigned roles = metric_.RolesOf(events_[event].type);
  if (roles == 0 || !filter_.Matches(*input_, event)) return 0;
  if ((roles & (kNumerator | kSubtracted)) != 0 && !numerator_filter_.always() &&
      (!numerator_open_ || !numerator_filter_.Matches(*input_, event))) {
    roles &= ~unsigned{kNumerator | kSubtracted};
  }
  if ((roles & kDenominator) != 0 && !denominator_filter_.always() &&
      (!denominator_open_ || !denominator_filter_.Matches(*input_, event))) {
    roles &= ~unsigned{kDenominator};
  }
  return static_cast<uint8_t>(roles);
}

int64_t ValueScale(uint16_t type) {
  if (SummedValue(type, 1) == 0) return 0;
  switch (type) {
    case v1::EVENT_TYPE_NPS_ANSWERED:
    case v1::EVENT_TYPE_CSAT_ANSWERED:
    case v1::EVENT_TYPE_CES_ANSWERED:
    case v1::EVENT_TYPE_REVIEW_WRITTEN:
      return kMicrosPerUnit;
    case v1::EVENT_TYPE_PAGE_VIEWED:
    case v1::EVENT_TYPE_ARTICLE_READ:
    case v1::EVENT_TYPE_VIDEO_WATCHED:
    case v1::EVENT_TYPE_KNOWLEDGE_BASE_READ:
    case v1::EVENT_TYPE_WEBINAR_ATTENDED:
    case v1::EVENT_TYPE_SEARCHED:
    case v1::EVENT_TYPE_SESSION_ENDED:
    case v1::EVENT_TYPE_PRODUCT_VIEWED:
    case v1::EVENT_TYPE_CART_ITEM_ADDED:
    case v1::EVENT_TYPE_CART_ITEM_REMOVED:
      return 1;
    default:
      break;
  }
  const bool money =
      type >= v1::EVENT_TYPE_CHECKOUT_STARTED && type <= v1::EVENT_TYPE_PAYMENT_FAILED;
  return money ? 1 : kMicrosPerUnit / 1000;
}

int64_t ValueMicros(const EventColumns& event) {
  return SummedValue(event.type, event.value) * ValueScale(event.type);
}

std::unique_ptr<Measure> NewFactMeasure(const CompiledMetric& metric,
                                        const filter::EventPredicate* filter) {
  return std::make_unique<FactMeasure>(metric, filter);
}

std::unique_ptr<Measure> Measure::Create(const CompiledMetric& metric,
                                         const filter::EventPredicate* filter) {
  switch (metric.shape()) {
    case Shape::kEvents:
      return NewEventMeasure(metric, filter);
    case Shape::kPairs:
      return NewPairMeasure(metric, filter);
    case Shape::kSessions:
      return NewSessionMeasure(metric, filter);
    case Shape::kDistinct:
      return NewDistinctMeasure(metric, filter);
    case Shape::kMembers:
      return NewMemberMeasure(metric, filter);
    case Shape::kRecurring:
      return NewRecurringMeasure(metric, filter);
    case Shape::kEngaged:
      return NewEngagedMeasure(metric, filter);
    case Shape::kFacts:
      break;
  }
  return NewFactMeasure(metric, filter);
}

}  // namespace rapport::metrics
