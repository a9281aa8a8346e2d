// SPDX-License-Identifier: Apache-2.0
// The chance that something happens to a customer within a horizon: churn, or ending in the
// top tenth by value. Learned nightly from what customers looked like at an earlier day and
// what they did afterwards.
//
// TrainClassifier() standardises the training rows, chooses the penalty by cross-validation,
// fits a logistic regression, calibrates it on the validation rows and measures it there,
// beside baselines. Rows come from two cutoffs without overlap (lib/predict/split.h). A
// Classifier answers for one customer: Classify() the probability with its interval,
// lib/predict/reasons.h the reasons.
//
// The same rows give the same bits, in whatever order they were added. Cost on one core:
// 1M training and 1M validation rows of CustomerFeatures() take 8 s and 410 MB, of which
// 215 MB are the rows; Classify takes 1 us.
// Pure; a Classifier is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/math/stats.h"
#include "lib/predict/calibration.h"
#include "lib/predict/encoding.h"
#include "lib/predict/evaluation.h"
#include "lib/predict/logistic.h"
#include "lib/predict/training_rows.h"

namespace rapport::predict {

// What "happened" means. Numbers are stored.
enum class ClassifierKind : uint8_t { kChurn = 1, kTopDecile = 2 };

// Numbers are stored.
enum class PenaltySource : uint8_t { kFixed = 1, kCrossValidation = 2, kValidationRows = 3 };

struct TrainOptions {
  int horizon_days = 90;
  // Fewer rows, or fewer of either outcome, in training or in validation: no model.
  size_t fewest_rows = 200;
  size_t fewest_of_each = 20;
  PenaltySource penalty_source = PenaltySource::kCrossValidation;
  double penalty = 1;  // For kFixed, and when no fold can be formed.
  uint32_t folds = 5;
  // The penalty is chosen on about so many rows; it hardly depends on their number.
  size_t most_rows_for_penalty = 30'000;
  // The feature of the one-feature baseline; left out when the table lacks it.
  std::string recency_feature = "recency_days";
};

struct CoefficientEstimate {
  std::string name;  // As ColumnName; "intercept" first.
  double value = 0;  // Log-odds per standard deviation.
  double standard_error = 0;
};

// Another way to foretell the same, on the same validation rows.
struct BaselineScore {
  std::string name;
  size_t rows = 0;  // Those it has a forecast for.
  double log_loss = 0;
  double brier = 0;
  double auc = 0.5;
  double classifier_log_loss = 0;  // The classifier's, on those rows.
};
inline constexpr char kBaseRateBaseline[] = "base_rate";    // The training rows' rate for all.
inline constexpr char kRecencyBaseline[] = "recency_only";  // Logistic on recency alone.
inline constexpr char kGivenBaseline[] = "purchase_model";  // LabelledRow::baseline.

struct ClassifierReport {
  size_t training_rows = 0;
  size_t training_positives = 0;
  double training_rate = 0;  // Weighted.
  bool converged = false;
  double gradient_norm = 0;
  int iterations = 0;
  double log_likelihood = 0;  // Of the training rows.
  double penalty = 0;
  PenaltySource penalty_source = PenaltySource::kFixed;
  std::vector<PenaltyTrial> penalty_trials;
  std::vector<CoefficientEstimate> coefficients;
  // Log loss on left-out validation rows by CalibrationKind - 1; infinite when not fitted.
  std::array<double, 3> calibration_log_loss{};
  // On the validation rows. The calibrated one is on probabilities whose calibration did
  // not see the row's fold.
  Evaluation uncalibrated;
  Evaluation validation;
  std::vector<BaselineScore> baselines;

  // False: the fit did not converge or is no better than the base rate; keep the last one.
  bool usable() const;
};
// True when that baseline has rows and the classifier's log loss is lower on them.
bool BeatsBaseline(const ClassifierReport& report, const std::string& name);

struct ClassifierModel {
  ClassifierKind kind = ClassifierKind::kChurn;
  int horizon_days = 0;
  std::vector<std::string> features;  // Names of the table it was trained on, in order.
  std::vector<double> typical;        // Per feature, see TypicalValues.
  std::vector<ModelColumn> columns;
  std::vector<double> coefficients;  // Intercept first, then one per column.
  std::vector<double> covariance;    // Row-major, of the coefficients.
  CalibrationMap calibration;
  ClassifierReport report;
};

// FailedPrecondition NOT_ENOUGH_DATA; InvalidArgument TABLE_MISMATCH "validation",
// NOT_POSITIVE "penalty".
absl::StatusOr<ClassifierModel> TrainClassifier(ClassifierKind kind, TrainingRows training,
                                                TrainingRows validation,
                                                const TrainOptions& options = {});

struct Classification {
  // Calibrated. The 95 % interval is that of the parameters (delta method on the log-odds)
  // and of the calibration: the line's own error, or the Wilson interval of the isotonic
  // pool. It is not about the single customer, who either will or will not.
  math::Interval probability;
  double log_odds = 0;  // Before calibration.
};

// A model ready to answer, bound to its table.
class Classifier {
 public:
  // InvalidArgument TABLE_MISMATCH "model.features" when the table is not the model's;
  // LENGTH_MISMATCH "model.coefficients" for broken parts.
  static absl::StatusOr<Classifier> Make(ClassifierModel model, FeatureTable table);

  // InvalidArgument LENGTH_MISMATCH "features".
  absl::StatusOr<Classification> Classify(std::span<const double> features) const;

  const ClassifierModel& model() const { return model_; }
  FeatureTable table() const { return table_; }

 private:
  Classifier(ClassifierModel model, FeatureTable table) : model_(std::move(model)), table_(table) {}

  ClassifierModel model_;
  FeatureTable table_;
};

}  // namespace rapport::predict
