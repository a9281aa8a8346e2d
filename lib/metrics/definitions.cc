// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/metrics/definition_texts.h"
#include "lib/metrics/query.h"

namespace rapport::metrics {
namespace {

// A definition that does not parse is a broken build, not a run-time condition.
std::vector<v1::MetricDefinition> ParseDefinitions() {
  std::vector<v1::MetricDefinition> definitions;
  for (const DefinitionText& entry : DefinitionTexts()) {
    if (!google::protobuf::TextFormat::ParseFromString(std::string(entry.text),
                                                       &definitions.emplace_back())) {
      std::fprintf(stderr, "metric definition %s does not parse\n",
                   std::string(entry.file).c_str());
      std::abort();
    }
  }
  std::sort(definitions.begin(), definitions.end(),
            [](const auto& a, const auto& b) { return a.metric() < b.metric(); });
  return definitions;
}

// Levenshtein distance.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// Up to three known names, nearest first: those that contain what was asked for, then by
// edit distance.
std::string NearestNames(std::string_view metric) {
  std::vector<std::pair<size_t, std::string_view>> names;
  for (const v1::MetricDefinition& definition : Definitions()) {
    const std::string_view name = definition.metric();
    const bool contains = !metric.empty() && name.find(metric) != std::string_view::npos;
    names.emplace_back(contains ? 0 : 1 + EditDistance(metric, name), name);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(3, names.size()); ++i) {
    text += Cat(i == 0 ? "" : ", ", names[i].second);
  }
  return text;
}

}  // namespace

const std::vector<v1::MetricDefinition>& Definitions() {
  static const auto& definitions = *new std::vector<v1::MetricDefinition>(ParseDefinitions());
  return definitions;
}

absl::StatusOr<const v1::MetricDefinition*> FindDefinition(std::string_view metric) {
  for (const v1::MetricDefinition& definition : Definitions()) {
    if (definition.metric() == metric) return &definition;
  }
  if (metric.empty()) return InvalidField("metric", "REQUIRED", "names no metric");
  return InvalidField("metric", "UNKNOWN_METRIC",
                      Cat("no metric '", metric, "'; nearest: ", NearestNames(metric)));
}

}  // namespace rapport::metrics
