// SPDX-License-Identifier: Apache-2.0
// Dataset on one family each: key = version u32 big-endian | key. Rows come only as whole
// SST files that go to the bottom level, and leave as whole files. Private to lib/store.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "lib/store/seam.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"

namespace rapport::store {

class RocksDataset final : public Dataset {
 public:
  using Families = std::array<rocksdb::ColumnFamilyHandle*, std::size(kAllDatasets)>;

  RocksDataset(rocksdb::DB& db, const Families& families, bool read_only)
      : db_(db), families_(families), read_only_(read_only) {}

  absl::StatusOr<std::string> Get(DatasetId dataset, Version version,
                                  std::string_view key) const override;
  std::unique_ptr<Cursor> Scan(DatasetId dataset, Version version,
                               const ScanOptions& options) const override;
  absl::Status Ingest(std::span<const DatasetFile> files) override;
  absl::Status Drop(DatasetId dataset, Version version) override;

 private:
  rocksdb::ColumnFamilyHandle* family(DatasetId dataset) const {
    return families_[static_cast<size_t>(dataset)];
  }
  absl::Status DeleteLeftRows(DatasetId dataset, Version version);

  rocksdb::DB& db_;
  const Families families_;
  const bool read_only_;  // RocksDB itself would let files be deleted.
};

// Opens `path` for writing; replaces what is there.
absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewSstBuilder(DatasetId dataset, Version version,
                                                              const std::string& path);

}  // namespace rapport::store
