// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "bench/benches.h"
#include "bench/synthetic.h"
#include "rapport/v1/event_service.pb.h"

namespace rapport::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

enum Tag : intptr_t { kStarted = 1, kWritten, kRead, kWritesDone, kFinished };
void* AsTag(Tag tag) { return reinterpret_cast<void*>(static_cast<intptr_t>(tag)); }

struct Totals {
  int64_t sent = 0, acked_batches = 0, accepted = 0, duplicates = 0, rejected = 0;
  std::vector<double> ack_ms;
};

// One stream; sends while fewer than `window` batches wait for their acknowledgement.
class StreamLoad {
 public:
  StreamLoad(const Options& options, Totals& totals)
      : window_(static_cast<size_t>(options.Number("in_flight", 8))), totals_(totals) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    grpc::GenericStub stub(grpc::CreateCustomChannel(
        options.Text("target", ""), grpc::InsecureChannelCredentials(), arguments));
    call_ = stub.PrepareCall(
        &context_, options.Text("method", "/rapport.v1.EventService/StreamEvents"), &queue_);
    call_->StartCall(AsTag(kStarted));
    Await(kStarted);
    call_->Read(&reply_, AsTag(kRead));
  }

  // Sends all and waits for their acknowledgements.
  bool Send(std::span<const grpc::ByteBuffer> messages) {
    size_t next = 0;
    bool writing = false;
    while (alive_ && (next < messages.size() || !sent_at_.empty() || writing)) {
      if (!writing && next < messages.size() && sent_at_.size() < window_) {
        sent_at_.push_back(SteadyClock::now());
        call_->Write(messages[next++], AsTag(kWritten));
        writing = true;
        continue;
      }
      const Tag tag = NextTag();
      if (tag == kWritten) writing = false;
    }
    return alive_;
  }

  grpc::Status Finish() {
    grpc::Status status;
    if (alive_) {
      call_->WritesDone(AsTag(kWritesDone));
      while (alive_) NextTag();
    }
    call_->Finish(&status, AsTag(kFinished));
    Await(kFinished);
    return status;
  }

 private:
  Tag NextTag() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    const auto which = static_cast<Tag>(reinterpret_cast<intptr_t>(tag));
    if (which == kRead) {
      if (ok) {
        TakeAck();
      } else {
        alive_ = false;
      }
    }
    return which;
  }

  void Await(Tag wanted) {
    while (NextTag() != wanted) {
    }
  }

  void TakeAck() {
    std::vector<grpc::Slice> slices;
    reply_.Dump(&slices);
    std::string bytes;
    for (const auto& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    ack_.ParseFromString(bytes);
    totals_.accepted += ack_.accepted_count();
    totals_.duplicates += ack_.duplicate_count();
    totals_.rejected += ack_.rejected_size();
    ++totals_.acked_batches;
    if (!sent_at_.empty()) {
      totals_.ack_ms.push_back(
          std::chrono::duration<double, std::milli>(SteadyClock::now() - sent_at_.front()).count());
      sent_at_.pop_front();
    }
    call_->Read(&reply_, AsTag(kRead));
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer reply_;
  v1::StreamEventsResponse ack_;
  size_t window_;
  std::deque<SteadyClock::time_point> sent_at_;
  bool alive_ = true;
  Totals& totals_;
};

std::vector<grpc::ByteBuffer> Serialize(std::span<const SyntheticEvent> events,
                                        const Options& options, int64_t first_batch) {
  const auto batch = static_cast<size_t>(options.Number("batch", 1000));
  const auto run = static_cast<uint32_t>(options.Number("run", 0));
  std::vector<grpc::ByteBuffer> messages;
  v1::StreamEventsRequest request;
  for (size_t begin = 0; begin < events.size(); begin += batch) {
    request.Clear();
    request.set_parent("workspaces/" + options.Text("workspace", "bench"));
    request.set_batch_id(first_batch++);
    for (const auto& event : events.subspan(begin, std::min(batch, events.size() - begin))) {
      ToApi(event, run, *request.add_events());
    }
    const grpc::Slice slice(request.SerializeAsString());
    messages.emplace_back(&slice, 1);
  }
  return messages;
}

void Report(Totals& totals, double wall, double cpu, double bytes, int64_t peak) {
  std::sort(totals.ack_ms.begin(), totals.ack_ms.end());
  const auto at = [&](double q) {
    if (totals.ack_ms.empty()) return 0.0;
    return totals.ack_ms[static_cast<size_t>(q * static_cast<double>(totals.ack_ms.size() - 1))];
  };
  const auto sent = static_cast<double>(totals.sent);
  std::printf(
      "{\"events_per_second\": %.0f, \"server_cpu_us\": %.3f, \"ack_p50_ms\": %.1f, "
      "\"ack_p99_ms\": %.1f, \"sent\": %lld, \"accepted\": %lld, \"duplicates\": %lld, "
      "\"rejected\": %lld, \"bytes_per_event\": %.1f, \"server_peak_bytes\": %lld}\n",
      sent / wall, cpu * 1e6 / sent, at(0.5), at(0.99), static_cast<long long>(totals.sent),
      static_cast<long long>(totals.accepted), static_cast<long long>(totals.duplicates),
      static_cast<long long>(totals.rejected), bytes / sent, static_cast<long long>(peak));
}

}  // namespace

int RunStream(const Options& options) {
  const auto customers = static_cast<uint32_t>(options.Number("customers", 100000));
  auto events = MakeEvents(customers, static_cast<double>(options.Number("events_each", 20)));
  events.resize(std::min(events.size(), static_cast<size_t>(options.Number("limit", 1ll << 40))));
  const int64_t pid = options.Number("server_pid", 0);
  Totals totals;
  StreamLoad load(options, totals);
  double wall = 0;
  double cpu = 0;
  double bytes = 0;
  // Prepared at a time, outside the clock.
  const auto prepared = static_cast<size_t>(options.Number("prepare", 1'000'000));
  bool well = true;
  for (size_t begin = 0; well && begin < events.size(); begin += prepared) {
    const std::span slice(events.data() + begin, std::min(prepared, events.size() - begin));
    const auto messages = Serialize(slice, options, static_cast<int64_t>(begin));
    for (const auto& message : messages) bytes += static_cast<double>(message.Length());
    const double cpu_before = ProcessCpuSeconds(pid);
    const auto start = SteadyClock::now();
    well = load.Send(messages);
    wall += std::chrono::duration<double>(SteadyClock::now() - start).count();
    cpu += ProcessCpuSeconds(pid) - cpu_before;
    totals.sent += static_cast<int64_t>(slice.size());
  }
  const grpc::Status status = load.Finish();
  Report(totals, wall, cpu, bytes, ProcessPeakBytes(pid));
  if (!status.ok()) std::fprintf(stderr, "stream: %s\n", status.error_message().c_str());
  return well && status.ok() ? 0 : 1;
}

}  // namespace rapport::bench
