// SPDX-License-Identifier: Apache-2.0
#include "server/services/metric_service.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/query.h"
#include "rapport/v1/metric_service.grpc.pb.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/series_reader.h"

namespace rapport::server {
namespace {

constexpr std::string_view kNps = "nps";

absl::Status HandleListMetricDefinitions(CallContext& call,
                                         const v1::ListMetricDefinitionsRequest& request,
                                         v1::ListMetricDefinitionsResponse* response) {
  constexpr std::string_view kMethod = "ListMetricDefinitions";
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const std::string after,
                   DecodePageToken(request.page_token(), kMethod, request.parent()));
  for (const v1::MetricDefinition& definition : metrics::Definitions()) {
    if (!after.empty() && definition.metric() <= after) continue;
    if (response->definitions_size() == page_size) {
      const std::string& last = response->definitions(page_size - 1).metric();
      response->set_next_page_token(EncodePageToken(kMethod, request.parent(), last));
      break;
    }
    v1::MetricDefinition* copy = response->add_definitions();
    *copy = definition;
    copy->set_name(FormatMetricName(scope->id, definition.metric()));
  }
  return absl::OkStatus();
}

// Live unless asked otherwise; nightly needs a generation.
absl::StatusOr<v1::View> ViewOf(v1::View asked, const store::GenerationHandle& generation) {
  if (asked != v1::VIEW_NIGHTLY) return v1::VIEW_LIVE;
  if (generation == nullptr) return NoGeneration();
  return v1::VIEW_NIGHTLY;
}

void NoteMissingGeneration(const ReadPoint& at, v1::AnswerContext* context) {
  if (at.generation != nullptr) return;
  context->add_notes(
      "No nightly run yet: events since the start only, no counts of distinct customers.");
}

absl::Status HandleQueryMetric(CallContext& call, const v1::QueryMetricRequest& request,
                               v1::QueryMetricResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  if (request.metric().empty()) return InvalidField("metric", "REQUIRED", "is required");
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition,
                   metrics::FindDefinition(request.metric()));
  Serving::Reading reading(call.env().serving);
  ASSIGN_OR_RETURN(const v1::View view, ViewOf(request.view(), reading.generation()));
  const ReadPoint at{call.env(), *scope, reading.generation(), view, call.now()};
  const SeriesReader reader(call, at);
  ASSIGN_OR_RETURN(const metrics::QueryScope query, reader.ScopeFor(*definition));
  ASSIGN_OR_RETURN(*response, metrics::Query(request, query, [&](auto... arguments) {
    return reader.Read(arguments...);
  }));
  response->mutable_definition()->set_name(FormatMetricName(scope->id, definition->metric()));
  FillContext(at, response->mutable_context());
  NoteMissingGeneration(at, response->mutable_context());
  return absl::OkStatus();
}

absl::Status HandleGetNpsReport(CallContext& call, const v1::GetNpsReportRequest& request,
                                v1::NpsReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, metrics::FindDefinition(kNps));
  Serving::Reading reading(call.env().serving);
  ASSIGN_OR_RETURN(const v1::View view, ViewOf(request.view(), reading.generation()));
  const ReadPoint at{call.env(), *scope, reading.generation(), view, call.now()};
  const SeriesReader reader(call, at);
  ASSIGN_OR_RETURN(const metrics::QueryScope query, reader.ScopeFor(*definition));
  ASSIGN_OR_RETURN(*response, metrics::Nps(request, query, [&](auto... arguments) {
    return reader.Read(arguments...);
  }));
  FillContext(at, response->mutable_context());
  NoteMissingGeneration(at, response->mutable_context());
  return absl::OkStatus();
}

class MetricService final : public v1::MetricService::CallbackService {
 public:
  explicit MetricService(Env& env) : env_(env) {}
  RAPPORT_UNARY(MetricService, ListMetricDefinitions, v1::ListMetricDefinitionsResponse)
  RAPPORT_UNARY(MetricService, QueryMetric, v1::QueryMetricResponse)
  RAPPORT_UNARY(MetricService, GetNpsReport, v1::NpsReport)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewMetricService(Env& env) {
  return std::make_unique<MetricService>(env);
}

}  // namespace rapport::server
