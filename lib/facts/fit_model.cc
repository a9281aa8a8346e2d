// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "lib/base/text.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/value/horizon.h"
#include "lib/value/value_model.h"

namespace rapport::facts {
namespace {

// A holdout shorter than this says little.
constexpr int kMinHoldoutDays = 30;

void CutRfm(const FitInput& input, WorkspaceModel& model) {
  math::ValueHistogram recency, frequency, monetary;
  for (const double days : input.rfm_recency_days) recency.Add(std::llround(days));
  for (const double days : input.rfm_frequency) frequency.Add(std::llround(days));
  for (const int64_t micros : input.rfm_monetary_micros) monetary.Add(micros);
  const auto recency_cuts = math::RankCuts::Make(recency, 5, math::Better::kLower);
  const auto frequency_cuts = math::RankCuts::Make(frequency, 5, math::Better::kHigher);
  const auto monetary_cuts = math::RankCuts::Make(monetary, 5, math::Better::kHigher);
  for (const int64_t cut : recency_cuts.cuts()) {
    model.add_recency_cuts(static_cast<double>(cut));
  }
  for (const int64_t cut : frequency_cuts.cuts()) {
    model.add_frequency_cuts(static_cast<double>(cut));
  }
  for (const int64_t cut : monetary_cuts.cuts()) model.add_monetary_cuts(cut);
}

// Tonight's data do not give a model: last night's stays in use, with the reason.
void KeepPrevious(const std::string& reason, const WorkspaceModel* previous,
                  WorkspaceModel& model) {
  v1::ValueModel& stored = *model.mutable_value_model();
  if (previous == nullptr || !ParametersOf(*previous)) {
    stored.Clear();
    stored.add_notes(Cat("No value model: ", reason));
    return;
  }
  stored = previous->value_model();
  model.set_mean_order_micros(previous->mean_order_micros());
  stored.set_converged(false);
  stored.clear_notes();
  stored.add_notes(Cat("Tonight's fit is not used: ", reason, ". The parameters are those of ",
                       FormatTime(TimeOf(stored.fit_as_of())), "."));
}

// Sums of floating point depend on order, so rows are put into one that only data decide.
std::vector<size_t> CanonicalOrder(const FitInput& input) {
  std::vector<size_t> order(input.calibration.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t i) {
    const value::PurchaseHistory& row = input.calibration[i];
    return std::tuple(row.frequency, row.recency_days, row.age_days, row.repeat_value_micros,
                      input.holdout_purchases[i]);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  return order;
}

struct Forecast {
  std::vector<double> expected, actual;
  double naive_error = 0;  // Sum of |past rate x days - actual|.
};

Forecast ForecastHoldout(const value::BgNbd& model, const FitInput& input, double days) {
  Forecast forecast;
  value::BgNbdHorizon horizon(model, days, 0);
  for (const size_t i : CanonicalOrder(input)) {
    const value::PurchaseHistory& row = input.calibration[i];
    const double actual = input.holdout_purchases[i];
    forecast.expected.push_back(model.PAlive(row) *
                                horizon.At(row.frequency, row.age_days).purchases);
    forecast.actual.push_back(actual);
    const double rate = row.age_days > 0 ? row.frequency / row.age_days : 0;
    forecast.naive_error += std::abs(rate * days - actual);
  }
  return forecast;
}

void CheckHoldout(const FitInput& input, v1::ValueModel& model) {
  const int days = input.as_of_day - input.holdout_start;
  if (days < kMinHoldoutDays || input.calibration.empty() ||
      input.calibration.size() != input.holdout_purchases.size()) {
    model.add_notes("No holdout check: the history is too short.");
    return;
  }
  const auto fit = value::FitValueModel(input.calibration);
  if (!fit.ok() || !fit->usable()) {
    model.add_notes("No holdout check: the earlier part alone gives no model.");
    return;
  }
  const Forecast forecast = ForecastHoldout(fit->purchases.model, input, days);
  const auto report = value::EvaluateHoldout(forecast.expected, forecast.actual);
  if (!report.ok()) return;
  v1::Holdout& holdout = *model.mutable_holdout();
  holdout.set_start_date(FormatDate(input.holdout_start + 1));
  holdout.set_days(days);
  holdout.set_mae(report->mean_absolute_error);
  holdout.set_rmse(report->root_mean_squared_error);
  holdout.set_bias(report->bias);
  holdout.set_actual_total(std::llround(report->total_actual));
  holdout.set_expected_total(report->total_expected);
  holdout.set_naive_mae(forecast.naive_error / report->customers);
}

void FitValue(const FitInput& input, TimeMicros as_of, const WorkspaceModel* previous,
              WorkspaceModel& model) {
  // No warm start: tonight's figures must not depend on how many nights went before.
  const auto fit = value::FitValueModel(input.histories);
  if (!fit.ok()) return KeepPrevious(std::string(fit.status().message()), previous, model);
  if (!fit->usable()) {
    return KeepPrevious(fit->purchases.summary.Explanation(), previous, model);
  }
  DescribeFit(*fit, model);
  v1::ValueModel& stored = *model.mutable_value_model();
  SetTime(as_of, *stored.mutable_fit_as_of());
  CheckHoldout(input, stored);
}

}  // namespace

WorkspaceModel FitModel(const Settings& settings, const FitInput& input, TimeMicros as_of,
                        const WorkspaceModel* previous) {
  WorkspaceModel model;
  CutRfm(input, model);
  FitValue(input, as_of, previous, model);
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_annual_discount_rate(settings.annual_discount_rate);
  stored.set_customer_count(static_cast<int64_t>(input.histories.size()));
  stored.set_repeater_count(
      std::count_if(input.histories.begin(), input.histories.end(),
                    [](const value::PurchaseHistory& row) { return row.frequency > 0; }));
  return model;
}

CivilDays HoldoutStart(CivilDays first_order_day, CivilDays as_of_day) {
  return first_order_day + (as_of_day - first_order_day) * 3 / 4;
}

}  // namespace rapport::facts
