// SPDX-License-Identifier: Apache-2.0
#include "lib/store/rocks_store.h"

#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/durable_file.h"
#include "lib/store/rocks_dataset.h"
#include "lib/store/rocks_log.h"
#include "lib/store/rocks_options.h"
#include "lib/store/rocks_status.h"
#include "lib/store/row_table.h"
#include "lib/store/schema.h"
#include "lib/store/staged_rows.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/utilities/checkpoint.h"
#include "rocksdb/write_batch.h"

namespace rapport::store {
namespace {

namespace fs = std::filesystem;

// The format version stands in a file of its own so that it is read before RocksDB
// touches anything.
constexpr char kFormatFile[] = "FORMAT";

class RocksTable final : public RowTable {
 public:
  RocksTable(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& family, bool sync)
      : db_(db), family_(family), sync_(sync) {}

 protected:
  absl::StatusOr<std::optional<std::string>> Load(std::string_view key) const override {
    std::string value;
    const auto status = db_.Get(rocksdb::ReadOptions(), &family_, key, &value);
    if (status.ok()) return std::optional(std::move(value));
    if (status.IsNotFound()) return std::optional<std::string>();
    return FromRocks(status, KeyText(family_.GetName(), key));
  }

  absl::Status Commit(std::span<const Change> changes) override {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : changes) {
      const auto status =
          value.has_value() ? batch.Put(&family_, key, *value) : batch.Delete(&family_, key);
      RETURN_IF_ERROR(FromRocks(status, KeyText(family_.GetName(), key)));
    }
    rocksdb::WriteOptions options;
    options.sync = sync_;
    return FromRocks(db_.Write(options, &batch), family_.GetName());
  }

  absl::Status Walk(std::string_view begin, std::string_view end, Walker walk) const override {
    const rocksdb::Slice end_slice(end);
    rocksdb::ReadOptions options;
    if (!end.empty()) options.iterate_upper_bound = &end_slice;
    const std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator(options, &family_));
    for (it->Seek(begin); it->Valid(); it->Next()) {
      RETURN_IF_ERROR(walk(it->key().ToStringView(), it->value().ToStringView()));
    }
    return FromRocks(it->status(), family_.GetName());
  }

 private:
  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& family_;
  const bool sync_;
};

absl::Status CheckFormat(const std::string& path) {
  const std::string file = (fs::path(path) / kFormatFile).string();
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(file));
  uint32_t version = 0;
  if (!absl::SimpleAtoi(text, &version) || version == 0) {
    return DataLoss(file, "not a format version");
  }
  if (version <= kStoreFormatVersion) return absl::OkStatus();
  return FailedPrecondition(
      "STORE_FORMAT_NEWER",
      Cat("the store has format ", version, ", this program knows up to ", kStoreFormatVersion));
}

absl::Status WriteFormat(const std::string& path) {
  return WriteDurably((fs::path(path) / kFormatFile).string(), Cat(kStoreFormatVersion, "\n"));
}

// Checks an existing store's format; makes a new folder if allowed.
absl::Status PrepareFolder(const std::string& path, bool read_only) {
  std::error_code error;
  if (fs::exists(fs::path(path) / kFormatFile, error)) return CheckFormat(path);
  if (read_only) return NotFound(Cat("store '", path, "'"));
  if (fs::exists(fs::path(path) / "CURRENT", error)) {
    return FailedPrecondition("STORE_FORMAT_UNKNOWN", Cat(path, " holds another database"));
  }
  fs::create_directories(path, error);
  if (error) return Unavailable("STORE_UNAVAILABLE", Cat(path, ": ", error.message()));
  return WriteFormat(path);
}

absl::Status OpenStatus(const rocksdb::Status& status, const std::string& path) {
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return FailedPrecondition("STORE_LOCKED", Cat(path, " is open in another process"));
  }
  return FromRocks(status, path);
}

std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(
    const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  out.emplace_back(rocksdb::kDefaultColumnFamilyName, TableOptions(nullptr));
  for (const FamilySpec& family : Families()) {
    const std::string name(family.name);
    out.emplace_back(name, OptionsByName(name, cache));
  }
  return out;
}

class RocksStore final : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path,
                                                     const RocksOptions& options) {
    auto store = std::unique_ptr<RocksStore>(new RocksStore);
    const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
    const auto descriptors = Descriptors(cache);
    const rocksdb::DBOptions db_options = DatabaseOptions(options);
    rocksdb::DB* db = nullptr;
    const auto status =
        options.read_only
            ? rocksdb::DB::OpenForReadOnly(db_options, path, descriptors, &store->handles_, &db)
            : rocksdb::DB::Open(db_options, path, descriptors, &store->handles_, &db);
    RETURN_IF_ERROR(OpenStatus(status, path));
    store->db_.reset(db);
    RETURN_IF_ERROR(store->OpenParts(options));
    return store;
  }

  ~RocksStore() override {
    log_.reset();
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  EventLog& log() override { return *log_; }
  Table& table(TableId id) override { return *tables_[static_cast<size_t>(id)]; }
  Dataset& dataset() override { return *dataset_; }

  absl::Status Checkpoint(const std::string& path) override {
    if (fs::exists(path)) return AlreadyExists(path);
    rocksdb::Checkpoint* raw = nullptr;
    RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(db_.get(), &raw), path));
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    const std::string absolute = fs::absolute(path).string();
    RETURN_IF_ERROR(FromRocks(checkpoint->CreateCheckpoint(absolute), path));
    return WriteFormat(absolute);
  }

  absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewBuilder(DatasetId dataset, Version version,
                                                             const std::string& folder,
                                                             const std::string& shard) override {
    return NewSstBuilder(dataset, version, StagedPath(dataset, version, folder, shard));
  }

  std::vector<PartSize> Sizes() const override {
    std::vector<PartSize> sizes;
    for (auto* handle : handles_) {
      if (handle == handles_.front()) continue;  // Positions only.
      PartSize size{handle->GetName(), 0, 0};
      uint64_t on_disk = 0, in_memory = 0;
      db_->GetIntProperty(handle, rocksdb::DB::Properties::kEstimateNumKeys, &size.key_count);
      db_->GetIntProperty(handle, rocksdb::DB::Properties::kLiveSstFilesSize, &on_disk);
      db_->GetIntProperty(handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &in_memory);
      size.size_bytes = on_disk + (size.key_count > 0 ? in_memory : 0);
      sizes.push_back(std::move(size));
    }
    return sizes;
  }

 private:
  RocksStore() = default;

  absl::Status OpenParts(const RocksOptions& options) {
    const bool sync = options.sync == SyncPolicy::kPowerLoss;
    size_t next = 1;  // After the default family, in the order of Families().
    ASSIGN_OR_RETURN(log_, RocksLog::Open(*db_, *handles_[next++], sync));
    for (auto& table : tables_) {
      table = std::make_unique<RocksTable>(*db_, *handles_[next++], sync);
    }
    RocksDataset::Families families;
    for (auto& family : families) family = handles_[next++];
    dataset_ = std::make_unique<RocksDataset>(*db_, families, options.read_only);
    return absl::OkStatus();
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<RocksLog> log_;
  std::array<std::unique_ptr<RocksTable>, std::size(kAllTables)> tables_;
  std::unique_ptr<RocksDataset> dataset_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const std::string& path,
                                                      const RocksOptions& options) {
  RETURN_IF_ERROR(PrepareFolder(path, options.read_only));
  return RocksStore::Open(path, options);
}

}  // namespace rapport::store
