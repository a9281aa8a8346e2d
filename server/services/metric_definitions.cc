// SPDX-License-Identifier: Apache-2.0
#include "server/services/metric_definitions.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/compiled.h"
#include "lib/metrics/registry.h"
#include "lib/store/definitions.h"
#include "server/page_token.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr std::string_view kMetrics = "metrics";
constexpr std::ptrdiff_t kMaxOwn = 500;

// As the API shows it.
v1::MetricDefinition Shown(const WorkspaceScope& scope, const v1::MetricDefinition& definition) {
  v1::MetricDefinition shown = definition;
  shown.set_name(FormatMetricName(scope.id, definition.metric()));
  return shown;
}

// nullptr when there is none.
const v1::MetricDefinition* FindOwn(const WorkspaceScope& scope, std::string_view metric) {
  const auto& all = scope.registry->definitions();
  const auto found = std::ranges::find_if(
      all, [&](const auto& known) { return known.metric() == metric && known.custom(); });
  return found == all.end() ? nullptr : &*found;
}

std::string EtagOf(const v1::MetricDefinition& definition, std::string_view before,
                   TimeMicros now) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(
                    HashText64(Cat(before, "\n", now, "\n", definition.SerializeAsString()))));
  return text;
}

// What CheckOwn cannot see: filters in the workspace's zone and currency, its names.
absl::Status CheckInWorkspace(const WorkspaceScope& scope, const v1::MetricDefinition& definition) {
  RETURN_IF_ERROR(metrics::CheckOwn(definition, scope.names.get()));
  metrics::Scope compile;
  compile.calendar = scope.settings.calendar;
  compile.base_currency = scope.settings.base_currency;
  compile.rules = scope.settings.rules;
  compile.names = scope.names.get();
  compile.rates = &scope.book->rates;
  compile.references = &scope.book->references;
  return metrics::CompiledMetric::Create(definition, compile).status();
}

absl::Status Put(CallContext& call, const WorkspaceScope& scope, v1::MetricDefinition definition,
                 v1::MetricDefinition* response) {
  const std::string before = definition.etag();
  definition.clear_name();
  definition.clear_etag();
  definition.set_custom(true);
  definition.set_etag(EtagOf(definition, before, call.now()));
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope.workspace_no);
  const store::DefinitionChange row{store::DefinitionKind::kMetric, definition.metric(),
                                    definition.SerializeAsString()};
  RETURN_IF_ERROR(definitions.Write({&row, 1}));
  RETURN_IF_ERROR(call.env().workspaces.Refresh(scope.id));
  *response = Shown(scope, definition);
  return absl::OkStatus();
}

absl::Status BuiltIn(std::string_view metric) {
  return FailedPrecondition("BUILT_IN_METRIC",
                            Cat("metric ", metric, " is built in: define one of your own"));
}

bool IsBuiltIn(const WorkspaceScope& scope, std::string_view metric) {
  return scope.registry->Find(metric).ok() && FindOwn(scope, metric) == nullptr;
}

}  // namespace

absl::Status HandleListMetricDefinitions(CallContext& call,
                                         const v1::ListMetricDefinitionsRequest& request,
                                         v1::ListMetricDefinitionsResponse* response) {
  constexpr std::string_view kMethod = "ListMetricDefinitions";
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const std::string after,
                   DecodePageToken(request.page_token(), kMethod, request.parent()));
  for (const v1::MetricDefinition& definition : scope->registry->definitions()) {
    if (!after.empty() && definition.metric() <= after) continue;
    if (response->definitions_size() == page_size) {
      const std::string& last = response->definitions(page_size - 1).metric();
      response->set_next_page_token(EncodePageToken(kMethod, request.parent(), last));
      break;
    }
    *response->add_definitions() = Shown(*scope, definition);
  }
  return absl::OkStatus();
}

absl::Status HandleGetMetricDefinition(CallContext& call,
                                       const v1::GetMetricDefinitionRequest& request,
                                       v1::MetricDefinition* response) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kMetrics, "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  const auto definition = scope->registry->Find(name.id);
  if (!definition.ok()) return NotFound(request.name());
  *response = Shown(*scope, **definition);
  return absl::OkStatus();
}

absl::Status HandleCreateMetricDefinition(CallContext& call,
                                          const v1::CreateMetricDefinitionRequest& request,
                                          v1::MetricDefinition* response) {
  ASSIGN_OR_RETURN(const ScopeHandle asked,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  v1::MetricDefinition definition = request.definition();
  RETURN_IF_ERROR(CheckInWorkspace(*asked, definition));
  definition.clear_etag();
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(asked->id));
  if (FindOwn(*scope, definition.metric()) != nullptr) {
    return AlreadyExists(FormatMetricName(scope->id, definition.metric()));
  }
  if (std::ranges::count_if(scope->registry->definitions(),
                            [](const auto& known) { return known.custom(); }) >= kMaxOwn) {
    return ResourceExhausted("TOO_MANY_METRICS",
                             Cat("a workspace has at most ", kMaxOwn, " metrics of its own"));
  }
  return Put(call, *scope, std::move(definition), response);
}

absl::Status HandleUpdateMetricDefinition(CallContext& call,
                                          const v1::UpdateMetricDefinitionRequest& request,
                                          v1::MetricDefinition* response) {
  v1::MetricDefinition definition = request.definition();
  ASSIGN_OR_RETURN(const ChildName name,
                   ParseChildName(definition.name(), kMetrics, "definition.name"));
  if (definition.metric().empty()) definition.set_metric(std::string(name.id));
  if (definition.metric() != name.id) {
    return InvalidField("definition.metric", "CHANGED_ID", "must be the one of definition.name");
  }
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  if (IsBuiltIn(*scope, name.id)) return BuiltIn(name.id);
  const v1::MetricDefinition* known = FindOwn(*scope, name.id);
  if (known == nullptr) return NotFound(request.definition().name());
  RETURN_IF_ERROR(CheckInWorkspace(*scope, definition));
  if (!definition.etag().empty() && definition.etag() != known->etag()) {
    return Aborted("ETAG_MISMATCH",
                   Cat("metric ", name.id, " has changed; read it again and repeat"));
  }
  definition.set_etag(known->etag());
  return Put(call, *scope, std::move(definition), response);
}

absl::Status HandleDeleteMetricDefinition(CallContext& call,
                                          const v1::DeleteMetricDefinitionRequest& request,
                                          google::protobuf::Empty*) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kMetrics, "name"));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  if (IsBuiltIn(*scope, name.id)) return BuiltIn(name.id);
  if (FindOwn(*scope, name.id) == nullptr) return NotFound(request.name());
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope->workspace_no);
  const store::DefinitionChange gone{store::DefinitionKind::kMetric, std::string(name.id),
                                     std::nullopt};
  RETURN_IF_ERROR(definitions.Write({&gone, 1}));
  return call.env().workspaces.Refresh(scope->id);
}

}  // namespace rapport::server
