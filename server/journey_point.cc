// SPDX-License-Identifier: Apache-2.0
#include "server/journey_point.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::server {

absl::Status JourneyPoint::Open(const CallContext& call, std::string_view parent, v1::View view) {
  ASSIGN_OR_RETURN(workspace_, call.env().workspaces.FromName(parent, "parent"));
  generation_ = call.env().serving.Current();
  ASSIGN_OR_RETURN(const v1::View resolved, MetricView(view, generation_));
  at_.emplace(ReadPoint{call.env(), *workspace_, generation_, resolved, call.now()});
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, *at_));
  reader_.emplace(std::move(reader));
  // Of customers: any event is data.
  v1::MetricDefinition customers;
  customers.set_kind(v1::METRIC_KIND_CUSTOMER_COUNT);
  ASSIGN_OR_RETURN(scope_, reader_->ScopeOf(customers));
  return absl::OkStatus();
}

void JourneyPoint::Finish(const ScanDone& done, v1::AnswerContext* context) const {
  FillContext(*at_, context);
  if (done.complete) return;
  context->add_notes(Cat("Partial: the time budget was over after ", done.customers_done, " of ",
                         done.customers_total, " customers."));
}

absl::StatusOr<std::optional<std::chrono::steady_clock::time_point>> GiveUpAfter(
    bool has_budget, const google::protobuf::Duration& budget) {
  std::optional<std::chrono::steady_clock::time_point> give_up;
  if (!has_budget) return give_up;
  const int64_t micros = budget.seconds() * kMicrosPerSecond + budget.nanos() / 1000;
  if (budget.seconds() < 0 || budget.seconds() > 3600 || micros <= 0) {
    return InvalidField("time_budget", "OUT_OF_RANGE", "must be more than 0 and at most an hour");
  }
  give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(micros);
  return give_up;
}

filter::CustomerEvents UpTo(const filter::CustomerEvents& customer, TimeMicros end) {
  filter::CustomerEvents seen = customer;
  if (seen.events.empty() || seen.events.back().time < end) return seen;
  const auto last = std::ranges::lower_bound(seen.events, end, {}, &EventColumns::time);
  seen.events = seen.events.first(static_cast<size_t>(last - seen.events.begin()));
  return seen;
}

}  // namespace rapport::server
