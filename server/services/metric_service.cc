// SPDX-License-Identifier: Apache-2.0
#include "server/services/metric_service.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "rapport/v1/metric_service.grpc.pb.h"
#include "server/arena_messages.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/metric_reader.h"
#include "server/services/metric_definitions.h"
#include "server/services/metric_questions.h"
#include "server/services/metric_stream.h"
#include "server/services/nps_report.h"

namespace rapport::server {
namespace {

void NoteMissingGeneration(const ReadPoint& at, v1::AnswerContext* context) {
  if (at.generation != nullptr) return;
  context->add_notes("No nightly run yet: events since the start only.");
}

absl::Status HandleGetNpsReport(CallContext& call, const v1::GetNpsReportRequest& request,
                                v1::NpsReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  const store::GenerationHandle generation = call.env().serving.Current();
  ASSIGN_OR_RETURN(const v1::View view, MetricView(request.view(), generation));
  const ReadPoint at{call.env(), *scope, generation, view, call.now()};
  ASSIGN_OR_RETURN(*response, MakeNpsReport(call, at, request));
  FillContext(at, response->mutable_context());
  NoteMissingGeneration(at, response->mutable_context());
  return absl::OkStatus();
}

class MetricService final : public v1::MetricService::CallbackService {
 public:
  explicit MetricService(Env& env) : env_(env) {
    SetMessageAllocatorFor_QueryMetric(&query_messages_);
  }
  RAPPORT_UNARY(MetricService, ListMetricDefinitions, v1::ListMetricDefinitionsResponse)
  RAPPORT_UNARY(MetricService, GetMetricDefinition, v1::MetricDefinition)
  RAPPORT_UNARY(MetricService, CreateMetricDefinition, v1::MetricDefinition)
  RAPPORT_UNARY(MetricService, UpdateMetricDefinition, v1::MetricDefinition)
  RAPPORT_UNARY(MetricService, DeleteMetricDefinition, google::protobuf::Empty)
  RAPPORT_UNARY(MetricService, QueryMetric, v1::QueryMetricResponse)
  RAPPORT_UNARY(MetricService, ListMetricCustomers, v1::ListMetricCustomersResponse)
  RAPPORT_UNARY(MetricService, ExplainChange, v1::ExplainChangeResponse)
  RAPPORT_UNARY(MetricService, GetNpsReport, v1::NpsReport)

  grpc::ServerWriteReactor<v1::StreamMetricResponse>* StreamMetric(
      grpc::CallbackServerContext* context, const v1::StreamMetricRequest* request) override {
    constexpr size_t kMethodNo = MethodNo("MetricService.StreamMetric");
    return MetricStream::Start(CallContext(env_, kMethodNo, context), *request);
  }

 private:
  Env& env_;
  ArenaMessages<v1::QueryMetricRequest, v1::QueryMetricResponse> query_messages_{/*block_bytes=*/64
                                                                                 << 10};
};

}  // namespace

std::unique_ptr<grpc::Service> NewMetricService(Env& env) {
  return std::make_unique<MetricService>(env);
}

}  // namespace rapport::server
