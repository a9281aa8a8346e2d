// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/classifiers.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "lib/base/text.h"
#include "lib/facts/reports.h"
#include "lib/facts/signals.h"
#include "lib/facts/wire.h"
#include "lib/predict/reasons.h"
#include "lib/predict/training_rows.h"

namespace rapport::facts {
namespace {

constexpr predict::ClassifierKind kKinds[] = {predict::ClassifierKind::kChurn,
                                              predict::ClassifierKind::kTopDecile};

const char* NameOf(predict::ClassifierKind kind) {
  return kind == predict::ClassifierKind::kChurn ? "churn" : "top_decile";
}

std::vector<CivilDays> DaysOf(const google::protobuf::RepeatedField<int32_t>& deltas) {
  std::vector<CivilDays> days;
  ForEachDay(deltas, INT32_MAX, [&](int, CivilDays day) { days.push_back(day); });
  return days;
}

Micros RevenueIn(const Fold& fold, const predict::Window& window) {
  Micros sum = 0;
  ForEachDay(fold.order_days(), window.until, [&](int i, CivilDays day) {
    if (day > window.cutoff) sum += fold.order_micros(i);
  });
  ForEachDay(fold.refund_days(), window.until, [&](int i, CivilDays day) {
    if (day > window.cutoff) sum -= fold.refund_micros(i);
  });
  return sum;
}

void Write(const predict::ClassifierModel& from, store::v1::ClassifierModel& to) {
  to.set_kind(static_cast<int>(from.kind));
  to.set_horizon_days(from.horizon_days);
  to.mutable_features()->Assign(from.features.begin(), from.features.end());
  to.mutable_typical()->Assign(from.typical.begin(), from.typical.end());
  for (const predict::ModelColumn& column : from.columns) {
    store::v1::ClassifierColumn& out = *to.add_columns();
    out.set_feature(column.feature);
    out.set_part(static_cast<int>(column.part));
    out.set_level(column.level);
    out.set_mean(column.mean);
    out.set_scale(column.scale);
    out.set_lowest(column.lowest);
    out.set_highest(column.highest);
  }
  to.mutable_coefficients()->Assign(from.coefficients.begin(), from.coefficients.end());
  to.mutable_covariance()->Assign(from.covariance.begin(), from.covariance.end());
  const predict::CalibrationMap& map = from.calibration;
  to.set_calibration_kind(static_cast<int>(map.kind));
  for (const double number : {map.line.intercept, map.line.slope, map.line.covariance[0],
                              map.line.covariance[1], map.line.covariance[2]}) {
    to.add_calibration_line(number);
  }
  to.mutable_calibration_forecast()->Assign(map.forecast.begin(), map.forecast.end());
  to.mutable_calibration_probability()->Assign(map.probability.begin(), map.probability.end());
  to.mutable_calibration_weight()->Assign(map.weight.begin(), map.weight.end());
  to.set_beats_purchase_model(predict::BeatsBaseline(from.report, predict::kGivenBaseline));
}

predict::ClassifierModel Read(const store::v1::ClassifierModel& from) {
  predict::ClassifierModel to;
  to.kind = static_cast<predict::ClassifierKind>(from.kind());
  to.horizon_days = from.horizon_days();
  to.features.assign(from.features().begin(), from.features().end());
  to.typical.assign(from.typical().begin(), from.typical().end());
  for (const store::v1::ClassifierColumn& column : from.columns()) {
    to.columns.push_back({column.feature(), static_cast<predict::ColumnPart>(column.part()),
                          column.level(), column.mean(), column.scale(), column.lowest(),
                          column.highest()});
  }
  to.coefficients.assign(from.coefficients().begin(), from.coefficients().end());
  to.covariance.assign(from.covariance().begin(), from.covariance().end());
  predict::CalibrationMap& map = to.calibration;
  map.kind = static_cast<predict::CalibrationKind>(from.calibration_kind());
  if (from.calibration_line_size() == 5) {
    map.line.intercept = from.calibration_line(0);
    map.line.slope = from.calibration_line(1);
    for (int i = 0; i < 3; ++i) {
      map.line.covariance[static_cast<size_t>(i)] = from.calibration_line(i + 2);
    }
    map.line.converged = true;
  }
  map.forecast.assign(from.calibration_forecast().begin(), from.calibration_forecast().end());
  map.probability.assign(from.calibration_probability().begin(),
                         from.calibration_probability().end());
  map.weight.assign(from.calibration_weight().begin(), from.calibration_weight().end());
  return to;
}

void DescribeFeatures(const predict::ClassifierModel& model, v1::Classifier& out) {
  const predict::FeatureTable table = predict::CustomerFeatures();
  for (size_t i = 0; i < model.columns.size(); ++i) {
    const predict::ModelColumn& column = model.columns[i];
    v1::FeatureWeight& weight = *out.add_features();
    weight.set_feature(predict::ColumnName(table, column));
    weight.set_text(std::string(table[column.feature].text));
    weight.set_weight(model.coefficients[i + 1]);
    if (i + 1 < model.report.coefficients.size()) {
      weight.set_standard_error(model.report.coefficients[i + 1].standard_error);
    }
    weight.set_mean(column.mean);
    weight.set_standard_deviation(column.scale);
  }
}

void DescribeReport(const predict::ClassifierModel& model, v1::Classifier& out) {
  const predict::ClassifierReport& report = model.report;
  const predict::Evaluation& seen = report.validation;
  out.set_train_count(static_cast<int64_t>(report.training_rows));
  out.set_validation_count(static_cast<int64_t>(seen.rows));
  out.set_base_rate(seen.base_rate);
  if (seen.auc) out.set_auc(seen.auc->estimate);
  out.set_brier(seen.brier);
  out.set_brier_skill(seen.brier_skill);
  out.set_log_loss(seen.log_loss);
  if (!seen.gains.empty()) out.set_top_decile_lift(seen.gains.front().lift);
  for (const predict::BaselineScore& baseline : report.baselines) {
    v1::ClassifierBaseline& row = *out.add_baselines();
    row.set_name(baseline.name);
    row.set_auc(baseline.auc);
    row.set_brier(baseline.brier);
  }
  for (const predict::ReliabilityBin& bin : seen.reliability) {
    v1::ReliabilityBin& row = *out.add_reliability();
    row.set_count(static_cast<int64_t>(bin.rows));
    row.set_predicted(bin.mean_forecast);
    row.set_observed(bin.observed.estimate);
    row.mutable_interval()->set_low(bin.observed.low);
    row.mutable_interval()->set_high(bin.observed.high);
    row.mutable_interval()->set_level(0.95);
    row.mutable_interval()->set_method("wilson");
  }
}

const store::v1::ClassifierModel* Find(const WorkspaceModel* model, predict::ClassifierKind kind) {
  if (model == nullptr) return nullptr;
  for (const store::v1::ClassifierModel& classifier : model->classifiers()) {
    if (classifier.kind() == static_cast<int>(kind)) return &classifier;
  }
  return nullptr;
}

}  // namespace

ClassifierSample::ClassifierSample(const Settings& settings, CivilDays as_of_day, int64_t customers)
    : settings_(settings), one_in_(static_cast<uint64_t>((customers + kMostRows - 1) / kMostRows)) {
  const auto split = predict::SplitByTime(as_of_day, settings.churn_horizon_days);
  if (split.ok()) split_ = *split;
  one_in_ = std::max<uint64_t>(one_in_, 1);
}

void ClassifierSample::Add(uint32_t customer_no, const Fold& fold, Scorer& scorer,
                           const Attributes& attributes) {
  if (!split_ || fold.order_days().empty()) return;
  if (predict::SpreadKey(customer_no) % one_in_ != 0) return;
  const Baseline baseline{scorer, attributes};
  AddAt(customer_no, fold, split_->training, baseline, training_);
  AddAt(customer_no, fold, split_->validation, baseline, validation_);
}

void ClassifierSample::AddAt(uint32_t customer_no, const Fold& fold, const predict::Window& window,
                             const Baseline& baseline, std::vector<Row>& rows) const {
  if (fold.order_days(0) > window.cutoff) return;
  const std::vector<CivilDays> active = DaysOf(fold.active_days());
  if (!predict::Eligible({}, active, window.cutoff)) return;
  Row row{.customer_no = customer_no,
          .features = FeaturesAt(fold, window.cutoff),
          .churned = predict::Churned(DaysOf(fold.order_days()), window),
          .revenue = RevenueIn(fold, window),
          .baseline = predict::kMissing};
  const auto silence = baseline.scorer.NoPurchaseChance(
      HistoryAt(settings_, fold, window.cutoff), fold.first_order_channel(), baseline.attributes);
  if (silence) row.baseline = *silence;
  rows.push_back(std::move(row));
}

void ClassifierSample::Merge(const ClassifierSample& other) {
  training_.insert(training_.end(), other.training_.begin(), other.training_.end());
  validation_.insert(validation_.end(), other.validation_.begin(), other.validation_.end());
}

predict::TrainingRows ClassifierSample::RowsOf(const std::vector<Row>& rows,
                                               predict::ClassifierKind kind) const {
  predict::TrainingRows result(predict::CustomerFeatures());
  result.Reserve(rows.size());
  std::vector<bool> top;
  if (kind == predict::ClassifierKind::kTopDecile) {
    std::vector<Micros> revenue;
    for (const Row& row : rows) revenue.push_back(row.revenue);
    top = predict::InTopDecile(revenue);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    predict::LabelledRow labelled;
    labelled.key = rows[i].customer_no;
    labelled.features = rows[i].features.values;
    labelled.happened = top.empty() ? rows[i].churned : static_cast<bool>(top[i]);
    if (top.empty()) labelled.baseline = rows[i].baseline;
    // Rows are ours: nothing in them is out of range.
    result.Add(labelled).IgnoreError();
  }
  result.Sort();
  return result;
}

void ClassifierSample::TrainOne(predict::ClassifierKind kind, const WorkspaceModel* previous,
                                WorkspaceModel& model) const {
  v1::Classifier& report = *model.mutable_value_model()->add_classifiers();
  report.set_target(NameOf(kind));
  report.set_horizon_days(settings_.churn_horizon_days);
  report.set_train_date(FormatDate(split_->training.cutoff));
  report.set_validation_date(FormatDate(split_->validation.cutoff));
  predict::TrainOptions options;
  options.horizon_days = settings_.churn_horizon_days;
  const auto trained =
      predict::TrainClassifier(kind, RowsOf(training_, kind), RowsOf(validation_, kind), options);
  if (trained.ok()) {
    DescribeReport(*trained, report);
    DescribeFeatures(*trained, report);
    if (trained->report.usable()) return Write(*trained, *model.add_classifiers());
  }
  const std::string reason = trained.ok() ? "it is no better than the base rate or did not converge"
                                          : std::string(trained.status().message());
  const store::v1::ClassifierModel* before = Find(previous, kind);
  if (before != nullptr && before->horizon_days() == settings_.churn_horizon_days) {
    *model.add_classifiers() = *before;
    report.set_unused_reason(Cat(reason, "; that of an earlier night is in use"));
  } else {
    report.set_unused_reason(reason);
  }
}

void ClassifierSample::Train(CivilDays first_event_day, const WorkspaceModel* previous,
                             WorkspaceModel& model) const {
  if (!split_) return;
  const absl::Status enough = predict::CheckHistory(*split_, first_event_day);
  if (!enough.ok()) {
    for (const auto kind : kKinds) {
      v1::Classifier& report = *model.mutable_value_model()->add_classifiers();
      report.set_target(NameOf(kind));
      report.set_horizon_days(settings_.churn_horizon_days);
      report.set_unused_reason(std::string(enough.message()));
    }
    return;
  }
  for (const auto kind : kKinds) TrainOne(kind, previous, model);
}

std::optional<predict::Classifier> ClassifierOf(const WorkspaceModel& model,
                                                predict::ClassifierKind kind) {
  const store::v1::ClassifierModel* stored = Find(&model, kind);
  if (stored == nullptr) return std::nullopt;
  auto made = predict::Classifier::Make(Read(*stored), predict::CustomerFeatures());
  if (!made.ok()) return std::nullopt;
  return *std::move(made);
}

ChurnScorer::ChurnScorer(const Settings& settings, const WorkspaceModel& model)
    : settings_(settings),
      churn_(ClassifierOf(model, predict::ClassifierKind::kChurn)),
      top_decile_(ClassifierOf(model, predict::ClassifierKind::kTopDecile)) {
  const auto* stored = Find(&model, predict::ClassifierKind::kChurn);
  churn_beats_purchases_ = stored != nullptr && stored->beats_purchase_model();
}

void ChurnScorer::Score(const Projection& projection, std::optional<double> no_purchase,
                        std::optional<math::Interval> subscriptions_end,
                        v1::CustomerValue& value) const {
  predict::ChurnCandidates candidates;
  if (no_purchase) candidates.purchase_model = {*no_purchase, *no_purchase, *no_purchase};
  candidates.alive_by_construction = value.alive_by_construction();
  candidates.subscription_runs = subscriptions_end.has_value();
  candidates.subscription_model = subscriptions_end;
  candidates.classifier_beats_purchase_model = churn_beats_purchases_;
  if (churn_ && projection.features) {
    const auto classified = churn_->Classify(projection.features->values);
    if (classified.ok()) candidates.classifier = classified->probability;
  }
  const auto forecast = predict::ForecastChurn(candidates, settings_.churn_horizon_days);
  if (!forecast) return;
  v1::Churn& churn = *value.mutable_churn();
  churn.set_probability(forecast->probability);
  churn.set_horizon_days(forecast->horizon_days);
  churn.set_basis(static_cast<v1::ChurnBasis>(forecast->basis));
  if (forecast->interval.high > forecast->interval.low) {
    churn.mutable_interval()->set_low(forecast->interval.low);
    churn.mutable_interval()->set_high(forecast->interval.high);
    churn.mutable_interval()->set_level(0.95);
    churn.mutable_interval()->set_method("parameters, delta method");
  }
  // Reasons are the classifier's: they say nothing of another model's chance.
  if (forecast->basis == predict::ChurnBasis::kClassifier && projection.features) {
    const auto reasons = predict::ExplainClassification(*churn_, projection.features->values);
    for (const auto* side : {&reasons->raising, &reasons->lowering}) {
      for (const predict::Reason& reason : *side) {
        v1::ChurnReason& out = *churn.add_reasons();
        out.set_feature(reason.feature);
        if (!std::isnan(reason.value)) out.set_value(reason.value);
        out.set_contribution(reason.contribution);
        out.set_text(reason.text);
      }
    }
  }
  if (top_decile_ && projection.features) {
    const auto top = top_decile_->Classify(projection.features->values);
    if (top.ok()) value.set_top_decile_probability(top->probability.estimate);
  }
}

}  // namespace rapport::facts
