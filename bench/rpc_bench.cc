// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/benches.h"
#include "bench/synthetic.h"
#include "rapport/v1/customer_service.pb.h"
#include "rapport/v1/journey_service.pb.h"
#include "rapport/v1/metric_service.pb.h"
#include "rapport/v1/retention.pb.h"
#include "rapport/v1/segment.pb.h"
#include "rapport/v1/segment_service.pb.h"

namespace rapport::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// One call after another; `in_flight` of these run at once over one completion queue.
struct Slot {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer reply;
  grpc::Status status;
  SteadyClock::time_point start;
};

class UnaryLoad {
 public:
  UnaryLoad(const Options& options, std::vector<grpc::ByteBuffer> requests)
      : stub_(grpc::CreateChannel(options.Text("target", ""), grpc::InsecureChannelCredentials())),
        method_(options.Text("method", "/rapport.v1.CustomerService/GetCustomer")),
        slots_(static_cast<size_t>(options.Number("in_flight", 16))),
        requests_(std::move(requests)) {}

  // Keeps the slots busy for so long; latencies of what ended are kept when asked for.
  void Run(double seconds, bool measure) {
    const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
    for (Slot& slot : slots_) Begin(slot);
    size_t running = slots_.size();
    while (running > 0) {
      void* tag = nullptr;
      bool ok = false;
      queue_.Next(&tag, &ok);
      Slot& slot = *static_cast<Slot*>(tag);
      const auto now = SteadyClock::now();
      if (!slot.status.ok()) ++failed_, last_error_ = slot.status.error_message();
      if (slot.status.ok()) last_reply_ = slot.reply;
      if (measure && slot.status.ok()) {
        latencies_.push_back(std::chrono::duration<double, std::micro>(now - slot.start).count());
        reply_bytes_ += slot.reply.Length();
      }
      if (now < end) {
        Begin(slot);
      } else {
        --running;
      }
    }
  }

  int Report(double wall_seconds, double cpu_seconds) {
    if (latencies_.empty()) {
      std::fprintf(stderr, "no call succeeded: %s\n", last_error_.c_str());
      return 1;
    }
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double q) {
      return latencies_[static_cast<size_t>(q * static_cast<double>(latencies_.size() - 1))];
    };
    const auto calls = static_cast<double>(latencies_.size());
    std::printf(
        "{\"calls_per_second\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
        "\"server_cpu_us\": %.1f, \"reply_bytes\": %.0f, \"failed\": %lld}\n",
        calls / wall_seconds, at(0.5), at(0.99), cpu_seconds * 1e6 / calls,
        static_cast<double>(reply_bytes_) / calls, static_cast<long long>(failed_));
    return failed_ == 0 ? 0 : 1;
  }

  const grpc::ByteBuffer& last_reply() const { return last_reply_; }

 private:
  void Begin(Slot& slot) {
    slot.context = std::make_unique<grpc::ClientContext>();
    slot.start = SteadyClock::now();
    const auto& request = requests_[next_++ % requests_.size()];
    slot.reader = stub_.PrepareUnaryCall(slot.context.get(), method_, request, &queue_);
    slot.reader->StartCall();
    slot.reader->Finish(&slot.reply, &slot.status, &slot);
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::string method_;
  std::vector<Slot> slots_;
  std::vector<grpc::ByteBuffer> requests_;
  size_t next_ = 0;
  std::vector<double> latencies_;
  size_t reply_bytes_ = 0;
  int64_t failed_ = 0;
  std::string last_error_;
  grpc::ByteBuffer last_reply_;
};

grpc::ByteBuffer BytesOf(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

std::vector<grpc::ByteBuffer> CustomerRequests(const Options& options) {
  const auto customers = static_cast<uint32_t>(options.Number("customers", 10000));
  const std::string parent = "workspaces/" + options.Text("workspace", "bench") + "/customers/";
  std::vector<grpc::ByteBuffer> requests;
  std::mt19937 random(1);
  for (int i = 0; i < 4096; ++i) {
    v1::GetCustomerRequest request;
    request.set_name(parent + CustomerIdOf(static_cast<uint32_t>(random() % customers)));
    requests.push_back(BytesOf(request));
  }
  return requests;
}

// Words of a list with commas.
std::vector<std::string> WordsOf(const std::string& list) {
  std::vector<std::string> words;
  std::stringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

std::vector<grpc::ByteBuffer> MetricRequests(const Options& options) {
  v1::QueryMetricRequest request;
  request.set_parent("workspaces/" + options.Text("workspace", "bench"));
  request.set_metric(options.Text("metric", "revenue"));
  request.set_start_date(options.Text("from", ""));
  request.set_end_date(options.Text("to", ""));
  request.set_filter(options.Text("filter", ""));
  for (const std::string& word : WordsOf(options.Text("group_by", ""))) request.add_group_by(word);
  v1::Granularity by = v1::GRANULARITY_UNSPECIFIED;
  v1::Granularity_Parse("GRANULARITY_" + options.Text("by", "UNSPECIFIED"), &by);
  request.set_granularity(by);
  request.set_top(static_cast<int32_t>(options.Number("top", 0)));
  return {BytesOf(request)};
}

int RunLoad(const Options& options, UnaryLoad& load) {
  const auto seconds = static_cast<double>(options.Number("seconds", 5));
  const int64_t pid = options.Number("server_pid", 0);
  load.Run(1, /*measure=*/false);
  const double cpu_before = ProcessCpuSeconds(pid);
  const auto begin = SteadyClock::now();
  load.Run(seconds, /*measure=*/true);
  const double wall = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  return load.Report(wall, ProcessCpuSeconds(pid) - cpu_before);
}

// A question of the API: its method and messages.
struct Question {
  const char* method;
  std::unique_ptr<google::protobuf::Message> request;
  std::unique_ptr<google::protobuf::Message> reply;
};

template <typename Request, typename Reply>
Question Make(const char* method) {
  return {method, std::make_unique<Request>(), std::make_unique<Reply>()};
}

Question QuestionOf(const std::string& name) {
  if (name == "retention") {
    return Make<v1::AnalyzeRetentionRequest, v1::AnalyzeRetentionResponse>(
        "/rapport.v1.CohortService/AnalyzeRetention");
  }
  if (name == "funnel") {
    return Make<v1::QueryFunnelRequest, v1::QueryFunnelResponse>(
        "/rapport.v1.JourneyService/QueryFunnel");
  }
  if (name == "rfm") {
    return Make<v1::QueryRfmGridRequest, v1::RfmGrid>("/rapport.v1.SegmentService/QueryRfmGrid");
  }
  return Make<v1::QueryMetricRequest, v1::QueryMetricResponse>(
      "/rapport.v1.MetricService/QueryMetric");
}

bool WriteReply(const grpc::ByteBuffer& bytes, google::protobuf::Message& reply,
                const std::string& path) {
  grpc::Slice slice;
  if (!bytes.DumpToSingleSlice(&slice).ok()) return false;
  if (!reply.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) return false;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(reply, &json).ok()) return false;
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  std::fputs(json.c_str(), file);
  return std::fclose(file) == 0;
}

}  // namespace

int RunUnary(const Options& options) {
  UnaryLoad load(options, CustomerRequests(options));
  return RunLoad(options, load);
}

int RunMetric(const Options& options) {
  UnaryLoad load(options, MetricRequests(options));
  return RunLoad(options, load);
}

int RunAsk(const Options& options) {
  const Question question = QuestionOf(options.Text("question", "metric"));
  if (!google::protobuf::TextFormat::ParseFromString(options.Text("request", ""),
                                                     question.request.get())) {
    return 2;
  }
  Options asked = options;
  asked.Set("method", question.method);
  UnaryLoad load(asked, {BytesOf(*question.request)});
  const int code = RunLoad(options, load);
  const std::string path = options.Text("reply_file", "");
  if (code != 0 || path.empty()) return code;
  return WriteReply(load.last_reply(), *question.reply, path) ? 0 : 1;
}

}  // namespace rapport::bench
