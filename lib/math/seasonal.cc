// SPDX-License-Identifier: Apache-2.0
#include "lib/math/seasonal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include "lib/math/incomplete_beta.h"
#include "lib/math/robust.h"

namespace rapport::math {
namespace {

constexpr size_t kDays = static_cast<size_t>(kDaysOfSeason) * kSeasonsBack;
constexpr size_t kLeastDays = 28;
constexpr size_t kLeastOfWeekday = 4;
constexpr int kLevelDays = 14;
constexpr double kMadEfficiency = .37;  // Against the standard deviation, normal values.

// A day before the one judged: `back` >= 1 days before it, on the transformed scale.
struct Day {
  int back = 0;
  double value = 0;
  int weekday() const { return back % kDaysOfSeason; }  // 0: as the judged day.
};

double Forward(Transform transform, double value) {
  switch (transform) {
    case Transform::kCount:
      return 2 * std::sqrt(value + .375);
    case Transform::kAmount:
      return std::sqrt(value);
    case Transform::kNone:
      break;
  }
  return value;
}

double Backward(Transform transform, double value) {
  switch (transform) {
    case Transform::kCount:
      return std::fmax(0, std::pow(std::fmax(value, 0) / 2, 2) - .375);
    case Transform::kAmount:
      return std::pow(std::fmax(value, 0), 2);
    case Transform::kNone:
      break;
  }
  return value;
}

// A small error of a value near `expected`, on the transformed scale.
double ForwardError(Transform transform, double expected, double error) {
  switch (transform) {
    case Transform::kCount:
      return std::fmax(1, error / std::sqrt(expected + .375));
    case Transform::kAmount:
      return error > 0 ? error / (2 * std::sqrt(std::fmax(expected, error))) : 0;
    case Transform::kNone:
      break;
  }
  return error;
}

bool IsUsable(Transform transform, double value) {
  return std::isfinite(value) && (transform == Transform::kNone || value >= 0);
}

// nullopt when a value cannot be transformed.
std::optional<std::vector<Day>> ReadDays(std::span<const std::optional<double>> history,
                                         Transform transform) {
  std::vector<Day> days;
  const size_t count = std::min(history.size(), kDays);
  for (size_t i = history.size() - count; i < history.size(); ++i) {
    if (!history[i].has_value()) continue;
    if (!IsUsable(transform, *history[i])) return std::nullopt;
    days.push_back({static_cast<int>(history.size() - i), Forward(transform, *history[i])});
  }
  return days;
}

// Change per day by pairs of the same weekday.
double SeasonFreeSlope(std::span<const Day> days) {
  std::vector<double> slopes;
  for (size_t i = 0; i < days.size(); ++i) {
    for (size_t j = i + 1; j < days.size(); ++j) {
      const int apart = days[i].back - days[j].back;
      if (apart % kDaysOfSeason == 0) slopes.push_back((days[j].value - days[i].value) / apart);
    }
  }
  return Median(std::move(slopes)).value_or(0);
}

// By the mean deviation where the MAD is 0 because most of the values are the same
// (Iglewicz and Hoaglin 1993).
double SpreadOf(std::span<const double> rest) {
  const double sigma = MadSigma(rest, 0).value_or(0);
  if (sigma > 0 || rest.empty()) return sigma;
  double sum = 0;
  for (double value : rest) sum += std::fabs(value);
  return std::sqrt(std::numbers::pi / 2) * sum / static_cast<double>(rest.size());
}

struct Baseline {
  double expected = 0;
  double spread = 0;
  double variance_factor = 1;  // Of a prediction, in squared spreads.
  double degrees = 1;
};

// `days` have the slope taken out; enough of the judged weekday.
Baseline BaselineOf(std::vector<Day> days) {
  std::array<std::vector<double>, kDaysOfSeason> by_weekday;
  for (const Day& day : days) by_weekday[static_cast<size_t>(day.weekday())].push_back(day.value);
  std::array<double, kDaysOfSeason> weekday{};
  double fitted = 1;  // Level, and each weekday seen.
  for (size_t i = 0; i < by_weekday.size(); ++i) {
    const std::optional<double> median = Median(by_weekday[i]);
    weekday[i] = median.value_or(0);
    if (median.has_value()) ++fitted;
  }
  std::vector<double> rest, recent;
  for (const Day& day : days) {
    rest.push_back(day.value - weekday[static_cast<size_t>(day.weekday())]);
    if (day.back <= kLevelDays) recent.push_back(rest.back());
  }
  const double level = Median(recent).value_or(0);
  const auto n = static_cast<double>(rest.size());
  const double of_weekday = static_cast<double>(by_weekday[0].size());
  const double of_level = recent.empty() ? kLevelDays : static_cast<double>(recent.size());
  Baseline base;
  base.expected = weekday[0] + level;
  // Medians pass through or beside values, which shortens the middle distance by more than
  // the square root that means would: unbiased within 2 % for 5 to 13 weeks (simulated).
  base.spread = SpreadOf(rest) * n / (n - fitted - 2);
  base.variance_factor = 1 + std::numbers::pi / 2 * (1 / of_weekday + 1 / of_level) + 3.3 / n;
  base.degrees = kMadEfficiency * (n - 2 * fitted);
  return base;
}

}  // namespace

SeasonalJudgement JudgeDay(std::span<const std::optional<double>> history, double value,
                           const SeasonalOptions& options) {
  const Transform transform = options.transform;
  std::optional<std::vector<Day>> days = ReadDays(history, transform);
  if (!days.has_value() || !IsUsable(transform, value) || days->size() < kLeastDays ||
      !(options.confidence > 0 && options.confidence < 1) || !(options.sampling_error >= 0)) {
    return {};
  }
  const auto same =
      std::count_if(days->begin(), days->end(), [](const Day& day) { return day.weekday() == 0; });
  if (static_cast<size_t>(same) < kLeastOfWeekday) return {};
  const double slope = SeasonFreeSlope(*days);
  for (Day& day : *days) day.value += slope * day.back;
  const Baseline base = BaselineOf(std::move(*days));

  SeasonalJudgement result;
  result.enough_history = true;
  result.expected = Backward(transform, base.expected);
  const double least = ForwardError(transform, result.expected, options.sampling_error);
  const double error = std::fmax(base.spread, least) * std::sqrt(base.variance_factor);
  if (!(error > 0)) return {};
  const double half = StudentTwoSidedT(options.confidence, base.degrees) * error;
  result.low = std::fmax(options.minimum, Backward(transform, base.expected - half));
  result.high = std::fmin(options.maximum, Backward(transform, base.expected + half));
  result.expected = std::clamp(result.expected, result.low, std::fmax(result.low, result.high));
  const double away = Forward(transform, value) - base.expected;
  result.deviations = away / error;
  result.p_value = StudentTwoSided(result.deviations, base.degrees);
  result.outside = value < result.low || value > result.high;
  return result;
}

}  // namespace rapport::math
