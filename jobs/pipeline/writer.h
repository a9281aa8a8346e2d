// SPDX-License-Identifier: Apache-2.0
// Where stages' rows go: sorted files in the run's folder, named in the manifest, and for
// what later waves read back also in the run's checkpoint.
//
// RowWriter is not thread-safe: one per shard and dataset.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/store/seam.h"

namespace rapport::jobs {

// Rows of one file, keys rising. No file comes of no rows.
class RowWriter {
 public:
  static absl::StatusOr<std::unique_ptr<RowWriter>> Open(const Run& run, store::DatasetId dataset,
                                                         const std::string& label);
  absl::Status Add(std::string_view key, std::string_view value) {
    return builder_->Add(key, value);
  }
  absl::Status Finish();
  const store::DatasetFile& file() const { return file_; }  // After Finish.

 private:
  std::unique_ptr<store::DatasetBuilder> builder_;
  store::DatasetFile file_;
};

// Names the file in the manifest, unless it has no rows.
absl::Status RecordFile(Run& run, const store::DatasetFile& file);

// Takes the manifest's files of these datasets into the checkpoint, too, so that
// Run::store shows their rows. Does nothing for a dataset that it shows already.
absl::Status TakeIn(Run& run, std::initializer_list<store::DatasetId> datasets);

// Brings the manifest's files into key order and sums them up: per dataset the rows and
// bytes, and the combined checksum.
void CompleteTotals(store::Manifest& manifest);

}  // namespace rapport::jobs
