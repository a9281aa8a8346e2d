// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/writer.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/generation.h"

namespace rapport::jobs {
namespace {

namespace fs = std::filesystem;

constexpr char kLinkFolder[] = "taken";

// A second name for the file; a copy where the file system has no links. Files that were
// taken in are never written to, so sharing them is safe.
absl::Status LinkFile(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  fs::remove(to, error);
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  if (!error) return absl::OkStatus();
  return Unavailable("STAGING_FAILED", Cat("cannot link ", from.string(), ": ", error.message()));
}

bool ShowsRows(const Run& run, store::DatasetId dataset) {
  return run.store->dataset().Scan(dataset, run.version(), {})->Valid();
}

// Under a second name, because taking files in moves them.
absl::StatusOr<store::DatasetFile> Linked(const Run& run, const store::v1::DatasetFile& named) {
  store::DatasetFile file;
  ASSIGN_OR_RETURN(file.dataset, store::DatasetFromName(named.dataset()));
  file.version = run.version();
  file.row_count = named.row_count();
  file.size_bytes = named.size_bytes();
  file.first_key = named.first_key();
  file.last_key = named.last_key();
  file.checksum = named.checksum();
  const fs::path link = fs::path(run.folder) / kLinkFolder / named.path();
  RETURN_IF_ERROR(LinkFile(fs::path(run.folder) / named.path(), link));
  file.path = link.string();
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowWriter>> RowWriter::Open(const Run& run, store::DatasetId dataset,
                                                           const std::string& label) {
  auto writer = std::make_unique<RowWriter>();
  ASSIGN_OR_RETURN(writer->builder_,
                   run.store->NewBuilder(dataset, run.version(), run.folder, label));
  return writer;
}

absl::Status RowWriter::Finish() {
  ASSIGN_OR_RETURN(file_, builder_->Finish());
  builder_.reset();
  return absl::OkStatus();
}

absl::Status RecordFile(Run& run, const store::DatasetFile& file) {
  if (file.row_count == 0) return absl::OkStatus();
  const fs::path path = fs::path(file.path).lexically_relative(run.folder);
  if (path.empty() || path.begin()->string() == "..") {
    return Internal(Cat("file ", file.path, " is not in the run's folder"));
  }
  store::v1::DatasetFile& named = *run.manifest().add_files();
  named.set_dataset(std::string(store::DatasetName(file.dataset)));
  named.set_path(path.string());
  named.set_row_count(file.row_count);
  named.set_size_bytes(file.size_bytes);
  named.set_first_key(file.first_key);
  named.set_last_key(file.last_key);
  named.set_checksum(file.checksum);
  return absl::OkStatus();
}

absl::Status TakeIn(Run& run, std::initializer_list<store::DatasetId> datasets) {
  std::vector<store::DatasetFile> files;
  for (const store::DatasetId dataset : datasets) {
    if (ShowsRows(run, dataset)) continue;
    for (const store::v1::DatasetFile& named : run.manifest().files()) {
      if (named.dataset() != store::DatasetName(dataset)) continue;
      ASSIGN_OR_RETURN(store::DatasetFile file, Linked(run, named));
      files.push_back(std::move(file));
    }
  }
  if (files.empty()) return absl::OkStatus();
  return run.store->dataset().Ingest(files);
}

void CompleteTotals(store::Manifest& manifest) {
  auto& files = *manifest.mutable_files();
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::tie(a.dataset(), a.first_key()) < std::tie(b.dataset(), b.first_key());
  });
  std::map<std::string, std::pair<store::v1::DatasetTotal, std::vector<uint64_t>>> totals;
  for (const store::v1::DatasetFile& file : files) {
    auto& [total, checksums] = totals[file.dataset()];
    total.set_dataset(file.dataset());
    total.set_row_count(total.row_count() + file.row_count());
    total.set_size_bytes(total.size_bytes() + file.size_bytes());
    checksums.push_back(file.checksum());
  }
  manifest.clear_totals();
  for (auto& [dataset, entry] : totals) {
    entry.first.set_checksum(store::CombineChecksums(entry.second));
    *manifest.add_totals() = entry.first;
  }
}

}  // namespace rapport::jobs
