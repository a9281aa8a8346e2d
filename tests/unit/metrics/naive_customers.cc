// SPDX-License-Identifier: Apache-2.0
// Figures of what customers did, are and pay.
#include <algorithm>
#include <array>
#include <cmath>

#include "tests/unit/metrics/naive.h"

namespace rapport::naive {
namespace {

const Types kOrders = {81, 83};

// Days of a window that have begun by the civil day of as_of.
double DaysBegun(const World& world, const Window& window) {
  const int64_t end = std::min(window.end_day, DayOf(world.zone, world.as_of) + 1);
  return static_cast<double>(std::max<int64_t>(1, end - window.first_day));
}

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// Length in years: a year at a time from the first day, and the rest by the year it is in.
// 2024-02-29 as a first day is not asked for.
double YearsOf(int64_t first_day, int64_t end_day) {
  int64_t year = 1970, month_day = first_day;
  while (month_day >= (IsLeapYear(year) ? 366 : 365)) month_day -= IsLeapYear(year++) ? 366 : 365;
  // A year from a day on has 366 days when it holds 29 February.
  const auto length = [&](int64_t from) {
    constexpr int64_t kEndOfFebruary = 59;  // Day of the year of 29 February, or 1 March.
    return IsLeapYear(month_day < kEndOfFebruary ? from : from + 1) ? 366 : 365;
  };
  double years = 0;
  int64_t day = first_day;
  while (day + length(year) <= end_day) day += length(year), ++year, ++years;
  return years + static_cast<double>(end_day - day) / static_cast<double>(length(year));
}

}  // namespace

// docs/metrics.md, lifecycle: every event, but for the company's acts, what systems or
// others do, and acts of leaving.
bool Naive::IsActivity(const EventColumns& event) {
  static const Types kOthers = {0,   60,  82,  89,  100, 101, 102, 103, 111,
                                112, 120, 121, 122, 88,  104, 123, 131, 132};
  return !kOthers.contains(event.type);
}

int64_t Naive::Customers(const Wanted& wanted, int64_t at_least) const {
  int64_t customers = 0;
  for (const auto& [name, events] : world_.people) {
    const auto count = std::count_if(events.begin(), events.end(), [&](const EventColumns& event) {
      return wanted(event) && Inside(event);
    });
    customers += count >= at_least ? 1 : 0;
  }
  return customers;
}

Figure Naive::CustomerCount(const Wanted& wanted) const {
  const int64_t count = Customers(wanted);
  return {static_cast<double>(count), count, 0};
}

Figure Naive::CustomerPercent(const Wanted& numerator, int64_t at_least,
                              const Wanted& denominator) const {
  Figure figure;
  figure.sample = Customers(denominator);
  figure.tolerance = 1e-15;
  if (figure.sample > 0) {
    figure.value = 100 * static_cast<double>(Customers(numerator, at_least)) /
                   static_cast<double>(figure.sample);
  }
  return figure;
}

Figure Naive::Frequency(const Types& types) const {
  Figure figure;
  figure.sample = Customers(Of(types));
  figure.tolerance = 1e-15;
  if (figure.sample > 0) {
    figure.value = static_cast<double>(Count(types)) / static_cast<double>(figure.sample);
  }
  return figure;
}

Figure Naive::Stickiness() const {
  int64_t active_days = 0;
  for (int64_t day = window_.first_day; day < window_.end_day; ++day) {
    active_days += Customers([&](const EventColumns& event) {
      return IsActivity(event) && DayOf(world_.zone, event.time) == day;
    });
  }
  Figure figure;
  figure.sample = Customers(IsActivity);
  figure.tolerance = 1e-12;
  if (figure.sample > 0) {
    figure.value = 100 * static_cast<double>(active_days) / DaysBegun(world_, window_) /
                   static_cast<double>(figure.sample);
  }
  return figure;
}

Figure Naive::SimpleValue(const Types& types) const {
  Figure figure;
  const Figure money = Money(types, {});
  figure.sample = Count(types);
  figure.tolerance = 1e-12;
  if (money.sample == 0) return figure;
  const double order_value = *money.value / static_cast<double>(money.sample);
  const double orders = static_cast<double>(figure.sample) /
                        static_cast<double>(Customers(Of(types))) /
                        YearsOf(window_.first_day, window_.end_day);
  figure.value = order_value * orders * world_.years;
  return figure;
}

// From the first purchase on, unless the last running subscription was cancelled and nothing
// bought since, or nothing was done for churned_days without a running subscription.
bool Naive::OnBooks(const Events& events, Micros moment) const {
  static const Types kPurchases = {81, 83, 84, 85}, kStarts = {84, 85};
  std::set<int64_t> running;
  bool bought = false, cancelled = false;
  Micros last_act = INT64_MIN;
  // Instant by instant: its purchases, then its cancellations.
  for (size_t i = 0, next = 0; i < events.size() && events[i].time <= moment; i = next) {
    while (next < events.size() && events[next].time == events[i].time) ++next;
    for (size_t at = i; at < next; ++at) {
      if (IsActivity(events[at])) last_act = events[at].time;
      if (!kPurchases.contains(events[at].type)) continue;
      bought = true;
      cancelled = false;
      if (kStarts.contains(events[at].type)) running.insert(events[at].aux);
    }
    for (size_t at = i; at < next; ++at) {
      if (events[at].type != 88) continue;
      running.erase(events[at].aux);
      cancelled = cancelled || (running.empty() && bought);
    }
  }
  if (!bought || cancelled) return false;
  return !running.empty() || moment - last_act < world_.churned_days * kDay;
}

Naive::Books Naive::Members() const {
  Books books;
  const Micros until = StartOf(world_.zone, DayOf(world_.zone, world_.as_of) + 1);
  for (const auto& [name, events] : world_.people) {
    // Whoever is on the books can change at an event, or when silence has lasted.
    std::set<Micros> moments;
    for (const EventColumns& event : events) {
      moments.insert(event.time);
      moments.insert(event.time + world_.churned_days * kDay);
    }
    bool on = false, ever = false;
    bool at_start = false;
    for (const Micros moment : moments) {
      if (moment >= window_.end || moment >= until) break;
      const bool now = OnBooks(events, moment);
      if (moment < window_.begin) at_start = now;
      if (now != on && moment >= window_.begin) {
        ++(!now ? books.left : ever ? books.returned : books.joined);
      }
      ever = ever || now;
      on = now;
    }
    books.start += at_start ? 1 : 0;
  }
  return books;
}

// What running subscriptions pay just before a moment, by the last amount told.
__int128 Naive::RecurringAt(const Events& events, Micros moment) const {
  std::map<int64_t, __int128> running;
  for (const EventColumns& event : events) {
    if (event.time >= moment) break;
    const bool starts = event.type == 84 || event.type == 85;
    const bool changes = event.type == 86 || event.type == 87;
    if (event.type == 88) running.erase(event.aux);
    if (starts) running.try_emplace(event.aux, 0);
    if (!starts && !(changes && running.contains(event.aux))) continue;
    const bool told = event.currency != 0 || event.value != 0;
    if (told) running[event.aux] = Converted(event).value_or(0);
  }
  __int128 sum = 0;
  for (const auto& [id, money] : running) sum += money;
  return sum;
}

Naive::Revenue Naive::Recurring() const {
  Revenue revenue;
  const auto add = [&](const char* part, __int128 money, __int128& sum) {
    sum += money;
    ++revenue.customers[part];
  };
  for (const auto& [name, events] : world_.people) {
    const __int128 start = RecurringAt(events, window_.begin);
    const __int128 end = RecurringAt(events, window_.end);
    const bool ever = std::any_of(events.begin(), events.end(), [&](const EventColumns& event) {
      return event.time < window_.begin && RecurringAt(events, event.time + 1) > 0;
    });
    if (start > 0) add("start", start, revenue.start);
    if (end > 0) add("end", end, revenue.end);
    if (start == 0 && end > 0 && !ever) add("new", end, revenue.gained);
    if (start == 0 && end > 0 && ever) add("reactivated", end, revenue.reactivated);
    if (start > 0 && end > start) add("expansion", end - start, revenue.expansion);
    if (end > 0 && end < start) add("contraction", start - end, revenue.contraction);
    if (start > 0 && end == 0) add("churned", start, revenue.churned);
  }
  return revenue;
}

Figure Naive::RevenuePart(const std::string& part, double factor) const {
  Revenue revenue = Recurring();
  const std::map<std::string, __int128> sums = {{"end", revenue.end},
                                                {"new", revenue.gained},
                                                {"expansion", revenue.expansion},
                                                {"contraction", revenue.contraction},
                                                {"churned", revenue.churned},
                                                {"reactivated", revenue.reactivated}};
  return {UnitsOf(sums.at(part)) * factor, revenue.customers[part], 0};
}

Figure Naive::RevenueRatio(const std::string& kind) const {
  Revenue revenue = Recurring();
  const __int128 lost = revenue.contraction + revenue.churned;
  const __int128 numerator = kind == "churn"   ? lost
                             : kind == "gross" ? revenue.start - lost
                                               : revenue.start - lost + revenue.expansion;
  Figure figure;
  figure.sample = revenue.customers["start"];
  figure.tolerance = 1e-15;
  if (revenue.start > 0) figure.value = 100 * UnitsOf(numerator) / UnitsOf(revenue.start);
  return figure;
}

// Per engagement type the events of a customer with a half-life of 30 days, n, give
// 100 n / (n + saturation); weighted mean; mean over who has any.
Figure Naive::Engagement() const {
  constexpr std::array<double, 4> kWeights = {1, 2, 1.5, 3}, kSaturations = {10, 2, 8, 2};
  const Micros moment = std::min(window_.end, world_.as_of + 1);
  double sum = 0;
  Figure figure;
  if (window_.begin > world_.as_of) return figure;
  for (const auto& [name, events] : world_.people) {
    std::array<double, 4> amounts{};
    for (const EventColumns& event : events) {
      const int type = event.type;
      // Somebody else's conversion is no activity, but evidence.
      if (event.time >= moment || !(IsActivity(event) || type == 60)) continue;
      const int kind = type >= 1000 || type == 1  ? 2
                       : type >= 10 && type < 30  ? 0
                       : type >= 30 && type < 50  ? 1
                       : type >= 50 && type < 80  ? 2
                       : type >= 80 && type < 100 ? 3
                                                  : -1;
      if (kind < 0) continue;
      amounts[static_cast<size_t>(kind)] +=
          std::exp2(static_cast<double>(event.time - moment) / (30.0 * kDay));
    }
    double score = 0, weight = 0, any = 0;
    for (size_t i = 0; i < 4; ++i) {
      score += kWeights[i] * 100 * amounts[i] / (amounts[i] + kSaturations[i]);
      weight += kWeights[i];
      any += amounts[i];
    }
    if (any <= 0) continue;
    sum += score / weight;
    ++figure.sample;
  }
  if (figure.sample > 0) figure.value = sum / static_cast<double>(figure.sample);
  figure.tolerance = 1e-6;  // Scores are kept in millionths.
  return figure;
}

}  // namespace rapport::naive
