// SPDX-License-Identifier: Apache-2.0
// Seal, fold and scan against a plain list of events.
#include <map>

#include "gmock/gmock.h"
#include "lib/events/batch.h"
#include "lib/events/block.h"
#include "lib/events/customer_walk.h"
#include "lib/events/sealed_events.h"
#include "lib/store/keys.h"
#include "tests/unit/events/engine_rig.h"
#include "tests/unit/events/random_events.h"

namespace rapport::events {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;
using ::testing::ElementsAre;

struct Known {
  EventRow row;
  std::string payload;
};
using Oracle =
    std::map<std::pair<uint32_t, CustomerNo>, std::vector<Known>>;  // By workspace, customer.

// A log filled by hand, sealed in steps.
class SealTest : public ::testing::Test {
 protected:
  ~SealTest() override { std::filesystem::remove_all(folder_); }
  void Append(Random& random, uint32_t workspace_no, CustomerNo customers, int64_t count) {
    Batch batch;
    batch.workspace_no = workspace_no;
    batch.receive_time = kNow + static_cast<int64_t>(sequence_) * kMicrosPerDay;
    for (int64_t i = 0; i < count; ++i) {
      EventRow row = RandomRow(random, 1, customers);
      if (random.OneIn(3)) {  // Ties, so that order within them shows.
        row = EventRow{};
        row.customer_no = static_cast<CustomerNo>(random.Between(1, 3));
        row.type = 10;
      }
      batch.rows.push_back(row);
      batch.ids.push_back(HashText128(Cat("id", next_id_++)));
      batch.payloads.push_back(
          Cat("payload ", next_id_, random.OneIn(99) ? std::string(20'000, 'x') : ""));
      oracle_[{workspace_no, row.customer_no}].push_back({row, batch.payloads.back()});
    }
    const std::vector<std::string> encoded = {EncodeBatch(batch)};
    RAPPORT_ASSERT_OK_AND_ASSIGN(sequence_, store_->log().Append(encoded));
  }
  SealResult SealInto(store::Version version, std::vector<store::Version> fold, int threads = 1,
                      store::Sequence from = 0) {
    SealOptions options;
    options.from = from == 0 ? sealed_ + 1 : from;
    options.through = sequence_;
    options.fold = std::move(fold);
    options.version = version;
    options.folder = Cat(folder_, "/", version, "-", threads);
    options.threads = threads;
    options.keep_ids_since_micros = keep_ids_since_;
    std::filesystem::create_directories(options.folder);
    auto result = Seal(*store_, options);
    EXPECT_THAT(result, IsOk());
    sealed_ = sequence_;
    return result.ok() ? *std::move(result) : SealResult{};
  }
  void Ingest(const SealResult& result) {
    RAPPORT_ASSERT_OK(store_->dataset().Ingest(result.files));
  }
  static std::vector<EventRow> Sorted(std::vector<Known> known) {
    std::vector<EventRow> rows;
    for (const Known& one : known) rows.push_back(one.row);
    std::stable_sort(rows.begin(), rows.end(), TimelineLess);
    return rows;
  }
  // What a scan must show, by customer.
  std::map<CustomerNo, std::vector<EventRow>> Expected(uint32_t workspace_no,
                                                       const std::vector<Alias>& aliases) const {
    std::map<CustomerNo, std::vector<Known>> joined;
    for (const auto& [key, known] : oracle_) {
      if (key.first != workspace_no) continue;
      CustomerNo survivor = key.second;
      for (const Alias& alias : aliases) {
        if (alias.customer_no == key.second) survivor = alias.survivor_no;
      }
      for (Known one : known) {
        one.row.customer_no = survivor;
        joined[survivor].push_back(one);
      }
    }
    std::map<CustomerNo, std::vector<EventRow>> rows;
    for (const auto& [customer, known] : joined) rows[customer] = Sorted(known);
    return rows;
  }
  void ExpectScan(uint32_t workspace_no, const std::vector<store::Version>& segments,
                  const std::vector<Alias>& aliases, const std::vector<CustomerNo>& borders) {
    std::map<CustomerNo, std::vector<EventColumns>> seen;
    CustomerNo last = 0;
    ScanGround ground;
    ground.dataset = &store_->dataset();
    ground.workspace_no = workspace_no;
    ground.segments = segments;
    ground.aliases = aliases;
    for (size_t i = 0; i + 1 < borders.size(); ++i) {
      CustomerWalk scan(ground, {borders[i], borders[i + 1]}, {});
      while (scan.Next()) {
        EXPECT_GT(scan.customer_no(), last);
        last = scan.customer_no();
        seen[last].assign(scan.events().begin(), scan.events().end());
      }
      RAPPORT_EXPECT_OK(scan.status());
    }
    const auto expected = Expected(workspace_no, aliases);
    ASSERT_EQ(seen.size(), expected.size());
    for (const auto& [customer, rows] : expected) {
      std::vector<EventColumns> columns;
      for (const EventRow& row : rows) columns.push_back(ColumnsOf(row));
      ASSERT_EQ(seen[customer], columns) << customer;
    }
  }

  std::string folder_ = NewFolder();
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  Oracle oracle_;
  store::Sequence sequence_ = 0, sealed_ = 0;
  int64_t next_id_ = 0;
  int64_t keep_ids_since_ = 0;
};

TEST_F(SealTest, ScanEqualsTheListOverSegmentsAliasesAndFolding) {
  constexpr CustomerNo kEnd = 0xFFFFFFFF;
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    store_ = store::NewMemoryStore();
    oracle_.clear();
    sequence_ = sealed_ = 0;
    std::vector<store::Version> segments;
    for (store::Version version = 1; version <= 4; ++version) {
      for (int64_t batches = random.Between(1, 4); batches > 0; --batches) {
        Append(random, random.OneIn(3) ? 7 : 1, 700, random.Between(1, 200));
      }
      const bool fold = version == 4 && random.OneIn(2);
      Ingest(SealInto(version, fold ? segments : std::vector<store::Version>{}));
      if (fold) segments.clear();
      segments.push_back(version);
    }
    const std::vector<Alias> aliases = {{1, 699}, {5, 2}, {6, 2}, {70, 300}, {640, 10}};
    for (const uint32_t workspace_no : {1u, 7u, 3u}) {
      ExpectScan(workspace_no, segments, {}, {0, kEnd});
      ExpectScan(workspace_no, segments, aliases, {0, kEnd});
      ExpectScan(workspace_no, segments, aliases, {0, 64, 320, 640, kEnd});
    }
    for (const auto& [key, known] : oracle_) {
      std::vector<EventRow> rows;
      RAPPORT_ASSERT_OK(ReadCustomer(store_->dataset(), segments, key.first, key.second, rows));
      ASSERT_EQ(rows, Sorted(known));
    }
  }
}

TEST_F(SealTest, SurvivorWithoutEventsOfItsOwnAppears) {
  Random random(1);
  Batch batch;
  batch.workspace_no = 1;
  batch.rows.resize(1);
  batch.rows[0].customer_no = 3;
  batch.ids.resize(1);
  batch.payloads.resize(1);
  oracle_[{1, 3}].push_back({batch.rows[0], ""});
  const std::vector<std::string> encoded = {EncodeBatch(batch)};
  RAPPORT_ASSERT_OK_AND_ASSIGN(sequence_, store_->log().Append(encoded));
  Ingest(SealInto(1, {}));
  ExpectScan(1, {1}, {{3, 500}, {4, 900}}, {0, 0xFFFFFFFF});
}

TEST_F(SealTest, FilesDoNotDependOnThreads) {
  Random random(9);
  for (int i = 0; i < 6; ++i) Append(random, i % 2 == 0 ? 1 : 2, 60'000, 3000);
  const SealResult one = SealInto(1, {}, 1, 1);
  const SealResult two = SealInto(1, {}, 2, 1);
  ASSERT_EQ(one.files.size(), two.files.size());
  EXPECT_GT(one.files.size(), 8u);  // Several shards, or the test shows nothing.
  for (size_t i = 0; i < one.files.size(); ++i) {
    EXPECT_EQ(one.files[i].dataset, two.files[i].dataset);
    EXPECT_EQ(one.files[i].first_key, two.files[i].first_key);
    EXPECT_EQ(one.files[i].row_count, two.files[i].row_count);
    EXPECT_EQ(one.files[i].checksum, two.files[i].checksum);
  }
}

TEST_F(SealTest, FoldingGivesTheSameRowsAsOneSeal) {
  Random random(4);
  std::vector<store::Version> segments;
  for (store::Version version = 1; version <= 3; ++version) {
    for (int i = 0; i < 3; ++i) Append(random, 1, 20'000, 800);
    Append(random, 2, 10, 100);
    Ingest(SealInto(version, {}));
    segments.push_back(version);
  }
  Append(random, 1, 20'000, 500);
  const SealResult folded = SealInto(10, segments, 2);
  const SealResult once = SealInto(10, {}, 1, 1);
  ASSERT_EQ(folded.files.size(), once.files.size());
  for (size_t i = 0; i < once.files.size(); ++i) {
    EXPECT_EQ(folded.files[i].checksum, once.files[i].checksum) << i;
  }
  EXPECT_EQ(folded.event_count, 500u);
  ASSERT_EQ(folded.changed.size(), 1u);
  EXPECT_EQ(folded.changed[0].workspace_no, 1u);
}

TEST_F(SealTest, ChangedListsCustomersOfTheLogOnly) {
  Random random(2);
  Append(random, 1, 100, 50);
  Ingest(SealInto(1, {}));
  oracle_.clear();
  Append(random, 3, 1000, 40);
  Append(random, 1, 5, 10);
  const SealResult result = SealInto(2, {1});
  ASSERT_EQ(result.changed.size(), 2u);
  for (const ChangedCustomers& changed : result.changed) {
    std::vector<CustomerNo> expected;
    for (const auto& [key, known] : oracle_) {
      if (key.first == changed.workspace_no) expected.push_back(key.second);
    }
    EXPECT_EQ(changed.customers, expected);
  }
}

TEST_F(SealTest, PayloadsStandBesideTheirRows) {
  Random random(5);
  for (int i = 0; i < 10; ++i) Append(random, 1, 70, 900);
  Ingest(SealInto(1, {}));
  Append(random, 1, 70, 500);
  Ingest(SealInto(2, {1}));
  Oracle seen;
  auto blocks = store_->dataset().Scan(store::DatasetId::kEventBlocks, 2, {});
  auto payloads = store_->dataset().Scan(store::DatasetId::kEventPayloads, 2, {});
  uint16_t most_parts = 0;
  for (; blocks->Valid(); blocks->Next(), payloads->Next()) {
    ASSERT_EQ(blocks->Key(), payloads->Key());
    const auto key = store::BlockKey::Decode(blocks->Key());
    most_parts = std::max(most_parts, key->part);
    std::vector<EventRow> rows;
    std::vector<std::string> texts;
    RAPPORT_ASSERT_OK(DecodeBlock(blocks->Value(), key->block_no, rows));
    RAPPORT_ASSERT_OK(DecodePayloads(payloads->Value(), texts));
    ASSERT_EQ(rows.size(), texts.size());
    EXPECT_LE(blocks->Value().size(), 48u * 1024);
    EXPECT_LE(payloads->Value().size(), 300u * 1024);
    for (size_t i = 0; i < rows.size(); ++i) {
      seen[{1, rows[i].customer_no}].push_back({rows[i], texts[i]});
    }
  }
  EXPECT_GT(most_parts, 1);
  for (auto& [key, known] : oracle_) {
    std::stable_sort(known.begin(), known.end(),
                     [](const Known& a, const Known& b) { return TimelineLess(a.row, b.row); });
    ASSERT_EQ(seen[key].size(), known.size());
    for (size_t i = 0; i < known.size(); ++i) {
      ASSERT_EQ(seen[key][i].row, known[i].row);
      ASSERT_EQ(seen[key][i].payload, known[i].payload);
    }
  }
}

TEST_F(SealTest, OldIdsAreDroppedWhenFolding) {
  Random random(6);
  Append(random, 1, 10, 5000);  // Arrives on day kNow.
  Ingest(SealInto(1, {}));
  Append(random, 1, 10, 100);  // A day later.
  keep_ids_since_ = kNow + kMicrosPerDay;
  Ingest(SealInto(2, {1}));
  const auto count = [&](store::Version version) {
    size_t ids = 0;
    auto cursor = store_->dataset().Scan(store::DatasetId::kEventIds, version, {});
    std::string previous;
    for (; cursor->Valid(); cursor->Next()) {
      EXPECT_LE(cursor->Value().size(), 65'536u);
      ids += cursor->Value().size() / 16;
    }
    return ids;
  };
  EXPECT_EQ(count(1), 5000u);
  EXPECT_EQ(count(2), 100u);
}

TEST_F(SealTest, MissingLogEntriesAreAnError) {
  Random random(6);
  for (int i = 0; i < 3; ++i) Append(random, 1, 10, 5);
  RAPPORT_ASSERT_OK(store_->log().Trim(1));
  SealOptions options;
  options.through = 3;
  options.folder = folder_;
  EXPECT_THAT(Seal(*store_, options), FailsWith("LOG_TRIMMED", ""));
  options.from = 2;
  options.through = 4;
  EXPECT_THAT(Seal(*store_, options), FailsWith("LOG_TRIMMED", ""));
}

TEST_F(SealTest, NothingToSealMakesNoFiles) {
  SealOptions options;
  options.folder = folder_;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const SealResult result, Seal(*store_, options));
  EXPECT_TRUE(result.files.empty());
  EXPECT_TRUE(result.changed.empty());
}

}  // namespace
}  // namespace rapport::events
