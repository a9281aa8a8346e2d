// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/value/retention_fit.h"

namespace rapport::value {
namespace {

constexpr double kStep = 1e-4;  // Of a log parameter: relative error of a slope about 1e-8.

using Answer = absl::FunctionRef<std::optional<double>(const RetentionModel&)>;

// The answer with log parameter i moved.
std::optional<double> Moved(const RetentionFit& fit, size_t i, double step, Answer answer) {
  RetentionParameters p = fit.model.parameters();
  (i == 0 ? p.alpha : i == 1 ? p.beta : p.c) *= std::exp(step);
  const auto model = RetentionModel::Create(p);
  return model.ok() ? answer(*model) : std::nullopt;
}

bool HasErrors(const RetentionFit& fit) {
  const size_t n = fit.summary.parameters.size();
  return fit.covariance.size() == n * n && fit.summary.identified();
}

// Standard error of an answer that is already on the scale on which it is normal.
std::optional<double> StandardError(const RetentionFit& fit, Answer answer) {
  if (!HasErrors(fit)) return std::nullopt;
  const std::optional<double> variance = ParameterVariance(fit, ParameterSlopesOf(fit, answer));
  return variance ? std::optional(std::sqrt(*variance)) : std::nullopt;
}

bool Proper(double confidence) { return confidence > 0 && confidence < 1; }

}  // namespace

std::vector<double> ParameterSlopesOf(const RetentionFit& fit, Answer answer) {
  std::vector<double> slopes;
  for (size_t i = 0; i < fit.summary.parameters.size(); ++i) {
    const std::optional<double> up = Moved(fit, i, kStep, answer);
    const std::optional<double> down = Moved(fit, i, -kStep, answer);
    if (!up.has_value() || !down.has_value()) return {};
    slopes.push_back((*up - *down) / (2 * kStep));
  }
  return slopes;
}

std::optional<double> ParameterVariance(const RetentionFit& fit, std::span<const double> slopes) {
  const size_t n = fit.summary.parameters.size();
  if (!HasErrors(fit) || slopes.size() != n) return std::nullopt;
  double variance = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) variance += slopes[i] * fit.covariance[i * n + j] * slopes[j];
  }
  return std::isfinite(variance) ? std::optional(std::max(0.0, variance)) : std::nullopt;
}

std::optional<math::Interval> ChanceInterval(
    const RetentionFit& fit, double confidence,
    absl::FunctionRef<double(const RetentionModel&)> answer) {
  if (!Proper(confidence)) return std::nullopt;
  const double p = answer(fit.model);
  if (!(p > 0 && p < 1)) {
    // Certain whatever the parameters (no time passes), or too small to tell from it.
    return math::Interval{p, p, p};
  }
  const std::optional<double> error =
      StandardError(fit, [&](const RetentionModel& model) -> std::optional<double> {
        const double moved = answer(model);
        if (!(moved > 0 && moved < 1)) return std::nullopt;
        return std::log(-std::log(moved));
      });
  if (!error.has_value()) return std::nullopt;
  const double factor = std::exp(math::TwoSidedZ(confidence) * *error);
  return math::Interval{p, std::pow(p, factor), std::pow(p, 1 / factor)};
}

std::optional<math::Interval> AmountInterval(const RetentionFit& fit, double confidence,
                                             Answer answer) {
  if (!Proper(confidence)) return std::nullopt;
  const std::optional<double> amount = answer(fit.model);
  if (!amount.has_value()) return std::nullopt;
  if (*amount <= 0) return math::Interval{*amount, *amount, *amount};
  const std::optional<double> error =
      StandardError(fit, [&](const RetentionModel& model) -> std::optional<double> {
        const std::optional<double> moved = answer(model);
        if (!moved.has_value() || *moved <= 0) return std::nullopt;
        return std::log(*moved);
      });
  if (!error.has_value()) return std::nullopt;
  const double factor = std::exp(math::TwoSidedZ(confidence) * *error);
  return math::Interval{*amount, *amount / factor, *amount * factor};
}

std::optional<math::Interval> SurvivalInterval(const RetentionFit& fit, double periods,
                                               double confidence) {
  return ChanceInterval(fit, confidence,
                        [&](const RetentionModel& model) { return model.Survival(periods); });
}

std::optional<math::Interval> DerlInterval(const RetentionFit& fit, double survived,
                                           double rate_per_period, double confidence) {
  return AmountInterval(fit, confidence, [&](const RetentionModel& model) {
    return model.Derl(survived, rate_per_period);
  });
}

}  // namespace rapport::value
