// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/metrics/definition_texts.h"
#include "lib/metrics/registry.h"

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
std::string NearestNames(std::span<const v1::MetricDefinition> definitions,
                         std::string_view metric) {
  std::vector<std::pair<size_t, std::string_view>> names;
  for (const v1::MetricDefinition& definition : definitions) {
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

bool IsBuiltIn(std::string_view metric) {
  const auto& definitions = BuiltInDefinitions();
  return std::any_of(definitions.begin(), definitions.end(),
                     [&](const auto& definition) { return definition.metric() == metric; });
}

}  // namespace

const std::vector<v1::MetricDefinition>& BuiltInDefinitions() {
  static const auto& definitions = *new std::vector<v1::MetricDefinition>(ParseDefinitions());
  return definitions;
}

Registry::Registry() : definitions_(BuiltInDefinitions()) {}

Registry::Registry(std::span<const v1::MetricDefinition> own) : definitions_(BuiltInDefinitions()) {
  std::map<std::string, v1::MetricDefinition> added;
  for (const v1::MetricDefinition& definition : own) {
    if (IsBuiltIn(definition.metric())) continue;
    v1::MetricDefinition& copy = added[definition.metric()] = definition;
    copy.set_custom(true);
  }
  for (auto& [metric, definition] : added) definitions_.push_back(std::move(definition));
  std::sort(definitions_.begin(), definitions_.end(),
            [](const auto& a, const auto& b) { return a.metric() < b.metric(); });
}

absl::StatusOr<const v1::MetricDefinition*> Registry::Find(std::string_view metric) const {
  for (const v1::MetricDefinition& definition : definitions_) {
    if (definition.metric() == metric) return &definition;
  }
  if (metric.empty()) return InvalidField("metric", "REQUIRED", "names no metric");
  return InvalidField(
      "metric", "UNKNOWN_METRIC",
      Cat("no metric '", metric, "'; nearest: ", NearestNames(definitions_, metric)));
}

absl::Status CheckOwn(const v1::MetricDefinition& definition, const filter::Names* names) {
  if (IsBuiltIn(definition.metric())) {
    return InvalidField("definition.metric", "BUILT_IN_METRIC",
                        Cat("'", definition.metric(), "' is built in; take another id"));
  }
  return CheckDefinition(definition, names);
}

}  // namespace rapport::metrics
