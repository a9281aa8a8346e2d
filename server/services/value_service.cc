// SPDX-License-Identifier: Apache-2.0
#include "server/services/value_service.h"

#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/predict_value.h"
#include "lib/facts/reports.h"
#include "rapport/v1/value_service.grpc.pb.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/reports.h"
#include "server/resource_name.h"
#include "server/services/value_bootstrap.h"
#include "server/services/value_forecasts.h"

namespace rapport::server {
namespace {

constexpr int kMaxNames = 1000;

// The customer of a request, projected at most once. Keeps a reference to `at`.
class AskedCustomer {
 public:
  AskedCustomer(const ReadPoint& at, CustomerNo number) : at_(at), number_(number) {}
  const ReadPoint& at() const { return at_; }
  CustomerNo number() const { return number_; }
  // nullptr without events in the view.
  absl::StatusOr<const facts::Projection*> Project() {
    if (!asked_) {
      ASSIGN_OR_RETURN(projection_, ProjectCustomer(at_, number_));
      asked_ = true;
    }
    return projection_.has_value() ? &*projection_ : nullptr;
  }

 private:
  const ReadPoint& at_;
  const CustomerNo number_;
  bool asked_ = false;
  std::optional<facts::Projection> projection_;
};

// Value as the nightly run scored it: one row.
absl::Status FillScored(const AskedCustomer& customer, v1::GetCustomerValueResponse* response) {
  v1::CustomerFacts facts;
  ASSIGN_OR_RETURN(const bool found, ReadFacts(customer.at(), customer.number(), &facts));
  if (found && facts.has_value()) *response->mutable_value() = std::move(*facts.mutable_value());
  return absl::OkStatus();
}

// Value computed now: live, or over another horizon.
absl::Status FillComputed(AskedCustomer& customer, int32_t horizon_days,
                          v1::GetCustomerValueResponse* response) {
  const ReadPoint& at = customer.at();
  ASSIGN_OR_RETURN(const facts::Projection* const projection, customer.Project());
  if (projection == nullptr) return absl::OkStatus();
  if (!projection->has_orders && projection->subscriptions.empty()) return absl::OkStatus();
  if (at.model() == nullptr) {
    response->mutable_context()->add_notes("No value model is published for this workspace.");
    return absl::OkStatus();
  }
  if (horizon_days == 0) {
    if (projection->facts.has_value()) *response->mutable_value() = projection->facts.value();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(*response->mutable_value(),
                   facts::ValueOver(at.scope.settings, *at.model(), *projection, horizon_days));
  return absl::OkStatus();
}

absl::Status FillValue(AskedCustomer& customer, int32_t horizon_days,
                       v1::GetCustomerValueResponse* response) {
  const ReadPoint& at = customer.at();
  response->set_customer(CustomerResource(at.scope, customer.number()));
  FillContext(at, response->mutable_context());
  v1::AnswerContext& context = *response->mutable_context();
  context.set_definition("customer_value");
  const bool scored = !at.live() && horizon_days == 0;
  RETURN_IF_ERROR(scored ? FillScored(customer, response)
                         : FillComputed(customer, horizon_days, response));
  if (response->has_value()) {
    const v1::CustomerValue& value = response->value();
    const auto& part = value.subscription();
    const bool ordered =
        value.age_days() > 0 || !value.model().empty() || !value.has_subscription();
    context.set_sample_size(ordered ? value.repeat_purchases() + 1
                                    : int64_t{part.running_count()} + part.ended_count());
  } else {
    context.add_notes("No value: the customer has no purchase in this view.");
  }
  return absl::OkStatus();
}

absl::Status FillChances(AskedCustomer& customer, const v1::GetCustomerValueRequest& request,
                         v1::GetCustomerValueResponse* response) {
  const ReadPoint& at = customer.at();
  if (request.max_purchases() == 0 || at.model() == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const facts::Projection* const projection, customer.Project());
  if (projection == nullptr || !projection->has_orders) return absl::OkStatus();
  const int32_t horizon =
      request.horizon_days() > 0 ? request.horizon_days() : at.scope.settings.value_horizon_days;
  ASSIGN_OR_RETURN(const facts::FutureChances chances,
                   facts::ChancesOf(*at.model(), *projection, horizon, request.max_purchases()));
  response->mutable_purchase_counts()->Assign(chances.purchase_counts.begin(),
                                              chances.purchase_counts.end());
  response->set_p_alive_at_horizon(chances.p_alive);
  return absl::OkStatus();
}

absl::Status HandleGetCustomerValue(CallContext& call, const v1::GetCustomerValueRequest& request,
                                    v1::GetCustomerValueResponse* response) {
  ASSIGN_OR_RETURN(const CustomerName parsed, ParseCustomerName(request.name(), "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(parsed.workspace));
  if (request.horizon_days() < 0 || request.horizon_days() > facts::kMaxHorizonDays) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be from 1 to 3650, or 0");
  }
  if (request.max_purchases() < 0 || request.max_purchases() > facts::kMaxPurchaseCounts) {
    return InvalidField("max_purchases", "OUT_OF_RANGE", "must be from 0 to 100");
  }
  ASSIGN_OR_RETURN(const CustomerNo customer_no, FindCustomer(*scope, parsed.customer));
  Serving::Reading reading(call.env().serving);
  if (reading.generation() == nullptr) return NoGeneration();
  const ReadPoint at{call.env(), *scope, reading.generation(), request.view(), call.now()};
  AskedCustomer customer(at, customer_no);
  RETURN_IF_ERROR(FillValue(customer, request.horizon_days(), response));
  return FillChances(customer, request, response);
}

absl::Status HandleBatchGetCustomerValues(CallContext& call,
                                          const v1::BatchGetCustomerValuesRequest& request,
                                          v1::BatchGetCustomerValuesResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  if (request.names_size() > kMaxNames) return InvalidField("names", "TOO_MANY", "at most 1000");
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  for (int i = 0; i < request.names_size(); ++i) {
    if (i % 64 == 0) RETURN_IF_ERROR(call.Alive());
    const std::string field = Cat("names[", i, "]");
    ASSIGN_OR_RETURN(const CustomerName parsed, ParseCustomerName(request.names(i), field));
    if (parsed.workspace != scope->id) {
      return InvalidField(field, "BAD_NAME", "must be a customer of the parent");
    }
    const auto customer_no = FindCustomer(*scope, parsed.customer);
    if (!customer_no.ok()) {
      response->add_missing(request.names(i));
      continue;
    }
    AskedCustomer customer(at, *customer_no);
    RETURN_IF_ERROR(FillValue(customer, 0, response->add_values()));
  }
  return absl::OkStatus();
}

absl::Status HandleGetValueReport(CallContext& call, const v1::GetValueReportRequest& request,
                                  v1::ValueReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  RETURN_IF_ERROR(ReadReport(call.env(), *generation, scope->workspace_no,
                             std::string(facts::kValueReport), response));
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("value_report");
  response->mutable_context()->set_sample_size(response->customer_count());
  return absl::OkStatus();
}

absl::Status HandleGetValueModel(CallContext& call, const v1::GetValueModelRequest& request,
                                 v1::ValueModel* response) {
  ASSIGN_OR_RETURN(const std::string_view id, ParseValueModelName(request.name(), "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(id));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  RETURN_IF_ERROR(ReadReport(call.env(), *generation, scope->workspace_no,
                             std::string(facts::kValueModelReport), response));
  response->set_name(FormatValueModelName(scope->id));
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  FillContext(at, response->mutable_context());
  if (at.model() != nullptr) *response->mutable_drift() = at.model()->value_model().drift();
  response->mutable_context()->set_definition("value_model");
  response->mutable_context()->set_sample_size(response->customer_count());
  return absl::OkStatus();
}

class ValueService final : public v1::ValueService::CallbackService {
 public:
  explicit ValueService(Env& env) : env_(env) {}
  RAPPORT_UNARY(ValueService, GetCustomerValue, v1::GetCustomerValueResponse)
  RAPPORT_UNARY(ValueService, BatchGetCustomerValues, v1::BatchGetCustomerValuesResponse)
  RAPPORT_UNARY(ValueService, GetValueReport, v1::ValueReport)
  RAPPORT_UNARY(ValueService, GetValueModel, v1::ValueModel)
  RAPPORT_UNARY(ValueService, PredictValue, v1::PredictValueResponse)
  RAPPORT_UNARY(ValueService, AskWhatIf, v1::AskWhatIfResponse)
  RAPPORT_UNARY(ValueService, BootstrapValueModel, v1::BootstrapValueModelResponse)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewValueService(Env& env) {
  return std::make_unique<ValueService>(env);
}

}  // namespace rapport::server
