// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/value/value_model.h"

namespace rapport::value {

absl::StatusOr<HoldoutReport> EvaluateHoldout(std::span<const double> expected,
                                              std::span<const double> actual) {
  if (expected.empty()) return InvalidField("expected", "EMPTY", "needs at least one customer");
  if (expected.size() != actual.size()) {
    return InvalidField("actual", "LENGTH_MISMATCH", "must be one per expected value");
  }
  HoldoutReport report;
  double absolute = 0, squared = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(expected[i]) || !std::isfinite(actual[i])) {
      return InvalidField(Cat(std::isfinite(expected[i]) ? "actual[" : "expected[", i, "]"),
                          "NOT_FINITE", "must be a number");
    }
    const double error = expected[i] - actual[i];
    absolute += std::fabs(error);
    squared += error * error;
    report.total_expected += expected[i];
    report.total_actual += actual[i];
  }
  report.customers = static_cast<double>(expected.size());
  report.mean_absolute_error = absolute / report.customers;
  report.root_mean_squared_error = std::sqrt(squared / report.customers);
  report.bias = (report.total_expected - report.total_actual) / report.customers;
  return report;
}

}  // namespace rapport::value
