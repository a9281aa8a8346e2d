// SPDX-License-Identifier: Apache-2.0
#include "server/services/value_forecasts.h"

#include <memory>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/predict_value.h"
#include "lib/facts/what_if_value.h"
#include "lib/store/keys.h"
#include "server/customer_view.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr int kMaxHistories = 1000;
constexpr int64_t kRowsBetweenLooks = 2048;

absl::Status AddOne(const ReadPoint& at, std::string_view customer, facts::WhatIfTotals& totals) {
  ASSIGN_OR_RETURN(const CustomerNo customer_no, FindCustomer(at.scope, customer));
  v1::CustomerFacts facts;
  ASSIGN_OR_RETURN(const bool found, ReadFacts(at, customer_no, &facts));
  if (!found || !facts.has_value()) {
    return FailedPrecondition("NO_PURCHASE", "the customer has no purchase to predict from");
  }
  return totals.Add(facts);
}

void AddNotes(const v1::AskWhatIfRequest& request, const ReadPoint& at,
              v1::AnswerContext& context) {
  const std::string& model = at.model()->value_model().purchase_model();
  if (request.leaving_change() != 0 && model == "nbd") {
    context.add_notes(
        "The workspace's model is nbd, under which nobody leaves: leaving_change "
        "changes nothing of orders.");
  }
}

}  // namespace

absl::Status ForEachFacts(const CallContext& call, const ReadPoint& at,
                          absl::FunctionRef<absl::Status(const v1::CustomerFacts&)> visit) {
  const store::CustomerKey begin{at.scope.workspace_no, 0};
  const std::unique_ptr<store::Cursor> cursor = at.env.store.dataset().Scan(
      store::DatasetId::kFacts, at.generation->generation(),
      {.begin = begin.Encode(), .end = store::WorkspaceEnd(at.scope.workspace_no)});
  v1::CustomerFacts facts;
  for (int64_t row = 0; cursor->Valid(); ++row, cursor->Next()) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    const std::string_view bytes = cursor->Value();
    if (!facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DataLoss("facts", "does not decode");
    }
    RETURN_IF_ERROR(visit(facts));
  }
  return cursor->status();
}

absl::Status HandlePredictValue(CallContext& call, const v1::PredictValueRequest& request,
                                v1::PredictValueResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  if (request.histories().empty()) return InvalidField("histories", "REQUIRED", "must be given");
  if (request.histories_size() > kMaxHistories) {
    return InvalidField("histories", "TOO_MANY", "at most 1000");
  }
  for (int i = 0; i < request.histories_size(); ++i) {
    RETURN_IF_ERROR(
        facts::HistoryOf(scope->settings, request.histories(i), Cat("histories[", i, "]."))
            .status());
  }
  const store::GenerationHandle generation = call.env().serving.Current();
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  ASSIGN_OR_RETURN(auto predictor,
                   facts::ValuePredictor::Create(scope->settings, at.model(), request));
  for (int i = 0; i < request.histories_size(); ++i) {
    RETURN_IF_ERROR(call.Alive());  // A history without equals may take a while.
    ASSIGN_OR_RETURN(*response->add_predictions(),
                     predictor.Predict(request.histories(i), Cat("histories[", i, "].")));
  }
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("value_prediction");
  response->mutable_context()->set_sample_size(request.histories_size());
  return absl::OkStatus();
}

absl::Status HandleAskWhatIf(CallContext& call, const v1::AskWhatIfRequest& request,
                             v1::AskWhatIfResponse* response) {
  const bool one = request.parent().find("/customers/") != std::string::npos;
  CustomerName name;
  if (one) {
    ASSIGN_OR_RETURN(name, ParseCustomerName(request.parent(), "parent"));
  } else {
    ASSIGN_OR_RETURN(name.workspace, ParseWorkspaceName(request.parent(), "parent"));
  }
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  ASSIGN_OR_RETURN(auto totals, facts::WhatIfTotals::Create(scope->settings, at.model(), request));
  totals.set_alive([&call] { return call.Alive(); });
  RETURN_IF_ERROR(one ? AddOne(at, name.customer, totals)
                      : ForEachFacts(call, at, [&](const v1::CustomerFacts& facts) {
                          return totals.Add(facts);
                        }));
  ASSIGN_OR_RETURN(*response, totals.Finish());
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("value_what_if");
  response->mutable_context()->set_sample_size(response->customer_count());
  AddNotes(request, at, *response->mutable_context());
  return absl::OkStatus();
}

}  // namespace rapport::server
