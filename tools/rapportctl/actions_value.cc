// SPDX-License-Identifier: Apache-2.0
// value get / report / model.
#include <algorithm>
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/value_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

absl::Status Get(Invocation& invocation) {
  v1::GetCustomerValueRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  if (invocation.On("live")) request.set_view(v1::VIEW_LIVE);
  if (invocation.Has("horizon")) {
    ASSIGN_OR_RETURN(const int64_t horizon, invocation.Number("horizon", 1, 3650));
    request.set_horizon_days(static_cast<int32_t>(horizon));
  }
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::GetCustomerValueResponse>(
                                          "ValueService/GetCustomerValue", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Sheet sheet;
  sheet.Add("customer", LastSegment(answer.customer()));
  if (answer.has_value()) {
    AddValue(answer.value(), sheet);
  } else {
    sheet.Add("value", "none: no purchase yet");
  }
  invocation.out() << sheet.Text(invocation.terminal())
                   << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

std::string DecileText(const v1::ValueReport& report, const Terminal& terminal) {
  int64_t most = 1;
  for (const auto& decile : report.deciles()) {
    most = std::max(most, decile.predicted_total().micros());
  }
  Table table({{"decile", true},
               {"customers", true},
               {"from", true},
               {"predicted", true},
               {"to date", true},
               {"alive", true},
               {"share of predicted value"}});
  for (const auto& decile : report.deciles()) {
    const double share =
        static_cast<double>(decile.predicted_total().micros()) / static_cast<double>(most);
    table.Add({Cat(decile.decile()), FormatCount(decile.customer_count()),
               FormatMoneyShort(decile.min_predicted()), FormatMoneyShort(decile.predicted_total()),
               FormatMoneyShort(decile.historic_total()), FormatShare(decile.mean_p_alive(), 0),
               terminal.In(Paint::kCyan, Bar(share, 30))});
  }
  return table.Text(terminal);
}

std::string SegmentText(std::string_view title,
                        const google::protobuf::RepeatedPtrField<v1::ValueSegment>& segments,
                        const Terminal& terminal) {
  if (segments.empty()) return "";
  Table table({{std::string(title)}, {"customers", true}, {"predicted", true}, {"to date", true}});
  for (const auto& segment : segments) {
    table.Add({FormatEnum(segment.segment(), "LIFECYCLE_STAGE_"),
               FormatCount(segment.customer_count()), FormatMoneyShort(segment.predicted_total()),
               FormatMoneyShort(segment.historic_total())});
  }
  return Cat("\n", table.Text(terminal));
}

absl::Status Report(Invocation& invocation) {
  v1::GetValueReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::ValueReport>("ValueService/GetValueReport", request));
  if (invocation.json()) return invocation.PrintJson(report);
  const Terminal& terminal = invocation.terminal();
  Sheet sheet;
  sheet.Add("customer equity",
            terminal.In(Paint::kBold, FormatMoneyShort(report.customer_equity())));
  sheet.Add("value to date", FormatMoneyShort(report.historic_total()));
  sheet.Add("customers with a value", FormatCount(report.customer_count()));
  sheet.Add("expected alive", Cat(FormatNumber(report.expected_alive(), 0), " (mean chance ",
                                  FormatShare(report.mean_p_alive()), ")"));
  sheet.Add("in the top decile",
            Cat(FormatShare(report.top_decile_share()), " of predicted value"));
  invocation.out() << sheet.Text(terminal) << "\n"
                   << DecileText(report, terminal)
                   << SegmentText("stage", report.by_stage(), terminal)
                   << SegmentText("RFM segment", report.by_rfm_segment(), terminal) << "\n"
                   << ContextText(report.context(), terminal);
  return absl::OkStatus();
}

void AddParameters(std::string_view model,
                   const google::protobuf::RepeatedPtrField<v1::Parameter>& parameters,
                   Table& table) {
  for (const auto& parameter : parameters) {
    table.Add({std::string(model), parameter.name(), FormatNumber(parameter.value(), 4),
               parameter.standard_error() > 0 ? FormatNumber(parameter.standard_error(), 4) : "-"});
  }
}

std::string FitText(const v1::ValueModel& model, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("purchases", Cat(model.purchase_model(), ", log-likelihood ",
                             FormatNumber(model.purchase_log_likelihood(), 3), ", BIC ",
                             FormatNumber(model.purchase_bic(), 1)));
  sheet.Add("spend", Cat(model.spend_model(), ", log-likelihood ",
                         FormatNumber(model.spend_log_likelihood(), 3)));
  sheet.Add("  because", model.spend_reason());
  sheet.Add("correlation", Cat(FormatNumber(model.frequency_value_correlation(), 3),
                               " of frequency and mean value"));
  sheet.Add("customers", Cat(FormatCount(model.customer_count()), ", of them ",
                             FormatCount(model.repeater_count()), " with repeat purchases"));
  sheet.Add("fit", Cat(model.converged() ? "converged" : "did not converge", " in ",
                       model.iterations(), " iterations, up to ", FormatStamp(model.fit_as_of())));
  sheet.Add("time unit", Cat(FormatNumber(model.time_unit_days(), 0), " days"));
  for (const std::string& note : model.notes()) sheet.Add("note", note);
  return sheet.Text(terminal);
}

std::string HoldoutText(const v1::Holdout& holdout, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("holdout", Cat(holdout.days(), " days from ", holdout.start_date()));
  sheet.Add("purchases", Cat(FormatCount(holdout.actual_total()), " happened, ",
                             FormatNumber(holdout.expected_total(), 1), " expected"));
  sheet.Add("error a customer",
            Cat("MAE ", FormatNumber(holdout.mae(), 3),
                " (past rate going on: ", FormatNumber(holdout.naive_mae(), 3), "), RMSE ",
                FormatNumber(holdout.rmse(), 3), ", bias ", FormatNumber(holdout.bias(), 3)));
  return Cat("\n", sheet.Text(terminal));
}

absl::Status Model(Invocation& invocation) {
  v1::GetValueModelRequest request;
  ASSIGN_OR_RETURN(const std::string workspace, invocation.Workspace());
  request.set_name(Cat(workspace, "/valueModel"));
  ASSIGN_OR_RETURN(const auto model,
                   invocation.Ask<v1::ValueModel>("ValueService/GetValueModel", request));
  if (invocation.json()) return invocation.PrintJson(model);
  const Terminal& terminal = invocation.terminal();
  Table parameters({{"model"}, {"parameter"}, {"estimate", true}, {"standard error", true}});
  AddParameters(model.purchase_model(), model.purchase_parameters(), parameters);
  AddParameters(model.spend_model(), model.spend_parameters(), parameters);
  std::string text = Cat(FitText(model, terminal), "\n", parameters.Text(terminal));
  if (!model.frequency_table().empty()) {
    Table table({{"repeat purchases", true}, {"customers", true}, {"expected", true}});
    for (int i = 0; i < model.frequency_table_size(); ++i) {
      const auto& row = model.frequency_table(i);
      const bool last = i + 1 == model.frequency_table_size();
      table.Add({Cat(row.repeat_purchases(), last ? "+" : ""), FormatCount(row.actual()),
                 FormatNumber(row.expected(), 1)});
    }
    text = Cat(text, "\n", table.Text(terminal));
  }
  if (model.has_holdout()) text = Cat(text, HoldoutText(model.holdout(), terminal));
  invocation.out() << text << "\n" << ContextText(model.context(), terminal);
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> ValueActions() {
  return {
      {.path = "value get",
       .summary = "Shows what one customer is and will be worth.",
       .details = "",
       .arguments = {{"CUSTOMER", "Customer id or resource name."}},
       .flags = {{.name = "live",
                  .placeholder = "",
                  .help = "Recompute now with the generation's parameters."},
                 {.name = "horizon",
                  .placeholder = "DAYS",
                  .help = "Another horizon than the workspace's, 1-3650."}},
       .examples = {"value get --workspace=shop 17850 --horizon=90"},
       .run = Get},
      {.path = "value report",
       .summary = "Reports value over all customers, by decile.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"value report --workspace=shop"},
       .run = Report},
      {.path = "value model",
       .summary = "Shows the fitted value model, its fit and holdout.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"value model --workspace=shop"},
       .run = Model},
  };
}

}  // namespace rapport::ctl
