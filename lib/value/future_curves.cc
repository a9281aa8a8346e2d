// SPDX-License-Identifier: Apache-2.0
#include "lib/value/future_curves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/value/history_nodes.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::value {
namespace {

constexpr double kPanelWidth = 1.5;  // In log(origin + T).
constexpr uint32_t kDenseCounts = 64;
constexpr size_t kCountNodes = 8;
constexpr double kSmallest = 1e-17;  // Of a curve; below it reads as zero.
constexpr double kShortestOrigin = 1e-9;
constexpr double kSlack = 0.05;  // How far, in logarithms, a curve may leave its points.

enum Curve : size_t { kPurchases, kDiscounted, kAny, kForever, kShort, kEver, kMedian };

double LogOf(double value) { return std::log(std::max(value, kSmallest)); }
double FromLog(double log_value) {
  const double value = std::exp(log_value);
  return value > 2 * kSmallest ? value : 0;
}

uint64_t KeyOf(uint32_t frequency, uint32_t phase, uint32_t index) {
  return uint64_t{frequency} << 32 | uint64_t{phase} << 16 | index;
}

}  // namespace

FutureCurves::FutureCurves(const PurchaseModel& model, const FutureOptions& options)
    : model_(model),
      options_(options),
      origin_(std::max(model.curve_origin_days(), kShortestOrigin)),
      log_origin_(std::log(origin_)),
      discrete_(model.kind() == ModelKind::kBgBb),
      leaves_unseen_(model.kind() == ModelKind::kParetoNbd) {}

StateFuture FutureCurves::Direct(const AliveState& state) const {
  StateFuture future;
  const double rate = options_.discount_per_day;
  const double horizon = options_.horizon_days;
  if (horizon > 0) {
    future.purchases = model_.ExpectedPurchases(state, horizon);
    future.discounted =
        rate > 0 ? std::min(model_.DiscountedPurchases(state, horizon, rate), future.purchases)
                 : future.purchases;
  }
  if (options_.horizon_only) return future;
  if (horizon > 0) future.any = std::clamp(1 - model_.NoPurchase(state, horizon), 0.0, 1.0);
  future.short_purchases = options_.short_days == horizon
                               ? future.purchases
                               : model_.ExpectedPurchases(state, options_.short_days);
  if (rate > 0) {
    constexpr double kForeverDays = std::numeric_limits<double>::infinity();
    future.forever =
        std::max(model_.DiscountedPurchases(state, kForeverDays, rate), future.discounted);
  }
  AliveState alive = state;
  alive.probability = 1;
  const NextPurchase next = NextPurchaseOf(model_, {&alive, 1});
  future.ever = next.probability;
  future.median_next_days = next.median_days;
  return future;
}

FutureCurves::Panel FutureCurves::DrawPanel(uint32_t frequency, uint32_t phase,
                                            uint32_t index) const {
  std::array<Row, kPoints> rows;
  Panel panel;
  panel.low.fill(std::numeric_limits<double>::infinity());
  panel.high.fill(-std::numeric_limits<double>::infinity());
  for (size_t j = 0; j < kPoints; ++j) {
    const double y = math::ChebyshevPoint(j, kPoints);
    const double age = origin_ * std::expm1(kPanelWidth * (index + 0.5 * (1 + y)));
    const StateFuture future = Direct({1, frequency, phase, age});
    rows[j] = {LogOf(future.purchases),
               LogOf(future.discounted),
               LogOf(leaves_unseen_ ? future.any : -std::log1p(-std::min(future.any, 1 - 1e-16))),
               LogOf(future.forever),
               LogOf(future.short_purchases),
               LogOf(future.ever),
               LogOf(future.median_next_days)};
    for (size_t q = 0; q < kCurves; ++q) {
      panel.low[q] = std::min(panel.low[q], rows[j][q] - kSlack);
      panel.high[q] = std::max(panel.high[q], rows[j][q] + kSlack);
    }
  }
  panel.bundle = Bundle(rows);
  return panel;
}

const FutureCurves::Panel& FutureCurves::PanelAt(uint32_t frequency, uint32_t phase,
                                                 uint32_t index) {
  const uint64_t key = KeyOf(frequency, phase, index);
  if (key == last_key_) return *last_;
  std::unique_ptr<Panel>& panel = panels_[key];
  if (panel == nullptr) panel = std::make_unique<Panel>(DrawPanel(frequency, phase, index));
  last_key_ = key;
  last_ = panel.get();
  return *last_;
}

FutureCurves::Row FutureCurves::ReadPanel(uint32_t frequency, uint32_t phase, double place) {
  const auto index = static_cast<uint32_t>(place);
  const Panel& panel = PanelAt(frequency, phase, index);
  Row row = panel.bundle.At(2 * (place - index) - 1);
  for (size_t q = 0; q < kCurves; ++q) row[q] = std::clamp(row[q], panel.low[q], panel.high[q]);
  return row;
}

// Whole opportunities: ages between two of them are kept apart, not interpolated.
StateFuture FutureCurves::Exact(const AliveState& state) {
  const auto [found, added] = exact_.try_emplace({state.frequency, state.age_days});
  if (added) found->second = Direct(state);
  return found->second;
}

StateFuture FutureCurves::At(const AliveState& state) {
  if (discrete_) return Exact(state);
  const double place = std::log1p(state.age_days / origin_) / kPanelWidth;
  const CountNodes<kCountNodes> nodes = CountNodesOf<kCountNodes>(state.frequency, kDenseCounts);
  Row row{};
  if (nodes.size == 1) {
    row = ReadPanel(state.frequency, state.phase, place);
  } else {
    for (size_t i = 0; i < nodes.size; ++i) {
      const Row one = ReadPanel(nodes.counts[i], state.phase, place);
      for (size_t q = 0; q < kCurves; ++q) row[q] += nodes.weights[i] * one[q];
    }
  }
  StateFuture future;
  future.purchases = FromLog(row[kPurchases]);
  future.discounted = options_.discount_per_day > 0
                          ? std::min(FromLog(row[kDiscounted]), future.purchases)
                          : future.purchases;
  if (options_.horizon_only) return future;
  const double any = FromLog(row[kAny]);
  future.any = std::clamp(leaves_unseen_ ? any : -std::expm1(-any), 0.0, 1.0);
  if (options_.discount_per_day > 0) {
    future.forever = std::max(FromLog(row[kForever]), future.discounted);
  }
  future.short_purchases = FromLog(row[kShort]);
  future.ever = std::clamp(FromLog(row[kEver]), 0.0, 1.0);
  future.median_next_days = std::clamp(FromLog(row[kMedian]), 0.0, kLongestHorizonDays);
  return future;
}

FutureCurves::SilencePanel FutureCurves::DrawSilence(uint32_t frequency, uint32_t index) const {
  std::array<std::array<double, 1>, kPoints> rows;
  SilencePanel panel;
  size_t zeros = 0, nevers = 0;
  for (size_t j = 0; j < kPoints; ++j) {
    const double y = math::ChebyshevPoint(j, kPoints);
    const double recency = origin_ * std::expm1(kPanelWidth * (index + 0.5 * (1 + y)));
    const double days = model_.SilenceDays({frequency, recency, recency}, options_.silence_bound);
    zeros += days <= 0;
    nevers += !std::isfinite(days);
    rows[j][0] = std::log(days);
  }
  if (zeros == kPoints) panel.shape = SilencePanel::kZero;
  if (nevers == kPoints) panel.shape = SilencePanel::kNever;
  if (zeros + nevers > 0) return panel;
  panel.bundle = math::ChebyshevBundle<kPoints, 1>(rows);
  panel.shape = SilencePanel::kCurve;
  return panel;
}

// log of the days (-inf, inf included), or NaN where there is no curve.
double FutureCurves::ReadSilence(uint32_t frequency, double recency_days) {
  const double place = std::log1p(recency_days / origin_) / kPanelWidth;
  const auto index = static_cast<uint32_t>(place);
  std::unique_ptr<SilencePanel>& panel = silence_[KeyOf(frequency, 0, index)];
  if (panel == nullptr) panel = std::make_unique<SilencePanel>(DrawSilence(frequency, index));
  switch (panel->shape) {
    case SilencePanel::kCurve:
      return panel->bundle.At(2 * (place - index) - 1)[0];
    case SilencePanel::kZero:
      return -std::numeric_limits<double>::infinity();
    case SilencePanel::kNever:
      return std::numeric_limits<double>::infinity();
    case SilencePanel::kAskTheModel:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double FutureCurves::SilenceDays(const PurchaseHistory& history) {
  if (!discrete_ && history.frequency > 0) {
    const CountNodes<kCountNodes> nodes =
        CountNodesOf<kCountNodes>(history.frequency, kDenseCounts);
    double sum = 0;  // Mixed infinities give NaN: then the model is asked.
    for (size_t i = 0; i < nodes.size; ++i) {
      sum += nodes.weights[i] * ReadSilence(nodes.counts[i], history.recency_days);
    }
    if (!std::isnan(sum)) return std::exp(sum);
  }
  const auto [found, added] = exact_silence_.try_emplace({history.frequency, history.recency_days});
  if (added) found->second = model_.SilenceDays(history, options_.silence_bound);
  return found->second;
}

}  // namespace rapport::value
