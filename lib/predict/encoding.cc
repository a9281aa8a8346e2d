// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/encoding.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::predict {
namespace {

constexpr double kTiny = 1e-9;  // A deviation this much smaller than the values is none.

// The number of a column before it is standardised; NaN when a value is missing.
double Raw(const ModelColumn& column, float transformed) {
  if (column.part == ColumnPart::kIsMissing) return std::isnan(transformed) ? 1 : 0;
  if (column.part == ColumnPart::kValue || std::isnan(transformed)) {
    return static_cast<double>(transformed);
  }
  return transformed == static_cast<float>(column.level) ? 1 : 0;
}

// Two passes: the mean first, then squares about it, so that a large mean costs no digits.
void LearnScale(const TrainingRows& rows, ModelColumn& column) {
  double weight = 0, sum = 0, squares = 0, residual = 0;
  bool any = false;
  const auto visit = [&](auto add) {
    for (size_t row = 0; row < rows.size(); ++row) {
      const double value = Raw(column, rows.values(row)[column.feature]);
      if (!std::isnan(value)) add(value, static_cast<double>(rows.weights()[row]));
    }
  };
  visit([&](double value, double w) {
    weight += w;
    sum += w * value;
    column.lowest = any ? std::min(column.lowest, value) : value;
    column.highest = any ? std::max(column.highest, value) : value;
    any = true;
  });
  if (!any) return;
  column.mean = sum / weight;
  visit([&](double value, double w) {
    squares += w * (value - column.mean) * (value - column.mean);
    residual += w * (value - column.mean);
  });
  column.mean += residual / weight;
  const double deviation = std::sqrt(squares / weight);
  const double size = std::max(std::fabs(column.lowest), std::fabs(column.highest));
  column.scale = deviation > kTiny * size ? deviation : 0;
}

double MostCommon(const std::vector<float>& values, size_t levels) {
  std::vector<size_t> counts(levels, 0);
  for (float value : values) ++counts[static_cast<size_t>(value)];
  return static_cast<double>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

// The lower of the two middle values when the number is even, so that it is a value.
double Median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

}  // namespace

std::string ColumnName(FeatureTable table, const ModelColumn& column) {
  const FeatureSpec& spec = table[column.feature];
  if (column.part == ColumnPart::kIsMissing) return Cat(spec.name, ":missing");
  if (column.part == ColumnPart::kLevel) return Cat(spec.name, ":", spec.levels[column.level]);
  return std::string(spec.name);
}

std::vector<ModelColumn> ColumnsOf(FeatureTable table) {
  std::vector<ModelColumn> columns;
  for (uint32_t i = 0; i < table.size(); ++i) {
    if (table[i].transform == Transform::kOneHot) {
      for (uint32_t level = 1; level < table[i].levels.size(); ++level) {
        columns.push_back({.feature = i, .part = ColumnPart::kLevel, .level = level});
      }
    } else {
      columns.push_back({.feature = i, .part = ColumnPart::kValue});
    }
    if (table[i].missing_indicator) {
      columns.push_back({.feature = i, .part = ColumnPart::kIsMissing});
    }
  }
  return columns;
}

void LearnScales(const TrainingRows& rows, std::vector<ModelColumn>& columns) {
  for (ModelColumn& column : columns) LearnScale(rows, column);
}

std::vector<double> TypicalValues(const TrainingRows& rows) {
  std::vector<double> typical(rows.table().size(), kMissing);
  std::vector<float> known;
  known.reserve(rows.size());
  for (size_t feature = 0; feature < typical.size(); ++feature) {
    const FeatureSpec& spec = rows.table()[feature];
    known.clear();
    for (size_t row = 0; row < rows.size(); ++row) {
      const float value = rows.values(row)[feature];
      if (!std::isnan(value)) known.push_back(value);
    }
    if (known.empty()) continue;
    typical[feature] = spec.transform == Transform::kOneHot ? MostCommon(known, spec.levels.size())
                                                            : Untransformed(spec, Median(known));
  }
  return typical;
}

void Standardize(std::span<const ModelColumn> columns, std::span<const float> transformed,
                 double* z) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const ModelColumn& column = columns[i];
    const double value = Raw(column, transformed[column.feature]);
    const bool known = column.scale > 0 && !std::isnan(value);
    z[i] =
        known ? (std::clamp(value, column.lowest, column.highest) - column.mean) / column.scale : 0;
  }
}

absl::Status TransformFeatures(FeatureTable table, std::span<const double> features,
                               std::vector<float>& transformed) {
  if (features.size() != table.size()) {
    return InvalidField("features", "LENGTH_MISMATCH", "one number per feature of the table");
  }
  transformed.resize(table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    transformed[i] = static_cast<float>(Transformed(table[i], features[i]));
  }
  return absl::OkStatus();
}

}  // namespace rapport::predict
