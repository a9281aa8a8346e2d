// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/rocks_store.h"
#include "prometheus/exposer.h"
#include "server/env.h"
#include "server/generation_metrics.h"
#include "server/listeners.h"
#include "server/metric_gauges.h"
#include "server/server_gauges.h"
#include "server/services/admin_service.h"
#include "server/services/cohort_service.h"
#include "server/services/customer_service.h"
#include "server/services/event_service.h"
#include "server/services/feedback_service.h"
#include "server/services/framework_service.h"
#include "server/services/journey_service.h"
#include "server/services/metric_service.h"
#include "server/services/reference_service.h"
#include "server/services/segment_service.h"
#include "server/services/value_service.h"

namespace rapport::server {
namespace {

constexpr int kMaxMessageBytes = 32 << 20;
constexpr size_t kMaxWaitingCalls = 1000;

// gRPC keeps these choices per process, for every server built later.
void EnableDiagnostics() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

std::string Addresses(const Config& config) {
  std::string addresses = config.unix_socket();
  for (const std::string& address : config.listen()) {
    addresses += Cat(addresses.empty() ? "" : ",", address);
  }
  return addresses;
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(const Config& config) {
  const std::string folder = Publishing::StoreFolder(config.data_dir());
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Unavailable("STORE_UNWRITABLE", Cat(folder, ": ", error.message()));
  store::RocksOptions options;
  options.sync = config.sync() == store::v1::SYNC_MODE_PROCESS_CRASH
                     ? store::SyncPolicy::kProcessCrash
                     : store::SyncPolicy::kPowerLoss;
  options.cache_bytes = static_cast<uint64_t>(config.cache_mb()) << 20;
  return store::OpenRocksStore(folder, options);
}

}  // namespace

// Members are destroyed from the last to the first: listeners before what they use.
struct Server::State {
  explicit State(ServerOptions options)
      : config(std::move(options.config)),
        clock(options.clock == nullptr ? &system_clock : options.clock) {}

  absl::Status Open();
  absl::Status Listen();
  absl::Status ExposeMetrics();
  absl::Status CheckBound() const;

  Config config;
  SystemClock system_clock;
  const Clock* clock;
  Auth auth;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Generations> generations;
  std::unique_ptr<events::Engine> engine;
  std::unique_ptr<Workspaces> workspaces;
  std::unique_ptr<Serving> serving;
  std::unique_ptr<Publishing> publishing;
  std::unique_ptr<RunBook> runs;
  std::unique_ptr<RequestLog> request_log;
  Streams streams;
  MetricStore metric_store;
  std::shared_ptr<CallMetrics> metrics = std::make_shared<CallMetrics>();
  std::shared_ptr<ServerGauges> gauges;
  std::shared_ptr<MetricGauges> metric_gauges;
  std::unique_ptr<Env> env;
  std::unique_ptr<WorkPool> pool;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::vector<int> ports;
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<prometheus::Exposer> exposer;
};

absl::Status Server::State::Open() {
  ASSIGN_OR_RETURN(auth, Auth::FromConfig(config));
  ASSIGN_OR_RETURN(store, OpenStore(config));
  ASSIGN_OR_RETURN(generations, store::Generations::Open(*store));
  events::EngineOptions options;
  options.id_horizon_days = config.id_horizon_days();
  ASSIGN_OR_RETURN(engine, events::Engine::Open(*store, *generations, *clock, options));
  workspaces = std::make_unique<Workspaces>(*engine, *store);
  serving = std::make_unique<Serving>(*generations, *engine);
  publishing = std::make_unique<Publishing>(
      Publishing::Parts{*store, *generations, *engine, *serving, *clock}, config.data_dir());
  runs = std::make_unique<RunBook>(*store);
  request_log =
      std::make_unique<RequestLog>(config.log_requests(), int64_t{config.slow_call_ms()} * 1000);
  pool = std::make_unique<WorkPool>(config.worker_threads(), kMaxWaitingCalls);
  env.reset(new Env{config, *clock, *store, *generations, *engine, auth, *workspaces, *serving,
                    *publishing, *runs, *pool, *metrics, *request_log, streams, metric_store});
  gauges = std::make_shared<ServerGauges>(*env);
  metric_gauges = std::make_shared<MetricGauges>(*env);
  return absl::OkStatus();
}

absl::Status Server::State::Listen() {
  EnableDiagnostics();
  if (config.channelz() || ListensLocally(config)) {
    grpc::channelz::experimental::InitChannelzService();
  }
  services.push_back(NewEventService(*env));
  services.push_back(NewCustomerService(*env));
  services.push_back(NewMetricService(*env));
  services.push_back(NewReferenceService(*env));
  services.push_back(NewFeedbackService(*env));
  services.push_back(NewValueService(*env));
  services.push_back(NewCohortService(*env));
  services.push_back(NewFrameworkService(*env));
  services.push_back(NewJourneyService(*env));
  services.push_back(NewSegmentService(*env));
  services.push_back(NewAdminService(*env));
  grpc::ServerBuilder builder;
  RETURN_IF_ERROR(AddListeners(config, builder, &ports));
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  for (const auto& service : services) builder.RegisterService(service.get());
  grpc_server = builder.BuildAndStart();
  RETURN_IF_ERROR(CheckBound());
  if (!config.unix_socket().empty() && config.insecure()) {
    // Whoever can connect is admin: only the server's own user may.
    chmod(config.unix_socket().c_str(), S_IRUSR | S_IWUSR);
  }
  if (!ListensLocally(config) && config.tls_cert().empty()) {
    Log(LogLevel::kWarning, "tokens travel in the clear: set tls_cert and tls_key");
  }
  return absl::OkStatus();
}

absl::Status Server::State::CheckBound() const {
  for (int i = 0; i < config.listen_size(); ++i) {
    if (ports[static_cast<size_t>(i)] > 0) continue;
    return Unavailable("ADDRESS_IN_USE", Cat("cannot listen on ", config.listen(i)));
  }
  const bool socket_failed = !config.unix_socket().empty() && ports.back() <= 0;
  if (socket_failed || grpc_server == nullptr) {
    return Unavailable("ADDRESS_IN_USE", Cat("cannot listen on ", config.unix_socket()));
  }
  return absl::OkStatus();
}

absl::Status Server::State::ExposeMetrics() {
  if (config.metrics_listen().empty()) return absl::OkStatus();
  try {  // The one library here that throws.
    exposer = std::make_unique<prometheus::Exposer>(config.metrics_listen(), 1);
  } catch (const std::exception&) {
    return Unavailable("ADDRESS_IN_USE", Cat("cannot listen on ", config.metrics_listen()));
  }
  exposer->RegisterCollectable(metrics);
  exposer->RegisterCollectable(gauges);
  exposer->RegisterCollectable(metric_gauges);
  return absl::OkStatus();
}

Server::Server() = default;
Server::~Server() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  RETURN_IF_ERROR(CompleteConfig(options.config));
  std::unique_ptr<Server> server(new Server);
  server->state_ = std::make_unique<State>(std::move(options));
  State& state = *server->state_;
  RETURN_IF_ERROR(state.Open());
  RETURN_IF_ERROR(state.Listen());
  RETURN_IF_ERROR(state.ExposeMetrics());
  const store::GenerationHandle generation = state.serving->Current();
  Log(LogLevel::kInfo, "serving",
      {{"addresses", Addresses(state.config)},
       {"port", Cat(server->port())},
       {"tail_events", Cat(state.engine->tail_event_count())},
       {"generation", Cat(generation == nullptr ? 0 : generation->generation())}});
  return server;
}

int Server::port() const {
  return state_ == nullptr || state_->config.listen().empty() ? 0 : state_->ports.front();
}

int Server::metrics_port() const {
  if (state_ == nullptr || state_->exposer == nullptr) return 0;
  const std::vector<int> ports = state_->exposer->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

void Server::Shutdown() {
  if (state_ == nullptr) return;
  if (state_->grpc_server != nullptr) {
    if (auto* health = state_->grpc_server->GetHealthCheckService()) health->Shutdown();
    state_->streams.Drain();
    state_->grpc_server->Shutdown(std::chrono::system_clock::now() +
                                  std::chrono::seconds(state_->config.drain_seconds()));
    state_->grpc_server->Wait();
  }
  state_.reset();
}

}  // namespace rapport::server
