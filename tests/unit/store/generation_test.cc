// SPDX-License-Identifier: Apache-2.0
#include "lib/store/generation.h"

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/unit/store/generation_fixture.h"

namespace rapport::store {
namespace {

class GenerationTest : public AnyStoreTest {
 protected:
  void SetUp() override {
    RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>(100, "batch")));
    Open();
  }
  void Open() {
    auto opened = Generations::Open(*store);
    RAPPORT_ASSERT_OK(opened);
    generations = *std::move(opened);
  }
  absl::StatusOr<GenerationHandle> Publish(const Plan& plan) {
    Stage(*store, folder / "staged", plan);
    return generations->Publish(folder / "staged", kNow);
  }
  // Three nights: the third folds all segments into its own.
  void PublishThree() {
    RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
    RAPPORT_ASSERT_OK(Publish({2, {1, 2}, 20}));
    RAPPORT_ASSERT_OK(Publish({3, {3}, 30}));
  }
  std::unique_ptr<Generations> generations;
};
INSTANTIATE_TEST_SUITE_P(Both, GenerationTest, ::testing::Values(Backend::kRocks, Backend::kMemory),
                         BackendName);

TEST_P(GenerationTest, StartsWithNone) {
  EXPECT_EQ(generations->Current(), nullptr);
  EXPECT_TRUE(generations->List().empty());
  EXPECT_EQ(*generations->NextNumber(), 1u);
  EXPECT_EQ(generations->Trimmable(), 0u);
  EXPECT_THAT(generations->Rollback(), testing::FailsWith("NOTHING_TO_ROLL_BACK", ""));
  RAPPORT_EXPECT_OK(generations->CleanUp());
}

TEST_P(GenerationTest, PublishShowsTheNewOneAndKeepsTheLast) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  EXPECT_EQ(generations->Trimmable(), 10u);
  const auto second = Publish({2, {1, 2}, 20});
  RAPPORT_ASSERT_OK(second);
  EXPECT_EQ((*second)->generation(), 2u);
  EXPECT_EQ((*second)->publish_time_micros(), kNow);
  EXPECT_EQ(generations->Current(), *second);
  EXPECT_EQ(generations->List().size(), 2u);
  EXPECT_EQ(generations->Trimmable(), 10u) << "what came after the previous one is kept";
  EXPECT_EQ(*generations->NextNumber(), 3u);
  for (const auto& handle : generations->List()) ExpectReadable(*store, *handle);
}

TEST_P(GenerationTest, OldOnesGoWhenNobodyPinsThem) {
  ASSERT_NO_FATAL_FAILURE(PublishThree());
  ExpectOnly(*store, {2, 3}, {1, 2, 3});
  RAPPORT_ASSERT_OK(Publish({4, {3, 4}, 40}));
  ExpectOnly(*store, {3, 4}, {3, 4});
  for (const auto& handle : generations->List()) ExpectReadable(*store, *handle);
}

TEST_P(GenerationTest, APinKeepsRowsReadable) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  GenerationHandle pin = generations->Current();
  RAPPORT_ASSERT_OK(Publish({2, {2}, 20}));
  RAPPORT_ASSERT_OK(Publish({3, {3}, 30}));
  RAPPORT_ASSERT_OK(generations->CleanUp());
  ExpectReadable(*store, *pin);
  EXPECT_EQ(generations->List().size(), 3u);
  EXPECT_EQ(generations->List().back(), pin);
  pin.reset();
  RAPPORT_ASSERT_OK(generations->CleanUp());
  EXPECT_EQ(generations->List().size(), 2u);
  ExpectOnly(*store, {2, 3}, {2, 3});
}

TEST_P(GenerationTest, StateSurvivesReopening) {
  ASSERT_NO_FATAL_FAILURE(PublishThree());
  const std::string current = generations->Current()->DebugString();
  generations.reset();
  store.Reopen();
  Open();
  EXPECT_EQ(generations->Current()->DebugString(), current);
  EXPECT_EQ(generations->List().size(), 2u);
  EXPECT_EQ(generations->Trimmable(), 20u);
  EXPECT_EQ(*generations->NextNumber(), 4u);
  for (const auto& handle : generations->List()) ExpectReadable(*store, *handle);
}

TEST_P(GenerationTest, RollbackGoesBackOnce) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  RAPPORT_ASSERT_OK(Publish({2, {1, 2}, 20}));
  const auto back = generations->Rollback();
  RAPPORT_ASSERT_OK(back);
  EXPECT_EQ((*back)->generation(), 1u);
  EXPECT_EQ(generations->Current()->generation(), 1u);
  EXPECT_EQ(generations->Trimmable(), 10u);
  ExpectReadable(*store, **back);
  ExpectOnly(*store, {1}, {1});
  EXPECT_THAT(generations->Rollback(), testing::FailsWith("NOTHING_TO_ROLL_BACK", ""));
  generations.reset();
  store.Reopen();
  Open();
  EXPECT_EQ(generations->Current()->generation(), 1u);
}

TEST_P(GenerationTest, NumbersAreNotUsedTwiceAfterARollback) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  RAPPORT_ASSERT_OK(Publish({2, {2}, 20}));
  RAPPORT_ASSERT_OK(generations->Rollback());
  EXPECT_EQ(*generations->NextNumber(), 3u);
  EXPECT_THAT(Publish({2, {2}, 20}), testing::FailsWith("GENERATION_NOT_NEWER", ""));
  RAPPORT_ASSERT_OK(Publish({3, {1, 3}, 20}));
  EXPECT_EQ(generations->Current()->generation(), 3u);
  for (const auto& handle : generations->List()) ExpectReadable(*store, *handle);
}

TEST_P(GenerationTest, ARolledBackOneStaysForItsReaders) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  RAPPORT_ASSERT_OK(Publish({2, {1, 2}, 20}));
  GenerationHandle pin = generations->Current();
  RAPPORT_ASSERT_OK(generations->Rollback());
  ExpectReadable(*store, *pin);
  pin.reset();
  RAPPORT_ASSERT_OK(generations->CleanUp());
  ExpectOnly(*store, {1}, {1});
}

TEST_P(GenerationTest, PublishingTheCurrentOneAgainIsFine) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  const auto again = generations->Publish(folder / "staged", kNow + 5);
  RAPPORT_ASSERT_OK(again);
  EXPECT_EQ(*again, generations->Current());
  EXPECT_EQ((*again)->publish_time_micros(), kNow);
  EXPECT_THAT(Publish({1, {1}, 11}), testing::FailsWith("GENERATION_NOT_NEWER", ""));
}

TEST_P(GenerationTest, ManifestsMissingOrBrokenAreRefused) {
  EXPECT_THAT(generations->Publish(folder / "nothing", kNow),
              testing::StatusIs(absl::StatusCode::kNotFound));
  std::filesystem::create_directories(folder / "staged");
  std::ofstream(folder / "staged/manifest.binpb") << "no proto at all \xFF\xFF\xFF";
  EXPECT_THAT(generations->Publish(folder / "staged", kNow),
              testing::FailsWith("BROKEN_MANIFEST", "manifest"));
}

struct Refusal {
  const char* name;
  void (*change)(Manifest& manifest);
  const char* reason;
  const char* field;
};

const Refusal kRefusals[] = {
    {"format", [](Manifest& m) { m.set_format_version(kManifestFormatVersion + 1); },
     "UNSUPPORTED_FORMAT", "format_version"},
    {"no number", [](Manifest& m) { m.set_generation(0); }, "BAD_GENERATION", "generation"},
    {"log back", [](Manifest& m) { m.set_log_sequence(9); }, "GOES_BACK", "log_sequence"},
    {"log ahead", [](Manifest& m) { m.set_log_sequence(101); }, "PAST_END_OF_LOG", "log_sequence"},
    {"strange segment", [](Manifest& m) { m.set_segments(0, 7); }, "UNKNOWN_SEGMENT", "segments"},
    {"segments fall",
     [](Manifest& m) {
       m.set_segments(0, 2);
       m.set_segments(1, 1);
     },
     "SEGMENTS_NOT_RISING", "segments"},
    {"own segment hidden", [](Manifest& m) { m.mutable_segments()->RemoveLast(); },
     "SEGMENT_NOT_LISTED", "segments"},
    {"dataset", [](Manifest& m) { m.mutable_files(0)->set_dataset("x"); }, "UNKNOWN_DATASET",
     "files[0].dataset"},
    {"path out", [](Manifest& m) { m.mutable_files(1)->set_path("../f.sst"); }, "BAD_PATH",
     "files[1].path"},
    {"path absolute", [](Manifest& m) { m.mutable_files(1)->set_path("/f.sst"); }, "BAD_PATH",
     "files[1].path"},
    {"no rows", [](Manifest& m) { m.mutable_files(0)->set_row_count(0); }, "EMPTY_FILE",
     "files[0].row_count"},
    {"overlap", [](Manifest& m) { *m.add_files() = m.files(0); }, "FILES_OVERLAP", "files"},
    {"row count", [](Manifest& m) { m.mutable_files(0)->set_row_count(51); }, "FILE_MISMATCH",
     "files[facts-2-0.sst]"},
    {"size", [](Manifest& m) { m.mutable_files(0)->set_size_bytes(1); }, "FILE_MISMATCH",
     "files[facts-2-0.sst]"},
    {"first key", [](Manifest& m) { m.mutable_files(0)->set_first_key("f"); }, "FILE_MISMATCH",
     "files[facts-2-0.sst]"},
    {"checksum", [](Manifest& m) { m.mutable_files(0)->set_checksum(1); }, "ROWS_MISMATCH",
     "files[facts-2-0.sst]"},
    {"total rows",
     [](Manifest& m) {
       auto* total = m.add_totals();
       total->set_dataset("facts");
       total->set_row_count(49);
     },
     "TOTALS_MISMATCH", "totals"},
    {"total checksum",
     [](Manifest& m) {
       auto* total = m.add_totals();
       total->set_dataset("facts");
       total->set_row_count(50);
       total->set_checksum(1);
     },
     "TOTALS_MISMATCH", "totals"},
};

TEST_P(GenerationTest, WhatDoesNotFitIsRefusedAndNothingChanges) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(refusal.name);
    Manifest manifest = StageFiles(*store, folder / "staged", {2, {1, 2}, 20});
    refusal.change(manifest);
    RAPPORT_ASSERT_OK(WriteManifest(folder / "staged", manifest));
    EXPECT_THAT(generations->Publish(folder / "staged", kNow),
                testing::FailsWith(refusal.reason, refusal.field));
    EXPECT_EQ(generations->Current()->generation(), 1u);
    ExpectOnly(*store, {1}, {1});
  }
  RAPPORT_EXPECT_OK(Publish({2, {1, 2}, 20})) << "after any refusal the number is still free";
}

TEST_P(GenerationTest, CorrectTotalsAreAccepted) {
  Manifest manifest = StageFiles(*store, folder / "staged", {1, {1}, 10});
  for (const auto& file : manifest.files()) {
    auto* total = manifest.add_totals();
    total->set_dataset(file.dataset());
    total->set_row_count(file.row_count());
    total->set_checksum(CombineChecksums(std::vector<uint64_t>{file.checksum()}));
  }
  RAPPORT_ASSERT_OK(WriteManifest(folder / "staged", manifest));
  RAPPORT_EXPECT_OK(generations->Publish(folder / "staged", kNow));
}

TEST_P(GenerationTest, AMissingFileIsRefused) {
  Manifest manifest = StageFiles(*store, folder / "staged", {1, {1}, 10});
  manifest.mutable_files(0)->set_path("absent.sst");
  RAPPORT_ASSERT_OK(WriteManifest(folder / "staged", manifest));
  EXPECT_THAT(generations->Publish(folder / "staged", kNow),
              testing::StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(GenerationTest, AGenerationMayBringNoFiles) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  Manifest manifest;
  manifest.set_format_version(kManifestFormatVersion);
  manifest.set_generation(2);
  manifest.add_segments(1);
  manifest.set_log_sequence(10);
  RAPPORT_ASSERT_OK(WriteManifest(folder / "staged", manifest));
  RAPPORT_ASSERT_OK(generations->Publish(folder / "staged", kNow));
  EXPECT_EQ(RowCount(*store, DatasetId::kEventBlocks, 1), static_cast<size_t>(kFactRows));
}

// Readers take a handle, read, let go, while nights pass: each sees one generation whole.
TEST_P(GenerationTest, ReadersSeeOneGenerationWhole) {
  RAPPORT_ASSERT_OK(Publish({1, {1}, 10}));
  std::atomic<bool> stop = false;
  std::atomic<int> broken = 0, reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const GenerationHandle pin = generations->Current();
        const Version generation = pin->generation();
        const Version segment = pin->segments(0);
        const auto fact = store->dataset().Get(DatasetId::kFacts, generation, "facts-149");
        const auto block =
            store->dataset().Get(DatasetId::kEventBlocks, segment, "event_blocks-100");
        const bool good =
            fact.ok() && *fact == ValueOf(generation) && block.ok() && *block == ValueOf(segment);
        broken += good ? 0 : 1;
        ++reads;
      }
    });
  }
  for (Version night = 2; night < 12; ++night) RAPPORT_EXPECT_OK(Publish({night, {night}, 10}));
  RAPPORT_EXPECT_OK(generations->Rollback());
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(broken, 0) << "of " << reads;
}

}  // namespace
}  // namespace rapport::store
