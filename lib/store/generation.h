// SPDX-License-Identifier: Apache-2.0
// Generations: publishing, pinning, rolling back and cleaning up versions of derived
// answers. Built on the seam alone.
//
// A generation is a manifest plus dataset versions. `current` names the one readers get;
// `previous` is kept for rollback; anything older is dropped once no reader pins it.
// Event segments (versions of the event datasets) live as long as some kept manifest
// lists them.
//
// Thread-safe; Current() waits for nobody. Publish: writes the manifest row, takes the
// files in, checks and warms them, flips the pointer with one write; killed in between,
// the old generation serves and the leftovers are dropped at the next open.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/manifest.pb.h"

namespace rapport::store {

using Manifest = ::rapport::store::v1::GenerationManifest;

// Format of manifests and of the rows they stand for; only this one is published. An
// older generation of the store keeps serving until the next night, which then computes
// all anew. 2: series have a campaign, and measures of metrics.
inline constexpr uint32_t kManifestFormatVersion = 2;

// A pinned generation: its versions stay readable while the handle lives.
using GenerationHandle = std::shared_ptr<const Manifest>;

class Generations {
 public:
  // Reads the pointers and drops leftovers of an interrupted publish (not in a store
  // open for reading: there they stay, unseen).
  static absl::StatusOr<std::unique_ptr<Generations>> Open(Store& store);

  // nullptr before the first publish.
  GenerationHandle Current() const;
  // Newest first, those still stored.
  std::vector<GenerationHandle> List() const;
  // The number for the next generation: above all ever published (kept durable). It does
  // not reserve: asked again before a publish it answers the same.
  absl::StatusOr<Version> NextNumber();

  // Verifies the staged folder, takes the files in, warms them, flips. Before anything is
  // taken in: the manifest, and each file's size, row count, key range. After it: checksums
  // of all rows of datasets up to 256 MB (RocksDB's own block checksums guard the rest).
  // Publishing the current generation again answers OK. InvalidArgument for a broken
  // manifest or file; FailedPrecondition GENERATION_NOT_NEWER. Any error leaves the
  // current generation as it was.
  absl::StatusOr<GenerationHandle> Publish(const std::string& folder, int64_t now_micros);
  // Makes the previous generation current. FailedPrecondition NOTHING_TO_ROLL_BACK.
  // The log must still hold what came after it: see Trimmable().
  absl::StatusOr<GenerationHandle> Rollback();
  // Log entries that neither the current nor the previous generation needs.
  Sequence Trimmable() const;
  // Drops versions no kept manifest lists and no handle pins.
  absl::Status CleanUp();

 private:
  // A generation no pointer names, kept while somebody holds its handle.
  struct Retired {
    Version generation = 0;
    std::vector<Version> segments;
    std::weak_ptr<const Manifest> pin;
  };

  explicit Generations(Store& store) : store_(store) {}
  absl::StatusOr<GenerationHandle> LoadPointer(std::string_view name) const;
  absl::Status DropLeftovers();
  absl::Status CheckNext(const Manifest& manifest) const;
  absl::Status TakeIn(const Manifest& manifest, const std::string& folder);
  void Retire(const GenerationHandle& generation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Segments of all kept manifests.
  std::vector<Version> KeptSegments() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status DropGeneration(const Retired& generation);
  absl::Status DropUnpinned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);

  Store& store_;
  absl::Mutex change_mutex_;  // One Publish, Rollback or CleanUp at a time.
  mutable absl::Mutex mutex_ ABSL_ACQUIRED_AFTER(change_mutex_);
  GenerationHandle current_ ABSL_GUARDED_BY(mutex_);
  GenerationHandle previous_ ABSL_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ ABSL_GUARDED_BY(mutex_);
};

// The checksum of a DatasetTotal: XXH3-64 over the checksums of the dataset's files
// (big-endian) in key order, so that files can be written and summed side by side.
uint64_t CombineChecksums(std::span<const uint64_t> file_checksums);

// Reads/writes `<folder>/manifest.binpb`.
absl::StatusOr<Manifest> ReadManifest(const std::string& folder);
absl::Status WriteManifest(const std::string& folder, const Manifest& manifest);

}  // namespace rapport::store
