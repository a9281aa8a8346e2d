// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/answer.h"

#include <algorithm>
#include <cctype>

#include "lib/base/text.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

std::string TouchpointLabel(const QueryScope& scope, uint32_t touchpoint_no) {
  if (touchpoint_no == 0) return "unknown";
  return scope.touchpoint_text ? scope.touchpoint_text(touchpoint_no) : Cat("#", touchpoint_no);
}

int64_t SampleOf(const v1::MetricSeries& series) {
  int64_t sample = 0;
  for (const v1::MetricPoint& point : series.points()) sample += point.sample_size();
  return sample;
}

std::vector<std::string> LabelsOf(const GatherPlan& plan, const GroupKey& key) {
  std::vector<std::string> labels;
  for (const Dimension dimension : plan.group_by) {
    labels.push_back(dimension == Dimension::kChannel ? ChannelLabel(key.first)
                                                      : TouchpointLabel(plan.scope, key.second));
  }
  return labels;
}

// True when `a` goes before `b`: larger sample, then smaller labels.
bool GroupLess(const v1::MetricSeries& a, const v1::MetricSeries& b) {
  const int64_t sample_a = SampleOf(a), sample_b = SampleOf(b);
  if (sample_a != sample_b) return sample_a > sample_b;
  return std::lexicographical_compare(a.group().begin(), a.group().end(), b.group().begin(),
                                      b.group().end());
}

void AddNotes(const GatherPlan& plan, const Gathered& gathered, v1::AnswerContext& context) {
  const v1::MetricDefinition& definition = plan.definition;
  if (context.sample_size() < definition.minimum_sample()) {
    context.add_notes(Cat("Small sample: ", context.sample_size(), " ", definition.sample_unit(),
                          ", at least ", definition.minimum_sample(), " are needed to judge it."));
  }
  if (plan.range.days.end > plan.scope.as_of_day) {
    context.add_notes("The last bucket is not over yet.");
  }
  int64_t foreign = 0;
  for (const Figures& bucket : gathered.buckets) foreign += bucket.tally.foreign_count;
  if (foreign > 0 && IsMoney(definition.kind())) {
    context.add_notes(Cat(foreign, " amounts in other currencies are left out."));
  }
}

}  // namespace

std::string ChannelLabel(uint8_t channel) {
  constexpr std::string_view kPrefix = "CHANNEL_";
  if (channel == v1::CHANNEL_UNSPECIFIED) return "unknown";
  std::string label = v1::Channel_Name(static_cast<v1::Channel>(channel));
  if (label.size() <= kPrefix.size()) return Cat("channel ", static_cast<int>(channel));
  label.erase(0, kPrefix.size());
  for (char& letter : label) letter = static_cast<char>(std::tolower(letter));
  return label;
}

v1::MetricPoint PointOf(const GatherPlan& plan, const DayRange& days, const Figures& figures) {
  v1::MetricPoint point;
  point.set_start_date(FormatDate(days.begin));
  point.set_end_date(FormatDate(days.end));
  point.set_incomplete(days.end > plan.scope.as_of_day);
  FillPoint(plan.definition, figures, point);
  return point;
}

v1::MetricSeries TotalSeries(const GatherPlan& plan, const Gathered& gathered) {
  v1::MetricSeries series;
  for (size_t i = 0; i < gathered.buckets.size(); ++i) {
    *series.add_points() = PointOf(plan, plan.range.buckets[i], gathered.buckets[i]);
  }
  return series;
}

std::vector<v1::MetricSeries> GroupSeries(const GatherPlan& plan, const Gathered& gathered) {
  std::vector<v1::MetricSeries> all;
  for (const auto& [key, tallies] : gathered.groups) {
    v1::MetricSeries& series = all.emplace_back();
    for (std::string& label : LabelsOf(plan, key)) series.add_group(std::move(label));
    for (size_t i = 0; i < tallies.size(); ++i) {
      Figures figures;
      figures.tally = tallies[i];
      *series.add_points() = PointOf(plan, plan.range.buckets[i], figures);
    }
  }
  std::sort(all.begin(), all.end(), GroupLess);
  return all;
}

std::string FillContext(const GatherPlan& plan, const Gathered& gathered,
                        v1::AnswerContext& context) {
  context.set_definition(plan.definition.metric());
  context.set_start_date(FormatDate(plan.range.days.begin));
  context.set_end_date(FormatDate(plan.range.days.end));
  std::string band;
  if (gathered.whole) {
    const v1::MetricPoint whole = PointOf(plan, plan.range.days, *gathered.whole);
    context.set_sample_size(whole.sample_size());
    if (whole.has_value() && whole.sample_size() >= plan.definition.minimum_sample()) {
      band = BandOf(plan.definition, whole.value());
    }
  } else {
    context.set_sample_size(SampleOf(TotalSeries(plan, gathered)));
    context.add_notes("Sample size: sum over the buckets, in which a customer may count again.");
  }
  AddNotes(plan, gathered, context);
  return band;
}

}  // namespace rapport::metrics
