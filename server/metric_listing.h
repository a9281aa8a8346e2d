// SPDX-License-Identifier: Apache-2.0
// The customers behind a figure, by name, with their shares; the last few lists are kept so
// that pages of one list do not scan again.
//
// Thread-safe. Making a list costs a scan and about 2 us a customer listed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

struct MetricListing {
  std::vector<v1::MetricCustomer> customers;  // By name.
  double total = 0;                           // The side of the figure; the sum of the shares.
  v1::AnswerContext context;
};
using MetricListingHandle = std::shared_ptr<const MetricListing>;

class MetricListings {
 public:
  // The list for a request at a read point, whatever its page.
  absl::StatusOr<MetricListingHandle> Of(const CallContext& call, const ReadPoint& at,
                                         const v1::ListMetricCustomersRequest& request);

 private:
  static constexpr size_t kKept = 8;
  absl::Mutex mutex_;
  std::deque<std::pair<std::string, MetricListingHandle>> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server
