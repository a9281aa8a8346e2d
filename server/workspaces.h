// SPDX-License-Identifier: Apache-2.0
// What a handler needs of a workspace, prepared once and shared: its number, settings,
// directory and book of rates, goals and so on. A change replaces the scope; requests under
// way keep theirs.
//
// Thread-safe. Find costs one shared lock and a hash look-up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/text.h"
#include "lib/customers/directory.h"
#include "lib/events/workspace_events.h"
#include "lib/facts/facts.h"
#include "lib/filter/names.h"
#include "lib/metrics/registry.h"
#include "lib/reference/book.h"
#include "lib/store/seam.h"

namespace rapport::server {

struct WorkspaceScope {
  std::string id;
  uint32_t workspace_no = 0;
  v1::Workspace workspace;
  facts::Settings settings;
  customers::Directory* directory = nullptr;
  std::shared_ptr<const reference::Book> book;        // Never null.
  std::shared_ptr<const filter::Names> names;         // Of touchpoints, campaigns, custom types.
  std::shared_ptr<const metrics::Registry> registry;  // Built-in metrics and its own.
};
using ScopeHandle = std::shared_ptr<const WorkspaceScope>;

class Workspaces {
 public:
  Workspaces(events::Engine& engine, store::Store& store)
      : engine_(engine), definitions_(store.table(store::TableId::kDefinitions)) {}
  // The scope of "workspaces/{id}". InvalidField(field) for a malformed name; NotFound.
  absl::StatusOr<ScopeHandle> FromName(std::string_view name, std::string_view field);
  // NotFound for an unknown id.
  absl::StatusOr<ScopeHandle> Find(std::string_view id);
  // Reads settings and definitions again after a change.
  absl::Status Refresh(std::string_view id);

 private:
  absl::StatusOr<ScopeHandle> Load(std::string_view id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  events::Engine& engine_;
  store::Table& definitions_;
  absl::Mutex mutex_;
  TextMap<ScopeHandle> scopes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server
