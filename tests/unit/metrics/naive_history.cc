// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/metrics/naive_history.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <tuple>

#include "lib/base/money.h"
#include "lib/base/text.h"

namespace rapport::naive {
namespace {

constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kBegin = 1'705'708'800 * kSecond;  // 2024-01-20T00:00:00Z.
constexpr Micros kNight = 1'714'701'600 * kSecond;  // 2024-05-03T02:00:00Z.
constexpr Micros kNow = 1'715'333'400 * kSecond;    // 2024-05-10T09:30:00Z.
constexpr int kCustomers = 16;

class Author {
 public:
  explicit Author(const Plot& plot) : random_(plot.seed), plot_(plot) {}

  int64_t Draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  EventColumns Event(Micros at) {
    static constexpr int kTypes[] = {
        10,  10,  10,  11,  12,  13,  15,  16,  16,  30,  30,  31,  32,  33,  34,  35,  36,
        37,  38,  39,  50,  51,  52,  52,  54,  55,  55,  57,  58,  60,  80,  80,  81,  81,
        81,  82,  83,  84,  84,  85,  86,  87,  88,  100, 101, 101, 102, 102, 103, 104, 110,
        110, 110, 111, 111, 112, 112, 113, 120, 121, 122, 122, 123, 131, 132, 0};
    EventColumns event;
    event.time = at;
    event.type = static_cast<uint16_t>(kTypes[Draw(0, std::ssize(kTypes) - 1)]);
    if (event.type == 0) event.type = plot_.custom_type;
    event.channel = static_cast<uint8_t>(Draw(0, 3));
    Fill(event);
    return event;
  }

  // When the customer acts again: soon, some day, or exactly when something is due.
  Micros After(Micros at) {
    const int64_t luck = Draw(0, 19);
    if (luck < 12) return at + Draw(0, 45 * 60) * kSecond;
    if (luck < 16) return at + Draw(0, 15LL * 24 * 60) * kMinute;
    if (luck == 16) return StartOf(plot_.zone, DayOf(plot_.zone, at) + Draw(1, 3));
    const Micros due[] = {0, 10 * kSecond, 30 * kMinute, kDay, plot_.churned_days * kDay};
    const Micros next = at + due[Draw(0, std::ssize(due) - 1)];
    return next > kNow ? at + kMinute : next;
  }

  // What may follow a start at the very end of its window, or just after; type 0: nothing.
  EventColumns Goal(const EventColumns& start) {
    struct Sequel {
      int start, goal;
      Micros window;
    };
    static constexpr Sequel kSequels[] = {
        {55, 81, 7 * kDay},     {80, 83, kDay},         {30, 120, 7 * kDay},   {50, 51, 30 * kDay},
        {50, 81, 30 * kDay},    {112, 113, 30 * kDay},  {110, 112, 30 * kDay}, {110, 111, 0},
        {52, 52, 30 * kMinute}, {54, 13, 10 * kSecond}, {81, 10, 30 * kMinute}};
    EventColumns goal;
    for (const Sequel& sequel : kSequels) {
      if (sequel.start != start.type || Draw(0, 2) == 0) continue;
      goal = start;
      goal.type = static_cast<uint16_t>(sequel.goal);
      Fill(goal);
      const bool ticket = start.type >= 110;
      if (ticket) goal.value = start.value;
      goal.time = start.time + sequel.window + Draw(0, 1) * (ticket ? kMinute : kSecond);
    }
    return goal;
  }

 private:
  void Fill(EventColumns& event) {
    const int type = event.type;
    if (type == 30) event.value = Draw(0, 10), event.aux = 10;
    if (type >= 31 && type <= 33) {
      static constexpr int kScales[] = {5, 5, 7, 10};
      event.aux = kScales[Draw(0, 3)];
      event.value = Draw(1, event.aux);
    }
    if (type == 52) event.value = Draw(0, 4000) * kSecond;
    if (type >= 80 && type <= 88) {
      static constexpr const char* kCurrencies[] = {"EUR", "EUR", "EUR", "USD", "GBP"};
      event.value = Draw(1, 20'000) * int64_t{10'000} + Draw(0, 9);
      event.currency = PackCurrency(kCurrencies[Draw(0, 4)]).value();
      // A subscription's event may leave the amount as it was.
      const bool untold = type >= 84 && Draw(0, 4) == 0;
      if (untold) event.value = 0, event.currency = 0;
    }
    if (type >= 84 && type <= 88) event.aux = Draw(1, 2);
    // Tickets are opened and answered at whole minutes.
    if (type >= 110 && type <= 113) {
      event.value = Draw(1, 5);
      event.time -= event.time % kMinute;
    }
  }

  std::mt19937 random_;
  const Plot& plot_;
};

bool TimelineLess(const EventColumns& a, const EventColumns& b) {
  const auto order = [](const EventColumns& event) {
    return std::tie(event.time, event.type, event.value, event.aux, event.channel, event.currency,
                    event.touchpoint_no, event.campaign_no);
  };
  return order(a) < order(b);
}

}  // namespace

std::map<std::string, Events> RawHistory::People(size_t told_so_far, size_t merged_so_far,
                                                 Micros until) const {
  std::map<std::string, Events> people;
  for (size_t i = 0; i < told_so_far; ++i) {
    if (told[i].event.time > until) continue;
    const bool again = std::any_of(told.begin(), told.begin() + static_cast<ptrdiff_t>(i),
                                   [&](const Told& before) { return before.id == told[i].id; });
    if (again) continue;
    std::string name = told[i].customer;
    for (size_t m = 0; m < merged_so_far; ++m) {
      if (merges[m].second == name) name = merges[m].first;
    }
    people[name].push_back(told[i].event);
  }
  for (auto& [name, events] : people) std::sort(events.begin(), events.end(), TimelineLess);
  return people;
}

RawHistory RandomHistory(const Plot& plot) {
  Author author(plot);
  RawHistory history;
  history.night = kNight;
  history.now = kNow;
  std::vector<Told> all;
  for (int customer = 0; customer < kCustomers; ++customer) {
    const std::string name = Cat("c", customer);
    const auto tell = [&](const EventColumns& event) {
      if (event.type != 0 && event.time < kNow) {
        all.push_back({static_cast<int>(all.size()), name, event});
      }
    };
    // Half of them fall silent so that they leave about now.
    const Micros silent = kNow - (plot.churned_days - author.Draw(-1, 3)) * kDay;
    const Micros end = customer % 2 == 0 && silent > kBegin ? silent : kNow;
    Micros at = kBegin + author.Draw(0, 60LL * 24 * 60 * 60) * kSecond;
    for (; at < end; at = author.After(at)) {
      const EventColumns event = author.Event(at);
      tell(event);
      const EventColumns goal = author.Goal(event);
      tell(goal);
      // And a start at the very moment of the goal.
      EventColumns again = event;
      again.time = goal.time;
      if (goal.type != 0 && author.Draw(0, 2) == 0) tell(again);
    }
  }
  // Some come exactly as a day, a week or a month begins.
  for (int64_t day = DayOf(plot.zone, kBegin) + 22; day <= DayOf(plot.zone, kNow); day += 10) {
    EventColumns order;
    order.type = 81;
    order.value = 10 * kSecond;
    order.time = StartOf(plot.zone, day);
    all.push_back({static_cast<int>(all.size()), Cat("m", day), order});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Told& a, const Told& b) { return a.event.time < b.event.time; });
  std::vector<Told> late;
  for (const Told& told : all) {
    if (told.event.time > kNight && history.told_at_night == 0) {
      history.told_at_night = history.told.size();
    }
    // One in thirty is told after the night, one in twenty twice.
    (told.event.time <= kNight && author.Draw(0, 29) == 0 ? late : history.told).push_back(told);
    if (author.Draw(0, 19) == 0) history.told.push_back(told);
  }
  history.told.insert(history.told.end(), late.begin(), late.end());
  // The last makes a chain: c6 is c5 is c4.
  history.merges = {{"c0", "c1"}, {"c5", "c6"}, {"c2", "c3"}, {"c4", "c5"}};
  history.merged_at_night = 2;
  return history;
}

}  // namespace rapport::naive
