// SPDX-License-Identifier: Apache-2.0
#include "server/metric_gauges.h"

#include <string>

#include "lib/base/calendar.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "server/metric_reader.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr int kDays = 30;

struct Gauges {
  prometheus::MetricFamily value{
      .name = "rapport_metric_value",
      .help = "Value of a metric over the 30 days up to the generation, in its own unit.",
      .type = prometheus::MetricType::Gauge,
      .metric = {}};
  prometheus::MetricFamily sample{.name = "rapport_metric_sample_size",
                                  .help = "Observations behind rapport_metric_value.",
                                  .type = prometheus::MetricType::Gauge,
                                  .metric = {}};
};

void Add(prometheus::MetricFamily& family, const std::string& workspace, const std::string& metric,
         double value) {
  prometheus::ClientMetric& one = family.metric.emplace_back();
  one.label = {{"workspace", workspace}, {"metric", metric}};
  one.gauge.value = value;
}

// A metric that the workspace does not know, or that has no value, is left out.
void AddMetric(MetricReader& reader, const ReadPoint& at, const std::string& metric,
               Gauges& gauges) {
  if (!reader.Find(metric).ok()) return;
  const CivilDays today = at.scope.settings.calendar.DayOf(at.as_of());
  v1::QueryMetricRequest request;
  request.set_parent(FormatWorkspaceName(at.scope.id));
  request.set_metric(metric);
  request.set_start_date(FormatDate(today - kDays + 1));
  request.set_end_date(FormatDate(today + 1));
  request.set_view(v1::VIEW_NIGHTLY);
  const auto answer = reader.Query(request);
  if (!answer.ok()) {
    Log(LogLevel::kWarning, "metric is not exported",
        {{"metric", metric}, {"error", answer.status().ToString()}});
    return;
  }
  if (answer->total().points_size() != 1) return;
  const v1::MetricPoint& point = answer->total().points(0);
  if (point.has_value()) Add(gauges.value, at.scope.id, metric, point.value());
  Add(gauges.sample, at.scope.id, metric, static_cast<double>(point.sample_size()));
}

void AddWorkspace(Env& env, const std::string& id, const store::GenerationHandle& generation,
                  Gauges& gauges) {
  const auto scope = env.workspaces.Find(id);
  if (!scope.ok()) return;
  const CallContext call(env);
  const ReadPoint at{env, **scope, generation, v1::VIEW_NIGHTLY, call.now()};
  auto reader = MetricReader::Open(call, at);
  if (!reader.ok()) return;
  for (const std::string& metric : env.config.export_metrics()) {
    AddMetric(*reader, at, metric, gauges);
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> MetricGauges::Collect() const {
  const store::GenerationHandle generation = env_.serving.Current();
  if (generation == nullptr || env_.config.export_metrics().empty()) return {};
  absl::MutexLock lock(&mutex_);
  if (generation_ == generation->generation()) return families_;
  Gauges gauges;
  for (const store::v1::WorkspaceRecord& record : env_.engine.Workspaces()) {
    const std::string& name = record.workspace().name();
    AddWorkspace(env_, name.substr(name.rfind('/') + 1), generation, gauges);
  }
  generation_ = generation->generation();
  families_ = {gauges.value, gauges.sample};
  return families_;
}

}  // namespace rapport::server
