// SPDX-License-Identifier: Apache-2.0
// EventLog on the family `log`: key = sequence u64 big-endian, value = the batch as is.
// A row of the default family, "log", holds `last u64 | trimmed u64` as of the last Trim.
// Trim leaves no tombstone: the row hides what is trimmed at once, and files that hold
// nothing else are deleted; at most one file (64 MB) keeps hidden batches a while longer.
// Private to lib/store.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"
#include "rocksdb/db.h"

namespace rapport::store {

class RocksLog final : public EventLog {
 public:
  static absl::StatusOr<std::unique_ptr<RocksLog>> Open(rocksdb::DB& db,
                                                        rocksdb::ColumnFamilyHandle& family,
                                                        bool sync);

  absl::StatusOr<Sequence> Append(std::span<const std::string> batches) override;
  absl::Status Replay(Sequence from, Visit visit) const override;
  absl::StatusOr<std::string> Read(Sequence sequence) const override;
  absl::Status Trim(Sequence through) override;
  Sequence last() const override { return last_.load(std::memory_order_acquire); }

 private:
  RocksLog(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& family, bool sync)
      : db_(db), family_(family), sync_(sync) {}
  absl::Status LoadPosition();
  absl::Status DeleteTrimmedFiles(Sequence through);

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& family_;
  const bool sync_;
  absl::Mutex append_mutex_;  // Gives out sequences; held while writing.
  absl::Mutex trim_mutex_;
  std::atomic<Sequence> last_ = 0;
  std::atomic<Sequence> trimmed_ = 0;
};

}  // namespace rapport::store
