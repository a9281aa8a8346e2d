// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::value {
namespace {

constexpr double kLongestHorizonDays = 1e6;

absl::Status RequireAtLeastZero(const char* field, double value) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", "must be finite and >= 0");
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

double SimpleClv(double average_order_value, double orders_per_year, double years) {
  return average_order_value * orders_per_year * years;
}

double HistoricClv(Micros revenue_micros, Micros refund_micros, double margin) {
  return static_cast<double>(revenue_micros - refund_micros) / static_cast<double>(kMicrosPerUnit) *
         margin;
}

Micros ClvMicros(double clv) {
  constexpr double kLargest = 9.2e12;  // Units of currency that fit in Micros.
  const double units = std::clamp(clv, -kLargest, kLargest);
  return std::isnan(clv) ? 0 : std::llround(units * static_cast<double>(kMicrosPerUnit));
}

}  // namespace rapport::value
