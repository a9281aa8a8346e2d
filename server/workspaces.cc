// SPDX-License-Identifier: Apache-2.0
#include "server/workspaces.h"

#include "lib/base/status_macros.h"
#include "server/resource_name.h"

namespace rapport::server {

absl::StatusOr<ScopeHandle> Workspaces::FromName(std::string_view name, std::string_view field) {
  ASSIGN_OR_RETURN(const std::string_view id, ParseWorkspaceName(name, field));
  return Find(id);
}

absl::StatusOr<ScopeHandle> Workspaces::Find(std::string_view id) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = scopes_.find(id);
    if (found != scopes_.end()) return found->second;
  }
  absl::MutexLock lock(&mutex_);
  return Load(id);
}

absl::Status Workspaces::Refresh(std::string_view id) {
  absl::MutexLock lock(&mutex_);
  return Load(id).status();
}

// Reads under the lock, so that an older state never replaces a newer one.
absl::StatusOr<ScopeHandle> Workspaces::Load(std::string_view id) {
  ASSIGN_OR_RETURN(store::v1::WorkspaceRecord record, engine_.FindWorkspace(id));
  auto scope = std::make_shared<WorkspaceScope>();
  scope->id = id;
  scope->workspace_no = record.workspace_no();
  scope->workspace = std::move(*record.mutable_workspace());
  ASSIGN_OR_RETURN(scope->settings, facts::SettingsOf(scope->workspace));
  scope->directory = &engine_.directory(scope->workspace_no);
  ScopeHandle handle = std::move(scope);
  scopes_.insert_or_assign(std::string(id), handle);
  return handle;
}

}  // namespace rapport::server
