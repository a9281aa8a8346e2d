// SPDX-License-Identifier: Apache-2.0
#include "server/metric_listing.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/evaluation.h"
#include "lib/metrics/respond.h"
#include "server/metric_reader.h"
#include "server/metric_scan.h"

namespace rapport::server {
namespace {

// What two requests must share to get the same list: all but the page, on the same data.
std::string KeyOf(const ReadPoint& at, const v1::ListMetricCustomersRequest& request) {
  v1::ListMetricCustomersRequest bare = request;
  bare.clear_page_size();
  bare.clear_page_token();
  const events::ScanGround ground =
      at.env.engine.GroundOf(at.generation, at.scope.workspace_no,
                             at.live() ? events::ScanExtent::kLive : events::ScanExtent::kSealed);
  const auto generation = at.generation == nullptr ? 0 : at.generation->generation();
  return Cat(bare.SerializeAsString(), "\n", generation, " ", ground.tail.after, " ",
             ground.tail.last, " ", ground.aliases.size());
}

// The point of the group asked for; nullptr when there is no such group.
const v1::MetricPoint* PointOf(const v1::QueryMetricResponse& answer,
                               const v1::ListMetricCustomersRequest& request) {
  if (request.group_size() == 0) return &answer.total().points(0);
  for (const v1::MetricSeries& series : answer.groups()) {
    if (std::ranges::equal(series.group(), request.group())) return &series.points(0);
  }
  return nullptr;
}

absl::StatusOr<MetricListingHandle> Make(const CallContext& call, const ReadPoint& at,
                                         const v1::ListMetricCustomersRequest& request) {
  RETURN_IF_ERROR(metrics::CheckListing(request));
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, at));
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, reader.Find(request.query().metric()));
  ASSIGN_OR_RETURN(const metrics::Scope scope, reader.ScopeOf(*definition));
  ASSIGN_OR_RETURN(const metrics::PreparedQuery query,
                   metrics::PreparedQuery::Create(request.query(), *definition, scope));
  const bool denominator = request.side() == v1::METRIC_SIDE_DENOMINATOR;
  metrics::ListingRequest listing;
  listing.group.assign(request.group().begin(), request.group().end());
  listing.side = denominator ? v1::METRIC_SIDE_DENOMINATOR : v1::METRIC_SIDE_NUMERATOR;
  const metrics::PreparedQuery* one = &query;
  ASSIGN_OR_RETURN(const ScanAnswer answer,
                   ScanMetrics(call, at, reader.generation(), {&one, 1}, &listing));
  const metrics::Evaluation& evaluation = answer.evaluations.front();
  ASSIGN_OR_RETURN(v1::QueryMetricResponse figure,
                   metrics::Respond(query, evaluation.table(), "scan"));
  auto list = std::make_shared<MetricListing>();
  list->context = std::move(*figure.mutable_context());
  FillContext(at, &list->context);
  const v1::MetricPoint* point = PointOf(figure, request);
  if (point == nullptr) return MetricListingHandle(std::move(list));
  list->total = denominator ? point->denominator() : point->numerator();
  metrics::Int128 all = 0;
  for (const metrics::ListedCustomer& customer : evaluation.listed()) all += customer.raw;
  for (const metrics::ListedCustomer& customer : evaluation.listed()) {
    v1::MetricCustomer& shown = list->customers.emplace_back();
    shown.set_customer(CustomerResource(at.scope, customer.customer_no));
    shown.set_share(metrics::ShareOf(customer.raw, all, list->total));
  }
  std::ranges::sort(list->customers, {},
                    [](const auto& customer) -> const std::string& { return customer.customer(); });
  return MetricListingHandle(std::move(list));
}

}  // namespace

absl::StatusOr<MetricListingHandle> MetricListings::Of(
    const CallContext& call, const ReadPoint& at, const v1::ListMetricCustomersRequest& request) {
  const std::string key = KeyOf(at, request);
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [known, list] : kept_) {
      if (known == key) return list;
    }
  }
  ASSIGN_OR_RETURN(MetricListingHandle list, Make(call, at, request));
  absl::MutexLock lock(&mutex_);
  if (kept_.size() == kKept) kept_.pop_front();
  kept_.emplace_back(key, list);
  return list;
}

}  // namespace rapport::server
