// SPDX-License-Identifier: Apache-2.0
// Context and notes of answers, and words for changes.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_join.h"
#include "lib/base/text.h"
#include "lib/metrics/intervals.h"
#include "lib/metrics/responder.h"

namespace rapport::metrics {
namespace {

std::string Rounded(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%+.4g", value);
  return text;
}

// "year".
std::string GranularityWord(const v1::MetricDefinition& definition) {
  std::string word = v1::Granularity_Name(definition.band_granularity());
  word.erase(0, std::string("GRANULARITY_").size());
  for (char& letter : word) letter = static_cast<char>(std::tolower(letter));
  return word;
}

// Whether a range is about as long as the bucket for which the bands hold.
bool BandsHold(const v1::MetricDefinition& definition, const TimeWindow& range) {
  double days = 0;
  switch (definition.band_granularity()) {
    case v1::GRANULARITY_DAY:
      days = 1;
      break;
    case v1::GRANULARITY_WEEK:
      days = 7;
      break;
    case v1::GRANULARITY_MONTH:
      days = 30.4;
      break;
    case v1::GRANULARITY_QUARTER:
      days = 91.3;
      break;
    case v1::GRANULARITY_YEAR:
      days = 365.25;
      break;
    default:
      return true;
  }
  const double length = range.end_day - range.first_day;
  return length >= 0.9 * days && length <= 1.1 * days;
}

}  // namespace

bool IsRatio(const v1::MetricDefinition& definition) {
  switch (definition.kind()) {
    case v1::METRIC_KIND_COUNT:
    case v1::METRIC_KIND_MONEY_SUM:
    case v1::METRIC_KIND_DISTINCT_CUSTOMERS:
    case v1::METRIC_KIND_CUSTOMER_COUNT:
    case v1::METRIC_KIND_RECURRING_REVENUE:
      return false;
    case v1::METRIC_KIND_SESSION:
      return definition.session().figure() != v1::SESSION_FIGURE_COUNT;
    default:
      return true;
  }
}

std::string SummaryOf(const v1::ChangeExplanation& explanation, double change) {
  if (explanation.contributions().empty() || change == 0) return "Nothing moved.";
  std::vector<std::string> movers;
  for (const v1::Contribution& contribution : explanation.contributions()) {
    if (movers.size() == 3 || contribution.total_effect() == 0) break;
    movers.push_back(Cat(absl::StrJoin(contribution.group(), ", "), " (",
                         Rounded(contribution.total_effect()), ")"));
  }
  std::string text = Cat(change > 0 ? "Up " : "Down ", Rounded(std::abs(change)).substr(1),
                         ", most of it ", absl::StrJoin(movers, ", "), ".");
  const double rate = explanation.rate_effect(), mix = explanation.mix_effect();
  if (mix != 0) {
    text += Cat(" The groups themselves: ", Rounded(rate), "; their shares: ", Rounded(mix), ".");
  }
  if (explanation.simpson()) {
    text += " The mix of groups moved the total against (nearly) all groups: judge the groups.";
  }
  return text;
}

void Responder::AddContext(v1::QueryMetricResponse& response) const {
  const v1::MetricDefinition& definition = query_.definition();
  v1::AnswerContext& context = *response.mutable_context();
  context.set_definition(definition.metric());
  context.set_start_date(FormatDate(query_.ranges()[0].whole().first_day));
  context.set_end_date(FormatDate(query_.ranges()[0].whole().end_day));
  Sums all;
  const SlotReader& sums = total_;
  if (sums.whole() != nullptr) {
    const v1::MetricPoint& whole = response.total().whole();
    context.set_sample_size(whole.sample_size());
    if (whole.has_value() && whole.sample_size() >= definition.minimum_sample()) {
      if (BandsHold(definition, query_.ranges()[0].whole())) {
        response.set_band(BandOf(definition, whole.value()));
      } else {
        context.add_notes(Cat("No interpretation: the bands hold for a ",
                              GranularityWord(definition), ", not for this range."));
      }
    }
    all = *sums.whole();
  } else {
    int64_t sample = 0;
    for (const v1::MetricPoint& point : response.total().points()) sample += point.sample_size();
    context.set_sample_size(sample);
    for (size_t i = 0; i < sums.size(); ++i) all.left_out += sums.point(i).left_out;
    context.add_notes(
        "Sample size: sum over the points, in which the same may count again; there is no figure "
        "for the whole range.");
  }
  AddNotes(all, response);
  NoteSimpson(response);
}

void Responder::AddNotes(const Sums& all, v1::QueryMetricResponse& response) const {
  const v1::MetricDefinition& definition = query_.definition();
  v1::AnswerContext& context = *response.mutable_context();
  if (context.sample_size() < definition.minimum_sample()) {
    context.add_notes(Cat("Small sample: ", context.sample_size(), " ", definition.sample_unit(),
                          ", at least ", definition.minimum_sample(), " are needed to judge it."));
  }
  const v1::MetricSeries& total = response.total();
  const bool rolling = !total.has_whole() && total.points_size() > 0;
  const v1::MetricPoint& figure = rolling ? total.points(total.points_size() - 1) : total.whole();
  if (figure.has_value() && !figure.has_interval()) {
    context.add_notes(Cat("No interval: ", WhyNoInterval(definition, figure), "."));
  }
  if (query_.ranges()[0].whole().end > query_.scope().as_of + 1) {
    context.add_notes("The last bucket is not over yet.");
  }
  if (all.left_out > 0 && IsMoneyKind(definition.kind())) {
    context.add_notes(Cat(all.left_out,
                          " amounts in other currencies are left out: there is no exchange rate "
                          "for them on or before their day."));
  }
  if (IsDistribution(definition) && !all.parts().sketch.exact()) {
    context.add_notes("Quantiles are within 1 % of their true value; mean and counts are exact.");
  }
  if (ShapeOf(definition.kind()) == Shape::kDistinct && query_.grouping().by_event()) {
    context.add_notes("A customer counts in each group in which it acted; groups may overlap.");
  }
  if (ShapeOf(definition.kind()) == Shape::kPairs) {
    context.add_notes("Dated and grouped by the start; later starts may still reach their goal.");
  }
}

void Responder::NoteSimpson(v1::QueryMetricResponse& response) const {
  if (query_.grouping().empty() || !query_.has_whole() || !IsRatio(query_.definition())) return;
  if (ShapeOf(query_.definition().kind()) == Shape::kDistinct && query_.grouping().by_event()) {
    return;
  }
  for (size_t range = 1; range < query_.ranges().size(); ++range) {
    if (!Split(SortedGroups(), range).simpson) continue;
    response.mutable_context()->add_notes(
        Cat("Since ", response.compared(static_cast<int>(range) - 1).start_date(),
            " the total moved against (nearly) all groups, because their shares changed "
            "(Simpson's paradox): judge the groups, not the total."));
  }
}

}  // namespace rapport::metrics
