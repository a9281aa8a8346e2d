// SPDX-License-Identifier: Apache-2.0
// Generations: publishing, pinning, rolling back and cleaning up versions of derived
// answers. Built on the seam alone.
//
// A generation is a manifest plus dataset versions. `current` names the one readers get;
// `previous` is kept for rollback; anything older is dropped once no reader pins it.
// Event segments (versions of the event datasets) live as long as some kept manifest
// lists them.
//
// Thread-safe. Publish: takes files in, writes the manifest row, flips the pointer with
// one durable write; killed in between, the old generation serves and the leftovers are
// dropped at the next open.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/manifest.pb.h"

namespace rapport::store {

using Manifest = ::rapport::store::v1::GenerationManifest;

// A pinned generation: its versions stay readable while the handle lives.
using GenerationHandle = std::shared_ptr<const Manifest>;

class Generations {
 public:
  // Reads the pointers and drops leftovers of an interrupted publish.
  static absl::StatusOr<std::unique_ptr<Generations>> Open(Store& store);

  // nullptr before the first publish.
  GenerationHandle Current() const;
  // Newest first, those still stored.
  std::vector<GenerationHandle> List() const;
  // The number for the next generation: above all ever used (kept durable).
  absl::StatusOr<Version> NextNumber();

  // Verifies the staged folder (manifest.binpb, sizes, checksums, key ranges), takes the
  // files in, warms them, flips. Publishing the current generation again answers OK.
  // InvalidArgument for a broken manifest; FailedPrecondition GENERATION_NOT_NEWER.
  absl::StatusOr<GenerationHandle> Publish(const std::string& folder, int64_t now_micros);
  // Makes the previous generation current. FailedPrecondition NOTHING_TO_ROLL_BACK.
  // The log must still hold what came after it: see Trimmable().
  absl::StatusOr<GenerationHandle> Rollback();
  // Log entries that neither the current nor the previous generation needs.
  Sequence Trimmable() const;
  // Drops versions no kept manifest lists and no handle pins.
  absl::Status CleanUp();

 private:
  explicit Generations(Store& store) : store_(store) {}
  Store& store_;
  mutable absl::Mutex mutex_;
  GenerationHandle current_ ABSL_GUARDED_BY(mutex_);
  GenerationHandle previous_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<const Manifest>> retired_ ABSL_GUARDED_BY(mutex_);
};

// Reads/writes `<folder>/manifest.binpb`.
absl::StatusOr<Manifest> ReadManifest(const std::string& folder);
absl::Status WriteManifest(const std::string& folder, const Manifest& manifest);

}  // namespace rapport::store
