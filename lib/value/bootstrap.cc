// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bootstrap.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/splitmix.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/special.h"
#include "lib/math/stats.h"
#include "lib/value/purchase_fit_fold.h"

namespace rapport::value {
namespace {

// Inversion by adding up probabilities.
double SmallPoisson(double mean, SplitMix64& random) {
  double p = std::exp(-mean), rest = random.Uniform();
  double n = 0;
  while (rest > p && n < 1000) {
    rest -= p;
    n += 1;
    p *= mean / n;
  }
  return n;
}

// Transformed rejection, Hormann 1993 (algorithm PTRS), for means of 10 and more.
double LargePoisson(double mean, SplitMix64& random) {
  const double log_mean = std::log(mean);
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double accept = 0.9277 - 3.6224 / (b - 2);
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  while (true) {
    const double u = random.Uniform() - 0.5, v = random.Uniform();
    const double us = 0.5 - std::fabs(u);
    const double n = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= accept) return n;
    if (n < 0 || (us < 0.013 && v > us)) continue;
    const double log_ratio = n * log_mean - mean - math::LogGamma(n + 1);
    if (std::log(v * inverse_alpha / (a / (us * us) + b)) <= log_ratio) return n;
  }
}

double Poisson(double mean, SplitMix64& random) {
  return mean < 10 ? SmallPoisson(mean, random) : LargePoisson(mean, random);
}

// Values in the order of the summary's parameters.
std::vector<double> ValuesOf(const PurchaseFit& fit) {
  std::vector<double> values;
  for (const ParameterEstimate& parameter : fit.summary.parameters) {
    values.push_back(parameter.value);
  }
  return values;
}

BootstrapInterval IntervalOf(const ParameterEstimate& estimate, std::vector<double> draws,
                             double confidence) {
  std::sort(draws.begin(), draws.end());
  double mean = 0, squares = 0;
  for (double draw : draws) mean += draw / static_cast<double>(draws.size());
  for (double draw : draws) squares += (draw - mean) * (draw - mean);
  BootstrapInterval interval{estimate.name, estimate.value};
  interval.low = *math::SortedQuantile(draws, (1 - confidence) / 2);
  interval.high = *math::SortedQuantile(draws, (1 + confidence) / 2);
  interval.standard_error = std::sqrt(squares / static_cast<double>(draws.size() - 1));
  return interval;
}

absl::Status Validate(const BootstrapOptions& options) {
  if (options.replicates < 2) {
    return InvalidField("replicates", "OUT_OF_RANGE", "must be 2 or more");
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    return InvalidField("confidence", "OUT_OF_RANGE", "must be between 0 and 1");
  }
  return absl::OkStatus();
}

using Replicates = std::vector<std::optional<PurchaseFit>>;

absl::StatusOr<Replicates> FitReplicates(const FoldedPurchases& rows, const PurchaseFit& fit,
                                         const BootstrapOptions& options) {
  PurchaseFitOptions fit_options;
  fit_options.regularity = fit.parameters.regularity;
  fit_options.warm_start = fit.parameters;
  fit_options.warm_covariance = fit.covariance;
  fit_options.want_errors = false;
  Replicates fits(options.replicates);
  std::vector<absl::Status> looks(options.replicates);
  std::atomic<bool> stopped = false;
  const auto run = [&](size_t i) {
    if (stopped) return;
    if (options.alive) looks[i] = options.alive();
    if (!looks[i].ok()) {
      stopped = true;
      return;
    }
    const auto replicate = static_cast<uint32_t>(i);
    auto result = FitPurchases(fit.parameters.kind, PoissonReplicate(rows, options.seed, replicate),
                               fit_options);
    const bool usable = result.ok() && result->summary.converged &&
                        result->summary.parameters.size() == fit.summary.parameters.size();
    if (usable) fits[i] = *std::move(result);
  };
  if (options.parallel) {
    options.parallel(options.replicates, run);
  } else {
    for (size_t i = 0; i < options.replicates; ++i) run(i);
  }
  for (const absl::Status& look : looks) RETURN_IF_ERROR(look);
  return fits;
}

}  // namespace

FoldedPurchases PoissonReplicate(const FoldedPurchases& rows, uint64_t seed, uint32_t replicate) {
  SplitMix64 random(SplitMix64(seed + replicate).Next() ^ replicate);
  FoldedPurchases result;
  result.time_unit_days = rows.time_unit_days;
  result.covariate_names = rows.covariate_names;
  for (size_t t = 0; t < rows.tables.size(); ++t) {
    std::vector<double> weights;
    weights.reserve(rows.tables[t].rows.size());
    for (const PurchaseTable::Row& row : rows.tables[t].rows) {
      weights.push_back(Poisson(row.weight, random));
    }
    PurchaseTable table = Reweigh(rows.tables[t], weights);
    if (table.rows.empty()) continue;
    result.patterns.push_back(rows.patterns[t]);
    result.tables.push_back(std::move(table));
  }
  AddTotals(result);
  return result;
}

absl::StatusOr<Bootstrap> BootstrapFit(const FoldedPurchases& rows, const PurchaseFit& fit,
                                       const BootstrapOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  Bootstrap result;
  std::vector<std::vector<double>> columns(fit.summary.parameters.size());
  ASSIGN_OR_RETURN(const Replicates replicates, FitReplicates(rows, fit, options));
  for (const std::optional<PurchaseFit>& replicate : replicates) {
    if (!replicate.has_value()) {
      ++result.left_out;
      continue;
    }
    result.draws.push_back(replicate->parameters);
    const std::vector<double> values = ValuesOf(*replicate);
    for (size_t i = 0; i < values.size(); ++i) columns[i].push_back(values[i]);
  }
  if (result.draws.size() < 2) {
    return FailedPrecondition("NOT_CONVERGED", "fewer than 2 replicates could be fitted");
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    result.intervals.push_back(
        IntervalOf(fit.summary.parameters[i], std::move(columns[i]), options.confidence));
  }
  return result;
}

}  // namespace rapport::value
