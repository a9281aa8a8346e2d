// SPDX-License-Identifier: Apache-2.0
// The hand-over between server and batch: checkpoints out, staged generations in.
//
//   <data>/store              the store
//   <data>/checkpoints/<run>  copy for a run, by hard links; the batch removes it
//   <data>/staging/<run>      where the run puts its files; removed by the publish
//
// One change at a time; thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/clock.h"
#include "rapport/v1/admin_service.pb.h"
#include "rapport/v1/workspace.pb.h"
#include "server/serving.h"

namespace rapport::server {

class Publishing {
 public:
  struct Parts {
    store::Store& store;
    store::Generations& generations;
    events::Engine& engine;
    Serving& serving;
    const Clock& clock;
  };
  Publishing(const Parts& parts, const std::string& data_dir);

  // `run_id` is valid. Asking again for the same run makes the copy anew.
  absl::StatusOr<v1::CreateCheckpointResponse> Checkpoint(std::string_view run_id);
  // InvalidField path OUTSIDE_STAGING unless it lies below the staging folder.
  absl::StatusOr<v1::Generation> Publish(const std::string& path, std::string_view run_id);
  // FailedPrecondition GENERATION_CHANGED unless `expected` (a name, or "") is current.
  absl::StatusOr<v1::Generation> Rollback(const std::string& expected);
  v1::Generation Describe(const store::GenerationHandle& generation) const;

  // Folder of the store inside the data folder.
  static std::string StoreFolder(const std::string& data_dir);

 private:
  const Parts parts_;
  std::filesystem::path checkpoints_;
  std::filesystem::path staging_;
  absl::Mutex mutex_;
};

}  // namespace rapport::server
