// SPDX-License-Identifier: Apache-2.0
// customers get / list / timeline / explain / set / merge.
#include <ostream>

#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "rapport/v1/customer_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/event_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

v1::View ViewOf(const Invocation& invocation) {
  return invocation.On("live") ? v1::VIEW_LIVE : v1::VIEW_UNSPECIFIED;
}

const Flag kLive{
    .name = "live", .placeholder = "", .help = "Recompute facts now from all acknowledged events."};

absl::Status Show(const Invocation& invocation, const v1::Customer& customer) {
  if (invocation.json()) return invocation.PrintJson(customer);
  invocation.out() << CustomerText(customer, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Get(Invocation& invocation) {
  v1::GetCustomerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  request.set_view(ViewOf(invocation));
  ASSIGN_OR_RETURN(const auto customer,
                   invocation.Ask<v1::Customer>("CustomerService/GetCustomer", request));
  return Show(invocation, customer);
}

absl::Status List(Invocation& invocation) {
  v1::ListCustomersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_filter(invocation.Text("filter"));
  request.set_page_token(invocation.Text("page-token"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListCustomersResponse>(
                                          "CustomerService/ListCustomers", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << CustomerTable(answer.customers(), invocation.terminal());
  if (!answer.next_page_token().empty()) {
    invocation.out() << Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  return absl::OkStatus();
}

absl::Status Timeline(Invocation& invocation) { return PrintTimeline(invocation); }

absl::Status Explain(Invocation& invocation) {
  v1::ExplainCustomerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  request.set_view(ViewOf(invocation));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ExplainCustomerResponse>(
                                          "CustomerService/ExplainCustomer", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << ExplanationText(answer, invocation.terminal());
  return absl::OkStatus();
}

// "true", "12.5" and anything else become a truth value, a number and text; a leading
// "text:" keeps it text.
v1::PropertyValue ParseValue(std::string_view text) {
  constexpr std::string_view kText = "text:";
  v1::PropertyValue value;
  double number = 0;
  if (text.starts_with(kText)) {
    value.set_string_value(std::string(text.substr(kText.size())));
  } else if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (absl::SimpleAtod(ToAbsl(text), &number)) {
    value.set_number_value(number);
  } else {
    value.set_string_value(std::string(text));
  }
  return value;
}

absl::Status AddAttribute(std::string_view assignment, std::string_view source,
                          v1::UpdateCustomerRequest& request) {
  const size_t equals = assignment.find('=');
  if (equals == 0 || equals == assignment.npos) {
    return absl::InvalidArgumentError(Cat("'", assignment, "' is not KEY=VALUE"));
  }
  const std::string key(assignment.substr(0, equals));
  request.mutable_update_mask()->add_paths(Cat("attributes.", key));
  const std::string_view text = assignment.substr(equals + 1);
  if (text.empty()) return absl::OkStatus();  // Named in the mask only: removed.
  v1::Attribute& attribute = (*request.mutable_customer()->mutable_attributes())[key];
  *attribute.mutable_value() = ParseValue(text);
  attribute.set_source(std::string(source));
  return absl::OkStatus();
}

absl::Status AddIdentity(std::string_view text, v1::UpdateCustomerRequest& request) {
  const size_t colon = text.find(':');
  v1::IdentityKind kind = v1::IDENTITY_KIND_UNSPECIFIED;
  if (colon == text.npos ||
      !v1::IdentityKind_Parse(Cat("IDENTITY_KIND_", text.substr(0, colon)), &kind)) {
    return absl::InvalidArgumentError(
        Cat("--identity=", text, ": must be KIND:VALUE, e.g. EMAIL:ada@example.com"));
  }
  v1::Identity* identity = request.mutable_customer()->add_identities();
  identity->set_kind(kind);
  identity->set_value(std::string(text.substr(colon + 1)));
  return absl::OkStatus();
}

absl::Status Set(Invocation& invocation) {
  v1::UpdateCustomerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_customer()->mutable_name(),
                   invocation.Customer(invocation.Argument(0)));
  const auto& arguments = invocation.arguments();
  for (size_t i = 1; i < arguments.size(); ++i) {
    RETURN_IF_ERROR(AddAttribute(arguments[i], invocation.Text("source"), request));
  }
  for (const std::string& identity : invocation.Texts("identity")) {
    RETURN_IF_ERROR(AddIdentity(identity, request));
  }
  if (request.customer().identities_size() > 0) {
    request.mutable_update_mask()->add_paths("identities");
  }
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError("nothing to set: give KEY=VALUE or --identity");
  }
  request.set_allow_missing(invocation.On("create"));
  ASSIGN_OR_RETURN(const auto customer,
                   invocation.Ask<v1::Customer>("CustomerService/UpdateCustomer", request));
  return Show(invocation, customer);
}

absl::Status Merge(Invocation& invocation) {
  v1::MergeCustomersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  ASSIGN_OR_RETURN(*request.mutable_duplicate(), invocation.Customer(invocation.Argument(1)));
  ASSIGN_OR_RETURN(const auto customer,
                   invocation.Ask<v1::Customer>("CustomerService/MergeCustomers", request));
  return Show(invocation, customer);
}

const Argument kCustomer{"CUSTOMER", "Customer id or resource name."};

std::vector<Action> ReadingActions() {
  return {
      {.path = "customers get",
       .summary = "Shows a customer: totals and derived facts.",
       .details = "",
       .arguments = {kCustomer},
       .flags = {kLive},
       .examples = {"customers get --workspace=shop 17850",
                    "customers get --workspace=shop email:ada@example.com --live"},
       .run = Get},
      {.path = "customers list",
       .summary = "Lists customers, filtered.",
       .details = "",
       .arguments = {},
       .flags =
           {{.name = "filter",
             .placeholder = "FILTER",
             .help = "AIP-160 filter over the fields of docs/api.md."},
            {.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
            {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}},
       .examples = {"customers list --workspace=shop --filter='stage = AT_RISK AND "
                    "value.predicted > 100'"},
       .run = List},
      {.path = "customers timeline",
       .summary = "Lists what a customer did, newest first.",
       .details = "",
       .arguments = {kCustomer},
       .flags = TimelineFlags(),
       .examples = {"customers timeline --workspace=shop 17850 --limit=20"},
       .run = Timeline},
      {.path = "customers explain",
       .summary = "Shows how each figure of a customer came about.",
       .details = "",
       .arguments = {kCustomer},
       .flags = {kLive},
       .examples = {"customers explain --workspace=shop 17850"},
       .run = Explain},
  };
}

std::vector<Action> WritingActions() {
  return {
      {.path = "customers set",
       .summary = "Sets attributes and identities of a customer.",
       .details = "Values that look like numbers or true/false are stored so; text:VALUE keeps "
                  "text. KEY= removes an attribute.",
       .arguments = {kCustomer, {"KEY=VALUE", "Attributes.", Arity::kAny}},
       .flags = {{.name = "identity",
                  .placeholder = "KIND:VALUE",
                  .help = "Attach an identity, e.g. EMAIL:ada@example.com; may be repeated."},
                 {.name = "source",
                  .placeholder = "SYSTEM",
                  .help = "Who says so.",
                  .fallback = "rapportctl"},
                 {.name = "create", .placeholder = "", .help = "Create the customer if missing."}},
       .examples = {"customers set --workspace=shop 17850 plan=gold country=GB"},
       .run = Set},
      {.path = "customers merge",
       .summary = "Merges a duplicate into a customer.",
       .details = "Events, identities and attributes of DUPLICATE move to CUSTOMER; both names "
                  "lead to it afterwards.",
       .arguments = {kCustomer, {"DUPLICATE", "The customer that goes."}},
       .flags = {},
       .examples = {"customers merge --workspace=shop 17850 17851"},
       .run = Merge},
  };
}

}  // namespace

std::vector<Action> CustomerActions() {
  std::vector<Action> actions = ReadingActions();
  for (const Action& action : WritingActions()) actions.push_back(action);
  return actions;
}

}  // namespace rapport::ctl
