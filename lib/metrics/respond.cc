// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/respond.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/change.h"
#include "lib/metrics/point.h"
#include "lib/metrics/responder.h"

namespace rapport::metrics {

SlotReader::SlotReader(const PreparedQuery& query, const std::vector<Sums>& row, size_t range)
    : points_(query.ranges()[range].points().size()) {
  const Windows& windows = query.ranges()[range];
  const size_t first = query.first_slot(range);
  const bool dated = IsDated(query.definition().kind());
  const size_t slots = query.SlotWindows(range).size();
  if (!dated) {
    for (size_t i = 0; i < points_.size(); ++i) points_[i] = &row[first + i];
    if (query.has_whole()) whole_ = slots > points_.size() ? &row[first + slots - 1] : points_[0];
    return;
  }
  const size_t lead = windows.lead();
  if (windows.rolling() <= 1) {
    for (size_t i = 0; i < points_.size(); ++i) points_[i] = &row[first + lead + i];
    if (points_.size() == 1) {
      whole_ = points_[0];
      return;
    }
    Sums& whole = made_.emplace_back();
    for (const Sums* sums : points_) whole.Add(*sums);
    whole_ = &whole;
    return;
  }
  Sums sliding;
  const auto width = static_cast<size_t>(windows.rolling());
  for (size_t i = 0; i < slots; ++i) {
    sliding.Add(row[first + i]);
    if (i >= width) sliding.Subtract(row[first + i - width]);
    if (i >= lead) points_[i - lead] = &made_.emplace_back(sliding);
  }
}

Responder::Responder(const PreparedQuery& query, const SumTable& table)
    : query_(query),
      table_(table),
      context_{query.definition(), query.scope(), query.statistic(), query.years()},
      total_(query, table.total(), 0) {
  for (size_t range = 0; range < query.ranges().size(); ++range) {
    std::vector<Labels>& labels = labels_.emplace_back();
    const Windows& windows = query.ranges()[range];
    for (size_t i = 0; i < windows.points().size(); ++i) {
      const TimeWindow& point = windows.points()[i];
      labels.push_back({FormatDate(point.first_day), FormatDate(point.end_day),
                        windows.StartTime(i), point.end > query.scope().as_of + 1});
    }
  }
}

v1::MetricPoint Responder::Whole(size_t range, const Sums& sums) const {
  v1::MetricPoint point;
  const TimeWindow& whole = query_.ranges()[range].whole();
  point.set_start_date(FormatDate(whole.first_day));
  point.set_end_date(FormatDate(whole.end_day));
  point.set_incomplete(whole.end > query_.scope().as_of + 1);
  FillPoint(context_, whole, sums, point);
  return point;
}

void Responder::Print(size_t range, const SlotReader& sums, v1::MetricSeries& series) const {
  const Windows& windows = query_.ranges()[range];
  series.mutable_points()->Reserve(static_cast<int>(windows.points().size()));
  for (size_t i = 0; i < windows.points().size(); ++i) {
    const Labels& labels = labels_[range][i];
    v1::MetricPoint& point = *series.add_points();
    point.set_start_date(labels.start);
    point.set_end_date(labels.end);
    point.set_incomplete(labels.incomplete);
    if (!labels.time.empty()) point.set_start_time(labels.time);
    FillPoint(context_, windows.covers()[i], sums.point(i), point);
  }
  if (sums.whole() != nullptr) *series.mutable_whole() = Whole(range, *sums.whole());
}

namespace {

// Largest sample first, then by labels.
bool GroupLess(const Responder::Group& a, const Responder::Group& b) {
  if (a.sample != b.sample) return a.sample > b.sample;
  return a.labels < b.labels;
}

}  // namespace

std::vector<Responder::Group> Responder::SortedGroups() const {
  std::vector<Group> groups;
  for (const auto& [key, place] : table_.groups()) {
    Group& group = groups.emplace_back();
    group.row = &table_.row(place);
    for (size_t i = 0; i < query_.grouping().dimensions().size(); ++i) {
      group.labels.push_back(
          query_.grouping().Label(i, key[i], query_.scope(), table_.properties()));
    }
    const SlotReader sums(query_, *group.row, 0);
    group.here = HasAny(sums);
    v1::MetricPoint point;
    if (sums.whole() != nullptr) {
      FillPoint(context_, query_.ranges()[0].whole(), *sums.whole(), point);
      group.sample = point.sample_size();
      continue;
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      point.Clear();
      FillPoint(context_, query_.ranges()[0].covers()[i], sums.point(i), point);
      group.sample += point.sample_size();
    }
  }
  std::sort(groups.begin(), groups.end(), GroupLess);
  return groups;
}

bool Responder::HasAny(const SlotReader& sums) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!sums.point(i).IsZero()) return true;
  }
  return false;
}

absl::Status Responder::CheckSize(size_t groups) const {
  const bool all = query_.request().top() == 0;
  if (table_.overflowed() || (all && groups > query_.max_groups())) {
    return InvalidField("group_by", "TOO_MANY_GROUPS",
                        Cat("makes more than ", query_.max_groups(),
                            " groups; ask for the largest with top, or filter"));
  }
  const size_t shown = all ? groups : std::min(groups, static_cast<size_t>(query_.request().top()));
  if (shown * query_.ranges()[0].points().size() > kMaxPoints) {
    return InvalidField("granularity", "TOO_MANY_POINTS",
                        Cat(shown, " groups in ", query_.ranges()[0].points().size(),
                            " buckets are too many for one answer: take longer buckets or top"));
  }
  return absl::OkStatus();
}

absl::Status Responder::AddGroups(v1::QueryMetricResponse& response) {
  if (query_.grouping().empty()) return absl::OkStatus();
  std::vector<Group> groups = SortedGroups();
  std::erase_if(groups, [](const Group& group) { return !group.here; });
  RETURN_IF_ERROR(CheckSize(groups.size()));
  size_t shown = groups.size();
  if (query_.request().top() > 0) {
    shown = std::min(shown, static_cast<size_t>(query_.request().top()));
  }
  for (size_t i = 0; i < shown; ++i) {
    v1::MetricSeries& series = *response.add_groups();
    for (const std::string& label : groups[i].labels) series.add_group(label);
    const SlotReader sums(query_, *groups[i].row, 0);
    Print(0, sums, series);
    AgainstRest(sums, series);
  }
  if (shown == groups.size()) return absl::OkStatus();
  std::vector<Sums> rest(query_.slots());
  for (size_t i = shown; i < groups.size(); ++i) {
    for (size_t slot = 0; slot < rest.size(); ++slot) rest[slot].Add((*groups[i].row)[slot]);
  }
  v1::MetricSeries& other = *response.add_groups();
  other.set_other(true);
  for (size_t i = 0; i < query_.grouping().dimensions().size(); ++i) other.add_group("other");
  Print(0, SlotReader(query_, rest, 0), other);
  return absl::OkStatus();
}

void Responder::Tell(const math::Difference& tested, const v1::MetricPoint& first,
                     const v1::MetricPoint& second, v1::Difference& out) {
  if (!tested.change || !first.has_value() || !second.has_value()) {
    out.set_method("no values to compare");
    return;
  }
  out.set_change(*tested.change);
  if (first.value() != 0) out.set_relative_change(*tested.change / std::abs(first.value()));
  if (tested.interval) {
    out.mutable_interval()->set_low(tested.interval->low);
    out.mutable_interval()->set_high(tested.interval->high);
    out.mutable_interval()->set_level(0.95);
    out.mutable_interval()->set_method(std::string(tested.method));
  }
  out.set_method(std::string(tested.method));
  if (!tested.p_value) return;
  out.set_p_value(*tested.p_value);
  const int64_t minimum = query_.definition().minimum_sample();
  tests_.push_back({&out, first.sample_size() >= minimum && second.sample_size() >= minimum});
}

void Responder::AgainstRest(const SlotReader& group, v1::MetricSeries& series) {
  if (group.whole() == nullptr) return;
  if (ShapeOf(query_.definition().kind()) == Shape::kDistinct && query_.grouping().by_event()) {
    series.mutable_against_rest()->set_method("no test: a customer may be in several groups");
    return;
  }
  Sums rest = *total_.whole();
  rest.Subtract(*group.whole());
  const TimeWindow& covers = query_.ranges()[0].whole();
  v1::MetricPoint of_rest;
  FillPoint(context_, covers, rest, of_rest);
  Tell(Compare(context_, covers, rest, covers, *group.whole()), of_rest, series.whole(),
       *series.mutable_against_rest());
}

void Responder::AddComparisons(v1::QueryMetricResponse& response) {
  const SlotReader& now = total_;
  for (size_t range = 1; range < query_.ranges().size(); ++range) {
    const Windows& windows = query_.ranges()[range];
    v1::ComparedRange& compared = *response.add_compared();
    compared.set_comparison(query_.comparison(range));
    compared.set_start_date(FormatDate(windows.whole().first_day));
    compared.set_end_date(FormatDate(windows.whole().end_day));
    const SlotReader then(query_, table_.total(), range);
    Print(range, then, *compared.mutable_series());
    if (then.whole() != nullptr) {
      Tell(Compare(context_, windows.whole(), *then.whole(), query_.ranges()[0].whole(),
                   *now.whole()),
           compared.series().whole(), response.total().whole(), *compared.mutable_difference());
    }
    const size_t both = std::min(then.size(), now.size());
    compared.mutable_point_differences()->Reserve(static_cast<int>(both));
    for (size_t i = 0; i < both; ++i) {
      Tell(Compare(context_, windows.covers()[i], then.point(i), query_.ranges()[0].covers()[i],
                   now.point(i)),
           compared.series().points(static_cast<int>(i)),
           response.total().points(static_cast<int>(i)), *compared.add_point_differences());
    }
  }
}

void Responder::Correct() {
  std::vector<std::optional<double>> p_values;
  for (const Test& test : tests_) p_values.push_back(test.difference->p_value());
  const auto adjusted = math::AdjustBenjaminiHochberg(p_values);
  for (size_t i = 0; i < tests_.size(); ++i) {
    if (!adjusted[i]) continue;
    tests_[i].difference->set_adjusted_p_value(*adjusted[i]);
    tests_[i].difference->set_significant(*adjusted[i] < 0.05 && tests_[i].large_enough);
  }
}

ChangeSplit Responder::Split(const std::vector<Group>& groups, size_t range) const {
  const bool ratio = IsRatio(query_.definition());
  const double factor = query_.definition().unit() == v1::METRIC_UNIT_PERCENT ||
                                query_.definition().kind() == v1::METRIC_KIND_NET_SCORE
                            ? 100
                            : 1;
  std::vector<GroupChange> changes;
  for (const Group& group : groups) {
    const SlotReader after(query_, *group.row, 0), before(query_, *group.row, range);
    v1::MetricPoint first, second;
    PointContext means = context_;
    means.statistic = v1::STATISTIC_MEAN;
    FillPoint(means, query_.ranges()[range].whole(), *before.whole(), first);
    FillPoint(means, query_.ranges()[0].whole(), *after.whole(), second);
    const double scale = ratio ? factor : 1;
    changes.push_back({first.numerator() * scale, first.denominator(), second.numerator() * scale,
                       second.denominator()});
  }
  return ratio ? SplitRatioChange(changes) : SplitSumChange(changes);
}

absl::Status Respond(const PreparedQuery& query, const SumTable& table, std::string_view plan,
                     v1::QueryMetricResponse& response) {
  *response.mutable_definition() = query.definition();
  response.set_plan(std::string(plan));
  Responder responder(query, table);
  responder.Print(0, SlotReader(query, table.total(), 0), *response.mutable_total());
  RETURN_IF_ERROR(responder.AddGroups(response));
  responder.AddComparisons(response);
  responder.Correct();
  responder.AddContext(response);
  return absl::OkStatus();
}

absl::StatusOr<v1::QueryMetricResponse> Respond(const PreparedQuery& query, const SumTable& table,
                                                std::string_view plan) {
  v1::QueryMetricResponse response;
  RETURN_IF_ERROR(Respond(query, table, plan, response));
  return response;
}

v1::ChangeExplanation ExplainDimension(const PreparedQuery& query, const SumTable& table) {
  v1::ChangeExplanation explanation;
  explanation.set_dimension(query.grouping().dimensions().front().name);
  const Responder responder(query, table);
  const std::vector<Responder::Group> groups = responder.SortedGroups();
  const ChangeSplit split = responder.Split(groups, 1);
  explanation.set_rate_effect(split.rate_effect);
  explanation.set_mix_effect(split.mix_effect);
  explanation.set_simpson(split.simpson);
  for (const GroupEffect& effect : split.effects) {
    v1::Contribution& out = *explanation.add_contributions();
    for (const std::string& label : groups[effect.group].labels) out.add_group(label);
    if (effect.before) out.set_before(*effect.before);
    if (effect.after) out.set_after(*effect.after);
    out.set_weight_before(effect.weight_before);
    out.set_weight_after(effect.weight_after);
    out.set_rate_effect(effect.rate_effect);
    out.set_mix_effect(effect.mix_effect);
    out.set_total_effect(effect.total_effect());
  }
  explanation.set_summary(SummaryOf(explanation, split.change));
  return explanation;
}

}  // namespace rapport::metrics
