// SPDX-License-Identifier: Apache-2.0
// Gamma-Gamma: what a customer's next purchases are worth on average.
//
// Values of one customer's purchases vary as Gamma(p, v); the customers' own v vary as
// Gamma(q, gamma). So a customer's expected value is a mean of the own average and the
// population's, the own weighing more with each purchase. Source: Fader and Hardie 2013,
// "The Gamma-Gamma Model of Monetary Value" (brucehardie.com note 025), from Fader,
// Hardie, Lee 2005 (JMR 42).
//
// It holds only if value does not depend on frequency; the fit reports their correlation
// and says when that is doubtful. gamma and all values are in currency units.
//
// Only q > 1 has a population mean, and without it one-time buyers have no value: ask for
// `finite_mean` to fit q = 1 + e^u. A customer's mean value is p / v with v ~ Gamma(p x + q,
// gamma + x m): MeanValueCdf and MeanValueQuantile describe it.
//
// Pure and thread-safe. Same rows in any order, same bits. One logarithm per distinct
// (x, sum) and pass.
//
//   ASSIGN_OR_RETURN(GammaGammaFit fit, FitGammaGamma(repeaters));
//   std::optional<double> value = fit.model.ExpectedMeanValue(history);
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/fit_summary.h"
#include "lib/value/rfm.h"

namespace rapport::value {

struct GammaGammaParameters {
  double p = 1;
  double q = 1;
  double gamma = 1;  // Currency units.
};

class GammaGamma {
 public:
  // InvalidArgument (NOT_POSITIVE, "p", "q", "gamma") unless all are finite and > 0.
  static absl::StatusOr<GammaGamma> Create(const GammaGammaParameters& parameters);

  // p gamma / (q - 1): the mean over the population. nullopt unless q > 1: the model
  // then has no mean.
  std::optional<double> PopulationMean() const;
  // E[mean value of a future purchase | x purchases of that mean]: p (gamma + x m) /
  // (p x + q - 1). nullopt when p x + q <= 1; x = 0 gives the population mean.
  // A mean <= 0 (more refunded than bought) is taken as no information, x = 0.
  std::optional<double> ExpectedMeanValue(double purchases, double mean_value) const;
  std::optional<double> ExpectedMeanValue(const PurchaseHistory& history) const;
  // The distribution of one customer's mean value after x purchases of that mean (x = 0:
  // of somebody new): inverse gamma with shape p x + q and scale p (gamma + x m). Defined
  // for any q. Probability in (0, 1); value > 0, else 0.
  double MeanValueCdf(double purchases, double mean_value, double value) const;
  double MeanValueQuantile(double purchases, double mean_value, double probability) const;
  // log density of the observed mean of one customer; x >= 1, mean > 0.
  double LogLikelihood(double purchases, double mean_value) const;

  const GammaGammaParameters& parameters() const { return parameters_; }

 private:
  explicit GammaGamma(const GammaGammaParameters& parameters) : parameters_(parameters) {}
  GammaGammaParameters parameters_;
};

struct GammaGammaFitOptions {
  std::span<const double> weights = {};  // Empty = 1 each.
  std::optional<GammaGammaParameters> warm_start = std::nullopt;
  bool finite_mean = false;  // Holds q above 1, by e^-10 at least.
};

struct GammaGammaFit {
  GammaGamma model;
  FitSummary summary;
  // 3 x 3, row-major, of (log p, log q, log gamma), for the delta method; empty when the
  // Hessian is singular. Rows of a parameter at its bound are 0.
  std::vector<double> covariance = {};
};

// Rows with frequency 0 are passed over. InvalidArgument NOT_POSITIVE
// "rows[i].repeat_value_micros" for a repeater without positive value;
// FailedPrecondition NOT_ENOUGH_DATA below 3 distinct repeaters.
absl::StatusOr<GammaGammaFit> FitGammaGamma(std::span<const PurchaseHistory> rows,
                                            const GammaGammaFitOptions& options = {});

// Is value independent of frequency among repeaters? Doubtful when |Pearson| > 0.3 and
// its 95 % Fisher interval excludes 0. CDNOW: 0.11, not doubtful.
struct IndependenceCheck {
  std::optional<double> correlation;  // nullopt when frequency or value never varies.
  double repeaters = 0;
  bool doubtful = false;
};
IndependenceCheck CheckIndependence(std::span<const PurchaseHistory> rows,
                                    std::span<const double> weights = {});

}  // namespace rapport::value
