// SPDX-License-Identifier: Apache-2.0
// Dataset over both backends: random histories against a map, then each promise by name.
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/store/row_checksum.h"
#include "lib/store/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {
namespace {

using VersionId = std::pair<DatasetId, Version>;
using DatasetModel = std::map<VersionId, Rows>;

class DatasetConformance : public AnyStoreTest {
 protected:
  DatasetFile Build(DatasetId id, Version version, const std::string& shard, const Rows& rows) {
    return BuildFile(*store, id, version, folder / "staged", shard, rows);
  }
};
INSTANTIATE_TEST_SUITE_P(Both, DatasetConformance,
                         ::testing::Values(Backend::kRocks, Backend::kMemory), BackendName);

Rows RandomRows(std::mt19937_64& random) {
  static const auto bytes = HardBytes();
  Rows rows;
  for (uint64_t i = 1 + random() % 20; i > 0; --i) {
    rows[Pick(bytes, random) + Pick(bytes, random)] = Pick(bytes, random);
  }
  return rows;
}

Rows Range(const Rows& rows, const ScanOptions& options) {
  Rows range;
  for (const auto& [key, value] : rows) {
    if (key >= options.begin && (options.end.empty() || key < options.end)) range[key] = value;
  }
  return range;
}

void CheckVersion(Store& store, VersionId id, const Rows& expected, std::mt19937_64& random) {
  static const auto bytes = HardBytes();
  const auto& [dataset, version] = id;
  ASSERT_EQ(ReadRows(store.dataset(), dataset, version), expected);
  ScanOptions options{Pick(bytes, random), Pick(bytes, random), random() % 2 == 0};
  ASSERT_EQ(ReadRows(store.dataset(), dataset, version, options), Range(expected, options));
  const std::string key = Pick(bytes, random);
  const auto cursor = store.dataset().Scan(dataset, version, {});
  cursor->Seek(key);
  const auto at = expected.lower_bound(key);
  ASSERT_EQ(cursor->Valid(), at != expected.end());
  if (cursor->Valid()) {
    ASSERT_EQ(cursor->Key(), at->first);
  }
  const auto got = store.dataset().Get(dataset, version, key);
  ASSERT_EQ(got.ok(), expected.contains(key));
  if (got.ok()) {
    ASSERT_EQ(*got, expected.at(key));
  }
}

TEST_P(DatasetConformance, RandomHistoriesEqualTheMap) {
  const Version versions[] = {0, 1, 2, 255, 256, UINT32_MAX};
  for (const uint64_t seed : {21, 22}) {
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937_64 random(seed);
    AnyStore one(GetParam(), folder / Cat("dataset-", seed));
    DatasetModel model;
    for (int step = 0; step < 80; ++step) {
      SCOPED_TRACE(Cat("step ", step));
      const VersionId id(random() % 2 == 0 ? DatasetId::kFacts : DatasetId::kSeries,
                         versions[random() % 6]);
      if (random() % 3 != 0) {
        const Rows rows = RandomRows(random);
        const auto file = BuildFile(*one, id.first, id.second, folder / "staged", Cat(step), rows);
        RAPPORT_ASSERT_OK(one->dataset().Ingest({&file, 1}));
        for (const auto& [key, value] : rows) model[id][key] = value;
      } else {
        RAPPORT_ASSERT_OK(one->dataset().Drop(id.first, id.second));
        model.erase(id);
      }
      if (random() % 20 == 0) one.Reopen();
      for (const DatasetId dataset : {DatasetId::kFacts, DatasetId::kSeries}) {
        for (const Version version : versions) {
          const VersionId each(dataset, version);
          ASSERT_NO_FATAL_FAILURE(CheckVersion(*one, each, model[each], random));
        }
      }
    }
  }
}

TEST_P(DatasetConformance, AFileIsDescribedAsItIs) {
  const Rows rows = {{"a", "1"}, {"b", ""}, {"c", std::string(300, 'x')}};
  const DatasetFile file = Build(DatasetId::kFolds, 7, "03", rows);
  EXPECT_TRUE(file.path.ends_with("/staged/folds-7-03.sst")) << file.path;
  EXPECT_EQ(file.dataset, DatasetId::kFolds);
  EXPECT_EQ(file.version, 7u);
  EXPECT_EQ(file.row_count, 3u);
  EXPECT_EQ(file.first_key, "a");
  EXPECT_EQ(file.last_key, "c");
  EXPECT_GT(file.size_bytes, 300u / 10);
  RowChecksum checksum;
  for (const auto& [key, value] : rows) checksum.Add(key, value);
  EXPECT_EQ(file.checksum, checksum.Value());
}

TEST_P(DatasetConformance, AnEmptyBuilderLeavesNoFile) {
  const DatasetFile file = Build(DatasetId::kFolds, 7, "0", {});
  EXPECT_EQ(file.row_count, 0u);
  EXPECT_FALSE(std::filesystem::exists(file.path));
}

TEST_P(DatasetConformance, KeysMustRise) {
  const auto builder = store->NewBuilder(DatasetId::kFacts, 1, folder / "staged", "0");
  RAPPORT_ASSERT_OK(builder);
  RAPPORT_ASSERT_OK((*builder)->Add("b", ""));
  EXPECT_THAT((*builder)->Add("b", ""), testing::FailsWith("KEY_NOT_RISING", "key"));
  EXPECT_THAT((*builder)->Add("a", ""), testing::FailsWith("KEY_NOT_RISING", "key"));
  EXPECT_THAT((*builder)->Add(std::string(513, 'z'), ""),
              testing::FailsWith("KEY_TOO_LONG", "key"));
}

TEST_P(DatasetConformance, FilesOfAllDatasetsGoInTogether) {
  std::vector<DatasetFile> files;
  for (const DatasetId id : kAllDatasets) {
    const std::string name(DatasetName(id));
    files.push_back(Build(id, 3, "0", {{"a" + name, "1"}}));
    files.push_back(Build(id, 3, "1", {{"b" + name, "2"}}));
  }
  RAPPORT_ASSERT_OK(store->dataset().Ingest(files));
  for (const DatasetId id : kAllDatasets) {
    const std::string name(DatasetName(id));
    EXPECT_EQ(ReadRows(store->dataset(), id, 3), (Rows{{"a" + name, "1"}, {"b" + name, "2"}}));
    EXPECT_EQ(ReadRows(store->dataset(), id, 2), Rows());
    EXPECT_EQ(ReadRows(store->dataset(), id, 4), Rows());
  }
  for (const auto& file : files) EXPECT_FALSE(std::filesystem::exists(file.path)) << "moved";
}

TEST_P(DatasetConformance, OneBadFileKeepsAllOut) {
  const DatasetFile good = Build(DatasetId::kFacts, 1, "0", {{"a", "1"}});
  DatasetFile bad = Build(DatasetId::kFolds, 1, "0", {{"a", "1"}});
  const auto refused = [&](DatasetFile changed) {
    const std::vector<DatasetFile> files = {good, std::move(changed)};
    const auto status = store->dataset().Ingest(files);
    EXPECT_EQ(ReadRows(store->dataset(), DatasetId::kFacts, 1), Rows());
    return status;
  };
  const char* const field = "files[folds-1-0.sst]";
  DatasetFile changed = bad;
  changed.size_bytes += 1;
  EXPECT_THAT(refused(changed), testing::FailsWith("FILE_MISMATCH", field));
  changed = bad;
  changed.row_count += 1;
  EXPECT_THAT(refused(changed), testing::FailsWith("FILE_MISMATCH", field));
  changed = bad;
  changed.first_key = "0";
  EXPECT_THAT(refused(changed), testing::FailsWith("FILE_MISMATCH", field));
  changed = bad;
  changed.last_key = "b";
  EXPECT_THAT(refused(changed), testing::FailsWith("FILE_MISMATCH", field));
  changed = bad;
  changed.path += "-absent";
  EXPECT_THAT(refused(changed), testing::StatusIs(absl::StatusCode::kNotFound));
  const std::vector<DatasetFile> files = {good, bad};
  RAPPORT_EXPECT_OK(store->dataset().Ingest(files)) << "a refusal takes no file away";
}

TEST_P(DatasetConformance, ACursorKeepsRowsThatAreDropped) {
  Rows rows;
  for (int i = 0; i < 2'000; ++i) rows[Cat("key-", 10'000 + i)] = std::string(50, 'v');
  const DatasetFile file = Build(DatasetId::kFacts, 1, "0", rows);
  RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
  const auto cursor = store->dataset().Scan(DatasetId::kFacts, 1, {});
  RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 1));
  EXPECT_EQ(ReadRows(store->dataset(), DatasetId::kFacts, 1), Rows());
  Rows seen;
  for (; cursor->Valid(); cursor->Next()) seen.emplace(cursor->Key(), cursor->Value());
  RAPPORT_EXPECT_OK(cursor->status());
  EXPECT_EQ(seen, rows);
}

TEST_P(DatasetConformance, DropTouchesOneVersion) {
  std::vector<DatasetFile> files;
  for (const Version version : {1, 2, 3}) {
    files.push_back(Build(DatasetId::kFacts, version, "0", {{"", "v"}, {"\xFF\xFF", "v"}}));
  }
  RAPPORT_ASSERT_OK(store->dataset().Ingest(files));
  RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 2));
  RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 2));
  EXPECT_EQ(ReadRows(store->dataset(), DatasetId::kFacts, 1).size(), 2u);
  EXPECT_EQ(ReadRows(store->dataset(), DatasetId::kFacts, 2).size(), 0u);
  EXPECT_EQ(ReadRows(store->dataset(), DatasetId::kFacts, 3).size(), 2u);
}

TEST_P(DatasetConformance, ADroppedVersionCanBeFilledAgain) {
  for (int round = 0; round < 3; ++round) {
    const DatasetFile file = Build(DatasetId::kFacts, 5, "0", {{"round", Cat(round)}});
    RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
    EXPECT_EQ(*store->dataset().Get(DatasetId::kFacts, 5, "round"), Cat(round));
    RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 5));
    EXPECT_THAT(store->dataset().Get(DatasetId::kFacts, 5, "round"),
                testing::StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST(DatasetNames, AreStoredAndStayAsTheyAre) {
  for (const DatasetId id : kAllDatasets) EXPECT_EQ(*DatasetFromName(DatasetName(id)), id);
  EXPECT_EQ(DatasetName(DatasetId::kEventBlocks), "event_blocks");
  EXPECT_EQ(DatasetName(DatasetId::kTransitions), "transitions");
  EXPECT_EQ(DatasetName(DatasetId::kAlerts), "alerts");
  EXPECT_EQ(DatasetName(DatasetId::kSegments), "segments");
  EXPECT_EQ(DatasetName(DatasetId::kStandings), "standings");
  EXPECT_THAT(DatasetFromName("nothing"), testing::FailsWith("UNKNOWN_DATASET", "dataset"));
}

}  // namespace
}  // namespace rapport::store
