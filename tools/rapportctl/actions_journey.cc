// SPDX-License-Identifier: Apache-2.0
// funnel show / customers / pain; paths show; journey effect.
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/funnel_query.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/journey_text.h"

namespace rapport::ctl {
namespace {

template <typename Answer>
absl::Status Show(const Invocation& invocation, const Answer& answer, const std::string& text) {
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << text << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

absl::Status ShowFunnel(Invocation& invocation) {
  v1::QueryFunnelRequest request;
  RETURN_IF_ERROR(ReadFunnelRequest(invocation, request));
  RETURN_IF_ERROR(ReadBreakdown(invocation, request));
  ASSIGN_OR_RETURN(const int64_t top, invocation.Number("top", 1, 1000));
  request.set_top(static_cast<int32_t>(top));
  if (invocation.Has("bins")) {
    ASSIGN_OR_RETURN(const int64_t bins, invocation.Number("bins", 1, 90));
    request.set_histogram_bins(static_cast<int32_t>(bins));
  }
  const std::string compare = invocation.Text("compare");
  if (compare == "previous") request.set_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  if (compare == "last-year") request.set_compare(v1::COMPARISON_SAME_PERIOD_LAST_YEAR);
  request.set_compare_start_date(invocation.Text("compare-from"));
  request.set_compare_end_date(invocation.Text("compare-to"));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::QueryFunnelResponse>("JourneyService/QueryFunnel", request));
  const bool times = invocation.On("times") || invocation.Has("bins");
  return Show(invocation, answer, FunnelText(answer, times, invocation.terminal()));
}

absl::Status ListCustomers(Invocation& invocation) {
  v1::ListFunnelCustomersRequest request;
  RETURN_IF_ERROR(ReadFunnelRequest(invocation, request));
  RETURN_IF_ERROR(ReadBreakdown(invocation, request));
  request.set_group(invocation.Text("group"));
  ASSIGN_OR_RETURN(const int64_t step, invocation.Number("step", 1, 32));
  request.set_step(static_cast<int32_t>(step));
  request.set_side(invocation.On("dropped") ? v1::FUNNEL_SIDE_DROPPED : v1::FUNNEL_SIDE_CONVERTED);
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListFunnelCustomersResponse>(
                                          "JourneyService/ListFunnelCustomers", request));
  std::string text = FunnelCustomersText(answer, invocation.terminal());
  if (!answer.next_page_token().empty()) {
    text += Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  return Show(invocation, answer, text);
}

absl::Status FindPain(Invocation& invocation) {
  v1::FindPainPointsRequest request;
  RETURN_IF_ERROR(ReadFunnelRequest(invocation, request));
  for (const std::string& dimension : invocation.Texts("dimension")) {
    request.add_dimensions(dimension);
  }
  ASSIGN_OR_RETURN(const int64_t top, invocation.Number("top", 1, 100));
  request.set_top(static_cast<int32_t>(top));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::FindPainPointsResponse>(
                                          "JourneyService/FindPainPoints", request));
  return Show(invocation, answer, PainPointsText(answer, invocation.terminal()));
}

// "type", "touchpoint", "channel", "campaign" or "property.KEY".
void ReadLabel(const std::string& text, v1::PathQuestion& question) {
  constexpr std::string_view kProperty = "property.";
  if (text.starts_with(kProperty)) {
    question.set_label(v1::PATH_LABEL_PROPERTY);
    question.set_property(text.substr(kProperty.size()));
    return;
  }
  v1::PathLabel label = v1::PATH_LABEL_UNSPECIFIED;
  v1::PathLabel_Parse(Cat("PATH_LABEL_", absl::AsciiStrToUpper(text)), &label);
  question.set_label(label);
}

absl::Status ShowPaths(Invocation& invocation) {
  v1::QueryPathsRequest request;
  RETURN_IF_ERROR(ReadPoint(invocation, request));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  v1::PathQuestion& question = *request.mutable_question();
  question.set_filter(EventFilter(invocation.Text("filter")));
  question.set_from(EventFilter(invocation.Text("after")));
  question.set_to(EventFilter(invocation.Text("before")));
  ReadLabel(invocation.Text("label"), question);
  ASSIGN_OR_RETURN(const int64_t depth, invocation.Number("depth", 2, 20));
  question.set_depth(static_cast<int32_t>(depth));
  ASSIGN_OR_RETURN(const int64_t top, invocation.Number("top", 1, 1000));
  question.set_top(static_cast<int32_t>(top));
  question.set_keep_repeats(invocation.On("repeats"));
  double percent = 0;
  if (invocation.Has("min-share") && !absl::SimpleAtod(invocation.Text("min-share"), &percent)) {
    return absl::InvalidArgumentError("--min-share: must be a number of percent");
  }
  question.set_min_share(percent / 100);
  if (invocation.Has("window")) {
    question.set_bound(v1::PATH_BOUND_WINDOW);
    RETURN_IF_ERROR(ReadLength(invocation.Text("window"), "window", question.mutable_limit()));
  } else if (invocation.Has("idle")) {
    RETURN_IF_ERROR(ReadLength(invocation.Text("idle"), "idle", question.mutable_limit()));
  }
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::QueryPathsResponse>("JourneyService/QueryPaths", request));
  return Show(invocation, answer, PathsText(answer, invocation.terminal()));
}

absl::Status ShowEffect(Invocation& invocation) {
  v1::QueryStepEffectRequest request;
  RETURN_IF_ERROR(ReadPoint(invocation, request));
  v1::StepEffectQuestion& question = *request.mutable_question();
  question.set_step(EventFilter(invocation.Argument(0)));
  question.set_outcome(EventFilter(invocation.Argument(1)));
  question.set_start_date(invocation.Text("from"));
  question.set_end_date(invocation.Text("to"));
  question.set_population(invocation.Text("filter"));
  for (const std::string& trait : invocation.Texts("match")) question.add_match_on(trait);
  RETURN_IF_ERROR(
      ReadLength(invocation.Text("window"), "window", question.mutable_outcome_window()));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::QueryStepEffectResponse>(
                                          "JourneyService/QueryStepEffect", request));
  return Show(invocation, answer, EffectText(answer, invocation.terminal()));
}

std::vector<Flag> Joined(std::vector<Flag> flags, std::initializer_list<Flag> more) {
  flags.insert(flags.end(), more);
  return flags;
}

std::vector<Flag> AllFunnelFlags(bool budget) {
  std::vector<Flag> flags = PointFlags(budget);
  for (const Flag& flag : FunnelFlags()) flags.push_back(flag);
  return flags;
}

const Flag kBy = {.name = "by",
                  .placeholder = "DIMENSION",
                  .help = "Group by channel, touchpoint, campaign, property.KEY, stage, ..."};
const Flag kAttribution = {
    .name = "attribution",
    .placeholder = "WHICH",
    .help = "Whose value counts: first, last, all or step:N. Default first."};

Action FunnelAction() {
  return {.path = "funnel show",
          .summary = "Shows how many get how far through steps.",
          .details = "The first step lies between --from and --to; later ones within the window.",
          .arguments = FunnelArguments(),
          .flags = Joined(
              AllFunnelFlags(true),
              {kBy,
               kAttribution,
               {.name = "top", .placeholder = "N", .help = "Groups to show.", .fallback = "10"},
               {.name = "compare",
                .placeholder = "RANGE",
                .help = "Compare with the range before or a year before.",
                .choices = "previous|last-year"},
               {.name = "compare-from", .placeholder = "DATE", .help = "Or with this range."},
               {.name = "compare-to", .placeholder = "DATE", .help = "Day after its last."},
               {.name = "times", .placeholder = "", .help = "Also how long completion took."},
               {.name = "bins", .placeholder = "N", .help = "The same in so many bins."}}),
          .examples = {"funnel show --workspace=shop --window=7d product_viewed "
                       "cart_item_added order_placed",
                       "funnel show --workspace=shop --by=channel --compare=previous "
                       "--from=2026-03-01 --to=2026-04-01 product_viewed "
                       "'big order::type = order_placed AND amount > 100'"},
          .run = ShowFunnel};
}

Action CustomersAction() {
  return {
      .path = "funnel customers",
      .summary = "Lists who reached a step, or left before it.",
      .details = "",
      .arguments = FunnelArguments(),
      .flags = Joined(
          AllFunnelFlags(false),
          {{.name = "step", .placeholder = "N", .help = "Which step, from 1.", .required = true},
           {.name = "dropped",
            .placeholder = "",
            .help = "Those who made the step before and not this one."},
           kBy,
           kAttribution,
           {.name = "group", .placeholder = "VALUE", .help = "Only of this group."},
           {.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
           {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}}),
      .examples = {"funnel customers --workspace=shop --step=3 --dropped product_viewed "
                   "cart_item_added order_placed"},
      .run = ListCustomers};
}

Action PainAction() {
  return {.path = "funnel pain",
          .summary = "Finds where customers leave, and who leaves there.",
          .details =
              "Each value of each dimension is tested against the rest; p-values are "
              "corrected for the number of tests.",
          .arguments = FunnelArguments(),
          .flags = Joined(
              AllFunnelFlags(true),
              {{.name = "dimension",
                .placeholder = "DIMENSION",
                .help = "What may separate: channel, stage, property.KEY, "
                        "property.*, ... May be repeated."},
               {.name = "top", .placeholder = "N", .help = "Values to show.", .fallback = "10"}}),
          .examples = {"funnel pain --workspace=shop --dimension=channel --dimension='property.*' "
                       "product_viewed cart_item_added order_placed"},
          .run = FindPain};
}

Action PathsAction() {
  return {
      .path = "paths show",
      .summary = "Shows the ways that customers take most.",
      .details = "A path a session, or with --window a path a customer.",
      .arguments = {},
      .flags = Joined(
          PointFlags(true),
          {{.name = "after", .placeholder = "FILTER", .help = "Paths from the first such event."},
           {.name = "before", .placeholder = "FILTER", .help = "Paths up to the first such event."},
           {.name = "filter", .placeholder = "FILTER", .help = "Which events are seen."},
           {.name = "label",
            .placeholder = "LABEL",
            .help = "type, touchpoint, channel, campaign or property.KEY.",
            .fallback = "type"},
           {.name = "depth", .placeholder = "N", .help = "Most places of a path.", .fallback = "5"},
           {.name = "top", .placeholder = "N", .help = "Paths to show.", .fallback = "20"},
           {.name = "min-share", .placeholder = "PERCENT", .help = "Only what has this share."},
           {.name = "repeats", .placeholder = "", .help = "Count repeats of a label each."},
           {.name = "window",
            .placeholder = "LENGTH",
            .help = "A path a customer, of at most this length."},
           {.name = "idle", .placeholder = "LENGTH", .help = "Pause that ends a session; 30m."}}),
      .examples = {"paths show --workspace=shop --after=product_viewed --depth=4",
                   "paths show --workspace=shop --before=subscription_cancelled --window=30d"},
      .run = ShowPaths};
}

Action EffectAction() {
  return {.path = "journey effect",
          .summary = "Compares who made a step with customers like them who did not.",
          .details =
              "The step is made between --from and --to, the outcome counted in the window "
              "after. What comes out is an association, not proof of a cause.",
          .arguments = {{"STEP", "Event type or filter.", Arity::kOne},
                        {"OUTCOME", "Event type or filter.", Arity::kOne}},
          .flags = Joined(PointFlags(true),
                          {{.name = "window",
                            .placeholder = "LENGTH",
                            .help = "How long the outcome is looked for.",
                            .fallback = "90d"},
                           {.name = "filter",
                            .placeholder = "FILTER",
                            .help = "Which customers, e.g. 'customer.attributes.plan = pro'."},
                           {.name = "match",
                            .placeholder = "TRAIT",
                            .help = "What they must agree in: tenure, orders, recency, "
                                    "first_channel, stage, ... May be repeated."}}),
          .examples = {"journey effect --workspace=shop --from=2026-01-01 --to=2026-02-01 "
                       "support_contacted order_placed"},
          .run = ShowEffect};
}

}  // namespace

std::vector<Action> JourneyActions() {
  return {FunnelAction(), CustomersAction(), PainAction(), PathsAction(), EffectAction()};
}

}  // namespace rapport::ctl
