// SPDX-License-Identifier: Apache-2.0
// What the server holds, as Prometheus families, made when scraped: events by outcome and
// workspace, tail, customers, generation, store sizes, worker queue. Thread-safe.
#pragma once

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/env.h"

namespace rapport::server {

class ServerGauges final : public prometheus::Collectable {
 public:
  explicit ServerGauges(const Env& env) : env_(env) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Env& env_;
};

// Resident set of this process.
int64_t ResidentBytes();

}  // namespace rapport::server
