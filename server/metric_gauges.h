// SPDX-License-Identifier: Apache-2.0
// The metrics that the configuration names, as Prometheus gauges: their values over the 30
// days that end with the generation's day, for every workspace that knows them.
//
// Computed once a generation, when it is scraped first: microseconds to a second a metric.
// Thread-safe.
#pragma once

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/env.h"

namespace rapport::server {

class MetricGauges final : public prometheus::Collectable {
 public:
  explicit MetricGauges(Env& env) : env_(env) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Env& env_;
  mutable absl::Mutex mutex_;
  mutable store::Version generation_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable std::vector<prometheus::MetricFamily> families_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server
