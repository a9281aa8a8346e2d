// SPDX-License-Identifier: Apache-2.0
#include "server/services/value_bootstrap.h"

#include <atomic>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/facts/model_bootstrap.h"
#include "server/customer_view.h"
#include "server/resource_name.h"
#include "server/services/value_forecasts.h"

namespace rapport::server {
namespace {

// Held by the one call that computes.
class Turn {
 public:
  Turn() : mine_(!taken_.exchange(true)) {}
  ~Turn() {
    if (mine_) taken_.store(false);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool mine() const { return mine_; }

 private:
  static inline std::atomic<bool> taken_ = false;
  const bool mine_;
};

}  // namespace

absl::Status HandleBootstrapValueModel(CallContext& call,
                                       const v1::BootstrapValueModelRequest& request,
                                       v1::BootstrapValueModelResponse* response) {
  ASSIGN_OR_RETURN(const std::string_view id, ParseValueModelName(request.name(), "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(id));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  ASSIGN_OR_RETURN(auto bootstrap, facts::ModelBootstrap::Create(at.model(), request));
  const Turn turn;
  if (!turn.mine()) {
    return ResourceExhausted("BUSY", "another bootstrap is under way: ask again when it is done");
  }
  RETURN_IF_ERROR(
      ForEachFacts(call, at, [&](const v1::CustomerFacts& facts) { return bootstrap.Add(facts); }));
  bootstrap.set_alive([&call] { return call.Alive(); });
  ASSIGN_OR_RETURN(*response, bootstrap.Finish());
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("value_model_bootstrap");
  response->mutable_context()->set_sample_size(response->customer_count());
  return absl::OkStatus();
}

}  // namespace rapport::server
