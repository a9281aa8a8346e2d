// SPDX-License-Identifier: Apache-2.0
// Contractual retention: how long subscribers stay who must renew, period by period.
//
// Nobody churns unseen here. Each customer has a chance to leave at a renewal; chances
// differ as a Beta(alpha, beta), so those who are still there are more and more the loyal
// ones and the retention rate of a cohort rises with time. Models, with S(t) the share
// that survives t renewals:
//   shifted-beta-geometric  S(t) = B(alpha, beta + t) / B(alpha, beta): the chance is the
//     same at every renewal. Fader and Hardie 2007, J. of Interactive Marketing 21(1).
//   beta-discrete-Weibull   S(t) = B(alpha, beta + t^c) / B(alpha, beta): own chances grow
//     (c > 1) or fall (c < 1) with time; c = 1 is the above. Fader, Hardie, Liu, Davin,
//     Steenburgh 2018, J. of Interactive Marketing 43.
//
// Time is counted in renewal periods, and ages, `survived`, is the number of renewals a
// customer has made: 0 for a customer just acquired. Arguments are >= 0 (ages up to 1e12)
// and every answer is finite and >= 0, for any valid parameters. Discounted answers count
// the next renewal, now due, in full (Fader and Hardie 2010, Marketing Science 29(1):
// DERL): one period later counts 1 / (1 + rate_per_period).
//
// Pure; thread-safe. Cost: 0.5 us for a survival; an infinite sum 20 us (sbg) or
// 0.2 to 0.6 ms (bdw). Fits
// are in lib/value/retention_fit.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

namespace rapport::value {

// Numbers are stored.
enum class RetentionKind : uint8_t {
  kShiftedBetaGeometric = 1,
  kBetaDiscreteWeibull = 2,
};
// `sbg`, `bdw`.
std::string_view NameOf(RetentionKind kind);

struct RetentionParameters {
  double alpha = 1;
  double beta = 1;
  double c = 1;  // 1 for the shifted-beta-geometric.
};

class RetentionModel {
 public:
  // InvalidArgument NOT_POSITIVE "alpha", "beta" or "c" unless finite and > 0.
  static absl::StatusOr<RetentionModel> Create(const RetentionParameters& parameters);

  const RetentionParameters& parameters() const { return parameters_; }

  // P(survives the first `periods` renewals); falls from 1.
  double Survival(double periods) const;
  // P(renews for the t-th time | renewed t - 1 times), t >= 1.
  double RetentionRate(double t) const;
  // P(leaves at the t-th renewal), t >= 1.
  double ChurnAt(double t) const;
  // P(survives `periods` more | survived).
  double StillThere(double survived, double periods) const;

  // E[renewals among the next `horizon` | survived]. An infinite horizon gives nullopt
  // when the mean is infinite (alpha c <= 1: a loyal few stay for ever).
  std::optional<double> ExpectedRenewals(double survived, double horizon) const;
  // E[sum over the renewals among the next `horizon` of (1 + rate)^-k], k = 0 for the one
  // now due. With an infinite horizon this is the discounted expected residual lifetime;
  // nullopt when it is infinite (rate 0 and alpha c <= 1). A negative rate counts as 0.
  std::optional<double> DiscountedRenewals(double survived, double rate_per_period,
                                           double horizon) const;
  // Derl(n, d) = DiscountedRenewals(n, d, infinity).
  std::optional<double> Derl(double survived, double rate_per_period) const;
  // The same of a customer to be acquired, the first period's payment included
  // (discounted expected lifetime): 1 + Derl(0, d) / (1 + d).
  std::optional<double> Del(double rate_per_period) const;
  // What a customer is still worth who pays `value_per_period` at each renewal.
  std::optional<double> ResidualValue(double survived, double rate_per_period,
                                      double value_per_period) const;

 private:
  explicit RetentionModel(const RetentionParameters& parameters) : parameters_(parameters) {}
  double StretchedStep(double t, double periods) const;
  double LogStillThere(double survived, double periods) const;

  RetentionParameters parameters_;
};

}  // namespace rapport::value
