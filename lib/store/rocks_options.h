// SPDX-License-Identifier: Apache-2.0
// RocksDB options of every family, with the reasons. Private to lib/store.
#pragma once

#include <memory>
#include <string>

#include "lib/store/rocks_store.h"
#include "lib/store/seam.h"
#include "rocksdb/options.h"

namespace rocksdb {
class Cache;
}

namespace rapport::store {

// 16 KiB blocks are what a customer's rows fill; larger ones decode too much per Get.
inline constexpr size_t kDatasetBlockBytes = 16 << 10;

rocksdb::DBOptions DatabaseOptions(const RocksOptions& options);
// Sequence keys arrive in order, so files never overlap and nothing is compacted: they
// stay at level 0, oldest first, and are deleted whole.
rocksdb::ColumnFamilyOptions LogOptions(const std::shared_ptr<rocksdb::Cache>& cache);
rocksdb::ColumnFamilyOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache);
// Files come finished and leave whole: no compaction. Also the builders' options.
rocksdb::ColumnFamilyOptions DatasetOptions(DatasetId dataset,
                                            const std::shared_ptr<rocksdb::Cache>& cache);
// Of a family by its name; any other (the default one) is as a table.
rocksdb::ColumnFamilyOptions OptionsByName(const std::string& name,
                                           const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace rapport::store
