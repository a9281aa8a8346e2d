// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/special.h"
#include "lib/predict/classifier.h"

namespace rapport::predict {
namespace {

// Rows seen through standardised columns, as the learner wants them.
class Design {
 public:
  Design(const TrainingRows& rows, std::span<const ModelColumn> columns)
      : rows_(rows), columns_(columns) {}

  void operator()(const RowBlock& block) const {
    for (size_t i = 0; i < block.count; ++i) {
      Standardize(columns_, rows_.values(block.first + i), block.block + i * block.stride);
    }
  }
  LogisticRows View() const { return {columns_.size(), rows_.happened(), rows_.weights(), *this}; }

 private:
  const TrainingRows& rows_;
  std::span<const ModelColumn> columns_;
};

absl::Status CheckRows(const TrainingRows& rows, const TrainOptions& options,
                       std::string_view what) {
  const size_t positives = rows.positives();
  const size_t fewer = std::min(positives, rows.size() - positives);
  if (rows.size() >= options.fewest_rows && fewer >= std::max<size_t>(1, options.fewest_of_each)) {
    return absl::OkStatus();
  }
  return FailedPrecondition(
      "NOT_ENOUGH_DATA",
      Cat(what, " has ", rows.size(), " rows, in ", positives, " of which it happened; needed are ",
          options.fewest_rows, " rows and ", options.fewest_of_each, " of each outcome"));
}

bool SameTable(FeatureTable a, FeatureTable b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const FeatureSpec& x, const FeatureSpec& y) { return x.name == y.name; });
}

PenaltyChoice PenaltyFor(const TrainingRows& training, const TrainingRows& validation,
                         std::span<const ModelColumn> columns, const TrainOptions& options) {
  PenaltyChoice fixed;
  fixed.penalty = options.penalty;
  if (options.penalty_source == PenaltySource::kFixed) return fixed;
  const TrainingRows sample = training.Sample(options.most_rows_for_penalty);
  const Design design(sample, columns);
  PenaltyChoice choice;
  if (options.penalty_source == PenaltySource::kValidationRows) {
    const TrainingRows later = validation.Sample(options.most_rows_for_penalty);
    choice = ChoosePenalty(design.View(), Design(later, columns).View());
  } else {
    const uint32_t folds = std::clamp<uint32_t>(options.folds, 2, 100);
    std::vector<uint8_t> fold;
    for (uint64_t key : sample.keys()) fold.push_back(static_cast<uint8_t>(FoldOf(key, folds)));
    choice = ChoosePenalty(design.View(), fold, folds);
  }
  return choice.trials.empty() ? fixed : choice;
}

// Forecasts of the bare regression for all rows.
std::vector<Outcome> ForecastsOf(const TrainingRows& rows, std::span<const ModelColumn> columns,
                                 std::span<const double> coefficients) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(rows.size());
  std::vector<double> z(columns.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    Standardize(columns, rows.values(row), z.data());
    double log_odds = coefficients[0];
    for (size_t j = 0; j < z.size(); ++j) log_odds += coefficients[j + 1] * z[j];
    outcomes.push_back({math::Logistic(log_odds), rows.happened()[row] != 0,
                        static_cast<double>(rows.weights()[row])});
  }
  return outcomes;
}

double RateOf(const TrainingRows& rows) {
  double happened = 0, total = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    const double weight = static_cast<double>(rows.weights()[row]);
    total += weight;
    if (rows.happened()[row]) happened += weight;
  }
  return happened / total;
}

// Compares on the rows for which the baseline has a forecast (others are NaN).
absl::Status AddBaseline(const std::string& name, std::span<const double> forecasts,
                         std::span<const Outcome> calibrated, ClassifierReport& report) {
  std::vector<Outcome> theirs, ours;
  for (size_t i = 0; i < forecasts.size(); ++i) {
    if (std::isnan(forecasts[i])) continue;
    ours.push_back(calibrated[i]);
    theirs.push_back({forecasts[i], calibrated[i].happened, calibrated[i].weight});
  }
  if (theirs.empty()) return absl::OkStatus();
  SortOutcomes(ours);
  ASSIGN_OR_RETURN(const Evaluation score, Evaluate(std::move(theirs)));
  report.baselines.push_back({name, score.rows, score.log_loss, score.brier,
                              score.auc ? score.auc->estimate : 0.5, LogLoss(ours)});
  return absl::OkStatus();
}

// The recency feature's columns alone; none when the table lacks it.
std::vector<ModelColumn> RecencyColumns(const ClassifierModel& model, FeatureTable table,
                                        const std::string& name) {
  std::vector<ModelColumn> columns;
  const std::optional<size_t> recency = FeatureIndex(table, name);
  for (const ModelColumn& column : model.columns) {
    if (recency && column.feature == *recency) columns.push_back(column);
  }
  return columns;
}

absl::Status AddBaselines(const TrainingRows& training, const TrainingRows& validation,
                          std::span<const Outcome> calibrated, const TrainOptions& options,
                          ClassifierModel& model) {
  ClassifierReport& report = model.report;
  std::vector<double> forecasts(validation.size(), report.training_rate);
  RETURN_IF_ERROR(AddBaseline(kBaseRateBaseline, forecasts, calibrated, report));
  const std::vector<ModelColumn> recency =
      RecencyColumns(model, training.table(), options.recency_feature);
  if (!recency.empty()) {
    ASSIGN_OR_RETURN(const LogisticFit fit, FitLogistic(Design(training, recency).View(), {}));
    const std::vector<Outcome> rule = ForecastsOf(validation, recency, fit.coefficients);
    for (size_t i = 0; i < rule.size(); ++i) forecasts[i] = rule[i].probability;
    RETURN_IF_ERROR(AddBaseline(kRecencyBaseline, forecasts, calibrated, report));
  }
  for (size_t i = 0; i < forecasts.size(); ++i) {
    forecasts[i] = static_cast<double>(validation.baselines()[i]);
  }
  return AddBaseline(kGivenBaseline, forecasts, calibrated, report);
}

void DescribeFit(const LogisticFit& fit, FeatureTable table, ClassifierModel& model) {
  ClassifierReport& report = model.report;
  report.converged = fit.converged;
  report.gradient_norm = fit.gradient_norm;
  report.iterations = fit.iterations;
  report.log_likelihood = fit.log_likelihood;
  report.penalty = fit.penalty;
  report.coefficients.push_back({"intercept", fit.coefficients[0], fit.standard_error(0)});
  for (size_t i = 0; i < model.columns.size(); ++i) {
    report.coefficients.push_back(
        {ColumnName(table, model.columns[i]), fit.coefficients[i + 1], fit.standard_error(i + 1)});
  }
}

absl::Status Fit(const TrainingRows& training, const TrainingRows& validation,
                 const TrainOptions& options, ClassifierModel& model) {
  LearnScales(training, model.columns);
  const PenaltyChoice choice = PenaltyFor(training, validation, model.columns, options);
  const Design design(training, model.columns);
  ASSIGN_OR_RETURN(const LogisticFit fit, FitLogistic(design.View(), {.penalty = choice.penalty}));
  model.coefficients = fit.coefficients;
  model.covariance = fit.covariance;
  ClassifierReport& report = model.report;
  report.training_rows = training.size();
  report.training_positives = training.positives();
  report.training_rate = RateOf(training);
  report.penalty_trials = choice.trials;
  report.penalty_source = choice.trials.empty() ? PenaltySource::kFixed : options.penalty_source;
  DescribeFit(fit, training.table(), model);
  return absl::OkStatus();
}

// Learns the calibration and returns left-out calibrated outcomes.
absl::StatusOr<std::vector<Outcome>> Calibrate(const TrainingRows& validation,
                                               ClassifierModel& model) {
  std::vector<Outcome> outcomes = ForecastsOf(validation, model.columns, model.coefficients);
  ASSIGN_OR_RETURN(CalibrationChoice choice, ChooseCalibration(outcomes, validation.keys()));
  model.calibration = std::move(choice.map);
  model.report.calibration_log_loss = choice.log_loss;
  ASSIGN_OR_RETURN(model.report.uncalibrated, Evaluate(outcomes));
  for (size_t i = 0; i < outcomes.size(); ++i) outcomes[i].probability = choice.left_out[i];
  ASSIGN_OR_RETURN(model.report.validation, Evaluate(outcomes));
  return outcomes;
}

}  // namespace

absl::StatusOr<ClassifierModel> TrainClassifier(ClassifierKind kind, TrainingRows training,
                                                TrainingRows validation,
                                                const TrainOptions& options) {
  if (!SameTable(training.table(), validation.table())) {
    return InvalidField("validation", "TABLE_MISMATCH", "other features than the training rows");
  }
  RETURN_IF_ERROR(CheckRows(training, options, "training"));
  RETURN_IF_ERROR(CheckRows(validation, options, "validation"));
  training.Sort();
  validation.Sort();
  ClassifierModel model;
  model.kind = kind;
  model.horizon_days = options.horizon_days;
  for (const FeatureSpec& spec : training.table()) model.features.emplace_back(spec.name);
  model.typical = TypicalValues(training);
  model.columns = ColumnsOf(training.table());
  RETURN_IF_ERROR(Fit(training, validation, options, model));
  ASSIGN_OR_RETURN(const std::vector<Outcome> calibrated, Calibrate(validation, model));
  RETURN_IF_ERROR(AddBaselines(training, validation, calibrated, options, model));
  return model;
}

}  // namespace rapport::predict
