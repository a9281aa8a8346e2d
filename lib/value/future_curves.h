// SPDX-License-Identifier: Apache-2.0
// The future of living customers under any purchase model, read from curves.
//
// Once a customer is known to be alive, the future depends on frequency x, stage and age
// T only. For each (x, stage) the numbers below are smooth in w = log(origin + T), so
// FutureCurves draws the logarithm of each of them once per fixed panel of w (Chebyshev,
// relative error <= 1e-9 against the direct calls) and then reads it. SilenceDays is
// likewise a curve over log(origin + t_x) per x. From x = 64 on, curves are drawn for 32
// fixed values of x an octave and interpolated in log x between them, so the number of
// curves grows with log x.
//
// Panels are fixed by the model and not by who asks: an answer's bits do not depend on
// other customers. BG/BB moves in steps of whole opportunities, so its answers are kept
// per exact (x, T) instead.
//
// Not thread-safe: one per shard. The model outlives it. Cost: about 16 x the direct
// calls per new (x, stage, panel), then about 0.1 us.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "lib/math/chebyshev.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

struct FutureOptions {
  double horizon_days = 365;
  double discount_per_day = 0;  // Continuous; see DiscountPerDay.
  double short_days = 30;       // The second, short horizon.
  double silence_bound = 0.5;   // Of P(alive), for SilenceDays.
  bool horizon_only = false;    // Only `purchases` and `discounted` are wanted.
};

// Conditional on being alive now.
struct StateFuture {
  double purchases = 0;         // E[N] in the horizon.
  double discounted = 0;        // E[sum of e^(-rate t_i)] in the horizon.
  double any = 0;               // P(at least one in the horizon).
  double forever = 0;           // `discounted` without end (DERT); 0 without a rate.
  double short_purchases = 0;   // E[N] in the short horizon.
  double ever = 0;              // P(one ever comes); see purchase_forecast.h.
  double median_next_days = 0;  // Given that one comes.
};

class FutureCurves {
 public:
  FutureCurves(const PurchaseModel& model, const FutureOptions& options);

  StateFuture At(const AliveState& state);
  // The same by direct calls: the reference.
  StateFuture Direct(const AliveState& state) const;

  // Days of silence after which P(alive) < silence_bound; infinity when never.
  double SilenceDays(const PurchaseHistory& history);

  const PurchaseModel& model() const { return model_; }
  const FutureOptions& options() const { return options_; }

 private:
  static constexpr size_t kPoints = 16;
  static constexpr size_t kCurves = 7;
  using Bundle = math::ChebyshevBundle<kPoints, kCurves>;
  using Row = Bundle::Row;
  struct Panel {
    Bundle bundle;
    Row low, high;  // Bounds that the curves keep.
  };
  struct SilencePanel {
    enum Shape : uint8_t { kAskTheModel, kCurve, kZero, kNever } shape = kAskTheModel;
    math::ChebyshevBundle<kPoints, 1> bundle;
  };

  StateFuture Exact(const AliveState& state);
  const Panel& PanelAt(uint32_t frequency, uint32_t phase, uint32_t index);
  Panel DrawPanel(uint32_t frequency, uint32_t phase, uint32_t index) const;
  Row ReadPanel(uint32_t frequency, uint32_t phase, double place);
  double ReadSilence(uint32_t frequency, double recency_days);
  SilencePanel DrawSilence(uint32_t frequency, uint32_t index) const;

  const PurchaseModel& model_;
  FutureOptions options_;
  double origin_;
  double log_origin_;
  bool discrete_;
  // One may leave without a purchase, so P(no purchase) levels off: its logarithm has a
  // bend, that of its complement has none.
  bool leaves_unseen_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Panel>> panels_;
  uint64_t last_key_ = ~uint64_t{0};
  const Panel* last_ = nullptr;
  absl::flat_hash_map<uint64_t, std::unique_ptr<SilencePanel>> silence_;
  absl::flat_hash_map<std::pair<uint32_t, double>, StateFuture> exact_;
  absl::flat_hash_map<std::pair<uint32_t, double>, double> exact_silence_;
};

}  // namespace rapport::value
