// SPDX-License-Identifier: Apache-2.0
#include "lib/store/memory_store.h"

#include <array>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/row_table.h"
#include "lib/store/schema.h"
#include "lib/store/staged_rows.h"

namespace rapport::store {
namespace {

using Rows = std::map<std::string, std::string, std::less<>>;

// Values are shared so that a reader needs the lock only for a moment.
class MemoryLog final : public EventLog {
 public:
  absl::StatusOr<Sequence> Append(std::span<const std::string> batches) override {
    absl::MutexLock lock(&mutex_);
    for (const std::string& batch : batches) {
      batches_[++last_] = std::make_shared<const std::string>(batch);
    }
    return last_;
  }

  absl::Status Replay(Sequence from, Visit visit) const override {
    const Sequence end = last();
    for (Sequence next = from; next <= end; ++next) {
      std::shared_ptr<const std::string> batch;
      {
        absl::MutexLock lock(&mutex_);
        const auto it = batches_.lower_bound(next);
        if (it == batches_.end() || it->first > end) break;
        next = it->first;
        batch = it->second;
      }
      RETURN_IF_ERROR(visit(next, *batch));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Read(Sequence sequence) const override {
    absl::MutexLock lock(&mutex_);
    const auto it = batches_.find(sequence);
    if (it == batches_.end()) return NotFound(Cat("log/", sequence));
    return *it->second;
  }

  absl::Status Trim(Sequence through) override {
    absl::MutexLock lock(&mutex_);
    batches_.erase(batches_.begin(), batches_.upper_bound(through));
    return absl::OkStatus();
  }

  Sequence last() const override {
    absl::MutexLock lock(&mutex_);
    return last_;
  }

  PartSize Size() const {
    absl::MutexLock lock(&mutex_);
    PartSize size{std::string(kLogName), batches_.size(), 0};
    for (const auto& [sequence, batch] : batches_) size.size_bytes += batch->size();
    return size;
  }

  void CopyTo(MemoryLog& other) const {
    absl::MutexLock lock(&mutex_);
    absl::MutexLock other_lock(&other.mutex_);
    other.batches_ = batches_;
    other.last_ = last_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<Sequence, std::shared_ptr<const std::string>> batches_ ABSL_GUARDED_BY(mutex_);
  Sequence last_ ABSL_GUARDED_BY(mutex_) = 0;
};

PartSize SizeOf(std::string_view part, const Rows& rows) {
  PartSize size{std::string(part), rows.size(), 0};
  for (const auto& [key, value] : rows) size.size_bytes += key.size() + value.size();
  return size;
}

class MemoryTable final : public RowTable {
 public:
  PartSize Size(std::string_view name) const {
    absl::MutexLock lock(&mutex_);
    return SizeOf(name, rows_);
  }

  void CopyTo(MemoryTable& other) const {
    absl::MutexLock lock(&mutex_);
    absl::MutexLock other_lock(&other.mutex_);
    other.rows_ = rows_;
  }

 protected:
  absl::StatusOr<std::optional<std::string>> Load(std::string_view key) const override {
    absl::MutexLock lock(&mutex_);
    const auto it = rows_.find(key);
    return it == rows_.end() ? std::nullopt : std::optional(it->second);
  }

  absl::Status Commit(std::span<const Change> changes) override {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, value] : changes) {
      if (value.has_value()) {
        rows_[key] = *value;
      } else {
        rows_.erase(key);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Walk(std::string_view begin, std::string_view end, Walker walk) const override {
    std::vector<std::pair<std::string, std::string>> range;
    {
      absl::MutexLock lock(&mutex_);
      const auto last = end.empty() ? rows_.end() : rows_.lower_bound(end);
      range.assign(rows_.lower_bound(begin), last);
    }
    for (const auto& [key, value] : range) RETURN_IF_ERROR(walk(key, value));
    return absl::OkStatus();
  }

 private:
  mutable absl::Mutex mutex_;
  Rows rows_ ABSL_GUARDED_BY(mutex_);
};

// Builders' files by path, for all memory stores of the process.
struct StagedFile {
  DatasetFile file;
  Rows rows;
};

struct StagedFiles {
  absl::Mutex mutex;
  std::map<std::string, StagedFile> by_path ABSL_GUARDED_BY(mutex);
};

StagedFiles& Staged() {
  static StagedFiles* const files = new StagedFiles;
  return *files;
}

class MemoryBuilder final : public DatasetBuilder {
 public:
  MemoryBuilder(DatasetId dataset, Version version, std::string path)
      : staged_(dataset, version, std::move(path)) {}

  absl::Status Add(std::string_view key, std::string_view value) override {
    RETURN_IF_ERROR(staged_.Add(key, value));
    rows_.emplace_hint(rows_.end(), key, value);
    size_bytes_ += key.size() + value.size();
    return absl::OkStatus();
  }

  absl::StatusOr<DatasetFile> Finish() override {
    const DatasetFile file = staged_.Describe(size_bytes_);
    absl::MutexLock lock(&Staged().mutex);
    if (staged_.empty()) {
      Staged().by_path.erase(file.path);
    } else {
      Staged().by_path[file.path] = {file, std::move(rows_)};
    }
    return file;
  }

 private:
  StagedRows staged_;
  Rows rows_;
  uint64_t size_bytes_ = 0;
};

class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(std::shared_ptr<const Rows> rows, const ScanOptions& options)
      : rows_(std::move(rows)), begin_(options.begin), end_(options.end) {
    Seek(begin_);
  }

  void Seek(std::string_view key) override {
    at_ = rows_->lower_bound(std::max(key, std::string_view(begin_)));
  }
  bool Valid() const override { return at_ != rows_->end() && (end_.empty() || at_->first < end_); }
  void Next() override { ++at_; }
  std::string_view Key() const override { return at_->first; }
  std::string_view Value() const override { return at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  std::shared_ptr<const Rows> rows_;
  std::string begin_;
  std::string end_;
  Rows::const_iterator at_;
};

class MemoryDataset final : public Dataset {
 public:
  absl::StatusOr<std::string> Get(DatasetId dataset, Version version,
                                  std::string_view key) const override {
    const auto rows = RowsOf(dataset, version);
    const auto it = rows->find(key);
    if (it == rows->end()) return NotFound(Cat(DatasetName(dataset), "/", version));
    return it->second;
  }

  std::unique_ptr<Cursor> Scan(DatasetId dataset, Version version,
                               const ScanOptions& options) const override {
    return std::make_unique<MemoryCursor>(RowsOf(dataset, version), options);
  }

  absl::Status Ingest(std::span<const DatasetFile> files) override {
    absl::MutexLock staged_lock(&Staged().mutex);
    for (const DatasetFile& file : files) {
      const auto it = Staged().by_path.find(file.path);
      if (it == Staged().by_path.end()) return NotFound(file.path);
      RETURN_IF_ERROR(CheckSame(file, it->second.file));
    }
    absl::MutexLock lock(&mutex_);
    for (const DatasetFile& file : files) {
      auto& version = versions_[{file.dataset, file.version}];
      auto rows = version == nullptr ? std::make_shared<Rows>() : std::make_shared<Rows>(*version);
      for (auto& [key, value] : Staged().by_path[file.path].rows) (*rows)[key] = value;
      version = std::move(rows);
      Staged().by_path.erase(file.path);
    }
    return absl::OkStatus();
  }

  absl::Status Drop(DatasetId dataset, Version version) override {
    absl::MutexLock lock(&mutex_);
    versions_.erase({dataset, version});
    return absl::OkStatus();
  }

  PartSize Size(DatasetId dataset) const {
    absl::MutexLock lock(&mutex_);
    PartSize total{std::string(DatasetName(dataset)), 0, 0};
    for (const auto& [id, rows] : versions_) {
      if (id.first != dataset) continue;
      const PartSize size = SizeOf("", *rows);
      total.key_count += size.key_count;
      total.size_bytes += size.size_bytes;
    }
    return total;
  }

  void CopyTo(MemoryDataset& other) const {
    absl::MutexLock lock(&mutex_);
    absl::MutexLock other_lock(&other.mutex_);
    other.versions_ = versions_;
  }

 private:
  std::shared_ptr<const Rows> RowsOf(DatasetId dataset, Version version) const {
    absl::MutexLock lock(&mutex_);
    const auto it = versions_.find({dataset, version});
    return it == versions_.end() ? std::make_shared<const Rows>() : it->second;
  }

  mutable absl::Mutex mutex_;
  std::map<std::pair<DatasetId, Version>, std::shared_ptr<const Rows>> versions_
      ABSL_GUARDED_BY(mutex_);
};

class MemoryStore;

struct Checkpoints {
  absl::Mutex mutex;
  std::map<std::string, std::unique_ptr<MemoryStore>> by_path ABSL_GUARDED_BY(mutex);
};

Checkpoints& AllCheckpoints() {
  static Checkpoints* const checkpoints = new Checkpoints;
  return *checkpoints;
}

class MemoryStore final : public Store {
 public:
  EventLog& log() override { return log_; }
  Table& table(TableId id) override { return tables_[static_cast<size_t>(id)]; }
  Dataset& dataset() override { return dataset_; }

  absl::Status Checkpoint(const std::string& path) override {
    auto copy = Copy();
    absl::MutexLock lock(&AllCheckpoints().mutex);
    if (!AllCheckpoints().by_path.emplace(path, std::move(copy)).second) {
      return AlreadyExists(path);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewBuilder(DatasetId dataset, Version version,
                                                             const std::string& folder,
                                                             const std::string& shard) override {
    return std::make_unique<MemoryBuilder>(dataset, version,
                                           StagedPath(dataset, version, folder, shard));
  }

  std::vector<PartSize> Sizes() const override {
    std::vector<PartSize> sizes = {log_.Size()};
    for (const TableId id : kAllTables) {
      sizes.push_back(tables_[static_cast<size_t>(id)].Size(TableName(id)));
    }
    for (const DatasetId id : kAllDatasets) sizes.push_back(dataset_.Size(id));
    return sizes;
  }

  // Parts are copied one after another in the order that pointers refer to them: a
  // pointer never names what the copy lacks, because rows are there before the pointer.
  std::unique_ptr<MemoryStore> Copy() const {
    auto copy = std::make_unique<MemoryStore>();
    for (size_t i = tables_.size(); i > 0; --i) tables_[i - 1].CopyTo(copy->tables_[i - 1]);
    dataset_.CopyTo(copy->dataset_);
    log_.CopyTo(copy->log_);
    return copy;
  }

 private:
  MemoryLog log_;
  std::array<MemoryTable, std::size(kAllTables)> tables_;
  MemoryDataset dataset_;
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore() { return std::make_unique<MemoryStore>(); }

absl::StatusOr<std::unique_ptr<Store>> OpenMemoryCheckpoint(const std::string& path) {
  absl::MutexLock lock(&AllCheckpoints().mutex);
  const auto it = AllCheckpoints().by_path.find(path);
  if (it == AllCheckpoints().by_path.end()) return NotFound(path);
  return it->second->Copy();
}

}  // namespace rapport::store
