// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/retention_plan.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "rapport/v1/event.pb.h"

namespace rapport::cohorts {
namespace {

constexpr int kDefaultPeriods = 12;
constexpr int kMaxOccurrences = 1000;

absl::Status CheckGranularity(v1::Granularity granularity, std::string_view field) {
  if (IsBucket(granularity)) return absl::OkStatus();
  return InvalidField(field, "UNKNOWN_GRANULARITY", "must be day, week, month, quarter or year");
}

absl::StatusOr<int32_t> Occurrences(int32_t given, std::string_view field) {
  if (given >= 0 && given <= kMaxOccurrences) return std::max(given, 1);
  return InvalidField(field, "OUT_OF_RANGE", Cat("must be 1 to ", kMaxOccurrences));
}

absl::StatusOr<std::optional<CivilDays>> ReadDate(const std::string& text, std::string_view field) {
  if (text.empty()) return std::optional<CivilDays>();
  const auto day = ParseDate(text);
  if (!day.ok()) return InvalidField(field, "BAD_DATE", "must be a date such as 2026-11-21");
  return std::optional<CivilDays>(*day);
}

}  // namespace

MoneySign MoneySignOf(uint16_t type) {
  switch (type) {
    case v1::EVENT_TYPE_ORDER_PLACED:
    case v1::EVENT_TYPE_BOOKING_MADE:
      return MoneySign::kPlus;
    case v1::EVENT_TYPE_ORDER_REFUNDED:
      return MoneySign::kMinus;
    default:
      return MoneySign::kNone;
  }
}

absl::StatusOr<RetentionPlan> RetentionPlan::Create(const v1::RetentionQuestion& question,
                                                    const metrics::Scope& scope,
                                                    const RetentionOptions& options) {
  RetentionPlan plan;
  plan.question_ = question;
  plan.scope_ = &scope;
  plan.options_ = options;
  RETURN_IF_ERROR(plan.CompleteCounting());
  RETURN_IF_ERROR(plan.CompleteCohort());
  RETURN_IF_ERROR(plan.ReadBrackets());
  RETURN_IF_ERROR(plan.ReadRange());
  RETURN_IF_ERROR(plan.BindFilters());
  plan.LayOut();
  return plan;
}

absl::Status RetentionPlan::CompleteCounting() {
  if (!v1::ReturnMode_IsValid(question_.mode())) {
    return InvalidField("question.mode", "UNKNOWN_VALUE", "is not known");
  }
  if (!v1::PeriodClock_IsValid(question_.period_clock())) {
    return InvalidField("question.period_clock", "UNKNOWN_VALUE", "is not known");
  }
  question_.set_mode(std::max(question_.mode(), v1::RETURN_MODE_ON));
  question_.set_period_clock(std::max(question_.period_clock(), v1::PERIOD_CLOCK_CALENDAR));
  if (question_.period() == v1::GRANULARITY_UNSPECIFIED) {
    question_.set_period(v1::GRANULARITY_MONTH);
  }
  RETURN_IF_ERROR(CheckGranularity(question_.period(), "question.period"));
  ASSIGN_OR_RETURN(const int32_t returns,
                   Occurrences(question_.minimum_returns(), "question.minimum_returns"));
  question_.set_minimum_returns(returns);
  return absl::OkStatus();
}

absl::Status RetentionPlan::CompleteCohort() {
  v1::CohortRule& cohort = *question_.mutable_cohort();
  if (!v1::CohortStart_IsValid(cohort.start())) {
    return InvalidField("question.cohort.start", "UNKNOWN_VALUE", "is not known");
  }
  cohort.set_start(std::max(cohort.start(), v1::COHORT_START_FIRST_EVER));
  if (cohort.bucket() == v1::GRANULARITY_UNSPECIFIED) cohort.set_bucket(question_.period());
  RETURN_IF_ERROR(CheckGranularity(cohort.bucket(), "question.cohort.bucket"));
  ASSIGN_OR_RETURN(const int32_t starts,
                   Occurrences(cohort.minimum_starts(), "question.cohort.minimum_starts"));
  cohort.set_minimum_starts(starts);
  const int ways = (cohort.dimension().empty() ? 0 : 1) + (cohort.segments().empty() ? 0 : 1) +
                   (cohort.together() ? 1 : 0);
  if (ways > 1) {
    return InvalidField("question.cohort", "CONFLICT",
                        "takes one of dimension, segments and together");
  }
  if (!cohort.dimension().empty()) by_ = CohortsBy::kDimension;
  if (!cohort.segments().empty()) by_ = CohortsBy::kSegments;
  if (cohort.together()) by_ = CohortsBy::kTogether;
  return absl::OkStatus();
}

absl::Status RetentionPlan::ReadBrackets() {
  const bool wanted = question_.mode() == v1::RETURN_MODE_BRACKET;
  if (!wanted) {
    if (!question_.brackets().empty()) {
      return InvalidField("question.brackets", "CONFLICT", "need the mode BRACKET");
    }
    if (question_.period_count() < 0 || question_.period_count() > kMaxPeriods) {
      return InvalidField("question.period_count", "OUT_OF_RANGE",
                          Cat("must be 1 to ", kMaxPeriods));
    }
    if (question_.period_count() == 0) question_.set_period_count(kDefaultPeriods);
    for (int32_t period = 0; period <= question_.period_count(); ++period) {
      columns_.push_back({period, period});
    }
    return absl::OkStatus();
  }
  if (question_.period_count() != 0) {
    return InvalidField("question.period_count", "CONFLICT", "is given by the brackets");
  }
  if (question_.brackets().empty() || question_.brackets_size() > kMaxBrackets) {
    return InvalidField("question.brackets", question_.brackets().empty() ? "REQUIRED" : "TOO_MANY",
                        Cat("must be 1 to ", kMaxBrackets));
  }
  for (int i = 0; i < question_.brackets_size(); ++i) {
    const v1::PeriodBracket& bracket = question_.brackets(i);
    const int32_t from = columns_.empty() ? 0 : columns_.back().last + 1;
    if (bracket.first() < from || bracket.last() < bracket.first() ||
        bracket.last() > kMaxPeriods) {
      return InvalidField(
          Cat("question.brackets[", i, "]"), "BAD_BRACKET",
          Cat("must have ", from, " <= first <= last <= ", kMaxPeriods, ": rising and apart"));
    }
    columns_.push_back({bracket.first(), bracket.last()});
  }
  return absl::OkStatus();
}

absl::Status RetentionPlan::ReadRange() {
  ASSIGN_OR_RETURN(const auto first, ReadDate(question_.start_date(), "question.start_date"));
  ASSIGN_OR_RETURN(const auto end, ReadDate(question_.end_date(), "question.end_date"));
  if (first && end && *first >= *end) {
    return InvalidField("question.end_date", "INVERTED_RANGE", "must lie after start_date");
  }
  begin_ = std::numeric_limits<TimeMicros>::min();
  end_ = std::numeric_limits<TimeMicros>::max();
  if (first) begin_ = scope_->calendar.StartOf(*first);
  if (end) end_ = scope_->calendar.StartOf(*end);
  return absl::OkStatus();
}

absl::Status RetentionPlan::BindFilters() {
  v1::CohortRule& cohort = *question_.mutable_cohort();
  ASSIGN_OR_RETURN(start_,
                   BindEvents(cohort.start_filter(), "question.cohort.start_filter", *scope_));
  ASSIGN_OR_RETURN(returns_,
                   BindEvents(question_.return_filter(), "question.return_filter", *scope_));
  cohort.set_start_filter(start_.text);
  question_.set_return_filter(returns_.text);
  if (cohort.segments_size() > kMaxSegments) {
    return InvalidField("question.cohort.segments", "TOO_MANY", Cat("at most ", kMaxSegments));
  }
  for (int i = 0; i < cohort.segments_size(); ++i) {
    v1::CohortSegment& segment = *cohort.mutable_segments(i);
    const std::string field = Cat("question.cohort.segments[", i, "].filter");
    if (segment.filter().empty()) return InvalidField(field, "REQUIRED", "is required");
    ASSIGN_OR_RETURN(filter::Expression customers,
                     ParseCustomers(segment.filter(), field, *scope_));
    segment.set_filter(customers.ToString());
    if (segment.label().empty()) segment.set_label(segment.filter());
    segments_.push_back(std::move(customers));
  }
  return absl::OkStatus();
}

void RetentionPlan::LayOut() {
  const auto periods = static_cast<size_t>(last_period()) + 1;
  column_of_.assign(periods, -1);
  up_to_.assign(periods, column_count());
  int32_t column = 0;
  for (int32_t period = 0; period <= last_period(); ++period) {
    while (columns_[static_cast<size_t>(column)].last < period) ++column;
    const auto place = static_cast<size_t>(period);
    up_to_[place] = column;
    if (columns_[static_cast<size_t>(column)].first <= period) column_of_[place] = column;
  }
}

Outlook RetentionPlan::OutlookOf(int32_t periods_over) const {
  Outlook outlook;
  outlook.settled = ColumnUpTo(periods_over);
  outlook.running = outlook.settled < column_count() &&
                    columns_[static_cast<size_t>(outlook.settled)].first <= periods_over;
  return outlook;
}

CustomerNeeds RetentionPlan::Needs() const {
  CustomerNeeds needs;
  const filter::EventPredicate& start = *start_.predicate;
  const filter::EventPredicate& back = *returns_.predicate;
  needs.places = start.customer_places();
  needs.places.Add(back.customer_places());
  for (const filter::Expression& segment : segments_) needs.places.Add(segment.places());
  if (question_.predicted_value()) needs.places.Add(filter::Place::kCustomerFacts);
  needs.payloads = start.reads_payload() || back.reads_payload();
  const filter::TypeSet money = {v1::EVENT_TYPE_ORDER_PLACED, v1::EVENT_TYPE_BOOKING_MADE,
                                 v1::EVENT_TYPE_ORDER_REFUNDED};
  needs.types = TypeList(start.types().Unite(back.types()).Unite(money), *scope_);
  if (by_ == CohortsBy::kDimension) needs.dimensions.push_back(question_.cohort().dimension());
  return needs;
}

}  // namespace rapport::cohorts
