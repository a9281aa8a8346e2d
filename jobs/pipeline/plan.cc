// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/plan.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

std::string_view SourceText(Source source) {
  switch (source) {
    case Source::kEvents:
      return "one pass over customers' events";
    case Source::kFolds:
      return "one pass over customers' folds";
    case Source::kNone:
      break;
  }
  return "no pass over customers";
}

absl::Status CheckStages(std::span<const std::unique_ptr<Stage>> stages, TextSet& names) {
  for (const auto& stage : stages) {
    if (!names.insert(std::string(stage->name())).second) {
      return Internal(Cat("two stages are called ", stage->name()));
    }
  }
  for (const auto& stage : stages) {
    for (const std::string_view need : stage->needs()) {
      if (!names.contains(need)) {
        return Internal(Cat("stage ", stage->name(), " needs ", need, ", which does not exist"));
      }
    }
  }
  return absl::OkStatus();
}

bool IsReady(const Stage& stage, const TextSet& done) {
  const auto needs = stage.needs();
  return std::all_of(needs.begin(), needs.end(),
                     [&](std::string_view need) { return done.contains(need); });
}

}  // namespace

absl::StatusOr<std::vector<Wave>> PlanWaves(std::span<const std::unique_ptr<Stage>> stages) {
  TextSet names;
  if (absl::Status checked = CheckStages(stages, names); !checked.ok()) return checked;
  std::vector<Wave> waves;
  TextSet done;
  while (done.size() < stages.size()) {
    Wave wave;
    for (const auto& stage : stages) {
      if (done.contains(stage->name()) || !IsReady(*stage, done)) continue;
      if (wave.stages.empty()) wave.source = stage->source();
      if (stage->source() == wave.source) wave.stages.push_back(stage.get());
    }
    if (wave.stages.empty()) return Internal("stages need each other in a circle");
    for (const Stage* stage : wave.stages) done.insert(std::string(stage->name()));
    waves.push_back(std::move(wave));
  }
  return waves;
}

std::string DescribePlan(std::span<const Wave> waves) {
  std::string text;
  for (size_t i = 0; i < waves.size(); ++i) {
    text += Cat("wave ", i, ": ", SourceText(waves[i].source), "\n");
    for (const Stage* stage : waves[i].stages) {
      std::string needs;
      for (const std::string_view need : stage->needs()) {
        needs += Cat(needs.empty() ? "" : ", ", need);
      }
      text += Cat("  ", stage->name(), needs.empty() ? "" : "  after ", needs, "\n");
    }
  }
  return text;
}

}  // namespace rapport::jobs
