// SPDX-License-Identifier: Apache-2.0
// Publish and Rollback cut off before each of their writes: the store on disk is closed
// there, opened again, and must serve a whole generation with nothing left over.
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "lib/base/status_macros.h"
#include "tests/unit/store/generation_fixture.h"

namespace rapport::store {
namespace {

// Lets a number of writes through, then fails them all, as a dead process would.
class Fuse {
 public:
  explicit Fuse(int writes) : left_(writes) {}
  absl::Status Burn() {
    if (left_ <= 0) return absl::AbortedError("cut off");
    --left_;
    return absl::OkStatus();
  }

 private:
  int left_;
};

class CutTable final : public Table {
 public:
  CutTable(Table& table, Fuse& fuse) : table_(table), fuse_(fuse) {}
  absl::Status Apply(const PartitionWrite& write, std::string_view token) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return table_.Apply(write, token);
  }
  absl::Status ApplyAll(std::span<const PartitionWrite> writes) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return table_.ApplyAll(writes);
  }
  absl::StatusOr<std::string> Read(std::string_view partition,
                                   std::string_view row) const override {
    return table_.Read(partition, row);
  }
  absl::Status Scan(std::string_view partition, std::string_view prefix,
                    Visit visit) const override {
    return table_.Scan(partition, prefix, visit);
  }
  absl::Status ScanAll(std::string_view prefix, Visit visit) const override {
    return table_.ScanAll(prefix, visit);
  }
  absl::StatusOr<bool> PutIf(std::string_view partition, std::string_view row,
                             const std::optional<std::string>& expected,
                             std::string_view value) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return table_.PutIf(partition, row, expected, value);
  }
  absl::StatusOr<uint64_t> Lease(std::string_view partition, std::string_view row,
                                 std::string_view holder, int64_t now, int64_t ttl) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return table_.Lease(partition, row, holder, now, ttl);
  }

 private:
  Table& table_;
  Fuse& fuse_;
};

class CutDataset final : public Dataset {
 public:
  CutDataset(Dataset& dataset, Fuse& fuse) : dataset_(dataset), fuse_(fuse) {}
  absl::StatusOr<std::string> Get(DatasetId id, Version version,
                                  std::string_view key) const override {
    return dataset_.Get(id, version, key);
  }
  std::unique_ptr<Cursor> Scan(DatasetId id, Version version,
                               const ScanOptions& options) const override {
    return dataset_.Scan(id, version, options);
  }
  absl::Status Ingest(std::span<const DatasetFile> files) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return dataset_.Ingest(files);
  }
  absl::Status Drop(DatasetId id, Version version) override {
    RETURN_IF_ERROR(fuse_.Burn());
    return dataset_.Drop(id, version);
  }

 private:
  Dataset& dataset_;
  Fuse& fuse_;
};

class CutStore final : public Store {
 public:
  CutStore(Store& store, int writes)
      : store_(store),
        fuse_(writes),
        pointers_(store.table(TableId::kPointers), fuse_),
        dataset_(store.dataset(), fuse_) {}
  EventLog& log() override { return store_.log(); }
  Table& table(TableId id) override {
    return id == TableId::kPointers ? pointers_ : store_.table(id);
  }
  Dataset& dataset() override { return dataset_; }
  absl::Status Checkpoint(const std::string& path) override { return store_.Checkpoint(path); }
  absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewBuilder(DatasetId id, Version version,
                                                             const std::string& folder,
                                                             const std::string& shard) override {
    return store_.NewBuilder(id, version, folder, shard);
  }
  std::vector<PartSize> Sizes() const override { return store_.Sizes(); }

 private:
  Store& store_;
  Fuse fuse_;
  CutTable pointers_;
  CutDataset dataset_;
};

// A whole publish makes: manifest row, ingest, flip; then it drops one old generation.
constexpr int kWritesBeforeFlip = 3;
constexpr int kWritesInAll = 3 + 5 + 3 * 2 + 1;

class GenerationCrash : public ::testing::TestWithParam<int> {
 protected:
  GenerationCrash() : store(Backend::kRocks, folder / "store") {
    RAPPORT_EXPECT_OK(store->log().Append(std::vector<std::string>(100, "batch")));
    const auto generations = Generations::Open(*store);
    Publish(**generations, {1, {1}, 10});
    Publish(**generations, {2, {2}, 20});
  }
  void Publish(Generations& generations, const Plan& plan) {
    Stage(*store, folder / "staged", plan);
    RAPPORT_EXPECT_OK(generations.Publish(folder / "staged", kNow));
  }
  // Runs `change` on a store that dies after GetParam() writes, then opens it anew.
  template <typename Change>
  std::unique_ptr<Generations> CutAndReopen(Change change) {
    {
      CutStore dying(*store, GetParam());
      const auto generations = Generations::Open(dying);
      RAPPORT_EXPECT_OK(generations);
      change(**generations);
    }
    store.Reopen();
    auto opened = Generations::Open(*store);
    RAPPORT_EXPECT_OK(opened);
    return *std::move(opened);
  }
  TestFolder folder;
  AnyStore store;
};
// Every write up to the flip, then some within each part of cleaning up.
class PublishCrash : public GenerationCrash {};
INSTANTIATE_TEST_SUITE_P(AfterWrites, PublishCrash,
                         ::testing::Values(0, 1, 2, 3, 4, 8, 10, kWritesInAll - 1, kWritesInAll));
class RollbackCrash : public GenerationCrash {};
INSTANTIATE_TEST_SUITE_P(AfterWrites, RollbackCrash, ::testing::Values(0, 1, 2, 7, 20));

TEST_P(PublishCrash, LeavesTheOldOrTheNewWhole) {
  Stage(*store, folder / "staged", {3, {2, 3}, 30});
  absl::StatusOr<GenerationHandle> published = absl::UnknownError("");
  auto generations =
      CutAndReopen([&](Generations& dying) { published = dying.Publish(folder / "staged", kNow); });
  const bool flipped = GetParam() >= kWritesBeforeFlip;
  EXPECT_EQ(published.ok(), flipped) << "what cleaning up fails at does not fail a publish";
  EXPECT_EQ(generations->Current()->generation(), flipped ? 3u : 2u);
  if (flipped) {
    ExpectOnly(*store, {2, 3}, {2, 3});
  } else {
    ExpectOnly(*store, {1, 2}, {1, 2});
  }
  for (const auto& handle : generations->List()) ExpectReadable(*store, *handle);
  ASSERT_EQ(generations->List().size(), 2u);
  if (!flipped) {
    Publish(*generations, {3, {2, 3}, 30});  // Built again, the same number goes in.
    ExpectReadable(*store, *generations->Current());
  }
}

TEST_P(RollbackCrash, LeavesTheOldOrTheNewWhole) {
  auto generations = CutAndReopen([](Generations& dying) { dying.Rollback().IgnoreError(); });
  const bool flipped = GetParam() >= 1;
  EXPECT_EQ(generations->Current()->generation(), flipped ? 1u : 2u);
  ExpectReadable(*store, *generations->Current());
  if (flipped) ExpectOnly(*store, {1}, {1});
  EXPECT_EQ(*generations->NextNumber(), 3u);
}

}  // namespace
}  // namespace rapport::store
