// SPDX-License-Identifier: Apache-2.0
// What moved: the change of a metric split into what each group did.
//
// A ratio over groups g with denominators d and ratios r = n / d has the total
// R = sum w r, w = d / sum d. Its change R1 - R0 is split per group into
//   rate effect  (r1 - r0) (w0 + w1) / 2                    the group itself changed
//   mix effect   (w1 - w0) ((r0 + r1) / 2 - (R0 + R1) / 2)  its share changed
// The midpoint form is Shapley's value of the two factors (Das Gupta 1993; Kitagawa 1955):
// effects do not depend on an order of steps and add up to the change, with no rest. A
// group gains from a growing share only if it is above the metric's mean level.
// A group without denominator on one side has no ratio there: it takes its other ratio, so
// that all of its effect is mix. A numerator without denominator (refunds of no order) is
// in the rate effect.
//
// Plain doubles in any unit: scale numerators by 100 for percent; net scores count
// positive - negative. Denominators >= 0. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace rapport::metrics {

// Sums of one group before and after. Groups are disjoint and cover the total.
struct GroupChange {
  double numerator_before = 0;
  double denominator_before = 0;
  double numerator_after = 0;
  double denominator_after = 0;
};

struct GroupEffect {
  size_t group = 0;              // Index in the input.
  std::optional<double> before;  // The group's own value; absent without observations.
  std::optional<double> after;
  double weight_before = 0;  // Share of the denominator, 0-1.
  double weight_after = 0;
  double rate_effect = 0;
  double mix_effect = 0;
  double total_effect() const { return rate_effect + mix_effect; }
};

struct ChangeSplit {
  std::optional<double> before;  // The total; absent without observations.
  std::optional<double> after;
  double change = 0;       // 0 and no effects unless both are there.
  double rate_effect = 0;  // Sums over groups.
  double mix_effect = 0;
  // Largest |total effect| first, then in the order of the input.
  std::vector<GroupEffect> effects;
  // Mean weight, among groups seen on both sides, of those that moved against the total.
  double opposed_weight = 0;
  // The total moves one way because the mix changed, while the groups at equal mix move the
  // other way (sum of rate effects), or groups of kNearlyAll of the weight do.
  bool simpson = false;
};
inline constexpr double kNearlyAll = 0.9;

ChangeSplit SplitRatioChange(std::span<const GroupChange> groups);

// Counts and sums: the effect of a group is the change of its numerator, all of it rate
// effect; denominators are not read, weights are 0, and there is no mix.
ChangeSplit SplitSumChange(std::span<const GroupChange> groups);

}  // namespace rapport::metrics
