// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/funnel_query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

constexpr std::pair<char, int64_t> kUnits[] = {
    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 604'800}};

absl::Status ReadStep(std::string_view text, v1::FunnelStep& step) {
  if (text.starts_with('?')) {
    step.set_optional(true);
    text.remove_prefix(1);
  }
  const size_t colons = text.find("::");
  if (colons != std::string_view::npos) {
    step.set_name(std::string(text.substr(0, colons)));
    text.remove_prefix(colons + 2);
  } else if (EventFilter(text) != text) {
    step.set_name(std::string(text));  // The type alone reads better than its filter.
  }
  step.set_filter(EventFilter(text));
  return absl::OkStatus();
}

// "FILTER" or "FILTER@2-3".
absl::Status ReadExclusion(std::string_view text, v1::FunnelExclusion& exclusion) {
  const size_t at = text.rfind('@');
  const size_t dash = text.rfind('-');
  int32_t from = 0, to = 0;
  if (at != std::string_view::npos && dash != std::string_view::npos && dash > at &&
      absl::SimpleAtoi(ToAbsl(text.substr(at + 1, dash - at - 1)), &from) &&
      absl::SimpleAtoi(ToAbsl(text.substr(dash + 1)), &to)) {
    exclusion.set_from_step(from);
    exclusion.set_to_step(to);
    text = text.substr(0, at);
  }
  exclusion.set_filter(EventFilter(text));
  return absl::OkStatus();
}

// The value of an enum by its last words; choices are checked by the command line.
template <typename Enum>
Enum WordOf(const std::string& word, std::string_view prefix,
            bool (*parse)(google::protobuf::ConstStringParam, Enum*)) {
  Enum value = static_cast<Enum>(0);
  std::string name = absl::AsciiStrToUpper(word);
  std::ranges::replace(name, '-', '_');
  if (!word.empty()) parse(Cat(prefix, name), &value);
  return value;
}

}  // namespace

absl::Status ReadLength(std::string_view text, std::string_view flag,
                        google::protobuf::Duration* out) {
  int64_t count = 0;
  const char unit = text.empty() ? ' ' : text.back();
  const auto* known = std::ranges::find(kUnits, unit, &std::pair<char, int64_t>::first);
  if (known == std::end(kUnits) ||
      !absl::SimpleAtoi(ToAbsl(text.substr(0, text.size() - 1)), &count) || count < 0 ||
      count > 1'000'000'000) {
    return absl::InvalidArgumentError(Cat("--", flag, ": must be such as 30s, 15m, 12h, 7d, 2w"));
  }
  out->set_seconds(count * known->second);
  return absl::OkStatus();
}

std::string EventFilter(std::string_view text) {
  const bool word = !text.empty() && std::ranges::all_of(text, [](char letter) {
    return absl::ascii_isalnum(static_cast<unsigned char>(letter)) || letter == '_' ||
           letter == '.';
  });
  return word ? Cat("type = ", text) : std::string(text);
}

absl::Status ReadFunnel(const Invocation& invocation, v1::Funnel& funnel) {
  for (const std::string& step : invocation.arguments()) {
    RETURN_IF_ERROR(ReadStep(step, *funnel.add_steps()));
  }
  for (const std::string& exclusion : invocation.Texts("exclude")) {
    RETURN_IF_ERROR(ReadExclusion(exclusion, *funnel.add_exclusions()));
  }
  for (const std::string& field : invocation.Texts("hold")) funnel.add_hold_constant(field);
  for (const std::string& rule : invocation.Texts("rule")) {
    funnel.add_rules(WordOf<v1::FunnelRule>(rule, "FUNNEL_RULE_STRICT_", v1::FunnelRule_Parse));
  }
  funnel.set_order(
      WordOf<v1::FunnelOrder>(invocation.Text("order"), "FUNNEL_ORDER_", v1::FunnelOrder_Parse));
  funnel.set_counting(WordOf<v1::FunnelCounting>(invocation.Text("count"), "FUNNEL_COUNTING_",
                                                 v1::FunnelCounting_Parse));
  funnel.set_anchor(WordOf<v1::FunnelAnchor>(invocation.Text("anchor"), "FUNNEL_ANCHOR_",
                                             v1::FunnelAnchor_Parse));
  if (invocation.Has("window")) {
    RETURN_IF_ERROR(ReadLength(invocation.Text("window"), "window", funnel.mutable_window()));
  }
  if (invocation.Has("idle")) {
    RETURN_IF_ERROR(ReadLength(invocation.Text("idle"), "idle", funnel.mutable_session_idle()));
  }
  return absl::OkStatus();
}

absl::Status ReadAttribution(std::string_view text, v1::FunnelAttribution* attribution,
                             int32_t* step) {
  constexpr std::string_view kStep = "step:";
  if (text == "first") {
    *attribution = v1::FUNNEL_ATTRIBUTION_FIRST_TOUCH;
  } else if (text == "last") {
    *attribution = v1::FUNNEL_ATTRIBUTION_LAST_TOUCH;
  } else if (text == "all") {
    *attribution = v1::FUNNEL_ATTRIBUTION_ALL_STEPS;
  } else if (text.starts_with(kStep) && absl::SimpleAtoi(ToAbsl(text.substr(kStep.size())), step)) {
    *attribution = v1::FUNNEL_ATTRIBUTION_STEP;
  } else if (!text.empty()) {
    return absl::InvalidArgumentError("--attribution: must be first, last, all or step:N");
  }
  return absl::OkStatus();
}

std::vector<Argument> FunnelArguments() {
  return {{"STEP",
           "Event type or filter, in order. `?` before it: optional. `NAME::` before it: its name.",
           Arity::kMany}};
}

std::vector<Flag> PointFlags(bool budget) {
  std::vector<Flag> flags = {
      {.name = "from", .placeholder = "DATE", .help = "First day, in the workspace's zone."},
      {.name = "to", .placeholder = "DATE", .help = "Day after the last."},
      {.name = "nightly",
       .placeholder = "",
       .help = "As of the published generation instead of now."}};
  if (budget) {
    flags.push_back({.name = "budget",
                     .placeholder = "MS",
                     .help = "Answer after so many milliseconds with what was read."});
  }
  return flags;
}

std::vector<Flag> FunnelFlags() {
  return {{.name = "filter",
           .placeholder = "FILTER",
           .help = "Which events and customers exist for it, e.g. 'channel = web'."},
          {.name = "window",
           .placeholder = "LENGTH",
           .help = "Longest time from the first step, e.g. 7d or 30m.",
           .fallback = "14d"},
          {.name = "order",
           .placeholder = "ORDER",
           .help = "Other events between steps or not; any order.",
           .fallback = "ordered",
           .choices = "ordered|strict|any"},
          {.name = "exclude",
           .placeholder = "FILTER[@N-M]",
           .help = "What must not happen (between steps N and M). May be repeated."},
          {.name = "hold",
           .placeholder = "FIELD",
           .help = "What all steps must agree in, e.g. property.item. May be repeated."},
          {.name = "count",
           .placeholder = "WHAT",
           .help = "What is counted.",
           .fallback = "customers",
           .choices = "customers|sessions|totals"},
          {.name = "idle", .placeholder = "LENGTH", .help = "Pause that ends a session; 30m."},
          {.name = "anchor",
           .placeholder = "WHICH",
           .help = "The best attempt, or that of the first event.",
           .fallback = "best",
           .choices = "best|first"},
          {.name = "rule",
           .placeholder = "RULE",
           .help = "A stricter reading, as windowFunnel's strict_RULE. May be repeated.",
           .choices = "increase|deduplication|order|once"}};
}

}  // namespace rapport::ctl
