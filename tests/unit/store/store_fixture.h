// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: fresh folders, both backends behind one face, small ways
// to read and build.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/store/memory_store.h"
#include "lib/store/rocks_store.h"
#include "lib/store/seam.h"
#include "tests/support/matchers.h"

namespace rapport::store {

using Rows = std::map<std::string, std::string>;

// A folder of this test and process, emptied before and removed after.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = Cat(test->test_suite_name(), "-", test->name(), "-", getpid());
    for (char& c : name) c = c == '/' ? '-' : c;
    path_ = (std::filesystem::path(::testing::TempDir()) / name).string();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string operator/(std::string_view name) const { return Cat(path_, "/", name); }

 private:
  std::string path_;
};

// Bytes of the files under a folder whose names end so.
inline uint64_t DiskBytes(const std::string& folder, std::string_view ending = "") {
  uint64_t total = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const bool counts = entry.is_regular_file() && entry.path().string().ends_with(ending);
    total += counts ? entry.file_size() : 0;
  }
  return total;
}

inline RocksOptions FastRocks() {
  RocksOptions options;
  options.sync = SyncPolicy::kProcessCrash;
  options.cache_bytes = 8 << 20;
  return options;
}

inline std::unique_ptr<Store> MustOpen(const std::string& path, const RocksOptions& options) {
  auto store = OpenRocksStore(path, options);
  if (!store.ok()) ADD_FAILURE() << store.status().ToString();
  return store.ok() ? *std::move(store) : nullptr;
}

enum class Backend { kRocks, kMemory };

// One store of either kind. Reopen() closes and opens the one on disk; the other lives on.
class AnyStore {
 public:
  AnyStore(Backend backend, std::string path) : backend_(backend), path_(std::move(path)) {
    store_ = backend == Backend::kRocks ? MustOpen(path_, FastRocks()) : NewMemoryStore();
  }
  Store* operator->() { return store_.get(); }
  Store& operator*() { return *store_; }
  bool on_disk() const { return backend_ == Backend::kRocks; }
  void Reopen() {
    if (!on_disk()) return;
    store_.reset();
    store_ = MustOpen(path_, FastRocks());
  }
  std::unique_ptr<Store> OpenCheckpoint(const std::string& path) const {
    if (!on_disk()) return OpenMemoryCheckpoint(path).value();
    RocksOptions options = FastRocks();
    options.read_only = true;
    return MustOpen(path, options);
  }

 private:
  Backend backend_;
  std::string path_;
  std::unique_ptr<Store> store_;
};

class AnyStoreTest : public ::testing::TestWithParam<Backend> {
 protected:
  AnyStoreTest() : store(GetParam(), folder / "store") {}
  TestFolder folder;
  AnyStore store;
};

inline std::string BackendName(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::kRocks ? "Rocks" : "Memory";
}

inline Rows ReadRows(const Dataset& dataset, DatasetId id, Version version,
                     const ScanOptions& options = {}) {
  Rows rows;
  const auto cursor = dataset.Scan(id, version, options);
  for (; cursor->Valid(); cursor->Next()) rows.emplace(cursor->Key(), cursor->Value());
  RAPPORT_EXPECT_OK(cursor->status());
  return rows;
}

// Builds one file of these rows.
inline DatasetFile BuildFile(Store& store, DatasetId id, Version version, const std::string& folder,
                             const std::string& shard, const Rows& rows) {
  auto builder = store.NewBuilder(id, version, folder, shard);
  RAPPORT_EXPECT_OK(builder);
  for (const auto& [key, value] : rows) RAPPORT_EXPECT_OK((*builder)->Add(key, value));
  auto file = (*builder)->Finish();
  RAPPORT_EXPECT_OK(file);
  return *file;
}

// Bytes that break careless key encodings.
inline std::vector<std::string> HardBytes() {
  using namespace std::string_literals;
  return {""s,        "\0"s,      "\0\0"s,   "\0\1"s,     "\0\1a"s,  "\0\xFF"s, "\1"s,
          "a"s,       "a\0"s,     "a\0\0"s,  "a\0\1"s,    "a\0\1b"s, "a\1"s,    "a\xFF"s,
          "a\xFF\0"s, "a\0\xFF"s, "ab"s,     "b"s,        "\x7F"s,   "\x80"s,   "\xFE\xFF"s,
          "\xFF"s,    "\xFF\0"s,  "\xFF\1"s, "\xFF\xFF"s, "/"s,      "a/b"s};
}

template <typename T>
const T& Pick(const std::vector<T>& values, std::mt19937_64& random) {
  return values[random() % values.size()];
}

}  // namespace rapport::store
