// SPDX-License-Identifier: Apache-2.0
#include "jobs/nightly.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <random>
#include <thread>

#include "jobs/pipeline/plan.h"
#include "jobs/pipeline/workspaces.h"
#include "jobs/pipeline/writer.h"
#include "jobs/run_folder.h"
#include "jobs/run_report.h"
#include "jobs/stages/catalog.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/rocks_store.h"

namespace rapport::jobs {
namespace {

namespace fs = std::filesystem;

// Raised whenever the rows or the state of an unfinished run change their meaning.
constexpr uint32_t kStateFormat = 2;
constexpr TimeMicros kResumeWithin = kMicrosPerDay;
constexpr int kMostAttempts = 3;
constexpr uint64_t kCheckpointCacheBytes = 64ull << 20;

std::string NewRunId(TimeMicros now) {
  std::string digits;
  for (const char c : FormatTime(now / kMicrosPerSecond * kMicrosPerSecond)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  char text[64];
  std::snprintf(text, sizeof text, "%s%s-%04x", kRunPrefix, digits.c_str(),
                std::random_device{}() & 0xFFFF);
  return text;
}

bool IsRetryable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

class Night {
 public:
  Night(const NightlyOptions& options, Admin& admin, const Clock& clock, Progress& progress)
      : options_(options), admin_(admin), clock_(clock), progress_(progress) {}

  absl::StatusOr<v1::Run> Go() {
    RETURN_IF_ERROR(Start());
    const absl::Status worked = Work();
    run_.store = nullptr;
    store_.reset();
    v1::Run report = DescribeRun(state_, clock_.Now(), worked);
    report.mutable_notes()->Assign(notes_.begin(), notes_.end());
    if (const auto told = admin_.ReportRun(report); !told.ok()) {
      Log(LogLevel::kWarning, "the server did not take the run's report",
          {{"error", told.ToString()}});
    }
    CleanUp(worked);
    if (!worked.ok()) return worked;
    return report;
  }

 private:
  // Checkpoint, lock, and the state to work from.
  absl::Status Start() {
    const std::string run_id = NewRunId(clock_.Now());
    ASSIGN_OR_RETURN(const auto checkpoint, admin_.CreateCheckpoint(run_id));
    auto lock = RunLock::Take(checkpoint.staging_path());
    if (!lock.ok()) {
      RemoveFolder(checkpoint.path());
      return lock.status();
    }
    lock_ = *std::move(lock);
    staging_ = fs::absolute(checkpoint.staging_path()).lexically_normal().string();
    ASSIGN_OR_RETURN(const bool resumed, Resume());
    if (!resumed) {
      BeginState(run_id, checkpoint);
    } else if (checkpoint.path() != state_.checkpoint_path()) {
      RemoveFolder(checkpoint.path());
    }
    run_.folder = (fs::path(staging_) / state_.run_id()).string();
    RemoveOtherRuns(staging_, run_.folder);
    RemoveOtherRuns(fs::path(state_.checkpoint_path()).parent_path().string(),
                    state_.checkpoint_path());
    std::error_code error;
    fs::create_directories(run_.folder, error);
    if (error) return Unavailable("STAGING_FAILED", Cat(run_.folder, ": ", error.message()));
    return SaveState(run_.folder, state_);
  }

  void BeginState(const std::string& run_id, const v1::CreateCheckpointResponse& checkpoint) {
    const TimeMicros now = clock_.Now();
    state_.set_format_version(kStateFormat);
    state_.set_run_id(run_id);
    state_.set_start_time_micros(now);
    state_.set_checkpoint_path(checkpoint.path());
    state_.set_full(options_.full);
    state_.set_as_of_given(options_.as_of.has_value());
    state_.set_attempts(1);
    state_.set_base_generation(current_);
    store::Manifest& manifest = *state_.mutable_manifest();
    manifest.set_format_version(store::kManifestFormatVersion);
    manifest.set_generation(static_cast<uint32_t>(checkpoint.next_generation()));
    manifest.set_run_id(run_id);
    manifest.set_as_of_micros(options_.as_of.value_or(now));
  }

  // Takes up the newest unfinished run that fits; tells the server what became of others.
  absl::StatusOr<bool> Resume() {
    ASSIGN_OR_RETURN(current_, admin_.CurrentGeneration());
    std::vector<LeftRun> left = FindLeftRuns(staging_);
    bool resumed = false;
    for (auto run = left.rbegin(); run != left.rend(); ++run) {
      if (!run->state) continue;
      if (!resumed && IsResumable(*run->state)) {
        state_ = *std::move(run->state);
        resumed = true;
      } else {
        ReportDead(*run->state);
      }
    }
    if (!resumed) return false;
    state_.set_attempts(state_.attempts() + 1);
    for (v1::RunStep& step : *state_.mutable_steps()) step.set_resumed(true);
    progress_.Say(Cat("resuming run ", state_.run_id(), " after ", state_.finished_stages_size(),
                      " finished stages"));
    return true;
  }

  bool IsResumable(const NightlyState& state) const {
    const TimeMicros age = clock_.Now() - state.start_time_micros();
    return state.format_version() == kStateFormat && state.full() == options_.full &&
           state.as_of_given() == options_.as_of.has_value() &&
           (!options_.as_of || *options_.as_of == state.manifest().as_of_micros()) && age >= 0 &&
           age < kResumeWithin && state.attempts() < kMostAttempts &&
           state.finished_stages_size() > 0 && state.base_generation() == current_ &&
           fs::exists(state.checkpoint_path());
  }

  void ReportDead(const NightlyState& state) {
    // Killed between publication and its last report.
    const bool published = current_ != 0 && state.manifest().generation() == current_;
    const v1::Run report =
        DescribeRun(state, clock_.Now(),
                    published ? absl::OkStatus() : Internal("interrupted and not taken up again"));
    if (const auto told = admin_.ReportRun(report); !told.ok()) {
      Log(LogLevel::kWarning, "the server did not take a dead run's report",
          {{"error", told.ToString()}});
    }
  }

  absl::Status Work() {
    RETURN_IF_ERROR(admin_.ReportRun(DescribeRunning(state_)));
    RETURN_IF_ERROR(OpenCheckpoint());
    RETURN_IF_ERROR(RunWaves());
    RETURN_IF_ERROR(TakeIn(run_, {store::DatasetId::kSeries}));
    notes_ = NotesOf(run_);
    return Publish();
  }

  absl::Status OpenCheckpoint() {
    store::RocksOptions options;
    // Opened for writing: the run takes its own files into its checkpoint.
    options.sync = store::SyncPolicy::kProcessCrash;
    options.cache_bytes = kCheckpointCacheBytes;
    ASSIGN_OR_RETURN(store_, store::OpenRocksStore(state_.checkpoint_path(), options));
    ASSIGN_OR_RETURN(const auto generations, store::Generations::Open(*store_));
    run_.store = store_.get();
    run_.state = &state_;
    run_.base = generations->Current();
    run_.threads = options_.threads > 0
                       ? options_.threads
                       : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    run_.keep_ids_since = state_.start_time_micros() - options_.id_horizon_days * kMicrosPerDay;
    if (run_.base_version() != state_.base_generation()) return BaseChanged();
    state_.mutable_manifest()->set_log_sequence(store_->log().last());
    RETURN_IF_ERROR(LoadWorkspaces(run_));
    if (state_.finished_stages_size() == 0) return absl::OkStatus();
    RETURN_IF_ERROR(TakeIn(run_, {store::DatasetId::kEventBlocks, store::DatasetId::kEventPayloads,
                                  store::DatasetId::kFolds}));
    return FindCustomers(run_);
  }

  absl::Status RunWaves() {
    const auto stages = AllStages();
    ASSIGN_OR_RETURN(const std::vector<Wave> waves, PlanWaves(stages));
    for (const Wave& wave : waves) {
      if (IsFinished(wave)) continue;
      RETURN_IF_ERROR(RunWave(run_, wave, options_.drill, progress_));
      for (const Stage* stage : wave.stages) {
        state_.add_finished_stages(std::string(stage->name()));
      }
      state_.set_attempts(0);  // It gets on, so it may be taken up again.
      RETURN_IF_ERROR(SaveState(run_.folder, state_));
      for (const Stage* stage : wave.stages) StopIf(options_.drill.stop_after, stage->name());
      RETURN_IF_ERROR(admin_.ReportRun(DescribeRunning(state_)));
    }
    return absl::OkStatus();
  }

  bool IsFinished(const Wave& wave) const {
    const auto& finished = state_.finished_stages();
    return std::all_of(wave.stages.begin(), wave.stages.end(), [&](const Stage* stage) {
      return std::find(finished.begin(), finished.end(), stage->name()) != finished.end();
    });
  }

  absl::Status Publish() {
    progress_.Begin("publish", 0);
    CompleteTotals(run_.manifest());
    RETURN_IF_ERROR(store::WriteManifest(run_.folder, run_.manifest()));
    StopIf(options_.drill.stop_after, "manifest");
    // Somebody may have published or rolled back: the segments this run builds on could be
    // gone, so nothing is published over it.
    ASSIGN_OR_RETURN(const uint32_t current, admin_.CurrentGeneration());
    if (current != state_.base_generation()) return BaseChanged();
    RETURN_IF_ERROR(admin_.PublishGeneration(run_.folder, Cat("runs/", state_.run_id())).status());
    StopIf(options_.drill.stop_after, "publish");
    progress_.End();
    return absl::OkStatus();
  }

  static absl::Status BaseChanged() {
    return FailedPrecondition("BASE_CHANGED",
                              "another generation became current while this run was at work");
  }

  // A run that failed for want of server or disk is kept, so that the next can go on.
  void CleanUp(const absl::Status& worked) {
    if (IsRetryable(worked)) return;
    RemoveFolder(run_.folder);
    if (!options_.keep_checkpoint) RemoveFolder(state_.checkpoint_path());
  }

  const NightlyOptions& options_;
  Admin& admin_;
  const Clock& clock_;
  Progress& progress_;
  std::unique_ptr<RunLock> lock_;
  std::string staging_;
  uint32_t current_ = 0;  // Generation that readers saw when the run began.
  NightlyState state_;
  std::unique_ptr<store::Store> store_;
  Run run_;
  std::vector<std::string> notes_;
};

}  // namespace

absl::StatusOr<v1::Run> RunNightly(const NightlyOptions& options, Admin& admin, const Clock& clock,
                                   Progress& progress) {
  return Night(options, admin, clock, progress).Go();
}

}  // namespace rapport::jobs
