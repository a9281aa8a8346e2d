// SPDX-License-Identifier: Apache-2.0
#include "server/transition_stream.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/times.h"
#include "server/transition_diff.h"

namespace rapport::server {
namespace {

constexpr std::string_view kMethod = "WatchTransitions";

// The generation of a number if it is still stored.
store::GenerationHandle Find(const Env& env, uint64_t number) {
  for (const store::GenerationHandle& known : env.generations.List()) {
    if (known->generation() == number) return known;
  }
  return nullptr;
}

absl::Status BadToken() {
  return InvalidField("resume_token", "BAD_PAGE_TOKEN", "is not one of this request's");
}

}  // namespace

TransitionStream* TransitionStream::Start(CallContext call,
                                          const v1::WatchTransitionsRequest& request) {
  std::shared_ptr<TransitionStream> stream(new TransitionStream(std::move(call)));
  stream->self_ = stream;
  absl::Status status = stream->call_.Admit();
  if (status.ok()) status = stream->Open(request);
  {
    absl::MutexLock lock(&stream->mutex_);
    if (!status.ok()) {
      stream->End(std::move(status));
      return stream.get();
    }
    stream->Pump();
  }
  stream->call_.env().serving.Watch(stream);
  stream->call_.env().streams.Join(stream);
  // A generation that came between the first look and Watch is not missed.
  stream->OnGeneration();
  return stream.get();
}

absl::Status TransitionStream::Open(const v1::WatchTransitionsRequest& request) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call_.env().workspaces.FromName(request.parent(), "parent"));
  if (!v1::LifecycleStage_IsValid(request.to_stage())) {
    return InvalidField("to_stage", "UNKNOWN_VALUE", "is not known");
  }
  workspace_ = scope->id;
  request_ = request;
  request_.clear_resume_token();
  bound_ = request_.SerializeAsString();
  Place place;
  if (!request.resume_token().empty()) {
    ASSIGN_OR_RETURN(place, ReadToken(request.resume_token()));
    absl::MutexLock lock(&mutex_);
    place_ = std::move(place);
    return absl::OkStatus();
  }
  place.base = call_.env().serving.Current();
  v1::WatchTransitionsResponse first;
  first.set_generation_end(true);
  if (place.base != nullptr) {
    place.base_no = place.base->generation();
    place.base_as_of = place.base->as_of_micros();
    first.set_generation(FormatGenerationName(place.base_no));
    SetTime(place.base_as_of, first.mutable_as_of());
  }
  first.set_resume_token(TokenOf(place));
  absl::MutexLock lock(&mutex_);
  place_ = std::move(place);
  message_ = std::move(first);
  return absl::OkStatus();
}

std::string TransitionStream::TokenOf(const Place& place) const {
  std::string position;
  PutVarint(position, place.base_no);
  PutSigned(position, place.base_as_of);
  PutVarint(position, place.target == nullptr ? 0 : place.target->generation());
  position += place.after;
  return EncodePageToken(kMethod, bound_, position);
}

absl::StatusOr<TransitionStream::Place> TransitionStream::ReadToken(
    const std::string& token) const {
  const auto decoded = DecodePageToken(token, kMethod, bound_);
  if (!decoded.ok()) return BadToken();
  std::string_view position = *decoded;
  uint64_t base = 0, as_of = 0, target = 0;
  if (!GetVarint(position, base) || !GetVarint(position, as_of) || !GetVarint(position, target)) {
    return BadToken();
  }
  Place place;
  place.base_no = static_cast<uint32_t>(base);
  place.base_as_of = UnZigZag(as_of);
  if (base != 0) place.base = Find(call_.env(), base);
  if (target != 0) place.target = Find(call_.env(), target);
  if (place.target != nullptr) place.after = std::string(position);
  return place;
}

absl::StatusOr<std::optional<TransitionStream::Message>> TransitionStream::Next(
    const Place& place) const {
  Message message{{}, place};
  Place& then = message.place;
  if (then.target == nullptr) then.target = call_.env().serving.Current();
  if (then.target == nullptr || then.target->generation() == place.base_no) {
    return std::optional<Message>();
  }
  ASSIGN_OR_RETURN(const ScopeHandle scope, call_.env().workspaces.Find(workspace_));
  TransitionDiff diff;
  diff.workspace_no = scope->workspace_no;
  diff.target = then.target;
  diff.base = place.base;
  if (place.base == nullptr) diff.base_as_of = place.base_as_of;
  diff.to_stage = request_.to_stage();
  ASSIGN_OR_RETURN(TransitionDiffPage page, ReadTransitionDiff(call_, diff, place.after));
  v1::WatchTransitionsResponse& response = message.response;
  response.set_generation(FormatGenerationName(then.target->generation()));
  SetTime(then.target->as_of_micros(), response.mutable_as_of());
  for (size_t i = 0; i < page.transitions.size(); ++i) {
    const CustomerNo survivor = scope->directory->Resolve(page.customers[i]);
    page.transitions[i].set_customer(CustomerResource(*scope, survivor));
    *response.add_transitions() = std::move(page.transitions[i]);
  }
  response.set_generation_end(page.next.empty());
  then.after = std::move(page.next);
  if (response.generation_end()) {
    then.base_no = then.target->generation();
    then.base_as_of = then.target->as_of_micros();
    then.base = std::exchange(then.target, nullptr);
  }
  response.set_resume_token(TokenOf(then));
  return std::optional<Message>(std::move(message));
}

void TransitionStream::ReadSoon() {
  // What is written comes back here when it is done.
  if (ended_ || message_.has_value()) return;
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

void TransitionStream::ReadNow() {
  Place place;
  {
    absl::MutexLock lock(&mutex_);
    place = place_;
  }
  auto next = Next(place);
  absl::MutexLock lock(&mutex_);
  reading_ = false;
  if (!next.ok()) return End(next.status());
  if (next->has_value()) {
    place_ = std::move((*next)->place);
    message_ = std::move((*next)->response);
  }
  if (std::exchange(read_again_, false)) ReadSoon();
  Pump();
}

void TransitionStream::Pump() {
  if (finished_ || writing_) return;
  if (ended_) {
    if (reading_) return;  // ReadNow comes back here.
    finished_ = true;
    Finish(CloseCall(call_, end_));
    return;
  }
  if (!message_.has_value()) return;
  writing_ = true;
  StartWrite(&*message_);
}

void TransitionStream::End(absl::Status status) {
  if (!ended_) {
    ended_ = true;
    end_ = std::move(status);
  }
  Pump();
}

void TransitionStream::OnWriteDone(bool ok) {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  message_.reset();
  if (!ok) return End(absl::CancelledError("the caller has gone"));
  ReadSoon();
  Pump();
}

void TransitionStream::OnCancel() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  End(absl::CancelledError("the caller has gone"));
}

void TransitionStream::Drain() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  End(Unavailable("SERVER_STOPPING", "the server stops; watch again"));
}

void TransitionStream::OnGeneration() {
  const auto keep = shared_from_this();
  absl::MutexLock lock(&mutex_);
  ReadSoon();
}

void TransitionStream::OnDone() { const auto last = std::move(self_); }

}  // namespace rapport::server
