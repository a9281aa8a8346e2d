// SPDX-License-Identifier: Apache-2.0
// Does a fit tell the truth about itself? For each model and many seeds: draws customers
// from known parameters, fits, and counts how often the 95 % interval of each parameter
// and of the expected holdout purchases covers the truth. Prints a Markdown table.
//   --seeds=200 --customers=2000 --models=bg_nbd,...
//
// A parameter's interval is symmetric in its logarithm, e^(log estimate +- 1.96 se). The
// holdout interval is the delta method's for the sum over customers of expected purchases
// (what the parameters leave open), widened by the variance of the purchases themselves
// given the parameters (that of their counts); the truth is what was bought.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bench/options.h"
#include "bench/purchase_simulator.h"
#include "lib/value/purchase_fit.h"

namespace rapport::value {
namespace {

using bench::SimulatedCustomer;
using bench::SimulationPlan;
using bench::TypicalParameters;

constexpr double kZ = 1.959963984540054;

struct Settings {
  uint64_t seeds = 200;
  uint64_t customers = 2000;
};

struct Coverage {
  uint64_t usable = 0;
  std::vector<uint64_t> covered;      // By parameter.
  std::vector<double> log_error_sum;  // Of log(estimate / truth).
  uint64_t holdout_covered = 0;
  double holdout_ratio_sum = 0;  // Expected / actual.
};

SimulationPlan PlanOf(ModelKind kind, uint64_t seed) {
  SimulationPlan plan;
  plan.truth = TypicalParameters(kind);
  plan.seed = seed;
  plan.youngest = 40;
  plan.oldest = 60;
  plan.holdout = 39;
  if (kind == ModelKind::kBgBb) plan.youngest = 8, plan.oldest = 13, plan.holdout = 5;
  return plan;
}

// Mean and variance of the holdout purchases of everyone.
struct Holdout {
  double mean = 0;
  double variance = 0;
};

// Of a count with these probabilities; what lies beyond them counts as the next number.
double VarianceOf(const std::vector<double>& counts, double mean) {
  double second = 0, rest = 1;
  for (size_t n = 0; n < counts.size(); ++n) {
    second += counts[n] * static_cast<double>(n * n);
    rest -= counts[n];
  }
  const auto last = static_cast<double>(counts.size());
  second += std::max(rest, 0.0) * last * last;
  return std::max(second - mean * mean, 0.0);
}

Holdout HoldoutOf(const ModelParameters& parameters, const std::vector<SimulatedCustomer>& base,
                  double days, bool want_variance) {
  Holdout total;
  const auto model = MakePurchaseModel(parameters);
  if (!model.ok()) return total;
  std::vector<AliveState> states;
  for (const SimulatedCustomer& customer : base) {
    states.clear();
    (*model)->AppendAliveStates(customer.history, states);
    std::vector<double> counts(want_variance ? 40 : 0);
    double mean = 0, alive = 0;
    for (const AliveState& state : states) {
      mean += state.probability * (*model)->ExpectedPurchases(state, days);
      alive += state.probability;
      if (!want_variance) continue;
      const std::vector<double> given = (*model)->PurchaseCounts(state, days, 39);
      for (size_t n = 0; n < counts.size(); ++n) counts[n] += state.probability * given[n];
    }
    total.mean += mean;
    if (!want_variance) continue;
    counts[0] += 1 - alive;
    total.variance += VarianceOf(counts, mean);
  }
  return total;
}

double ParameterVariance(const PurchaseFit& fit, const std::vector<SimulatedCustomer>& base,
                         double days) {
  constexpr double kStep = 1e-3;
  const size_t n = fit.parameters.values.size();
  std::vector<double> slope(n);
  for (size_t i = 0; i < n; ++i) {
    ModelParameters up = fit.parameters, down = fit.parameters;
    up.values[i] *= std::exp(kStep);
    down.values[i] *= std::exp(-kStep);
    slope[i] = (HoldoutOf(up, base, days, false).mean - HoldoutOf(down, base, days, false).mean) /
               (2 * kStep);
  }
  double variance = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) variance += slope[i] * fit.covariance[i * n + j] * slope[j];
  }
  return std::max(variance, 0.0);
}

void CountParameters(const PurchaseFit& fit, const ModelParameters& truth, Coverage& coverage) {
  const size_t n = truth.values.size();
  for (size_t i = 0; i < n; ++i) {
    const double error = std::log(fit.parameters.values[i] / truth.values[i]);
    coverage.log_error_sum[i] += error;
    if (std::abs(error) <= kZ * std::sqrt(fit.covariance[i * n + i])) ++coverage.covered[i];
  }
}

void CountHoldout(const PurchaseFit& fit, const std::vector<SimulatedCustomer>& base, double days,
                  Coverage& coverage) {
  double actual = 0;
  for (const SimulatedCustomer& customer : base) actual += customer.holdout;
  const Holdout expected = HoldoutOf(fit.parameters, base, days, true);
  const double sigma = std::sqrt(expected.variance + ParameterVariance(fit, base, days));
  if (std::abs(actual - expected.mean) <= kZ * sigma) ++coverage.holdout_covered;
  coverage.holdout_ratio_sum += expected.mean / actual;
}

Coverage Recover(ModelKind kind, const Settings& settings) {
  const size_t n = TraitsOf(kind).parameters.size();
  Coverage coverage{.covered = std::vector<uint64_t>(n), .log_error_sum = std::vector<double>(n)};
  for (uint64_t seed = 1; seed <= settings.seeds; ++seed) {
    const SimulationPlan plan = PlanOf(kind, seed);
    const std::vector<SimulatedCustomer> base = bench::SimulateCustomers(plan, settings.customers);
    std::vector<PurchaseHistory> rows;
    for (const SimulatedCustomer& customer : base) rows.push_back(customer.history);
    PurchaseFitOptions options;
    options.regularity = plan.truth.regularity;
    options.time_unit_days = plan.truth.time_unit_days;
    const auto fit = FitPurchases(kind, rows, options);
    if (!fit.ok() || !fit->summary.usable() || fit->covariance.size() != n * n) continue;
    ++coverage.usable;
    CountParameters(*fit, plan.truth, coverage);
    CountHoldout(*fit, base, plan.holdout * plan.truth.time_unit_days, coverage);
  }
  return coverage;
}

void Print(ModelKind kind, const Settings& settings, const Coverage& coverage) {
  const ModelParameters truth = TypicalParameters(kind);
  const double usable = static_cast<double>(std::max<uint64_t>(coverage.usable, 1));
  std::printf("| %s | %llu / %llu |", std::string(TraitsOf(kind).name).c_str(),
              static_cast<unsigned long long>(coverage.usable),
              static_cast<unsigned long long>(settings.seeds));
  for (size_t i = 0; i < truth.values.size(); ++i) {
    std::printf(" %s %.1f %% (%+.3f)%s", TraitsOf(kind).parameters[i],
                100 * static_cast<double>(coverage.covered[i]) / usable,
                coverage.log_error_sum[i] / usable, i + 1 < truth.values.size() ? "," : "");
  }
  std::printf(" | %.1f %% | %.4f |\n", 100 * static_cast<double>(coverage.holdout_covered) / usable,
              coverage.holdout_ratio_sum / usable);
  std::fflush(stdout);
}

int Run(const bench::Options& options) {
  const Settings settings{.seeds = static_cast<uint64_t>(options.Number("seeds", 200)),
                          .customers = static_cast<uint64_t>(options.Number("customers", 2000))};
  const std::vector<std::string> names =
      absl::StrSplit(options.Text("models", ""), ',', absl::SkipEmpty());
  std::printf(
      "| model | usable fits | 95 %% interval covers the truth (mean log error) |"
      " holdout total covered | expected / actual |\n|---|---|---|---|---|\n");
  for (ModelKind kind : kAllModelKinds) {
    const std::string name(TraitsOf(kind).name);
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    Print(kind, settings, Recover(kind, settings));
  }
  return 0;
}

}  // namespace
}  // namespace rapport::value

int main(int argc, char** argv) {
  return rapport::value::Run(rapport::bench::Options(argc, argv, 1));
}
