// SPDX-License-Identifier: Apache-2.0
// The empty server: the cost of gRPC alone, through the same callback API as the real one.
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <string>

#include "bench/options.h"
#include "echo.grpc.pb.h"

namespace rapport::bench {
namespace {

class StreamReactor final
    : public grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse> {
 public:
  StreamReactor() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    bool finish = false;
    {
      const std::lock_guard lock(mutex_);
      if (!ok) {
        reading_ = false;
        finish = waiting_.empty();
      } else {
        v1::StreamEventsResponse ack;
        ack.set_batch_id(request_.batch_id());
        ack.set_accepted_count(request_.events_size());
        waiting_.push_back(std::move(ack));
        if (waiting_.size() == 1) StartWrite(&waiting_.front());
      }
    }
    if (ok) StartRead(&request_);
    if (finish) Finish(grpc::Status::OK);
  }

  void OnWriteDone(bool ok) override {
    bool finish = false;
    {
      const std::lock_guard lock(mutex_);
      waiting_.pop_front();
      if (!ok) waiting_.clear();
      if (!waiting_.empty()) StartWrite(&waiting_.front());
      finish = waiting_.empty() && !reading_;
    }
    if (finish) Finish(grpc::Status::OK);
  }

  void OnDone() override { delete this; }

 private:
  std::mutex mutex_;
  v1::StreamEventsRequest request_;
  std::deque<v1::StreamEventsResponse> waiting_;  // The first one is being written.
  bool reading_ = true;
};

class EchoService final : public Echo::CallbackService {
 public:
  explicit EchoService(int64_t reply_bytes) {
    reply_.set_payload(std::string(static_cast<size_t>(reply_bytes), 'x'));
  }
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const Blob*,
                                Blob* reply) override {
    reply->set_payload(reply_.payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>* Stream(
      grpc::CallbackServerContext*) override {
    return new StreamReactor;
  }

 private:
  Blob reply_;
};

int Main(const Options& options) {
  EchoService service(options.Number("reply_bytes", 1000));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:" + options.Text("port", "0"),
                           grpc::InsecureServerCredentials(), &port);
  const std::string socket = options.Text("unix", "");
  if (!socket.empty()) {
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  }
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("port %d\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace rapport::bench

int main(int argc, char** argv) {
  return rapport::bench::Main(rapport::bench::Options(argc, argv, 1));
}
