// SPDX-License-Identifier: Apache-2.0
// Random rules over random histories against a naive reading of the rule's own message:
// membership at any moment = on the history truncated there, and the moments at which it
// changes. Times are whole hours, so that everything happens on the hour or a micro later.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/segments/rig.h"

namespace rapport::segments {
namespace {

constexpr TimeMicros kHour = kMicrosPerDay / 24;
const TimeMicros kStart = At("2024-02-20");
constexpr int kHours = 24 * 40;

using Events = std::vector<EventColumns>;
const std::vector<std::string> kTypes = {"order_placed", "page_viewed", "order_refunded"};

// The naive reading: everything from scratch, by loops over all events.
class Naive {
 public:
  Naive(const Events& events, TimeMicros at, const std::map<std::string, v1::SegmentRule>& others)
      : at_(at), others_(others) {
    for (const EventColumns& event : events) {
      if (event.time <= at) events_.push_back(event);
    }
    exists_ = events.empty() || !events_.empty();
  }
  bool Member(const v1::SegmentRule& rule) const { return exists_ && Holds(rule); }

 private:
  static TimeMicros Length(const v1::SegmentSpan& span) {
    return span.days() * kMicrosPerDay + span.hours() * kHour;
  }
  static CivilDays Day(TimeMicros time) {
    return static_cast<CivilDays>((time - (time % kMicrosPerDay)) / kMicrosPerDay);
  }
  bool InWindow(const v1::SegmentWindow& window, TimeMicros time) const {
    if (window.has_rolling()) {
      const TimeMicros age = at_ - time;
      const TimeMicros end = Length(window.rolling().end());
      return age >= end && age < end + Length(window.rolling().length());
    }
    if (window.has_calendar()) {
      // How many bucket starts lie between the event and T.
      const auto granularity = static_cast<Granularity>(window.calendar().granularity());
      int ago = 0;
      for (CivilDays day = Day(time) + 1; day <= Day(at_); ++day) {
        ago += BucketStart(day, granularity, WeekStart::kMonday) == day ? 1 : 0;
      }
      const int first = window.calendar().buckets_ago();
      return ago >= first && ago < first + std::max(1, window.calendar().buckets());
    }
    return true;
  }
  Events Matching(const std::string& filter) const {
    Events found;
    for (const EventColumns& event : events_) {
      const std::string word = event.type == v1::EVENT_TYPE_ORDER_PLACED  ? kTypes[0]
                               : event.type == v1::EVENT_TYPE_PAGE_VIEWED ? kTypes[1]
                                                                          : kTypes[2];
      if (filter.empty() || filter == "type = " + word) found.push_back(event);
    }
    return found;
  }
  template <typename Number>
  static bool Compare(v1::SegmentComparator comparator, Number a, Number b) {
    if (a == b) {
      return comparator == v1::SEGMENT_COMPARATOR_AT_LEAST ||
             comparator == v1::SEGMENT_COMPARATOR_AT_MOST ||
             comparator == v1::SEGMENT_COMPARATOR_EXACTLY;
    }
    return a > b ? comparator == v1::SEGMENT_COMPARATOR_AT_LEAST ||
                       comparator == v1::SEGMENT_COMPARATOR_MORE_THAN
                 : comparator == v1::SEGMENT_COMPARATOR_AT_MOST ||
                       comparator == v1::SEGMENT_COMPARATOR_LESS_THAN;
  }

  bool Holds(const v1::SegmentRule& rule) const {
    const auto count = [&](const v1::SegmentRules& rules) {
      return std::ranges::count_if(rules.rules(), [&](const auto& r) { return Holds(r); });
    };
    if (rule.has_all_of()) return count(rule.all_of()) == rule.all_of().rules_size();
    if (rule.has_any_of()) return count(rule.any_of()) > 0;
    if (rule.has_none_of()) return count(rule.none_of()) == 0;
    if (rule.has_behaviour()) return Behaves(rule.behaviour());
    if (rule.has_aggregate()) return Figures(rule.aggregate());
    return Member(others_.at(rule.segment()));
  }
  bool Behaves(const v1::SegmentBehaviour& behaviour) const {
    const Events hits = Matching(behaviour.filter());
    int64_t within = 0;
    for (const EventColumns& hit : hits) within += InWindow(behaviour.window(), hit.time) ? 1 : 0;
    if (behaviour.has_times()) {
      return Compare(behaviour.times().comparator(), within, behaviour.times().count());
    }
    if (behaviour.has_first_time()) {
      return !hits.empty() && InWindow(behaviour.window(), hits.front().time);
    }
    if (behaviour.has_regularly()) return Regular(behaviour.regularly(), hits);
    const TimeMicros outer = Length(behaviour.window().rolling().length());
    const TimeMicros inner = Length(behaviour.has_stopped() ? behaviour.stopped().inner()
                                                            : behaviour.restarted().inner());
    bool recently = false, between = false, before = false;
    for (const EventColumns& hit : hits) {
      const TimeMicros age = at_ - hit.time;
      recently = recently || age < inner;
      between = between || (age >= inner && age < outer);
      before = before || age >= outer;
    }
    return behaviour.has_stopped() ? between && !recently : before && !between && recently;
  }
  bool Regular(const v1::SegmentRegularly& regularly, const Events& hits) const {
    int good = 0;
    for (int period = 0; period < regularly.periods(); ++period) {
      v1::SegmentWindow window;
      if (regularly.has_length()) {
        *window.mutable_rolling()->mutable_length() = regularly.length();
        const auto hours = static_cast<int32_t>(period * Length(regularly.length()) / kHour);
        window.mutable_rolling()->mutable_end()->set_hours(hours);
      } else {
        window.mutable_calendar()->set_granularity(regularly.granularity());
        window.mutable_calendar()->set_buckets_ago(period);
      }
      int64_t within = 0;
      for (const EventColumns& hit : hits) within += InWindow(window, hit.time) ? 1 : 0;
      good += within >= std::max<int64_t>(1, regularly.times()) ? 1 : 0;
    }
    const int needed = regularly.at_least_periods();
    return good >= (needed == 0 ? regularly.periods() : needed);
  }
  bool Figures(const v1::SegmentAggregate& aggregate) const {
    std::vector<EventColumns> hits;
    for (const EventColumns& hit : Matching(aggregate.filter())) {
      if (InWindow(aggregate.window(), hit.time)) hits.push_back(hit);
    }
    double revenue = 0, sum = 0, least = 1e18, most = -1e18;
    int amounts = 0;
    std::set<CivilDays> days;
    for (const EventColumns& hit : hits) {
      days.insert(Day(hit.time));
      if (hit.type == v1::EVENT_TYPE_PAGE_VIEWED) continue;
      const double amount = static_cast<double>(hit.value) / 1e6;
      revenue += hit.type == v1::EVENT_TYPE_ORDER_REFUNDED ? -amount : amount;
      sum += amount;
      least = std::min(least, amount);
      most = std::max(most, amount);
      ++amounts;
    }
    const auto compare = [&](double figure) {
      return Compare(aggregate.comparator(), figure, aggregate.value());
    };
    const auto age = [&](const EventColumns& hit) {
      return compare(static_cast<double>(at_ - hit.time) / static_cast<double>(kMicrosPerDay));
    };
    switch (aggregate.figure()) {
      case v1::SEGMENT_FIGURE_COUNT:
        return compare(static_cast<double>(hits.size()));
      case v1::SEGMENT_FIGURE_REVENUE:
        return compare(revenue);
      case v1::SEGMENT_FIGURE_SUM:
        return compare(sum);
      case v1::SEGMENT_FIGURE_DISTINCT_DAYS:
        return compare(static_cast<double>(days.size()));
      case v1::SEGMENT_FIGURE_DAYS_SINCE_FIRST:
        return !hits.empty() && age(hits.front());
      case v1::SEGMENT_FIGURE_DAYS_SINCE_LAST:
        return !hits.empty() && age(hits.back());
      case v1::SEGMENT_FIGURE_MINIMUM:
        return amounts > 0 && compare(least);
      case v1::SEGMENT_FIGURE_MAXIMUM:
        return amounts > 0 && compare(most);
      default:  // The mean: exact, as whole amounts are compared with quarters.
        return amounts > 0 && Compare(aggregate.comparator(), sum, aggregate.value() * amounts);
    }
  }

  Events events_;
  TimeMicros at_;
  bool exists_;
  const std::map<std::string, v1::SegmentRule>& others_;
};

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}
  int Upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  Events MakeEvents() {
    Events events;
    for (int i = Upto(12); i > 0; --i) {
      EventColumns event = Event(kTypes[static_cast<size_t>(Upto(2))], "2024-01-01");
      event.time = kStart + Upto(kHours / 2) * kHour;
      event.value = event.type == v1::EVENT_TYPE_PAGE_VIEWED ? 0 : (1 + Upto(20)) * 1'000'000;
      if (event.type != v1::EVENT_TYPE_PAGE_VIEWED) event.currency = *PackCurrency("EUR");
      events.push_back(event);
    }
    std::ranges::stable_sort(events, {}, &EventColumns::time);
    return events;
  }

  v1::SegmentRule MakeRule(int depth, bool may_refer) {
    v1::SegmentRule rule;
    const int kind = depth == 0 ? 3 + Upto(may_refer ? 2 : 1) : Upto(may_refer ? 5 : 4);
    if (kind < 3) {
      auto* rules = kind == 0   ? rule.mutable_all_of()
                    : kind == 1 ? rule.mutable_any_of()
                                : rule.mutable_none_of();
      for (int i = Upto(2); i >= 0; --i) *rules->add_rules() = MakeRule(depth - 1, may_refer);
    } else if (kind == 3) {
      MakeBehaviour(*rule.mutable_behaviour());
    } else if (kind == 4) {
      MakeAggregate(*rule.mutable_aggregate());
    } else {
      rule.set_segment("other");
    }
    return rule;
  }

 private:
  std::string MakeFilter() {
    const int type = Upto(3);
    return type == 3 ? "" : "type = " + kTypes[static_cast<size_t>(type)];
  }
  void MakeSpan(v1::SegmentSpan& span) {
    span.set_days(Upto(8));
    span.set_hours(span.days() == 0 ? 1 + Upto(30) : Upto(12));
  }
  void MakeWindow(v1::SegmentWindow& window) {
    const int kind = Upto(3);
    if (kind < 2) {
      MakeSpan(*window.mutable_rolling()->mutable_length());
      if (Upto(2) == 0) MakeSpan(*window.mutable_rolling()->mutable_end());
    } else if (kind == 2) {
      auto& calendar = *window.mutable_calendar();
      calendar.set_granularity(static_cast<v1::Granularity>(1 + Upto(2)));
      calendar.set_buckets(Upto(4));
      calendar.set_buckets_ago(Upto(3));
    }
  }
  void MakeBehaviour(v1::SegmentBehaviour& behaviour) {
    behaviour.set_filter(MakeFilter());
    const int kind = Upto(4);
    if (kind < 2) MakeWindow(*behaviour.mutable_window());
    if (kind == 0) {
      behaviour.mutable_times()->set_comparator(static_cast<v1::SegmentComparator>(1 + Upto(4)));
      behaviour.mutable_times()->set_count(Upto(4));
    } else if (kind == 1) {
      behaviour.mutable_first_time();
    } else if (kind == 2) {
      auto& regularly = *behaviour.mutable_regularly();
      regularly.set_times(Upto(2));
      regularly.set_periods(1 + Upto(4));
      regularly.set_at_least_periods(Upto(regularly.periods()));
      if (Upto(1) == 0) {
        MakeSpan(*regularly.mutable_length());
      } else {
        regularly.set_granularity(static_cast<v1::Granularity>(1 + Upto(2)));
      }
    } else {
      auto& inner = kind == 3 ? *behaviour.mutable_stopped()->mutable_inner()
                              : *behaviour.mutable_restarted()->mutable_inner();
      MakeSpan(inner);
      auto& outer = *behaviour.mutable_window()->mutable_rolling()->mutable_length();
      outer.set_days(inner.days() + Upto(8));
      outer.set_hours(inner.hours() + 1 + Upto(30));
    }
  }
  void MakeAggregate(v1::SegmentAggregate& aggregate) {
    aggregate.set_filter(MakeFilter());
    MakeWindow(*aggregate.mutable_window());
    aggregate.set_figure(static_cast<v1::SegmentFigure>(1 + Upto(8)));
    aggregate.set_comparator(static_cast<v1::SegmentComparator>(1 + Upto(4)));
    const bool field = aggregate.figure() >= v1::SEGMENT_FIGURE_SUM &&
                       aggregate.figure() <= v1::SEGMENT_FIGURE_MEAN;
    if (field) aggregate.set_field("amount");
    if (field) aggregate.set_filter("type = order_placed");
    aggregate.set_value(Upto(40) * 0.25);
  }

  std::mt19937_64 random_;
};

class RandomRules : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomRules, AgreeWithANaiveReading) {
  Maker maker(GetParam());
  for (int round = 0; round < 40; ++round) {
    const v1::SegmentRule rule = maker.MakeRule(2, true);
    const v1::SegmentRule other = maker.MakeRule(1, false);
    const std::map<std::string, v1::SegmentRule> others = {{"other", other}};
    Rig rig;
    rig.Define("s", rule.DebugString()).Define("other", other.DebugString());
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rules, rig.Compile());
    const Events events = maker.MakeEvents();
    SCOPED_TRACE(Cat("seed ", GetParam(), " round ", round, "\n", rule.DebugString(), "other ",
                     other.DebugString()));
    Evaluator evaluator(*rules, nullptr);
    filter::CustomerEvents customer;
    customer.events = events;
    evaluator.Begin(customer);
    // Every hour and a micro later, from before the first event to long after the last.
    std::vector<TimeMicros> moments;
    std::vector<bool> members;
    for (int hour = -2; hour < kHours; ++hour) {
      for (const TimeMicros late : {0, 1}) {
        moments.push_back(kStart + hour * kHour + late);
        members.push_back(Naive(events, moments.back(), others).Member(rule));
        ASSERT_EQ(evaluator.Member(0, moments.back()), members.back())
            << FormatTime(moments.back());
      }
    }
    // Changes, with the events that come and by time alone.
    for (int look = 0; look < 12; ++look) {
      const auto from = static_cast<size_t>(maker.Upto(static_cast<int>(moments.size()) - 2));
      size_t next = from + 1;
      while (next < moments.size() && members[next] == members[from]) ++next;
      const TimeMicros expected = next < moments.size() ? moments[next] : kNever;
      EXPECT_EQ(evaluator.NextChange(0, moments[from], moments.back()), expected)
          << "after " << FormatTime(moments[from]);
    }
    // The past asked now = the present of then: the same on the truncated history.
    const TimeMicros then = kStart + maker.Upto(kHours / 2) * kHour;
    const auto kept = std::ranges::upper_bound(events, then, {}, &EventColumns::time);
    if (kept == events.begin())
      continue;  // A truncated history without events is another customer.
    customer.events = std::span(events).first(static_cast<size_t>(kept - events.begin()));
    const bool now = evaluator.Member(0, then);
    evaluator.Begin(customer);
    EXPECT_EQ(evaluator.Member(0, then), now);
    const TimeMicros alone = evaluator.NextChange(0, then, then + 10 * kMicrosPerDay);
    TimeMicros naive = kNever;
    for (int hour = 0; hour < 240 && naive == kNever; ++hour) {
      for (const TimeMicros at : {then + hour * kHour + 1, then + (hour + 1) * kHour}) {
        const Events known(customer.events.begin(), customer.events.end());
        if (naive == kNever && Naive(known, at, others).Member(rule) != now) naive = at;
      }
    }
    EXPECT_EQ(alone, naive) << "by time alone after " << FormatTime(then);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomRules, ::testing::Range(uint64_t{1}, uint64_t{9}));

}  // namespace
}  // namespace rapport::segments
