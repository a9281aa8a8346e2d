// SPDX-License-Identifier: Apache-2.0
// What customer lifetime value is made of beside purchases: the value of a purchase, the
// horizon, discounting and margin; simple and historic CLV. Predicted CLV of a customer
// is in lib/value/clv_scorer.h.
//
// Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/money.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/rfm.h"

namespace rapport::value {

// Where an expected purchase value comes from. Numbers are stored.
enum class SpendBasis : uint8_t {
  kGammaGamma = 1,
  kPlainMean = 2,  // Own mean of a repeater; mean of all repeat purchases otherwise.
  kUnknown = 3,    // No repeat purchase anywhere: no value, CLV 0.
};

// Why the basis is not kGammaGamma. Numbers are stored.
enum class SpendReason : uint8_t {
  kNone = 0,
  kFrequencyCorrelated = 1,  // Value depends on frequency: the model's assumption fails.
  kNotEnoughData = 2,
  kNotConverged = 3,
  kNotIdentified = 4,
  kNoPopulationMean = 5,  // q <= 1 and a customer without repeat purchases.
};
std::string_view SpendReasonText(SpendReason reason);

// How purchases are valued. Without a Gamma-Gamma model, `reason` says why.
struct SpendModel {
  std::optional<GammaGamma> gamma_gamma = std::nullopt;
  double plain_mean = 0;  // Mean value of all repeat purchases, currency units.
  SpendReason reason = SpendReason::kNone;
};

struct ExpectedSpend {
  double mean_value = 0;  // Currency units, >= 0.
  SpendBasis basis = SpendBasis::kUnknown;
  SpendReason reason = SpendReason::kNone;
};
ExpectedSpend ExpectedSpendOf(const SpendModel& spend, const PurchaseHistory& history);

struct ClvOptions {
  double horizon_days = 365;
  double annual_discount_rate = 0.10;
  double margin = 1.0;           // Share of value that is kept; CLV is revenue at 1.
  double interval_level = 0.80;  // Two-sided, of the customer's own future.
};

// InvalidArgument naming the option (horizon_days, annual_discount_rate, margin,
// interval_level) unless horizon is in [0, 1e6], rate and margin are finite and >= 0, and
// the level lies in (0, 1).
absl::Status ValidateClvOptions(const ClvOptions& options);

// Average order value x orders a year x years: 100 x 12 x 1 = 1,200.
double SimpleClv(double average_order_value, double orders_per_year, double years);
// Value to date net of refunds, times margin, in currency units.
double HistoricClv(Micros revenue_micros, Micros refund_micros, double margin = 1.0);

// Value deciles (10 best) are math::RankCuts over CLV in whole micros of currency:
//   histogram.Add(ClvMicros(value.clv)); ... RankCuts::Make(histogram, 10, kHigher)
Micros ClvMicros(double clv);

}  // namespace rapport::value
