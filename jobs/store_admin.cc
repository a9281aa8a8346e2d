// SPDX-License-Identifier: Apache-2.0
#include "jobs/store_admin.h"

#include <filesystem>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::jobs {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<StoreAdmin>> StoreAdmin::Open(store::Store& store,
                                                             const Clock& clock,
                                                             const std::string& folder) {
  auto admin =
      std::unique_ptr<StoreAdmin>(new StoreAdmin(store, clock, fs::absolute(folder).string()));
  ASSIGN_OR_RETURN(admin->generations_, store::Generations::Open(store));
  return admin;
}

absl::StatusOr<v1::CreateCheckpointResponse> StoreAdmin::CreateCheckpoint(
    const std::string& run_id) {
  const fs::path checkpoint = fs::path(folder_) / "checkpoints" / run_id;
  const fs::path staging = fs::path(folder_) / "staging";
  std::error_code error;
  fs::create_directories(checkpoint.parent_path(), error);
  if (!error) fs::create_directories(staging, error);
  if (error) return Unavailable("STORE_UNWRITABLE", Cat(folder_, ": ", error.message()));
  v1::CreateCheckpointResponse response;
  ASSIGN_OR_RETURN(const store::Version next, generations_->NextNumber());
  RETURN_IF_ERROR(store_.Checkpoint(checkpoint.string()));
  response.set_path(checkpoint.string());
  response.set_staging_path(staging.string());
  response.set_log_sequence(static_cast<int64_t>(store_.log().last()));
  response.set_next_generation(next);
  return response;
}

absl::Status StoreAdmin::ReportRun(const v1::Run& run) {
  runs_[run.name()] = run;
  return absl::OkStatus();
}

absl::StatusOr<v1::Generation> StoreAdmin::PublishGeneration(const std::string& folder,
                                                             const std::string& run_name) {
  ASSIGN_OR_RETURN(const auto published, generations_->Publish(folder, clock_.Now()));
  v1::Generation generation;
  generation.set_name(Cat("workspaces/-/generations/", published->generation()));
  generation.set_current(true);
  generation.set_run(run_name);
  return generation;
}

absl::StatusOr<uint32_t> StoreAdmin::CurrentGeneration() {
  const auto current = generations_->Current();
  return current == nullptr ? 0 : current->generation();
}

}  // namespace rapport::jobs
