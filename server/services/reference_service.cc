// SPDX-License-Identifier: Apache-2.0
#include "server/services/reference_service.h"

#include <span>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/reference/benchmarks.h"
#include "lib/reference/exchange_rates.h"
#include "lib/reference/reference_series.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference_service.grpc.pb.h"
#include "server/alert_stream.h"
#include "server/alerts.h"
#include "server/call.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/services/goals.h"
#include "server/times.h"

namespace rapport::server {
namespace {

using store::DefinitionKind;

store::Definitions DefinitionsOf(const CallContext& call, const WorkspaceScope& scope) {
  return {call.env().store.table(store::TableId::kDefinitions), scope.workspace_no};
}

// Writes and shows. Holds the definition mutex.
absl::Status Write(const CallContext& call, const WorkspaceScope& scope,
                   std::span<const store::DefinitionChange> changes) {
  RETURN_IF_ERROR(DefinitionsOf(call, scope).Write(changes));
  return call.env().workspaces.Refresh(scope.id);
}

void Name(const WorkspaceScope& scope, v1::ReferenceSeries& series) {
  series.set_name(FormatChildName(scope.id, "referenceSeries", series.series()));
}

absl::Status HandleImportExchangeRates(CallContext& call,
                                       const v1::ImportExchangeRatesRequest& request,
                                       v1::ExchangeRateTable* response) {
  ASSIGN_OR_RETURN(const ScopeHandle asked,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(asked->id));
  RETURN_IF_ERROR(reference::CheckRates(request, scope->settings.base_currency));
  ASSIGN_OR_RETURN(const auto rows,
                   DefinitionsOf(call, *scope).List(DefinitionKind::kExchangeRates));
  ASSIGN_OR_RETURN(reference::RateImports imports, reference::ReadRateImports(rows));
  v1::ExchangeRateTable added;
  added.set_base_currency(UnpackCurrency(scope->settings.base_currency));
  SetTime(call.now(), added.mutable_import_time());
  added.set_source(request.source());
  *added.mutable_rates() = request.rates();
  ASSIGN_OR_RETURN(const auto changes, reference::AddRates(imports, added));
  RETURN_IF_ERROR(Write(call, *scope, changes));
  imports.push_back(std::move(added));
  ASSIGN_OR_RETURN(*response, reference::RatesAt(imports, 0));
  response->set_name(FormatExchangeRatesName(scope->id));
  return absl::OkStatus();
}

absl::Status HandleGetExchangeRates(CallContext& call, const v1::GetExchangeRatesRequest& request,
                                    v1::ExchangeRateTable* response) {
  ASSIGN_OR_RETURN(const std::string_view id, ParseExchangeRatesName(request.name(), "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(id));
  if (request.version() < 0) return InvalidField("version", "NEGATIVE", "must be >= 0");
  if (request.version() == 0) {
    *response = scope->book->newest_rates;
    if (response->base_currency().empty()) {
      response->set_base_currency(UnpackCurrency(scope->settings.base_currency));
    }
  } else {
    ASSIGN_OR_RETURN(const auto rows,
                     DefinitionsOf(call, *scope).List(DefinitionKind::kExchangeRates));
    ASSIGN_OR_RETURN(const auto imports, reference::ReadRateImports(rows));
    ASSIGN_OR_RETURN(*response, reference::RatesAt(imports, request.version()));
  }
  response->set_name(FormatExchangeRatesName(scope->id));
  return absl::OkStatus();
}

absl::Status HandleImportReferenceSeries(CallContext& call,
                                         const v1::ImportReferenceSeriesRequest& request,
                                         v1::ReferenceSeries* response) {
  ASSIGN_OR_RETURN(const ScopeHandle asked,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  RETURN_IF_ERROR(reference::CheckSeries(request.series()));
  v1::ReferenceSeries added = request.series();
  SetTime(call.now(), added.mutable_import_time());
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(asked->id));
  ASSIGN_OR_RETURN(reference::SeriesUpdate update,
                   reference::AddPoints(scope->book->series, added));
  RETURN_IF_ERROR(Write(call, *scope, update.changes));
  *response = std::move(update.series);
  Name(*scope, *response);
  return absl::OkStatus();
}

absl::Status HandleListReferenceSeries(CallContext& call,
                                       const v1::ListReferenceSeriesRequest& request,
                                       v1::ListReferenceSeriesResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  for (const v1::ReferenceSeries& series : scope->book->series) {
    v1::ReferenceSeries* copy = response->add_series();
    *copy = series;
    Name(*scope, *copy);
  }
  return absl::OkStatus();
}

absl::Status HandleImportBenchmarks(CallContext& call, const v1::ImportBenchmarksRequest& request,
                                    v1::ImportBenchmarksResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle asked,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  RETURN_IF_ERROR(reference::CheckBenchmarks(
      request, [&](std::string_view metric) { return asked->registry->Find(metric).status(); }));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(asked->id));
  ASSIGN_OR_RETURN(const reference::BenchmarkUpdate update,
                   reference::ReplaceBenchmarks(scope->book->benchmarks, request));
  RETURN_IF_ERROR(Write(call, *scope, update.changes));
  response->set_stored_count(static_cast<int64_t>(update.stored));
  return absl::OkStatus();
}

absl::Status HandleListBenchmarks(CallContext& call, const v1::ListBenchmarksRequest& request,
                                  v1::ListBenchmarksResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  for (const v1::Benchmark& benchmark : scope->book->benchmarks) {
    if (!request.metric().empty() && benchmark.metric() != request.metric()) continue;
    *response->add_benchmarks() = benchmark;
  }
  return absl::OkStatus();
}

absl::Status HandleListAlerts(CallContext& call, const v1::ListAlertsRequest& request,
                              v1::ListAlertsResponse* response) {
  constexpr std::string_view kMethod = "ListAlerts";
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound = Cat(request.parent(), "\n", request.metric());
  AlertQuery query{.generation = call.env().serving.Current(),
                   .workspace_no = scope->workspace_no,
                   .metric = request.metric()};
  ASSIGN_OR_RETURN(query.after, DecodePageToken(request.page_token(), kMethod, bound));
  query.limit = static_cast<size_t>(page_size) + 1;
  ASSIGN_OR_RETURN(std::vector<AlertRow> rows, ReadAlerts(call, query));
  if (rows.size() == query.limit) {
    rows.pop_back();
    response->set_next_page_token(EncodePageToken(kMethod, bound, rows.back().key));
  }
  for (AlertRow& row : rows) *response->add_alerts() = std::move(row.alert);
  return absl::OkStatus();
}

class ReferenceService final : public v1::ReferenceService::CallbackService {
 public:
  explicit ReferenceService(Env& env) : env_(env) {}
  RAPPORT_UNARY(ReferenceService, ImportExchangeRates, v1::ExchangeRateTable)
  RAPPORT_UNARY(ReferenceService, GetExchangeRates, v1::ExchangeRateTable)
  RAPPORT_UNARY(ReferenceService, ImportReferenceSeries, v1::ReferenceSeries)
  RAPPORT_UNARY(ReferenceService, ListReferenceSeries, v1::ListReferenceSeriesResponse)
  RAPPORT_UNARY(ReferenceService, CreateGoal, v1::Goal)
  RAPPORT_UNARY(ReferenceService, UpdateGoal, v1::Goal)
  RAPPORT_UNARY(ReferenceService, DeleteGoal, google::protobuf::Empty)
  RAPPORT_UNARY(ReferenceService, ListGoals, v1::ListGoalsResponse)
  RAPPORT_UNARY(ReferenceService, ImportBenchmarks, v1::ImportBenchmarksResponse)
  RAPPORT_UNARY(ReferenceService, ListBenchmarks, v1::ListBenchmarksResponse)
  RAPPORT_UNARY(ReferenceService, ListAlerts, v1::ListAlertsResponse)

  grpc::ServerWriteReactor<v1::WatchAlertsResponse>* WatchAlerts(
      grpc::CallbackServerContext* context, const v1::WatchAlertsRequest* request) override {
    return AlertStream::Start(CallContext(env_, MethodNo("ReferenceService.WatchAlerts"), context),
                              *request);
  }

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewReferenceService(Env& env) {
  return std::make_unique<ReferenceService>(env);
}

}  // namespace rapport::server
