// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/seal_stage.h"

#include "jobs/pipeline/workspaces.h"
#include "jobs/pipeline/writer.h"
#include "jobs/stages/log_events.h"
#include "jobs/stages/segments.h"
#include "lib/base/status_macros.h"
#include "lib/events/seal.h"

namespace rapport::jobs {
namespace {

// Segments of the generation before with their sizes.
struct Sealed {
  std::vector<store::Version> versions;
  std::vector<uint64_t> counts;
};

Sealed SealedBefore(const Run& run) {
  Sealed sealed;
  if (run.base == nullptr) return sealed;
  sealed.versions.assign(run.base->segments().begin(), run.base->segments().end());
  sealed.counts.assign(run.base->segment_event_counts().begin(),
                       run.base->segment_event_counts().end());
  sealed.counts.resize(sealed.versions.size(), 0);
  return sealed;
}

void SetSegments(store::Manifest& manifest, const Sealed& sealed) {
  manifest.mutable_segments()->Assign(sealed.versions.begin(), sealed.versions.end());
  manifest.mutable_segment_event_counts()->Assign(sealed.counts.begin(), sealed.counts.end());
}

class SealStage final : public Stage {
 public:
  std::string_view name() const override { return "seal"; }
  std::vector<std::string_view> needs() const override { return {}; }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    Sealed sealed = SealedBefore(run);
    const store::Sequence from = FirstUnsealed(run);
    const bool anything = from <= run.manifest().log_sequence();
    events::SealResult result;
    if (anything) {
      ASSIGN_OR_RETURN(result, Seal(run, from, sealed));
    }
    SetSegments(run.manifest(), sealed);
    run.state->set_sealed_event_count(result.event_count);
    // Payloads, too: definitions may look into them.
    RETURN_IF_ERROR(
        TakeIn(run, {store::DatasetId::kEventBlocks, store::DatasetId::kEventPayloads}));
    RETURN_IF_ERROR(RecordAllChanged(run, result));
    RETURN_IF_ERROR(FindCustomers(run));
    return static_cast<int64_t>(result.event_count);
  }

 private:
  // Seals and brings `sealed` up to date.
  static absl::StatusOr<events::SealResult> Seal(Run& run, store::Sequence from, Sealed& sealed) {
    // The first night has nothing to fold, so its events need no counting beforehand.
    uint64_t new_events = 0;
    if (!sealed.versions.empty()) {
      ASSIGN_OR_RETURN(new_events, CountLogEvents(run, from));
    }
    const size_t kept = sealed.versions.size() - SegmentsToFold(sealed.counts, new_events);
    uint64_t folded_events = 0;
    for (size_t i = kept; i < sealed.counts.size(); ++i) folded_events += sealed.counts[i];
    events::SealOptions options;
    options.from = from;
    options.through = run.manifest().log_sequence();
    options.fold.assign(sealed.versions.begin() + static_cast<std::ptrdiff_t>(kept),
                        sealed.versions.end());
    options.version = run.version();
    options.folder = run.folder;
    options.threads = run.threads;
    options.keep_ids_since_micros = run.keep_ids_since;
    ASSIGN_OR_RETURN(events::SealResult result, events::Seal(*run.store, options));
    for (const store::DatasetFile& file : result.files) RETURN_IF_ERROR(RecordFile(run, file));
    if (folded_events + result.event_count == 0) return result;
    sealed.versions.resize(kept);
    sealed.counts.resize(kept);
    sealed.versions.push_back(run.version());
    sealed.counts.push_back(folded_events + result.event_count);
    return result;
  }

  static absl::Status RecordAllChanged(Run& run, const events::SealResult& result) {
    for (const WorkspaceRun& workspace : run.workspaces) {
      std::vector<CustomerNo> customers;
      for (const events::ChangedCustomers& changed : result.changed) {
        if (changed.workspace_no == workspace.number) customers = changed.customers;
      }
      RETURN_IF_ERROR(RecordChanged(run, workspace.number, std::move(customers)));
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Stage> NewSealStage() { return std::make_unique<SealStage>(); }

}  // namespace rapport::jobs
