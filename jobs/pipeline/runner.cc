// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/runner.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "jobs/pipeline/customer_source.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

using Stopwatch = std::chrono::steady_clock;

// One customer in so many is timed stage by stage.
constexpr uint64_t kTimedEvery = 64;
constexpr int64_t kReportEvery = 1024;

std::string WaveText(const Wave& wave) {
  std::string text;
  for (const Stage* stage : wave.stages) text += Cat(text.empty() ? "" : " + ", stage->name());
  return text;
}

double SecondsSince(Stopwatch::time_point begin) {
  return std::chrono::duration<double>(Stopwatch::now() - begin).count();
}

// The pass of one wave over all shards.
class Pass {
 public:
  Pass(Run& run, const Wave& wave, const Drill& drill, Progress& progress)
      : run_(run),
        wave_(wave),
        drill_(drill),
        progress_(progress),
        shards_(ShardsOf(run)),
        sampled_seconds_(wave.stages.size(), 0.0) {}

  absl::Status Go() {
    const int threads = std::clamp(run_.threads, 1, std::max(1, static_cast<int>(shards_.size())));
    std::vector<std::thread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back([this] { Work(); });
    Work();
    for (std::thread& worker : workers) worker.join();
    const absl::MutexLock lock(&mutex_);
    return failed_.empty() ? absl::OkStatus() : failed_.begin()->second;
  }

  // Each stage's share of the time spent in stages.
  std::vector<double> Shares() const {
    const absl::MutexLock lock(&mutex_);
    const double all = std::accumulate(sampled_seconds_.begin(), sampled_seconds_.end(), 0.0);
    std::vector<double> shares(sampled_seconds_.size(),
                               1.0 / static_cast<double>(sampled_seconds_.size()));
    for (size_t i = 0; all > 0 && i < shares.size(); ++i) shares[i] = sampled_seconds_[i] / all;
    return shares;
  }

 private:
  using Steps = std::vector<std::unique_ptr<ShardStep>>;

  void Work() {
    while (!stop_) {
      const uint32_t index = next_++;
      if (index >= shards_.size()) return;
      if (index >= shards_.size() / 2) {
        for (const Stage* stage : wave_.stages) StopIf(drill_.stop_within, stage->name());
      }
      Steps steps;
      absl::Status status = ScanShard(shards_[index], steps);
      if (status.ok()) status = MergeReady(index, std::move(steps));
      if (!status.ok()) Fail(index, std::move(status));
    }
  }

  void Fail(uint32_t index, absl::Status status) {
    stop_ = true;
    const absl::MutexLock lock(&mutex_);
    failed_.emplace(index, std::move(status));
  }

  absl::Status ScanShard(const Shard& shard, Steps& steps) {
    for (Stage* stage : wave_.stages) {
      ASSIGN_OR_RETURN(auto step, stage->NewStep(run_, shard));
      steps.push_back(std::move(step));
    }
    const auto source = NewCustomerSource(run_, wave_.source, shard);
    std::vector<double> seconds(steps.size(), 0.0);
    int64_t unreported = 0;
    for (uint64_t seen = 0; !stop_ && source->Next(); ++seen) {
      RETURN_IF_ERROR(seen % kTimedEvery == 0 ? ShowTimed(source->view(), steps, seconds)
                                              : Show(source->view(), steps));
      if (++unreported == kReportEvery) {
        progress_.Advance(unreported);
        unreported = 0;
      }
    }
    RETURN_IF_ERROR(source->status());
    progress_.Advance(unreported);
    for (auto& step : steps) RETURN_IF_ERROR(step->End());
    const absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < seconds.size(); ++i) sampled_seconds_[i] += seconds[i];
    return absl::OkStatus();
  }

  static absl::Status Show(const CustomerView& view, Steps& steps) {
    for (auto& step : steps) RETURN_IF_ERROR(step->Customer(view));
    return absl::OkStatus();
  }

  static absl::Status ShowTimed(const CustomerView& view, Steps& steps,
                                std::vector<double>& seconds) {
    for (size_t i = 0; i < steps.size(); ++i) {
      const auto begin = Stopwatch::now();
      RETURN_IF_ERROR(steps[i]->Customer(view));
      seconds[i] += SecondsSince(begin);
    }
    return absl::OkStatus();
  }

  // Hands in a shard; merges it and those waiting behind it if it is their turn.
  absl::Status MergeReady(uint32_t index, Steps steps) {
    const absl::MutexLock lock(&mutex_);
    waiting_.emplace(index, std::move(steps));
    for (auto at = waiting_.find(merged_); at != waiting_.end(); at = waiting_.find(merged_)) {
      for (size_t i = 0; i < wave_.stages.size(); ++i) {
        RETURN_IF_ERROR(wave_.stages[i]->Merge(run_, shards_[merged_], *at->second[i]));
      }
      waiting_.erase(at);
      ++merged_;
    }
    return absl::OkStatus();
  }

  Run& run_;
  const Wave& wave_;
  const Drill& drill_;
  Progress& progress_;
  const std::vector<Shard> shards_;
  std::atomic<uint32_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  mutable absl::Mutex mutex_;
  std::map<uint32_t, Steps> waiting_ ABSL_GUARDED_BY(mutex_);
  uint32_t merged_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint32_t, absl::Status> failed_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> sampled_seconds_ ABSL_GUARDED_BY(mutex_);
};

void AddStep(Run& run, const Stage& stage, double seconds, int64_t rows) {
  v1::RunStep& step = *run.state->add_steps();
  step.set_step(std::string(stage.name()));
  const auto nanos = static_cast<int64_t>(seconds * 1e9);
  step.mutable_duration()->set_seconds(nanos / 1'000'000'000);
  step.mutable_duration()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  step.set_row_count(rows);
}

int64_t ExpectedCustomers(const Run& run) {
  int64_t customers = 0;
  for (const WorkspaceRun& workspace : run.workspaces) customers += workspace.last_customer_no;
  return customers;
}

}  // namespace

void StopIf(const std::string& drilled, std::string_view stage) {
  if (!drilled.empty() && drilled == stage) _exit(137);
}

absl::Status RunWave(Run& run, const Wave& wave, const Drill& drill, Progress& progress) {
  const bool scans = wave.source != Source::kNone;
  progress.Begin(WaveText(wave), scans ? ExpectedCustomers(run) : 0);
  std::vector<double> seconds(wave.stages.size(), 0.0);
  for (size_t i = 0; i < wave.stages.size(); ++i) {
    const auto begin = Stopwatch::now();
    RETURN_IF_ERROR(Annotate(wave.stages[i]->Begin(run), wave.stages[i]->name()));
    seconds[i] += SecondsSince(begin);
  }
  if (scans) {
    const auto begin = Stopwatch::now();
    Pass pass(run, wave, drill, progress);
    RETURN_IF_ERROR(Annotate(pass.Go(), WaveText(wave)));
    const double pass_seconds = SecondsSince(begin);
    const std::vector<double> shares = pass.Shares();
    for (size_t i = 0; i < seconds.size(); ++i) seconds[i] += shares[i] * pass_seconds;
  }
  for (size_t i = 0; i < wave.stages.size(); ++i) {
    const auto begin = Stopwatch::now();
    if (!scans) StopIf(drill.stop_within, wave.stages[i]->name());
    auto rows = wave.stages[i]->Finish(run);
    if (!rows.ok()) return Annotate(rows.status(), wave.stages[i]->name());
    AddStep(run, *wave.stages[i], seconds[i] + SecondsSince(begin), *rows);
  }
  progress.End();
  return absl::OkStatus();
}

}  // namespace rapport::jobs
