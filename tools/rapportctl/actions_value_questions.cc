// SPDX-License-Identifier: Apache-2.0
// value predict / what-if / explain.
#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "lib/base/money.h"
#include "lib/base/text.h"
#include "rapport/v1/customer_service.pb.h"
#include "rapport/v1/value_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

constexpr std::string_view kValuePrefix = "value.";

absl::StatusOr<double> ParseReal(std::string_view what, std::string_view text) {
  double number = 0;
  if (absl::SimpleAtod(ToAbsl(text), &number) && std::isfinite(number)) return number;
  return absl::InvalidArgumentError(Cat(what, "=", text, ": must be a number"));
}

// The flag as a number; 0 when it is not given.
absl::StatusOr<double> Real(const Invocation& invocation, std::string_view flag) {
  const std::string text = invocation.Text(flag);
  if (text.empty()) return 0.0;
  return ParseReal(Cat("--", flag), text);
}

// "-10%" or "-0.1"; 0 when it is not given.
absl::StatusOr<double> Share(const Invocation& invocation, std::string_view flag) {
  std::string text = invocation.Text(flag);
  if (text.empty()) return 0.0;
  const bool percent = text.back() == '%';
  if (percent) text.pop_back();
  const auto number = ParseReal(Cat("--", flag), text);
  if (number.ok()) return percent ? *number / 100 : *number;
  return absl::InvalidArgumentError(
      Cat("--", flag, "=", invocation.Text(flag), ": must be a share such as 10% or 0.1"));
}

absl::StatusOr<int32_t> Horizon(const Invocation& invocation) {
  if (!invocation.Has("horizon")) return 0;
  ASSIGN_OR_RETURN(const int64_t days, invocation.Number("horizon", 1, 3650));
  return static_cast<int32_t>(days);
}

// `age=42` is a number, `vip=true` a truth value, anything else a text.
absl::Status FillAttributes(const Invocation& invocation, v1::PurchaseInput& history) {
  for (const std::string& text : invocation.Texts("attribute")) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) {
      return absl::InvalidArgumentError(
          Cat("--attribute=", text, ": must be KEY=VALUE, e.g. plan=gold"));
    }
    const std::string value = text.substr(equals + 1);
    v1::PropertyValue& out = (*history.mutable_attributes())[text.substr(0, equals)];
    double number = 0;
    if (value == "true" || value == "false") {
      out.set_bool_value(value == "true");
    } else if (absl::SimpleAtod(value, &number)) {
      out.set_number_value(number);
    } else {
      out.set_string_value(value);
    }
  }
  return absl::OkStatus();
}

absl::Status FillHistory(const Invocation& invocation, v1::PurchaseInput& history) {
  ASSIGN_OR_RETURN(const int64_t purchases, invocation.Number("purchases", 0, 1'000'000));
  history.set_repeat_purchases(purchases);
  ASSIGN_OR_RETURN(const double recency, Real(invocation, "recency"));
  history.set_recency_days(recency);
  ASSIGN_OR_RETURN(const double age, Real(invocation, "age"));
  history.set_age_days(age);
  if (invocation.Has("mean-value")) {
    ASSIGN_OR_RETURN(const Micros mean, ParseMoney(invocation.Text("mean-value")));
    history.mutable_mean_value()->set_micros(mean);
  }
  RETURN_IF_ERROR(FillAttributes(invocation, history));
  if (!invocation.Has("channel")) return absl::OkStatus();
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  if (!v1::Channel_Parse(Cat("CHANNEL_", invocation.Text("channel")), &channel)) {
    return absl::InvalidArgumentError(
        Cat("--channel=", invocation.Text("channel"), ": must be a channel such as WEB"));
  }
  history.set_channel(channel);
  return absl::OkStatus();
}

absl::Status FillModel(const Invocation& invocation, v1::PredictValueRequest& request) {
  const std::vector<std::string> parameters = invocation.Texts("parameter");
  if (!invocation.Has("model")) {
    if (parameters.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--parameter needs --model=NAME");
  }
  v1::PurchaseModelInput& model = *request.mutable_model();
  model.set_model(invocation.Text("model"));
  for (const std::string& text : parameters) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) {
      return absl::InvalidArgumentError(
          Cat("--parameter=", text, ": must be NAME=NUMBER, e.g. r=0.24"));
    }
    v1::Parameter& parameter = *model.add_parameters();
    parameter.set_name(text.substr(0, equals));
    ASSIGN_OR_RETURN(const double number,
                     ParseReal(Cat("--parameter=", parameter.name()), text.substr(equals + 1)));
    parameter.set_value(number);
  }
  ASSIGN_OR_RETURN(const double unit, Real(invocation, "time-unit"));
  model.set_time_unit_days(unit);
  ASSIGN_OR_RETURN(const int64_t regularity, invocation.Number("regularity", 1, 1000));
  model.set_regularity(static_cast<int32_t>(regularity));
  return absl::OkStatus();
}

absl::Status Predict(Invocation& invocation) {
  v1::PredictValueRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  RETURN_IF_ERROR(FillHistory(invocation, *request.add_histories()));
  RETURN_IF_ERROR(FillModel(invocation, request));
  ASSIGN_OR_RETURN(const int32_t horizon, Horizon(invocation));
  request.set_horizon_days(horizon);
  ASSIGN_OR_RETURN(const int64_t counts, invocation.Number("counts", 0, 100));
  request.set_max_purchases(static_cast<int32_t>(counts));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::PredictValueResponse>("ValueService/PredictValue", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  for (const auto& prediction : answer.predictions()) {
    Sheet sheet;
    AddValue(prediction.value(), sheet);
    sheet.Add("alive at the end", Cat(FormatShare(prediction.p_alive_at_horizon()), " after ",
                                      prediction.value().horizon_days(), " days"));
    invocation.out() << sheet.Text(terminal) << "\n"
                     << CountsText(prediction.purchase_counts(), terminal) << "\n";
  }
  invocation.out() << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

// "+12.3 %".
std::string ChangeText(double change) { return Cat(change > 0 ? "+" : "", FormatShare(change)); }

// "1,234.50 EUR, then 1,300.00 EUR".
std::string ThenText(const v1::Money& before, const v1::Money& after) {
  return Cat(FormatMoneyShort(before), ", then ", FormatMoneyShort(after));
}

std::string WhatIfText(const v1::AskWhatIfResponse& answer, const Terminal& terminal) {
  v1::Money difference = answer.changed();
  difference.set_micros(answer.changed().micros() - answer.baseline().micros());
  Sheet sheet;
  sheet.Add("customers", FormatCount(answer.customer_count()));
  sheet.Add("value as things are", FormatMoneyShort(answer.baseline()));
  sheet.Add("value with the changes",
            terminal.In(Paint::kBold, FormatMoneyShort(answer.changed())));
  sheet.Add("difference", Cat(difference.micros() > 0 ? "+" : "", FormatMoneyShort(difference),
                              " (", ChangeText(answer.relative_change()), ")"));
  if (answer.subscription_count() > 0) {
    sheet.Add("  of orders", ThenText(answer.baseline_orders(), answer.changed_orders()));
    sheet.Add("  of subscriptions",
              ThenText(answer.baseline_subscriptions(), answer.changed_subscriptions()));
  }
  sheet.Add("expected purchases", Cat(FormatNumber(answer.baseline_purchases(), 1), ", then ",
                                      FormatNumber(answer.changed_purchases(), 1)));
  if (answer.subscription_count() > 0) {
    sheet.Add("expected renewals",
              Cat(FormatNumber(answer.baseline_renewals(), 1), ", then ",
                  FormatNumber(answer.changed_renewals(), 1), " of ",
                  FormatCount(answer.subscription_count()), " running subscriptions"));
  }
  return sheet.Text(terminal);
}

absl::Status WhatIf(Invocation& invocation) {
  v1::AskWhatIfRequest request;
  if (invocation.arguments().empty()) {
    ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  } else {
    ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Customer(invocation.Argument(0)));
  }
  ASSIGN_OR_RETURN(const double leaving, Share(invocation, "leaving"));
  request.set_leaving_change(leaving);
  ASSIGN_OR_RETURN(const double frequency, Share(invocation, "frequency"));
  request.set_frequency_change(frequency);
  ASSIGN_OR_RETURN(const double order_value, Share(invocation, "order-value"));
  request.set_order_value_change(order_value);
  if (invocation.Has("margin")) {
    ASSIGN_OR_RETURN(const double margin, Share(invocation, "margin"));
    request.set_margin(margin);
  }
  ASSIGN_OR_RETURN(const int32_t horizon, Horizon(invocation));
  request.set_horizon_days(horizon);
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::AskWhatIfResponse>("ValueService/AskWhatIf", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << WhatIfText(answer, invocation.terminal())
                   << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

absl::Status Explain(Invocation& invocation) {
  v1::ExplainCustomerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  if (invocation.On("live")) request.set_view(v1::VIEW_LIVE);
  ASSIGN_OR_RETURN(auto answer, invocation.Ask<v1::ExplainCustomerResponse>(
                                    "CustomerService/ExplainCustomer", request));
  v1::ExplainCustomerResponse shown;
  *shown.mutable_context() = answer.context();
  for (auto& explanation : *answer.mutable_explanations()) {
    if (!explanation.subject().starts_with(kValuePrefix)) continue;
    *shown.add_explanations() = std::move(explanation);
  }
  if (invocation.json()) return invocation.PrintJson(shown);
  if (shown.explanations().empty()) invocation.out() << "no value: no purchase yet\n";
  invocation.out() << ExplanationText(shown, invocation.terminal());
  return absl::OkStatus();
}

const Flag kHorizon{.name = "horizon",
                    .placeholder = "DAYS",
                    .help = "Another horizon than the workspace's, 1-3650."};

Action PredictAction() {
  return {.path = "value predict",
          .summary = "Predicts for a purchase history that need not be a stored customer's.",
          .details =
              "With the workspace's models, or with --model and its parameters. All times "
              "are days; parameters are in units of --time-unit.",
          .arguments = {},
          .flags = {{.name = "purchases",
                     .placeholder = "X",
                     .help = "Repeat purchases: days with a purchase after the first.",
                     .required = true},
                    {.name = "recency",
                     .placeholder = "DAYS",
                     .help = "From the first to the last purchase.",
                     .fallback = "0"},
                    {.name = "age",
                     .placeholder = "DAYS",
                     .help = "From the first purchase to now.",
                     .required = true},
                    {.name = "mean-value",
                     .placeholder = "AMOUNT",
                     .help = "Mean value of a repeat purchase in base currency."},
                    {.name = "channel",
                     .placeholder = "CHANNEL",
                     .help = "Of the first order, for models that know it, e.g. WEB."},
                    {.name = "attribute",
                     .placeholder = "KEY=VALUE",
                     .help = "An attribute that the model looks at; repeated for each."},
                    kHorizon,
                    {.name = "counts",
                     .placeholder = "N",
                     .help = "Show the chance of up to N purchases.",
                     .fallback = "10"},
                    {.name = "model",
                     .placeholder = "NAME",
                     .help = "Purchase model other than the workspace's, e.g. pareto_nbd."},
                    {.name = "parameter",
                     .placeholder = "NAME=NUMBER",
                     .help = "A parameter of --model; repeated for each."},
                    {.name = "time-unit",
                     .placeholder = "DAYS",
                     .help = "Unit of time of the parameters.",
                     .fallback = "7"},
                    {.name = "regularity",
                     .placeholder = "K",
                     .help = "k of bg_cnbd_k and mbg_cnbd_k.",
                     .fallback = "1"}},
          .examples = {"value predict --workspace=shop --purchases=2 --recency=213 --age=272 "
                       "--mean-value=35.50",
                       "value predict --workspace=shop --purchases=2 --recency=213.01 --age=272.02 "
                       "--horizon=273 --model=bg_nbd --parameter=r=0.243 --parameter=alpha=4.414 "
                       "--parameter=a=0.793 --parameter=b=2.426"},
          .run = Predict};
}

Action WhatIfAction() {
  return {
      .path = "value what-if",
      .summary = "Asks what customers would be worth if they stayed or bought differently.",
      .details =
          "Changes act on the future alone and are relative: -10% or -0.1. Without "
          "CUSTOMER all customers are asked about; with millions give --deadline time.",
      .arguments = {{"CUSTOMER", "Customer id or resource name.", Arity::kOptional}},
      .flags = {{.name = "leaving",
                 .placeholder = "CHANGE",
                 .help = "Of the rate of leaving, e.g. -10% for a tenth less churn; of "
                         "subscriptions, of the chance to end at each renewal."},
                {.name = "frequency", .placeholder = "CHANGE", .help = "Of the rate of buying."},
                {.name = "order-value",
                 .placeholder = "CHANGE",
                 .help = "Of the value of a purchase and of recurring revenue."},
                {.name = "margin",
                 .placeholder = "SHARE",
                 .help = "Margin with the changes, 0-100%; else the workspace's."},
                kHorizon},
      .examples = {"value what-if --workspace=shop --leaving=-10% --frequency=5%",
                   "value what-if --workspace=shop 17850 --order-value=10%"},
      .run = WhatIf};
}

}  // namespace

std::vector<Action> ValueQuestionActions() {
  return {PredictAction(),
          WhatIfAction(),
          {.path = "value explain",
           .summary = "Shows how a customer's value came about, term by term.",
           .details = "The value part of `customers explain`.",
           .arguments = {{"CUSTOMER", "Customer id or resource name."}},
           .flags = {{.name = "live",
                      .placeholder = "",
                      .help = "Recompute now with the generation's parameters."}},
           .examples = {"value explain --workspace=shop 17850"},
           .run = Explain}};
}

}  // namespace rapport::ctl
