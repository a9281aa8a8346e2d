// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv_slopes.h"

#include <algorithm>
#include <cmath>

#include "lib/value/history_nodes.h"

namespace rapport::value {
namespace {

constexpr double kStep = 1e-3;  // Of the logarithm of a parameter.
constexpr double kPanelWidth = 1.5;
constexpr double kSilenceWidth = 1.0;
constexpr uint32_t kDenseCounts = 8;
constexpr size_t kCountNodes = 4;
constexpr double kSmallest = 1e-280;
constexpr double kSmallestChance = 1e-9;  // Below it P(any) is E[N].
constexpr double kSteepest = 1e9;

double SlopeOf(double log_up, double log_down) {
  const double slope = (log_up - log_down) / (2 * kStep);
  return std::isfinite(slope) ? std::clamp(slope, -kSteepest, kSteepest) : 0;
}

double LogOf(double value) { return std::log(std::max(value, kSmallest)); }

uint64_t KeyOf(uint32_t frequency, uint32_t second, uint32_t third) {
  return uint64_t{frequency} << 32 | uint64_t{second} << 16 | third;
}

}  // namespace

ClvSlopes::ClvSlopes(const PurchaseModel& model, double horizon_days, double discount_per_day)
    : horizon_days_(horizon_days),
      discount_per_day_(discount_per_day),
      origin_(std::max(model.curve_origin_days(), 1e-9)),
      discrete_(model.kind() == ModelKind::kBgBb),
      alive_by_grid_(model.kind() == ModelKind::kParetoNbd),
      alive_always_(model.kind() == ModelKind::kNbd) {
  for (size_t i = 0; i < model.parameters().values.size(); ++i) {
    const auto moved = [&](double step) {
      ModelParameters parameters = model.parameters();
      parameters.values[i] *= std::exp(step);
      absl::StatusOr<std::unique_ptr<PurchaseModel>> made = MakePurchaseModel(parameters);
      return made.ok() ? *std::move(made) : nullptr;
    };
    Moved pair{moved(kStep), moved(-kStep)};
    // A parameter at the edge of the doubles has no neighbours and no slope.
    if (pair.up == nullptr || pair.down == nullptr) pair = {};
    moved_.push_back(std::move(pair));
  }
}

ClvSlopes::FutureBundle::Row ClvSlopes::DrawFuture(const AliveState& state) const {
  FutureBundle::Row row{};
  for (size_t i = 0; i < moved_.size(); ++i) {
    if (moved_[i].up == nullptr) continue;
    const auto discounted = [&](const PurchaseModel& model) {
      return LogOf(discount_per_day_ > 0
                       ? model.DiscountedPurchases(state, horizon_days_, discount_per_day_)
                       : model.ExpectedPurchases(state, horizon_days_));
    };
    row[i] = SlopeOf(discounted(*moved_[i].up), discounted(*moved_[i].down));
    const double up = 1 - moved_[i].up->NoPurchase(state, horizon_days_);
    const double down = 1 - moved_[i].down->NoPurchase(state, horizon_days_);
    row[kMostParameters + i] =
        std::min(up, down) > kSmallestChance ? SlopeOf(LogOf(up), LogOf(down)) : row[i];
  }
  return row;
}

ClvSlopes::FutureBundle::Row ClvSlopes::ReadFuture(const AliveState& state, uint32_t frequency) {
  const double place = std::log1p(state.age_days / origin_) / kPanelWidth;
  const auto index = static_cast<uint32_t>(place);
  std::unique_ptr<FutureBundle>& bundle = future_[KeyOf(frequency, state.phase, index)];
  if (bundle == nullptr) {
    std::array<FutureBundle::Row, kPoints> rows;
    for (size_t j = 0; j < kPoints; ++j) {
      const double y = math::ChebyshevPoint(j, kPoints);
      const double age = origin_ * std::expm1(kPanelWidth * (index + 0.5 * (1 + y)));
      rows[j] = DrawFuture({1, frequency, state.phase, age});
    }
    bundle = std::make_unique<FutureBundle>(rows);
  }
  return bundle->At(2 * (place - index) - 1);
}

FutureSlopes ClvSlopes::OfFuture(const AliveState& state) {
  FutureBundle::Row row{};
  if (!(horizon_days_ > 0)) return {};
  if (discrete_) {
    const auto [found, added] = exact_.try_emplace({state.frequency, state.age_days});
    if (added) found->second = DrawFuture(state);
    row = found->second;
  } else {
    const auto nodes = CountNodesOf<kCountNodes>(state.frequency, kDenseCounts);
    for (size_t n = 0; n < nodes.size; ++n) {
      const FutureBundle::Row one = ReadFuture(state, nodes.counts[n]);
      for (size_t q = 0; q < kFutureCurves; ++q) row[q] += nodes.weights[n] * one[q];
    }
  }
  FutureSlopes slopes;
  std::copy_n(row.begin(), kMostParameters, slopes.log_discounted.begin());
  std::copy_n(row.begin() + kMostParameters, kMostParameters, slopes.log_any.begin());
  return slopes;
}

ParameterSlopes ClvSlopes::DrawAlive(const PurchaseHistory& history) const {
  ParameterSlopes slopes{};
  for (size_t i = 0; i < moved_.size(); ++i) {
    if (moved_[i].up == nullptr) continue;
    const double up = moved_[i].up->PAlive(history), down = moved_[i].down->PAlive(history);
    if (std::min(up, down) > kSmallest) slopes[i] = SlopeOf(std::log(up), std::log(down));
  }
  return slopes;
}

// Of log(P(left) / P(alive)).
ParameterSlopes ClvSlopes::DrawLogOdds(const PurchaseHistory& history) const {
  ParameterSlopes slopes{};
  for (size_t i = 0; i < moved_.size(); ++i) {
    if (moved_[i].up == nullptr) continue;
    const double up = moved_[i].up->PAlive(history), down = moved_[i].down->PAlive(history);
    // Too sure either way: the logarithms would only hold noise.
    if (std::min(up, down) < kSmallest || std::max(up, down) > 1 - 1e-11) continue;
    slopes[i] = SlopeOf(std::log1p(-up) - std::log(up), std::log1p(-down) - std::log(down));
  }
  return slopes;
}

ClvSlopes::GridBundle ClvSlopes::DrawGrid(uint32_t frequency, uint32_t recency_panel,
                                          uint32_t silence_panel) const {
  std::array<GridBundle::Row, kPoints> rows{};
  for (size_t w = 0; w < kPoints; ++w) {
    const double silence =
        std::expm1(kSilenceWidth * (silence_panel + 0.5 * (1 + math::ChebyshevPoint(w, kPoints))));
    for (size_t t = 0; t < (frequency == 0 ? 1 : kPoints); ++t) {
      PurchaseHistory history{.frequency = frequency};
      if (frequency > 0) {
        const double y = math::ChebyshevPoint(t, kPoints);
        history.recency_days = origin_ * std::expm1(kPanelWidth * (recency_panel + 0.5 * (1 + y)));
      }
      history.age_days = history.recency_days + (origin_ + history.recency_days) * silence;
      const ParameterSlopes slopes = DrawLogOdds(history);
      std::copy(slopes.begin(), slopes.end(),
                rows[w].begin() + static_cast<ptrdiff_t>(t * kMostParameters));
    }
  }
  return GridBundle(rows);
}

ParameterSlopes ClvSlopes::ReadLogOdds(const PurchaseHistory& history, uint32_t frequency) {
  const double recency = std::log1p(history.recency_days / origin_) / kPanelWidth;
  const double silence =
      std::log1p((history.age_days - history.recency_days) / (origin_ + history.recency_days)) /
      kSilenceWidth;
  const auto recency_panel = static_cast<uint32_t>(recency);
  const auto silence_panel = static_cast<uint32_t>(silence);
  std::unique_ptr<GridBundle>& grid = grid_[KeyOf(frequency, recency_panel, silence_panel)];
  if (grid == nullptr) {
    grid = std::make_unique<GridBundle>(DrawGrid(frequency, recency_panel, silence_panel));
  }
  const GridBundle::Row row = grid->At(2 * (silence - silence_panel) - 1);
  std::array<double, kPoints> weights{1};
  if (frequency > 0) {
    weights = math::ChebyshevWeights<kPoints>(2 * (recency - recency_panel) - 1);
  }
  ParameterSlopes slopes{};
  for (size_t t = 0; t < kPoints; ++t) {
    for (size_t i = 0; i < kMostParameters; ++i) {
      slopes[i] += weights[t] * row[t * kMostParameters + i];
    }
  }
  return slopes;
}

ParameterSlopes ClvSlopes::OfAlive(const PurchaseHistory& history, double p_alive) {
  if (alive_always_ || !(p_alive > 0)) return {};
  if (!alive_by_grid_) return DrawAlive(history);
  const auto nodes = CountNodesOf<kCountNodes>(history.frequency, kDenseCounts);
  ParameterSlopes slopes{};
  for (size_t n = 0; n < nodes.size; ++n) {
    const ParameterSlopes one = ReadLogOdds(history, nodes.counts[n]);
    for (size_t i = 0; i < kMostParameters; ++i) slopes[i] += nodes.weights[n] * one[i];
  }
  for (double& slope : slopes) slope *= -(1 - p_alive);
  return slopes;
}

}  // namespace rapport::value
