// SPDX-License-Identifier: Apache-2.0
// The runs as the batch reports them: table kRuns, newest first.
//
// Thread-safe; a report replaces what was known of the run. The last kKeptRuns are kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::server {

class RunBook {
 public:
  static constexpr size_t kKeptRuns = 1000;
  explicit RunBook(store::Store& store) : table_(store.table(store::TableId::kRuns)) {}

  // `run.name` is valid.
  absl::Status Report(const v1::Run& run);
  // NotFound.
  absl::StatusOr<v1::Run> Get(std::string_view run_id) const;
  struct Entry {
    std::string row;  // Position for paging.
    v1::Run run;
  };
  // Up to `limit` runs that come after row `after` ("" = from the newest).
  absl::StatusOr<std::vector<Entry>> List(std::string_view after, size_t limit) const;

 private:
  store::Table& table_;
  absl::Mutex write_mutex_;
};

}  // namespace rapport::server
