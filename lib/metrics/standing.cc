// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/standing.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/errors.h"

namespace rapport::metrics {
namespace {

constexpr double kDevelopingBelow = 10;
constexpr double kLeaderFrom = 90;

std::vector<PublishedValue> ByPercentile(std::span<const PublishedValue> published) {
  std::vector<PublishedValue> sorted(published.begin(), published.end());
  std::sort(sorted.begin(), sorted.end(), [](const PublishedValue& a, const PublishedValue& b) {
    return a.percentile < b.percentile;
  });
  return sorted;
}

bool Meets(double value, double target, math::Better better) {
  return better == math::Better::kLower ? value <= target : value >= target;
}

bool IsSumUpwards(const GoalState& state) {
  return state.measure == GoalMeasure::kSum && state.better == math::Better::kHigher;
}

double Cut(double value, const GoalState& state) {
  if (state.maximum.has_value()) value = std::fmin(value, *state.maximum);
  if (state.minimum.has_value()) value = std::fmax(value, *state.minimum);
  return value;
}

constexpr size_t kTrendPoints = 3;

std::optional<double> ProjectionOf(const GoalState& state, double elapsed) {
  if (!state.current.has_value()) return std::nullopt;
  if (elapsed >= 1) return state.current;
  if (state.measure == GoalMeasure::kSum) {
    if (elapsed <= 0) return std::nullopt;
    return Cut(*state.current / elapsed, state);
  }
  const double slope =
      state.points.size() < kTrendPoints ? 0 : math::TheilSenSlope(state.points).value_or(0);
  const double days_to_go = state.total_days - std::fmax(0, state.elapsed_days);
  const double weight = state.measure == GoalMeasure::kPeriod ? .5 : 1;
  return Cut(*state.current + weight * slope * days_to_go, state);
}

std::optional<double> AttainmentOf(const GoalState& state, std::optional<double> projection) {
  const bool sum = state.measure == GoalMeasure::kSum;
  // A ceiling for a sum is judged by where the sum is heading.
  const std::optional<double> value = sum && !IsSumUpwards(state) ? projection : state.current;
  if (!value.has_value()) return std::nullopt;
  const bool met = Meets(*value, state.target, state.better);
  const std::optional<double> baseline = IsSumUpwards(state) ? 0 : state.baseline;
  if (!baseline.has_value()) return met ? std::optional<double>(1) : std::nullopt;
  if (Meets(*baseline, state.target, state.better)) return met ? 1 : 0;
  return (*value - *baseline) / (state.target - *baseline);
}

}  // namespace

Tier TierOf(double percentile) {
  if (std::isnan(percentile)) return Tier::kUnknown;
  if (percentile < kDevelopingBelow) return Tier::kDeveloping;
  if (percentile < 25) return Tier::kEntry;
  if (percentile < 50) return Tier::kEmerging;
  if (percentile < 75) return Tier::kCompetitor;
  if (percentile < kLeaderFrom) return Tier::kStrong;
  return Tier::kLeader;
}

absl::Status CheckPublished(std::span<const PublishedValue> published) {
  for (const PublishedValue& figure : published) {
    if (!(figure.percentile > 0 && figure.percentile < 100)) {
      return InvalidField("percentile", "OUT_OF_RANGE", "must be above 0 and below 100");
    }
    if (!std::isfinite(figure.value)) {
      return InvalidField("value", "NOT_FINITE", "must be a finite number");
    }
  }
  const std::vector<PublishedValue> sorted = ByPercentile(published);
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].percentile == sorted[i - 1].percentile) {
      return InvalidField("percentile", "DUPLICATE_PERCENTILE", "two values for one percentile");
    }
    if (sorted[i].value < sorted[i - 1].value) {
      return InvalidField("value", "NOT_MONOTONE", "must not fall as the percentile rises");
    }
  }
  return absl::OkStatus();
}

Standing StandingOf(double value, std::span<const PublishedValue> published, math::Better better) {
  if (published.empty() || !std::isfinite(value) || !CheckPublished(published).ok()) return {};
  std::vector<PublishedValue> figures(published.begin(), published.end());
  if (better == math::Better::kLower) {
    value = -value;
    for (PublishedValue& figure : figures) figure = {100 - figure.percentile, -figure.value};
  }
  figures = ByPercentile(figures);
  // The first figure better than the value.
  const auto above =
      std::upper_bound(figures.begin(), figures.end(), value,
                       [](double v, const PublishedValue& figure) { return v < figure.value; });
  if (above == figures.begin()) {
    const bool low = above->percentile <= kDevelopingBelow;
    return {std::nullopt, low ? Tier::kDeveloping : Tier::kUnknown};
  }
  const PublishedValue& from = *(above - 1);
  if (from.value == value) return {from.percentile, TierOf(from.percentile)};
  if (above == figures.end()) {
    const bool high = from.percentile >= kLeaderFrom;
    return {std::nullopt, high ? Tier::kLeader : Tier::kUnknown};
  }
  const double share = (value - from.value) / (above->value - from.value);
  const double percentile = from.percentile + share * (above->percentile - from.percentile);
  return {percentile, TierOf(percentile)};
}

GoalProgress ProgressOf(const GoalState& state) {
  GoalProgress progress;
  if (state.total_days > 0) {
    progress.elapsed = std::clamp(state.elapsed_days / state.total_days, 0.0, 1.0);
  }
  progress.projection = ProjectionOf(state, progress.elapsed);
  progress.attainment = AttainmentOf(state, progress.projection);
  if (!state.current.has_value()) return progress;
  const bool met = Meets(*state.current, state.target, state.better);
  progress.reached = met && (progress.elapsed >= 1 || IsSumUpwards(state));
  progress.on_track = progress.reached || (progress.projection.has_value() &&
                                           Meets(*progress.projection, state.target, state.better));
  return progress;
}

}  // namespace rapport::metrics
