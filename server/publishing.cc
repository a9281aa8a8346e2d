// SPDX-License-Identifier: Apache-2.0
#include "server/publishing.h"

#include <system_error>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/resource_name.h"
#include "server/times.h"

namespace rapport::server {
namespace {

namespace fs = std::filesystem;

absl::Status MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Unavailable("STORE_UNWRITABLE", Cat(path.string(), ": ", error.message()));
  return absl::OkStatus();
}

void Remove(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    Log(LogLevel::kWarning, "cannot remove", {{"path", path.string()}, {"error", error.message()}});
  }
}

}  // namespace

std::string Publishing::StoreFolder(const std::string& data_dir) {
  return (fs::path(data_dir) / "store").string();
}

Publishing::Publishing(const Parts& parts, const std::string& data_dir)
    : parts_(parts),
      checkpoints_(fs::absolute(data_dir) / "checkpoints"),
      staging_(fs::absolute(data_dir) / "staging") {}

absl::StatusOr<v1::CreateCheckpointResponse> Publishing::Checkpoint(std::string_view run_id) {
  absl::MutexLock lock(&mutex_);
  const fs::path folder = checkpoints_ / run_id;
  RETURN_IF_ERROR(MakeFolder(checkpoints_));
  RETURN_IF_ERROR(MakeFolder(staging_));
  Remove(folder);
  v1::CreateCheckpointResponse response;
  ASSIGN_OR_RETURN(const store::Version next, parts_.generations.NextNumber());
  RETURN_IF_ERROR(parts_.engine.WithWriterLock([&] {
    response.set_log_sequence(static_cast<int64_t>(parts_.store.log().last()));
    return parts_.store.Checkpoint(folder.string());
  }));
  response.set_path(folder.string());
  response.set_staging_path(staging_.string());
  response.set_next_generation(next);
  return response;
}

absl::StatusOr<v1::Generation> Publishing::Publish(const std::string& path,
                                                   std::string_view run_id) {
  absl::MutexLock lock(&mutex_);
  std::error_code error;
  const fs::path staging = fs::weakly_canonical(staging_, error);
  const fs::path folder = fs::weakly_canonical(path, error);
  const fs::path below = folder.lexically_relative(staging);
  if (error || below.empty() || below == "." || *below.begin() == "..") {
    return InvalidField("path", "OUTSIDE_STAGING", "must be a folder below the staging path");
  }
  const store::GenerationHandle current = parts_.serving.Current();
  const bool repeated =
      !fs::exists(folder) && current != nullptr && !run_id.empty() && current->run_id() == run_id;
  if (repeated) return Describe(current);
  if (!fs::exists(folder / "manifest.binpb")) {
    return InvalidField("path", "NO_MANIFEST", "holds no manifest.binpb");
  }
  ASSIGN_OR_RETURN(const store::GenerationHandle published,
                   parts_.serving.Publish(folder.string(), parts_.clock.Now()));
  Log(LogLevel::kInfo, "generation published",
      {{"generation", Cat(published->generation())}, {"run", published->run_id()}});
  Remove(folder);
  return Describe(published);
}

absl::StatusOr<v1::Generation> Publishing::Rollback(const std::string& expected) {
  absl::MutexLock lock(&mutex_);
  const store::GenerationHandle current = parts_.serving.Current();
  const std::string name = current == nullptr ? "" : FormatGenerationName(current->generation());
  if (!expected.empty() && expected != name) {
    return FailedPrecondition("GENERATION_CHANGED", Cat("the current generation is ", name));
  }
  ASSIGN_OR_RETURN(const store::GenerationHandle shown, parts_.serving.Rollback());
  Log(LogLevel::kWarning, "generation rolled back", {{"generation", Cat(shown->generation())}});
  return Describe(shown);
}

v1::Generation Publishing::Describe(const store::GenerationHandle& generation) const {
  const store::GenerationHandle current = parts_.serving.Current();
  v1::Generation result;
  result.set_name(FormatGenerationName(generation->generation()));
  SetTime(generation->as_of_micros(), result.mutable_as_of());
  SetTime(generation->publish_time_micros(), result.mutable_publish_time());
  result.set_log_sequence(static_cast<int64_t>(generation->log_sequence()));
  result.set_current(current != nullptr && current->generation() == generation->generation());
  for (const auto& total : generation->totals()) {
    auto* dataset = result.add_datasets();
    dataset->set_dataset(total.dataset());
    dataset->set_row_count(static_cast<int64_t>(total.row_count()));
    dataset->set_size_bytes(static_cast<int64_t>(total.size_bytes()));
    dataset->set_checksum(absl::StrCat(absl::Hex(total.checksum(), absl::kZeroPad16)));
  }
  result.set_run(FormatRunName(generation->run_id()));
  return result;
}

}  // namespace rapport::server
