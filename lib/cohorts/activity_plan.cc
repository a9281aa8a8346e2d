// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/activity_plan.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::cohorts {
namespace {

absl::StatusOr<CivilDays> ReadDate(const std::string& text, std::string_view field) {
  const auto day = ParseDate(text);
  if (!day.ok()) return InvalidField(field, "BAD_DATE", "must be a date such as 2026-11-21");
  return *day;
}

}  // namespace

absl::StatusOr<ActivityPlan> ActivityPlan::Create(const ActivityQuestion& question,
                                                  const metrics::Scope& scope) {
  ActivityPlan plan;
  plan.scope_ = &scope;
  const v1::Granularity granularity = question.granularity == v1::GRANULARITY_UNSPECIFIED
                                          ? question.default_granularity
                                          : question.granularity;
  if (!IsBucket(granularity)) {
    return InvalidField("granularity", "UNKNOWN_GRANULARITY",
                        "must be day, week, month, quarter or year");
  }
  plan.granularity_ = BucketOf(granularity);
  RETURN_IF_ERROR(plan.ReadRange(question));
  ASSIGN_OR_RETURN(plan.filter_, BindEvents(question.filter, "filter", scope));
  return plan;
}

absl::Status ActivityPlan::ReadRange(const ActivityQuestion& question) {
  const WeekStart week_start = scope_->calendar.week_start();
  const CivilDays as_of_day = scope_->as_of_day();
  as_of_bucket_ = OrdinalOf(as_of_day, granularity_, week_start);
  CivilDays last = as_of_day;
  if (!question.end_date.empty()) {
    ASSIGN_OR_RETURN(const CivilDays end, ReadDate(question.end_date, "end_date"));
    last = std::min(end - 1, as_of_day);
  }
  end_ = OrdinalOf(last, granularity_, week_start) + 1;
  if (!question.start_date.empty()) {
    ASSIGN_OR_RETURN(const CivilDays first, ReadDate(question.start_date, "start_date"));
    if (first > last) {
      return InvalidField("start_date", "INVERTED_RANGE", "must lie before end_date and as_of");
    }
    first_ = OrdinalOf(first, granularity_, week_start);
  } else if (question.default_buckets > 0) {
    first_ = end_ - question.default_buckets;
  }
  if (first_ && end_ - *first_ > kMaxBuckets) {
    return InvalidField("start_date", "TOO_MANY_BUCKETS",
                        Cat("the range has more than ", kMaxBuckets, " ", Word(granularity_), "s"));
  }
  return absl::OkStatus();
}

CustomerNeeds ActivityPlan::Needs() const {
  CustomerNeeds needs;
  needs.places = filter_.predicate->customer_places();
  needs.payloads = filter_.predicate->reads_payload();
  needs.types = TypeList(filter_.predicate->types(), *scope_);
  return needs;
}

std::string ActivityPlan::BucketsInWords() const {
  return Cat("calendar ", Word(granularity_), "s, ", scope_->calendar.zone().name());
}

}  // namespace rapport::cohorts
