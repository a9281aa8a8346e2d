// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv_history.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "lib/math/stats.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::value {
namespace {

constexpr size_t kEntries = 4096;
// Silence and ages of the same days are spread over the cache by their bits.
size_t SlotOf(const PurchaseHistory& history) {
  uint64_t hash = std::bit_cast<uint64_t>(history.age_days) * 0x9e3779b97f4a7c15u;
  hash = (hash ^ (hash >> 32) ^ std::bit_cast<uint64_t>(history.recency_days) ^ history.frequency) *
         0xd6e8feb86659fd93u;
  return static_cast<size_t>(hash >> 52) % kEntries;
}

}  // namespace

HistoryScorer::HistoryScorer(std::unique_ptr<PurchaseModel> model,
                             const std::optional<GammaGamma>& spend, const HistoryOptions& options)
    : model_(std::move(model)),
      spend_(spend),
      options_(options),
      low_tail_((1 - options.interval_level) / 2),
      high_probit_(math::NormalQuantile(1 - low_tail_)),
      curves_(*model_, options.future),
      slopes_(*model_, options.future.horizon_days, options.future.discount_per_day),
      quantiles_(*model_, spend, options.future.horizon_days),
      entries_(kEntries) {}

// What Gamma-Gamma can say for x own purchases; it has no mean when p x + q <= 1.
MoneySpread HistoryScorer::SpreadOf(uint32_t frequency) const {
  if (!spend_.has_value()) return MoneySpread::kPlain;
  const GammaGammaParameters& spend = spend_->parameters();
  if (spend.p * frequency + (spend.q - 1) <= 0) return MoneySpread::kPlain;
  return frequency > 0 ? MoneySpread::kOwn : MoneySpread::kPopulation;
}

// Uses buying_: states weighted by P(in the state and at least one purchase), and states_.
void HistoryScorer::SetEnds(MoneySpread spread, double any, MoneyEnds& ends) {
  const double none = 1 - any;
  ends = {};
  ends.squared_purchases = quantiles_.SquaredPurchases(states_, spread);
  if (none >= 1 - low_tail_ || !(any > 0)) return;
  ends.has_high = true;
  ends.has_low = low_tail_ > none;
  ends.probit_high = math::NormalQuantile((1 - low_tail_ - none) / any);
  ends.probit_low = ends.has_low ? math::NormalQuantile((low_tail_ - none) / any) : 0;
  const double probits[3] = {ends.probit_high, 0, ends.probit_low};
  double logs[3];
  const size_t wanted = ends.has_low ? 3 : 2;
  quantiles_.LogQuantiles(buying_, spread, {probits, wanted}, {logs, wanted});
  ends.log_high = logs[0];
  ends.log_median = logs[1];
  if (ends.has_low) ends.log_low = logs[2];
}

void HistoryScorer::AddState(const AliveState& state, HistoryScore& score) {
  const StateFuture given = curves_.At(state);
  const double p = state.probability;
  StateFuture& sum = score.future;
  sum.purchases += p * given.purchases;
  sum.discounted += p * given.discounted;
  sum.any += p * given.any;
  sum.forever += p * given.forever;
  sum.short_purchases += p * given.short_purchases;
  sum.ever += p * given.ever;
  sum.median_next_days = given.median_next_days;
  AliveState buying = state;
  buying.probability = p * given.any;
  buying_.push_back(buying);
  if (!options_.slopes) return;
  const FutureSlopes slopes = slopes_.OfFuture(state);
  for (size_t i = 0; i < kMostParameters; ++i) {
    score.slopes[i] += p * given.discounted * slopes.log_discounted[i];
    score.if_any_slopes[i] += p * given.any * slopes.log_any[i];
  }
}

HistoryScore HistoryScorer::Compute(const PurchaseHistory& history) {
  HistoryScore score;
  score.alive_by_construction = model_->AliveByConstruction(history);
  states_.clear();
  buying_.clear();
  model_->AppendAliveStates(history, states_);
  for (const AliveState& state : states_) {
    score.p_alive += state.probability;
    AddState(state, score);
  }
  score.p_alive = std::min(score.p_alive, 1.0);
  score.silence_days = curves_.SilenceDays(history);
  StateFuture& future = score.future;
  future.any = std::min(future.any, 1.0);
  future.ever = std::min(future.ever, 1.0);
  if (states_.size() > 1) future.median_next_days = NextPurchaseOf(*model_, states_).median_days;
  if (!(future.ever > 0)) future.median_next_days = 0;
  if (options_.slopes) {
    const ParameterSlopes alive = slopes_.OfAlive(history, score.p_alive);
    for (size_t i = 0; i < kMostParameters; ++i) {
      const double given = future.discounted > 0 ? score.slopes[i] / future.discounted : 0;
      const double any = future.any > 0 ? score.if_any_slopes[i] / future.any : 0;
      score.slopes[i] = alive[i] + given;
      score.if_any_slopes[i] = given - any;  // P(alive) is in both.
    }
  }
  score.spread = SpreadOf(history.frequency);
  if (options_.future.horizon_days > 0) SetEnds(score.spread, future.any, score.ends);
  return score;
}

const HistoryScore& HistoryScorer::Score(const PurchaseHistory& history) {
  Entry& entry = entries_[SlotOf(history)];
  if (!entry.used || entry.frequency != history.frequency ||
      entry.recency_days != history.recency_days || entry.age_days != history.age_days) {
    entry.used = true;
    entry.frequency = history.frequency;
    entry.recency_days = history.recency_days;
    entry.age_days = history.age_days;
    entry.score = Compute(history);
  }
  return entry.score;
}

MoneyEnds HistoryScorer::EndsOf(const PurchaseHistory& history, const HistoryScore& score,
                                MoneySpread spread) {
  MoneyEnds ends;
  if (!(options_.future.horizon_days > 0)) return ends;
  states_.clear();
  buying_.clear();
  model_->AppendAliveStates(history, states_);
  for (const AliveState& state : states_) {
    AliveState buying = state;
    buying.probability *= curves_.At(state).any;
    buying_.push_back(buying);
  }
  SetEnds(spread, score.future.any, ends);
  return ends;
}

}  // namespace rapport::value
