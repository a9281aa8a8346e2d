// SPDX-License-Identifier: Apache-2.0
#include "server/alert_stream.h"

#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/call.h"
#include "server/resource_name.h"

namespace rapport::server {

AlertStream* AlertStream::Start(CallContext call, const v1::WatchAlertsRequest& request) {
  std::shared_ptr<AlertStream> stream(new AlertStream(std::move(call)));
  stream->self_ = stream;
  absl::Status status = stream->call_.Admit();
  if (status.ok()) status = stream->Open(request);
  {
    absl::MutexLock lock(&stream->mutex_);
    if (!status.ok()) {
      stream->End(std::move(status));
      return stream.get();
    }
    stream->ReadSoon();
  }
  stream->call_.env().serving.Watch(stream);
  stream->call_.env().streams.Join(stream);
  // A generation that came between the first look and Watch is not missed.
  stream->OnGeneration();
  return stream.get();
}

absl::Status AlertStream::Open(const v1::WatchAlertsRequest& request) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call_.env().workspaces.FromName(request.parent(), "parent"));
  workspace_no_ = scope->workspace_no;
  if (request.after().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ChildName after, ParseChildName(request.after(), "alerts", "after"));
  if (after.workspace != scope->id) {
    return InvalidField("after", "OTHER_WORKSPACE", Cat("must be an alert of ", request.parent()));
  }
  ASSIGN_OR_RETURN(const auto rows, ReadAlerts(call_, {.generation = call_.env().serving.Current(),
                                                       .workspace_no = workspace_no_}));
  absl::MutexLock lock(&mutex_);
  for (const AlertRow& row : rows) {
    if (row.alert.name() == request.after()) last_key_ = row.key;
  }
  return last_key_.empty() ? NotFound(request.after()) : absl::OkStatus();
}

void AlertStream::ReadSoon() {
  if (ended_) return;
  if (reading_) {
    read_again_ = true;
    return;
  }
  reading_ = true;
  WorkPool::Work work = [keep = shared_from_this()] { keep->ReadNow(); };
  if (call_.env().pool.Run(work)) return;
  reading_ = false;
  End(ResourceExhausted("SERVER_BUSY", "too many calls wait"));
}

void AlertStream::ReadNow() {
  std::string before;
  {
    absl::MutexLock lock(&mutex_);
    before = last_key_;
  }
  auto rows = ReadAlerts(call_, {.generation = call_.env().serving.Current(),
                                 .workspace_no = workspace_no_,
                                 .before = std::move(before)});
  absl::MutexLock lock(&mutex_);
  reading_ = false;
  if (!rows.ok()) return End(rows.status());
  for (auto row = rows->rbegin(); row != rows->rend(); ++row) {
    queue_.push_back(std::move(row->alert));
    last_key_ = std::move(row->key);
  }
  if (std::exchange(read_again_, false)) ReadSoon();
  Pump();
}

void AlertStream::Pump() {
  if (finished_ || writing_) return;
  if (ended_) {
    if (reading_) return;  // ReadNow comes back here.
    finished_ = true;
    Finish(CloseCall(call_, end_));
    return;
  }
  if (queue_.empty()) return;
  *response_.mutable_alert() = std::move(queue_.front());
  queue_.pop_front();
  writing_ = true;
  StartWrite(&response_);
}

void AlertStream::End(absl::Status status) {
  if (ended_) return Pump();
  ended_ = true;
  end_ = std::move(status);
  queue_.clear();
  Pump();
}

void AlertStream::OnWriteDone(bool ok) {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) return End(absl::CancelledError("the caller has gone"));
  Pump();
}

void AlertStream::OnCancel() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  End(absl::CancelledError("the caller has gone"));
}

void AlertStream::Drain() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  End(Unavailable("SERVER_STOPPING", "the server stops; watch again"));
}

void AlertStream::OnGeneration() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  ReadSoon();
}

void AlertStream::OnDone() { const auto last = std::move(self_); }

}  // namespace rapport::server
