// SPDX-License-Identifier: Apache-2.0
// Stages small generations: facts, reports and an event segment whose values name their
// generation, so that a reader can tell which one it sees.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lib/store/generation.h"
#include "lib/store/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {

inline constexpr int64_t kNow = 1'700'000'000'000'000;
inline constexpr int kFactRows = 50;

inline std::string ValueOf(Version generation) { return Cat("made by ", generation); }

inline void AddFile(Manifest& manifest, const DatasetFile& file) {
  auto* entry = manifest.add_files();
  entry->set_dataset(std::string(DatasetName(file.dataset)));
  entry->set_path(std::filesystem::path(file.path).filename().string());
  entry->set_row_count(file.row_count);
  entry->set_size_bytes(file.size_bytes);
  entry->set_first_key(file.first_key);
  entry->set_last_key(file.last_key);
  entry->set_checksum(file.checksum);
}

// What to stage.
struct Plan {
  Version generation = 1;
  std::vector<Version> segments = {1};  // Its own, if listed, gets rows.
  Sequence log_sequence = 0;
};

// Rows of one of the plan's datasets.
inline Rows PlannedRows(DatasetId id, Version version) {
  Rows rows;
  for (int i = 0; i < kFactRows; ++i) {
    rows[Cat(DatasetName(id), "-", 100 + i)] = ValueOf(version);
  }
  return rows;
}

// Files in a fresh folder and the manifest that lists them, not yet written.
inline Manifest StageFiles(Store& store, const std::string& folder, const Plan& plan) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Manifest manifest;
  manifest.set_format_version(kManifestFormatVersion);
  manifest.set_generation(plan.generation);
  manifest.set_run_id(Cat("run-", plan.generation));
  manifest.set_log_sequence(plan.log_sequence);
  for (const Version segment : plan.segments) manifest.add_segments(segment);
  std::vector<DatasetId> datasets = {DatasetId::kFacts, DatasetId::kReports};
  if (!plan.segments.empty() && plan.segments.back() == plan.generation) {
    datasets.insert(datasets.end(), std::begin(kEventDatasets), std::end(kEventDatasets));
  }
  for (const DatasetId id : datasets) {
    AddFile(manifest,
            BuildFile(store, id, plan.generation, folder, "0", PlannedRows(id, plan.generation)));
  }
  return manifest;
}

inline void Stage(Store& store, const std::string& folder, const Plan& plan) {
  RAPPORT_EXPECT_OK(WriteManifest(folder, StageFiles(store, folder, plan)));
}

inline size_t RowCount(Store& store, DatasetId id, Version version) {
  return ReadRows(store.dataset(), id, version).size();
}

// All rows that a manifest promises are there, with the values of their version.
inline void ExpectReadable(Store& store, const Manifest& manifest) {
  const Version generation = manifest.generation();
  for (const DatasetId id : {DatasetId::kFacts, DatasetId::kReports}) {
    EXPECT_EQ(ReadRows(store.dataset(), id, generation), PlannedRows(id, generation));
  }
  for (const Version segment : manifest.segments()) {
    for (const DatasetId id : kEventDatasets) {
      EXPECT_EQ(ReadRows(store.dataset(), id, segment), PlannedRows(id, segment));
    }
  }
}

// Nothing but these versions has rows, of 1 to 9.
inline void ExpectOnly(Store& store, std::vector<Version> generations,
                       std::vector<Version> segments) {
  for (Version version = 1; version < 10; ++version) {
    for (const DatasetId id : kAllDatasets) {
      const auto& kept = IsEventDataset(id) ? segments : generations;
      if (std::ranges::find(kept, version) != kept.end()) continue;
      EXPECT_EQ(RowCount(store, id, version), 0u) << DatasetName(id) << " version " << version;
    }
  }
}

}  // namespace rapport::store
