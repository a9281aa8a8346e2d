// SPDX-License-Identifier: Apache-2.0
// Customers who made a step beside customers like them who did not, and what both did later.
//
// A landmark comparison: the population are customers known before the range; the step is
// made in the range, the outcome counted after it for both sides alike, so nobody has had
// more time for it. Customers are compared within strata that agree in every trait, each
// cut into bands as they stood at the begin of the range.
//
//   EffectWalker walker(plan);                        // One a thread; Customer, Merge.
//   AnswerEffect(walker);
//
// Not thread-safe. Memory: 300 bytes a stratum.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "lib/filter/customer_events.h"
#include "lib/journey/effect_plan.h"
#include "lib/journey/mantel_haenszel.h"
#include "lib/math/moments.h"
#include "rapport/v1/journey_service.pb.h"

namespace rapport::journey {

// What is known of a customer before the range.
struct Background {
  int64_t tenure_days = 0;  // Since the first event.
  int64_t orders = 0;
  int64_t recency_days = 0;  // Since the last event.
  uint32_t first_channel = 0;
};
// Bands: tenure below 30, 90, 180, 365, 730 days; orders 0, 1, 2, 3-4, 5-9; days since the
// last event below 7, 30, 90, 180.
uint32_t TenureBand(int64_t days);
uint32_t OrderBand(int64_t orders);
uint32_t RecencyBand(int64_t days);

class EffectWalker {
 public:
  static constexpr size_t kMeasures = 3;  // Tenure, orders, recency.
  using Key = std::array<uint32_t, EffectPlan::kMaxTraits>;
  struct Side {
    int64_t customers = 0;
    int64_t with_outcome = 0;
    std::array<math::Moments, kMeasures> measures;
  };
  struct Cell {
    Side step, control;
  };

  explicit EffectWalker(const EffectPlan& plan);
  // `codes` are those of the plan's dimensions.
  void Customer(const filter::CustomerEvents& customer, std::span<const uint32_t> codes);
  void Merge(const EffectWalker& other);

  const EffectPlan& plan() const { return *plan_; }
  const std::map<Key, Cell>& strata() const { return strata_; }

 private:
  bool ReadBackground(const filter::CustomerEvents& customer, Background* background) const;
  Key KeyOf(const Background& background, std::span<const uint32_t> codes) const;
  static bool Happened(filter::EventTest& test, const filter::CustomerEvents& customer,
                       TimeMicros begin, TimeMicros end);

  const EffectPlan* plan_;
  filter::EventTest step_, outcome_, population_;
  std::map<Key, Cell> strata_;
};

// Of the context: definition, days, sample size and notes.
v1::QueryStepEffectResponse AnswerEffect(const EffectWalker& walker);

}  // namespace rapport::journey
