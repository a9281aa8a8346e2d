// SPDX-License-Identifier: Apache-2.0
// Figures of single events.
#include <algorithm>
#include <cmath>

#include "tests/unit/metrics/naive.h"

namespace rapport::naive {
namespace {

// 2024-03-31T01:00:00Z and 2024-10-27T01:00:00Z.
constexpr Micros kSummerBegins = 1'711'846'800 * kSecond;
constexpr Micros kSummerEnds = 1'729'990'800 * kSecond;

int64_t FloorDiv(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

double Score(const EventColumns& event, int scale) {
  const auto given = static_cast<double>(event.aux), score = static_cast<double>(event.value);
  if (event.type == 30 || event.aux == scale) return score;
  return 1 + (score - 1) * (scale - 1) / (given - 1);
}

Figure Ratio(double numerator, double denominator, int64_t sample, double factor) {
  Figure figure;
  figure.sample = sample;
  if (denominator > 0) figure.value = factor * numerator / denominator;
  figure.tolerance = 1e-15;
  return figure;
}

}  // namespace

int64_t DayOf(Zone zone, Micros time) {
  const bool summer = time >= kSummerBegins && time < kSummerEnds;
  const Micros ahead = zone == Zone::kUtc ? 0 : (summer ? 7200 : 3600) * kSecond;
  return FloorDiv(time + ahead, kDay);
}

Micros StartOf(Zone zone, int64_t day) {
  Micros at = (day - 1) * kDay;
  while (DayOf(zone, at) < day) at += 900 * kSecond;
  return at;
}

double UnitsOf(__int128 converted) {
  constexpr __int128 kNanos = 1'000'000'000;
  const bool negative = converted < 0;
  const __int128 size = negative ? -converted : converted;
  __int128 micros = size / kNanos;
  const __int128 rest = size % kNanos;
  if (rest * 2 > kNanos || (rest * 2 == kNanos && micros % 2 == 1)) ++micros;
  const auto units = static_cast<double>(static_cast<long double>(micros) / 1e6L);
  return negative ? -units : units;
}

Naive::Wanted Naive::Of(Types types) {
  return
      [types = std::move(types)](const EventColumns& event) { return types.contains(event.type); };
}

bool Naive::Inside(const EventColumns& event) const {
  return event.time >= window_.begin && event.time < window_.end &&
         (!window_.channel || event.channel == *window_.channel);
}

std::optional<__int128> Naive::Converted(const EventColumns& event) const {
  if (event.currency == 0 || event.currency == world_.base_currency) {
    return static_cast<__int128>(event.value) * 1'000'000'000;
  }
  std::optional<__int128> converted;
  for (const auto& [currency, day, nanos] : world_.rates) {
    if (currency == event.currency && day <= DayOf(world_.zone, event.time)) {
      converted = static_cast<__int128>(event.value) * nanos;
    }
  }
  return converted;
}

int64_t Naive::Count(const Types& types) const {
  int64_t count = 0;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      if (types.contains(event.type) && Inside(event)) ++count;
    }
  }
  return count;
}

Figure Naive::Number(const Types& types) const {
  const int64_t count = Count(types);
  return {static_cast<double>(count), count, 0};
}

Figure Naive::Percent(const Types& numerator, const Types& denominator) const {
  const int64_t all = Count(denominator);
  return Ratio(static_cast<double>(Count(numerator)), static_cast<double>(all), all, 100);
}

Figure Naive::Money(const Types& plus, const Types& less) const {
  __int128 sum = 0;
  int64_t amounts = 0;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      const auto money = Converted(event);
      if (!Inside(event) || !money) continue;
      if (plus.contains(event.type)) sum += *money, ++amounts;
      if (less.contains(event.type)) sum -= *money;
    }
  }
  return {UnitsOf(sum), amounts, 0};
}

Figure Naive::MoneyPerEvent(const Types& types) const {
  const Figure sum = Money(types, {});
  return Ratio(*sum.value, static_cast<double>(sum.sample), sum.sample, 1);
}

Figure Naive::NetPromoters() const {
  int64_t answers = 0, net = 0;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      if (event.type != 30 || !Inside(event)) continue;
      ++answers;
      net += event.value >= 9 ? 1 : event.value <= 6 ? -1 : 0;
    }
  }
  return Ratio(static_cast<double>(net), static_cast<double>(answers), answers, 100);
}

Figure Naive::ShareOfScores(int type, int scale, int from) const {
  int64_t answers = 0, high = 0;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      if (event.type != type || !Inside(event)) continue;
      ++answers;
      high += Score(event, scale) >= from - 1e-12 ? 1 : 0;
    }
  }
  return Ratio(static_cast<double>(high), static_cast<double>(answers), answers, 100);
}

Figure Naive::MeanScore(int type, int scale) const {
  int64_t answers = 0;
  double sum = 0;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      if (event.type != type || !Inside(event)) continue;
      ++answers;
      sum += Score(event, scale);
    }
  }
  Figure figure = Ratio(sum, static_cast<double>(answers), answers, 1);
  figure.tolerance = 1e-12;  // Mapped scores are no whole numbers.
  return figure;
}

Figure Naive::Reference(const Types& types, const std::string& series, bool flow) const {
  const int64_t count = Count(types);
  std::optional<double> reference;
  for (const auto& [day, value] : world_.references.at(series)) {
    if (day >= window_.end_day || (flow && day < window_.first_day)) continue;
    reference = flow ? reference.value_or(0) + value : value;
  }
  return Ratio(static_cast<double>(count), reference.value_or(0), count, 100);
}

Figure Naive::Distribution(std::vector<Micros> values, double quantile) const {
  Figure figure;
  figure.sample = static_cast<int64_t>(values.size());
  if (values.empty()) return figure;
  std::sort(values.begin(), values.end());
  if (quantile < 0) {
    __int128 sum = 0;
    for (const Micros value : values) sum += value;
    return Ratio(static_cast<double>(static_cast<long double>(sum) / 1e6L),
                 static_cast<double>(values.size()), figure.sample, 1);
  }
  // Linear between the two values around it (Hyndman and Fan's type 7).
  const double place = quantile * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - static_cast<double>(below);
  figure.value = (static_cast<double>(values[below]) * (1 - share) +
                  static_cast<double>(values[above]) * share) /
                 1e6;
  const std::set<Micros> distinct(values.begin(), values.end());
  // A sketch of more than 256 different values is within 1 %.
  figure.tolerance = distinct.size() > 256 ? 0.01 : 1e-12;
  return figure;
}

Figure Naive::Values(int type, double quantile) const {
  std::vector<Micros> values;
  for (const auto& [name, events] : world_.people) {
    for (const EventColumns& event : events) {
      if (event.type == type && Inside(event)) values.push_back(event.value);
    }
  }
  return Distribution(values, quantile);
}

Figure Naive::MeanFact() const {
  double sum = 0;
  for (const auto& [name, fact] : world_.facts) sum += fact;
  Figure figure = Ratio(sum, static_cast<double>(world_.facts.size()),
                        static_cast<int64_t>(world_.facts.size()), 1);
  figure.tolerance = 1e-12;
  return figure;
}

}  // namespace rapport::naive
