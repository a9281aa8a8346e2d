// SPDX-License-Identifier: Apache-2.0
// What a staged generation must fulfil, apart from its number. Pure but for the scan of
// rows. Thread-safe. Private to lib/store.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/manifest.pb.h"

namespace rapport::store {

// The files a manifest brings, with absolute paths. InvalidArgument for an unknown
// dataset, a path that leaves the folder, an empty or reversed key range, files of one
// dataset that overlap, or totals that differ from the files.
absl::StatusOr<std::vector<DatasetFile>> StagedFiles(const v1::GenerationManifest& manifest,
                                                     const std::string& folder);

// InvalidArgument unless the segments rise, and each is kept already or this one's own.
absl::Status CheckSegments(const v1::GenerationManifest& manifest, std::span<const Version> kept);

// Reads the ingested rows and compares them with the files' descriptions: order, row
// counts, checksums. `files` are sorted as StagedFiles answers. Small datasets that readers ask
// first are put into the cache on the way. InvalidArgument ROWS_MISMATCH. Time: about a second for
// 300 MB.
absl::Status VerifyRows(const Dataset& dataset, std::span<const DatasetFile> files);

}  // namespace rapport::store
