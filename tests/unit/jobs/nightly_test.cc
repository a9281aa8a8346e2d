// SPDX-License-Identifier: Apache-2.0
#include "jobs/nightly.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "gmock/gmock.h"
#include "jobs/run_report.h"
#include "lib/facts/facts.h"
#include "lib/metrics/series.h"
#include "lib/store/definitions.h"
#include "rapport/v1/metric.pb.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kCustomers = 20'000;  // Two shards.

NightlyOptions AsOf(TimeMicros as_of, bool full = false, int threads = 2) {
  NightlyOptions options;
  options.as_of = as_of;
  options.full = full;
  options.threads = threads;
  return options;
}

// Three nights of new and late events.
void ThreeNights(Shop& shop, int threads) {
  for (int night = 1; night <= 3; ++night) {
    const TimeMicros now = kStart + night * 40 * kMicrosPerDay;
    shop.clock().Set(now);
    shop.Log(RandomRows(static_cast<uint64_t>(night), 12'000, kCustomers,
                        kStart - 200 * kMicrosPerDay, now));
    RAPPORT_ASSERT_OK(shop.Night(AsOf(now, false, threads)));
  }
}

TEST(Nightly, FirstNightPublishesEveryDataset) {
  Shop shop("first_night");
  shop.Log(RandomRows(1, 5'000, 500, kStart - 100 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(run.event_count(), 5'000);
  EXPECT_EQ(run.customer_count(), 500);
  EXPECT_EQ(run.refolded_customer_count(), 500);
  EXPECT_GT(run.peak_memory_bytes(), 0);
  EXPECT_EQ(run.steps_size(), 13);
  EXPECT_THAT(RunText(run), HasSubstr("500 customers"));
  EXPECT_THAT(shop.Derived(),
              ::testing::UnorderedElementsAre(::testing::Key("facts"), ::testing::Key("folds"),
                                              ::testing::Key("reports"), ::testing::Key("segments"),
                                              ::testing::Key("series"), ::testing::Key("standings"),
                                              ::testing::Key("transitions")));
  EXPECT_EQ(shop.admin().runs().size(), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/staging"));
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/checkpoints"));
}

TEST(Nightly, EmptyStoreAndQuietNightsWork) {
  Shop shop("quiet_nights");
  RAPPORT_ASSERT_OK(shop.Night());
  shop.Log(RandomRows(2, 100, 50, kStart - kMicrosPerDay, kStart));
  shop.clock().Advance(kMicrosPerDay);
  RAPPORT_ASSERT_OK(shop.Night());
  shop.clock().Advance(kMicrosPerDay);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_EQ(run.event_count(), 100);
  EXPECT_EQ(run.refolded_customer_count(), 0);
  EXPECT_EQ(shop.Current()->segments_size(), 1);
}

TEST(Nightly, MeasuresMayReadPayloadsOfEventsSealedTheSameNight) {
  Shop shop("payload_metric");
  v1::MetricDefinition metric;
  metric.set_metric("first_again");
  metric.set_display_name("Again after the first");
  metric.set_formula("orders after the first event / events");
  metric.set_kind(v1::METRIC_KIND_CONVERSION);
  metric.add_numerator(v1::EVENT_TYPE_ORDER_PLACED);
  metric.add_denominator(v1::EVENT_TYPE_ORDER_PLACED);
  metric.set_denominator_filter("event_id = \"event-1\"");
  metric.mutable_pairing()->set_window_seconds(86'400);
  metric.set_unit(v1::METRIC_UNIT_PERCENT);
  metric.set_minimum_sample(1);
  metric.set_sample_unit("orders");
  store::Definitions definitions(shop.store().table(store::TableId::kDefinitions), 1);
  const store::DefinitionChange row{store::DefinitionKind::kMetric, metric.metric(),
                                    metric.SerializeAsString()};
  RAPPORT_ASSERT_OK(definitions.Write({&row, 1}));
  shop.Log({OrderRow(1, kStart - 2, 1'000'000), OrderRow(1, kStart - 1, 1'000'000)});
  RAPPORT_ASSERT_OK(shop.Night());
  const auto& state = shop.Current()->workspaces().at(1);
  EXPECT_TRUE(std::ranges::any_of(state.measured_metrics(), [](const auto& measured) {
    return measured.metric() == "first_again";
  }));
}

TEST(Nightly, IncrementalEqualsFullByteForByte) {
  Shop shop("incremental");
  ThreeNights(shop, 2);
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night(AsOf(shop.clock().Now(), true)));
  EXPECT_EQ(run.refolded_customer_count(), run.customer_count());
  EXPECT_EQ(shop.Derived(), incremental);
}

TEST(Nightly, ThreadsDoNotShowInTheOutput) {
  Shop one("one_thread"), two("two_threads");
  ThreeNights(one, 1);
  ThreeNights(two, 3);
  EXPECT_EQ(one.Derived(), two.Derived());
}

TEST(Nightly, OneNightEqualsThree) {
  Shop split("split"), whole("whole");
  ThreeNights(split, 2);
  std::vector<events::EventRow> rows;
  for (int night = 1; night <= 3; ++night) {
    const auto more = RandomRows(static_cast<uint64_t>(night), 12'000, kCustomers,
                                 kStart - 200 * kMicrosPerDay, kStart + night * 40 * kMicrosPerDay);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(7));
  whole.clock().Set(split.clock().Now());
  whole.Log(rows);
  RAPPORT_ASSERT_OK(whole.Night(AsOf(whole.clock().Now())));
  EXPECT_EQ(split.Derived(), whole.Derived());
}

TEST(Nightly, OnlyChangedCustomersAreFoldedAgain) {
  Shop shop("changed");
  shop.Log(RandomRows(1, 20'000, 2'000, kStart - 100 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  shop.clock().Advance(kMicrosPerDay);
  shop.Log({OrderRow(5, kStart + 1, 1'000'000), OrderRow(1'999, kStart + 2, 1'000'000),
            OrderRow(5, kStart + 3, 1'000'000)});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_EQ(run.refolded_customer_count(), 2);
  EXPECT_EQ(run.event_count(), 20'003);
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(AsOf(shop.clock().Now(), true)));
  EXPECT_EQ(shop.Derived(), incremental);
}

TEST(Nightly, EventsAfterAsOfComeInWhenTheirTimeHasCome) {
  Shop shop("later_events");
  shop.Log(RandomRows(1, 5'000, 300, kStart - 50 * kMicrosPerDay, kStart + 50 * kMicrosPerDay));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run first, shop.Night(AsOf(kStart)));
  EXPECT_LT(first.event_count(), 5'000);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run second, shop.Night(AsOf(kStart + 20 * kMicrosPerDay)));
  EXPECT_GT(second.event_count(), first.event_count());
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run third, shop.Night(AsOf(kStart + 60 * kMicrosPerDay)));
  EXPECT_EQ(third.event_count(), 5'000);
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(AsOf(kStart + 60 * kMicrosPerDay, true)));
  EXPECT_EQ(shop.Derived(), incremental);
}

TEST(Nightly, AsOfMayGoBack) {
  Shop shop("back");
  shop.Log(RandomRows(1, 3'000, 200, kStart - 50 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night(AsOf(kStart - 20 * kMicrosPerDay)));
  const auto earlier = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(AsOf(kStart)));
  EXPECT_NE(shop.Derived(), earlier);
  RAPPORT_ASSERT_OK(shop.Night(AsOf(kStart - 20 * kMicrosPerDay)));
  EXPECT_EQ(shop.Derived(), earlier);
}

TEST(Nightly, MergedCustomersBecomeOne) {
  Shop shop("merged");
  shop.Log(RandomRows(1, 3'000, 200, kStart - 50 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  shop.Merge(7, 150);
  shop.Merge(150, 9);      // A chain, across blocks.
  shop.Merge(11, 30'000);  // Into one without events of its own, in another shard.
  shop.clock().Advance(kMicrosPerDay);
  const TimeMicros now = shop.clock().Now();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night(AsOf(now)));
  EXPECT_EQ(run.customer_count(), 198);
  EXPECT_EQ(run.event_count(), 3'000);
  EXPECT_EQ(run.refolded_customer_count(), 2);
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(AsOf(now, true)));
  EXPECT_EQ(shop.Derived(), incremental);
}

// Puts cells of families 2 to 4, as older programs wrote them, into the current generation.
void AddCellsOfOldFamilies(Shop& shop) {
  const store::Version version = shop.Current()->generation();
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const auto builder,
      shop.store().NewBuilder(store::DatasetId::kSeries, version, shop.folder(), "old"));
  for (const uint8_t family : {uint8_t{2}, uint8_t{3}, uint8_t{4}}) {
    const store::SeriesKey key{.workspace_no = 1, .family = family, .day = 19'600, .bucket = 1};
    RAPPORT_ASSERT_OK(builder->Add(key.Encode(), metrics::EncodeCell({7, 7, 0})));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const store::DatasetFile file, builder->Finish());
  RAPPORT_ASSERT_OK(shop.store().dataset().Ingest({{file}}));
}

TEST(Nightly, CellsOfOldFamiliesAreNotTakenOver) {
  std::vector<std::map<std::string, std::string>> derived;
  for (const bool old : {false, true}) {
    Shop shop("old_families");
    shop.Log(RandomRows(3, 2'000, 200, kStart - 90 * kMicrosPerDay, kStart));
    RAPPORT_ASSERT_OK(shop.Night());
    if (old) AddCellsOfOldFamilies(shop);
    shop.clock().Set(kStart + 2 * kMicrosPerDay);
    shop.Log(RandomRows(4, 500, 200, kStart, kStart + kMicrosPerDay));
    RAPPORT_ASSERT_OK(shop.Night());
    derived.push_back(shop.Derived());
  }
  EXPECT_EQ(derived[0], derived[1]);
}

TEST(Nightly, NewSettingsRecomputeEverything) {
  Shop shop("settings");
  shop.Log(RandomRows(1, 3'000, 200, kStart - 50 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  v1::Workspace workspace = TestWorkspace();
  workspace.set_time_zone("America/New_York");
  shop.PutWorkspace(workspace);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  EXPECT_EQ(run.refolded_customer_count(), 200);
}

TEST(Nightly, SecondRunIsTurnedAway) {
  Shop shop("locked");
  RAPPORT_ASSERT_OK(shop.Night());
  const int file = open((shop.folder() + "/nightly.lock").c_str(), O_RDWR);
  ASSERT_GE(file, 0);
  ASSERT_EQ(flock(file, LOCK_EX), 0);
  EXPECT_THAT(shop.Night(), testing::FailsWith("NIGHTLY_RUNNING", ""));
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/checkpoints"));
  close(file);
  RAPPORT_EXPECT_OK(shop.Night());
}

TEST(Nightly, BrokenLogFailsAndTheOldGenerationServes) {
  Shop shop("broken");
  shop.Log(RandomRows(1, 100, 50, kStart - kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  const std::string broken = "not a batch";
  RAPPORT_ASSERT_OK(shop.store().log().Append({&broken, 1}));
  EXPECT_THAT(shop.Night(), testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(shop.Current()->generation(), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(shop.folder() + "/staging"));
  const auto& runs = shop.admin().runs();
  EXPECT_EQ(
      std::count_if(runs.begin(), runs.end(),
                    [](const auto& run) { return run.second.state() == v1::RUN_STATE_FAILED; }),
      1);
}

TEST(Nightly, NotesSayWhatChanged) {
  Shop shop("notes");
  shop.Log(RandomRows(1, 3'000, 200, kStart - 50 * kMicrosPerDay, kStart));
  RAPPORT_ASSERT_OK(shop.Night());
  shop.clock().Advance(kMicrosPerDay);
  shop.Log(RandomRows(2, 100, 260, kStart, kStart + kMicrosPerDay));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night());
  const std::string text = RunText(run);
  EXPECT_THAT(text, HasSubstr("events 3,100 (+100)"));
  EXPECT_THAT(text, HasSubstr("stages: "));
  EXPECT_THAT(text, HasSubstr("NPS of the last 30 days"));
  EXPECT_THAT(text, HasSubstr("value model: "));
  EXPECT_THAT(RunJson(run), HasSubstr("\"customer_count\""));
}

}  // namespace
}  // namespace rapport::jobs
