// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/reasons.h"

#include <algorithm>
#include <cmath>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::predict {
namespace {

// The template with its {} filled, and what is typical where that says something else.
std::string TextOf(const FeatureSpec& spec, double value, double typical) {
  if (std::isnan(Transformed(spec, value))) return std::string(spec.missing_text);
  const std::string shown = ShowValue(spec, value);
  std::string text(spec.reason);
  if (const size_t place = text.find("{}"); place != std::string::npos) {
    text.replace(place, 2, shown);
  }
  const std::string usual = ShowValue(spec, typical);
  if (std::isnan(typical) || usual == shown) return text;
  return Cat(text, " (typical ", usual, ")");
}

std::vector<double> ContributionsOf(const ClassifierModel& model,
                                    const std::vector<float>& transformed) {
  std::vector<double> z(model.columns.size());
  Standardize(model.columns, transformed, z.data());
  std::vector<double> contributions(model.features.size(), 0.0);
  for (size_t i = 0; i < z.size(); ++i) {
    contributions[model.columns[i].feature] += model.coefficients[i + 1] * z[i];
  }
  return contributions;
}

// Features that move the log-odds in the direction of `sign`, the largest first.
std::vector<size_t> LargestOf(const std::vector<double>& contributions, double sign,
                              const ReasonOptions& options) {
  std::vector<size_t> order;
  for (size_t i = 0; i < contributions.size(); ++i) {
    const double moved = sign * contributions[i];
    if (moved > 0 && moved >= options.least) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return sign * contributions[a] > sign * contributions[b];
  });
  if (order.size() > options.most) order.resize(options.most);
  return order;
}

}  // namespace

absl::StatusOr<Reasons> ExplainClassification(const Classifier& classifier,
                                              std::span<const double> features,
                                              const ReasonOptions& options) {
  std::vector<float> transformed;
  RETURN_IF_ERROR(TransformFeatures(classifier.table(), features, transformed));
  const ClassifierModel& model = classifier.model();
  const std::vector<double> contributions = ContributionsOf(model, transformed);
  const auto pick = [&](double sign) {
    std::vector<Reason> side;
    for (size_t i : LargestOf(contributions, sign, options)) {
      side.push_back({model.features[i], contributions[i], features[i], model.typical[i],
                      TextOf(classifier.table()[i], features[i], model.typical[i])});
    }
    return side;
  };
  return Reasons{pick(1), pick(-1)};
}

}  // namespace rapport::predict
