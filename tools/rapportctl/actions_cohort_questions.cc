// SPDX-License-Identifier: Apache-2.0
// cohorts analyze / growth / stickiness / stage-times / watch: what CohortService reads from
// every customer's events.
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "rapport/v1/cohort_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/cohort_text.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/metric_query.h"

namespace rapport::ctl {
namespace {

v1::Granularity GranularityOf(const Invocation& invocation, std::string_view flag) {
  v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED;
  const std::string word = absl::AsciiStrToUpper(invocation.Text(flag));
  if (!word.empty()) v1::Granularity_Parse(Cat("GRANULARITY_", word), &granularity);
  return granularity;
}

// What all these requests have in common.
template <typename Request>
absl::Status SetView(const Invocation& invocation, Request& request) {
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
  if (!invocation.Has("budget")) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t millis, invocation.Number("budget", 1, 3'600'000));
  request.mutable_time_budget()->set_seconds(millis / 1000);
  request.mutable_time_budget()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  return absl::OkStatus();
}

// "1-3" or "5".
absl::Status AddBracket(const std::string& text, v1::RetentionQuestion& question) {
  const size_t dash = text.find('-');
  const std::string first = text.substr(0, dash);
  const std::string last = dash == std::string::npos ? first : text.substr(dash + 1);
  int32_t from = 0, to = 0;
  if (!absl::SimpleAtoi(first, &from) || !absl::SimpleAtoi(last, &to)) {
    return absl::InvalidArgumentError("--bracket: must be such as 1-3");
  }
  v1::PeriodBracket& bracket = *question.add_brackets();
  bracket.set_first(from);
  bracket.set_last(to);
  return absl::OkStatus();
}

// "pro: attributes.plan = pro" or a filter alone.
void AddSegment(const std::string& text, v1::CohortRule& rule) {
  v1::CohortSegment& segment = *rule.add_segments();
  const size_t colon = text.find(": ");
  if (colon != std::string::npos) segment.set_label(text.substr(0, colon));
  segment.set_filter(colon == std::string::npos ? text : text.substr(colon + 2));
}

absl::Status ReadCohort(const Invocation& invocation, v1::CohortRule& rule) {
  const std::string which = invocation.Text("which");
  rule.set_start(which == "in-range"    ? v1::COHORT_START_FIRST_IN_RANGE
                 : which == "recurring" ? v1::COHORT_START_RECURRING
                                        : v1::COHORT_START_FIRST_EVER);
  rule.set_start_filter(invocation.Text("start"));
  ASSIGN_OR_RETURN(const int64_t starts, invocation.Number("starts", 1, 1000));
  rule.set_minimum_starts(static_cast<int32_t>(starts));
  rule.set_bucket(GranularityOf(invocation, "bucket"));
  rule.set_dimension(invocation.Text("by"));
  rule.set_together(invocation.On("together"));
  for (const std::string& segment : invocation.Texts("segment")) AddSegment(segment, rule);
  return absl::OkStatus();
}

absl::StatusOr<v1::AnalyzeRetentionRequest> RetentionRequest(const Invocation& invocation) {
  v1::AnalyzeRetentionRequest request;
  RETURN_IF_ERROR(SetView(invocation, request));
  v1::RetentionQuestion& question = *request.mutable_question();
  RETURN_IF_ERROR(ReadCohort(invocation, *question.mutable_cohort()));
  question.set_return_filter(invocation.Text("return"));
  ASSIGN_OR_RETURN(const int64_t returns, invocation.Number("returns", 1, 1000));
  question.set_minimum_returns(static_cast<int32_t>(returns));
  v1::ReturnMode mode = v1::RETURN_MODE_ON;
  v1::ReturnMode_Parse(Cat("RETURN_MODE_", absl::AsciiStrToUpper(invocation.Text("mode"))), &mode);
  for (const std::string& bracket : invocation.Texts("bracket")) {
    RETURN_IF_ERROR(AddBracket(bracket, question));
    mode = v1::RETURN_MODE_BRACKET;
  }
  question.set_mode(mode);
  if (invocation.On("rolling")) question.set_period_clock(v1::PERIOD_CLOCK_ROLLING);
  question.set_period(GranularityOf(invocation, "period"));
  if (invocation.Has("periods")) {
    ASSIGN_OR_RETURN(const int64_t periods, invocation.Number("periods", 1, 400));
    question.set_period_count(static_cast<int32_t>(periods));
  }
  question.set_start_counts(invocation.On("start-counts"));
  question.set_predicted_value(invocation.On("predicted"));
  question.set_start_date(invocation.Text("from"));
  question.set_end_date(invocation.Text("to"));
  return request;
}

absl::Status Analyze(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto request, RetentionRequest(invocation));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::AnalyzeRetentionResponse>(
                                          "CohortService/AnalyzeRetention", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const std::string show = invocation.Text("show");
  const HeatValue value = show == "customers" ? HeatValue::kReturned
                          : show == "value"   ? HeatValue::kRevenue
                                              : HeatValue::kRate;
  const Terminal& terminal = invocation.terminal();
  invocation.out() << RetentionText(answer, value, terminal)
                   << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<Request> ActivityRequest(const Invocation& invocation) {
  Request request;
  RETURN_IF_ERROR(SetView(invocation, request));
  request.set_filter(invocation.Text("filter"));
  request.set_granularity(GranularityOf(invocation, "by"));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  return request;
}

absl::Status Growth(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto request, ActivityRequest<v1::QueryGrowthRequest>(invocation));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::QueryGrowthResponse>("CohortService/QueryGrowth", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << GrowthText(answer, terminal) << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

absl::Status Stickiness(Invocation& invocation) {
  ASSIGN_OR_RETURN(auto request, ActivityRequest<v1::QueryStickinessRequest>(invocation));
  ASSIGN_OR_RETURN(const int64_t events, invocation.Number("events", 1, 1000));
  request.set_minimum_events(static_cast<int32_t>(events));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::QueryStickinessResponse>(
                                          "CohortService/QueryStickiness", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << StickinessText(answer, terminal) << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

absl::Status ShowStageTimes(Invocation& invocation) {
  v1::QueryStageTimesRequest request;
  RETURN_IF_ERROR(SetView(invocation, request));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_filter(invocation.Text("filter"));
  ASSIGN_OR_RETURN(const int64_t days, invocation.Number("back-within", 1, 3650));
  request.set_reactivation_days(static_cast<int32_t>(days));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::QueryStageTimesResponse>(
                                          "CohortService/QueryStageTimes", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << StageTimesText(answer, terminal) << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

// Follows until it is interrupted; with --deadline for that long.
absl::Status Watch(Invocation& invocation) {
  v1::WatchTransitionsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_resume_token(invocation.Text("resume"));
  if (invocation.Has("to-stage")) {
    v1::LifecycleStage stage;
    if (!v1::LifecycleStage_Parse(Cat("LIFECYCLE_STAGE_", invocation.Text("to-stage")), &stage)) {
      return absl::InvalidArgumentError("--to-stage: must be a stage such as AT_RISK");
    }
    request.set_to_stage(stage);
  }
  ASSIGN_OR_RETURN(Connection * connection, invocation.Server());
  const bool limited = invocation.Has("deadline");
  const absl::Status ended = connection->WatchTransitions(
      request, limited, [&](const v1::WatchTransitionsResponse& message) -> absl::Status {
        if (invocation.json()) {
          RETURN_IF_ERROR(invocation.PrintJson(message));
        } else {
          for (const v1::Transition& transition : message.transitions()) {
            invocation.out() << Cat(
                FormatStamp(transition.transition_time()), "  ", LastSegment(transition.customer()),
                "  ", StageText(transition.from_stage()), " > ", StageText(transition.to_stage()),
                "  ", transition.cause(), "\n");
          }
          invocation.out() << Cat("generation ", LastSegment(message.generation()),
                                  message.generation_end() ? "" : " (goes on)",
                                  ", --resume=", message.resume_token(), "\n");
        }
        invocation.out().flush();
        return absl::OkStatus();
      });
  return limited && absl::IsDeadlineExceeded(ended) ? absl::OkStatus() : ended;
}

constexpr std::string_view kBuckets = "day|week|month|quarter|year";

std::vector<Flag> WithRange(std::vector<Flag> flags) {
  for (Flag& flag : RangeFlags()) flags.push_back(std::move(flag));
  flags.push_back({.name = "budget",
                   .placeholder = "MILLISECONDS",
                   .help = "Answer with what was read by then."});
  return flags;
}

std::vector<Flag> CohortFlags() {
  return {
      {.name = "start",
       .placeholder = "FILTER",
       .help = "Events that start a customer, e.g. 'type = order_placed'; else any."},
      {.name = "which",
       .placeholder = "START",
       .help = "Which start counts.",
       .fallback = "ever",
       .choices = "ever|in-range|recurring"},
      {.name = "starts",
       .placeholder = "N",
       .help = "Start events that a start needs.",
       .fallback = "1"},
      {.name = "bucket",
       .placeholder = "LENGTH",
       .help = "Buckets of cohorts; else the period.",
       .choices = kBuckets},
      {.name = "by",
       .placeholder = "DIMENSION",
       .help = "Cohorts by stage, value_tier, rfm_segment, cohort, acquisition_channel or "
               "attribute.KEY instead of time."},
      {.name = "segment",
       .placeholder = "[LABEL: ]FILTER",
       .help = "A cohort of the customers of a filter instead; may be repeated."},
      {.name = "together", .placeholder = "", .help = "Everybody in one cohort."},
  };
}

std::vector<Flag> ReturnFlags() {
  return {
      {.name = "return",
       .placeholder = "FILTER",
       .help = "Events that are returns, e.g. 'type = session_ended'; else any."},
      {.name = "returns",
       .placeholder = "N",
       .help = "Return events that coming back needs.",
       .fallback = "1"},
      {.name = "mode",
       .placeholder = "HOW",
       .help = "In the period, then or later, up to then, or in each up to then.",
       .fallback = "on",
       .choices = "on|on_or_after|on_or_before|streak"},
      {.name = "bracket",
       .placeholder = "FIRST-LAST",
       .help = "Periods that are counted together; may be repeated."},
      {.name = "period",
       .placeholder = "LENGTH",
       .help = "Length of a period.",
       .fallback = "month",
       .choices = kBuckets},
      {.name = "periods", .placeholder = "N", .help = "Periods after the first; else 12."},
      {.name = "rolling",
       .placeholder = "",
       .help = "Periods run from each start, not by the calendar."},
      {.name = "start-counts", .placeholder = "", .help = "The start event is a return, too."},
      {.name = "predicted",
       .placeholder = "",
       .help = "Also the predicted value of a customer of each cohort."},
      {.name = "show",
       .placeholder = "WHAT",
       .help = "Figure in the cells; value: net revenue to date per start.",
       .fallback = "rate",
       .choices = "rate|customers|value"},
  };
}

std::vector<Flag> AnalyzeFlags() {
  std::vector<Flag> flags = CohortFlags();
  for (Flag& flag : ReturnFlags()) flags.push_back(std::move(flag));
  return WithRange(std::move(flags));
}

Action AnalyzeAction() {
  return {.path = "cohorts analyze",
          .summary = "Shows retention of any cohorts by any events.",
          .details =
              "Reads every customer's events. On a terminal with colour the table is a heat "
              "map. An asterisk marks what is not over; the pooled line leaves it out.",
          .arguments = {},
          .flags = AnalyzeFlags(),
          .examples = {"cohorts analyze --workspace=shop --start='type = order_placed' "
                       "--return='type = order_placed'",
                       "cohorts analyze --workspace=shop --period=day --bracket=1-3 --bracket=4-7",
                       "cohorts analyze --workspace=shop --by=acquisition_channel --rolling "
                       "--show=value"},
          .run = Analyze};
}

Flag ByFlag(std::string_view fallback) {
  return {.name = "by",
          .placeholder = "LENGTH",
          .help = "Length of a bucket.",
          .fallback = fallback,
          .choices = kBuckets};
}

}  // namespace

std::vector<Action> CohortQuestionActions() {
  return {
      AnalyzeAction(),
      {.path = "cohorts growth",
       .summary = "Shows who is new, returning, resurrecting or went dormant.",
       .details = "",
       .arguments = {},
       .flags = WithRange({FilterFlag(), ByFlag("month")}),
       .examples = {"cohorts growth --workspace=shop --by=week --filter='type = session_ended'"},
       .run = Growth},
      {.path = "cohorts stickiness",
       .summary = "Shows in how many days, weeks, ... customers were active.",
       .details = "",
       .arguments = {},
       .flags = WithRange({FilterFlag(),
                           ByFlag("day"),
                           {.name = "events",
                            .placeholder = "N",
                            .help = "Events that make an interval count.",
                            .fallback = "1"}}),
       .examples = {"cohorts stickiness --workspace=shop --from=2026-02-01 --to=2026-03-01"},
       .run = Stickiness},
      {.path = "cohorts stage-times",
       .summary = "Shows how long customers stay in stages and who comes back.",
       .details = "",
       .arguments = {},
       .flags = WithRange({{.name = "filter",
                            .placeholder = "FILTER",
                            .help = "Which customers, e.g. 'value.predicted > 100'."},
                           {.name = "back-within",
                            .placeholder = "DAYS",
                            .help = "Days within which a customer counts as back.",
                            .fallback = "90"}}),
       .examples = {"cohorts stage-times --workspace=shop --from=2026-01-01"},
       .run = ShowStageTimes},
      {.path = "cohorts watch",
       .summary = "Follows the transitions that new generations bring.",
       .details = "Until interrupted; with --deadline for that long.",
       .arguments = {},
       .flags = {{.name = "to-stage", .placeholder = "STAGE", .help = "Only into this stage."},
                 {.name = "resume",
                  .placeholder = "TOKEN",
                  .help = "Go on behind an earlier message."}},
       .examples = {"cohorts watch --workspace=shop --to-stage=AT_RISK"},
       .run = Watch},
  };
}

}  // namespace rapport::ctl
