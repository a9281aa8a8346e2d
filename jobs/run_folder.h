// SPDX-License-Identifier: Apache-2.0
// The staging folder: a lock so that one run works at a time, one folder per run, and in
// it the state from which a killed run goes on.
//
//   <staging>/../nightly.lock      held (flock) while a run works; freed by its death
//   <staging>/<run id>/            files of the run
//   <staging>/<run id>/state.binpb finished stages (store.v1.NightlyState)
//
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rapport/store/v1/nightly.pb.h"

namespace rapport::jobs {

inline constexpr char kRunPrefix[] = "nightly-";

// The lock between runs; released when destroyed or when the process ends.
class RunLock {
 public:
  // FailedPrecondition NIGHTLY_RUNNING while another run holds it.
  static absl::StatusOr<std::unique_ptr<RunLock>> Take(const std::string& staging);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  explicit RunLock(int file) : file_(file) {}
  const int file_;
};

// Writes the state so that it is there whole or not at all, also after a power cut.
absl::Status SaveState(const std::string& folder, const store::v1::NightlyState& state);

// What an earlier run left behind.
struct LeftRun {
  std::string folder;
  std::optional<store::v1::NightlyState> state;  // Absent if it never got that far.
};
// By name, oldest first. Folders whose name does not begin with kRunPrefix are not ours.
std::vector<LeftRun> FindLeftRuns(const std::string& staging);
// Removes folders of runs below `parent`, all but `keep`.
void RemoveOtherRuns(const std::string& parent, const std::string& keep);

// Removes a folder with all that is in it; missing is fine.
void RemoveFolder(const std::string& path);

}  // namespace rapport::jobs
