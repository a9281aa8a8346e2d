// SPDX-License-Identifier: Apache-2.0
// All customers of a ground on several threads: ranges of customers are taken one by one,
// each walked by a step of its own; finished steps are merged in the order of the ranges,
// one at a time, so the result does not depend on threads.
//
//   ScanCustomers(ground, {.threads = 2}, [] { return std::make_unique<CountStep>(); },
//                 [&](PassStep& step) { return total.Add(static_cast<CountStep&>(step)); });
//
// Thread-safe. 20 million events of a million customers take about 0.2 s on two threads
// beside what the steps do. Memory: a block per thread and segment, and the steps that
// wait for an earlier one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/events/customer_walk.h"

namespace rapport::events {

// Customers of a range: what is taken, asked about and merged at a time. Part of what
// results may depend on, so it is fixed.
inline constexpr CustomerNo kCustomersPerPiece = 4096;

class PassStep {
 public:
  virtual ~PassStep() = default;
  // The walk stands on a customer with events. Called in order of customers.
  virtual absl::Status Customer(CustomerWalk& walk) = 0;
};

struct PassOptions {
  int threads = 1;  // The caller's among them.
  // Types of the events to show, sorted; empty: all. Customers without any are left out.
  std::vector<TypeNo> types = {};
  // Only these customers (sorted survivors), if `some`.
  std::span<const CustomerNo> only = {};
  bool some = false;
  // Asked before every piece; an error ends the pass with it (cancelled, deadline over).
  std::function<absl::Status()> check = nullptr;
  // No piece is begun after it: the result is partial then, without an error.
  std::optional<std::chrono::steady_clock::time_point> give_up = std::nullopt;
  // Told after every piece how far the pass is; one call at a time.
  std::function<void(int64_t done, int64_t total)> progress = nullptr;
};

struct PassResult {
  bool complete = true;
  int64_t customers_done = 0;   // Numbers looked at, of
  int64_t customers_total = 0;  // so many.
};

// `make_step` is called from several threads. An error of a step, of `merge` or of `check`
// ends the pass; the one of the earliest range is answered.
absl::StatusOr<PassResult> ScanCustomers(const ScanGround& ground, const PassOptions& options,
                                         absl::FunctionRef<std::unique_ptr<PassStep>()> make_step,
                                         absl::FunctionRef<absl::Status(PassStep&)> merge);

// The same with one step per thread, for results that add up in any order: cheaper when
// steps are large. A step sees any of the ranges, each in order of customers.
absl::StatusOr<PassResult> ScanCustomersByThread(
    const ScanGround& ground, const PassOptions& options,
    absl::FunctionRef<std::unique_ptr<PassStep>()> make_step,
    absl::FunctionRef<absl::Status(PassStep&)> merge);

}  // namespace rapport::events
