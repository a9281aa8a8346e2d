// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/outcome.h"

#include <algorithm>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::predict {
namespace {

constexpr double kLeast = 1e-15;

double Inside(double probability) { return std::clamp(probability, kLeast, 1 - kLeast); }

}  // namespace

absl::Status CheckOutcomes(std::span<const Outcome> outcomes) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!(outcomes[i].probability >= 0 && outcomes[i].probability <= 1)) {
      return InvalidField(Cat("outcomes[", i, "].probability"), "OUT_OF_RANGE", "must lie in 0..1");
    }
    if (!(outcomes[i].weight > 0) || !std::isfinite(outcomes[i].weight)) {
      return InvalidField(Cat("outcomes[", i, "].weight"), "NOT_POSITIVE",
                          "must be finite and > 0");
    }
  }
  return absl::OkStatus();
}

void SortOutcomes(std::vector<Outcome>& outcomes) {
  std::sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::tie(a.probability, a.happened, a.weight) <
           std::tie(b.probability, b.happened, b.weight);
  });
}

double LogLoss(std::span<const Outcome> outcomes) {
  double loss = 0, total = 0;
  for (const Outcome& outcome : outcomes) {
    const double p = Inside(outcome.probability);
    loss -= outcome.weight * (outcome.happened ? std::log(p) : std::log1p(-p));
    total += outcome.weight;
  }
  return total > 0 ? loss / total : 0;
}

double LogOdds(double probability) {
  const double p = Inside(probability);
  return std::log(p) - std::log1p(-p);
}

}  // namespace rapport::predict
