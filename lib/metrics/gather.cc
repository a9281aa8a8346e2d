// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/gather.h"

#include <algorithm>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::metrics {
namespace {

enum class Role : uint8_t { kNumerator, kDenominator, kSubtracted };

bool CountsScores(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_NET_SCORE || kind == v1::METRIC_KIND_SCORE_SHARE ||
         kind == v1::METRIC_KIND_SCORE_MEAN;
}

// Adds cells of one role to tallies.
class Adder {
 public:
  Adder(const GatherPlan& plan, Role role)
      : role_(role),
        scores_(CountsScores(plan.definition.kind())),
        base_currency_(plan.scope.base_currency) {}

  void Add(const CellKey& key, const Cell& cell, Tally& tally) const {
    const bool base = key.currency == 0 || key.currency == base_currency_;
    if (role_ == Role::kDenominator) {
      tally.denominator_count += cell.count;
      return;
    }
    if (!base) tally.foreign_count += cell.count;
    if (role_ == Role::kSubtracted) {
      if (base) tally.money_subtracted += cell.value_sum;
      return;
    }
    tally.count += cell.count;
    tally.value_sum += cell.value_sum;
    if (base) {
      tally.money_count += cell.count;
      tally.money_sum += cell.value_sum;
    }
    if (scores_) tally.scores[key.bucket] += cell.count;
  }

 private:
  Role role_;
  bool scores_;
  CurrencyCode base_currency_;
};

bool Groups(const GatherPlan& plan, Dimension dimension) {
  return std::find(plan.group_by.begin(), plan.group_by.end(), dimension) != plan.group_by.end();
}

absl::Status GatherType(const GatherPlan& plan, CellReader read, int type, Role role,
                        Gathered& gathered) {
  const bool by_channel = Groups(plan, Dimension::kChannel);
  const bool by_touchpoint = Groups(plan, Dimension::kTouchpoint);
  const DayRange& days = plan.range.days;
  const Adder adder(plan, role);
  const auto visit = [&](const CellKey& key, const Cell& cell) {
    if (key.day < days.begin || key.day >= days.end) return;
    const size_t index = plan.range.IndexOf(key.day);
    adder.Add(key, cell, gathered.buckets[index].tally);
    if (!by_channel && !by_touchpoint) return;
    const GroupKey group(by_channel ? key.channel : uint8_t{0},
                         by_touchpoint ? key.touchpoint_no : uint32_t{0});
    auto& tallies = gathered.groups[group];
    tallies.resize(plan.range.buckets.size());
    adder.Add(key, cell, tallies[index]);
  };
  return read(SeriesFamily::kEvents, static_cast<uint16_t>(type), days.begin, days.end, visit);
}

absl::Status GatherEvents(const GatherPlan& plan, CellReader read, Gathered& gathered) {
  for (const int type : plan.definition.numerator()) {
    RETURN_IF_ERROR(GatherType(plan, read, type, Role::kNumerator, gathered));
  }
  for (const int type : plan.definition.subtracted()) {
    RETURN_IF_ERROR(GatherType(plan, read, type, Role::kSubtracted, gathered));
  }
  if (plan.definition.kind() != v1::METRIC_KIND_COUNT_RATIO) return absl::OkStatus();
  for (const int type : plan.definition.denominator()) {
    RETURN_IF_ERROR(GatherType(plan, read, type, Role::kDenominator, gathered));
  }
  return absl::OkStatus();
}

absl::Status GatherMembers(const GatherPlan& plan, CellReader read, Gathered& gathered) {
  const DayRange& days = plan.range.days;
  int64_t before = 0;
  const auto visit = [&](const CellKey& key, const Cell& cell) {
    if (key.day >= days.end) return;
    if (key.day < days.begin) {
      before += key.bucket == 3 ? -cell.count : cell.count;
      return;
    }
    Membership& members = gathered.buckets[plan.range.IndexOf(key.day)].members;
    if (key.bucket == 1) members.joined += cell.count;
    if (key.bucket == 2) members.returned += cell.count;
    if (key.bucket == 3) members.left += cell.count;
  };
  RETURN_IF_ERROR(
      read(SeriesFamily::kMembers, 0, std::numeric_limits<CivilDays>::min(), days.end, visit));
  for (Figures& figures : gathered.buckets) {
    figures.members.at_start = before;
    before = figures.members.at_end();
  }
  return absl::OkStatus();
}

// Purchasers if the definition names event types, any activity otherwise.
SeriesFamily FamilyOf(const v1::MetricDefinition& definition) {
  return definition.numerator().empty() ? SeriesFamily::kActive : SeriesFamily::kPurchasers;
}

absl::Status ReadDistinct(const GatherPlan& plan, CellReader read, DistinctPlace place,
                          Distinct& distinct) {
  const auto visit = [&](const CellKey& key, const Cell& cell) {
    if (key.day != place.day || key.bucket != place.granularity) return;
    distinct.customers += cell.count;
    distinct.repeaters += cell.value_sum;
  };
  return read(FamilyOf(plan.definition), 0, place.day, place.day + 1, visit);
}

absl::Status NotKept(const GatherPlan& plan, const DayRange& days) {
  const std::string text =
      Cat("distinct customers are counted per calendar day, week, month, quarter and year and over "
          "all time, not for ",
          FormatDate(days.begin), " to ", FormatDate(days.end));
  if (!plan.range.granularity) return InvalidField("granularity", "NOT_A_CALENDAR_BUCKET", text);
  const bool first = days.begin == plan.range.days.begin;
  return InvalidField(first ? "start_date" : "end_date", "NOT_A_CALENDAR_BUCKET", text);
}

// One pass over all buckets of the granularity.
absl::Status GatherDistinct(const GatherPlan& plan, CellReader read, Gathered& gathered) {
  const QueryRange& range = plan.range;
  if (!range.granularity) {
    const auto place = DistinctPlaceOf(range.days, std::nullopt, plan.scope);
    if (!place) return NotKept(plan, range.days);
    return ReadDistinct(plan, read, *place, gathered.buckets[0].distinct);
  }
  std::vector<CivilDays> starts;
  for (const DayRange& bucket : range.buckets) {
    const auto place = DistinctPlaceOf(bucket, range.granularity, plan.scope);
    if (!place) return NotKept(plan, bucket);
    starts.push_back(place->day);
  }
  const auto visit = [&](const CellKey& key, const Cell& cell) {
    if (key.bucket != static_cast<uint16_t>(*range.granularity)) return;
    const auto found = std::lower_bound(starts.begin(), starts.end(), key.day);
    if (found == starts.end() || *found != key.day) return;
    Distinct& distinct = gathered.buckets[static_cast<size_t>(found - starts.begin())].distinct;
    distinct.customers += cell.count;
    distinct.repeaters += cell.value_sum;
  };
  return read(FamilyOf(plan.definition), 0, starts.front(), range.days.end, visit);
}

absl::Status SumWhole(const GatherPlan& plan, CellReader read, Gathered& gathered) {
  Figures whole;
  whole.range_years = YearsIn(plan.range.days);
  whole.customer_years = plan.customer_years;
  whole.members.at_start = gathered.buckets.front().members.at_start;
  for (const Figures& bucket : gathered.buckets) {
    whole.tally.Add(bucket.tally);
    whole.members.joined += bucket.members.joined;
    whole.members.returned += bucket.members.returned;
    whole.members.left += bucket.members.left;
  }
  if (NeedsDistinct(plan.definition.kind())) {
    const auto place = DistinctPlaceOf(plan.range.days, std::nullopt, plan.scope);
    if (!place) return absl::OkStatus();
    RETURN_IF_ERROR(ReadDistinct(plan, read, *place, whole.distinct));
  }
  gathered.whole = std::move(whole);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Gathered> Gather(const GatherPlan& plan, CellReader read) {
  Gathered gathered;
  for (const DayRange& bucket : plan.range.buckets) {
    Figures& figures = gathered.buckets.emplace_back();
    figures.range_years = YearsIn(bucket);
    figures.customer_years = plan.customer_years;
  }
  const v1::MetricKind kind = plan.definition.kind();
  if (NeedsDistinct(kind)) RETURN_IF_ERROR(GatherDistinct(plan, read, gathered));
  if (NeedsEvents(kind)) RETURN_IF_ERROR(GatherEvents(plan, read, gathered));
  if (NeedsMembers(kind)) RETURN_IF_ERROR(GatherMembers(plan, read, gathered));
  RETURN_IF_ERROR(SumWhole(plan, read, gathered));
  return gathered;
}

}  // namespace rapport::metrics
