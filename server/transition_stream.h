// SPDX-License-Identifier: Apache-2.0
// One WatchTransitions call: for each new generation the transitions that it has and the one
// before had not. Ends with the caller's deadline, its cancellation or the server's stop.
//
// The stream stands at a base, the last generation told in full, which it pins so that the
// next one can be compared with it. A page is read on the worker pool when the one before
// has been written, so memory is one page. A resume token names base, target and row; when
// its base is dropped meanwhile, transitions after the base's as_of stand in, and a target
// half told is told again. One mutex; the object owns itself until gRPC is done with it.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/store/generation.h"
#include "rapport/v1/growth.pb.h"
#include "server/call_context.h"
#include "server/serving.h"
#include "server/streams.h"

namespace rapport::server {

class TransitionStream final : public grpc::ServerWriteReactor<v1::WatchTransitionsResponse>,
                               public DrainableStream,
                               public GenerationWatcher,
                               public std::enable_shared_from_this<TransitionStream> {
 public:
  // Admits the caller, checks the request and starts; the reactor is gRPC's from here on.
  static TransitionStream* Start(CallContext call, const v1::WatchTransitionsRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;
  void OnGeneration() override;

 private:
  // Where the stream stands.
  struct Place {
    store::GenerationHandle base;  // Told in full; nullptr: none, or gone.
    uint32_t base_no = 0;          // 0: none.
    int64_t base_as_of = INT64_MIN;
    store::GenerationHandle target;  // Being told; nullptr: none.
    std::string after;               // Row of the target.
  };
  struct Message {
    v1::WatchTransitionsResponse response;
    Place place;  // After it.
  };

  explicit TransitionStream(CallContext call) : call_(std::move(call)) {}
  absl::Status Open(const v1::WatchTransitionsRequest& request);
  absl::StatusOr<Place> ReadToken(const std::string& token) const;
  std::string TokenOf(const Place& place) const;
  // The next message behind a place; nullopt when there is nothing to tell.
  absl::StatusOr<std::optional<Message>> Next(const Place& place) const;
  // Reads the next message on the worker pool, once at a time.
  void ReadSoon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadNow();
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CallContext call_;
  std::shared_ptr<TransitionStream> self_;  // Until OnDone.
  v1::WatchTransitionsRequest request_;
  std::string bound_;  // The request as tokens are bound to it.
  std::string workspace_;

  absl::Mutex mutex_;
  Place place_ ABSL_GUARDED_BY(mutex_);  // Behind message_.
  std::optional<v1::WatchTransitionsResponse> message_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_again_ ABSL_GUARDED_BY(mutex_) = false;  // A generation came meanwhile.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;     // Of message_.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server
