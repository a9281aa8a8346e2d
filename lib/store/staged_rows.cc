// SPDX-License-Identifier: Apache-2.0
#include "lib/store/staged_rows.h"

#include <filesystem>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::store {
namespace {

constexpr size_t kMaxKeyBytes = 512;

absl::Status Differs(const DatasetFile& file, std::string_view what) {
  return InvalidField(Cat("files[", std::filesystem::path(file.path).filename().string(), "]"),
                      "FILE_MISMATCH", Cat("its ", what, " is not as described"));
}

}  // namespace

StagedRows::StagedRows(DatasetId dataset, Version version, std::string path) {
  file_.dataset = dataset;
  file_.version = version;
  file_.path = std::move(path);
}

absl::Status StagedRows::Add(std::string_view key, std::string_view value) {
  if (key.size() > kMaxKeyBytes) {
    return InvalidField("key", "KEY_TOO_LONG", "keys take at most 512 bytes");
  }
  if (!empty() && key <= file_.last_key) {
    return InvalidField("key", "KEY_NOT_RISING", "keys of a file must rise strictly");
  }
  if (empty()) file_.first_key.assign(key);
  file_.last_key.assign(key);
  ++file_.row_count;
  checksum_.Add(key, value);
  return absl::OkStatus();
}

DatasetFile StagedRows::Describe(uint64_t size_bytes) const {
  DatasetFile file = file_;
  file.size_bytes = size_bytes;
  file.checksum = checksum_.Value();
  return file;
}

std::string StagedPath(DatasetId dataset, Version version, const std::string& folder,
                       const std::string& shard) {
  const auto name = Cat(DatasetName(dataset), "-", version, "-", shard, ".sst");
  return (std::filesystem::absolute(folder) / name).lexically_normal().string();
}

absl::Status CheckSame(const DatasetFile& described, const DatasetFile& found) {
  if (described.size_bytes != found.size_bytes) return Differs(described, "size");
  if (described.row_count != found.row_count) return Differs(described, "number of rows");
  if (described.first_key != found.first_key) return Differs(described, "first key");
  if (described.last_key != found.last_key) return Differs(described, "last key");
  return absl::OkStatus();
}

}  // namespace rapport::store
