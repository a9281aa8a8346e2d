// SPDX-License-Identifier: Apache-2.0
#include "lib/value/holdout.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

// Adds up errors of weighted customers.
class Judge {
 public:
  void Add(double expected, double actual, double weight) {
    const double error = expected - actual;
    const double log_error = std::log1p(std::max(0.0, expected)) - std::log1p(actual);
    absolute_ += weight * std::fabs(error);
    squared_ += weight * error * error;
    squared_logs_ += weight * log_error * log_error;
    report_.total_expected += weight * expected;
    report_.total_actual += weight * actual;
    report_.customers += weight;
  }
  HoldoutReport Report() const {
    HoldoutReport report = report_;
    if (!(report.customers > 0)) return report;
    report.mean_absolute_error = absolute_ / report.customers;
    report.root_mean_squared_error = std::sqrt(squared_ / report.customers);
    report.mean_squared_log_error = squared_logs_ / report.customers;
    const double surplus = report.total_expected - report.total_actual;
    report.bias = surplus / report.customers;
    if (report.total_actual > 0) {
      report.total_percentage_error = std::fabs(surplus) / report.total_actual;
    }
    return report;
  }

 private:
  HoldoutReport report_;
  double absolute_ = 0, squared_ = 0, squared_logs_ = 0;
};

auto KeyOf(const HoldoutRow& row) {
  return std::tie(row.pattern, row.history.frequency, row.history.age_days,
                  row.history.recency_days, row.actual, row.recent);
}

absl::Status ValidateCounts(const char* field, std::span<const double> counts, size_t rows) {
  if (counts.size() != rows) {
    return InvalidField(field, "LENGTH_MISMATCH", "must be one per customer");
  }
  for (size_t i = 0; i < rows; ++i) {
    if (std::isfinite(counts[i]) && counts[i] >= 0) continue;
    return InvalidField(Cat(field, "[", i, "]"),
                        std::isfinite(counts[i]) ? "NEGATIVE" : "NOT_FINITE",
                        "must be a number >= 0");
  }
  return absl::OkStatus();
}

absl::Status Validate(const HoldoutInput& input) {
  const size_t rows = input.calibration.size();
  if (rows == 0) return InvalidField("calibration", "EMPTY", "needs at least one customer");
  if (!(std::isfinite(input.horizon_days) && input.horizon_days > 0)) {
    return InvalidField("horizon_days", "NOT_POSITIVE", "must be finite and > 0");
  }
  RETURN_IF_ERROR(ValidateCounts("actual", input.actual, rows));
  if (!input.recent.empty()) RETURN_IF_ERROR(ValidateCounts("recent", input.recent, rows));
  RETURN_IF_ERROR(ValidateWeights(input.weights, rows));
  for (size_t i = 0; i < rows; ++i) {
    if (ValidateRow(input.calibration[i], i).ok()) continue;
    return ValidateHistory(input.calibration[i], Cat("calibration[", i, "]."));
  }
  const CovariatePatterns& covariates = input.covariates;
  if (covariates.patterns.empty()) return absl::OkStatus();
  if (covariates.pattern_of_row.size() != rows) {
    return InvalidField("covariates.pattern_of_row", "LENGTH_MISMATCH", "must be one per row");
  }
  for (uint32_t pattern : covariates.pattern_of_row) {
    if (pattern < covariates.patterns.size()) continue;
    return InvalidField("covariates.pattern_of_row", "OUT_OF_RANGE", "must index a pattern");
  }
  return absl::OkStatus();
}

// Expectations given alive, kept while x and T stay the same: rows are sorted by them.
class AliveExpectations {
 public:
  AliveExpectations(const PurchaseModel& model, double horizon_days)
      : model_(model), horizon_days_(horizon_days) {}

  double Expected(const PurchaseHistory& history) {
    if (history.frequency != frequency_ || history.age_days != age_days_) {
      by_phase_.assign(model_.parameters().regularity, -1.0);
      frequency_ = history.frequency;
      age_days_ = history.age_days;
    }
    states_.clear();
    model_.AppendAliveStates(history, states_);
    double sum = 0;
    for (const AliveState& state : states_) {
      double& kept = by_phase_[state.phase];
      if (kept < 0) kept = model_.ExpectedPurchases(state, horizon_days_);
      sum += state.probability * kept;
    }
    return sum;
  }

 private:
  const PurchaseModel& model_;
  double horizon_days_;
  uint32_t frequency_ = 0;
  double age_days_ = -1;
  std::vector<double> by_phase_;
  std::vector<AliveState> states_;
};

template <typename Forecast>
HoldoutReport JudgeEach(const HoldoutSample& sample, Forecast forecast) {
  Judge judge;
  for (const HoldoutRow& row : sample.rows) judge.Add(forecast(row), row.actual, row.weight);
  return judge.Report();
}

}  // namespace

absl::StatusOr<HoldoutSample> FoldHoldout(const HoldoutInput& input) {
  RETURN_IF_ERROR(Validate(input));
  HoldoutSample sample;
  sample.patterns = input.covariates.patterns;
  sample.horizon_days = input.horizon_days;
  sample.has_recent = !input.recent.empty();
  std::vector<HoldoutRow> rows;
  rows.reserve(input.calibration.size());
  for (size_t i = 0; i < input.calibration.size(); ++i) {
    HoldoutRow row{.history = input.calibration[i], .actual = input.actual[i]};
    if (!sample.patterns.empty()) row.pattern = input.covariates.pattern_of_row[i];
    if (sample.has_recent) row.recent = input.recent[i];
    row.weight = input.weights.empty() ? 1.0 : input.weights[i];
    if (row.weight > 0) rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const HoldoutRow& a, const HoldoutRow& b) {
    const auto left = KeyOf(a), right = KeyOf(b);
    return left != right ? left < right : a.weight < b.weight;
  });
  for (const HoldoutRow& row : rows) {
    if (!sample.rows.empty() && KeyOf(sample.rows.back()) == KeyOf(row)) {
      sample.rows.back().weight += row.weight;
    } else {
      sample.rows.push_back(row);
    }
  }
  return sample;
}

absl::StatusOr<std::vector<double>> ExpectedOf(const ModelParameters& parameters,
                                               const HoldoutSample& sample) {
  std::vector<double> expected;
  expected.reserve(sample.rows.size());
  std::unique_ptr<PurchaseModel> model;
  std::optional<AliveExpectations> alive;
  for (size_t i = 0; i < sample.rows.size(); ++i) {
    const HoldoutRow& row = sample.rows[i];
    if (i == 0 || row.pattern != sample.rows[i - 1].pattern) {
      std::span<const double> covariates;
      if (parameters.covariates() > 0 && !sample.patterns.empty()) {
        covariates = sample.patterns[row.pattern];
      }
      ASSIGN_OR_RETURN(const ModelParameters own, ApplyCovariates(parameters, covariates));
      ASSIGN_OR_RETURN(model, MakePurchaseModel(own));
      alive.emplace(*model, sample.horizon_days);
    }
    expected.push_back(alive->Expected(row.history));
  }
  return expected;
}

HoldoutReport JudgeHoldout(const HoldoutSample& sample, std::span<const double> expected) {
  size_t next = 0;
  return JudgeEach(sample, [&](const HoldoutRow&) { return expected[next++]; });
}

NaiveForecasts JudgeNaive(const HoldoutSample& sample) {
  double purchases = 0, days = 0;
  for (const HoldoutRow& row : sample.rows) {
    purchases += row.weight * row.history.frequency;
    days += row.weight * row.history.age_days;
  }
  const double horizon = sample.horizon_days;
  const double mean = days > 0 ? purchases / days * horizon : 0;
  NaiveForecasts naive;
  naive.past_rate = JudgeEach(sample, [&](const HoldoutRow& row) {
    const double age = row.history.age_days;
    return age > 0 ? row.history.frequency / age * horizon : 0;
  });
  naive.population_mean = JudgeEach(sample, [&](const HoldoutRow&) { return mean; });
  if (sample.has_recent) {
    naive.last_period = JudgeEach(sample, [](const HoldoutRow& row) { return row.recent; });
  }
  return naive;
}

std::vector<ConditionalRow> ConditionalExpectations(const HoldoutSample& sample,
                                                    std::span<const double> expected,
                                                    uint32_t most) {
  std::vector<ConditionalRow> result(most + 1);
  for (uint32_t x = 0; x <= most; ++x) result[x].frequency = x;
  for (size_t i = 0; i < sample.rows.size(); ++i) {
    const HoldoutRow& row = sample.rows[i];
    ConditionalRow& line = result[std::min(row.history.frequency, most)];
    line.customers += row.weight;
    line.actual += row.weight * row.actual;
    line.expected += row.weight * expected[i];
  }
  for (ConditionalRow& line : result) {
    if (!(line.customers > 0)) continue;
    line.actual /= line.customers;
    line.expected /= line.customers;
  }
  return result;
}

}  // namespace rapport::value
