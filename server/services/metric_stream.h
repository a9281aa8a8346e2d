// SPDX-License-Identifier: Apache-2.0
// One StreamMetric call: the answer is made on the worker pool and written part by part.
//
// The object owns itself until gRPC is done with it. Memory: the parts not yet written.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

class MetricStream final : public grpc::ServerWriteReactor<v1::StreamMetricResponse>,
                           public std::enable_shared_from_this<MetricStream> {
 public:
  // Admits the caller and starts; the reactor is gRPC's from here on.
  static MetricStream* Start(CallContext call, const v1::StreamMetricRequest& request);

  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  explicit MetricStream(CallContext call) : call_(std::move(call)) {}
  void Make(const v1::StreamMetricRequest& request);
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CallContext call_;
  std::shared_ptr<MetricStream> self_;  // Until OnDone.
  absl::Mutex mutex_;
  std::deque<v1::StreamMetricResponse> parts_ ABSL_GUARDED_BY(mutex_);  // The first is written.
};

}  // namespace rapport::server
