// SPDX-License-Identifier: Apache-2.0
#include "jobs/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

namespace fs = std::filesystem;

constexpr char kStateFile[] = "state.binpb";

absl::Status IoError(const std::string& path) {
  return Unavailable("STAGING_FAILED", Cat(path, ": ", std::strerror(errno)));
}

absl::Status SyncPath(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return IoError(path);
  const bool synced = fsync(file) == 0;
  const absl::Status status = synced ? absl::OkStatus() : IoError(path);
  close(file);
  return status;
}

bool IsRunFolder(const fs::directory_entry& entry) {
  return entry.is_directory() && entry.path().filename().string().starts_with(kRunPrefix);
}

std::optional<store::v1::NightlyState> LoadState(const fs::path& folder) {
  std::ifstream file(folder / kStateFile, std::ios::binary);
  store::v1::NightlyState state;
  if (!file || !state.ParseFromIstream(&file)) return std::nullopt;
  return state;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunLock>> RunLock::Take(const std::string& staging) {
  const std::string path = (fs::absolute(staging).parent_path() / "nightly.lock").string();
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return IoError(path);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    close(file);
    return FailedPrecondition("NIGHTLY_RUNNING",
                              Cat("another nightly run is at work (it holds ", path, ")"));
  }
  return std::unique_ptr<RunLock>(new RunLock(file));
}

RunLock::~RunLock() { close(file_); }

absl::Status SaveState(const std::string& folder, const store::v1::NightlyState& state) {
  const std::string path = (fs::path(folder) / kStateFile).string();
  const std::string next = path + ".next";
  {
    std::ofstream file(next, std::ios::binary | std::ios::trunc);
    if (!state.SerializeToOstream(&file) || !file.flush()) return IoError(next);
  }
  RETURN_IF_ERROR(SyncPath(next));
  if (rename(next.c_str(), path.c_str()) != 0) return IoError(path);
  return SyncPath(folder);
}

std::vector<LeftRun> FindLeftRuns(const std::string& staging) {
  std::vector<LeftRun> left;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(staging, error)) {
    if (!IsRunFolder(entry)) continue;
    left.push_back({entry.path().string(), LoadState(entry.path())});
  }
  std::sort(left.begin(), left.end(),
            [](const LeftRun& a, const LeftRun& b) { return a.folder < b.folder; });
  return left;
}

void RemoveOtherRuns(const std::string& parent, const std::string& keep) {
  std::vector<std::string> others;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    if (IsRunFolder(entry) &&
        entry.path().lexically_normal() != fs::path(keep).lexically_normal()) {
      others.push_back(entry.path().string());
    }
  }
  for (const std::string& other : others) RemoveFolder(other);
}

void RemoveFolder(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    Log(LogLevel::kWarning, "cannot remove a folder", {{"path", path}, {"error", error.message()}});
  }
}

}  // namespace rapport::jobs
