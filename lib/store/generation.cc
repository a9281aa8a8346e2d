// SPDX-License-Identifier: Apache-2.0
#include "lib/store/generation.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "google/protobuf/util/message_differencer.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/store/durable_file.h"
#include "lib/store/generation_check.h"
#include "lib/store/schema.h"

namespace rapport::store {
namespace {

constexpr std::string_view kPartition = "generation";
constexpr std::string_view kCurrent = "current";
constexpr std::string_view kPrevious = "previous";
constexpr std::string_view kNext = "next";  // Number of the next generation.
constexpr std::string_view kManifestPrefix = "manifest/";

std::string NumberBytes(Version number) {
  std::string out;
  PutBigEndian(out, number);
  return out;
}

absl::StatusOr<Version> ParseNumber(std::string_view row, std::string_view bytes) {
  Version number = 0;
  if (GetBigEndian(bytes, number) && bytes.empty()) return number;
  return DataLoss(Cat("pointers/", row), "not a generation number");
}

std::string ManifestRow(Version generation) {
  return Cat(kManifestPrefix, NumberBytes(generation));
}

absl::StatusOr<Manifest> ParseManifest(std::string_view bytes, std::string_view where) {
  Manifest manifest;
  if (!manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss(where, "not a generation manifest");
  }
  return manifest;
}

Mutation SetNumber(std::string_view row, Version number) {
  return {MergeKind::kSet, std::string(row), NumberBytes(number)};
}

Mutation Delete(std::string_view row) { return {MergeKind::kDelete, std::string(row), {}}; }

absl::Status Write(Store& store, std::vector<Mutation> mutations) {
  return store.table(TableId::kPointers).Apply({std::string(kPartition), std::move(mutations)}, {});
}

// The number in a row of the partition; 0 if there is none.
absl::StatusOr<Version> ReadNumber(Store& store, std::string_view row) {
  const auto bytes = store.table(TableId::kPointers).Read(kPartition, row);
  if (absl::IsNotFound(bytes.status())) return Version{0};
  RETURN_IF_ERROR(bytes.status());
  return ParseNumber(row, *bytes);
}

bool SameGeneration(const Manifest& published, Manifest staged) {
  staged.set_publish_time_micros(published.publish_time_micros());
  return google::protobuf::util::MessageDifferencer::Equals(published, staged);
}

absl::Status DropDerived(Dataset& dataset, Version version) {
  for (const DatasetId id : kAllDatasets) {
    if (!IsEventDataset(id)) RETURN_IF_ERROR(dataset.Drop(id, version));
  }
  return absl::OkStatus();
}

absl::Status DropSegment(Dataset& dataset, Version version) {
  for (const DatasetId id : kEventDatasets) RETURN_IF_ERROR(dataset.Drop(id, version));
  return absl::OkStatus();
}

absl::Status NotNewer(Version generation) {
  return FailedPrecondition("GENERATION_NOT_NEWER",
                            Cat("generation ", generation, " was used before"));
}

}  // namespace

absl::StatusOr<GenerationHandle> Generations::LoadPointer(std::string_view name) const {
  ASSIGN_OR_RETURN(const Version generation, ReadNumber(store_, name));
  if (generation == 0) return GenerationHandle();
  const auto bytes = store_.table(TableId::kPointers).Read(kPartition, ManifestRow(generation));
  const std::string where = Cat("pointers/manifest/", generation);
  if (absl::IsNotFound(bytes.status())) return DataLoss(where, "named but not stored");
  RETURN_IF_ERROR(bytes.status());
  ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(*bytes, where));
  return std::make_shared<const Manifest>(std::move(manifest));
}

absl::StatusOr<std::unique_ptr<Generations>> Generations::Open(Store& store) {
  auto generations = std::unique_ptr<Generations>(new Generations(store));
  ASSIGN_OR_RETURN(GenerationHandle current, generations->LoadPointer(kCurrent));
  ASSIGN_OR_RETURN(GenerationHandle previous, generations->LoadPointer(kPrevious));
  {
    absl::MutexLock lock(&generations->mutex_);
    generations->current_ = std::move(current);
    generations->previous_ = std::move(previous);
  }
  const absl::Status dropped = generations->DropLeftovers();
  const auto detail = DetailOf(dropped);
  if (detail.has_value() && detail->reason == "STORE_READ_ONLY") return generations;
  RETURN_IF_ERROR(dropped);
  return generations;
}

// Every version that may have rows has a manifest row: written before its files are taken
// in, deleted after they are dropped.
absl::Status Generations::DropLeftovers() {
  std::vector<Retired> leftovers;
  const GenerationHandle current = Current();
  GenerationHandle previous;
  {
    absl::MutexLock lock(&mutex_);
    previous = previous_;
  }
  RETURN_IF_ERROR(
      store_.table(TableId::kPointers)
          .Scan(
              kPartition, kManifestPrefix,
              [&](std::string_view, std::string_view row, std::string_view value) -> absl::Status {
                ASSIGN_OR_RETURN(const Version number,
                                 ParseNumber(row, row.substr(kManifestPrefix.size())));
                if (current != nullptr && current->generation() == number) return absl::OkStatus();
                if (previous != nullptr && previous->generation() == number)
                  return absl::OkStatus();
                ASSIGN_OR_RETURN(const Manifest manifest,
                                 ParseManifest(value, Cat("pointers/manifest/", number)));
                leftovers.push_back(
                    {number, {manifest.segments().begin(), manifest.segments().end()}, {}});
                return absl::OkStatus();
              }));
  for (const Retired& leftover : leftovers) RETURN_IF_ERROR(DropGeneration(leftover));
  return absl::OkStatus();
}

GenerationHandle Generations::Current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

std::vector<GenerationHandle> Generations::List() const {
  std::vector<GenerationHandle> list;
  absl::MutexLock lock(&mutex_);
  if (current_ != nullptr) list.push_back(current_);
  if (previous_ != nullptr) list.push_back(previous_);
  for (const Retired& retired : retired_) {
    if (auto pinned = retired.pin.lock()) list.push_back(std::move(pinned));
  }
  std::ranges::sort(list, std::greater<>(),
                    [](const auto& handle) { return handle->generation(); });
  return list;
}

absl::StatusOr<Version> Generations::NextNumber() {
  ASSIGN_OR_RETURN(const Version next, ReadNumber(store_, kNext));
  return std::max<Version>(next, 1);
}

absl::Status Generations::CheckNext(const Manifest& manifest) const {
  if (manifest.format_version() != kManifestFormatVersion) {
    return InvalidField("format_version", "UNSUPPORTED_FORMAT",
                        Cat("must be ", kManifestFormatVersion));
  }
  if (manifest.generation() == 0 || manifest.generation() == UINT32_MAX) {
    return InvalidField("generation", "BAD_GENERATION", "must be from 1 to 2^32 - 2");
  }
  ASSIGN_OR_RETURN(const Version next, ReadNumber(store_, kNext));
  if (manifest.generation() < next) return NotNewer(manifest.generation());
  // A manifest of another store would hide events of this one that nobody has sealed.
  if (manifest.log_sequence() > store_.log().last()) {
    return InvalidField("log_sequence", "PAST_END_OF_LOG", "the log does not reach so far");
  }
  const GenerationHandle current = Current();
  if (current != nullptr && manifest.log_sequence() < current->log_sequence()) {
    return InvalidField("log_sequence", "GOES_BACK", "the current generation holds more events");
  }
  return CheckSegments(manifest, KeptSegments());
}

absl::StatusOr<GenerationHandle> Generations::Publish(const std::string& folder,
                                                      int64_t now_micros) {
  absl::MutexLock change(&change_mutex_);
  ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(folder));
  const GenerationHandle current = Current();
  if (current != nullptr && current->generation() == manifest.generation()) {
    if (SameGeneration(*current, manifest)) return current;
    return NotNewer(manifest.generation());
  }
  RETURN_IF_ERROR(CheckNext(manifest));
  manifest.set_publish_time_micros(now_micros);
  if (absl::Status status = TakeIn(manifest, folder); !status.ok()) {
    const absl::Status dropped = DropGeneration({manifest.generation(), {}, {}});
    if (!dropped.ok()) Log(LogLevel::kWarning, "leftovers stay", {{"error", dropped.ToString()}});
    return status;
  }
  const auto published = std::make_shared<const Manifest>(std::move(manifest));
  RETURN_IF_ERROR(Write(
      store_, {SetNumber(kCurrent, published->generation()),
               current == nullptr ? Delete(kPrevious) : SetNumber(kPrevious, current->generation()),
               SetNumber(kNext, published->generation() + 1)}));
  {
    absl::MutexLock lock(&mutex_);
    Retire(previous_);
    previous_ = current_;
    current_ = published;
  }
  if (absl::Status status = DropUnpinned(); !status.ok()) {
    Log(LogLevel::kWarning, "old generations stay", {{"error", status.ToString()}});
  }
  return published;
}

// Manifest row first: it tells the next Open what to drop if this does not end in a flip.
absl::Status Generations::TakeIn(const Manifest& manifest, const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<DatasetFile> files, StagedFiles(manifest, folder));
  RETURN_IF_ERROR(Write(store_, {{MergeKind::kSet, ManifestRow(manifest.generation()),
                                  manifest.SerializeAsString()}}));
  RETURN_IF_ERROR(store_.dataset().Ingest(files));
  return VerifyRows(store_.dataset(), files);
}

absl::StatusOr<GenerationHandle> Generations::Rollback() {
  absl::MutexLock change(&change_mutex_);
  GenerationHandle target;
  {
    absl::MutexLock lock(&mutex_);
    target = previous_;
  }
  if (target == nullptr) {
    return FailedPrecondition("NOTHING_TO_ROLL_BACK", "no previous generation is kept");
  }
  RETURN_IF_ERROR(Write(store_, {SetNumber(kCurrent, target->generation()), Delete(kPrevious)}));
  {
    absl::MutexLock lock(&mutex_);
    Retire(current_);
    current_ = target;
    previous_.reset();
  }
  if (absl::Status status = DropUnpinned(); !status.ok()) {
    Log(LogLevel::kWarning, "old generations stay", {{"error", status.ToString()}});
  }
  return target;
}

Sequence Generations::Trimmable() const {
  absl::MutexLock lock(&mutex_);
  if (current_ == nullptr) return 0;
  if (previous_ == nullptr) return current_->log_sequence();
  return std::min(current_->log_sequence(), previous_->log_sequence());
}

void Generations::Retire(const GenerationHandle& generation) {
  if (generation == nullptr) return;
  retired_.push_back({generation->generation(),
                      {generation->segments().begin(), generation->segments().end()},
                      generation});
}

std::vector<Version> Generations::KeptSegments() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Version> kept;
  const auto add = [&kept](const auto& segments) {
    kept.insert(kept.end(), segments.begin(), segments.end());
  };
  if (current_ != nullptr) add(current_->segments());
  if (previous_ != nullptr) add(previous_->segments());
  for (const Retired& retired : retired_) add(retired.segments);
  return kept;
}

absl::Status Generations::DropGeneration(const Retired& generation) {
  const std::vector<Version> kept = KeptSegments();
  std::vector<Version> segments = generation.segments;
  segments.push_back(generation.generation);
  RETURN_IF_ERROR(DropDerived(store_.dataset(), generation.generation));
  for (const Version segment : segments) {
    if (std::ranges::find(kept, segment) != kept.end()) continue;
    RETURN_IF_ERROR(DropSegment(store_.dataset(), segment));
  }
  return Write(store_, {Delete(ManifestRow(generation.generation))});
}

absl::Status Generations::DropUnpinned() {
  std::vector<Retired> unpinned;
  {
    absl::MutexLock lock(&mutex_);
    for (const Retired& retired : retired_) {
      if (retired.pin.expired()) unpinned.push_back(retired);
    }
    std::erase_if(retired_, [&](const Retired& retired) {
      return std::ranges::any_of(
          unpinned, [&](const Retired& gone) { return gone.generation == retired.generation; });
    });
  }
  absl::Status result;
  for (const Retired& gone : unpinned) {
    const absl::Status status = DropGeneration(gone);
    if (status.ok()) continue;
    result.Update(status);
    absl::MutexLock lock(&mutex_);
    retired_.push_back(gone);  // For the next try.
  }
  return result;
}

absl::Status Generations::CleanUp() {
  absl::MutexLock change(&change_mutex_);
  return DropUnpinned();
}

absl::StatusOr<Manifest> ReadManifest(const std::string& folder) {
  const std::string path = (std::filesystem::path(folder) / "manifest.binpb").string();
  ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path));
  Manifest manifest;
  if (manifest.ParseFromString(bytes)) return manifest;
  return InvalidField("manifest", "BROKEN_MANIFEST", Cat(path, " is not a generation manifest"));
}

absl::Status WriteManifest(const std::string& folder, const Manifest& manifest) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Unavailable("STORE_UNAVAILABLE", Cat(folder, ": ", error.message()));
  return WriteDurably((std::filesystem::path(folder) / "manifest.binpb").string(),
                      manifest.SerializeAsString());
}

}  // namespace rapport::store
