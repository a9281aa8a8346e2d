// SPDX-License-Identifier: Apache-2.0
#include "server/workspaces.h"

#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/store/definitions.h"
#include "server/dictionary_names.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

absl::StatusOr<std::shared_ptr<const metrics::Registry>> LoadRegistry(
    const store::Definitions& definitions) {
  ASSIGN_OR_RETURN(const auto rows, definitions.List(store::DefinitionKind::kMetric));
  std::vector<v1::MetricDefinition> own;
  for (const store::Definition& row : rows) {
    if (!own.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss(Cat("definitions/metric/", row.id), "row does not decode");
    }
  }
  return std::make_shared<const metrics::Registry>(own);
}

}  // namespace

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
  ASSIGN_OR_RETURN(scope->book, reference::LoadBook({definitions_, scope->workspace_no},
                                                    scope->settings.base_currency));
  scope->names = std::make_shared<DictionaryNames>(engine_.dictionary(scope->workspace_no));
  ASSIGN_OR_RETURN(scope->registry, LoadRegistry({definitions_, scope->workspace_no}));
  ScopeHandle handle = std::move(scope);
  scopes_.insert_or_assign(std::string(id), handle);
  return handle;
}

}  // namespace rapport::server
