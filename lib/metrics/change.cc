// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/change.h"

#include <algorithm>
#include <cmath>

namespace rapport::metrics {
namespace {

struct Totals {
  double numerator = 0;
  double denominator = 0;
  double Ratio() const { return numerator / denominator; }
};

// One side of a group.
struct Side {
  std::optional<double> ratio;
  double weight = 0;
  double stray = 0;  // What a numerator without denominator gives to the total.
};

Side SideOf(double numerator, double denominator, double total) {
  if (denominator <= 0) return {std::nullopt, 0, numerator / total};
  return {numerator / denominator, denominator / total, 0};
}

GroupEffect EffectOf(size_t group, const Side& before, const Side& after, double reference) {
  GroupEffect effect{group, before.ratio, after.ratio, before.weight, after.weight, 0, 0};
  effect.rate_effect = after.stray - before.stray;
  if (!before.ratio.has_value() && !after.ratio.has_value()) return effect;
  const double r0 = before.ratio.has_value() ? *before.ratio : *after.ratio;
  const double r1 = after.ratio.has_value() ? *after.ratio : r0;
  effect.rate_effect += (r1 - r0) * (before.weight + after.weight) / 2;
  effect.mix_effect = (after.weight - before.weight) * ((r0 + r1) / 2 - reference);
  return effect;
}

void SortBySize(std::vector<GroupEffect>& effects) {
  std::stable_sort(effects.begin(), effects.end(), [](const GroupEffect& a, const GroupEffect& b) {
    return std::fabs(a.total_effect()) > std::fabs(b.total_effect());
  });
}

void SumEffects(ChangeSplit& split) {
  for (const GroupEffect& effect : split.effects) {
    split.rate_effect += effect.rate_effect;
    split.mix_effect += effect.mix_effect;
  }
}

// Below this share of the effects' size a sum of them is rounding.
constexpr double kRounding = 1e-12;

void FindSimpson(ChangeSplit& split) {
  double seen = 0, opposed = 0, size = 0;
  for (const GroupEffect& effect : split.effects) {
    size += std::fabs(effect.rate_effect) + std::fabs(effect.mix_effect);
    if (!effect.before.has_value() || !effect.after.has_value()) continue;
    const double weight = (effect.weight_before + effect.weight_after) / 2;
    seen += weight;
    if ((*effect.after - *effect.before) * split.change < 0) opposed += weight;
  }
  if (seen <= 0 || std::fabs(split.change) <= kRounding * size) return;
  split.opposed_weight = opposed / seen;
  const bool rates_oppose =
      split.rate_effect * split.change < 0 && std::fabs(split.rate_effect) > kRounding * size;
  split.simpson = rates_oppose || split.opposed_weight >= kNearlyAll;
}

}  // namespace

ChangeSplit SplitRatioChange(std::span<const GroupChange> groups) {
  Totals before, after;
  for (const GroupChange& group : groups) {
    before.numerator += group.numerator_before;
    before.denominator += group.denominator_before;
    after.numerator += group.numerator_after;
    after.denominator += group.denominator_after;
  }
  ChangeSplit split;
  if (before.denominator > 0) split.before = before.Ratio();
  if (after.denominator > 0) split.after = after.Ratio();
  if (!split.before.has_value() || !split.after.has_value()) return split;
  split.change = *split.after - *split.before;
  const double reference = (*split.before + *split.after) / 2;
  for (size_t i = 0; i < groups.size(); ++i) {
    const GroupChange& group = groups[i];
    const Side old_side =
        SideOf(group.numerator_before, group.denominator_before, before.denominator);
    const Side new_side = SideOf(group.numerator_after, group.denominator_after, after.denominator);
    split.effects.push_back(EffectOf(i, old_side, new_side, reference));
  }
  SumEffects(split);
  FindSimpson(split);
  SortBySize(split.effects);
  return split;
}

ChangeSplit SplitSumChange(std::span<const GroupChange> groups) {
  ChangeSplit split;
  split.before = split.after = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    const double before = groups[i].numerator_before;
    const double after = groups[i].numerator_after;
    *split.before += before;
    *split.after += after;
    split.effects.push_back({i, before, after, 0, 0, after - before, 0});
  }
  split.change = *split.after - *split.before;
  SumEffects(split);
  SortBySize(split.effects);
  return split;
}

}  // namespace rapport::metrics
