// SPDX-License-Identifier: Apache-2.0
#include "server/event_stream.h"

#include <utility>

#include "lib/base/text.h"
#include "server/call.h"
#include "server/ingest.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

// A batch that is refused as a whole has one rejection with index -1.
events::IngestOutcome RefusedBatch(const absl::Status& status) {
  events::IngestOutcome outcome;
  v1::RejectedEvent& rejected = outcome.rejected.emplace_back();
  rejected.set_index(-1);
  const ErrorDetail detail = DetailOf(status).value_or(ErrorDetail{});
  rejected.set_field(detail.field);
  rejected.set_reason(detail.reason);
  rejected.set_message(std::string(status.message()));
  return outcome;
}

void FillAck(int64_t batch_id, events::IngestOutcome outcome, v1::StreamEventsResponse* ack) {
  ack->Clear();
  ack->set_batch_id(batch_id);
  ack->set_accepted_count(outcome.accepted);
  ack->set_duplicate_count(static_cast<int64_t>(outcome.duplicates.size()));
  for (v1::RejectedEvent& rejected : outcome.rejected) {
    *ack->add_rejected() = std::move(rejected);
  }
}

class RefusedStream final
    : public grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse> {
 public:
  RefusedStream(CallContext call, const absl::Status& status) { Finish(CloseCall(call, status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>* RefuseStream(
    CallContext call, const absl::Status& status) {
  return new RefusedStream(std::move(call), status);
}

EventStream* EventStream::Start(CallContext call) {
  std::shared_ptr<EventStream> stream(new EventStream(std::move(call)));
  stream->self_ = stream;
  {
    absl::MutexLock lock(&stream->mutex_);
    stream->ReadOn();
  }
  stream->call_.env().streams.Join(stream);
  return stream.get();
}

void EventStream::OnReadDone(bool ok) {
  const auto keep = shared_from_this();
  if (!ok) {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    EndInput(absl::OkStatus());
    Pump();
    return;
  }
  if (!call_.env().crowded()) return TakeBatch();
  // The engine may make us wait; that is nothing for a gRPC thread.
  WorkPool::Work work = [keep] { keep->TakeBatch(); };
  if (!call_.env().pool.Run(work)) TakeBatch();
}

void EventStream::TakeBatch() {
  uint64_t ticket = 0;
  {
    absl::MutexLock lock(&mutex_);
    ticket = first_ticket_ + slots_.size();
    slots_.push_back({request_.batch_id(), std::nullopt});
  }
  Submit(ticket);
  absl::MutexLock lock(&mutex_);
  reading_ = false;
  ReadOn();
  Pump();
}

void EventStream::Submit(uint64_t ticket) {
  if (!request_.parent().empty() || workspace_.empty()) {
    const auto workspace = ParseWorkspaceName(request_.parent(), "parent");
    const absl::Status known =
        workspace.ok() ? call_.env().workspaces.Find(*workspace).status() : workspace.status();
    if (!known.ok()) {
      // Nothing can be stored without a workspace: the stream ends here.
      events::IngestOutcome outcome;
      outcome.status = known;
      return Settle(ticket, std::move(outcome));
    }
    workspace_ = *workspace;
  }
  if (const absl::Status size = CheckBatchSize(request_.events_size()); !size.ok()) {
    return Settle(ticket, RefusedBatch(size));
  }
  SubmitBatch(call_.env(), workspace_, request_.events(),
              [keep = shared_from_this(), ticket](events::IngestOutcome outcome) {
                keep->Settle(ticket, std::move(outcome));
              });
}

void EventStream::Settle(uint64_t ticket, events::IngestOutcome outcome) {
  absl::MutexLock lock(&mutex_);
  slots_[ticket - first_ticket_].outcome = std::move(outcome);
  Pump();
}

void EventStream::ReadOn() {
  if (reading_ || input_ended_ || slots_.size() >= kMaxInFlight) return;
  reading_ = true;
  StartRead(&request_);
}

void EventStream::Pump() {
  while (!writing_ && !slots_.empty() && slots_.front().outcome.has_value()) {
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_ticket_;
    if (!slot.outcome->status.ok()) {
      // Later batches may be stored, but their order is gone: the client starts again.
      EndInput(slot.outcome->status);
      broken_ = true;
    }
    if (broken_) continue;
    FillAck(slot.batch_id, *std::move(slot.outcome), &ack_);
    writing_ = true;
    StartWrite(&ack_);
  }
  ReadOn();
  const bool idle = !writing_ && slots_.empty();
  if (!idle || !input_ended_ || finished_) return;
  finished_ = true;
  Finish(CloseCall(call_, end_));
}

void EventStream::EndInput(absl::Status status) {
  if (end_.ok()) end_ = std::move(status);
  input_ended_ = true;
}

void EventStream::OnWriteDone(bool ok) {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) broken_ = true;
  Pump();
}

void EventStream::OnCancel() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  broken_ = true;
  EndInput(absl::CancelledError("the caller has gone"));
  Pump();
}

void EventStream::Drain() {
  absl::MutexLock lock(&mutex_);
  EndInput(Unavailable("SERVER_STOPPING", "the server stops; what was acknowledged is stored"));
  Pump();
}

void EventStream::OnDone() { const auto last = std::move(self_); }

}  // namespace rapport::server
