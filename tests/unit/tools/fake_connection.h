// SPDX-License-Identifier: Apache-2.0
// A server in memory for commands: answers by method from text protos, remembers the
// requests, and takes streams like the real one: by event id, once.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/text_format.h"
#include "lib/base/text.h"
#include "tools/rapportctl/client.h"

namespace rapport::ctl {

// What outlives a connection.
struct FakeServer {
  std::map<std::string, std::string, std::less<>> answers;  // Method to text proto.
  std::map<std::string, absl::Status, std::less<>> errors;
  std::vector<std::pair<std::string, std::string>> requests;  // Method, text proto.

  std::set<std::string> stored;       // Event ids.
  std::set<std::string> refused_ids;  // Refused with BAD.
  int streams = 0;
  int batches = 0;
  int break_every = 0;       // A stream breaks after this many batches; 0 never.
  bool lose_ack = false;     // The batch before the break is stored but not acknowledged.
  absl::Status final_error;  // Ends every stream at once when not OK.
};

class FakeStream final : public EventStream {
 public:
  explicit FakeStream(FakeServer& server) : server_(server), broken_(!server.final_error.ok()) {
    ++server.streams;
  }
  bool Write(const v1::StreamEventsRequest& batch) override {
    const std::lock_guard lock(mutex_);
    if (broken_) return false;
    ++server_.batches;
    v1::StreamEventsResponse ack = Store(batch);
    ++here_;
    broken_ = server_.break_every > 0 && here_ >= server_.break_every;
    if (!(broken_ && server_.lose_ack)) acks_.push_back(std::move(ack));
    changed_.notify_all();
    return true;
  }
  void WritesDone() override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  bool Read(v1::StreamEventsResponse& ack) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !acks_.empty() || broken_ || done_; });
    if (acks_.empty()) return false;
    ack = std::move(acks_.front());
    acks_.pop_front();
    return true;
  }
  absl::Status Finish() override {
    if (!server_.final_error.ok()) return server_.final_error;
    return broken_ ? absl::UnavailableError("broken") : absl::OkStatus();
  }
  void Cancel() override {
    const std::lock_guard lock(mutex_);
    broken_ = true;
    changed_.notify_all();
  }

 private:
  v1::StreamEventsResponse Store(const v1::StreamEventsRequest& batch) {
    v1::StreamEventsResponse ack;
    ack.set_batch_id(batch.batch_id());
    for (int i = 0; i < batch.events_size(); ++i) {
      const std::string& id = batch.events(i).event_id();
      if (server_.refused_ids.contains(id)) {
        auto* rejected = ack.add_rejected();
        rejected->set_index(i);
        rejected->set_event_id(id);
        rejected->set_field("order.amount");
        rejected->set_reason("BAD");
        rejected->set_message("is refused");
      } else if (server_.stored.insert(id).second) {
        ack.set_accepted_count(ack.accepted_count() + 1);
      } else {
        ack.set_duplicate_count(ack.duplicate_count() + 1);
      }
    }
    return ack;
  }

  FakeServer& server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::StreamEventsResponse> acks_;
  int here_ = 0;
  bool broken_ = false;
  bool done_ = false;
};

class FakeConnection final : public Connection {
 public:
  explicit FakeConnection(FakeServer& server) : server_(server) {}
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response) override {
    server_.requests.emplace_back(method, request.ShortDebugString());
    const auto error = server_.errors.find(method);
    if (error != server_.errors.end()) return error->second;
    const auto answer = server_.answers.find(method);
    if (answer == server_.answers.end()) return absl::UnimplementedError(ToAbsl(method));
    if (google::protobuf::TextFormat::ParseFromString(answer->second, &response)) {
      return absl::OkStatus();
    }
    return absl::InternalError("the test's answer is no text proto");
  }
  std::unique_ptr<EventStream> StreamEvents() override {
    return std::make_unique<FakeStream>(server_);
  }
  // The answer is a text proto of ListAlertsResponse.
  absl::Status WatchAlerts(const v1::WatchAlertsRequest& request, bool limited,
                           ShowAlert show) override {
    v1::ListAlertsResponse alerts;
    const absl::Status status = Call("ReferenceService/WatchAlerts", request, alerts);
    if (!status.ok()) return status;
    for (const v1::Alert& alert : alerts.alerts()) {
      if (const absl::Status shown = show(alert); !shown.ok()) return shown;
    }
    return limited ? absl::DeadlineExceededError("over") : absl::UnavailableError("stopped");
  }
  // The answer is a text proto of one message.
  absl::Status WatchTransitions(const v1::WatchTransitionsRequest& request, bool limited,
                                ShowTransitions show) override {
    v1::WatchTransitionsResponse message;
    const absl::Status status = Call("CohortService/WatchTransitions", request, message);
    if (!status.ok()) return status;
    if (const absl::Status shown = show(message); !shown.ok()) return shown;
    return limited ? absl::DeadlineExceededError("over") : absl::UnavailableError("stopped");
  }

 private:
  FakeServer& server_;
};

}  // namespace rapport::ctl
