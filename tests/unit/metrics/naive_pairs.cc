// SPDX-License-Identifier: Apache-2.0
// Starts and their goals, and sessions.
#include <algorithm>

#include "tests/unit/metrics/naive.h"

namespace rapport::naive {
namespace {

// Monday to Friday, 9 to 17 o'clock, minute by minute; times are whole minutes.
Micros WorkingTime(Zone zone, Micros begin, Micros end) {
  constexpr Micros kMinute = 60 * kSecond;
  Micros sum = 0;
  Micros at = begin;
  while (at < end) {
    const int64_t day = DayOf(zone, at);
    const int64_t weekday = (day + 3) % 7;  // 0: Monday; 1970-01-01 was a Thursday.
    const Micros next_day = StartOf(zone, day + 1);
    if (weekday >= 5) {
      at = next_day;
      continue;
    }
    // Hours count from midnight: clocks change at night, on days off.
    const Micros open = StartOf(zone, day) + 9 * 60 * kMinute;
    for (; at < end && at < next_day; at += kMinute) {
      if (at >= open && at < open + 8 * 60 * kMinute) sum += kMinute;
    }
  }
  return sum;
}

}  // namespace

std::vector<std::pair<EventColumns, std::optional<Micros>>> Naive::Pairs(const Rule& rule) const {
  std::vector<std::pair<EventColumns, std::optional<Micros>>> pairs;
  for (const auto& [name, events] : world_.people) {
    const auto thing = [&](const EventColumns& event) {
      return rule.thing == Thing::kTicket ? event.value : 0;
    };
    // Starts that count, with the end of the time in which later ones belong to them.
    std::vector<std::pair<EventColumns, Micros>> counted;
    for (const EventColumns& start : events) {
      if (!rule.start(start)) continue;
      const bool first = counted.empty();
      if (rule.starts == Starts::kFirstEver && !first) continue;
      const bool open = std::any_of(counted.begin(), counted.end(), [&](const auto& earlier) {
        return thing(earlier.first) == thing(start) && start.time <= earlier.second;
      });
      if (rule.starts == Starts::kFirstOpen && open) continue;
      const Micros limit = rule.within == 0 ? INT64_MAX : start.time + rule.within;
      std::optional<Micros> reached;
      for (const EventColumns& goal : events) {
        if (!rule.goal(goal) || thing(goal) != thing(start)) continue;
        if (goal.time < start.time || goal.time > limit) continue;
        if (!reached || goal.time < *reached) reached = goal.time;
      }
      counted.emplace_back(start, reached.value_or(limit));
      if (!Inside(start)) continue;
      pairs.emplace_back(start, reached);
    }
  }
  return pairs;
}

Figure Naive::Converted(const Rule& rule, bool complement) const {
  const auto pairs = Pairs(rule);
  Figure figure;
  figure.sample = static_cast<int64_t>(pairs.size());
  figure.tolerance = 1e-15;
  if (pairs.empty()) return figure;
  const auto reached =
      std::count_if(pairs.begin(), pairs.end(), [](const auto& pair) { return !!pair.second; });
  const auto all = static_cast<double>(pairs.size());
  figure.value =
      100 * (complement ? all - static_cast<double>(reached) : static_cast<double>(reached)) / all;
  return figure;
}

Figure Naive::Took(const Rule& rule, bool business) const {
  std::vector<Micros> durations;
  for (const auto& [start, reached] : Pairs(rule)) {
    if (!reached) continue;
    durations.push_back(business ? WorkingTime(world_.zone, start.time, *reached)
                                 : *reached - start.time);
  }
  return Distribution(durations, -1);
}

std::vector<Naive::Session> Naive::Sessions() const {
  static const Types kViews = {10, 11, 12, 13, 54}, kPurchases = {81, 83, 84};
  std::vector<Session> sessions;
  for (const auto& [name, events] : world_.people) {
    std::vector<Session> own;
    for (const EventColumns& event : events) {
      if (!IsActivity(event)) continue;
      if (own.empty() || event.time - own.back().last > 1800 * kSecond ||
          event.time - own.back().first.time > kDay) {
        own.push_back({event, event.time, 0, 0, false});
      }
      Session& session = own.back();
      session.last = event.time;
      ++session.events;
      session.views += kViews.contains(event.type) ? 1 : 0;
      session.bought = session.bought || kPurchases.contains(event.type);
    }
    for (const Session& session : own) {
      if (Inside(session.first)) sessions.push_back(session);
    }
  }
  return sessions;
}

Figure Naive::SessionCount() const {
  const auto count = static_cast<int64_t>(Sessions().size());
  return {static_cast<double>(count), count, 0};
}

Figure Naive::SessionShare(const std::function<bool(const Session&)>& holds) const {
  const std::vector<Session> sessions = Sessions();
  Figure figure;
  figure.sample = static_cast<int64_t>(sessions.size());
  figure.tolerance = 1e-15;
  if (sessions.empty()) return figure;
  figure.value = 100 * static_cast<double>(std::count_if(sessions.begin(), sessions.end(), holds)) /
                 static_cast<double>(sessions.size());
  return figure;
}

Figure Naive::SessionLength() const {
  std::vector<Micros> lengths;
  for (const Session& session : Sessions()) lengths.push_back(session.last - session.first.time);
  return Distribution(lengths, -1);
}

}  // namespace rapport::naive
