// SPDX-License-Identifier: Apache-2.0
// EventLog and Store as a whole, over both backends. Table and Dataset have their own
// conformance files beside this one.
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {
namespace {

using Batches = std::map<Sequence, std::string>;

Batches ReplayAll(Store& store, Sequence from) {
  Batches found;
  RAPPORT_EXPECT_OK(store.log().Replay(from, [&](Sequence sequence, std::string_view batch) {
    found.emplace(sequence, batch);
    return absl::OkStatus();
  }));
  return found;
}

class LogConformance : public AnyStoreTest {};
INSTANTIATE_TEST_SUITE_P(Both, LogConformance, ::testing::Values(Backend::kRocks, Backend::kMemory),
                         BackendName);

// The oracle: a map and the last sequence.
struct LogModel {
  Batches batches;
  Sequence last = 0;
};

void CheckLog(Store& store, const LogModel& model, std::mt19937_64& random) {
  ASSERT_EQ(store.log().last(), model.last);
  const Sequence from = random() % (model.last + 3);
  ASSERT_EQ(ReplayAll(store, from), Batches(model.batches.lower_bound(from), model.batches.end()));
  const Sequence one = random() % (model.last + 3);
  const auto read = store.log().Read(one);
  const auto expected = model.batches.find(one);
  if (expected == model.batches.end()) {
    ASSERT_THAT(read, testing::StatusIs(absl::StatusCode::kNotFound));
  } else {
    ASSERT_EQ(*read, expected->second);
  }
}

void AppendSome(Store& store, LogModel& model, std::mt19937_64& random) {
  std::vector<std::string> batches(random() % 4);
  for (auto& batch : batches) batch.assign(random() % 200, static_cast<char>(random()));
  const auto last = store.log().Append(batches);
  for (auto& batch : batches) model.batches[++model.last] = batch;
  RAPPORT_ASSERT_OK(last);
  ASSERT_EQ(*last, model.last);
}

TEST_P(LogConformance, RandomHistoriesEqualTheMap) {
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937_64 random(seed);
    AnyStore one(GetParam(), folder / Cat("log-", seed));
    LogModel model;
    for (int step = 0; step < 120; ++step) {
      SCOPED_TRACE(Cat("step ", step));
      const uint64_t choice = random() % 20;
      if (choice < 12) {
        AppendSome(*one, model, random);
      } else if (choice < 14) {
        const Sequence through = random() % (model.last + 2);
        RAPPORT_ASSERT_OK(one->log().Trim(through));
        model.batches.erase(model.batches.begin(), model.batches.upper_bound(through));
      } else if (choice == 14) {
        one.Reopen();
      }
      ASSERT_NO_FATAL_FAILURE(CheckLog(*one, model, random));
    }
  }
}

TEST_P(LogConformance, LastSurvivesTrimmingEverything) {
  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a", "b", "c"}));
  RAPPORT_ASSERT_OK(store->log().Trim(3));
  RAPPORT_ASSERT_OK(store->log().Trim(3));
  store.Reopen();
  EXPECT_EQ(store->log().last(), 3u);
  EXPECT_EQ(ReplayAll(*store, 0), Batches());
  EXPECT_EQ(*store->log().Append(std::vector<std::string>{"d"}), 4u);
  EXPECT_EQ(ReplayAll(*store, 1), (Batches{{4, "d"}}));
}

TEST_P(LogConformance, ReplayStopsAtTheVisitorsError) {
  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a", "b", "c"}));
  int visits = 0;
  const auto status = store->log().Replay(1, [&](Sequence, std::string_view) {
    return ++visits == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(visits, 2);
}

TEST_P(LogConformance, AVisitorMayAppend) {
  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a", "b"}));
  int visits = 0;
  RAPPORT_ASSERT_OK(store->log().Replay(1, [&](Sequence, std::string_view) {
    ++visits;
    return store->log().Append(std::vector<std::string>{"more"}).status();
  }));
  EXPECT_EQ(visits, 2) << "a replay ends where the log ended when it began";
  EXPECT_EQ(store->log().last(), 4u);
}

TEST_P(LogConformance, GroupsOfSeveralThreadsStayWhole) {
  constexpr int kThreads = 4, kGroups = 40;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kGroups; ++i) {
        const std::string name = Cat(t, "-", i);
        RAPPORT_EXPECT_OK(store->log().Append(std::vector<std::string>{name, name, name}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const Batches all = ReplayAll(*store, 1);
  ASSERT_EQ(all.size(), 3u * kThreads * kGroups);
  for (Sequence first = 1; first <= all.size(); first += 3) {
    EXPECT_EQ(all.at(first), all.at(first + 1));
    EXPECT_EQ(all.at(first), all.at(first + 2));
  }
}

class StoreConformance : public AnyStoreTest {};
INSTANTIATE_TEST_SUITE_P(Both, StoreConformance,
                         ::testing::Values(Backend::kRocks, Backend::kMemory), BackendName);

TEST_P(StoreConformance, ACheckpointHoldsAllAndStaysAsItWas) {
  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a", "b"}));
  RAPPORT_ASSERT_OK(store->table(TableId::kRuns).Apply({"runs", {{MergeKind::kSet, "1", "one"}}}));
  const auto file = BuildFile(*store, DatasetId::kFacts, 1, folder / "staged", "0", {{"k", "v"}});
  RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
  RAPPORT_ASSERT_OK(store->Checkpoint(folder / "copy"));

  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"c"}));
  RAPPORT_ASSERT_OK(store->log().Trim(2));
  RAPPORT_ASSERT_OK(store->table(TableId::kRuns).Apply({"runs", {{MergeKind::kDelete, "1", ""}}}));
  RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 1));

  const auto copy = store.OpenCheckpoint(folder / "copy");
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->log().last(), 2u);
  EXPECT_EQ(ReplayAll(*copy, 1), (Batches{{1, "a"}, {2, "b"}}));
  EXPECT_EQ(*copy->table(TableId::kRuns).Read("runs", "1"), "one");
  EXPECT_EQ(*copy->dataset().Get(DatasetId::kFacts, 1, "k"), "v");
}

TEST_P(StoreConformance, ACheckpointTakesNoPathTwice) {
  RAPPORT_ASSERT_OK(store->Checkpoint(folder / "copy"));
  EXPECT_THAT(store->Checkpoint(folder / "copy"),
              testing::StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(StoreConformance, ACheckpointCanBuild) {
  RAPPORT_ASSERT_OK(store->Checkpoint(folder / "copy"));
  DatasetFile file;
  {
    const auto copy = store.OpenCheckpoint(folder / "copy");
    file = BuildFile(*copy, DatasetId::kReports, 4, folder / "staged", "0", {{"r", "x"}});
  }
  RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
  EXPECT_EQ(*store->dataset().Get(DatasetId::kReports, 4, "r"), "x");
}

TEST_P(StoreConformance, SizesNameEveryPart) {
  RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a", "b"}));
  std::map<std::string, uint64_t> counts;
  for (const PartSize& size : store->Sizes()) counts[size.part] = size.key_count;
  EXPECT_EQ(counts.size(), 19u);
  EXPECT_EQ(counts.at("log"), 2u);
  EXPECT_EQ(counts.at("facts"), 0u);
  EXPECT_TRUE(counts.contains("identities"));
}

}  // namespace
}  // namespace rapport::store
