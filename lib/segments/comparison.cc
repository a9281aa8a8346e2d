// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/comparison.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <tuple>
#include <vector>

#include "lib/base/text.h"

namespace rapport::segments {
namespace {

constexpr int64_t kMonthSeconds = 28 * 86'400;

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> Growth(const v1::SegmentFigures& before, const v1::SegmentFigures& now) {
  if (before.customer_count() == 0) return std::nullopt;
  return Ratio(now.customer_count() - before.customer_count(), before.customer_count());
}

// The last figures at least 28 days before the night's.
const v1::SegmentFigures* MonthBefore(const store::v1::SegmentNight& night) {
  const int64_t latest = night.figures().as_of().seconds() - kMonthSeconds;
  for (int i = night.history_size() - 1; i >= 0; --i) {
    if (night.history(i).as_of().seconds() <= latest) return &night.history(i);
  }
  return nullptr;
}

std::string Percent(double share, bool sign) {
  char text[32];
  std::snprintf(text, sizeof text, sign ? "%+.1f %%" : "%.1f %%", 100 * share);
  return text;
}

std::string ReasonOf(const v1::SegmentPriority& priority) {
  std::string reason = Cat(Percent(priority.value_share(), false), " of value from ",
                           Percent(priority.customer_share(), false), " of customers");
  if (priority.has_monthly_growth()) {
    return Cat(reason, ", ", Percent(priority.monthly_growth(), true), " members in a month");
  }
  if (priority.has_growth()) {
    return Cat(reason, ", ", Percent(priority.growth(), true), " members since the night before");
  }
  return Cat(reason, ", no earlier night to compare with");
}

v1::SegmentPriority PriorityOf(const Compared& segment) {
  const store::v1::SegmentNight& night = segment.night;
  const v1::SegmentFigures& figures = night.figures();
  v1::SegmentPriority priority;
  priority.set_segment(segment.name);
  *priority.mutable_figures() = figures;
  priority.set_customer_share(Ratio(figures.customer_count(), figures.universe()));
  priority.set_value_share(
      night.workspace_predicted_micros() > 0
          ? Ratio(figures.predicted_value().micros(), night.workspace_predicted_micros())
          : Ratio(figures.historic_value().micros(), night.workspace_historic_micros()));
  if (figures.customer_count() > 0) {
    priority.set_value_index(priority.value_share() / priority.customer_share());
    v1::Money& mean = *priority.mutable_mean_predicted_value();
    mean = figures.predicted_value();
    mean.set_micros(mean.micros() / figures.customer_count());
  }
  std::optional<double> growth;
  if (night.history_size() > 0) growth = Growth(night.history(night.history_size() - 1), figures);
  if (growth) priority.set_growth(*growth);
  if (const v1::SegmentFigures* month = MonthBefore(night); month != nullptr) {
    if (const auto monthly = Growth(*month, figures)) {
      priority.set_monthly_growth(*monthly);
      growth = monthly;
    }
  }
  priority.set_priority(priority.value_share() * (1 + std::clamp(growth.value_or(0), -0.9, 9.0)));
  priority.set_reason(ReasonOf(priority));
  return priority;
}

v1::SegmentOverlap OverlapOf(const Compared& first, const Compared& second) {
  v1::SegmentOverlap overlap;
  overlap.set_first(first.name);
  overlap.set_second(second.name);
  const auto a = static_cast<int64_t>(first.members.size());
  const auto b = static_cast<int64_t>(second.members.size());
  const auto both = static_cast<int64_t>(first.members.CountCommon(second.members));
  overlap.set_both_count(both);
  overlap.set_jaccard(Ratio(both, a + b - both));
  if (a > 0) overlap.set_share_of_first(Ratio(both, a));
  if (b > 0) overlap.set_share_of_second(Ratio(both, b));
  const int64_t universe = first.night.figures().universe();
  if (a > 0 && b > 0 && universe > 0) overlap.set_lift(Ratio(both, a) / Ratio(b, universe));
  return overlap;
}

}  // namespace

v1::SegmentComparison Compare(std::span<const Compared> segments) {
  std::vector<std::pair<v1::SegmentPriority, const Compared*>> ranked;
  for (const Compared& segment : segments) ranked.emplace_back(PriorityOf(segment), &segment);
  std::ranges::sort(ranked, [](const auto& a, const auto& b) {
    return std::tuple(-a.first.priority(), -a.first.value_share(), a.first.segment()) <
           std::tuple(-b.first.priority(), -b.first.value_share(), b.first.segment());
  });
  v1::SegmentComparison comparison;
  for (size_t i = 0; i < ranked.size(); ++i) {
    ranked[i].first.set_rank(static_cast<int32_t>(i + 1));
    *comparison.add_priorities() = ranked[i].first;
    for (size_t j = i + 1; j < ranked.size(); ++j) {
      *comparison.add_overlaps() = OverlapOf(*ranked[i].second, *ranked[j].second);
    }
  }
  return comparison;
}

}  // namespace rapport::segments
