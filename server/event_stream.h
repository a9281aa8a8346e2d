// SPDX-License-Identifier: Apache-2.0
// One StreamEvents call. Reads a batch, hands it to the engine, reads on while up to
// kMaxInFlight batches wait; acknowledges in the order of the batches.
//
// Reads and writes run on gRPC threads, outcomes arrive on the engine's writer thread; one
// mutex guards the queue. The object owns itself until gRPC is done with it.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rapport/v1/event_service.pb.h"
#include "server/call_context.h"
#include "server/streams.h"

namespace rapport::server {

class EventStream final
    : public grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>,
      public DrainableStream,
      public std::enable_shared_from_this<EventStream> {
 public:
  static constexpr size_t kMaxInFlight = 8;

  // Starts a stream; the reactor is gRPC's from here on.
  static EventStream* Start(CallContext call);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  struct Slot {
    int64_t batch_id = 0;
    std::optional<events::IngestOutcome> outcome;  // Set once the engine has answered.
  };

  explicit EventStream(CallContext call) : call_(std::move(call)) {}
  // Judges the batch just read and hands it on; then reads on if there is room.
  void TakeBatch();
  void Submit(uint64_t ticket);
  void Settle(uint64_t ticket, events::IngestOutcome outcome);
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Writes the oldest acknowledgement that is ready, or ends the call when all is done.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndInput(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CallContext call_;
  std::shared_ptr<EventStream> self_;  // Until OnDone.
  v1::StreamEventsRequest request_;    // Of the one read under way; reused.
  v1::StreamEventsResponse ack_;       // Of the one write under way; reused.
  std::string workspace_;              // From the first batch.

  absl::Mutex mutex_;
  std::deque<Slot> slots_ ABSL_GUARDED_BY(mutex_);     // Oldest first.
  uint64_t first_ticket_ ABSL_GUARDED_BY(mutex_) = 0;  // Of slots_.front().
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;       // A read or its batch is under way.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // Nobody reads acknowledgements.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

// A stream that ends at once with this status.
grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>* RefuseStream(
    CallContext call, const absl::Status& status);

}  // namespace rapport::server
