// SPDX-License-Identifier: Apache-2.0
// How long customers stay in lifecycle stages, where they go from there, and who comes back.
//
// A stay lasts from the step into a stage to the step out of it; both may be brought by mere
// silence (lib/lifecycle/stage.h). Stays that still run at as_of are censored: only a lower
// bound of their length is known, so they are counted apart. A customer is back from at
// risk, dormant or churned with the first step to any other stage, whatever lies between;
// whether in time is only asked of stays that began long enough before as_of.
//
// Whole numbers and sketches: order and merges never matter. One per thread; about 50 ns
// an event.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "lib/filter/customer_events.h"
#include "lib/filter/expression.h"
#include "lib/lifecycle/stage.h"
#include "lib/math/quantile_sketch.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/growth.pb.h"

namespace rapport::cohorts {

struct StageTimesPlan {
  const metrics::Scope* scope = nullptr;
  filter::Expression customers;
  // Of the beginnings of stays.
  TimeMicros begin = std::numeric_limits<TimeMicros>::min();
  TimeMicros end = std::numeric_limits<TimeMicros>::max();
  int32_t reactivation_days = 90;
};

class StageTimes {
 public:
  // `plan` outlives this.
  explicit StageTimes(const StageTimesPlan& plan);

  void Customer(const filter::CustomerEvents& customer);
  // Steps up to as_of, ascending.
  void AddSteps(std::span<const lifecycle::Step> steps);
  void Merge(const StageTimes& other);
  // Fills all of an empty response but as_of, generation, view and window.
  void Fill(v1::QueryStageTimesResponse* response) const;

 private:
  static constexpr size_t kStages = v1::LifecycleStage_ARRAYSIZE;
  struct Stage {
    math::QuantileSketch seconds;  // Of completed stays.
    math::Moments running;         // Seconds up to as_of.
    std::array<int64_t, kStages> to{};
    int64_t entered = 0, reactivated = 0;
    math::QuantileSketch back;  // Seconds until back.
  };
  void AddReturn(std::span<const lifecycle::Step> steps, size_t step);
  void FillStage(size_t number, v1::QueryStageTimesResponse* response) const;
  void FillReactivation(size_t number, v1::QueryStageTimesResponse* response) const;

  const StageTimesPlan& plan_;
  const std::string base_currency_;
  std::array<Stage, kStages> stages_;
  int64_t stays_ = 0, running_ = 0;
};

}  // namespace rapport::cohorts
