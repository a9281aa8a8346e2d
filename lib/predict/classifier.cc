// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/special.h"

namespace rapport::predict {
namespace {

// Standard deviation of the calibrated log-odds.
double ErrorOf(const CalibrationMap& map, double log_odds, double variance) {
  if (map.kind != CalibrationKind::kLogOddsLine) return std::sqrt(variance);
  const auto& [v0, v01, v1] = map.line.covariance;
  const double of_line = v0 + 2 * v01 * log_odds + v1 * log_odds * log_odds;
  return std::sqrt(map.line.slope * map.line.slope * variance + std::max(0.0, of_line));
}

math::Interval CalibratedInterval(const CalibrationMap& map, double log_odds, double variance) {
  const double half = math::TwoSidedZ(0.95) * ErrorOf(map, log_odds, variance);
  const double estimate = map.Apply(math::Logistic(log_odds));
  math::Interval interval;
  if (map.kind == CalibrationKind::kLogOddsLine) {
    const double calibrated = map.line.intercept + map.line.slope * log_odds;
    interval = {estimate, math::Logistic(calibrated - half), math::Logistic(calibrated + half)};
  } else {
    // Of the coefficients, then of the map itself; independent, so squares add up.
    const double low = map.Apply(math::Logistic(log_odds - half));
    const double high = map.Apply(math::Logistic(log_odds + half));
    const math::Interval own = map.OwnRange(math::Logistic(log_odds));
    interval = {estimate, estimate - std::hypot(estimate - low, estimate - own.low),
                estimate + std::hypot(high - estimate, own.high - estimate)};
    interval.low = std::max(0.0, interval.low);
    interval.high = std::min(1.0, interval.high);
  }
  return {estimate, std::min(estimate, interval.low), std::max(estimate, interval.high)};
}

}  // namespace

bool ClassifierReport::usable() const {
  return converged && validation.log_loss < validation.log_loss_base_rate;
}

bool BeatsBaseline(const ClassifierReport& report, const std::string& name) {
  for (const BaselineScore& baseline : report.baselines) {
    if (baseline.name != name) continue;
    return baseline.rows > 0 && baseline.classifier_log_loss < baseline.log_loss;
  }
  return false;
}

absl::StatusOr<Classifier> Classifier::Make(ClassifierModel model, FeatureTable table) {
  bool same = model.features.size() == table.size();
  for (size_t i = 0; same && i < table.size(); ++i) same = model.features[i] == table[i].name;
  if (!same) {
    return InvalidField("model.features", "TABLE_MISMATCH", "trained on other features");
  }
  const size_t n = model.columns.size() + 1;
  bool whole = model.coefficients.size() == n && model.covariance.size() == n * n &&
               model.typical.size() == table.size() &&
               model.calibration.forecast.size() == model.calibration.probability.size();
  for (const ModelColumn& column : model.columns) whole = whole && column.feature < table.size();
  if (!whole) {
    return InvalidField("model.coefficients", "LENGTH_MISMATCH", "parts do not fit together");
  }
  return Classifier(std::move(model), table);
}

absl::StatusOr<Classification> Classifier::Classify(std::span<const double> features) const {
  std::vector<float> transformed;
  RETURN_IF_ERROR(TransformFeatures(table_, features, transformed));
  const size_t n = model_.coefficients.size();
  std::vector<double> z(n, 1.0);
  Standardize(model_.columns, transformed, z.data() + 1);
  Classification result;
  double variance = 0;
  for (size_t i = 0; i < n; ++i) {
    result.log_odds += model_.coefficients[i] * z[i];
    double row = 0;
    for (size_t j = 0; j < n; ++j) row += model_.covariance[i * n + j] * z[j];
    variance += z[i] * row;
  }
  result.probability =
      CalibratedInterval(model_.calibration, result.log_odds, std::max(0.0, variance));
  return result;
}

}  // namespace rapport::predict
