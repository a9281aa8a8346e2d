// SPDX-License-Identifier: Apache-2.0
// Sessions made of events: a pause of more than idle_seconds, or a length of more than
// maximum_seconds, begins a new one. The query's filter chooses sessions by their first
// event; the definition's chooses the events that make sessions.
#include <vector>

#include "lib/metrics/measure.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

bool IsView(uint16_t type) {
  return type == v1::EVENT_TYPE_PAGE_VIEWED || type == v1::EVENT_TYPE_ARTICLE_READ ||
         type == v1::EVENT_TYPE_VIDEO_WATCHED || type == v1::EVENT_TYPE_KNOWLEDGE_BASE_READ ||
         type == v1::EVENT_TYPE_PRODUCT_VIEWED;
}

bool IsPurchase(uint16_t type) {
  return type == v1::EVENT_TYPE_ORDER_PLACED || type == v1::EVENT_TYPE_BOOKING_MADE ||
         type == v1::EVENT_TYPE_SUBSCRIPTION_STARTED;
}

struct Session {
  size_t first = 0;
  TimeMicros begin = 0;
  TimeMicros last = 0;
  int64_t events = 0;
  int64_t views = 0;
  bool purchase = false;
};

class SessionMeasure final : public Measure {
 public:
  SessionMeasure(const CompiledMetric& metric, const filter::EventPredicate* filter)
      : Measure(metric, filter), rule_(metric.session()) {}

  bool Walk() override { return !events_.empty(); }

  void ForEachDated(DatedSink sink) override {
    const TimeMicros idle = rule_.idle_seconds() * kMicrosPerSecond;
    const TimeMicros longest = rule_.maximum_seconds() * kMicrosPerSecond;
    Session session;
    for (size_t i = 0; i < events_.size(); ++i) {
      const EventColumns& event = events_[i];
      if ((metric_.RolesOf(event.type) & kNumerator) == 0 || !numerator_open_ ||
          !numerator_filter_.Matches(*input_, i)) {
        continue;
      }
      if (session.events > 0 &&
          (event.time - session.last > idle || event.time - session.begin > longest)) {
        Tell(session, sink);
        session = {};
      }
      if (session.events == 0) {
        session.first = i;
        session.begin = event.time;
      }
      session.last = event.time;
      ++session.events;
      if (IsView(event.type)) ++session.views;
      session.purchase = session.purchase || IsPurchase(event.type);
    }
    if (session.events > 0) Tell(session, sink);
  }

 private:
  bool Engaged(const Session& session) const {
    return session.purchase || session.views >= rule_.engaged_views() ||
           session.last - session.begin >= rule_.engaged_seconds() * kMicrosPerSecond;
  }

  void Tell(const Session& session, DatedSink sink) const {
    if (!filter_.Matches(*input_, session.first)) return;
    Observation observation;
    switch (rule_.figure()) {
      case v1::SESSION_FIGURE_DURATION:
        observation.count = 1;
        observation.value = session.last - session.begin;
        observation.sum = *observation.value;
        observation.histogram_class = metric_.HistogramClass(*observation.value);
        break;
      case v1::SESSION_FIGURE_BOUNCE:
        observation.base = 1;
        observation.count = session.events == 1 ? 1 : 0;
        break;
      case v1::SESSION_FIGURE_ENGAGED:
        observation.base = 1;
        observation.count = Engaged(session) ? 1 : 0;
        break;
      default:
        observation.count = 1;
    }
    sink(session.first, observation);
  }

  const v1::SessionRule& rule_;
};

}  // namespace

std::unique_ptr<Measure> NewSessionMeasure(const CompiledMetric& metric,
                                           const filter::EventPredicate* filter) {
  return std::make_unique<SessionMeasure>(metric, filter);
}

}  // namespace rapport::metrics
