// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/tested_differences.h"

#include <optional>
#include <string>

namespace rapport::journey {

void FillShare(int64_t successes, int64_t trials, double* share, v1::Interval* interval) {
  if (trials <= 0) return;
  *share = static_cast<double>(successes) / static_cast<double>(trials);
  const auto wilson = math::WilsonInterval(static_cast<uint64_t>(successes),
                                           static_cast<uint64_t>(trials), kConfidence);
  if (!wilson) return;
  interval->set_low(wilson->low);
  interval->set_high(wilson->high);
  interval->set_level(kConfidence);
  interval->set_method("wilson");
}

void FillDifference(const math::Difference& difference, double first, v1::Difference* out) {
  if (difference.change) {
    out->set_change(*difference.change);
    if (first != 0) out->set_relative_change(*difference.change / first);
  }
  if (difference.interval) {
    v1::Interval& interval = *out->mutable_interval();
    interval.set_low(difference.interval->low);
    interval.set_high(difference.interval->high);
    interval.set_level(kConfidence);
  }
  if (difference.p_value) out->set_p_value(*difference.p_value);
  out->set_method(std::string(difference.method));
}

void TestedDifferences::Add(const math::Proportion& first, const math::Proportion& second,
                            v1::Difference* out) {
  const math::Difference difference = math::CompareProportions(first, second, kConfidence);
  const double before =
      first.trials == 0 ? 0
                        : static_cast<double>(first.successes) / static_cast<double>(first.trials);
  FillDifference(difference, before, out);
  if (out->has_interval()) out->mutable_interval()->set_method("newcombe");
  if (difference.p_value) ++count_;
  differences_.push_back(out);
}

void TestedDifferences::Correct() {
  std::vector<std::optional<double>> p_values;
  for (const v1::Difference* difference : differences_) {
    p_values.push_back(difference->has_p_value() ? std::optional(difference->p_value())
                                                 : std::nullopt);
  }
  const auto adjusted = math::AdjustBenjaminiHochberg(p_values);
  for (size_t i = 0; i < differences_.size(); ++i) {
    if (!adjusted[i]) continue;
    differences_[i]->set_adjusted_p_value(*adjusted[i]);
    differences_[i]->set_significant(*adjusted[i] < kSignificance);
  }
}

}  // namespace rapport::journey
