// SPDX-License-Identifier: Apache-2.0
// What questions about frameworks share: a workspace's frameworks, the point a question
// reads at, and what frameworks are compiled in there.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/frameworks/compiled.h"
#include "lib/frameworks/registry.h"
#include "lib/metrics/scope.h"
#include "server/call_context.h"
#include "server/customer_view.h"
#include "server/generation_metrics.h"

namespace rapport::server {

// The built-in frameworks and the workspace's own, as stored now. DataLoss.
absl::StatusOr<frameworks::Registry> ReadFrameworks(Env& env, const WorkspaceScope& scope);
// NOT_FOUND with the resource name.
absl::StatusOr<const v1::Framework*> FindFramework(const frameworks::Registry& registry,
                                                   std::string_view workspace,
                                                   std::string_view framework);

// Pins workspace and generation. Does not move: its parts name each other.
class FrameworkPoint {
 public:
  // An unspecified view is `standard`, but LIVE before the first generation.
  // FailedPrecondition NO_GENERATION for NIGHTLY before the first.
  absl::Status Open(const CallContext& call, std::string_view workspace, v1::View view,
                    v1::View standard);
  const ReadPoint& at() const { return *at_; }
  const WorkspaceScope& workspace() const { return *workspace_; }
  const store::GenerationHandle& generation() const { return generation_; }
  const metrics::Scope& scope() const { return scope_; }
  const frameworks::Registry& registry() const { return registry_; }
  // Of the generation, read when first asked for.
  absl::StatusOr<GenerationMetrics*> Metrics(const CallContext& call);
  // A framework of this workspace in the scope of the view.
  absl::StatusOr<frameworks::CompiledFramework> Compile(const v1::Framework& framework) const {
    return frameworks::CompiledFramework::Create(framework, scope_);
  }

 private:
  ScopeHandle workspace_;
  store::GenerationHandle generation_;
  std::optional<ReadPoint> at_;
  std::shared_ptr<GenerationMetrics> metrics_;
  metrics::Scope scope_;
  frameworks::Registry registry_;
};

}  // namespace rapport::server
