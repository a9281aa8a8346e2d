// SPDX-License-Identifier: Apache-2.0
#include "lib/store/generation_check.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/store/generation.h"
#include "lib/store/row_checksum.h"
#include "lib/store/schema.h"

namespace rapport::store {
namespace {

using v1::GenerationManifest;

// Past this a dataset's rows are not summed again; its blocks carry checksums anyway.
constexpr uint64_t kVerifyBytes = 256ull << 20;
// What is put into the cache before the flip, over all datasets.
constexpr uint64_t kWarmBytes = 64ull << 20;
constexpr DatasetId kWarmed[] = {DatasetId::kReports, DatasetId::kSeries, DatasetId::kFacts};

std::string FileField(int index, std::string_view field) {
  return Cat("files[", index, "].", field);
}

absl::Status CheckPath(const std::string& path, int index) {
  const std::filesystem::path relative(path);
  const bool leaves = std::ranges::find(relative, "..") != relative.end();
  if (!path.empty() && relative.is_relative() && !leaves) return absl::OkStatus();
  return InvalidField(FileField(index, "path"), "BAD_PATH", "must be relative to the manifest");
}

absl::StatusOr<DatasetFile> StagedFile(const GenerationManifest& manifest, int index,
                                       const std::filesystem::path& folder) {
  const v1::DatasetFile& entry = manifest.files(index);
  const auto dataset = DatasetFromName(entry.dataset());
  if (!dataset.ok()) return PrefixField(dataset.status(), Cat("files[", index, "]."));
  RETURN_IF_ERROR(CheckPath(entry.path(), index));
  if (entry.row_count() == 0 || entry.last_key() < entry.first_key()) {
    return InvalidField(FileField(index, "row_count"), "EMPTY_FILE",
                        "a file brings at least one row, first key up to last key");
  }
  DatasetFile file;
  file.dataset = *dataset;
  file.version = manifest.generation();
  file.path = (folder / entry.path()).lexically_normal().string();
  file.row_count = entry.row_count();
  file.size_bytes = entry.size_bytes();
  file.first_key = entry.first_key();
  file.last_key = entry.last_key();
  file.checksum = entry.checksum();
  return file;
}

absl::Status CheckOverlap(std::span<const DatasetFile> sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].dataset != sorted[i - 1].dataset) continue;
    if (sorted[i].first_key <= sorted[i - 1].last_key) {
      return InvalidField("files", "FILES_OVERLAP",
                          Cat("two files of ", DatasetName(sorted[i].dataset), " overlap"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTotals(const GenerationManifest& manifest, std::span<const DatasetFile> files) {
  struct Sum {
    uint64_t rows = 0;
    std::vector<uint64_t> checksums;
  };
  std::map<std::string, Sum, std::less<>> sums;
  for (const DatasetFile& file : files) {
    Sum& sum = sums[std::string(DatasetName(file.dataset))];
    sum.rows += file.row_count;
    sum.checksums.push_back(file.checksum);
  }
  for (const auto& total : manifest.totals()) {
    const Sum& sum = sums[total.dataset()];
    const bool same_checksum =
        total.checksum() == 0 || total.checksum() == CombineChecksums(sum.checksums);
    if (total.row_count() == sum.rows && same_checksum) continue;
    return InvalidField("totals", "TOTALS_MISMATCH",
                        Cat("the total of ", total.dataset(), " is not that of its files"));
  }
  return absl::OkStatus();
}

absl::Status RowsDiffer(const DatasetFile& file, std::string_view what) {
  return InvalidField(Cat("files[", std::filesystem::path(file.path).filename().string(), "]"),
                      "ROWS_MISMATCH", Cat("its ", what, " differs from the manifest"));
}

// Moves the cursor over one file's rows.
absl::Status VerifyFile(Cursor& cursor, const DatasetFile& file) {
  RowChecksum checksum;
  for (uint64_t row = 0; row < file.row_count; ++row, cursor.Next()) {
    if (!cursor.Valid()) {
      RETURN_IF_ERROR(cursor.status());
      return RowsDiffer(file, "number of rows");
    }
    checksum.Add(cursor.Key(), cursor.Value());
  }
  if (checksum.Value() != file.checksum) return RowsDiffer(file, "checksum");
  return absl::OkStatus();
}

// `files` are all of one dataset, in key order.
absl::Status VerifyDataset(const Dataset& dataset, std::span<const DatasetFile> files, bool warm) {
  ScanOptions options;
  options.fill_cache = warm;
  const auto cursor = dataset.Scan(files[0].dataset, files[0].version, options);
  for (const DatasetFile& file : files) RETURN_IF_ERROR(VerifyFile(*cursor, file));
  if (cursor->Valid()) return RowsDiffer(files.back(), "last row");
  return cursor->status();
}

}  // namespace

uint64_t CombineChecksums(std::span<const uint64_t> file_checksums) {
  std::string bytes;
  for (const uint64_t checksum : file_checksums) PutBigEndian(bytes, checksum);
  return HashText64(bytes);
}

absl::StatusOr<std::vector<DatasetFile>> StagedFiles(const GenerationManifest& manifest,
                                                     const std::string& folder) {
  const auto absolute = std::filesystem::absolute(folder);
  std::vector<DatasetFile> files;
  for (int i = 0; i < manifest.files_size(); ++i) {
    ASSIGN_OR_RETURN(DatasetFile file, StagedFile(manifest, i, absolute));
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, [](const DatasetFile& a, const DatasetFile& b) {
    return std::tie(a.dataset, a.first_key) < std::tie(b.dataset, b.first_key);
  });
  RETURN_IF_ERROR(CheckOverlap(files));
  RETURN_IF_ERROR(CheckTotals(manifest, files));
  return files;
}

absl::Status CheckSegments(const GenerationManifest& manifest, std::span<const Version> kept) {
  Version before = 0;
  bool own = false;
  for (const Version segment : manifest.segments()) {
    const bool known =
        segment == manifest.generation() || std::ranges::find(kept, segment) != kept.end();
    if (!known) {
      return InvalidField("segments", "UNKNOWN_SEGMENT",
                          Cat("segment ", segment, " is neither stored nor brought"));
    }
    if (segment <= before) {
      return InvalidField("segments", "SEGMENTS_NOT_RISING", "oldest first, each once");
    }
    own = own || segment == manifest.generation();
    before = segment;
  }
  for (const auto& file : manifest.files()) {
    const auto dataset = DatasetFromName(file.dataset());
    if (dataset.ok() && IsEventDataset(*dataset) && !own) {
      return InvalidField("segments", "SEGMENT_NOT_LISTED",
                          "a generation that brings events lists its own segment");
    }
  }
  return absl::OkStatus();
}

absl::Status VerifyRows(const Dataset& dataset, std::span<const DatasetFile> files) {
  uint64_t warmed = 0;
  for (size_t begin = 0, end = 0; begin < files.size(); begin = end) {
    uint64_t bytes = 0;
    for (end = begin; end < files.size() && files[end].dataset == files[begin].dataset; ++end) {
      bytes += files[end].size_bytes;
    }
    if (bytes > kVerifyBytes) continue;
    const DatasetId id = files[begin].dataset;
    const bool warm =
        warmed + bytes <= kWarmBytes && std::ranges::find(kWarmed, id) != std::end(kWarmed);
    if (warm) warmed += bytes;
    RETURN_IF_ERROR(VerifyDataset(dataset, files.subspan(begin, end - begin), warm));
  }
  return absl::OkStatus();
}

}  // namespace rapport::store
