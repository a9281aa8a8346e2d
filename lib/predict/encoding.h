// SPDX-License-Identifier: Apache-2.0
// From a customer's features to the standardised columns that a classifier multiplies.
//
// A feature becomes one or more columns: its transformed value, an indicator that it is
// missing, or one indicator per level but the first. Means and scales are learned on the
// training rows and stored with the model. A standardised number is
//   (clamp(v, lowest, highest) - mean) / scale,
// clamped to the range that training has seen, so that nothing is extrapolated. A missing
// value is 0, the average. A column that never varied in training is always 0. So each
// column has mean 0 over the training rows and nothing is ever NaN or infinite.
//
// Plain values and pure functions: thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/predict/features.h"
#include "lib/predict/training_rows.h"

namespace rapport::predict {

// Numbers are stored.
enum class ColumnPart : uint8_t { kValue = 1, kIsMissing = 2, kLevel = 3 };

struct ModelColumn {
  uint32_t feature = 0;  // Index into the table.
  ColumnPart part = ColumnPart::kValue;
  uint32_t level = 0;  // kLevel: which one.
  double mean = 0;
  double scale = 0;  // Standard deviation; 0 for a column that never varied.
  double lowest = 0, highest = 0;
};

// "recency_days", "recency_days:missing", "subscription:ended".
std::string ColumnName(FeatureTable table, const ModelColumn& column);

// The columns of a table, not yet standardised.
std::vector<ModelColumn> ColumnsOf(FeatureTable table);
// Weighted means and deviations over rows, which are sorted.
void LearnScales(const TrainingRows& rows, std::vector<ModelColumn>& columns);
// The median of each feature where it is known, untransformed: what is "typical". Missing
// when nobody has it. Weights do not count. Most common level for kOneHot.
std::vector<double> TypicalValues(const TrainingRows& rows);

// `transformed` as TrainingRows keeps it; z has room for columns.size() numbers.
void Standardize(std::span<const ModelColumn> columns, std::span<const float> transformed,
                 double* z);
// A customer's features as TrainingRows would keep them. InvalidArgument LENGTH_MISMATCH
// "features".
absl::Status TransformFeatures(FeatureTable table, std::span<const double> features,
                               std::vector<float>& transformed);

}  // namespace rapport::predict
