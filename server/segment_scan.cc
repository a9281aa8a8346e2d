// SPDX-License-Identifier: Apache-2.0
// Evaluation of segments over customers: all of them, or one.
#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "lib/segments/evaluator.h"
#include "server/customer_rows.h"
#include "server/generation_metrics.h"
#include "server/live_measures.h"
#include "server/segment_point.h"

namespace rapport::server {
namespace {

constexpr int kThreads = 2;
constexpr std::chrono::seconds kTimeBudget{20};  // Of one answer; then it is partial.
constexpr CustomerNo kBetweenLooks = 4096;

class SegmentStep final : public events::PassStep {
 public:
  SegmentStep(const SegmentPoint& point, TimeMicros moment)
      : segment_(point.segment()),
        moment_(moment),
        evaluator_(point.rules(), &point.lists()),
        rows_(point.at(), point.rules().NeedsOf(segment_).customer),
        reads_customer_(!point.rules().NeedsOf(segment_).customer.empty()) {}

  absl::Status Customer(events::CustomerWalk& walk) override {
    seen.push_back(walk.customer_no());
    RETURN_IF_ERROR(Look({walk.customer_no(), walk.events(), nullptr, &walk}));
    return walk.status();
  }
  absl::Status Look(filter::CustomerEvents customer) {
    RETURN_IF_ERROR(Begin(customer));
    universe += evaluator_.Exists(moment_) ? 1 : 0;
    if (evaluator_.Member(segment_, moment_)) members.Add(customer.customer_no);
    return absl::OkStatus();
  }
  absl::Status Begin(filter::CustomerEvents customer) {
    if (reads_customer_) {
      ASSIGN_OR_RETURN(customer.customer, rows_.Load(customer.customer_no));
    }
    evaluator_.Begin(customer);
    return absl::OkStatus();
  }
  segments::Evaluator& evaluator() { return evaluator_; }

  segments::Bitmap members;
  int64_t universe = 0;
  std::vector<CustomerNo> seen;

 private:
  const size_t segment_;
  const TimeMicros moment_;
  segments::Evaluator evaluator_;
  CustomerRows rows_;
  const bool reads_customer_;
};

events::ScanGround GroundOf(const SegmentPoint& point) {
  return point.at().env.engine.GroundOf(point.generation(), point.scope().workspace_no,
                                        events::ScanExtent::kLive);
}

// Customers known by attributes alone: no pass shows them.
absl::Status AddWithoutEvents(const CallContext& call, const SegmentPoint& point,
                              const events::ScanGround& ground, TimeMicros moment,
                              const std::vector<CustomerNo>& seen, SegmentScan& scan) {
  SegmentStep step(point, moment);
  auto with_events = seen.begin();
  auto alias = ground.aliases.begin();
  const CustomerNo last = point.scope().directory->last_customer_no();
  for (CustomerNo customer_no = 1; customer_no <= last; ++customer_no) {
    if (customer_no % kBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    while (alias != ground.aliases.end() && alias->customer_no < customer_no) ++alias;
    if (alias != ground.aliases.end() && alias->customer_no == customer_no) continue;
    while (with_events != seen.end() && *with_events < customer_no) ++with_events;
    if (with_events != seen.end() && *with_events == customer_no) continue;
    RETURN_IF_ERROR(step.Look({customer_no, {}, nullptr, nullptr}));
  }
  scan.members.Unite(step.members);
  scan.universe += step.universe;
  return absl::OkStatus();
}

// Whether nobody's membership can have changed but of customers touched since the night and
// those it foresaw. Attributes and exchange rates change without an event.
bool FollowsFromTouched(const SegmentPoint& point, const store::v1::SegmentNight& night) {
  const segments::RuleSet::Needs needs = point.rules().NeedsOf(point.segment());
  return point.at().now <= night.due_until() &&
         point.at().now >= point.generation()->as_of_micros() && !needs.rates &&
         !needs.customer.Has(filter::Place::kCustomerAttributes) &&
         !point.rules().is_list(point.segment());
}

}  // namespace

absl::StatusOr<SegmentScan> ScanSegment(const CallContext& call, const SegmentPoint& point,
                                        TimeMicros moment) {
  SegmentScan scan;
  std::vector<CustomerNo> seen;
  const events::ScanGround ground = GroundOf(point);
  events::PassOptions options;
  options.threads = kThreads;
  options.check = [&call] { return call.Alive(); };
  options.give_up = std::chrono::steady_clock::now() + kTimeBudget;
  ASSIGN_OR_RETURN(
      const events::PassResult done,
      events::ScanCustomersByThread(
          ground, options, [&] { return std::make_unique<SegmentStep>(point, moment); },
          [&](events::PassStep& pass_step) {
            auto& step = static_cast<SegmentStep&>(pass_step);
            scan.members.Unite(step.members);
            scan.universe += step.universe;
            seen.insert(seen.end(), step.seen.begin(), step.seen.end());
            return absl::OkStatus();
          }));
  scan.complete = done.complete;
  if (!scan.complete) return scan;  // Who has events is not known then.
  std::ranges::sort(seen);
  RETURN_IF_ERROR(AddWithoutEvents(call, point, ground, moment, seen, scan));
  return scan;
}

absl::StatusOr<SegmentScan> ScanSegmentLive(const CallContext& call, const SegmentPoint& point) {
  const TimeMicros now = point.at().now;
  ASSIGN_OR_RETURN(const auto night, point.Night(point.segment()));
  if (!night.has_value() || !FollowsFromTouched(point, *night)) {
    return ScanSegment(call, point, now);
  }
  ASSIGN_OR_RETURN(const auto metrics,
                   call.env().metric_store.Of(call, point.scope(), point.generation()));
  ASSIGN_OR_RETURN(const Touched touched, FindTouched(call, point.at(), *metrics));
  const uint32_t number = point.book().number(point.segment());
  SegmentScan scan;
  ASSIGN_OR_RETURN(scan.members, point.Rows()->Set(store::SegmentRow::kMembers, number));
  ASSIGN_OR_RETURN(const segments::Bitmap due, point.Rows()->Set(store::SegmentRow::kDue, number));
  segments::Bitmap again(touched.now);
  due.ForEach([&](uint32_t customer_no) { again.Add(Survivor(touched.live, customer_no)); });
  scan.members.Subtract(again);
  scan.members.Subtract(segments::Bitmap(touched.then));
  const std::vector<CustomerNo> only = again.From(0, again.size());
  events::PassOptions options;
  options.threads = kThreads;
  options.check = [&call] { return call.Alive(); };
  options.only = only;
  options.some = true;
  RETURN_IF_ERROR(events::ScanCustomersByThread(
                      touched.live, options,
                      [&] { return std::make_unique<SegmentStep>(point, now); },
                      [&](events::PassStep& step) {
                        scan.members.Unite(static_cast<SegmentStep&>(step).members);
                        return absl::OkStatus();
                      })
                      .status());
  scan.universe = int64_t{point.scope().directory->last_customer_no()} -
                  static_cast<int64_t>(touched.live.aliases.size());
  return scan;
}

absl::StatusOr<v1::SegmentCheck> ExplainMember(const CallContext& call, const SegmentPoint& point,
                                               CustomerNo customer_no, TimeMicros moment) {
  const events::ScanGround ground = GroundOf(point);
  const std::vector<CustomerNo> only = {customer_no};
  events::CustomerWalk walk(ground, {}, {.only = only, .some = true});
  RETURN_IF_ERROR(call.Alive());
  SegmentStep step(point, moment);
  const bool has_events = walk.Next();
  RETURN_IF_ERROR(walk.status());
  filter::CustomerEvents customer;
  customer.customer_no = customer_no;
  if (has_events) {
    customer.events = walk.events();
    customer.payloads = &walk;
  }
  RETURN_IF_ERROR(step.Begin(customer));
  v1::SegmentCheck check = step.evaluator().Explain(point.segment(), moment);
  RETURN_IF_ERROR(walk.status());
  return check;
}

}  // namespace rapport::server
