// SPDX-License-Identifier: Apache-2.0
// Everything handlers share, owned by the Server and living as long as it serves.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "lib/base/clock.h"
#include "lib/events/workspace_events.h"
#include "lib/store/generation.h"
#include "lib/store/seam.h"
#include "server/auth.h"
#include "server/call_metrics.h"
#include "server/config.h"
#include "server/publishing.h"
#include "server/request_log.h"
#include "server/run_book.h"
#include "server/serving.h"
#include "server/streams.h"
#include "server/work_pool.h"
#include "server/workspaces.h"

namespace rapport::server {

class MetricStore;  // generation_metrics.h, which knows calls and so this.

struct Env {
  const Config& config;
  const Clock& clock;
  store::Store& store;
  store::Generations& generations;
  events::Engine& engine;
  Auth& auth;
  Workspaces& workspaces;
  Serving& serving;
  Publishing& publishing;
  RunBook& runs;
  WorkPool& pool;
  CallMetrics& metrics;
  RequestLog& request_log;
  Streams& streams;
  MetricStore& metric_store;
  // Events handed to the engine and not yet finished. Above the limit, submitting may
  // wait and moves to the worker pool, off the gRPC threads.
  static constexpr int64_t kCrowdedEvents = 120'000;
  std::atomic<int64_t> events_under_way = 0;
  // Held from reading definitions until their change is written and shown: writers take turns.
  absl::Mutex definition_mutex{};
  bool crowded() const { return events_under_way.load() > kCrowdedEvents; }
};

}  // namespace rapport::server
