// SPDX-License-Identifier: Apache-2.0
#include "server/services/customer_service.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "rapport/v1/customer_service.grpc.pb.h"
#include "server/arena_messages.h"
#include "server/call.h"
#include "server/customer_list.h"
#include "server/customer_update.h"
#include "server/customer_view.h"
#include "server/page_token.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr int kMaxNames = 1000;

// A customer of a workspace that exists, found by any of its names.
struct Found {
  ScopeHandle scope;
  CustomerNo customer_no = 0;
};

absl::StatusOr<Found> Locate(CallContext& call, std::string_view name, std::string_view field) {
  ASSIGN_OR_RETURN(const CustomerName parsed, ParseCustomerName(name, field));
  Found found;
  ASSIGN_OR_RETURN(found.scope, call.env().workspaces.Find(parsed.workspace));
  ASSIGN_OR_RETURN(found.customer_no, FindCustomer(*found.scope, parsed.customer));
  return found;
}

absl::Status Show(CallContext& call, const Found& found, v1::View view,
                  const CustomerFields& fields, v1::Customer* response) {
  Serving::Reading reading(call.env().serving);
  const ReadPoint at{call.env(), *found.scope, reading.generation(), view, call.now()};
  return FillCustomer(at, found.customer_no, fields, response);
}

absl::Status HandleGetCustomer(CallContext& call, const v1::GetCustomerRequest& request,
                               v1::Customer* response) {
  ASSIGN_OR_RETURN(const Found found, Locate(call, request.name(), "name"));
  if (!request.has_read_mask()) {
    static const CustomerFields all;
    return Show(call, found, request.view(), all, response);
  }
  ASSIGN_OR_RETURN(const CustomerFields fields, ParseReadMask(request.read_mask()));
  return Show(call, found, request.view(), fields, response);
}

absl::Status HandleBatchGetCustomers(CallContext& call, const v1::BatchGetCustomersRequest& request,
                                     v1::BatchGetCustomersResponse* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  if (request.names_size() > kMaxNames) {
    return InvalidField("names", "TOO_MANY", "at most 1000");
  }
  ASSIGN_OR_RETURN(const CustomerFields fields, ParseReadMask(request.read_mask()));
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
    RETURN_IF_ERROR(
        Show(call, {scope, *customer_no}, v1::VIEW_NIGHTLY, fields, response->add_customers()));
  }
  return absl::OkStatus();
}

absl::Status HandleListCustomers(CallContext& call, const v1::ListCustomersRequest& request,
                                 v1::ListCustomersResponse* response) {
  constexpr std::string_view kMethod = "ListCustomers";
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size,
                   PageSize(request.page_size(), {.standard = 50, .maximum = 1000}));
  ASSIGN_OR_RETURN(const CustomerFields fields, ParseReadMask(request.read_mask()));
  filter::Context context;
  context.base_currency = scope->workspace.base_currency();
  ASSIGN_OR_RETURN(const filter::Expression condition,
                   filter::Parse(request.filter(), filter::CustomerCatalogue(), context));
  const std::string bound = Cat(request.parent(), "\n", request.filter());
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  CustomerNo after = 0;
  if (!position.empty() && !absl::SimpleAtoi(position, &after)) return Internal("page position");
  ASSIGN_OR_RETURN(CustomerPage page, ListPage(call, {*scope, condition, fields, after,
                                                      static_cast<size_t>(page_size)}));
  for (v1::Customer& customer : page.customers) *response->add_customers() = std::move(customer);
  if (page.last != 0) {
    response->set_next_page_token(EncodePageToken(kMethod, bound, Cat(page.last)));
  }
  return absl::OkStatus();
}

absl::Status HandleUpdateCustomer(CallContext& call, const v1::UpdateCustomerRequest& request,
                                  v1::Customer* response) {
  ASSIGN_OR_RETURN(CustomerName parsed,
                   ParseCustomerName(request.customer().name(), "customer.name"));
  Found found;
  ASSIGN_OR_RETURN(found.scope, call.env().workspaces.Find(parsed.workspace));
  const CustomerUpdate update{*found.scope, std::move(parsed.customer), request, call.now()};
  ASSIGN_OR_RETURN(found.customer_no, UpdateCustomer(call.env(), update));
  return Show(call, found, v1::VIEW_NIGHTLY, CustomerFields{}, response);
}

absl::Status HandleMergeCustomers(CallContext& call, const v1::MergeCustomersRequest& request,
                                  v1::Customer* response) {
  ASSIGN_OR_RETURN(const Found survivor, Locate(call, request.name(), "name"));
  ASSIGN_OR_RETURN(const Found duplicate, Locate(call, request.duplicate(), "duplicate"));
  if (survivor.scope->id != duplicate.scope->id) {
    return InvalidField("duplicate", "BAD_NAME", "must be a customer of the same workspace");
  }
  RETURN_IF_ERROR(call.env().engine.WithWriterLock([&] {
    return survivor.scope->directory->Merge(survivor.customer_no, duplicate.customer_no);
  }));
  return Show(call, survivor, v1::VIEW_NIGHTLY, CustomerFields{}, response);
}

void CopyExplanation(const facts::ExplainLine& line, v1::Explanation* out) {
  out->set_subject(line.subject);
  out->set_result(line.result);
  out->set_formula(line.formula);
  for (const auto& input : line.inputs) {
    auto* copy = out->add_inputs();
    copy->set_name(input.name);
    copy->set_value(input.value);
    copy->set_origin(input.origin);
  }
}

absl::Status HandleExplainCustomer(CallContext& call, const v1::ExplainCustomerRequest& request,
                                   v1::ExplainCustomerResponse* response) {
  ASSIGN_OR_RETURN(const Found found, Locate(call, request.name(), "name"));
  Serving::Reading reading(call.env().serving);
  const ReadPoint at{call.env(), *found.scope, reading.generation(), request.view(), call.now()};
  if (!at.live() && at.generation == nullptr) return NoGeneration();
  ASSIGN_OR_RETURN(const auto projection, ProjectCustomer(at, found.customer_no));
  FillContext(at, response->mutable_context());
  auto& context = *response->mutable_context();
  if (!projection.has_value()) {
    context.add_notes("the customer has no events in this view");
    return absl::OkStatus();
  }
  context.set_sample_size(projection->facts.summary().event_count());
  if (at.model() == nullptr) context.add_notes("no value model is published yet");
  static const facts::WorkspaceModel none;
  const facts::WorkspaceModel& model = at.model() == nullptr ? none : *at.model();
  for (const facts::ExplainLine& line : facts::Explain(found.scope->settings, model, *projection)) {
    CopyExplanation(line, response->add_explanations());
  }
  return absl::OkStatus();
}

class CustomerService final : public v1::CustomerService::CallbackService {
 public:
  explicit CustomerService(Env& env) : env_(env) {
    SetMessageAllocatorFor_GetCustomer(&get_messages_);
  }
  RAPPORT_UNARY(CustomerService, GetCustomer, v1::Customer)
  RAPPORT_UNARY(CustomerService, BatchGetCustomers, v1::BatchGetCustomersResponse)
  RAPPORT_UNARY(CustomerService, ListCustomers, v1::ListCustomersResponse)
  RAPPORT_UNARY(CustomerService, UpdateCustomer, v1::Customer)
  RAPPORT_UNARY(CustomerService, MergeCustomers, v1::Customer)
  RAPPORT_UNARY(CustomerService, ExplainCustomer, v1::ExplainCustomerResponse)

 private:
  Env& env_;
  ArenaMessages<v1::GetCustomerRequest, v1::Customer> get_messages_{/*block_bytes=*/8 << 10};
};

}  // namespace

std::unique_ptr<grpc::Service> NewCustomerService(Env& env) {
  return std::make_unique<CustomerService>(env);
}

}  // namespace rapport::server
