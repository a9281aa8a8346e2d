// SPDX-License-Identifier: Apache-2.0
#include "server/goal_attainment.h"

#include <algorithm>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/reference/standings.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

constexpr double kMicrosPerDay = 86'400e6;

struct Period {
  CivilDays begin = 0;
  CivilDays end = 0;
};

v1::QueryMetricRequest Asked(const ReadPoint& at, const v1::Goal& goal, const Period& period) {
  v1::QueryMetricRequest request;
  request.set_parent(FormatWorkspaceName(at.scope.id));
  request.set_metric(goal.metric());
  request.set_filter(goal.filter());
  request.set_start_date(FormatDate(period.begin));
  request.set_end_date(FormatDate(period.end));
  request.set_view(at.view);
  return request;
}

// The metric over the whole period as one point.
absl::StatusOr<v1::MetricPoint> PointOver(MetricReader& reader, const ReadPoint& at,
                                          const v1::Goal& goal, const Period& period) {
  ASSIGN_OR_RETURN(const auto answer, reader.Query(Asked(at, goal, period)));
  return answer.total().points_size() == 1 ? answer.total().points(0) : v1::MetricPoint();
}

absl::StatusOr<v1::GoalAttainment> AttainPeriod(MetricReader& reader, const ReadPoint& at,
                                                const v1::Goal& goal, const Period& period) {
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, reader.Find(goal.metric()));
  const Calendar& calendar = at.scope.settings.calendar;
  const TimeMicros now = at.as_of();
  reference::GoalFigures figures;
  figures.elapsed_days = static_cast<double>(now - calendar.StartOf(period.begin)) / kMicrosPerDay;
  const Period until_now{period.begin, std::min(period.end, calendar.DayOf(now) + 1)};
  std::vector<v1::MetricPoint> trend;
  if (until_now.begin < until_now.end) {
    ASSIGN_OR_RETURN(figures.current, PointOver(reader, at, goal, until_now));
    if (reference::NeedsTrend(*definition)) {
      v1::QueryMetricRequest request = Asked(at, goal, until_now);
      request.set_granularity(reference::TrendGranularity(period.end - period.begin));
      // A metric without such buckets has no trend; the rest still holds.
      const auto answer = reader.Query(request);
      if (answer.ok())
        trend.assign(answer->total().points().begin(), answer->total().points().end());
    }
  }
  if (reference::NeedsBaseline(goal, *definition)) {
    const Period before{period.begin - (period.end - period.begin), period.begin};
    const auto point = PointOver(reader, at, goal, before);
    if (point.ok()) figures.before = *point;
  }
  figures.trend = trend;
  return reference::AttainmentOf(goal, *definition, figures);
}

bool IsOfTheCall(const absl::Status& status) {
  return !absl::IsInvalidArgument(status) && !absl::IsNotFound(status) &&
         !absl::IsFailedPrecondition(status);
}

}  // namespace

absl::StatusOr<v1::GoalAttainment> Attain(MetricReader& reader, const ReadPoint& at,
                                          const v1::Goal& goal) {
  ASSIGN_OR_RETURN(const CivilDays begin, ParseDate(goal.start_date()));
  ASSIGN_OR_RETURN(const CivilDays end, ParseDate(goal.end_date()));
  auto attainment = AttainPeriod(reader, at, goal, {begin, end});
  if (!attainment.ok()) {
    if (IsOfTheCall(attainment.status())) return attainment.status();
    v1::GoalAttainment none;
    *none.mutable_goal() = goal;
    none.set_summary(Cat("No value: ", FromAbsl(attainment.status().message())));
    attainment = std::move(none);
  }
  attainment->mutable_goal()->set_name(FormatChildName(at.scope.id, "goals", goal.goal()));
  return attainment;
}

}  // namespace rapport::server
