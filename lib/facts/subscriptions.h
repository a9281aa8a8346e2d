// SPDX-License-Identifier: Apache-2.0
// Subscriptions: what they have paid, and what they will.
//
// A subscription renews every `subscription_period_days` from its start. It pays, at its
// start and at each renewal, its monthly recurring revenue of that day x 12 x days of a
// period / 365. Events without an amount leave it as it was; an amount in another currency
// counts 0, as such orders do. With n renewals made, the next one due in w days, v = (1 +
// annual rate)^(-1 / 365), d the days of a period and S the retention model of the start
// month (else of all):
//   renewals in the horizon h   K = 1 + floor((h - w) / d) are due, 0 when w > h
//   expected                    sum for k = 1..K of S(n + k) / S(n)
//   discounted                  v^w x sum for k = 1..K of v^(d (k - 1)) S(n + k) / S(n)
//   without end                 v^w x DERL(n) (lib/value/retention.h)
// times payment times margin. Ranges: of the parameters by the delta method on the
// logarithm; of the customer's own future exact for one subscription, several taken as
// independent with their distances from the mean added in squares.
//
// Not thread-safe (futures are kept). Cost: about 0.2 us for a future seen before; a new
// one about 0.2 ms (sbg) or 5 ms (bdw).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lib/facts/facts.h"
#include "lib/facts/retention_fits.h"
#include "lib/math/stats.h"
#include "lib/value/clv_scorer.h"

namespace rapport::facts {

// Subscriptions started up to `day`, as of its end, in the order of their starts.
std::vector<Subscription> SubscriptionsAt(const Settings& settings, const Fold& fold,
                                          CivilDays day);

// What a subscription pays at a renewal, in currency units.
double PaymentOf(const Settings& settings, Micros monthly);

// When a subscription that has run for `days` renews.
struct RenewalTimes {
  int32_t made = 0;
  int32_t wait_days = 0;  // To the next one, 1 to a period.
  int32_t due = 0;        // Within the horizon.
};
RenewalTimes RenewalTimesOf(const Settings& settings, int32_t days);
// Those within the horizon when the next one is so many days off.
int32_t RenewalsDue(const Settings& settings, int32_t wait_days);

// P(it ends within the churn horizon) = 1 - S(n + churn horizon / d) / S(n), with its 95 %
// range from the parameters where the fit has one.
math::Interval ChurnOf(const Settings& settings, const value::RetentionFit& fit, int32_t days);

// The future of a subscription that pays 1 at each renewal.
struct SubscriptionFuture {
  int fit = -1;  // Index in RetentionFits.
  RenewalTimes times;
  double expected = 0;
  double discounted = 0;
  double variance = 0;                  // Of the discounted payments, own future.
  double low = 0, high = 0;             // Quantiles of them, own future.
  std::vector<double> slopes;           // d discounted / d log parameter.
  std::optional<double> residual;       // Without end; nullopt when infinite.
  std::vector<double> residual_slopes;  // As slopes.
  math::Interval churn;
};

// One running subscription's part of a customer's value, for sums over customers.
struct SubscriptionPart {
  double unit = 0;  // What its future is multiplied by: payment x margin, currency units.
  const SubscriptionFuture* future = nullptr;
};

struct SubscriptionScore {
  double value = 0;  // Currency units over the horizon.
  std::optional<double> residual = 0;
  value::MoneyInterval own, mean, combined;
  std::optional<math::Interval> churn;  // All running ones end; nullopt without a fit.
};

class SubscriptionScorer {
 public:
  // Level of the ranges of money.
  static constexpr double kLevel = 0.80;

  SubscriptionScorer(const Settings& settings, const v1::ValueModel& model);

  const RetentionFits& fits() const { return fits_; }
  // nullptr without a usable fit; else valid as long as the scorer.
  const SubscriptionFuture* FutureOf(const SubscriptionSpell& spell);
  // Fills `out`; `parts()` are then those of these subscriptions.
  SubscriptionScore Score(std::span<const Subscription> subscriptions, v1::SubscriptionValue& out);
  const std::vector<SubscriptionPart>& parts() const { return parts_; }
  // Predicted value alone, currency units.
  double Predicted(std::span<const Subscription> subscriptions);

 private:
  SubscriptionFuture Foretell(int fit, int32_t days) const;
  void AddRunning(const Subscription& subscription, v1::SubscriptionValue& out);
  SubscriptionScore Sum(v1::SubscriptionValue& out) const;
  // Standard deviation of a sum from the parameters; nullopt when not known.
  std::optional<double> ParameterError(std::vector<double> SubscriptionFuture::*slopes) const;

  Settings settings_;
  RetentionFits fits_;
  std::string currency_;
  std::map<std::pair<int, int32_t>, SubscriptionFuture> futures_;  // By fit and days.
  std::vector<SubscriptionPart> parts_;
};

// The sum of two independent amounts, distances from the means added in squares.
value::MoneyInterval JoinRanges(double a, const value::MoneyInterval& range_a, double b,
                                const value::MoneyInterval& range_b);

}  // namespace rapport::facts
