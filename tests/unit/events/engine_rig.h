// SPDX-License-Identifier: Apache-2.0
// An engine on a store that can be made to fail, with a nightly run in small: seal the
// log, publish the segment.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/events/payload.h"
#include "lib/events/seal.h"
#include "lib/events/workspace_events.h"
#include "lib/store/memory_store.h"
#include "lib/store/rocks_store.h"
#include "tests/support/matchers.h"

namespace rapport::events {

// Passes everything on, but fails as often as it is told to.
class FlakyLog final : public store::EventLog {
 public:
  explicit FlakyLog(store::EventLog& log) : log_(log) {}
  absl::StatusOr<store::Sequence> Append(std::span<const std::string> batches) override {
    ++appends;
    if (fail_appends > 0) {
      --fail_appends;
      return Unavailable("DEVICE_FAILED", "made to fail");
    }
    return log_.Append(batches);
  }
  absl::Status Replay(store::Sequence from, Visit visit) const override {
    return log_.Replay(from, visit);
  }
  absl::StatusOr<std::string> Read(store::Sequence sequence) const override {
    return log_.Read(sequence);
  }
  absl::Status Trim(store::Sequence through) override { return log_.Trim(through); }
  store::Sequence last() const override { return log_.last(); }

  int fail_appends = 0;
  int appends = 0;

 private:
  store::EventLog& log_;
};

class FlakyTable final : public store::Table {
 public:
  explicit FlakyTable(store::Table& table) : table_(table) {}
  absl::Status Apply(const store::PartitionWrite& write, std::string_view token) override {
    return table_.Apply(write, token);
  }
  absl::Status ApplyAll(std::span<const store::PartitionWrite> writes) override {
    if (fail_writes > 0) {
      --fail_writes;
      return Unavailable("DEVICE_FAILED", "made to fail");
    }
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
    return table_.PutIf(partition, row, expected, value);
  }
  absl::StatusOr<uint64_t> Lease(std::string_view partition, std::string_view row,
                                 std::string_view holder, int64_t now, int64_t ttl) override {
    return table_.Lease(partition, row, holder, now, ttl);
  }

  int fail_writes = 0;

 private:
  store::Table& table_;
};

class FlakyStore final : public store::Store {
 public:
  explicit FlakyStore(std::unique_ptr<store::Store> inner)
      : inner_(std::move(inner)),
        flaky_log(inner_->log()),
        identities(inner_->table(store::TableId::kIdentities)) {}
  store::EventLog& log() override { return flaky_log; }
  store::Table& table(store::TableId id) override {
    return id == store::TableId::kIdentities ? identities : inner_->table(id);
  }
  store::Dataset& dataset() override { return inner_->dataset(); }
  absl::Status Checkpoint(const std::string& path) override { return inner_->Checkpoint(path); }
  absl::StatusOr<std::unique_ptr<store::DatasetBuilder>> NewBuilder(
      store::DatasetId dataset, store::Version version, const std::string& folder,
      const std::string& shard) override {
    return inner_->NewBuilder(dataset, version, folder, shard);
  }
  std::vector<store::PartSize> Sizes() const override { return inner_->Sizes(); }

 private:
  std::unique_ptr<store::Store> inner_;

 public:
  FlakyLog flaky_log;
  FlakyTable identities;
};

enum class Backend { kMemory, kRocks };

// 2026-11-21T12:00:00Z.
inline constexpr TimeMicros kNow = 1'795'262'400 * kMicrosPerSecond;
inline constexpr char kShop[] = "shop";

inline std::string NewFolder() {
  static int count = 0;
  const std::string folder = Cat(::testing::TempDir(), "/events_", getpid(), "_", ++count);
  std::filesystem::create_directories(folder);
  return folder;
}

inline v1::Event PageView(const std::string& id, const std::string& customer, TimeMicros time) {
  v1::Event event;
  event.set_event_id(id);
  event.set_customer_id(customer);
  event.set_type(v1::EVENT_TYPE_PAGE_VIEWED);
  event.mutable_event_time()->set_seconds(time / kMicrosPerSecond);
  event.mutable_event_time()->set_nanos(static_cast<int32_t>(time % kMicrosPerSecond) * 1000);
  return event;
}

inline v1::Event OrderOf(const std::string& id, const std::string& customer, TimeMicros time,
                         int64_t micros) {
  v1::Event event = PageView(id, customer, time);
  event.set_type(v1::EVENT_TYPE_ORDER_PLACED);
  event.mutable_order()->mutable_amount()->set_micros(micros);
  event.mutable_order()->mutable_amount()->set_currency("EUR");
  return event;
}

class Rig {
 public:
  explicit Rig(Backend backend) : backend_(backend), folder_(NewFolder()), clock(kNow) {
    OpenStore();
    Start();
    v1::Workspace workspace;
    EXPECT_THAT(CompleteWorkspace(workspace), testing::IsOk());
    const auto created = engine->CreateWorkspace(kShop, workspace);
    EXPECT_THAT(created, testing::IsOk());
    shop = created->workspace_no();
  }
  ~Rig() {
    Stop();
    store.reset();
    std::filesystem::remove_all(folder_);
  }

  // Stops and starts the server; the memory store stays as it is.
  void Restart() {
    Stop();
    if (backend_ == Backend::kRocks) {
      store.reset();
      OpenStore();
    }
    Start();
  }
  void Stop() {
    engine.reset();
    generations.reset();
  }
  void Start() {
    auto opened = store::Generations::Open(*store);
    ASSERT_THAT(opened, testing::IsOk());
    generations = *std::move(opened);
    auto engine_opened = Engine::Open(*store, *generations, clock, options);
    ASSERT_THAT(engine_opened, testing::IsOk());
    engine = *std::move(engine_opened);
  }

  IngestOutcome Ingest(const std::vector<v1::Event>& events) {
    std::vector<const v1::Event*> pointers;
    for (const v1::Event& event : events) pointers.push_back(&event);
    return engine->Ingest(kShop, pointers);
  }
  CustomerNo No(const std::string& customer_id) const {
    return engine->directory(shop).Find(v1::IDENTITY_KIND_CUSTOMER_ID, customer_id).value_or(0);
  }
  std::vector<EventRow> All(const std::string& customer_id) const {
    std::vector<EventRow> rows;
    EXPECT_THAT(engine->AllEvents(generations->Current(), shop, No(customer_id), rows),
                testing::IsOk());
    return rows;
  }
  std::vector<v1::Event> Timeline(const std::string& customer_id, bool ascending = true,
                                  size_t offset = 0, size_t limit = 1000) const {
    std::vector<v1::Event> events;
    const auto entries = engine->Timeline(generations->Current(), shop, No(customer_id), ascending,
                                          offset, limit, [](const EventRow&) { return true; });
    EXPECT_THAT(entries, testing::IsOk());
    for (const TimelineEntry& entry : *entries) events.push_back(engine->ToEvent(shop, entry));
    return events;
  }
  // Seals what the log has beyond the current generation; folds all segments if asked to.
  store::Manifest Seal(bool fold, int threads = 1) {
    const auto current = generations->Current();
    SealOptions seal;
    seal.from = (current == nullptr ? 0 : current->log_sequence()) + 1;
    seal.through = store->log().last();
    seal.version = generations->NextNumber().value();
    seal.folder = Cat(folder_, "/staged-", seal.version);
    seal.threads = threads;
    std::filesystem::create_directories(seal.folder);
    store::Manifest manifest;
    if (current != nullptr) *manifest.mutable_segments() = current->segments();
    if (fold) {
      seal.fold.assign(manifest.segments().begin(), manifest.segments().end());
      manifest.clear_segments();
    }
    auto sealed = events::Seal(*store, seal);
    EXPECT_THAT(sealed, testing::IsOk());
    manifest.set_format_version(store::kManifestFormatVersion);
    manifest.set_generation(seal.version);
    manifest.set_run_id("test");
    manifest.set_as_of_micros(clock.Now());
    manifest.set_log_sequence(seal.through);
    manifest.add_segments(seal.version);
    AddFiles(sealed->files, manifest);
    staged_folder = seal.folder;
    sealed_result = *std::move(sealed);
    return manifest;
  }
  void Publish(const store::Manifest& manifest) {
    ASSERT_THAT(store::WriteManifest(staged_folder, manifest), testing::IsOk());
    ASSERT_THAT(generations->Publish(staged_folder, clock.Now()), testing::IsOk());
  }
  // The nightly run.
  void Night(bool fold = false) {
    Publish(Seal(fold));
    ASSERT_THAT(engine->OnGenerationChange(generations->Current()), testing::IsOk());
  }

 private:
  void OpenStore() {
    if (backend_ == Backend::kMemory) {
      store = std::make_unique<FlakyStore>(store::NewMemoryStore());
      return;
    }
    auto opened =
        store::OpenRocksStore(Cat(folder_, "/store"), {.sync = store::SyncPolicy::kProcessCrash});
    ASSERT_THAT(opened, testing::IsOk());
    store = std::make_unique<FlakyStore>(*std::move(opened));
  }
  static void AddFiles(const std::vector<store::DatasetFile>& files, store::Manifest& manifest) {
    for (const store::DatasetFile& file : files) {
      auto& entry = *manifest.add_files();
      entry.set_dataset(std::string(store::DatasetName(file.dataset)));
      entry.set_path(std::filesystem::path(file.path).filename().string());
      entry.set_row_count(file.row_count);
      entry.set_size_bytes(file.size_bytes);
      entry.set_first_key(file.first_key);
      entry.set_last_key(file.last_key);
      entry.set_checksum(file.checksum);
    }
  }

  Backend backend_;
  std::string folder_;

 public:
  FakeClock clock;
  EngineOptions options;
  std::unique_ptr<FlakyStore> store;
  std::unique_ptr<store::Generations> generations;
  std::unique_ptr<Engine> engine;
  uint32_t shop = 0;
  std::string staged_folder;
  SealResult sealed_result;
};

}  // namespace rapport::events
