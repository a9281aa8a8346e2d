// SPDX-License-Identifier: Apache-2.0
#include "jobs/run_folder.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lib/base/text.h"
#include "tests/support/matchers.h"

namespace rapport::jobs {
namespace {

namespace fs = std::filesystem;

class RunFolder : public ::testing::Test {
 protected:
  RunFolder()
      : staging_(fs::path(::testing::TempDir()) / Cat("run_folder_", getpid()) / "staging") {
    fs::remove_all(staging_.parent_path());
    fs::create_directories(staging_);
  }
  ~RunFolder() override { fs::remove_all(staging_.parent_path()); }

  const fs::path staging_;
};

TEST_F(RunFolder, LockIsHeldByOneAtATime) {
  {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto first, RunLock::Take(staging_.string()));
    EXPECT_THAT(RunLock::Take(staging_.string()), testing::FailsWith("NIGHTLY_RUNNING", ""));
  }
  RAPPORT_EXPECT_OK(RunLock::Take(staging_.string()));
}

TEST_F(RunFolder, StateComesBackAsSaved) {
  store::v1::NightlyState state;
  state.set_run_id("nightly-1");
  state.add_finished_stages("seal");
  const fs::path folder = staging_ / "nightly-1";
  fs::create_directories(folder);
  RAPPORT_ASSERT_OK(SaveState(folder.string(), state));
  const auto left = FindLeftRuns(staging_.string());
  ASSERT_EQ(left.size(), 1u);
  ASSERT_TRUE(left[0].state.has_value());
  EXPECT_EQ(left[0].state->SerializeAsString(), state.SerializeAsString());
}

TEST_F(RunFolder, BrokenStateIsNoStateAndForeignFoldersAreNotSeen) {
  fs::create_directories(staging_ / "nightly-2");
  fs::create_directories(staging_ / "somebody");
  std::ofstream(staging_ / "nightly-2" / "state.binpb") << "\xFF\xFF\xFF";
  const auto left = FindLeftRuns(staging_.string());
  ASSERT_EQ(left.size(), 1u);
  EXPECT_FALSE(left[0].state.has_value());
}

TEST_F(RunFolder, RemovesOtherRunsOnly) {
  for (const char* name : {"nightly-1", "nightly-2", "somebody"}) {
    fs::create_directories(staging_ / name);
  }
  RemoveOtherRuns(staging_.string(), (staging_ / "nightly-2").string());
  EXPECT_FALSE(fs::exists(staging_ / "nightly-1"));
  EXPECT_TRUE(fs::exists(staging_ / "nightly-2"));
  EXPECT_TRUE(fs::exists(staging_ / "somebody"));
}

}  // namespace
}  // namespace rapport::jobs
