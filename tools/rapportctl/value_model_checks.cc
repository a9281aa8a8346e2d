// SPDX-License-Identifier: Apache-2.0
// Of the fit report: tracking, retention of subscriptions, classifiers.
#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/line_chart.h"
#include "tools/rapportctl/value_model_text.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 20;

std::string CurveText(const v1::RetentionFit& fit, const Terminal& terminal) {
  Table table({{"periods", true},
               {"at risk", true},
               {"observed", true},
               {"fitted", true},
               {"interval"},
               {"still there, fitted"}});
  for (const auto& point : fit.curve()) {
    const v1::Interval& range = point.interval();
    table.Add(
        {Cat(point.period()), FormatCount(point.at_risk()),
         point.has_observed() ? FormatShare(point.observed()) : "-", FormatShare(point.fitted()),
         range.level() > 0 ? Cat(FormatShare(range.low()), " to ", FormatShare(range.high())) : "-",
         terminal.In(Paint::kCyan, Bar(point.fitted(), kBarWidth))});
  }
  return table.empty() ? "" : Cat("\n", table.Text(terminal));
}

std::string RetentionParameters(const v1::RetentionFit& fit) {
  std::string text;
  for (const auto& parameter : fit.parameters()) {
    text = Cat(text, text.empty() ? "" : ", ", parameter.name(), " ",
               FormatNumber(parameter.value(), 3));
    if (parameter.standard_error() > 0) {
      text = Cat(text, " ± ", FormatNumber(parameter.standard_error(), 3));
    }
  }
  return text;
}

std::string ClassifierMeasures(const v1::Classifier& classifier, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("classifier", Cat(FormatEnum(classifier.target(), ""), " within ",
                              classifier.horizon_days(), " days"));
  sheet.Add("not used", classifier.unused_reason());
  sheet.Add("rows", Cat(FormatCount(classifier.train_count()), " of ", classifier.train_date(),
                        " to train, ", FormatCount(classifier.validation_count()), " of ",
                        classifier.validation_date(), " to check"));
  sheet.Add("outcome", Cat(FormatShare(classifier.base_rate()), " of the rows to check"));
  sheet.Add("measures", Cat("AUC ", FormatNumber(classifier.auc(), 3), ", Brier ",
                            FormatNumber(classifier.brier(), 4), " (skill ",
                            FormatNumber(classifier.brier_skill(), 3), "), log loss ",
                            FormatNumber(classifier.log_loss(), 4), ", lift of the top tenth ",
                            FormatNumber(classifier.top_decile_lift(), 2)));
  for (const auto& baseline : classifier.baselines()) {
    sheet.Add(Cat("  ", FormatEnum(baseline.name(), "")),
              Cat("AUC ", FormatNumber(baseline.auc(), 3), ", Brier ",
                  FormatNumber(baseline.brier(), 4)));
  }
  return sheet.Text(terminal);
}

std::string ReliabilityText(const v1::Classifier& classifier, const Terminal& terminal) {
  if (classifier.reliability().empty()) return "";
  Table table({{"predicted", true}, {"observed", true}, {"interval"}, {"rows", true}});
  for (const auto& bin : classifier.reliability()) {
    const v1::Interval& range = bin.interval();
    table.Add(
        {FormatShare(bin.predicted()), FormatShare(bin.observed()),
         range.level() > 0 ? Cat(FormatShare(range.low()), " to ", FormatShare(range.high())) : "-",
         FormatCount(bin.count())});
  }
  return Cat("\n", table.Text(terminal));
}

std::string FeaturesText(const v1::Classifier& classifier, const Terminal& terminal) {
  if (classifier.features().empty()) return "";
  Table table({{"feature"},
               {"weight", true},
               {"standard error", true},
               {"mean", true},
               {"deviation", true},
               {"what it is"}});
  for (const auto& feature : classifier.features()) {
    table.Add({feature.feature(), FormatNumber(feature.weight(), 3),
               FormatNumber(feature.standard_error(), 3), FormatNumber(feature.mean(), 2),
               FormatNumber(feature.standard_deviation(), 2), feature.text()});
  }
  return Cat("\n", table.Text(terminal));
}

// First day of each step, and the step at which the holdout begins.
struct Steps {
  std::vector<std::string> dates;
  int holdout = -1;
};
Steps StepsOf(const v1::Tracking& tracking) {
  Steps steps;
  const auto start = ParseDate(tracking.start_date());
  const auto holdout = ParseDate(tracking.holdout_start_date());
  for (int i = 0; i < tracking.points_size(); ++i) {
    const CivilDays day = (start.ok() ? *start : 0) + i * tracking.step_days();
    steps.dates.push_back(start.ok() ? FormatDate(day) : Cat(i));
    if (steps.holdout < 0 && holdout.ok() && day >= *holdout) steps.holdout = i;
  }
  return steps;
}

std::string ErrorText(double expected, double actual) {
  return actual > 0 ? FormatShare(expected / actual - 1) : "-";
}

}  // namespace

std::string RetentionFitsText(const google::protobuf::RepeatedPtrField<v1::RetentionFit>& fits,
                              const Terminal& terminal) {
  if (fits.empty()) return "";
  Table table({{"subscriptions of"},
               {"started", true},
               {"ended", true},
               {"model"},
               {"residual periods", true},
               {"parameters"}});
  std::string curve;
  for (const auto& fit : fits) {
    table.Add({fit.cohort(), FormatCount(fit.subscription_count()), FormatCount(fit.ended_count()),
               fit.usable() ? fit.model() : Cat(fit.model(), " (not usable)"),
               fit.has_residual_periods() ? FormatNumber(fit.residual_periods(), 2) : "-",
               RetentionParameters(fit)});
    if (fit.cohort() == "all") curve = CurveText(fit, terminal);
  }
  return Cat(table.Text(terminal), curve);
}

std::string ClassifierText(const v1::Classifier& classifier, const Terminal& terminal) {
  return Cat(ClassifierMeasures(classifier, terminal), ReliabilityText(classifier, terminal),
             FeaturesText(classifier, terminal));
}

std::string TrackingText(const v1::Tracking& tracking, const Terminal& terminal) {
  if (tracking.points().empty()) return "no tracking: no value model, or too little history\n";
  const Steps steps = StepsOf(tracking);
  LineSeries expected{"expected", "·", Paint::kYellow, {}};
  LineSeries actual{"actual", "●", Paint::kCyan, {}};
  Table table({{"from"},
               {"actual", true},
               {"expected", true},
               {"sum actual", true},
               {"sum expected", true},
               {"error of sum", true},
               {""}});
  for (int i = 0; i < tracking.points_size(); ++i) {
    const auto& point = tracking.points(i);
    const auto sum = static_cast<double>(point.cumulative_actual());
    expected.values.push_back(point.cumulative_expected());
    actual.values.push_back(sum);
    table.Add({steps.dates[static_cast<size_t>(i)], FormatCount(point.actual()),
               FormatNumber(point.expected(), 1), FormatCount(point.cumulative_actual()),
               FormatNumber(point.cumulative_expected(), 1),
               ErrorText(point.cumulative_expected(), sum),
               steps.holdout >= 0 && i >= steps.holdout ? "holdout" : ""});
  }
  LineChartOptions options;
  options.labels = steps.dates;
  options.border = steps.holdout;
  options.border_name = "holdout from";
  std::string text = Cat(terminal.In(Paint::kBold, "repeat purchases, cumulative"), "\n",
                         LineChart({expected, actual}, options, terminal));
  if (steps.holdout >= 0) {
    text = Cat(text, "mean absolute error of the curve over the holdout: ",
               FormatShare(tracking.holdout_cumulative_mape()), "\n");
  }
  return Cat(text, "\n", table.Text(terminal));
}

}  // namespace rapport::ctl
