// SPDX-License-Identifier: Apache-2.0
// What the questions of JourneyService share: the workspace and the point they read at, the
// pass over its customers with the walkers of lib/journey, and time budgets.
//
// One per request; not thread-safe. Costs of a pass: customer_scan.h and the walkers' headers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/answer.pb.h"
#include "server/call_context.h"
#include "server/customer_scan.h"
#include "server/customer_view.h"
#include "server/metric_reader.h"

namespace rapport::server {

// Does not move: its parts name each other.
class JourneyPoint {
 public:
  // LIVE unless asked otherwise. FailedPrecondition NO_GENERATION for NIGHTLY before the first.
  absl::Status Open(const CallContext& call, std::string_view parent, v1::View view);
  const ReadPoint& at() const { return *at_; }
  const WorkspaceScope& workspace() const { return *workspace_; }
  const metrics::Scope& scope() const { return scope_; }

  // `walk` is told each customer by a walker of its thread, with what exists for the view.
  template <typename Walker>
  using Walk = absl::FunctionRef<absl::Status(Walker& walker, const filter::CustomerEvents&,
                                              std::span<const uint32_t> codes)>;
  // A walker a thread; they are merged into the first, which is answered with how far the
  // pass came.
  template <typename Walker>
  absl::StatusOr<std::pair<std::unique_ptr<Walker>, ScanDone>> Scan(
      const CallContext& call, const ScanNeeds& needs,
      absl::FunctionRef<std::unique_ptr<Walker>()> make, Walk<Walker> walk);

  // as_of, generation, view; and that the answer is partial, if it is.
  void Finish(const ScanDone& done, v1::AnswerContext* context) const;

 private:
  ScopeHandle workspace_;
  store::GenerationHandle generation_;
  std::optional<ReadPoint> at_;
  std::optional<MetricReader> reader_;
  metrics::Scope scope_;
};

// When a question with this budget gives up; nullopt without one. InvalidField time_budget
// OUT_OF_RANGE unless it is above 0 and at most an hour.
absl::StatusOr<std::optional<std::chrono::steady_clock::time_point>> GiveUpAfter(
    bool has_budget, const google::protobuf::Duration& budget);

// Without the events that do not exist for the view.
filter::CustomerEvents UpTo(const filter::CustomerEvents& customer, TimeMicros end);

template <typename Walker>
absl::StatusOr<std::pair<std::unique_ptr<Walker>, ScanDone>> JourneyPoint::Scan(
    const CallContext& call, const ScanNeeds& needs,
    absl::FunctionRef<std::unique_ptr<Walker>()> make, Walk<Walker> walk) {
  class Step final : public CustomerWalker {
   public:
    Step(std::unique_ptr<Walker> own, Walk<Walker> how, TimeMicros end)
        : walker(std::move(own)), how_(how), end_(end) {}
    absl::Status Customer(const filter::CustomerEvents& customer,
                          std::span<const uint32_t> codes) override {
      return how_(*walker, UpTo(customer, end_), codes);
    }
    std::unique_ptr<Walker> walker;

   private:
    Walk<Walker> how_;
    TimeMicros end_;
  };
  std::unique_ptr<Walker> all;
  auto done = ScanWalkers(
      call, *at_, reader_->generation(), needs,
      [&] { return std::make_unique<Step>(make(), walk, scope_.event_end); },
      [&](CustomerWalker& walker) {
        auto& step = static_cast<Step&>(walker);
        if (all == nullptr) {
          all = std::move(step.walker);
        } else {
          all->Merge(std::move(*step.walker));
        }
        return absl::OkStatus();
      });
  if (!done.ok()) return done.status();
  if (all == nullptr) all = make();
  return std::pair(std::move(all), *done);
}

}  // namespace rapport::server
