// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/compiled_funnel.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::journey {
namespace {

constexpr TimeMicros kDefaultWindow = 14 * kMicrosPerDay;
constexpr TimeMicros kDefaultIdle = 1800 * kMicrosPerSecond;
constexpr TimeMicros kLongest = 36'525 * kMicrosPerDay;
constexpr int kMaxExclusions = 8;
constexpr int kMaxHeld = 3;
constexpr int kMaxBins = 90;

// Fields of columns that may be held constant.
bool IsHeldColumn(const filter::Field& field) {
  return field.path == "channel" || field.path == "touchpoint" || field.path == "campaign";
}

template <typename Enum>
Enum OrDefault(Enum value, Enum standard) {
  return static_cast<int>(value) == 0 ? standard : value;
}

}  // namespace

absl::StatusOr<TimeMicros> LengthOf(bool is_set, const google::protobuf::Duration& duration,
                                    TimeMicros standard, std::string_view field) {
  if (!is_set) return standard;
  const bool fits = duration.seconds() >= 0 && duration.nanos() >= 0 &&
                    duration.seconds() <= kLongest / kMicrosPerSecond;
  if (!fits) return InvalidField(field, "OUT_OF_RANGE", "must be 0 to 100 years");
  return duration.seconds() * kMicrosPerSecond + duration.nanos() / 1000;
}

void SetDuration(TimeMicros length, google::protobuf::Duration* duration) {
  duration->set_seconds(length / kMicrosPerSecond);
  duration->set_nanos(static_cast<int32_t>(length % kMicrosPerSecond * 1000));
}

absl::StatusOr<CompiledFunnel> CompiledFunnel::Create(const FunnelQuestion& question,
                                                      const metrics::Scope& scope) {
  CompiledFunnel compiled;
  compiled.scope_ = &scope;
  compiled.funnel_ = question.funnel;
  RETURN_IF_ERROR(compiled.ReadOptions());
  RETURN_IF_ERROR(compiled.ReadSteps());
  RETURN_IF_ERROR(compiled.ReadRules());
  RETURN_IF_ERROR(compiled.ReadExclusions());
  RETURN_IF_ERROR(compiled.ReadHeld());
  RETURN_IF_ERROR(compiled.CheckCombinations());
  ASSIGN_OR_RETURN(compiled.filter_, EventCondition::Compile(question.filter, "filter", scope));
  RETURN_IF_ERROR(compiled.ReadBreakdown(question));
  RETURN_IF_ERROR(compiled.ReadRanges(question));
  return compiled;
}

absl::Status CompiledFunnel::ReadOptions() {
  const auto order = OrDefault(funnel_.order(), v1::FUNNEL_ORDER_ORDERED);
  const auto counting = OrDefault(funnel_.counting(), v1::FUNNEL_COUNTING_CUSTOMERS);
  const auto anchor = OrDefault(funnel_.anchor(), v1::FUNNEL_ANCHOR_BEST);
  if (!v1::FunnelOrder_IsValid(order) || !v1::FunnelCounting_IsValid(counting) ||
      !v1::FunnelAnchor_IsValid(anchor)) {
    return InvalidField("funnel", "UNKNOWN_OPTION", "has an unknown order, counting or anchor");
  }
  funnel_.set_order(order);
  funnel_.set_counting(counting);
  funnel_.set_anchor(anchor);
  plan_.order = order == v1::FUNNEL_ORDER_ANY      ? Order::kAny
                : order == v1::FUNNEL_ORDER_STRICT ? Order::kStrict
                                                   : Order::kOrdered;
  plan_.counting = counting == v1::FUNNEL_COUNTING_TOTALS     ? Counting::kTotals
                   : counting == v1::FUNNEL_COUNTING_SESSIONS ? Counting::kSessions
                                                              : Counting::kCustomers;
  plan_.anchor = anchor == v1::FUNNEL_ANCHOR_FIRST ? Anchor::kFirst : Anchor::kBest;
  ASSIGN_OR_RETURN(plan_.window, LengthOf(funnel_.has_window(), funnel_.window(), kDefaultWindow,
                                          "funnel.window"));
  SetDuration(plan_.window, funnel_.mutable_window());
  ASSIGN_OR_RETURN(plan_.session_idle, LengthOf(funnel_.has_session_idle(), funnel_.session_idle(),
                                                kDefaultIdle, "funnel.session_idle"));
  if (plan_.counting == Counting::kSessions) {
    SetDuration(plan_.session_idle, funnel_.mutable_session_idle());
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadSteps() {
  const int count = funnel_.steps_size();
  if (count < 2 || count > kMaxSteps) {
    return InvalidField("funnel.steps", "OUT_OF_RANGE", Cat("must be 2 to ", kMaxSteps, " steps"));
  }
  plan_.steps = count;
  for (int i = 0; i < count; ++i) {
    const std::string field = Cat("funnel.steps[", i, "]");
    v1::FunnelStep& step = *funnel_.mutable_steps(i);
    ASSIGN_OR_RETURN(EventCondition condition,
                     EventCondition::CompileRequired(step.filter(), field + ".filter", *scope_));
    const bool inner = i > 0 && i + 1 < count && plan_.order != Order::kAny;
    if (step.optional() && !inner) {
      return InvalidField(field + ".optional", "NOT_OPTIONAL",
                          "the first and the last step are not optional, nor any with order ANY");
    }
    if (!step.optional()) plan_.required |= uint32_t{1} << i;
    step.set_filter(condition.text);
    if (step.name().empty()) step.set_name(condition.text);
    steps_.push_back(std::move(condition));
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadRules() {
  for (int i = 0; i < funnel_.rules_size(); ++i) {
    switch (funnel_.rules(i)) {
      case v1::FUNNEL_RULE_STRICT_INCREASE:
        plan_.strict_increase = true;
        break;
      case v1::FUNNEL_RULE_STRICT_DEDUPLICATION:
        plan_.strict_deduplication = true;
        break;
      case v1::FUNNEL_RULE_STRICT_ORDER:
        plan_.strict_order = true;
        break;
      case v1::FUNNEL_RULE_STRICT_ONCE:
        plan_.strict_once = true;
        break;
      default:
        return InvalidField(Cat("funnel.rules[", i, "]"), "UNKNOWN_RULE", "is no rule");
    }
  }
  if (funnel_.rules_size() > 0 && plan_.order != Order::kOrdered) {
    return InvalidField("funnel.rules", "UNSUPPORTED_RULE", "are for order ORDERED only");
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadExclusions() {
  if (funnel_.exclusions_size() > kMaxExclusions) {
    return InvalidField("funnel.exclusions", "OUT_OF_RANGE",
                        Cat("must be at most ", kMaxExclusions));
  }
  for (int i = 0; i < funnel_.exclusions_size(); ++i) {
    const std::string field = Cat("funnel.exclusions[", i, "]");
    v1::FunnelExclusion& exclusion = *funnel_.mutable_exclusions(i);
    ASSIGN_OR_RETURN(EventCondition condition, EventCondition::CompileRequired(
                                                   exclusion.filter(), field + ".filter", *scope_));
    if (exclusion.from_step() == 0) exclusion.set_from_step(1);
    if (exclusion.to_step() == 0) exclusion.set_to_step(plan_.steps);
    const int from = exclusion.from_step() - 1, to = exclusion.to_step() - 1;
    if (from < 0 || to > plan_.last() || from >= to || !plan_.Required(from) ||
        !plan_.Required(to)) {
      return InvalidField(field, "BAD_STEPS",
                          "must lie between two required steps, the earlier one first");
    }
    if (plan_.order == Order::kAny && (from != 0 || to != plan_.last())) {
      return InvalidField(field, "BAD_STEPS", "with order ANY lies between first and last step");
    }
    exclusion.set_filter(condition.text);
    exclusions_.push_back(std::move(condition));
    plan_.exclusions.push_back({from, to});
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadHeld() {
  if (funnel_.hold_constant_size() > kMaxHeld) {
    return InvalidField("funnel.hold_constant", "OUT_OF_RANGE", Cat("must be at most ", kMaxHeld));
  }
  for (int i = 0; i < funnel_.hold_constant_size(); ++i) {
    std::string_view key;
    const filter::Field* field = filter::EventCatalogue().Find(funnel_.hold_constant(i), &key);
    if (field == nullptr || (field->read_payload == nullptr && !IsHeldColumn(*field))) {
      return InvalidField(Cat("funnel.hold_constant[", i, "]"), "UNKNOWN_FIELD",
                          Cat("'", funnel_.hold_constant(i),
                              "' cannot be held constant: property.KEY, channel, touchpoint, "
                              "campaign and text fields of events can"));
    }
    held_.push_back({field, std::string(key)});
    plan_.holds = true;
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::CheckCombinations() const {
  const bool ends_search = plan_.strict_deduplication || plan_.strict_order;
  const bool has_optional = std::popcount(plan_.required) < plan_.steps;
  if (ends_search && (!plan_.exclusions.empty() || has_optional)) {
    return InvalidField("funnel.rules", "UNSUPPORTED_RULE",
                        "STRICT_DEDUPLICATION and STRICT_ORDER take neither optional steps nor "
                        "exclusions");
  }
  if (plan_.order == Order::kAny && plan_.counting == Counting::kTotals) {
    return InvalidField("funnel.counting", "UNSUPPORTED_COUNTING",
                        "TOTALS does not go with order ANY");
  }
  if (plan_.counting == Counting::kTotals && plan_.anchor == Anchor::kFirst) {
    return InvalidField("funnel.anchor", "UNSUPPORTED_ANCHOR", "TOTALS counts every attempt");
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadBreakdown(const FunnelQuestion& question) {
  if (question.top < 0 || question.top > kMaxTop) {
    return InvalidField("top", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxTop));
  }
  if (question.top > 0) top_ = question.top;
  if (question.histogram_bins < 0 || question.histogram_bins > kMaxBins) {
    return InvalidField("histogram_bins", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxBins));
  }
  histogram_bins_ = question.histogram_bins;
  if (question.group_by.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(dimension_, Dimension::Parse(question.group_by, "group_by"));
  attribution_ = OrDefault(question.attribution, v1::FUNNEL_ATTRIBUTION_FIRST_TOUCH);
  if (!v1::FunnelAttribution_IsValid(attribution_)) {
    return InvalidField("attribution", "UNKNOWN_ATTRIBUTION", "is no attribution");
  }
  if (attribution_ != v1::FUNNEL_ATTRIBUTION_STEP) return absl::OkStatus();
  attribution_step_ = question.attribution_step - 1;
  const int last = plan_.order == Order::kAny ? 0 : plan_.last();
  if (attribution_step_ < 0 || attribution_step_ > last) {
    return InvalidField("attribution_step", "OUT_OF_RANGE", Cat("must be 1 to ", last + 1));
  }
  return absl::OkStatus();
}

absl::Status CompiledFunnel::ReadRanges(const FunnelQuestion& question) {
  const auto resolve = [&](const std::string& start, const std::string& end) {
    metrics::WindowRequest request;
    request.start_date = start;
    request.end_date = end;
    return metrics::Windows::Resolve(request, *scope_);
  };
  ASSIGN_OR_RETURN(const metrics::Windows asked, resolve(question.start_date, question.end_date));
  ranges_.push_back(asked.whole());
  if (question.compare != v1::COMPARISON_UNSPECIFIED) {
    if (question.compare != v1::COMPARISON_PREVIOUS_PERIOD &&
        question.compare != v1::COMPARISON_SAME_PERIOD_LAST_YEAR) {
      return InvalidField("compare", "UNKNOWN_COMPARISON",
                          "must be the previous period or the same period last year");
    }
    ranges_.push_back(asked.Compared(question.compare, *scope_).whole());
  } else if (!question.compare_start_date.empty() || !question.compare_end_date.empty()) {
    auto other = resolve(question.compare_start_date, question.compare_end_date);
    if (!other.ok()) return PrefixField(other.status(), "compare_");
    ranges_.push_back(other->whole());
  }
  return absl::OkStatus();
}

TimeMicros CompiledFunnel::first_instant() const {
  return std::ranges::min(ranges_, {}, &metrics::TimeWindow::begin).begin;
}

TimeMicros CompiledFunnel::end_instant() const {
  const TimeMicros end = std::ranges::max(ranges_, {}, &metrics::TimeWindow::end).end;
  return end > std::numeric_limits<TimeMicros>::max() - plan_.window ? end : end + plan_.window;
}

std::vector<uint16_t> CompiledFunnel::Types() const {
  if (plan_.SeesAllEvents() || plan_.counting == Counting::kSessions) return {};
  filter::TypeSet types;
  for (const auto* list : {&steps_, &exclusions_}) {
    for (const EventCondition& condition : *list) {
      types = types.Unite(condition.predicate->types());
    }
  }
  return TypeList(types.Intersect(filter_.predicate->types()), *scope_->names);
}

bool CompiledFunnel::reads_payload() const {
  const auto reads = [](const EventCondition& condition) {
    return condition.predicate->reads_payload();
  };
  return std::ranges::any_of(steps_, reads) || std::ranges::any_of(exclusions_, reads) ||
         reads(filter_) || (dimension_ && dimension_->reads_payload()) ||
         std::ranges::any_of(
             held_, [](const filter::FieldRef& ref) { return ref.field->read_payload != nullptr; });
}

filter::PlaceSet CompiledFunnel::customer_places() const {
  filter::PlaceSet places = filter_.predicate->customer_places();
  for (const auto* list : {&steps_, &exclusions_}) {
    for (const EventCondition& condition : *list) {
      places.Add(condition.predicate->customer_places());
    }
  }
  return places;
}

}  // namespace rapport::journey
