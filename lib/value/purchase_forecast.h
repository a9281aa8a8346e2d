// SPDX-License-Identifier: Apache-2.0
// The future of one whole customer under any purchase model.
//
// A PurchaseModel answers for a customer known to be alive in a state; here the states
// are weighted by their probability and "has left" adds nothing but zeros. All times are
// days. Everything is computed directly (tens of microseconds a question): for many
// customers see lib/value/clv_scorer.h, whose curves agree to 1e-9.
//
// Horizons are in [0, kLongestHorizonDays]; others are moved to the nearest end (NaN to
// 0). Then every answer is finite, >= 0 and grows with the horizon.
//
// Next purchase: the first one in (T, T + kLongestHorizonDays], which stands for "ever".
// Given that one comes, its time has a median; its mean does not exist for slow buyers
// (Gamma shape r + x <= 1), so no mean is offered. Expected date = as_of + median.
//
// Pure; const functions are thread-safe. The model outlives the forecast.
//
//   ASSIGN_OR_RETURN(PurchaseForecast forecast, PurchaseForecast::Create(*model, history));
//   double quarter = forecast.ExpectedPurchases(90);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

inline constexpr double kLongestHorizonDays = 1e6;

// e^(-DiscountPerDay) each day is (1 + annual rate)^(-1 / 365). 0 for a rate <= 0.
double DiscountPerDay(double annual_rate);

struct NextPurchase {
  double probability = 0;  // That one ever comes.
  double median_days = 0;  // From as_of, given that one comes; 0 when probability is 0.
};
// Of the mixture `states` (probabilities need not add up to 1).
NextPurchase NextPurchaseOf(const PurchaseModel& model, std::span<const AliveState> states);

class PurchaseForecast {
 public:
  // InvalidArgument from ValidateHistory.
  static absl::StatusOr<PurchaseForecast> Create(const PurchaseModel& model,
                                                 const PurchaseHistory& history);

  double p_alive() const { return p_alive_; }
  bool alive_by_construction() const { return model_->AliveByConstruction(history_); }
  const std::vector<AliveState>& states() const { return states_; }

  // P(still a customer in `days`), whatever is bought until then.
  double PAliveAhead(double days) const;
  double ExpectedPurchases(double horizon_days) const;
  double ProbabilityOfPurchase(double horizon_days) const;
  // P(n purchases in the horizon), n = 0 .. max_count; having left counts under 0.
  std::vector<double> PurchaseCounts(double horizon_days, uint32_t max_count) const;
  // Discounted continuously, each purchase at its own moment.
  double DiscountedPurchases(double horizon_days, double annual_rate) const;
  // The same without end (DERT); needs annual_rate > 0, else 0.
  double DiscountedForever(double annual_rate) const;
  NextPurchase Next() const { return NextPurchaseOf(*model_, states_); }
  // Days since the last purchase after which P(alive) < bound; infinity when never.
  double SilenceDays(double bound) const { return model_->SilenceDays(history_, bound); }

 private:
  PurchaseForecast(const PurchaseModel& model, const PurchaseHistory& history);

  const PurchaseModel* model_;
  PurchaseHistory history_;
  std::vector<AliveState> states_;
  double p_alive_ = 0;
};

}  // namespace rapport::value
