// SPDX-License-Identifier: Apache-2.0
#include "lib/value/retention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/beta_ratio.h"

namespace rapport::value {
namespace {

constexpr double kLogFar = 600;  // t^c is kept below e^600.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

absl::Status RequirePositive(std::string_view field, double value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidField(field, "NOT_POSITIVE", "must be finite and > 0");
}

}  // namespace

std::string_view NameOf(RetentionKind kind) {
  return kind == RetentionKind::kBetaDiscreteWeibull ? "bdw" : "sbg";
}

absl::StatusOr<RetentionModel> RetentionModel::Create(const RetentionParameters& parameters) {
  RETURN_IF_ERROR(RequirePositive("alpha", parameters.alpha));
  RETURN_IF_ERROR(RequirePositive("beta", parameters.beta));
  RETURN_IF_ERROR(RequirePositive("c", parameters.c));
  return RetentionModel(parameters);
}

// (t + periods)^c - t^c.
double RetentionModel::StretchedStep(double t, double periods) const {
  const double c = parameters_.c;
  if (c == 1 || periods <= 0) return periods;
  return t == 0 ? std::pow(periods, c) : std::pow(t, c) * std::expm1(c * std::log1p(periods / t));
}

// Given survival, the chance to stay is Beta(beta + t^c, alpha).
double RetentionModel::LogStillThere(double survived, double periods) const {
  const auto [alpha, beta, c] = parameters_;
  if (periods <= 0) return 0;
  // Beyond, S is the pure power t^-(alpha c) to the last digit.
  if (c * std::log(survived) > kLogFar) return -alpha * c * std::log1p(periods / survived);
  const double log_end = c * std::log(survived + periods);
  const double beyond = std::max(0.0, log_end - kLogFar);
  const double step = beyond > 0 ? std::exp(kLogFar) : StretchedStep(survived, periods);
  const double start = c == 1 ? survived : std::pow(survived, c);
  return math::LogBetaRatio(alpha, beta + start, step) - alpha * beyond;
}

double RetentionModel::Survival(double periods) const {
  return std::exp(LogStillThere(0, periods));
}

double RetentionModel::RetentionRate(double t) const { return StillThere(std::max(0.0, t - 1), 1); }

double RetentionModel::ChurnAt(double t) const {
  const double before = std::max(0.0, t - 1);
  return -Survival(before) * std::expm1(LogStillThere(before, 1));
}

double RetentionModel::StillThere(double survived, double periods) const {
  return std::exp(LogStillThere(survived, periods));
}

std::optional<double> RetentionModel::ExpectedRenewals(double survived, double horizon) const {
  return DiscountedRenewals(survived, 0, horizon);
}

std::optional<double> RetentionModel::DiscountedRenewals(double survived, double rate_per_period,
                                                         double horizon) const {
  const double decay = std::log1p(std::max(0.0, rate_per_period));
  // S(t) falls as t^-(alpha c) in the end.
  if (std::isinf(horizon) && decay == 0 && parameters_.alpha * parameters_.c <= 1) {
    return std::nullopt;
  }
  const double count = std::floor(std::max(0.0, horizon));
  const double sum =
      parameters_.c == 1
          ? math::SumBetaMoments(parameters_.alpha, parameters_.beta + survived, count, decay)
          : math::SumSeries(
                [&](double k) { return std::exp(LogStillThere(survived, k + 1) - decay * k); },
                math::CountWithDecay(count, decay));
  if (!std::isfinite(sum)) return std::nullopt;
  return sum;
}

std::optional<double> RetentionModel::Derl(double survived, double rate_per_period) const {
  return DiscountedRenewals(survived, rate_per_period, kInfinity);
}

std::optional<double> RetentionModel::Del(double rate_per_period) const {
  const std::optional<double> later = Derl(0, rate_per_period);
  if (!later.has_value()) return std::nullopt;
  return 1 + *later / (1 + std::max(0.0, rate_per_period));
}

std::optional<double> RetentionModel::ResidualValue(double survived, double rate_per_period,
                                                    double value_per_period) const {
  const std::optional<double> periods = Derl(survived, rate_per_period);
  if (!periods.has_value()) return std::nullopt;
  return *periods * value_per_period;
}

}  // namespace rapport::value
