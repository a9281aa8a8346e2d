// SPDX-License-Identifier: Apache-2.0
// Alerts of a workspace as a generation holds them: dataset kAlerts, newest first.
//
// The caller pins the generation. Thread-safe. An alert costs about a microsecond.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/store/generation.h"
#include "rapport/v1/reference.pb.h"
#include "server/call_context.h"

namespace rapport::server {

struct AlertRow {
  std::string key;  // Smaller is newer; the same in every generation that holds the alert.
  v1::Alert alert;
};

// Which alerts to read; `generation` may be null: none.
struct AlertQuery {
  store::GenerationHandle generation = {};
  uint32_t workspace_no = 0;
  std::string after = {};        // Only rows behind this key; empty: from the newest.
  std::string before = {};       // Only rows in front of this key; empty: to the oldest.
  std::string_view metric = {};  // Only this metric's; empty: all.
  size_t limit = SIZE_MAX;
};
absl::StatusOr<std::vector<AlertRow>> ReadAlerts(const CallContext& call, const AlertQuery& query);

}  // namespace rapport::server
