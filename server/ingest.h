// SPDX-License-Identifier: Apache-2.0
// What unary and streaming ingest share: handing a batch to the engine without holding up
// gRPC threads, and the outcome as the API tells it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"
#include "lib/base/errors.h"
#include "server/env.h"

namespace rapport::server {

inline constexpr int kMaxBatchEvents = 10'000;

using Events = google::protobuf::RepeatedPtrField<v1::Event>;
using BatchDone = absl::AnyInvocable<void(events::IngestOutcome)>;

// Engine::Submit with the events counted as under way until `done` runs (on the engine's
// writer thread). `events` are read only until it returns.
inline void SubmitBatch(Env& env, std::string_view workspace, const Events& events,
                        BatchDone done) {
  thread_local std::vector<const v1::Event*> pointers;  // Kept for its capacity.
  pointers.assign(events.pointer_begin(), events.pointer_end());
  const int64_t count = events.size();
  env.events_under_way.fetch_add(count);
  env.engine.Submit(workspace, pointers,
                    [&env, count, done = std::move(done)](events::IngestOutcome outcome) mutable {
                      env.events_under_way.fetch_sub(count);
                      done(std::move(outcome));
                    });
}

inline absl::Status CheckBatchSize(int events) {
  if (events <= kMaxBatchEvents) return absl::OkStatus();
  return InvalidField("events", "TOO_MANY", "at most 10000 events a batch");
}

}  // namespace rapport::server
