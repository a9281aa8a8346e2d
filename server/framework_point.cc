// SPDX-License-Identifier: Apache-2.0
#include "server/framework_point.h"

#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/definitions.h"
#include "server/resource_name.h"

namespace rapport::server {

absl::StatusOr<frameworks::Registry> ReadFrameworks(Env& env, const WorkspaceScope& scope) {
  const store::Definitions definitions(env.store.table(store::TableId::kDefinitions),
                                       scope.workspace_no);
  ASSIGN_OR_RETURN(const auto rows, definitions.List(store::DefinitionKind::kFramework));
  std::vector<v1::Framework> own;
  for (const store::Definition& row : rows) {
    if (!own.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss(Cat("definitions/framework/", row.id), "row does not decode");
    }
  }
  return frameworks::Registry(own);
}

absl::StatusOr<const v1::Framework*> FindFramework(const frameworks::Registry& registry,
                                                   std::string_view workspace,
                                                   std::string_view framework) {
  const auto found = registry.Find(framework);
  if (!found.ok()) return NotFound(FormatChildName(workspace, "frameworks", framework));
  return *found;
}

absl::Status FrameworkPoint::Open(const CallContext& call, std::string_view workspace,
                                  v1::View view, v1::View standard) {
  ASSIGN_OR_RETURN(workspace_, call.env().workspaces.Find(workspace));
  generation_ = call.env().serving.Current();
  if (view == v1::VIEW_UNSPECIFIED) {
    view = generation_ == nullptr ? v1::VIEW_LIVE : standard;
  }
  if (view == v1::VIEW_NIGHTLY && generation_ == nullptr) {
    RETURN_IF_ERROR(call.env().serving.Published().status());
  }
  at_.emplace(ReadPoint{call.env(), *workspace_, generation_, view, call.now()});
  scope_.calendar = workspace_->settings.calendar;
  scope_.base_currency = workspace_->settings.base_currency;
  scope_.rules = workspace_->settings.rules;
  scope_.rates = &workspace_->book->rates;
  scope_.names = workspace_->names.get();
  scope_.as_of = at_->as_of();
  scope_.event_end = scope_.as_of + 1;
  ASSIGN_OR_RETURN(registry_, ReadFrameworks(call.env(), *workspace_));
  return absl::OkStatus();
}

absl::StatusOr<GenerationMetrics*> FrameworkPoint::Metrics(const CallContext& call) {
  if (metrics_ == nullptr) {
    ASSIGN_OR_RETURN(metrics_, call.env().metric_store.Of(call, *workspace_, generation_));
  }
  return metrics_.get();
}

}  // namespace rapport::server
