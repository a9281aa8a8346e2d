// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/metric_query.h"

#include <string>

#include "absl/strings/ascii.h"
#include "lib/base/text.h"

namespace rapport::ctl {

std::vector<Flag> RangeFlags() {
  return {{.name = "from", .placeholder = "DATE", .help = "First day, in the workspace's zone."},
          {.name = "to", .placeholder = "DATE", .help = "Day after the last."},
          {.name = "nightly",
           .placeholder = "",
           .help = "Only the published generation, without what came since."}};
}

Flag FilterFlag() {
  return {.name = "filter",
          .placeholder = "FILTER",
          .help = "Which events and customers count, e.g. 'channel = web'."};
}

Flag GroupByFlag() {
  return {.name = "group-by",
          .placeholder = "DIMENSION",
          .help =
              "Up to three: channel, touchpoint, campaign, type, stage, value_tier, "
              "rfm_segment, cohort, acquisition_channel, attribute.KEY, segment.ID, property.KEY."};
}

Flag CompareFlag(std::string_view help) {
  return {.name = "compare", .placeholder = "RANGE", .help = help, .choices = "previous|last-year"};
}

v1::Comparison ComparisonOf(std::string_view word) {
  if (word == "previous") return v1::COMPARISON_PREVIOUS_PERIOD;
  return word == "last-year" ? v1::COMPARISON_SAME_PERIOD_LAST_YEAR : v1::COMPARISON_UNSPECIFIED;
}

absl::StatusOr<v1::QueryMetricRequest> MetricQuery(Invocation& invocation,
                                                   std::string_view metric) {
  v1::QueryMetricRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(std::string(metric));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
  v1::Granularity bucket = v1::GRANULARITY_UNSPECIFIED;
  const std::string by = absl::AsciiStrToUpper(invocation.Text("by"));
  if (!by.empty()) v1::Granularity_Parse(Cat("GRANULARITY_", by), &bucket);
  request.set_granularity(bucket);
  for (const std::string& dimension : invocation.Texts("group-by")) {
    request.add_group_by(dimension);
  }
  request.set_filter(invocation.Text("filter"));
  if (invocation.Has("top")) {
    ASSIGN_OR_RETURN(const int64_t top, invocation.Number("top", 1, 1000));
    request.set_top(static_cast<int32_t>(top));
  }
  for (const std::string& word : invocation.Texts("compare")) {
    request.add_compare(ComparisonOf(word));
  }
  if (invocation.Has("rolling")) {
    ASSIGN_OR_RETURN(const int64_t buckets, invocation.Number("rolling", 1, 1000));
    request.set_rolling_buckets(static_cast<int32_t>(buckets));
  }
  v1::Statistic statistic = v1::STATISTIC_UNSPECIFIED;
  const std::string word = absl::AsciiStrToUpper(invocation.Text("statistic"));
  if (!word.empty()) v1::Statistic_Parse(Cat("STATISTIC_", word), &statistic);
  request.set_statistic(statistic);
  return request;
}

}  // namespace rapport::ctl
