// SPDX-License-Identifier: Apache-2.0
// What every builder does alike: checks that keys rise, counts, sums up, and describes
// the finished file. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/store/row_checksum.h"
#include "lib/store/seam.h"

namespace rapport::store {

class StagedRows {
 public:
  StagedRows(DatasetId dataset, Version version, std::string path);

  // InvalidArgument KEY_NOT_RISING or KEY_TOO_LONG.
  absl::Status Add(std::string_view key, std::string_view value);
  bool empty() const { return file_.row_count == 0; }
  const std::string& path() const { return file_.path; }
  DatasetFile Describe(uint64_t size_bytes) const;

 private:
  DatasetFile file_;
  RowChecksum checksum_;
};

// `<folder>/<dataset>-<version>-<shard>.sst`, absolute.
std::string StagedPath(DatasetId dataset, Version version, const std::string& folder,
                       const std::string& shard);

// InvalidArgument unless the described file is what stands at its path.
absl::Status CheckSame(const DatasetFile& described, const DatasetFile& found);

}  // namespace rapport::store
