// SPDX-License-Identifier: Apache-2.0
// All frameworks of a workspace: the built-in ones and its own. Immutable, thread-safe;
// make a new one when a framework changes.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/filter/names.h"
#include "rapport/v1/framework.pb.h"

namespace rapport::frameworks {

inline constexpr int kMaxStages = 20;
inline constexpr int kMaxTransitions = 100;
inline constexpr int kMaxEvidence = 10;  // A stage's entry evidence; its exits.
inline constexpr int kMaxCount = 1000;   // Of one piece of evidence.
inline constexpr int kMaxDays = 3660;
// Word for those who are out, in place of a stage.
inline constexpr std::string_view kLeft = "left";

// The built-in frameworks, by id. Parsed once from lib/frameworks/data/*.textproto.
const std::vector<v1::Framework>& BuiltInFrameworks();

// What a framework needs and has not, or has and does not fit: InvalidField naming the
// field, e.g. framework.stages[2].entry[0].filter. Filters are parsed in UTC with the base
// currency EUR; names (may be nullptr) tell known custom types.
absl::Status CheckFramework(const v1::Framework& framework, const filter::Names* names);
// A framework that a workspace wants to add: CheckFramework, and InvalidField
// framework.framework BUILT_IN_FRAMEWORK for ids of built-in ones.
absl::Status CheckOwn(const v1::Framework& framework, const filter::Names* names);

class Registry {
 public:
  // The built-in ones alone.
  Registry();
  // With a workspace's own. Ids of built-in ones are passed over.
  explicit Registry(std::span<const v1::Framework> own);

  // All by id.
  const std::vector<v1::Framework>& frameworks() const { return frameworks_; }
  // InvalidField framework UNKNOWN_FRAMEWORK with the known ids, or REQUIRED.
  absl::StatusOr<const v1::Framework*> Find(std::string_view framework) const;

 private:
  std::vector<v1::Framework> frameworks_;
};

}  // namespace rapport::frameworks
