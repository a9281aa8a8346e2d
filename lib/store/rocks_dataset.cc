// SPDX-License-Identifier: Apache-2.0
#include "lib/store/rocks_dataset.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/store/rocks_options.h"
#include "lib/store/rocks_status.h"
#include "lib/store/staged_rows.h"
#include "rocksdb/convenience.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/write_batch.h"

namespace rapport::store {
namespace {

constexpr size_t kVersionBytes = sizeof(Version);
constexpr size_t kDeleteBatchRows = 1000;

std::string VersionKey(Version version, std::string_view key) {
  std::string out;
  out.reserve(kVersionBytes + key.size());
  PutBigEndian(out, version);
  out.append(key);
  return out;
}

// The first key after a version; empty for the last version.
std::string AfterVersion(Version version) {
  return version == UINT32_MAX ? std::string() : VersionKey(version + 1, {});
}

class RocksCursor final : public Cursor {
 public:
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, Version version,
              const ScanOptions& options)
      : begin_(VersionKey(version, options.begin)),
        end_(options.end.empty() ? AfterVersion(version) : VersionKey(version, options.end)),
        end_slice_(end_),
        name_(family->GetName()) {
    rocksdb::ReadOptions read;
    read.fill_cache = options.fill_cache;
    if (!end_.empty()) read.iterate_upper_bound = &end_slice_;
    iterator_.reset(db.NewIterator(read, family));
    iterator_->Seek(begin_);
  }

  void Seek(std::string_view key) override {
    const std::string target = begin_.substr(0, kVersionBytes).append(key);
    iterator_->Seek(std::max(target, begin_));
  }
  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  std::string_view Key() const override {
    return iterator_->key().ToStringView().substr(kVersionBytes);
  }
  std::string_view Value() const override { return iterator_->value().ToStringView(); }
  absl::Status status() const override {
    if (iterator_->status().ok()) return absl::OkStatus();
    return FromRocks(iterator_->status(), KeyText(name_, begin_));
  }

 private:
  const std::string begin_;
  const std::string end_;
  const rocksdb::Slice end_slice_;
  const std::string name_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

rocksdb::Options SstOptions(DatasetId dataset) {
  return rocksdb::Options(rocksdb::DBOptions(), DatasetOptions(dataset, /*cache=*/nullptr));
}

class SstBuilder final : public DatasetBuilder {
 public:
  SstBuilder(DatasetId dataset, Version version, std::string path)
      : staged_(dataset, version, std::move(path)),
        key_(VersionKey(version, {})),
        // The kernel keeps the file in memory: it is read again within minutes.
        writer_(rocksdb::EnvOptions(), SstOptions(dataset), /*column_family=*/nullptr,
                /*invalidate_page_cache=*/false) {}
  ~SstBuilder() override {
    std::error_code ignored;
    if (!finished_) std::filesystem::remove(staged_.path(), ignored);
  }

  absl::Status Open() { return FromRocks(writer_.Open(staged_.path()), staged_.path()); }

  absl::Status Add(std::string_view key, std::string_view value) override {
    RETURN_IF_ERROR(staged_.Add(key, value));
    key_.resize(kVersionBytes);
    key_.append(key);
    return FromRocks(writer_.Put(key_, value), staged_.path());
  }

  absl::StatusOr<DatasetFile> Finish() override {
    if (staged_.empty()) return staged_.Describe(0);  // The destructor removes the file.
    rocksdb::ExternalSstFileInfo written;
    RETURN_IF_ERROR(FromRocks(writer_.Finish(&written), staged_.path()));
    finished_ = true;
    return staged_.Describe(written.file_size);
  }

 private:
  StagedRows staged_;
  std::string key_;
  rocksdb::SstFileWriter writer_;
  bool finished_ = false;
};

absl::Status ReadOnly() {
  return FailedPrecondition("STORE_READ_ONLY", "the store is open for reading");
}

absl::Status BadFile(const DatasetFile& file, std::string_view text) {
  return InvalidField(Cat("files[", std::filesystem::path(file.path).filename().string(), "]"),
                      "FILE_MISMATCH", text);
}

// The first and last key of an open SST, which must all carry the version.
absl::Status ReadEnds(rocksdb::SstFileReader& reader, const DatasetFile& file, DatasetFile& found) {
  const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(rocksdb::ReadOptions()));
  const std::string version = VersionKey(file.version, {});
  for (const bool first : {true, false}) {
    first ? it->SeekToFirst() : it->SeekToLast();
    RETURN_IF_ERROR(FromRocks(it->status(), file.path));
    if (!it->Valid() || !it->key().starts_with(version)) {
      return BadFile(file, "its keys are not of the described version");
    }
    (first ? found.first_key : found.last_key) =
        std::string(it->key().ToStringView().substr(kVersionBytes));
  }
  return absl::OkStatus();
}

// Size, row count and ends of the file against its description: reads the footer and two
// blocks.
absl::Status CheckFile(const DatasetFile& file) {
  std::error_code error;
  DatasetFile found = file;
  found.size_bytes = std::filesystem::file_size(file.path, error);
  if (error) return NotFound(file.path);
  if (found.size_bytes != file.size_bytes) return CheckSame(file, found);
  rocksdb::SstFileReader reader(SstOptions(file.dataset));
  RETURN_IF_ERROR(FromRocks(reader.Open(file.path), file.path));
  found.row_count = reader.GetTableProperties()->num_entries;
  RETURN_IF_ERROR(ReadEnds(reader, file, found));
  return CheckSame(file, found);
}

}  // namespace

absl::StatusOr<std::string> RocksDataset::Get(DatasetId dataset, Version version,
                                              std::string_view key) const {
  const std::string full = VersionKey(version, key);
  std::string value;
  const auto status = db_.Get(rocksdb::ReadOptions(), family(dataset), full, &value);
  if (status.ok()) return value;
  return FromRocks(status, KeyText(DatasetName(dataset), full));
}

std::unique_ptr<Cursor> RocksDataset::Scan(DatasetId dataset, Version version,
                                           const ScanOptions& options) const {
  return std::make_unique<RocksCursor>(db_, family(dataset), version, options);
}

absl::Status RocksDataset::Ingest(std::span<const DatasetFile> files) {
  if (read_only_) return ReadOnly();
  std::map<DatasetId, rocksdb::IngestExternalFileArg> by_dataset;
  for (const DatasetFile& file : files) {
    RETURN_IF_ERROR(CheckFile(file));
    by_dataset[file.dataset].external_files.push_back(file.path);
  }
  std::vector<rocksdb::IngestExternalFileArg> args;
  for (auto& [dataset, arg] : by_dataset) {
    arg.column_family = family(dataset);
    arg.options.move_files = true;
    arg.options.write_global_seqno = false;  // Files stay as their builder wrote them.
    args.push_back(std::move(arg));
  }
  if (args.empty()) return absl::OkStatus();
  return FromRocks(db_.IngestExternalFiles(args), "ingest");
}

absl::Status RocksDataset::Drop(DatasetId dataset, Version version) {
  if (read_only_) return ReadOnly();
  const std::string begin = VersionKey(version, {});
  const std::string end = AfterVersion(version);
  const rocksdb::Slice begin_slice(begin), end_slice(end);
  const rocksdb::RangePtr range(&begin_slice, end.empty() ? nullptr : &end_slice);
  RETURN_IF_ERROR(FromRocks(
      rocksdb::DeleteFilesInRanges(&db_, family(dataset), &range, 1, /*include_end=*/false),
      KeyText(DatasetName(dataset), begin)));
  return DeleteLeftRows(dataset, version);
}

// Rows outlive DeleteFilesInRanges when their file overlapped another at ingestion. They
// are deleted one by one and compacted away, so no tombstone stays behind.
absl::Status RocksDataset::DeleteLeftRows(DatasetId dataset, Version version) {
  const std::string where = KeyText(DatasetName(dataset), VersionKey(version, {}));
  const auto cursor = Scan(dataset, version, {});
  if (!cursor->Valid()) return cursor->status();
  while (cursor->Valid()) {
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < kDeleteBatchRows && cursor->Valid(); ++i, cursor->Next()) {
      const auto status = batch.Delete(family(dataset), VersionKey(version, cursor->Key()));
      RETURN_IF_ERROR(FromRocks(status, where));
    }
    RETURN_IF_ERROR(FromRocks(db_.Write(rocksdb::WriteOptions(), &batch), where));
  }
  RETURN_IF_ERROR(cursor->status());
  const std::string begin = VersionKey(version, {});
  const std::string end = AfterVersion(version);
  const rocksdb::Slice begin_slice(begin), end_slice(end);
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  return FromRocks(
      db_.CompactRange(options, family(dataset), &begin_slice, end.empty() ? nullptr : &end_slice),
      where);
}

absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewSstBuilder(DatasetId dataset, Version version,
                                                              const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return Unavailable("STORE_UNAVAILABLE", Cat(path, ": ", error.message()));
  auto builder = std::make_unique<SstBuilder>(dataset, version, path);
  RETURN_IF_ERROR(builder->Open());
  return builder;
}

}  // namespace rapport::store
