// SPDX-License-Identifier: Apache-2.0
// Counts and durations of calls per method, for the Prometheus endpoint.
//
// Counting is two relaxed atomic adds a call; the families are made at scrape time.
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/methods.h"

namespace rapport::server {

class CallMetrics final : public prometheus::Collectable {
 public:
  // Upper bounds of the duration buckets, microseconds; one more bucket is unbounded.
  static constexpr std::array<int64_t, 16> kBounds = {
      50,     100,    250,     500,     1'000,   2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 10'000'000};

  void CallBegan() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
  // `code` is a canonical code 0..16.
  void CallEnded(size_t method_no, int code, int64_t duration_us);
  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

  // rapport_calls_total{method,code}, rapport_call_duration_seconds{method},
  // rapport_calls_in_flight.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  static constexpr size_t kCodes = 17;
  struct Method {
    std::array<std::atomic<uint64_t>, kCodes> codes{};
    std::array<std::atomic<uint64_t>, kBounds.size() + 1> buckets{};
    std::atomic<uint64_t> sum_us = 0;
  };
  std::array<Method, kMethods.size()> methods_{};
  std::atomic<int64_t> in_flight_ = 0;
};

}  // namespace rapport::server
