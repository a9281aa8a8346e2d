// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/special.h"
#include "lib/math/stats.h"

namespace rapport::value {
namespace {

constexpr double kLongestHorizonDays = 1e6;

absl::Status RequireAtLeastZero(const char* field, double value) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", "must be finite and >= 0");
}

// A log-normal by mean and variance of its logarithm.
struct LogNormal {
  double mean = 0;
  double variance = 0;
  double Quantile(double p) const {
    return std::exp(mean + std::sqrt(variance) * math::NormalQuantile(p));
  }
};

// The log-normal with this mean and squared coefficient of variation.
LogNormal WithMoments(double mean, double squared_variation) {
  const double variance = std::log1p(std::max(0.0, squared_variation));
  return {std::log(mean) - variance / 2, variance};
}

}  // namespace

std::string_view SpendReasonText(SpendReason reason) {
  switch (reason) {
    case SpendReason::kNone:
      return "";
    case SpendReason::kFrequencyCorrelated:
      return "order value depends on order frequency, so a plain mean is used";
    case SpendReason::kNotEnoughData:
      return "too few repeat buyers with a positive value, so a plain mean is used";
    case SpendReason::kNotConverged:
      return "the spend fit did not converge, so a plain mean is used";
    case SpendReason::kNotIdentified:
      return "the data do not hold the spend parameters, so a plain mean is used";
    case SpendReason::kNoPopulationMean:
      return "the spend model has no population mean (q <= 1), so a plain mean is used";
  }
  return "";
}

ExpectedSpend ExpectedSpendOf(const SpendModel& spend, const PurchaseHistory& history) {
  SpendReason reason = spend.reason;
  if (spend.gamma_gamma.has_value()) {
    const std::optional<double> value = spend.gamma_gamma->ExpectedMeanValue(history);
    if (value.has_value()) return {*value, SpendBasis::kGammaGamma, SpendReason::kNone};
    reason = SpendReason::kNoPopulationMean;
  }
  if (history.mean_value() > 0) return {history.mean_value(), SpendBasis::kPlainMean, reason};
  if (spend.plain_mean > 0) return {spend.plain_mean, SpendBasis::kPlainMean, reason};
  return {0, SpendBasis::kUnknown, reason};
}

absl::Status ValidateClvOptions(const ClvOptions& options) {
  RETURN_IF_ERROR(RequireAtLeastZero("horizon_days", options.horizon_days));
  if (options.horizon_days > kLongestHorizonDays) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be at most 1,000,000");
  }
  RETURN_IF_ERROR(RequireAtLeastZero("annual_discount_rate", options.annual_discount_rate));
  RETURN_IF_ERROR(RequireAtLeastZero("margin", options.margin));
  if (options.interval_level > 0 && options.interval_level < 1) return absl::OkStatus();
  return InvalidField("interval_level", "OUT_OF_RANGE", "must be between 0 and 1");
}

ClvScorer::ClvScorer(const BgNbd& purchases, const SpendModel& spend, const ClvOptions& options)
    : horizon_(purchases, options.horizon_days, options.annual_discount_rate),
      spend_(spend),
      options_(options),
      low_tail_((1 - options.interval_level) / 2) {}

absl::StatusOr<CustomerValue> ClvScorer::Score(const PurchaseHistory& history) {
  RETURN_IF_ERROR(ValidateHistory(history));
  const AliveFuture future = horizon_.At(history.frequency, history.age_days);
  CustomerValue value;
  value.p_alive = horizon_.model().PAlive(history);
  value.alive_by_construction = BgNbd::AliveByConstruction(history);
  value.expected_purchases = value.p_alive * future.purchases;
  value.probability_of_purchase =
      horizon_.model().ProbabilityOfPurchase(history, options_.horizon_days);
  value.spend = ExpectedSpendOf(spend_, history);
  value.clv = value.p_alive * future.discounted_purchases * value.spend.mean_value *
              options_.margin;
  SetInterval(history, future, value);
  return value;
}

const ClvScorer::SpendSpread& ClvScorer::SpreadOf(uint32_t frequency) {
  const auto [it, is_new] = spreads_.try_emplace(frequency);
  if (is_new) {
    const GammaGammaParameters& p = spend_.gamma_gamma->parameters();
    const double shape = p.q + p.p * frequency;
    it->second = {math::Digamma(shape), math::Trigamma(shape)};
  }
  return it->second;
}

// See the header for the approximation; all quantities are given at least one purchase.
void ClvScorer::SetInterval(const PurchaseHistory& history, const AliveFuture& future,
                            CustomerValue& value) {
  const double any = value.probability_of_purchase;
  const double none = 1 - any;
  if (none >= 1 - low_tail_ || value.clv <= 0) return;
  const double given_any = value.p_alive / any;
  const double count = std::max(1.0, given_any * future.purchases);
  const double pairs = given_any * future.purchase_pairs;
  const double count_variation = std::max(0.0, pairs + count - count * count) / (count * count);
  LogNormal total;
  if (value.spend.basis == SpendBasis::kGammaGamma) {
    const GammaGammaParameters& p = spend_.gamma_gamma->parameters();
    const bool own = history.mean_value() > 0;
    const SpendSpread& spread = SpreadOf(own ? history.frequency : 0);
    const double scale = p.gamma + (own ? history.frequency * history.mean_value() : 0);
    total = WithMoments(p.p * count, count_variation + 1 / (p.p * count));
    total.mean += std::log(scale) - spread.log_mean;
    total.variance += spread.log_variance;
  } else {
    total = WithMoments(count * value.spend.mean_value, count_variation);
  }
  const double kept = options_.margin * future.discounted_purchases / future.purchases;
  if (low_tail_ > none) value.clv_low = kept * total.Quantile((low_tail_ - none) / any);
  value.clv_high = kept * total.Quantile((1 - low_tail_ - none) / any);
}

double SimpleClv(double average_order_value, double orders_per_year, double years) {
  return average_order_value * orders_per_year * years;
}

double HistoricClv(Micros revenue_micros, Micros refund_micros, double margin) {
  return static_cast<double>(revenue_micros - refund_micros) /
         static_cast<double>(kMicrosPerUnit) * margin;
}

Micros ClvMicros(double clv) {
  constexpr double kLargest = 9.2e12;  // Units of currency that fit in Micros.
  const double units = std::clamp(clv, -kLargest, kLargest);
  return std::isnan(clv) ? 0 : std::llround(units * static_cast<double>(kMicrosPerUnit));
}

}  // namespace rapport::value
