// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/query.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/answer.h"
#include "lib/metrics/gather.h"
#include "lib/metrics/range.h"
#include "lib/metrics/tally.h"

namespace rapport::metrics {
namespace {

constexpr size_t kMaxPoints = 500'000;

absl::StatusOr<std::vector<Dimension>> DimensionsOf(const v1::QueryMetricRequest& request,
                                                    const v1::MetricDefinition& definition) {
  const bool by_event = NeedsEvents(definition.kind()) && !NeedsDistinct(definition.kind());
  std::vector<Dimension> dimensions;
  if (request.group_by_size() > 2) {
    return InvalidField("group_by", "TOO_MANY_DIMENSIONS", "takes at most two dimensions");
  }
  for (int i = 0; i < request.group_by_size(); ++i) {
    const std::string field = Cat("group_by[", i, "]");
    if (i == 1 && request.group_by(0) == request.group_by(1)) {
      return InvalidField(field, "DUPLICATE_DIMENSION", "is the same as group_by[0]");
    }
    const std::string& name = request.group_by(i);
    if (!by_event || (name != "channel" && name != "touchpoint")) {
      return InvalidField(field, "UNSUPPORTED_DIMENSION",
                          Cat(definition.metric(), " cannot be grouped by '", name, "'"));
    }
    dimensions.push_back(name == "channel" ? Dimension::kChannel : Dimension::kTouchpoint);
  }
  return dimensions;
}

absl::StatusOr<double> CustomerYears(const v1::QueryMetricRequest& request) {
  if (!std::isfinite(request.years()) || request.years() < 0) {
    return InvalidField("years", "NOT_POSITIVE", "must be > 0");
  }
  return request.years() == 0 ? 1.0 : request.years();
}

absl::Status AddGroups(const GatherPlan& plan, const Gathered& gathered,
                       v1::QueryMetricResponse& response) {
  if (gathered.groups.size() * plan.range.buckets.size() > kMaxPoints) {
    return InvalidField("granularity", "TOO_MANY_POINTS",
                        Cat(gathered.groups.size(), " groups in ", plan.range.buckets.size(),
                            " buckets are too many for one answer"));
  }
  for (v1::MetricSeries& series : GroupSeries(plan, gathered)) {
    *response.add_groups() = std::move(series);
  }
  return absl::OkStatus();
}

// The range before, when it has an answer.
absl::Status AddPrevious(const GatherPlan& plan, CellReader read,
                         v1::QueryMetricResponse& response) {
  const QueryRange range = PreviousRange(plan.range, plan.scope.calendar.week_start());
  const GatherPlan previous{plan.definition, plan.scope, range, {}, plan.customer_years};
  const auto gathered = Gather(previous, read);
  if (gathered.ok()) {
    v1::ComparedRange* compared = response.add_compared();
    compared->set_comparison(v1::COMPARISON_PREVIOUS_PERIOD);
    compared->set_start_date(FormatDate(range.days.begin));
    compared->set_end_date(FormatDate(range.days.end));
    *compared->mutable_series() = TotalSeries(previous, *gathered);
    return absl::OkStatus();
  }
  if (!absl::IsInvalidArgument(gathered.status())) return gathered.status();
  response.mutable_context()->add_notes(
      "No comparison: distinct customers are not kept for the days of the range before.");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::QueryMetricResponse> Query(const v1::QueryMetricRequest& request,
                                              const QueryScope& scope, CellReader read) {
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, FindDefinition(request.metric()));
  ASSIGN_OR_RETURN(const std::vector<Dimension> group_by, DimensionsOf(request, *definition));
  ASSIGN_OR_RETURN(const double years, CustomerYears(request));
  ASSIGN_OR_RETURN(
      const QueryRange range,
      ResolveRange({request.start_date(), request.end_date(), request.granularity()}, scope));
  const GatherPlan plan{*definition, scope, range, group_by, years};
  ASSIGN_OR_RETURN(const Gathered gathered, Gather(plan, read));

  v1::QueryMetricResponse response;
  *response.mutable_definition() = *definition;
  *response.mutable_total() = TotalSeries(plan, gathered);
  RETURN_IF_ERROR(AddGroups(plan, gathered, response));
  response.set_band(FillContext(plan, gathered, *response.mutable_context()));
  if (request.view() != v1::VIEW_NIGHTLY &&
      (NeedsDistinct(definition->kind()) || NeedsMembers(definition->kind()))) {
    response.mutable_context()->add_notes(
        "Distinct customers and customers on the books are as of the last nightly run.");
  }
  const auto& compare = request.compare();
  if (std::find(compare.begin(), compare.end(), v1::COMPARISON_PREVIOUS_PERIOD) != compare.end()) {
    RETURN_IF_ERROR(AddPrevious(plan, read, response));
  }
  return response;
}

}  // namespace rapport::metrics
