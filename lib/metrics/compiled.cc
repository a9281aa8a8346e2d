// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/compiled.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/lifecycle/stage.h"
#include "lib/math/quantile_sketch.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

// Changes whenever the maths of stored sums do.
constexpr int kMathsVersion = 3;

void CompleteSession(v1::SessionRule& session) {
  if (session.idle_seconds() == 0) session.set_idle_seconds(1800);
  if (session.maximum_seconds() == 0) session.set_maximum_seconds(86'400);
  if (session.engaged_seconds() == 0) session.set_engaged_seconds(10);
  if (session.engaged_views() == 0) session.set_engaged_views(2);
}

struct BoundFilter {
  std::shared_ptr<const filter::EventPredicate> predicate;
  bool of_cells = true;
};

absl::StatusOr<BoundFilter> BindFilter(const std::string& text, std::string_view field,
                                       const Scope& scope) {
  filter::Context context;
  context.base_currency = UnpackCurrency(scope.base_currency);
  context.calendar = scope.calendar;
  context.field = std::string(field);
  context.names = scope.names;
  ASSIGN_OR_RETURN(const filter::Expression expression,
                   filter::Parse(text, filter::EventAndCustomerCatalogue(), context));
  return BoundFilter{
      std::make_shared<const filter::EventPredicate>(filter::Bind(expression, *scope.names)),
      expression.empty() || expression.OnlyCellFields()};
}

}  // namespace

BusinessTime::BusinessTime(const v1::BusinessHours& hours, const Calendar& calendar)
    : calendar_(calendar) {
  for (const int day : hours.weekdays()) {
    if (day >= 1 && day <= 7) works_[static_cast<size_t>(day - 1)] = true;
  }
  if (hours.weekdays().empty()) std::fill(works_.begin(), works_.begin() + 5, true);
  if (hours.end_minute() > 0) {
    start_minute_ = hours.start_minute();
    end_minute_ = hours.end_minute();
  }
}

int64_t BusinessTime::WithinDay(CivilDays day, TimeMicros begin, TimeMicros end) const {
  // 1970-01-01 was a Thursday.
  if (!works_[static_cast<size_t>(((day + 3) % 7 + 7) % 7)]) return 0;
  const CivilDate date = CivilFromDays(day);
  const TimeMicros open = calendar_.TimeOf(date, start_minute_ / 60, start_minute_ % 60, 0);
  const TimeMicros close = calendar_.TimeOf(date, end_minute_ / 60, end_minute_ % 60, 0);
  return std::max<int64_t>(0, std::min(end, close) - std::max(begin, open));
}

int64_t BusinessTime::Between(TimeMicros begin, TimeMicros end) const {
  if (end <= begin) return 0;
  int64_t sum = 0;
  const CivilDays last = calendar_.DayOf(end);
  for (CivilDays day = calendar_.DayOf(begin); day <= last; ++day) {
    sum += WithinDay(day, begin, end);
  }
  return sum;
}

absl::StatusOr<CompiledMetric> CompiledMetric::Create(const v1::MetricDefinition& definition,
                                                      const Scope& scope) {
  CompiledMetric metric;
  metric.definition_ = definition;
  metric.scope_ = &scope;
  CompleteSession(*metric.definition_.mutable_session());
  ASSIGN_OR_RETURN(BoundFilter numerator,
                   BindFilter(definition.numerator_filter(), "definition.numerator_filter", scope));
  ASSIGN_OR_RETURN(BoundFilter denominator, BindFilter(definition.denominator_filter(),
                                                       "definition.denominator_filter", scope));
  metric.numerator_filter_ = std::move(numerator.predicate);
  metric.denominator_filter_ = std::move(denominator.predicate);
  metric.cell_filters_ = numerator.of_cells && denominator.of_cells;
  metric.business_time_ =
      std::make_shared<const BusinessTime>(scope.business_hours, scope.calendar);
  for (const double edge : definition.histogram_edges()) {
    metric.edges_.push_back(std::llround(edge * static_cast<double>(kMicrosPerUnit)));
  }
  metric.SetRoles();
  return metric;
}

void CompiledMetric::SetRoles() {
  const auto set = [&](int type, uint8_t role) {
    if (type == v1::EVENT_TYPE_CUSTOM) {
      any_custom_ = static_cast<uint8_t>(any_custom_ | role);
    } else if (type > 0 && type < static_cast<int>(roles_.size())) {
      uint8_t& roles = roles_[static_cast<size_t>(type)];
      roles = static_cast<uint8_t>(roles | role);
    }
  };
  const auto set_custom = [&](const std::string& name, uint8_t role) {
    const uint32_t number = scope_->names->Find(filter::NameKind::kCustomType, name);
    if (number == 0) return;
    custom_roles_.emplace_back(static_cast<uint16_t>(filter::kFirstCustomType + number), role);
  };
  for (const int type : definition_.numerator()) set(type, kNumerator);
  for (const int type : definition_.denominator()) set(type, kDenominator);
  for (const int type : definition_.subtracted()) set(type, kSubtracted);
  for (const auto& name : definition_.numerator_custom_types()) set_custom(name, kNumerator);
  for (const auto& name : definition_.denominator_custom_types()) set_custom(name, kDenominator);
  SetActivityRoles();
}

// Kinds of customers and sessions without event types look at any activity.
void CompiledMetric::SetActivityRoles() {
  const bool no_numerator =
      definition_.numerator().empty() && definition_.numerator_custom_types().empty();
  const bool no_denominator =
      definition_.denominator().empty() && definition_.denominator_custom_types().empty();
  uint8_t roles = 0;
  if (no_numerator && (shape() == Shape::kDistinct || shape() == Shape::kSessions)) {
    roles = kNumerator;
  }
  if (no_denominator && kind() == v1::METRIC_KIND_DISTINCT_RATIO) {
    roles = static_cast<uint8_t>(roles | kDenominator);
  }
  if (roles == 0) return;
  for (size_t type = 0; type < roles_.size(); ++type) {
    if (lifecycle::IsActivity(static_cast<uint16_t>(type))) {
      roles_[type] = static_cast<uint8_t>(roles_[type] | roles);
    }
  }
  any_custom_ = static_cast<uint8_t>(any_custom_ | roles);
}

uint8_t CompiledMetric::CustomRoles(uint16_t type) const {
  uint8_t roles = any_custom_;
  for (const auto& [at, role] : custom_roles_) {
    if (at == type) roles = static_cast<uint8_t>(roles | role);
  }
  return roles;
}

std::vector<uint16_t> CompiledMetric::Types() const {
  std::vector<uint16_t> types;
  for (size_t type = 0; type < roles_.size(); ++type) {
    if (roles_[type] != 0) types.push_back(static_cast<uint16_t>(type));
  }
  if (any_custom_ != 0) {
    const uint32_t count = scope_->names->Count(filter::NameKind::kCustomType);
    for (uint32_t number = 1; number <= count; ++number) {
      types.push_back(static_cast<uint16_t>(filter::kFirstCustomType + number));
    }
    return types;
  }
  for (const auto& [type, role] : custom_roles_) types.push_back(type);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

std::optional<int64_t> CompiledMetric::RateOf(uint16_t currency, CivilDays day) const {
  if (currency == 0 || currency == scope_->base_currency) return kNanosPerRate;
  if (scope_->rates == nullptr) return std::nullopt;
  return scope_->rates->At(currency, day);
}

std::optional<Int128> CompiledMetric::Convert(int64_t micros, uint16_t currency,
                                              CivilDays day) const {
  const auto rate = RateOf(currency, day);
  if (!rate) return std::nullopt;
  return Int128{micros} * *rate;
}

std::optional<size_t> CompiledMetric::HistogramClass(int64_t micros) const {
  if (edges_.empty()) return std::nullopt;
  return math::HistogramClass(edges_, micros);
}

std::string FingerprintOf(const v1::MetricDefinition& definition, const Scope& scope) {
  v1::MetricDefinition maths = definition;
  for (auto* text : {maths.mutable_name(), maths.mutable_metric(), maths.mutable_display_name(),
                     maths.mutable_formula(), maths.mutable_source(), maths.mutable_sample_unit(),
                     maths.mutable_remarks(), maths.mutable_etag()}) {
    text->clear();
  }
  maths.clear_bands();
  maths.clear_band_granularity();
  maths.clear_minimum_sample();
  maths.clear_direction();
  maths.clear_statistic();
  maths.clear_custom();
  maths.clear_unit();
  maths.clear_factor();
  maths.clear_complement();
  const Shape shape = ShapeOf(definition.kind());
  if (shape == Shape::kMembers) maths.set_kind(v1::METRIC_KIND_RETENTION);
  if (shape == Shape::kRecurring) {
    maths.set_kind(v1::METRIC_KIND_RECURRING_REVENUE);
    maths.clear_recurring_part();
  }
  const int64_t version = scope.rates == nullptr ? 0 : scope.rates->version();
  const std::string text = Cat(
      kMathsVersion, "|", maths.SerializeAsString(), "|", FromAbsl(scope.calendar.zone().name()),
      "|", static_cast<int>(scope.calendar.week_start()), "|", scope.base_currency, "|",
      scope.rules.SerializeAsString(), "|", scope.business_hours.SerializeAsString(), "|",
      IsMoneyKind(definition.kind()) || shape == Shape::kRecurring ? version : 0);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(HashText64(text)));
  return digits;
}

}  // namespace rapport::metrics
