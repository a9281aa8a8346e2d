// SPDX-License-Identifier: Apache-2.0
// A question about a funnel, checked and made ready for one workspace: filters bound,
// defaults filled in, days turned into instants. Immutable and thread-safe; the scope must
// outlive it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/catalogue.h"
#include "lib/journey/dimension.h"
#include "lib/journey/event_condition.h"
#include "lib/journey/funnel_plan.h"
#include "lib/metrics/windows.h"
#include "rapport/v1/journey.pb.h"

namespace rapport::journey {

inline constexpr int kDefaultTop = 10;
inline constexpr int kMaxTop = 1000;

// As requests ask it; days are YYYY-MM-DD, empty is open.
struct FunnelQuestion {
  v1::Funnel funnel;
  std::string start_date, end_date;
  std::string filter;
  std::string group_by;
  v1::FunnelAttribution attribution = v1::FUNNEL_ATTRIBUTION_UNSPECIFIED;
  int attribution_step = 0;  // From 1; 0 is not set.
  int top = 0;
  v1::Comparison compare = v1::COMPARISON_UNSPECIFIED;
  std::string compare_start_date, compare_end_date;
  int histogram_bins = 0;
};

class CompiledFunnel {
 public:
  // InvalidField, with the fields of QueryFunnelRequest.
  static absl::StatusOr<CompiledFunnel> Create(const FunnelQuestion& question,
                                               const metrics::Scope& scope);

  // With defaults filled in and filters in canonical form.
  const v1::Funnel& funnel() const { return funnel_; }
  const FunnelPlan& plan() const { return plan_; }
  const metrics::Scope& scope() const { return *scope_; }
  const std::vector<EventCondition>& steps() const { return steps_; }
  const std::vector<EventCondition>& exclusions() const { return exclusions_; }
  const EventCondition& filter() const { return filter_; }
  const std::vector<filter::FieldRef>& held() const { return held_; }

  const std::optional<Dimension>& dimension() const { return dimension_; }
  v1::FunnelAttribution attribution() const { return attribution_; }
  int attribution_step() const { return attribution_step_; }  // From 0.
  int top() const { return top_; }
  int histogram_bins() const { return histogram_bins_; }

  // The range asked for and, if there is one, that to compare with.
  const std::vector<metrics::TimeWindow>& ranges() const { return ranges_; }
  // Events from `first_instant` to below `end_instant` can matter.
  TimeMicros first_instant() const;
  TimeMicros end_instant() const;

  // --- What a scan must supply.
  std::vector<uint16_t> Types() const;  // As ScanCustomers takes them.
  bool reads_payload() const;
  filter::PlaceSet customer_places() const;

 private:
  absl::Status ReadSteps();
  absl::Status ReadExclusions();
  absl::Status ReadHeld();
  absl::Status ReadOptions();
  absl::Status ReadRules();
  absl::Status CheckCombinations() const;
  absl::Status ReadBreakdown(const FunnelQuestion& question);
  absl::Status ReadRanges(const FunnelQuestion& question);

  const metrics::Scope* scope_ = nullptr;
  v1::Funnel funnel_;
  FunnelPlan plan_;
  std::vector<EventCondition> steps_, exclusions_;
  EventCondition filter_;
  std::vector<filter::FieldRef> held_;
  std::optional<Dimension> dimension_;
  v1::FunnelAttribution attribution_ = v1::FUNNEL_ATTRIBUTION_FIRST_TOUCH;
  int attribution_step_ = 0;
  int top_ = kDefaultTop;
  int histogram_bins_ = 0;
  std::vector<metrics::TimeWindow> ranges_;
};

// A length of time of a request, in micros; `standard` when it is not set. InvalidField
// OUT_OF_RANGE unless it is from 0 to 100 years.
absl::StatusOr<TimeMicros> LengthOf(bool is_set, const google::protobuf::Duration& duration,
                                    TimeMicros standard, std::string_view field);
void SetDuration(TimeMicros length, google::protobuf::Duration* duration);

}  // namespace rapport::journey
