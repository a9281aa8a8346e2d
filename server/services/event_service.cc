// SPDX-License-Identifier: Apache-2.0
#include "server/services/event_service.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "rapport/v1/event_service.grpc.pb.h"
#include "server/arena_messages.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/event_stream.h"
#include "server/ingest.h"
#include "server/page_token.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

using events::EventRow;

void FillResponse(events::IngestOutcome outcome, v1::IngestEventsResponse* response) {
  response->set_accepted_count(outcome.accepted);
  response->set_duplicate_count(static_cast<int64_t>(outcome.duplicates.size()));
  for (v1::RejectedEvent& rejected : outcome.rejected) {
    *response->add_rejected() = std::move(rejected);
  }
  response->mutable_duplicate_indexes()->Add(outcome.duplicates.begin(), outcome.duplicates.end());
}

// Which rows a page of the timeline shows, and where it goes on. The position is the time
// of the last event shown and how many of that very time were shown.
struct Slice {
  TimeMicros begin = std::numeric_limits<TimeMicros>::min();
  TimeMicros end = std::numeric_limits<TimeMicros>::max();  // Exclusive.
  bool ascending = false;
  std::vector<int> types;
  size_t offset = 0;

  bool Keeps(const EventRow& row) const {
    if (row.time < begin || row.time >= end) return false;
    if (types.empty()) return true;
    const int type = row.type >= events::kCustomTypeBase ? int{v1::EVENT_TYPE_CUSTOM} : row.type;
    return std::find(types.begin(), types.end(), type) != types.end();
  }
};

absl::StatusOr<Slice> SliceOf(const v1::ListEventsRequest& request, std::string_view position) {
  Slice slice;
  slice.ascending = request.ascending();
  slice.types.assign(request.types().begin(), request.types().end());
  if (request.has_start_time()) slice.begin = MicrosOf(request.start_time());
  if (request.has_end_time()) slice.end = MicrosOf(request.end_time());
  if (slice.begin > slice.end) {
    return InvalidField("end_time", "INVERTED_RANGE", "must not be before start_time");
  }
  if (position.empty()) return slice;
  int64_t time = 0;
  uint64_t shown = 0;
  if (!GetSigned(position, time) || !GetVarint(position, shown)) return Internal("page position");
  if (slice.ascending) {
    slice.begin = std::max(slice.begin, time);
  } else {
    slice.end = std::min(slice.end, time + 1);
  }
  slice.offset = shown;
  return slice;
}

std::string NextPosition(const Slice& slice, const std::vector<events::TimelineEntry>& shown) {
  const TimeMicros time = shown.back().row.time;
  uint64_t same = 0;
  for (const auto& entry : shown) same += entry.row.time == time ? 1 : 0;
  // All of one time: those of the pages before count too.
  const bool all_same = same == shown.size();
  const bool went_on = slice.offset > 0 && time == (slice.ascending ? slice.begin : slice.end - 1);
  if (all_same && went_on) same += slice.offset;
  std::string position;
  PutSigned(position, time);
  PutVarint(position, same);
  return position;
}

std::string BoundRequest(const v1::ListEventsRequest& request) {
  v1::ListEventsRequest bound = request;
  bound.clear_page_size();
  bound.clear_page_token();
  return bound.SerializeAsString();
}

absl::StatusOr<std::vector<events::TimelineEntry>> ReadTimeline(CallContext& call,
                                                                const WorkspaceScope& scope,
                                                                CustomerNo customer_no,
                                                                const Slice& slice, size_t limit) {
  Serving::Reading reading(call.env().serving);
  return call.env().engine.Timeline(reading.generation(), scope.workspace_no, customer_no,
                                    slice.ascending, slice.offset, limit,
                                    [&](const EventRow& row) { return slice.Keeps(row); });
}

absl::Status HandleListEvents(CallContext& call, const v1::ListEventsRequest& request,
                              v1::ListEventsResponse* response) {
  constexpr std::string_view kMethod = "ListEvents";
  ASSIGN_OR_RETURN(const CustomerName parsed, ParseCustomerName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(parsed.workspace));
  ASSIGN_OR_RETURN(const CustomerNo customer_no, FindCustomer(*scope, parsed.customer));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound = BoundRequest(request);
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  ASSIGN_OR_RETURN(const Slice slice, SliceOf(request, position));
  const auto limit = static_cast<size_t>(page_size);
  // One more than shown, to know whether a page follows.
  ASSIGN_OR_RETURN(auto entries, ReadTimeline(call, *scope, customer_no, slice, limit + 1));
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  for (const events::TimelineEntry& entry : entries) {
    v1::Event* event = response->add_events();
    *event = call.env().engine.ToEvent(scope->workspace_no, entry);
    event->set_name(FormatEventName(scope->id, event->event_id()));
  }
  if (more) {
    response->set_next_page_token(EncodePageToken(kMethod, bound, NextPosition(slice, entries)));
  }
  return absl::OkStatus();
}

class EventService final : public v1::EventService::CallbackService {
 public:
  explicit EventService(Env& env) : env_(env) {
    SetMessageAllocatorFor_IngestEvents(&ingest_messages_);
  }

  // Answers from the engine's writer thread, so that no thread waits for the disk.
  grpc::ServerUnaryReactor* IngestEvents(grpc::CallbackServerContext* context,
                                         const v1::IngestEventsRequest* request,
                                         v1::IngestEventsResponse* response) override {
    CallContext call(env_, MethodNo("EventService.IngestEvents"), context);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::Status status = call.Admit();
    if (status.ok()) status = CheckBatchSize(request->events_size());
    const auto workspace = ParseWorkspaceName(request->parent(), "parent");
    if (status.ok()) status = workspace.status();
    if (!status.ok()) {
      reactor->Finish(CloseCall(call, status));
      return reactor;
    }
    WorkPool::Work submit = [this, call, request, response, reactor, id = *workspace]() mutable {
      SubmitBatch(env_, id, request->events(),
                  [call, response, reactor](events::IngestOutcome outcome) mutable {
                    const absl::Status ended = outcome.status;
                    if (ended.ok()) FillResponse(std::move(outcome), response);
                    reactor->Finish(CloseCall(call, ended));
                  });
    };
    if (!env_.crowded()) {
      submit();
    } else if (!env_.pool.Run(submit)) {
      reactor->Finish(CloseCall(call, ResourceExhausted("SERVER_BUSY", "too many calls wait")));
    }
    return reactor;
  }

  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>* StreamEvents(
      grpc::CallbackServerContext* context) override {
    CallContext call(env_, MethodNo("EventService.StreamEvents"), context);
    if (const absl::Status admitted = call.Admit(); !admitted.ok()) {
      return RefuseStream(std::move(call), admitted);
    }
    return EventStream::Start(std::move(call));
  }

  RAPPORT_UNARY(EventService, ListEvents, v1::ListEventsResponse)

 private:
  Env& env_;
  ArenaMessages<v1::IngestEventsRequest, v1::IngestEventsResponse> ingest_messages_{
      /*block_bytes=*/64 << 10};
};

}  // namespace

std::unique_ptr<grpc::Service> NewEventService(Env& env) {
  return std::make_unique<EventService>(env);
}

}  // namespace rapport::server
