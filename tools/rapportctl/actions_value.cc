// SPDX-License-Identifier: Apache-2.0
// value get / report / model / tracking.
#include <algorithm>
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/value_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/value_model_text.h"

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
  if (invocation.Has("counts")) {
    ASSIGN_OR_RETURN(const int64_t counts, invocation.Number("counts", 0, 100));
    request.set_max_purchases(static_cast<int32_t>(counts));
  }
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::GetCustomerValueResponse>(
                                          "ValueService/GetCustomerValue", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Sheet sheet;
  sheet.Add("customer", LastSegment(answer.customer()));
  if (answer.has_value()) {
    AddValue(answer.value(), sheet);
  } else {
    sheet.Add("value", "none: no purchase or subscription yet");
  }
  if (answer.has_p_alive_at_horizon()) {
    sheet.Add("alive at the end", FormatShare(answer.p_alive_at_horizon()));
  }
  invocation.out() << sheet.Text(invocation.terminal());
  if (answer.purchase_counts_size() > 0) {
    invocation.out() << "\n" << CountsText(answer.purchase_counts(), invocation.terminal());
  }
  invocation.out() << ContextText(answer.context(), invocation.terminal());
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

// "1,234.50 to 2,345.60 EUR".
std::string RangeText(const v1::Interval& interval, const v1::Money& of) {
  if (interval.level() == 0) return "";
  return Cat(FormatInterval(interval, 2), of.currency().empty() ? "" : Cat(" ", of.currency()));
}

std::string SegmentText(std::string_view title,
                        const google::protobuf::RepeatedPtrField<v1::ValueSegment>& segments,
                        const Terminal& terminal) {
  if (segments.empty()) return "";
  Table table({{std::string(title)},
               {"customers", true},
               {"predicted", true},
               {"range"},
               {"to date", true},
               {"alive", true}});
  for (const auto& segment : segments) {
    table.Add({FormatEnum(segment.segment(), "LIFECYCLE_STAGE_"),
               FormatCount(segment.customer_count()), FormatMoneyShort(segment.predicted_total()),
               FormatInterval(segment.equity_interval(), 2),
               FormatMoneyShort(segment.historic_total()), FormatShare(segment.mean_p_alive(), 0)});
  }
  return Cat("\n", table.Text(terminal));
}

void AddEquity(const v1::ValueReport& report, const Terminal& terminal, Sheet& sheet) {
  sheet.Add("customer equity",
            terminal.In(Paint::kBold, FormatMoneyShort(report.customer_equity())));
  if (report.subscriber_count() > 0) {
    sheet.Add("  of subscriptions",
              Cat(FormatMoneyShort(report.subscription_equity()), ", ",
                  FormatCount(report.subscriber_count()), " subscribers, ",
                  FormatMoneyShort(report.monthly_recurring_revenue()), " a month"));
  }
  if (report.equity_interval().level() == 0) return;
  sheet.Add("  range", Cat(RangeText(report.equity_interval(), report.customer_equity()), " (",
                           FormatShare(report.equity_interval().level(), 0), ")"));
  sheet.Add(
      "  deviation",
      Cat(FormatMoneyShort(report.individual_deviation()), " from the customers' own futures, ",
          FormatMoneyShort(report.parameter_deviation()), " from the parameters"));
}

absl::Status Report(Invocation& invocation) {
  v1::GetValueReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::ValueReport>("ValueService/GetValueReport", request));
  if (invocation.json()) return invocation.PrintJson(report);
  const Terminal& terminal = invocation.terminal();
  Sheet sheet;
  AddEquity(report, terminal, sheet);
  sheet.Add("value to date", FormatMoneyShort(report.historic_total()));
  sheet.Add("customers with a value", FormatCount(report.customer_count()));
  sheet.Add("expected alive", Cat(FormatNumber(report.expected_alive(), 0), " (mean chance ",
                                  FormatShare(report.mean_p_alive()), ")"));
  sheet.Add("in the top decile",
            Cat(FormatShare(report.top_decile_share()), " of predicted value"));
  invocation.out() << sheet.Text(terminal) << "\n"
                   << DecileText(report, terminal)
                   << SegmentText("stage", report.by_stage(), terminal)
                   << SegmentText("RFM segment", report.by_rfm_segment(), terminal)
                   << SegmentText("first order in", report.by_cohort(), terminal)
                   << SegmentText("channel", report.by_channel(), terminal)
                   << SegmentText(report.grouped_by(), report.by_group(), terminal) << "\n"
                   << ContextText(report.context(), terminal);
  return absl::OkStatus();
}

absl::StatusOr<v1::ValueModel> AskModel(Invocation& invocation) {
  v1::GetValueModelRequest request;
  ASSIGN_OR_RETURN(const std::string workspace, invocation.Workspace());
  request.set_name(Cat(workspace, "/valueModel"));
  return invocation.Ask<v1::ValueModel>("ValueService/GetValueModel", request);
}

absl::Status Model(Invocation& invocation) {
  ASSIGN_OR_RETURN(const v1::ValueModel model, AskModel(invocation));
  if (invocation.json()) return invocation.PrintJson(model);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << ValueModelText(model, terminal) << "\n"
                   << ContextText(model.context(), terminal);
  return absl::OkStatus();
}

absl::Status Tracking(Invocation& invocation) {
  ASSIGN_OR_RETURN(const v1::ValueModel model, AskModel(invocation));
  if (invocation.json()) return invocation.PrintJson(model.tracking());
  const Terminal& terminal = invocation.terminal();
  invocation.out() << TrackingText(model.tracking(), terminal) << "\n"
                   << ContextText(model.context(), terminal);
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
                  .help = "Another horizon than the workspace's, 1-3650."},
                 {.name = "counts",
                  .placeholder = "N",
                  .help = "Also the chances of 0, 1, ... N purchases over the horizon."}},
       .examples = {"value get --workspace=shop 17850 --horizon=90"},
       .run = Get},
      {.path = "value report",
       .summary = "Reports value over all customers, by decile, stage, cohort and channel.",
       .details = "The range of customer equity holds the customers' own futures and the "
                  "uncertainty of the parameters, which moves all customers together.",
       .arguments = {},
       .flags = {},
       .examples = {"value report --workspace=shop"},
       .run = Report},
      {.path = "value model",
       .summary = "Shows the fit report: the models tried, parameters, holdout, classifiers.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"value model --workspace=shop"},
       .run = Model},
      {.path = "value tracking",
       .summary = "Charts repeat purchases week by week: actual against expected.",
       .details = "In the holdout, expected is what the model fitted before it foresaw.",
       .arguments = {},
       .flags = {},
       .examples = {"value tracking --workspace=shop"},
       .run = Tracking},
  };
}

}  // namespace rapport::ctl
