// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bg_bb.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/math/beta_ratio.h"
#include "lib/math/special.h"

namespace rapport::value {
namespace {

constexpr double kMostUnits = 1e15;          // Whole numbers are exact up to here.
constexpr double kFarthest = 1e290;          // What LogBetaRatio takes.
constexpr double kMostCounted = 1'000'000;   // Opportunities ahead that counts look at.
constexpr double kLongestSilenceDays = 1e9;  // Longer is "never".

// How far from a whole number of units still is that number.
double Slack(double units) { return 1e-9 + 1e-15 * units; }

// What is believed of a living customer: p ~ Beta(use, skip), theta ~ Beta(leave, stay).
struct Beliefs {
  double use, skip, leave, stay;

  double mean_use() const { return use / (use + skip); }
  double mean_leave() const { return leave / (leave + stay); }
  // log P(alive after k more opportunities), and log P(k unused ones | alive).
  double LogStays(double k) const {
    return math::LogBetaRatio(leave, stay, std::min(k, kFarthest));
  }
  double LogSkips(double k) const { return math::LogBetaRatio(use, skip, std::min(k, kFarthest)); }
};

Beliefs After(const PurchaseModel& model, double used, double closed) {
  const std::vector<double>& v = model.parameters().values;
  return {v[0] + used, v[1] + (closed - used), v[2], v[3] + closed};
}

// Logs of P(no purchase at `count` opportunities and alive | left), from a moment at which
// the customer is alive.
struct Silence {
  double log_alive = 0;
  double log_left = 0;

  double log_any() const { return math::LogAddExp(log_alive, log_left); }
  double alive() const { return math::Logistic(log_alive - log_left); }
};

// Sum over i < count of E[theta (1-theta)^i (1-p)^i] over its first term. Falls in i and
// is log-convex.
double LeavingSum(const Beliefs& b, double count) {
  const double head = std::min(count, math::kSeriesHead);
  double sum = 0, term = 1;
  for (double i = 0; i < head; i += 1) {
    sum += term;
    term *= (b.skip + i) / (b.use + b.skip + i) * ((b.stay + i) / (b.leave + 1 + b.stay + i));
  }
  if (count <= head) return sum;
  const auto later = [&](double i) {
    return std::exp(b.LogSkips(i) +
                    math::LogBetaRatio(b.leave + 1, b.stay, std::min(i, kFarthest)));
  };
  return sum + math::SeriesTail(later, head, count, sum);
}

Silence SilenceOf(const Beliefs& b, double count) {
  if (count <= 0) return {0, -std::numeric_limits<double>::infinity()};
  return {b.LogStays(count) + b.LogSkips(count),
          std::log(b.mean_leave()) + std::log(LeavingSum(b, count))};
}

// How long a living customer stays, over the next `count` opportunities.
struct Departures {
  std::vector<double> left;  // [i]: P(leaves before the one after i).
  double stays = 1;          // P(alive after the last).
};

Departures DeparturesOf(const Beliefs& b, double count) {
  Departures result;
  result.left.reserve(static_cast<size_t>(count));
  for (double i = 0; i < count; i += 1) {
    const double total = b.leave + b.stay + i;
    result.left.push_back(result.stays * (b.leave / total));
    result.stays *= (b.stay + i) / total;
    if (result.stays < 1e-300) break;  // Nobody is left to buy.
  }
  return result;
}

// P(`count` purchases): the beta-binomial chances of `count` uses among i opportunities,
// weighted by P(i opportunities met alive). Terms are relative to the first, and rescaled
// when they grow.
double CountChance(const Beliefs& b, const Departures& departures, double count) {
  constexpr double kLarge = 1e200;
  const auto ahead = static_cast<double>(departures.left.size());
  if (count > ahead) return 0;
  double offset = math::LogBetaRatio(b.skip, b.use, count);
  double sum = 0, term = 1;
  for (double i = count; i <= ahead; i += 1) {
    const auto index = static_cast<size_t>(i);
    sum += term * (i < ahead ? departures.left[index] : departures.stays);
    term *= (i + 1) / (i + 1 - count) * ((b.skip + i - count) / (b.use + b.skip + i));
    if (term > kLarge) {
      term /= kLarge;
      sum /= kLarge;
      offset += std::log(kLarge);
    }
  }
  return sum > 0 ? std::min(1.0, std::exp(offset + std::log(sum))) : 0;
}

class BgBb final : public PurchaseModel {
 public:
  explicit BgBb(const ModelParameters& parameters) : PurchaseModel(parameters) {}

  double LogLikelihood(const PurchaseHistory& history) const override {
    const Opportunities o = OpportunitiesOf(history, unit_days());
    const double a = value(0), b = value(1);
    return math::LogBetaRatio(b, a, o.used) + math::LogBetaRatio(a + o.used, b, o.last - o.used) +
           math::LogBetaRatio(value(2), value(3), o.last) + SilenceSince(o).log_any();
  }
  double PAlive(const PurchaseHistory& history) const override {
    return SilenceSince(OpportunitiesOf(history, unit_days())).alive();
  }
  bool AliveByConstruction(const PurchaseHistory& history) const override {
    return OpportunitiesOf(history, unit_days()).closed == 0;
  }
  double SilenceDays(const PurchaseHistory& history, double bound) const override;

  double AliveAhead(const AliveState& state, double days) const override {
    return std::exp(BeliefsOf(state).LogStays(Ahead(state, days)));
  }
  double ExpectedPurchases(const AliveState& state, double horizon_days) const override {
    return DiscountedPurchases(state, horizon_days, 0);
  }
  double DiscountedPurchases(const AliveState& state, double horizon_days,
                             double rate_per_day) const override {
    const double ahead = Ahead(state, horizon_days);
    if (ahead <= 0) return 0;
    const Beliefs b = BeliefsOf(state);
    const double first = (Closed(state) + 1) * unit_days() - state.age_days;
    return std::exp(-rate_per_day * std::max(0.0, first)) * b.mean_use() *
           math::SumBetaMoments(b.leave, b.stay, ahead, rate_per_day * unit_days());
  }
  std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                     uint32_t max_count) const override {
    const double ahead = std::min(Ahead(state, horizon_days), kMostCounted);
    const Beliefs b = BeliefsOf(state);
    const Departures departures = DeparturesOf(b, ahead);
    std::vector<double> result(size_t{max_count} + 1, 0.0);
    for (size_t n = 0; n < result.size() && n <= departures.left.size(); ++n) {
      result[n] = CountChance(b, departures, static_cast<double>(n));
    }
    return result;
  }
  double NoPurchase(const AliveState& state, double horizon_days) const override {
    const Silence silence = SilenceOf(BeliefsOf(state), Ahead(state, horizon_days));
    return std::min(1.0, std::exp(silence.log_any()));
  }
  double curve_origin_days() const override { return unit_days(); }

  double ExpectedFromStart(double days) const override { return ExpectedPurchases({}, days); }
  std::vector<double> CountsFromStart(double days, uint32_t max_count) const override {
    return PurchaseCounts({}, days, max_count);
  }

 private:
  Silence SilenceSince(const Opportunities& o) const {
    return SilenceOf(After(*this, o.used, o.last), o.closed - o.last);
  }
  double Closed(const AliveState& state) const {
    return std::min(kMostUnits, WholeUnits(state.age_days / unit_days()));
  }
  Beliefs BeliefsOf(const AliveState& state) const {
    const double closed = Closed(state);
    return After(*this, std::min<double>(state.frequency, closed), closed);
  }
  // Opportunities that close in (T, T + days].
  double Ahead(const AliveState& state, double days) const {
    return std::max(0.0, WholeUnits((state.age_days + days) / unit_days()) - Closed(state));
  }
};

double BgBb::SilenceDays(const PurchaseHistory& history, double bound) const {
  PurchaseHistory then = history;
  then.age_days = (WholeUnits(history.recency_days / unit_days()) + 1) * unit_days();
  const double last = OpportunitiesOf(then, unit_days()).last;
  const Beliefs b = After(*this, std::min<double>(history.frequency, last), last);
  const double most = std::ceil(kLongestSilenceDays / unit_days());
  double low = 0, high = 1;  // P(alive) is 1 at 0 silent opportunities.
  while (high < most && SilenceOf(b, high).alive() >= bound) low = high, high *= 2;
  if (high >= most) return std::numeric_limits<double>::infinity();
  while (high - low > 1) {
    const double middle = std::floor(0.5 * (low + high));
    (SilenceOf(b, middle).alive() >= bound ? low : high) = middle;
  }
  return std::max(0.0, (last + high) * unit_days() - history.recency_days);
}

}  // namespace

double WholeUnits(double units) { return std::floor(units + Slack(units)); }

Opportunities OpportunitiesOf(const PurchaseHistory& history, double time_unit_days) {
  Opportunities o;
  const double recency = history.recency_days / time_unit_days;
  o.closed = std::min(kMostUnits, WholeUnits(history.age_days / time_unit_days));
  // Rounded up, but not from a hair above a whole number; a purchase uses one at least.
  const double up = std::ceil(recency - Slack(recency));
  if (history.frequency > 0) o.last = std::min(o.closed, std::max(1.0, up));
  o.used = std::min<double>(history.frequency, o.last);
  return o;
}

std::unique_ptr<PurchaseModel> NewBgBb(const ModelParameters& parameters) {
  return std::make_unique<BgBb>(parameters);
}

}  // namespace rapport::value
