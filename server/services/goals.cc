// SPDX-License-Identifier: Apache-2.0
#include "server/services/goals.h"

#include <optional>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/reference/goals.h"
#include "lib/store/definitions.h"
#include "server/goal_attainment.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr std::string_view kGoals = "goals";

// Metric and filter as a query would take them.
absl::Status CheckQuery(const WorkspaceScope& scope, const v1::Goal& goal) {
  if (absl::Status known = scope.registry->Find(goal.metric()).status(); !known.ok()) {
    return PrefixField(known, "goal.");
  }
  const filter::Context context{.base_currency = UnpackCurrency(scope.settings.base_currency),
                                .calendar = scope.settings.calendar,
                                .field = "goal.filter",
                                .names = scope.names.get()};
  return filter::Parse(goal.filter(), filter::EventAndCustomerCatalogue(), context).status();
}

absl::Status EtagMismatch(const v1::Goal& known) {
  return Aborted("ETAG_MISMATCH",
                 Cat("goal ", known.goal(), " has changed; read it again and repeat"));
}

// Writes the goal with its next etag and shows it. Holds the definition mutex.
absl::Status Store(CallContext& call, const WorkspaceScope& scope, v1::Goal goal,
                   v1::Goal* response) {
  goal.clear_name();
  goal.set_etag(reference::NextEtag(goal, goal.etag(), call.now()));
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope.workspace_no);
  const store::DefinitionChange row = reference::GoalRow(goal);
  RETURN_IF_ERROR(definitions.Write({&row, 1}));
  RETURN_IF_ERROR(call.env().workspaces.Refresh(scope.id));
  goal.set_name(FormatChildName(scope.id, kGoals, goal.goal()));
  *response = std::move(goal);
  return absl::OkStatus();
}

}  // namespace

absl::Status HandleCreateGoal(CallContext& call, const v1::CreateGoalRequest& request,
                              v1::Goal* response) {
  ASSIGN_OR_RETURN(const ScopeHandle asked,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  v1::Goal goal = request.goal();
  RETURN_IF_ERROR(reference::CheckGoal(goal));
  RETURN_IF_ERROR(CheckQuery(*asked, goal));
  goal.clear_etag();
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(asked->id));
  if (scope->book->FindGoal(goal.goal()) != nullptr) {
    return AlreadyExists(FormatChildName(scope->id, kGoals, goal.goal()));
  }
  if (scope->book->goals.size() >= reference::kMaxGoals) {
    return ResourceExhausted("TOO_MANY_GOALS",
                             Cat("a workspace has at most ", reference::kMaxGoals, " goals"));
  }
  return Store(call, *scope, std::move(goal), response);
}

absl::Status HandleUpdateGoal(CallContext& call, const v1::UpdateGoalRequest& request,
                              v1::Goal* response) {
  v1::Goal goal = request.goal();
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(goal.name(), kGoals, "goal.name"));
  if (goal.goal().empty()) goal.set_goal(std::string(name.id));
  if (goal.goal() != name.id) {
    return InvalidField("goal.goal", "CHANGED_ID", "must be the one of goal.name");
  }
  ASSIGN_OR_RETURN(const ScopeHandle asked, call.env().workspaces.Find(name.workspace));
  RETURN_IF_ERROR(reference::CheckGoal(goal));
  RETURN_IF_ERROR(CheckQuery(*asked, goal));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  const v1::Goal* known = scope->book->FindGoal(name.id);
  if (known == nullptr) return NotFound(request.goal().name());
  if (!goal.etag().empty() && goal.etag() != known->etag()) return EtagMismatch(*known);
  goal.set_etag(known->etag());
  return Store(call, *scope, std::move(goal), response);
}

absl::Status HandleDeleteGoal(CallContext& call, const v1::DeleteGoalRequest& request,
                              google::protobuf::Empty*) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kGoals, "name"));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  if (scope->book->FindGoal(name.id) == nullptr) return NotFound(request.name());
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope->workspace_no);
  const store::DefinitionChange gone{store::DefinitionKind::kGoal, std::string(name.id),
                                     std::nullopt};
  RETURN_IF_ERROR(definitions.Write({&gone, 1}));
  return call.env().workspaces.Refresh(scope->id);
}

absl::Status HandleListGoals(CallContext& call, const v1::ListGoalsRequest& request,
                             v1::ListGoalsResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  if (!request.metric().empty()) {
    RETURN_IF_ERROR(scope->registry->Find(request.metric()).status());
  }
  const store::GenerationHandle generation = call.env().serving.Current();
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_LIVE, call.now()};
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, at));
  for (const v1::Goal& goal : scope->book->goals) {
    if (!request.metric().empty() && goal.metric() != request.metric()) continue;
    ASSIGN_OR_RETURN(*response->add_goals(), Attain(reader, at, goal));
  }
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("goals");
  response->mutable_context()->set_sample_size(response->goals_size());
  return absl::OkStatus();
}

}  // namespace rapport::server
