// SPDX-License-Identifier: Apache-2.0
#include "server/services/nps_report.h"

#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/metrics/nps_report.h"
#include "server/metric_reader.h"

namespace rapport::server {
namespace {

using metrics::kNpsParts;
using metrics::NpsPart;
using metrics::PreparedQuery;

// As kNpsParts. Dates are open in the months' query only, so the scope's days with data
// need to be those of its metric alone.
absl::StatusOr<std::vector<PreparedQuery>> Prepare(const MetricReader& reader,
                                                   const metrics::Scope& scope,
                                                   const v1::GetNpsReportRequest& request) {
  std::vector<PreparedQuery> queries;
  v1::GetNpsReportRequest window = request;
  for (const NpsPart part : kNpsParts) {
    ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, reader.Find(metrics::NpsMetric(part)));
    ASSIGN_OR_RETURN(PreparedQuery query,
                     PreparedQuery::Create(metrics::NpsQuery(part, window), *definition, scope,
                                           metrics::kNpsLimits));
    if (part == NpsPart::kMonths) window = metrics::NpsWindow(request, query);
    queries.push_back(std::move(query));
  }
  return queries;
}

}  // namespace

absl::StatusOr<v1::NpsReport> MakeNpsReport(const CallContext& call, const ReadPoint& at,
                                            const v1::GetNpsReportRequest& request) {
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, at));
  ASSIGN_OR_RETURN(const v1::MetricDefinition* nps,
                   reader.Find(metrics::NpsMetric(NpsPart::kMonths)));
  ASSIGN_OR_RETURN(const metrics::Scope scope, reader.ScopeOf(*nps));
  ASSIGN_OR_RETURN(const std::vector<PreparedQuery> queries, Prepare(reader, scope, request));
  std::vector<const PreparedQuery*> pointers;
  for (const PreparedQuery& query : queries) pointers.push_back(&query);
  v1::NpsReport report;
  RETURN_IF_ERROR(reader.Run(
      pointers, [&](size_t i, const metrics::SumTable& table, std::string_view) -> absl::Status {
        return metrics::FillNps(kNpsParts[i], queries[i], table, report);
      }));
  return report;
}

}  // namespace rapport::server
