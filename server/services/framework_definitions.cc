// SPDX-License-Identifier: Apache-2.0
#include "server/services/framework_definitions.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/definitions.h"
#include "server/framework_point.h"
#include "server/page_token.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr std::string_view kFrameworks = "frameworks";
constexpr std::ptrdiff_t kMaxOwn = 50;

// As the API shows it.
v1::Framework Shown(const WorkspaceScope& scope, const v1::Framework& framework) {
  v1::Framework shown = framework;
  shown.set_name(FormatChildName(scope.id, kFrameworks, framework.framework()));
  return shown;
}

std::string EtagOf(const v1::Framework& framework, std::string_view before, TimeMicros now) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(
                    HashText64(Cat(before, "\n", now, "\n", framework.SerializeAsString()))));
  return text;
}

// As CheckOwn, with the workspace's names, zone and currency.
absl::Status CheckInWorkspace(const WorkspaceScope& scope, const v1::Framework& framework) {
  RETURN_IF_ERROR(frameworks::CheckOwn(framework, scope.names.get()));
  metrics::Scope compile;
  compile.calendar = scope.settings.calendar;
  compile.base_currency = scope.settings.base_currency;
  compile.names = scope.names.get();
  return frameworks::CompiledFramework::Create(framework, compile).status();
}

absl::Status Put(CallContext& call, const WorkspaceScope& scope, v1::Framework framework,
                 v1::Framework* response) {
  const std::string before = framework.etag();
  framework.clear_name();
  framework.clear_etag();
  framework.set_custom(true);
  framework.set_etag(EtagOf(framework, before, call.now()));
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope.workspace_no);
  const store::DefinitionChange row{store::DefinitionKind::kFramework, framework.framework(),
                                    framework.SerializeAsString()};
  RETURN_IF_ERROR(definitions.Write({&row, 1}));
  *response = Shown(scope, framework);
  return absl::OkStatus();
}

// The workspace's own framework of that id: NOT_FOUND, or BUILT_IN_FRAMEWORK.
absl::StatusOr<v1::Framework> FindOwn(const frameworks::Registry& registry, const ChildName& name) {
  ASSIGN_OR_RETURN(const v1::Framework* known, FindFramework(registry, name.workspace, name.id));
  if (known->custom()) return *known;
  return FailedPrecondition("BUILT_IN_FRAMEWORK",
                            Cat("framework ", name.id, " is built in: define one of your own"));
}

}  // namespace

absl::Status HandleListFrameworks(CallContext& call, const v1::ListFrameworksRequest& request,
                                  v1::ListFrameworksResponse* response) {
  constexpr std::string_view kMethod = "ListFrameworks";
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const std::string after,
                   DecodePageToken(request.page_token(), kMethod, request.parent()));
  ASSIGN_OR_RETURN(const frameworks::Registry registry, ReadFrameworks(call.env(), *scope));
  for (const v1::Framework& framework : registry.frameworks()) {
    if (!after.empty() && framework.framework() <= after) continue;
    if (response->frameworks_size() == page_size) {
      const std::string& last = response->frameworks(page_size - 1).framework();
      response->set_next_page_token(EncodePageToken(kMethod, request.parent(), last));
      break;
    }
    *response->add_frameworks() = Shown(*scope, framework);
  }
  return absl::OkStatus();
}

absl::Status HandleGetFramework(CallContext& call, const v1::GetFrameworkRequest& request,
                                v1::Framework* response) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kFrameworks, "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  ASSIGN_OR_RETURN(const frameworks::Registry registry, ReadFrameworks(call.env(), *scope));
  ASSIGN_OR_RETURN(const v1::Framework* framework, FindFramework(registry, scope->id, name.id));
  *response = Shown(*scope, *framework);
  return absl::OkStatus();
}

absl::Status HandleCreateFramework(CallContext& call, const v1::CreateFrameworkRequest& request,
                                   v1::Framework* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  v1::Framework framework = request.framework();
  RETURN_IF_ERROR(CheckInWorkspace(*scope, framework));
  framework.clear_etag();
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const frameworks::Registry registry, ReadFrameworks(call.env(), *scope));
  if (registry.Find(framework.framework()).ok()) {
    return AlreadyExists(FormatChildName(scope->id, kFrameworks, framework.framework()));
  }
  if (std::ranges::count_if(registry.frameworks(),
                            [](const auto& known) { return known.custom(); }) >= kMaxOwn) {
    return ResourceExhausted("TOO_MANY_FRAMEWORKS",
                             Cat("a workspace has at most ", kMaxOwn, " frameworks of its own"));
  }
  return Put(call, *scope, std::move(framework), response);
}

absl::Status HandleUpdateFramework(CallContext& call, const v1::UpdateFrameworkRequest& request,
                                   v1::Framework* response) {
  v1::Framework framework = request.framework();
  ASSIGN_OR_RETURN(const ChildName name,
                   ParseChildName(framework.name(), kFrameworks, "framework.name"));
  if (framework.framework().empty()) framework.set_framework(std::string(name.id));
  if (framework.framework() != name.id) {
    return InvalidField("framework.framework", "CHANGED_ID", "must be the one of framework.name");
  }
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const frameworks::Registry registry, ReadFrameworks(call.env(), *scope));
  ASSIGN_OR_RETURN(const v1::Framework known, FindOwn(registry, name));
  RETURN_IF_ERROR(CheckInWorkspace(*scope, framework));
  if (!framework.etag().empty() && framework.etag() != known.etag()) {
    return Aborted("ETAG_MISMATCH",
                   Cat("framework ", name.id, " has changed; read it again and repeat"));
  }
  framework.set_etag(known.etag());
  return Put(call, *scope, std::move(framework), response);
}

absl::Status HandleDeleteFramework(CallContext& call, const v1::DeleteFrameworkRequest& request,
                                   google::protobuf::Empty*) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kFrameworks, "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(const frameworks::Registry registry, ReadFrameworks(call.env(), *scope));
  RETURN_IF_ERROR(FindOwn(registry, name).status());
  store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                 scope->workspace_no);
  const store::DefinitionChange gone{store::DefinitionKind::kFramework, std::string(name.id),
                                     std::nullopt};
  return definitions.Write({&gone, 1});
}

}  // namespace rapport::server
