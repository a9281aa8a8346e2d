// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/frameworks/framework_texts.h"
#include "lib/frameworks/registry.h"

namespace rapport::frameworks {
namespace {

void SortById(std::vector<v1::Framework>& frameworks) {
  std::sort(frameworks.begin(), frameworks.end(),
            [](const auto& a, const auto& b) { return a.framework() < b.framework(); });
}

// A text that does not parse is a broken build, not a run-time condition.
std::vector<v1::Framework> ParseFrameworks() {
  std::vector<v1::Framework> frameworks;
  for (const FrameworkText& entry : FrameworkTexts()) {
    if (!google::protobuf::TextFormat::ParseFromString(std::string(entry.text),
                                                       &frameworks.emplace_back())) {
      std::fprintf(stderr, "framework %s does not parse\n", std::string(entry.file).c_str());
      std::abort();
    }
  }
  SortById(frameworks);
  return frameworks;
}

bool IsBuiltIn(std::string_view framework) {
  const auto& all = BuiltInFrameworks();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& known) { return known.framework() == framework; });
}

}  // namespace

const std::vector<v1::Framework>& BuiltInFrameworks() {
  static const auto& frameworks = *new std::vector<v1::Framework>(ParseFrameworks());
  return frameworks;
}

absl::Status CheckOwn(const v1::Framework& framework, const filter::Names* names) {
  if (IsBuiltIn(framework.framework())) {
    return InvalidField("framework.framework", "BUILT_IN_FRAMEWORK",
                        Cat("'", framework.framework(), "' is built in; take another id"));
  }
  return CheckFramework(framework, names);
}

Registry::Registry() : frameworks_(BuiltInFrameworks()) {}

Registry::Registry(std::span<const v1::Framework> own) : frameworks_(BuiltInFrameworks()) {
  std::map<std::string, v1::Framework> added;
  for (const v1::Framework& framework : own) {
    if (IsBuiltIn(framework.framework())) continue;
    v1::Framework& copy = added[framework.framework()] = framework;
    copy.set_custom(true);
  }
  for (auto& [id, framework] : added) frameworks_.push_back(std::move(framework));
  SortById(frameworks_);
}

absl::StatusOr<const v1::Framework*> Registry::Find(std::string_view framework) const {
  std::string known;
  for (const v1::Framework& each : frameworks_) {
    if (each.framework() == framework) return &each;
    known += Cat(known.empty() ? "" : ", ", each.framework());
  }
  if (framework.empty()) return InvalidField("framework", "REQUIRED", "names no framework");
  return InvalidField("framework", "UNKNOWN_FRAMEWORK",
                      Cat("no framework '", framework, "'; there are: ", known));
}

}  // namespace rapport::frameworks
