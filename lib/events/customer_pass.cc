// SPDX-License-Identifier: Apache-2.0
#include "lib/events/customer_pass.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/status_macros.h"

namespace rapport::events {
namespace {

using StepMaker = absl::FunctionRef<std::unique_ptr<PassStep>()>;
using StepMerge = absl::FunctionRef<absl::Status(PassStep&)>;

// Ranges with somebody to show; all of the ground unless only some customers are asked for.
std::vector<CustomerRange> PiecesOf(const ScanGround& ground, const PassOptions& options) {
  std::vector<CustomerRange> pieces;
  const auto add = [&pieces](CustomerNo piece) {
    pieces.push_back({piece * kCustomersPerPiece, (piece + 1) * kCustomersPerPiece});
  };
  if (!options.some) {
    for (CustomerNo piece = 0; piece <= ground.last_customer_no / kCustomersPerPiece; ++piece) {
      add(piece);
    }
    return pieces;
  }
  for (const CustomerNo customer : options.only) {
    if (pieces.empty() || customer >= pieces.back().end) add(customer / kCustomersPerPiece);
  }
  return pieces;
}

// Whether steps belong to ranges or to threads.
enum class StepOf { kPiece, kThread };

class Pass {
 public:
  Pass(const ScanGround& ground, const PassOptions& options, StepMaker make_step, StepMerge merge,
       StepOf step_of)
      : ground_(ground),
        options_(options),
        make_step_(make_step),
        merge_(merge),
        step_of_(step_of),
        pieces_(PiecesOf(ground, options)) {}

  absl::StatusOr<PassResult> Go() {
    const int most = std::max(1, static_cast<int>(pieces_.size()));
    const int threads = std::clamp(options_.threads, 1, most);
    std::vector<std::thread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back([this] { Work(); });
    Work();
    for (std::thread& worker : workers) worker.join();
    const absl::MutexLock lock(&mutex_);
    if (!failed_.empty()) return failed_.begin()->second;
    return PassResult{merged_ == pieces_.size(), Customers(merged_), Customers(pieces_.size())};
  }

 private:
  void Work() {
    std::unique_ptr<PassStep> step;
    size_t index = 0;
    while (Take(index)) {
      absl::Status status = options_.check ? options_.check() : absl::OkStatus();
      if (status.ok()) {
        if (step == nullptr) step = make_step_();
        status = Walk(pieces_[index], *step);
      }
      if (status.ok()) {
        status = step_of_ == StepOf::kPiece ? MergeReady(index, std::move(step)) : NoteDone();
      }
      if (!status.ok()) Fail(index, std::move(status));
    }
    if (step_of_ == StepOf::kPiece || step == nullptr) return;
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = failed_.empty() ? merge_(*step) : absl::OkStatus(); !status.ok()) {
      failed_.emplace(pieces_.size(), std::move(status));
    }
  }

  bool Take(size_t& index) {
    if (stop_) return false;
    if (options_.give_up && std::chrono::steady_clock::now() >= *options_.give_up) return false;
    index = next_++;
    return index < pieces_.size();
  }

  absl::Status NoteDone() {
    const absl::MutexLock lock(&mutex_);
    ++merged_;
    if (options_.progress) options_.progress(Customers(merged_), Customers(pieces_.size()));
    return absl::OkStatus();
  }

  absl::Status Walk(CustomerRange piece, PassStep& step) const {
    CustomerWalk walk(ground_, piece, {options_.types, options_.only, options_.some});
    while (walk.Next()) RETURN_IF_ERROR(step.Customer(walk));
    return walk.status();
  }

  void Fail(size_t index, absl::Status status) {
    stop_ = true;
    const absl::MutexLock lock(&mutex_);
    failed_.emplace(index, std::move(status));
  }

  // Hands a piece in; merges it and those waiting behind it if it is their turn.
  absl::Status MergeReady(size_t index, std::unique_ptr<PassStep> step) {
    const absl::MutexLock lock(&mutex_);
    waiting_.emplace(index, std::move(step));
    for (auto at = waiting_.find(merged_); at != waiting_.end(); at = waiting_.find(merged_)) {
      RETURN_IF_ERROR(merge_(*at->second));
      waiting_.erase(at);
      ++merged_;
    }
    if (options_.progress) options_.progress(Customers(merged_), Customers(pieces_.size()));
    return absl::OkStatus();
  }

  int64_t Customers(size_t pieces) const {
    const auto all = static_cast<int64_t>(options_.some ? options_.only.size()
                                                        : uint64_t{ground_.last_customer_no});
    if (pieces == pieces_.size()) return all;
    if (pieces == 0) return 0;
    const CustomerNo end = pieces_[pieces - 1].end;
    if (!options_.some) return std::min<int64_t>(end - 1, all);
    return std::ranges::lower_bound(options_.only, end) - options_.only.begin();
  }

  const ScanGround& ground_;
  const PassOptions& options_;
  const StepMaker make_step_;
  const StepMerge merge_;
  const StepOf step_of_;
  const std::vector<CustomerRange> pieces_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  absl::Mutex mutex_;
  std::map<size_t, std::unique_ptr<PassStep>> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t merged_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<size_t, absl::Status> failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<PassResult> ScanCustomers(const ScanGround& ground, const PassOptions& options,
                                         StepMaker make_step, StepMerge merge) {
  return Pass(ground, options, make_step, merge, StepOf::kPiece).Go();
}

absl::StatusOr<PassResult> ScanCustomersByThread(const ScanGround& ground,
                                                 const PassOptions& options, StepMaker make_step,
                                                 StepMerge merge) {
  return Pass(ground, options, make_step, merge, StepOf::kThread).Go();
}

}  // namespace rapport::events
