// SPDX-License-Identifier: Apache-2.0
#include "server/services/metric_stream.h"

#include <iterator>
#include <utility>

#include "lib/base/errors.h"
#include "server/call.h"
#include "server/services/metric_questions.h"

namespace rapport::server {

MetricStream* MetricStream::Start(CallContext call, const v1::StreamMetricRequest& request) {
  std::shared_ptr<MetricStream> stream(new MetricStream(std::move(call)));
  stream->self_ = stream;
  absl::Status status = stream->call_.Admit();
  if (status.ok()) {
    WorkPool::Work work = [stream, request] { stream->Make(request); };
    if (stream->call_.env().pool.Run(work)) return stream.get();
    status = ResourceExhausted("SERVER_BUSY", "too many calls wait");
  }
  absl::MutexLock lock(&stream->mutex_);
  stream->End(status);
  return stream.get();
}

void MetricStream::Make(const v1::StreamMetricRequest& request) {
  auto parts = StreamParts(call_, request);
  absl::MutexLock lock(&mutex_);
  if (!parts.ok()) return End(parts.status());
  parts_.assign(std::make_move_iterator(parts->begin()), std::make_move_iterator(parts->end()));
  Pump();
}

void MetricStream::Pump() {
  if (parts_.empty()) return End(absl::OkStatus());
  StartWrite(&parts_.front());
}

void MetricStream::End(const absl::Status& status) { Finish(CloseCall(call_, status)); }

void MetricStream::OnWriteDone(bool ok) {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  if (!ok) return End(absl::CancelledError("the caller has gone"));
  parts_.pop_front();
  Pump();
}

void MetricStream::OnDone() { const auto last = std::move(self_); }

}  // namespace rapport::server
