// SPDX-License-Identifier: Apache-2.0
// What only the store on disk can show: formats, locks, freed space, kills.
#include "lib/store/rocks_store.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/store/generation.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {
namespace {

constexpr char kChildFolder[] = "RAPPORT_STORE_TEST_FOLDER";

void WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string NoisyBatch(size_t bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string batch(bytes, '\0');
  for (char& c : batch) c = static_cast<char>(random());
  return batch;
}

TEST(RocksStore, RefusesANewerFormatUntouched) {
  const TestFolder folder;
  MustOpen(folder / "store", FastRocks()).reset();
  WriteFile(folder / "store/FORMAT", "2\n");
  const uint64_t before = DiskBytes(folder / "store");
  EXPECT_THAT(OpenRocksStore(folder / "store", FastRocks()),
              testing::FailsWith("STORE_FORMAT_NEWER", ""));
  EXPECT_EQ(DiskBytes(folder / "store"), before);
  WriteFile(folder / "store/FORMAT", "1\n");
  RAPPORT_EXPECT_OK(OpenRocksStore(folder / "store", FastRocks()));
}

TEST(RocksStore, RefusesABrokenFormatFile) {
  const TestFolder folder;
  MustOpen(folder / "store", FastRocks()).reset();
  for (const char* text : {"", "x", "0"}) {
    WriteFile(folder / "store/FORMAT", text);
    EXPECT_THAT(OpenRocksStore(folder / "store", FastRocks()),
                testing::StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(RocksStore, RefusesAForeignDatabase) {
  const TestFolder folder;
  MustOpen(folder / "store", FastRocks()).reset();
  std::filesystem::remove(folder / "store/FORMAT");
  EXPECT_THAT(OpenRocksStore(folder / "store", FastRocks()),
              testing::FailsWith("STORE_FORMAT_UNKNOWN", ""));
}

TEST(RocksStore, IsOpenOnlyOnce) {
  const TestFolder folder;
  const auto store = MustOpen(folder / "store", FastRocks());
  EXPECT_THAT(OpenRocksStore(folder / "store", FastRocks()),
              testing::FailsWith("STORE_LOCKED", ""));
}

TEST(RocksStore, ReadOnlyNeedsAStore) {
  const TestFolder folder;
  RocksOptions options = FastRocks();
  options.read_only = true;
  EXPECT_THAT(OpenRocksStore(folder / "absent", options),
              testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(folder / "absent"));
}

TEST(RocksStore, ReadOnlyRefusesWrites) {
  const TestFolder folder;
  {
    const auto store = MustOpen(folder / "store", FastRocks());
    RAPPORT_ASSERT_OK(store->log().Append(std::vector<std::string>{"a"}));
    const auto file = BuildFile(*store, DatasetId::kFacts, 1, folder / "staged", "0", {{"k", "v"}});
    RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
    RAPPORT_ASSERT_OK(store->Checkpoint(folder / "copy"));
  }
  RocksOptions options = FastRocks();
  options.read_only = true;
  const auto copy = MustOpen(folder / "copy", options);
  const auto refused = testing::FailsWith("STORE_READ_ONLY", "");
  EXPECT_THAT(copy->log().Append(std::vector<std::string>{"b"}), refused);
  EXPECT_THAT(copy->log().Trim(1), refused);
  EXPECT_THAT(copy->table(TableId::kRuns).Apply({"p", {{MergeKind::kSet, "r", "v"}}}), refused);
  EXPECT_THAT(copy->dataset().Ingest({}), refused);
  EXPECT_THAT(copy->dataset().Drop(DatasetId::kFacts, 1), refused);
  EXPECT_EQ(*copy->dataset().Get(DatasetId::kFacts, 1, "k"), "v");
  RAPPORT_EXPECT_OK(Generations::Open(*copy));
}

TEST(RocksStore, TrimFreesTheDisk) {
  const TestFolder folder;
  const auto store = MustOpen(folder / "store", FastRocks());
  constexpr size_t kBatchBytes = 1 << 20;
  constexpr Sequence kBatches = 150;  // Three memtables of the log.
  for (Sequence i = 1; i <= kBatches; ++i) {
    const std::vector<std::string> batch = {NoisyBatch(kBatchBytes, i)};
    RAPPORT_ASSERT_OK(store->log().Append(batch));
  }
  RAPPORT_ASSERT_OK(store->log().Trim(kBatches - 1));
  EXPECT_LT(DiskBytes(folder / "store", ".sst"), 70 * kBatchBytes)
      << "at most one file keeps what is trimmed";
  EXPECT_EQ(*store->log().Read(kBatches), NoisyBatch(kBatchBytes, kBatches));
  RAPPORT_ASSERT_OK(store->log().Trim(kBatches));
  EXPECT_LT(DiskBytes(folder / "store", ".sst"), kBatchBytes / 2);
  EXPECT_EQ(*store->log().Append(std::vector<std::string>{"next"}), kBatches + 1);
  EXPECT_EQ(*store->log().Read(kBatches + 1), "next");
}

TEST(RocksStore, DropFreesTheDisk) {
  const TestFolder folder;
  const auto store = MustOpen(folder / "store", FastRocks());
  std::vector<DatasetFile> files;
  for (const Version version : {1, 2}) {
    Rows rows;
    for (int i = 0; i < 100; ++i) rows[Cat("k", 100 + i)] = NoisyBatch(10'000, version);
    files.push_back(BuildFile(*store, DatasetId::kFacts, version, folder / "staged", "0", rows));
  }
  RAPPORT_ASSERT_OK(store->dataset().Ingest(files));
  EXPECT_EQ(DiskBytes(folder / "store", ".sst"), files[0].size_bytes + files[1].size_bytes);
  RAPPORT_ASSERT_OK(store->dataset().Drop(DatasetId::kFacts, 1));
  EXPECT_EQ(DiskBytes(folder / "store", ".sst"), files[1].size_bytes);
}

TEST(RocksStore, BrokenBytesAreDataLoss) {
  const TestFolder folder;
  Rows rows;
  for (uint64_t i = 0; i < 100; ++i) rows[Cat("k", 100 + i)] = NoisyBatch(2'000, i);
  {
    const auto store = MustOpen(folder / "store", FastRocks());
    const auto file = BuildFile(*store, DatasetId::kFacts, 1, folder / "staged", "0", rows);
    RAPPORT_ASSERT_OK(store->dataset().Ingest({&file, 1}));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store")) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(50'000);
    file << "these bytes are not what the builder wrote";
  }
  const auto store = MustOpen(folder / "store", FastRocks());
  const auto cursor = store->dataset().Scan(DatasetId::kFacts, 1, {});
  while (cursor->Valid()) cursor->Next();
  EXPECT_THAT(cursor->status(), testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_NE(cursor->status().message().find("facts/00000001"), absl::string_view::npos);
}

// Runs a disabled test of this program as another process, with its output in a pipe.
class Child {
 public:
  Child(const std::string& test, const std::string& folder) {
    setenv(kChildFolder, folder.c_str(), 1);
    int ends[2] = {-1, -1};
    if (pipe(ends) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::string program = "/proc/self/exe", filter = "--gtest_filter=" + test,
                also = "--gtest_also_run_disabled_tests";
    char* const arguments[] = {program.data(), filter.data(), also.data(), nullptr};
    posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~Child() {
    Kill();
    if (output_ != nullptr) fclose(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The number of the next line "acked <number>"; 0 at the end of the output.
  Sequence NextAck() {
    char line[256];
    unsigned long long sequence = 0;
    while (fgets(line, sizeof(line), output_) != nullptr) {
      if (sscanf(line, "acked %llu", &sequence) == 1) return sequence;
    }
    return 0;
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  FILE* output_ = nullptr;
};

// Appends until it is killed.
TEST(RocksStoreChild, DISABLED_Appends) {
  const char* const path = std::getenv(kChildFolder);
  if (path == nullptr) GTEST_SKIP();
  const auto store = MustOpen(path, FastRocks());
  for (;;) {
    const std::string batch = NoisyBatch(3'000, store->log().last() + 1);
    const auto last = store->log().Append(std::vector<std::string>{batch});
    RAPPORT_ASSERT_OK(last);
    printf("acked %llu\n", static_cast<unsigned long long>(*last));
    fflush(stdout);
  }
}

TEST(RocksStore, KillLosesNothingAcknowledged) {
  const TestFolder folder;
  Sequence acked = 0;
  for (int round = 0; round < 3; ++round) {
    Child child("RocksStoreChild.DISABLED_Appends", folder / "store");
    const Sequence stop = acked + 200;
    while (acked < stop) {
      const Sequence next = child.NextAck();
      ASSERT_NE(next, 0u) << "the child ended by itself";
      acked = next;
    }
    EXPECT_THAT(OpenRocksStore(folder / "store", FastRocks()),
                testing::FailsWith("STORE_LOCKED", ""));
    child.Kill();
    while (const Sequence next = child.NextAck()) acked = next;
    const auto store = MustOpen(folder / "store", FastRocks());
    ASSERT_GE(store->log().last(), acked);
    Sequence expected = 0;
    RAPPORT_ASSERT_OK(store->log().Replay(1, [&](Sequence sequence, std::string_view batch) {
      EXPECT_EQ(sequence, ++expected);
      EXPECT_EQ(batch, NoisyBatch(3'000, sequence));
      return absl::OkStatus();
    }));
    EXPECT_EQ(expected, store->log().last());
    acked = expected;
  }
}

TEST(RocksStore, PowerLossPolicyAcknowledgesToo) {
  const TestFolder folder;
  RocksOptions options = FastRocks();
  options.sync = SyncPolicy::kPowerLoss;
  const auto store = MustOpen(folder / "store", options);
  EXPECT_EQ(*store->log().Append(std::vector<std::string>{"a", "b"}), 2u);
  RAPPORT_EXPECT_OK(store->table(TableId::kRuns).Apply({"p", {{MergeKind::kSet, "r", "v"}}}));
}

}  // namespace
}  // namespace rapport::store
