// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/run.h"

#include <algorithm>
#include <cstdio>

#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

std::string ShardLabel(uint32_t workspace_no, CustomerNo part) {
  char text[40];
  std::snprintf(text, sizeof text, "w%u-%05u", workspace_no, part);
  return text;
}

const events::Alias* FindAlias(const WorkspaceRun& workspace, CustomerNo customer_no) {
  const auto at = std::lower_bound(
      workspace.aliases.begin(), workspace.aliases.end(), customer_no,
      [](const events::Alias& alias, CustomerNo no) { return alias.customer_no < no; });
  return at != workspace.aliases.end() && at->customer_no == customer_no ? &*at : nullptr;
}

}  // namespace

WorkspaceProgress& Run::progress(uint32_t workspace_no) const {
  for (WorkspaceProgress& progress : *state->mutable_workspaces()) {
    if (progress.workspace_no() == workspace_no) return progress;
  }
  WorkspaceProgress& added = *state->add_workspaces();
  added.set_workspace_no(workspace_no);
  return added;
}

std::vector<Shard> ShardsOf(const Run& run) {
  std::vector<Shard> shards;
  for (const WorkspaceRun& workspace : run.workspaces) {
    if (workspace.last_customer_no == 0) continue;
    for (CustomerNo part = 0; part <= workspace.last_customer_no / kCustomersPerShard; ++part) {
      Shard shard;
      shard.index = static_cast<uint32_t>(shards.size());
      shard.workspace = &workspace;
      shard.range = {part * kCustomersPerShard, (part + 1) * kCustomersPerShard};
      shard.label = ShardLabel(workspace.number, part);
      shards.push_back(std::move(shard));
    }
  }
  return shards;
}

CustomerNo Resolve(const WorkspaceRun& workspace, CustomerNo customer_no) {
  const events::Alias* alias = FindAlias(workspace, customer_no);
  return alias == nullptr ? customer_no : alias->survivor_no;
}

bool IsMerged(const WorkspaceRun& workspace, CustomerNo customer_no) {
  return FindAlias(workspace, customer_no) != nullptr;
}

const facts::WorkspaceModel* ModelBefore(const Run& run, uint32_t workspace_no) {
  if (run.base == nullptr) return nullptr;
  const auto before = run.base->models().find(workspace_no);
  return before == run.base->models().end() ? nullptr : &before->second;
}

}  // namespace rapport::jobs
