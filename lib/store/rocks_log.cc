// SPDX-License-Identifier: Apache-2.0
#include "lib/store/rocks_log.h"

#include <algorithm>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/store/rocks_status.h"
#include "lib/store/schema.h"
#include "rocksdb/metadata.h"
#include "rocksdb/write_batch.h"

namespace rapport::store {
namespace {

constexpr std::string_view kPositionKey = "log";
constexpr size_t kReplayReadahead = 2 << 20;

std::string LogKey(Sequence sequence) {
  std::string key;
  PutBigEndian(key, sequence);
  return key;
}

absl::StatusOr<Sequence> SequenceOf(std::string_view key) {
  std::string_view rest = key;
  Sequence sequence = 0;
  if (GetBigEndian(rest, sequence) && rest.empty()) return sequence;
  return DataLoss(KeyText(kLogName, key), "not a sequence");
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksLog>> RocksLog::Open(rocksdb::DB& db,
                                                         rocksdb::ColumnFamilyHandle& family,
                                                         bool sync) {
  auto log = std::unique_ptr<RocksLog>(new RocksLog(db, family, sync));
  RETURN_IF_ERROR(log->LoadPosition());
  return log;
}

absl::Status RocksLog::LoadPosition() {
  std::string row;
  const auto status = db_.Get(rocksdb::ReadOptions(), kPositionKey, &row);
  if (!status.IsNotFound()) {
    RETURN_IF_ERROR(FromRocks(status, "default/log"));
    std::string_view rest = row;
    Sequence last = 0, trimmed = 0;
    if (!GetBigEndian(rest, last) || !GetBigEndian(rest, trimmed)) {
      return DataLoss("default/log", "not a log position");
    }
    last_ = last;
    trimmed_ = trimmed;
  }
  const std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator(rocksdb::ReadOptions(), &family_));
  it->SeekToLast();
  if (it->Valid()) {
    ASSIGN_OR_RETURN(const Sequence newest, SequenceOf(it->key().ToStringView()));
    last_ = std::max(last_.load(), newest);
  }
  return FromRocks(it->status(), kLogName);
}

absl::StatusOr<Sequence> RocksLog::Append(std::span<const std::string> batches) {
  if (batches.empty()) return last();
  absl::MutexLock lock(&append_mutex_);
  Sequence next = last();
  size_t bytes = 0;
  for (const std::string& batch : batches) bytes += batch.size() + 32;
  rocksdb::WriteBatch write(bytes);
  for (const std::string& batch : batches) {
    RETURN_IF_ERROR(FromRocks(write.Put(&family_, LogKey(++next), batch), kLogName));
  }
  rocksdb::WriteOptions options;
  options.sync = sync_;
  RETURN_IF_ERROR(FromRocks(db_.Write(options, &write), kLogName));
  last_.store(next, std::memory_order_release);
  return next;
}

absl::Status RocksLog::Replay(Sequence from, Visit visit) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReplayReadahead;
  const Sequence end = last();  // What is not acknowledged yet is not shown.
  const std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator(options, &family_));
  for (it->Seek(LogKey(std::max(from, trimmed_.load() + 1))); it->Valid(); it->Next()) {
    ASSIGN_OR_RETURN(const Sequence sequence, SequenceOf(it->key().ToStringView()));
    if (sequence > end) break;
    RETURN_IF_ERROR(visit(sequence, it->value().ToStringView()));
  }
  return FromRocks(it->status(), kLogName);
}

absl::StatusOr<std::string> RocksLog::Read(Sequence sequence) const {
  const std::string where = Cat(kLogName, "/", sequence);
  if (sequence <= trimmed_.load() || sequence > last()) return NotFound(where);
  std::string value;
  RETURN_IF_ERROR(
      FromRocks(db_.Get(rocksdb::ReadOptions(), &family_, LogKey(sequence), &value), where));
  return value;
}

absl::Status RocksLog::Trim(Sequence through) {
  absl::MutexLock lock(&trim_mutex_);
  const Sequence end = last();
  through = std::min(through, end);
  if (through <= trimmed_.load()) return absl::OkStatus();
  std::string row = LogKey(end);
  PutBigEndian(row, through);
  rocksdb::WriteOptions options;
  options.sync = true;  // Files go next: without this row their sequences would come again.
  RETURN_IF_ERROR(FromRocks(db_.Put(options, kPositionKey, row), "default/log"));
  trimmed_ = through;
  RETURN_IF_ERROR(FromRocks(db_.Flush(rocksdb::FlushOptions(), &family_), kLogName));
  return DeleteTrimmedFiles(through);
}

absl::Status RocksLog::DeleteTrimmedFiles(Sequence through) {
  rocksdb::ColumnFamilyMetaData meta;
  db_.GetColumnFamilyMetaData(&family_, &meta);
  std::vector<rocksdb::SstFileMetaData> files;
  for (const auto& level : meta.levels) {
    files.insert(files.end(), level.files.begin(), level.files.end());
  }
  // RocksDB deletes level-0 files one by one, oldest first, and no others.
  std::ranges::sort(files, {}, &rocksdb::SstFileMetaData::largest_seqno);
  for (const auto& file : files) {
    ASSIGN_OR_RETURN(const Sequence newest, SequenceOf(file.largestkey));
    if (newest > through) break;
    RETURN_IF_ERROR(FromRocks(db_.DeleteFile(file.name), Cat(kLogName, file.name)));
  }
  return absl::OkStatus();
}

}  // namespace rapport::store
