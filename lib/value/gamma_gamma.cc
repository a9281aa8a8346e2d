// SPDX-License-Identifier: Apache-2.0
#include "lib/value/gamma_gamma.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/incomplete_gamma.h"
#include "lib/math/optimize.h"
#include "lib/math/special.h"
#include "lib/math/stats.h"
#include "lib/value/purchase_table.h"
#include "lib/value/spend_table.h"

namespace rapport::value {
namespace {

constexpr const char* kNames[] = {"p", "q", "gamma"};
constexpr double kDoubtfulCorrelation = 0.3;
constexpr double kBound = 10;  // Of the logarithms: e^10 = 22,026.

// Mean negative log-likelihood in (log p, log q, log gamma / scale). With S = x m the
// density of the mean m is, in logarithms (note 025, eq. 1a, regrouped so that nothing
// cancels): -log B(px, q) + q log(gamma / S) - (px + q) log(1 + gamma / S) - log m.
class GammaGammaObjective {
 public:
  // `least_q` 1: x[1] is log(q - 1) instead of log q.
  GammaGammaObjective(const SpendTable& table, double scale, double least_q)
      : table_(table), scale_(scale), least_q_(least_q) {
    for (const SpendRow& row : table.rows) {
      const double sum = static_cast<double>(row.sum_micros) / static_cast<double>(kMicrosPerUnit);
      inverse_sum_.push_back(1 / sum);
      log_sum_.push_back(std::log(sum));
      log_means_ += row.weight * (log_sum_.back() - std::log(row.frequency));
    }
  }

  double operator()(std::span<const double> x, std::span<double> gradient) {
    const double p = std::exp(x[0]), above = std::exp(x[1]), gamma = scale_ * std::exp(x[2]);
    const double q = least_q_ + above;
    double sum = -log_means_, dp = 0, dq = 0, dgamma = 0;
    size_t i = 0;
    while (i < table_.rows.size()) {
      const double n = table_.rows[i].frequency;
      const double shape = p * n + q;
      double weight = 0, logs = 0, log_ratio = 0, inverse = 0;
      for (; i < table_.rows.size() && table_.rows[i].frequency == n; ++i) {
        const double w = table_.rows[i].weight;
        const double ratio = gamma * inverse_sum_[i];
        weight += w;
        logs += w * std::log1p(ratio);
        log_ratio += w * (x[2] + log_scale_ - log_sum_[i]);
        inverse += w * ratio / (1 + ratio);
      }
      const double psi = math::Digamma(shape);
      sum += q * log_ratio - shape * logs - weight * math::LogBeta(p * n, q);
      dp += n * (weight * (psi - math::Digamma(p * n)) - logs);
      dq += weight * (psi - math::Digamma(q)) + log_ratio - logs;
      dgamma += weight * q - shape * inverse;  // Times gamma: the slope in log gamma.
    }
    const double scale = -1 / table_.weight;
    gradient[0] = scale * p * dp;
    gradient[1] = scale * above * dq;
    gradient[2] = scale * dgamma;
    return scale * sum;
  }

 private:
  const SpendTable& table_;
  double scale_, least_q_;
  double log_scale_ = std::log(scale_);
  double log_means_ = 0;  // Sum of log m.
  std::vector<double> inverse_sum_, log_sum_;
};

absl::Status RequireValues(std::span<const PurchaseHistory> rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].frequency > 0 && rows[i].repeat_value_micros <= 0) {
      return InvalidField(Cat("rows[", i, "].repeat_value_micros"), "NOT_POSITIVE",
                          "must be > 0 for a customer with repeat purchases");
    }
  }
  return absl::OkStatus();
}

std::vector<double> StartingPoint(const GammaGammaFitOptions& options, double scale) {
  const double least_q = options.finite_mean ? 1 : 0;
  // Mean p gamma / (q - 1) = scale.
  if (!options.warm_start.has_value()) return {std::log(2.0), std::log(3.0 - least_q), 0};
  const GammaGammaParameters& p = *options.warm_start;
  return {std::log(p.p), std::log(std::max(p.q - least_q, 1e-3)), std::log(p.gamma / scale)};
}

// From x to logarithms: with q = 1 + e^u, q - 1 and d log q / du = (q - 1) / q.
void UndoFiniteMean(const math::Minimum& minimum, GammaGammaFit& fit) {
  const double above = std::exp(minimum.x[1]);
  const double q = 1 + above, slope = above / q;
  ParameterEstimate& estimate = fit.summary.parameters[1];
  estimate.value = q;  // Its error is that of q - 1.
  for (size_t i = 0; i < 3 && !fit.covariance.empty(); ++i) {
    fit.covariance[3 + i] *= slope;
    fit.covariance[3 * i + 1] *= slope;
  }
}

std::vector<double> CovarianceOf(const math::Minimum& minimum, double observations) {
  std::vector<double> covariance = minimum.inverse_hessian;
  for (size_t i = 0; i < covariance.size(); ++i) {
    const bool open = minimum.at_bound[i / 3] || minimum.at_bound[i % 3];
    covariance[i] = open ? 0 : covariance[i] / observations;
  }
  return covariance;
}

}  // namespace

absl::StatusOr<GammaGamma> GammaGamma::Create(const GammaGammaParameters& parameters) {
  for (const auto& [field, value] :
       {std::pair("p", parameters.p), {"q", parameters.q}, {"gamma", parameters.gamma}}) {
    if (std::isfinite(value) && value > 0) continue;
    return InvalidField(field, "NOT_POSITIVE", "must be finite and > 0");
  }
  return GammaGamma(parameters);
}

std::optional<double> GammaGamma::PopulationMean() const { return ExpectedMeanValue(0, 0); }

std::optional<double> GammaGamma::ExpectedMeanValue(double purchases, double mean_value) const {
  const auto& [p, q, gamma] = parameters_;
  if (purchases <= 0 || mean_value <= 0) purchases = mean_value = 0;
  const double weight = p * purchases + (q - 1);
  if (weight <= 0) return std::nullopt;
  return p * (gamma + purchases * mean_value) / weight;
}

std::optional<double> GammaGamma::ExpectedMeanValue(const PurchaseHistory& history) const {
  return ExpectedMeanValue(history.frequency, history.mean_value());
}

double GammaGamma::MeanValueCdf(double purchases, double mean_value, double value) const {
  const auto& [p, q, gamma] = parameters_;
  if (purchases <= 0 || mean_value <= 0) purchases = mean_value = 0;
  if (!(value > 0)) return 0;
  return math::GammaQ(p * purchases + q, p * (gamma + purchases * mean_value) / value);
}

double GammaGamma::MeanValueQuantile(double purchases, double mean_value,
                                     double probability) const {
  const auto& [p, q, gamma] = parameters_;
  if (purchases <= 0 || mean_value <= 0) purchases = mean_value = 0;
  const double reciprocal = math::GammaQInverse(p * purchases + q, probability);
  return p * (gamma + purchases * mean_value) / reciprocal;
}

double GammaGamma::LogLikelihood(double purchases, double mean_value) const {
  const auto& [p, q, gamma] = parameters_;
  const double shape = p * purchases;
  const double ratio = gamma / (purchases * mean_value);
  return q * std::log(ratio) - (shape + q) * std::log1p(ratio) - math::LogBeta(shape, q) -
         std::log(mean_value);
}

absl::StatusOr<GammaGammaFit> FitGammaGamma(std::span<const PurchaseHistory> rows,
                                            const GammaGammaFitOptions& options) {
  RETURN_IF_ERROR(ValidateWeights(options.weights, rows.size()));
  RETURN_IF_ERROR(RequireValues(rows));
  if (options.warm_start.has_value()) {
    RETURN_IF_ERROR(PrefixField(GammaGamma::Create(*options.warm_start).status(), "warm_start."));
  }
  const SpendTable table = FoldSpend(rows, options.weights);
  if (table.rows.size() < 3) {
    return FailedPrecondition("NOT_ENOUGH_DATA", "fewer than 3 distinct repeat buyers");
  }
  GammaGammaObjective objective(table, table.mean, options.finite_mean ? 1 : 0);
  const math::Minimum minimum = math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
      StartingPoint(options, table.mean), {.bound = kBound});
  const double scales[] = {1, 1, table.mean};
  ASSIGN_OR_RETURN(const GammaGamma blank, GammaGamma::Create({}));
  GammaGammaFit fit{blank, DescribeFit(minimum, kNames, scales, table.weight),
                    CovarianceOf(minimum, table.weight)};
  if (options.finite_mean) UndoFiniteMean(minimum, fit);
  fit.summary.distinct_rows = table.rows.size();
  const auto& estimates = fit.summary.parameters;
  ASSIGN_OR_RETURN(
      fit.model, GammaGamma::Create({estimates[0].value, estimates[1].value, estimates[2].value}));
  return fit;
}

IndependenceCheck CheckIndependence(std::span<const PurchaseHistory> rows,
                                    std::span<const double> weights) {
  const SpendTable table = FoldSpend(rows, weights);
  math::Correlation correlation;
  for (const SpendRow& row : table.rows) {
    correlation.Add(row.frequency, static_cast<double>(row.sum_micros) / row.frequency, row.weight);
  }
  IndependenceCheck check;
  check.repeaters = table.weight;
  check.correlation = correlation.Pearson();
  const std::optional<math::Interval> interval = correlation.PearsonInterval(0.95);
  check.doubtful = interval.has_value() && std::fabs(interval->estimate) > kDoubtfulCorrelation &&
                   interval->low * interval->high > 0;
  return check;
}

}  // namespace rapport::value
