// SPDX-License-Identifier: Apache-2.0
#include "lib/store/rocks_options.h"

#include <limits>

#include "lib/store/schema.h"
#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace rapport::store {
namespace {

// What a restart has to replay: at 150 MB/s and more, under two seconds.
constexpr uint64_t kMaxWalBytes = 256ull << 20;
constexpr size_t kLogMemtableBytes = 64u << 20;
// Rows with random keys replay at 6-14 MB/s, so tables hold little unflushed.
constexpr size_t kTableMemtableBytes = 8u << 20;
constexpr double kBloomBitsPerKey = 10;
// Rows that are read one by one sit in small blocks with a hash of their keys: a look-up
// from memory then costs about a third less than in blocks made for scans.
constexpr size_t kPointReadBlockBytes = 4 << 10;
// Part of the cache for whole rows: customers that are asked for again and again.
constexpr uint64_t kRowCacheShare = 4;

std::shared_ptr<rocksdb::TableFactory> BlockTable(const std::shared_ptr<rocksdb::Cache>& cache,
                                                  size_t block_bytes, bool bloom) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = block_bytes;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.block_cache = cache;
  table.no_block_cache = cache == nullptr;
  table.max_auto_readahead_size = 1 << 20;
  if (block_bytes == kPointReadBlockBytes) {
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  }
  if (bloom) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  return std::shared_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(table));
}

}  // namespace

rocksdb::DBOptions DatabaseOptions(const RocksOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = !options.read_only;
  db.create_missing_column_families = !options.read_only;
  db.max_background_jobs = 2;
  db.max_total_wal_size = kMaxWalBytes;
  db.max_open_files = -1;
  if (!options.read_only) {
    db.row_cache = rocksdb::NewLRUCache(options.cache_bytes / kRowCacheShare);
  }
  db.max_log_file_size = 4 << 20;
  db.keep_log_file_num = 4;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  // Without a sync per write the kernel still gets even work instead of bursts.
  if (options.sync == SyncPolicy::kProcessCrash) db.wal_bytes_per_sync = 1 << 20;
  return db;
}

rocksdb::ColumnFamilyOptions LogOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;  // Batches are packed already.
  options.disable_auto_compactions = true;
  options.write_buffer_size = kLogMemtableBytes;
  options.max_write_buffer_number = 4;  // Appends go on while a memtable is written out.
  options.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  options.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  options.table_factory = BlockTable(cache, kDatasetBlockBytes, /*bloom=*/false);
  return options;
}

rocksdb::ColumnFamilyOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = kTableMemtableBytes;
  options.max_write_buffer_number = 3;
  options.target_file_size_base = 16 << 20;
  options.max_bytes_for_level_base = 64 << 20;
  options.table_factory = BlockTable(cache, kPointReadBlockBytes, /*bloom=*/true);
  return options;
}

rocksdb::ColumnFamilyOptions DatasetOptions(DatasetId dataset,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kLZ4Compression;
  options.disable_auto_compactions = true;
  options.write_buffer_size = 1 << 20;  // Nothing is written row by row.
  const bool by_customer = dataset == DatasetId::kFacts;
  options.table_factory = BlockTable(cache, by_customer ? kPointReadBlockBytes : kDatasetBlockBytes,
                                     IsPointRead(dataset));
  return options;
}

rocksdb::ColumnFamilyOptions OptionsByName(const std::string& name,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  if (name == kLogName) return LogOptions(cache);
  const auto dataset = DatasetFromName(name);
  return dataset.ok() ? DatasetOptions(*dataset, cache) : TableOptions(cache);
}

}  // namespace rapport::store
