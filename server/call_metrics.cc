// SPDX-License-Identifier: Apache-2.0
#include "server/call_metrics.h"

#include <algorithm>
#include <limits>
#include <string>

#include "server/status_details.h"

namespace rapport::server {
namespace {

prometheus::ClientMetric ForMethod(size_t method_no) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"method", std::string(kMethods[method_no].method)});
  return metric;
}

prometheus::MetricFamily Family(const char* name, const char* help, prometheus::MetricType type) {
  return {.name = name, .help = help, .type = type, .metric = {}};
}

}  // namespace

void CallMetrics::CallEnded(size_t method_no, int code, int64_t duration_us) {
  Method& method = methods_[method_no];
  const size_t code_no =
      code >= 0 && code < static_cast<int>(kCodes) ? static_cast<size_t>(code) : 2;
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), duration_us);
  method.codes[code_no].fetch_add(1, std::memory_order_relaxed);
  method.buckets[static_cast<size_t>(bound - kBounds.begin())].fetch_add(1,
                                                                         std::memory_order_relaxed);
  method.sum_us.fetch_add(static_cast<uint64_t>(std::max<int64_t>(duration_us, 0)),
                          std::memory_order_relaxed);
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<prometheus::MetricFamily> CallMetrics::Collect() const {
  auto calls = Family("rapport_calls_total", "Calls answered, by method and status code.",
                      prometheus::MetricType::Counter);
  auto durations = Family("rapport_call_duration_seconds", "Time from a call's begin to its end.",
                          prometheus::MetricType::Histogram);
  for (size_t m = 0; m < methods_.size(); ++m) {
    prometheus::ClientMetric histogram = ForMethod(m);
    for (size_t code = 0; code < kCodes; ++code) {
      const uint64_t count = methods_[m].codes[code].load(std::memory_order_relaxed);
      if (count == 0 && code != 0) continue;
      prometheus::ClientMetric metric = ForMethod(m);
      metric.label.push_back({"code", CodeName(static_cast<absl::StatusCode>(code))});
      metric.counter.value = static_cast<double>(count);
      calls.metric.push_back(std::move(metric));
    }
    for (size_t b = 0; b <= kBounds.size(); ++b) {
      histogram.histogram.sample_count += methods_[m].buckets[b].load(std::memory_order_relaxed);
      const double bound = b < kBounds.size() ? static_cast<double>(kBounds[b]) / 1e6
                                              : std::numeric_limits<double>::infinity();
      histogram.histogram.bucket.push_back({histogram.histogram.sample_count, bound});
    }
    histogram.histogram.sample_sum =
        static_cast<double>(methods_[m].sum_us.load(std::memory_order_relaxed)) / 1e6;
    durations.metric.push_back(std::move(histogram));
  }
  auto flight =
      Family("rapport_calls_in_flight", "Calls being answered now.", prometheus::MetricType::Gauge);
  flight.metric.emplace_back().gauge.value = static_cast<double>(in_flight());
  return {std::move(calls), std::move(durations), std::move(flight)};
}

}  // namespace rapport::server
