// SPDX-License-Identifier: Apache-2.0
// Customers drawn from MBG/NBD whose rate of buying depends on attributes: `plan` gold
// (one in three) buys exp(kGold) times as often, and each standard deviation of `age`
// exp(kAge) times.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "lib/facts/reports.h"

namespace rapport::facts {

inline constexpr double kGold = 0.7, kAge = 0.3;
inline constexpr double kAgeMean = 40, kAgeDeviation = 10;
inline constexpr double kRate = 0.8, kAlpha = 6, kLeaveA = 0.8, kLeaveB = 2.5;

// One customer's purchases in weeks of days, T uniform in 30 to 52 weeks.
inline value::PurchaseHistory DrawMbg(double factor, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform;
  const double rate = std::gamma_distribution<double>(kRate, 1 / kAlpha)(random) * factor;
  const double a = std::gamma_distribution<double>(kLeaveA)(random);
  const double leave = a / (a + std::gamma_distribution<double>(kLeaveB)(random));
  const double weeks = 30 + 22 * uniform(random);
  value::PurchaseHistory history;
  history.age_days = std::round(weeks * 7);
  double time = 0;
  while (uniform(random) >= leave) {
    time += std::exponential_distribution<double>(rate)(random);
    if (time > weeks) break;
    ++history.frequency;
    history.recency_days = std::min(history.age_days, std::max(1.0, std::round(time * 7)));
  }
  history.repeat_value_micros = history.frequency * int64_t{20'000'000};
  return history;
}

// `customers` of them; every tenth has no age.
inline FitInput SimulateTraits(int customers, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  FitInput input;
  input.as_of_day = 20'000;
  input.holdout_start = input.as_of_day;  // No holdout.
  input.attributes = AttributeColumns({"age", "plan"});
  for (int i = 0; i < customers; ++i) {
    const bool gold = i % 3 == 0, has_age = i % 10 != 0;
    const double deviations = normal(random);
    Attributes attributes;
    attributes["plan"] = std::string(gold ? "gold" : "basic");
    if (has_age) attributes["age"] = kAgeMean + kAgeDeviation * deviations;
    const double age_effect = has_age ? kAge * deviations : 0;
    input.histories.push_back(DrawMbg(std::exp((gold ? kGold : 0) + age_effect), random));
    input.channels.push_back(v1::CHANNEL_WEB);
    input.attributes.Add(attributes);
    input.purchases_by_day
        .first[input.as_of_day - static_cast<CivilDays>(input.histories.back().age_days)] += 1;
  }
  return input;
}

}  // namespace rapport::facts
