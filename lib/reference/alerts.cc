// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/alerts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>
#include <utility>

#include "lib/base/text.h"
#include "lib/math/robust.h"
#include "lib/math/seasonal.h"
#include "lib/math/significance.h"
#include "lib/metrics/kinds.h"

namespace rapport::reference {
namespace {

// What every ordinary day of one metric lies in, as far as an alert can say.
constexpr double kConfidence = 1 - kAlertLevel;

bool IsNumber(const v1::MetricDefinition& definition) {
  switch (definition.kind()) {
    case v1::METRIC_KIND_COUNT:
    case v1::METRIC_KIND_DISTINCT_CUSTOMERS:
      return true;
    case v1::METRIC_KIND_SESSION:
      return definition.session().figure() == v1::SESSION_FIGURE_COUNT;
    default:
      return false;
  }
}

bool IsSum(const v1::MetricDefinition& definition) {
  return IsNumber(definition) || definition.kind() == v1::METRIC_KIND_MONEY_SUM;
}

// One day of one metric that was judged.
struct Judged {
  const v1::MetricDefinition* definition = nullptr;
  CivilDays day = 0;
  DailyFigure figure;
  math::SeasonalJudgement judgement;
};

math::SeasonalOptions OptionsFor(const v1::MetricDefinition& definition,
                                 std::span<const std::optional<double>> history,
                                 const DailyFigure& figure) {
  math::SeasonalOptions options;
  options.confidence = kConfidence;
  // The transform of counts knows their error; that of the day's own count would hide the very
  // days that stand out.
  if (!IsNumber(definition)) options.sampling_error = figure.standard_error;
  if (definition.unit() == v1::METRIC_UNIT_POINTS) options.minimum = -100;
  if (definition.unit() == v1::METRIC_UNIT_PERCENT) options.minimum = 0;
  if (definition.unit() == v1::METRIC_UNIT_POINTS) options.maximum = 100;
  const bool below_zero =
      *figure.value < 0 || std::any_of(history.begin(), history.end(), [](const auto& value) {
        return value.has_value() && *value < 0;
      });
  if (below_zero) {
    if (definition.unit() == v1::METRIC_UNIT_PERCENT) options.minimum = -100;
    return options;
  }
  if (IsNumber(definition)) options.transform = math::Transform::kCount;
  if (definition.kind() == v1::METRIC_KIND_MONEY_SUM) options.transform = math::Transform::kAmount;
  if (options.transform != math::Transform::kNone) options.minimum = 0;
  return options;
}

// A rate needs a sample on the day; a sum that falls to nothing needs one before.
bool HasSample(const WatchedMetric& metric, size_t index, size_t first) {
  const int64_t least = metric.definition->minimum_sample();
  if (metric.figures[index].sample_size >= least) return true;
  if (!IsSum(*metric.definition)) return false;
  std::vector<double> samples;
  for (size_t i = first; i < index; ++i) {
    samples.push_back(static_cast<double>(metric.figures[i].sample_size));
  }
  return math::Median(std::move(samples)).value_or(0) >= static_cast<double>(least);
}

// nullopt where the day cannot be judged.
std::optional<Judged> Judge(const WatchedMetric& metric, CivilDays day) {
  const auto index = static_cast<size_t>(day - metric.first_day);
  if (day < metric.first_day || index >= metric.figures.size()) return std::nullopt;
  const DailyFigure& figure = metric.figures[index];
  const size_t first = index - std::min<size_t>(index, kBaselineDays);
  if (!figure.value.has_value() || !HasSample(metric, index, first)) return std::nullopt;
  std::vector<std::optional<double>> history;
  for (size_t i = first; i < index; ++i) history.push_back(metric.figures[i].value);
  Judged judged{metric.definition, day, figure, {}};
  judged.judgement =
      math::JudgeDay(history, *figure.value, OptionsFor(*metric.definition, history, figure));
  if (!judged.judgement.enough_history) return std::nullopt;
  return judged;
}

std::string Number(double value, v1::MetricUnit unit) {
  char text[64];
  const int decimals = unit == v1::METRIC_UNIT_COUNT ? 0 : unit == v1::METRIC_UNIT_MONEY ? 2 : 1;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return Cat(text, unit == v1::METRIC_UNIT_PERCENT   ? " %"
                   : unit == v1::METRIC_UNIT_SECONDS ? " s"
                                                     : "");
}

v1::AlertKind KindOf(const v1::MetricDefinition& definition, bool above) {
  if (definition.direction() == v1::DIRECTION_UNSPECIFIED) return v1::ALERT_KIND_CHANGED;
  const bool better = above == (definition.direction() == v1::DIRECTION_HIGHER);
  return better ? v1::ALERT_KIND_BETTER : v1::ALERT_KIND_WORSE;
}

std::string Summary(const Judged& judged) {
  const v1::MetricDefinition& definition = *judged.definition;
  const v1::MetricUnit unit = definition.unit();
  const bool above = *judged.figure.value > judged.judgement.expected;
  const std::string_view counted = definition.sample_unit().empty()
                                       ? "observations"
                                       : std::string_view(definition.sample_unit());
  return Cat(definition.display_name(), " was ", Number(*judged.figure.value, unit), " on ",
             FormatDate(judged.day), ", ", above ? "above" : "below", " the ",
             Number(judged.judgement.low, unit), " to ", Number(judged.judgement.high, unit),
             " expected of the day (", Number(judged.judgement.expected, unit), "); ",
             judged.figure.sample_size, " ", counted, ".");
}

v1::Alert AlertOf(const Judged& judged, const AlertNight& night) {
  v1::Alert alert;
  const std::string& metric = judged.definition->metric();
  alert.set_metric(metric);
  alert.set_date(FormatDate(judged.day));
  alert.set_name(Cat(night.workspace, "/alerts/", AlertId(metric, alert.date())));
  alert.set_value(*judged.figure.value);
  alert.set_expected(judged.judgement.expected);
  alert.mutable_range()->set_low(judged.judgement.low);
  alert.mutable_range()->set_high(judged.judgement.high);
  alert.mutable_range()->set_level(kConfidence);
  alert.mutable_range()->set_method("robust seasonal");
  alert.set_deviations(judged.judgement.deviations);
  alert.set_kind(KindOf(*judged.definition, alert.value() > alert.expected()));
  alert.set_sample_size(judged.figure.sample_size);
  alert.set_summary(Summary(judged));
  auto& time = *alert.mutable_create_time();
  const TimeMicros micros =
      ((night.as_of % kMicrosPerSecond) + kMicrosPerSecond) % kMicrosPerSecond;
  time.set_seconds((night.as_of - micros) / kMicrosPerSecond);
  time.set_nanos(static_cast<int32_t>(micros * 1000));
  alert.set_generation(Cat("workspaces/-/generations/", night.generation));
  return alert;
}

// Those whose p-value stays small among all of the night.
std::vector<Judged> Significant(const std::vector<Judged>& judged) {
  std::vector<std::optional<double>> p_values;
  for (const Judged& day : judged) p_values.emplace_back(day.judgement.p_value);
  const auto adjusted = math::AdjustBenjaminiHochberg(p_values);
  std::vector<Judged> significant;
  for (size_t i = 0; i < judged.size(); ++i) {
    if (adjusted[i].has_value() && *adjusted[i] <= kAlertLevel) significant.push_back(judged[i]);
  }
  return significant;
}

}  // namespace

bool IsWatched(const v1::MetricDefinition& definition) {
  switch (definition.kind()) {
    case v1::METRIC_KIND_STICKINESS:
    case v1::METRIC_KIND_CLV_SIMPLE:
      return false;
    default:
      return metrics::IsDated(definition.kind()) ||
             metrics::ShapeOf(definition.kind()) == metrics::Shape::kDistinct;
  }
}

std::vector<v1::Alert> FindAlerts(std::span<const WatchedMetric> metrics, const AlertNight& night) {
  std::vector<Judged> judged;
  for (const WatchedMetric& metric : metrics) {
    for (const CivilDays day : metric.judged) {
      std::optional<Judged> one = Judge(metric, day);
      if (one.has_value()) judged.push_back(*std::move(one));
    }
  }
  std::vector<Judged> found = Significant(judged);
  std::stable_sort(found.begin(), found.end(), [](const Judged& a, const Judged& b) {
    return std::fabs(a.judgement.deviations) > std::fabs(b.judgement.deviations);
  });
  if (found.size() > kMaxAlertsANight) found.resize(kMaxAlertsANight);
  std::sort(found.begin(), found.end(), [](const Judged& a, const Judged& b) {
    return std::make_tuple(-int64_t{a.day}, std::string_view(a.definition->metric())) <
           std::make_tuple(-int64_t{b.day}, std::string_view(b.definition->metric()));
  });
  std::vector<v1::Alert> alerts;
  for (const Judged& one : found) alerts.push_back(AlertOf(one, night));
  return alerts;
}

std::string AlertId(std::string_view metric, std::string_view date) {
  return Cat(metric, "-", date);
}

}  // namespace rapport::reference
