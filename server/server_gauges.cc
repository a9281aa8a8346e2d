// SPDX-License-Identifier: Apache-2.0
#include "server/server_gauges.h"

#include <unistd.h>

#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace rapport::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Gauge(const char* name, const char* help, double value) {
  MetricFamily family{.name = name, .help = help, .type = MetricType::Gauge, .metric = {}};
  family.metric.emplace_back().gauge.value = value;
  return family;
}

void AddOutcome(MetricFamily& family, const std::string& workspace, const char* outcome,
                int64_t events) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = {{"workspace", workspace}, {"outcome", outcome}};
  metric.counter.value = static_cast<double>(events);
}

MetricFamily Events(const Env& env) {
  MetricFamily family{.name = "rapport_events_total",
                      .help = "Events taken in since the start, by workspace and outcome.",
                      .type = MetricType::Counter,
                      .metric = {}};
  for (const store::v1::WorkspaceRecord& record : env.engine.Workspaces()) {
    const std::string& name = record.workspace().name();
    const std::string id = name.substr(name.rfind('/') + 1);
    const events::QualityCounts counts = env.engine.Quality(record.workspace_no());
    int64_t rejected = 0;
    for (const v1::RejectionCount& rejection : counts.rejections) {
      rejected += rejection.event_count();
    }
    AddOutcome(family, id, "accepted", counts.accepted);
    AddOutcome(family, id, "duplicate", counts.duplicates);
    AddOutcome(family, id, "rejected", rejected);
  }
  return family;
}

MetricFamily StoreBytes(const Env& env) {
  MetricFamily family{.name = "rapport_store_bytes",
                      .help = "Bytes on disk by part of the store.",
                      .type = MetricType::Gauge,
                      .metric = {}};
  for (const store::PartSize& size : env.store.Sizes()) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"part", size.part}};
    metric.gauge.value = static_cast<double>(size.size_bytes);
  }
  return family;
}

}  // namespace

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

std::vector<MetricFamily> ServerGauges::Collect() const {
  const auto number = [](auto value) { return static_cast<double>(value); };
  std::vector<MetricFamily> families = {Events(env_), StoreBytes(env_)};
  const auto add = [&](const char* name, const char* help, double value) {
    families.push_back(Gauge(name, help, value));
  };
  add("rapport_tail_events", "Events since the last seal, in memory.",
      number(env_.engine.tail_event_count()));
  add("rapport_customers", "Customers over all workspaces.", number(env_.engine.customer_count()));
  add("rapport_remembered_event_ids", "Event ids remembered for de-duplication.",
      number(env_.engine.remembered_id_count()));
  add("rapport_events_under_way", "Events handed in and not yet acknowledged.",
      number(env_.events_under_way.load()));
  add("rapport_log_sequence", "Last sequence of the event log.", number(env_.store.log().last()));
  add("rapport_worker_queue", "Long calls that wait for a thread.", number(env_.pool.waiting()));
  add("rapport_resident_bytes", "Resident memory of the server.", number(ResidentBytes()));
  const store::GenerationHandle generation = env_.serving.Current();
  const bool has = generation != nullptr;
  add("rapport_generation", "Number of the generation that answers; 0 before the first.",
      has ? number(generation->generation()) : 0);
  add("rapport_generation_as_of_seconds", "Unix time up to which nightly answers count.",
      has ? number(generation->as_of_micros()) / 1e6 : 0);
  add("rapport_sealed_log_sequence", "Last log sequence inside the generation.",
      has ? number(generation->log_sequence()) : 0);
  return families;
}

}  // namespace rapport::server
