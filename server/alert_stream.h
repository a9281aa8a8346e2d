// SPDX-License-Identifier: Apache-2.0
// One WatchAlerts call: alerts oldest first, then those that new generations bring. Ends
// with the caller's deadline, its cancellation or the server's stop.
//
// Alerts are read on the worker pool and written one by one; one mutex guards the queue. The
// object owns itself until gRPC is done with it. Memory: the alerts not yet written.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rapport/v1/reference_service.pb.h"
#include "server/alerts.h"
#include "server/call_context.h"
#include "server/serving.h"
#include "server/streams.h"

namespace rapport::server {

class AlertStream final : public grpc::ServerWriteReactor<v1::WatchAlertsResponse>,
                          public DrainableStream,
                          public GenerationWatcher,
                          public std::enable_shared_from_this<AlertStream> {
 public:
  // Admits the caller, checks the request and starts; the reactor is gRPC's from here on.
  static AlertStream* Start(CallContext call, const v1::WatchAlertsRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;
  void OnGeneration() override;

 private:
  explicit AlertStream(CallContext call) : call_(std::move(call)) {}
  // Finds the workspace and the key of `after`.
  absl::Status Open(const v1::WatchAlertsRequest& request);
  // Reads what is newer than the last alert taken, on the worker pool, once at a time.
  void ReadSoon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadNow();
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CallContext call_;
  std::shared_ptr<AlertStream> self_;  // Until OnDone.
  v1::WatchAlertsResponse response_;   // Of the one write under way.
  uint32_t workspace_no_ = 0;

  absl::Mutex mutex_;
  std::deque<v1::Alert> queue_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
  std::string last_key_ ABSL_GUARDED_BY(mutex_);         // Of the newest alert taken.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_again_ ABSL_GUARDED_BY(mutex_) = false;  // A generation came meanwhile.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server
