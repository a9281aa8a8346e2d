// SPDX-License-Identifier: Apache-2.0
// A run killed at any stage changes nothing, and the next run goes on from there. Each
// case dies in a process of its own, which first makes the same store again.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

struct Kill {
  const char* after;
  const char* within;
  int resumed_steps;

  // Without it gtest prints addresses, and the test's title differs from run to run.
  friend void PrintTo(const Kill& kill, std::ostream* out) {
    *out << "after '" << kill.after << "', within '" << kill.within << "'";
  }
};

class NightlyKilled : public ::testing::TestWithParam<Kill> {};

constexpr TimeMicros kLater = kStart + 30 * kMicrosPerDay;

void MakeTwoNights(Shop& shop) {
  shop.Log(RandomRows(1, 4'000, 300, kStart - 50 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  shop.clock().Set(kLater);
  shop.Log(RandomRows(2, 1'500, 400, kStart, kLater));
}

TEST_P(NightlyKilled, LeavesTheOldGenerationAndIsTakenUp) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Kill kill = GetParam();
  std::map<std::string, std::string> expected;
  {
    Shop undisturbed("undisturbed");
    MakeTwoNights(undisturbed);
    RAPPORT_ASSERT_OK(undisturbed.Night());
    expected = undisturbed.Derived();
  }
  Shop shop("killed");
  MakeTwoNights(shop);
  shop.Close();
  NightlyOptions options;
  options.drill = {kill.after, kill.within};
  EXPECT_EXIT(
      {
        shop.Open();
        (void)shop.Night(options);
      },
      ::testing::ExitedWithCode(137), "");
  shop.Open();
  const bool published = std::string(kill.after) == "publish";
  ASSERT_EQ(shop.Current()->generation(), published ? 2u : 1u);
  if (published) return;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  int resumed = 0;
  for (const v1::RunStep& step : run.steps()) resumed += step.resumed() ? 1 : 0;
  EXPECT_EQ(resumed, kill.resumed_steps);
  EXPECT_EQ(run.steps_size(), 13);
  EXPECT_EQ(shop.Derived(), expected);
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/staging"));
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/checkpoints"));
}

INSTANTIATE_TEST_SUITE_P(
    Stages, NightlyKilled,
    ::testing::Values(Kill{"", "seal", 0}, Kill{"seal", "", 1}, Kill{"", "fold", 1},
                      Kill{"fold", "", 3}, Kill{"", "value_fit", 3}, Kill{"value_fit", "", 6},
                      Kill{"", "metric_series", 6}, Kill{"", "frameworks", 6},
                      Kill{"frameworks", "", 8}, Kill{"", "predict", 8}, Kill{"predict", "", 9},
                      Kill{"", "facts", 9}, Kill{"facts", "", 10}, Kill{"", "reports", 10},
                      Kill{"reports", "", 13}, Kill{"manifest", "", 13}, Kill{"publish", "", 0}),
    [](const auto& parameter) {
      const Kill& kill = parameter.param;
      return Cat(*kill.after != 0 ? "After_" : "Within_", kill.after, kill.within);
    });

TEST(NightlyResume, OtherOptionsStartAfresh) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Shop shop("other_options");
  MakeTwoNights(shop);
  shop.Close();
  NightlyOptions options;
  options.drill.stop_after = "fold";
  EXPECT_EXIT(
      {
        shop.Open();
        (void)shop.Night(options);
      },
      ::testing::ExitedWithCode(137), "");
  shop.Open();
  NightlyOptions full;
  full.full = true;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night(full));
  for (const v1::RunStep& step : run.steps()) EXPECT_FALSE(step.resumed()) << step.step();
  // The dead run is known to have failed.
  std::map<v1::RunState, int> states;
  for (const auto& [name, told] : shop.admin().runs()) ++states[told.state()];
  EXPECT_EQ(states[v1::RUN_STATE_FAILED], 1);
  EXPECT_EQ(states[v1::RUN_STATE_SUCCEEDED], 1);
}

// A server that goes away, or whose generation is changed by somebody else.
class UnsteadyAdmin final : public Admin {
 public:
  explicit UnsteadyAdmin(Admin& steady) : steady_(steady) {}
  absl::StatusOr<v1::CreateCheckpointResponse> CreateCheckpoint(const std::string& id) override {
    return steady_.CreateCheckpoint(id);
  }
  absl::Status ReportRun(const v1::Run& run) override { return steady_.ReportRun(run); }
  absl::StatusOr<v1::Generation> PublishGeneration(const std::string& folder,
                                                   const std::string& run) override {
    if (away) return Unavailable("SERVER_UNREACHABLE", "away");
    return steady_.PublishGeneration(folder, run);
  }
  absl::StatusOr<uint32_t> CurrentGeneration() override {
    if (++asked_ == 2 && other_generation != 0) return other_generation;
    return steady_.CurrentGeneration();
  }

  bool away = false;
  uint32_t other_generation = 0;  // What is current when the run is about to publish.

 private:
  Admin& steady_;
  int asked_ = 0;
};

TEST(NightlyResume, AServerThatWasAwayGetsTheGenerationLater) {
  Shop shop("server_away");
  MakeTwoNights(shop);
  UnsteadyAdmin admin(shop.admin());
  admin.away = true;
  Progress progress(ProgressStyle::kQuiet);
  EXPECT_THAT(RunNightly({}, admin, shop.clock(), progress),
              testing::FailsWith("SERVER_UNREACHABLE", ""));
  EXPECT_EQ(shop.Current()->generation(), 1u);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_EQ(std::count_if(run.steps().begin(), run.steps().end(),
                          [](const v1::RunStep& step) { return step.resumed(); }),
            13);
  EXPECT_EQ(shop.Current()->generation(), 2u);
}

TEST(NightlyResume, NothingIsPublishedOverAChangedBase) {
  Shop shop("base_changed");
  MakeTwoNights(shop);
  UnsteadyAdmin admin(shop.admin());
  admin.other_generation = 77;
  Progress progress(ProgressStyle::kQuiet);
  EXPECT_THAT(RunNightly({}, admin, shop.clock(), progress),
              testing::FailsWith("BASE_CHANGED", ""));
  EXPECT_EQ(shop.Current()->generation(), 1u);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_FALSE(run.steps(0).resumed());
}

}  // namespace
}  // namespace rapport::jobs
