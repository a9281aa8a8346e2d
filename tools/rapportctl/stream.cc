// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/stream.h"

#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

bool Retryable(const absl::Status& status) {
  // A server that drains ends streams with OK, CANCELLED or UNAVAILABLE.
  return status.ok() || status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kCancelled;
}

}  // namespace

EventSender::EventSender(Connection& connection, SendOptions options, OnAck on_ack)
    : connection_(connection), options_(std::move(options)), on_ack_(std::move(on_ack)) {}

EventSender::~EventSender() {
  if (stream_ == nullptr) return;
  stream_->Cancel();
  Close().IgnoreError();
}

absl::Status EventSender::Send(v1::StreamEventsRequest batch) {
  RETURN_IF_ERROR(Drain(options_.window));
  batch.set_batch_id(next_batch_id_++);
  batch.set_parent(options_.workspace);
  in_flight_.push_back(std::move(batch));
  if (stream_ == nullptr) Open();
  return stream_->Write(in_flight_.back()) ? absl::OkStatus() : Recover();
}

absl::Status EventSender::Finish() {
  RETURN_IF_ERROR(Drain(1));
  if (stream_ == nullptr) return absl::OkStatus();
  stream_->WritesDone();
  return Close();
}

void EventSender::Open() {
  {
    std::lock_guard lock(mutex_);
    acks_.clear();
    ended_ = false;
  }
  stream_ = connection_.StreamEvents();
  reader_ = std::thread([this] { ReadAcks(); });
}

absl::Status EventSender::Close() {
  reader_.join();
  const absl::Status status = stream_->Finish();
  stream_.reset();
  return status;
}

void EventSender::ReadAcks() {
  v1::StreamEventsResponse ack;
  while (stream_->Read(ack)) {
    {
      std::lock_guard lock(mutex_);
      acks_.push_back(std::move(ack));
    }
    heard_.notify_one();
    ack.Clear();
  }
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  heard_.notify_one();
}

absl::Status EventSender::Drain(size_t limit) {
  while (true) {
    std::deque<v1::StreamEventsResponse> acks;
    bool ended = false;
    {
      std::unique_lock lock(mutex_);
      const bool must_wait = in_flight_.size() >= limit;
      if (must_wait && stream_ != nullptr) {
        heard_.wait(lock, [this] { return !acks_.empty() || ended_; });
      }
      acks.swap(acks_);
      ended = ended_;
    }
    for (const auto& ack : acks) RETURN_IF_ERROR(TakeAck(ack));
    if (in_flight_.size() < limit) return absl::OkStatus();
    if (acks.empty() && ended) RETURN_IF_ERROR(Recover());
  }
}

// Called when a write failed or reading ended, so the call is over and Close() does not
// wait. When the new stream breaks too, Drain comes back here.
absl::Status EventSender::Recover() {
  while (true) {
    std::deque<v1::StreamEventsResponse> acks;
    const absl::Status status = Close();
    {
      std::lock_guard lock(mutex_);
      acks.swap(acks_);
    }
    for (const auto& ack : acks) RETURN_IF_ERROR(TakeAck(ack));
    if (!Retryable(status)) return status;
    if (++failures_ > options_.retries) {
      return status.ok() ? Unavailable("STREAM_BROKEN", "the stream ended early") : status;
    }
    absl::SleepFor(
        std::min(options_.first_pause * (1 << std::min(failures_ - 1, 5)), absl::Seconds(5)));
    Open();
    const auto sent = [this](const auto& batch) { return stream_->Write(batch); };
    if (std::all_of(in_flight_.begin(), in_flight_.end(), sent)) return absl::OkStatus();
  }
}

absl::Status EventSender::TakeAck(const v1::StreamEventsResponse& ack) {
  if (in_flight_.empty() || in_flight_.front().batch_id() != ack.batch_id()) {
    return Internal(Cat("acknowledgement of batch ", ack.batch_id(), " out of order"));
  }
  failures_ = 0;
  totals_.accepted += ack.accepted_count();
  totals_.duplicates += ack.duplicate_count();
  totals_.rejected += ack.rejected_size();
  ++totals_.batches;
  if (on_ack_) on_ack_(in_flight_.front(), ack);
  in_flight_.pop_front();
  return absl::OkStatus();
}

}  // namespace rapport::ctl
