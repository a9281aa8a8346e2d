// SPDX-License-Identifier: Apache-2.0
// The likelihood of many histories under Pareto/NBD; the formula is in pareto_nbd_race.h.
//
// A row costs its four logarithms (one set per distinct time where times repeat), two reads
// of a RaceCurve and one exponential. Frequencies of few rows ask GammaRaceLogs directly.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "lib/math/gamma_race.h"
#include "lib/math/special.h"
#include "lib/value/pareto_nbd_race.h"
#include "lib/value/purchase_likelihood.h"

namespace rapport::value {
namespace {

constexpr size_t kFewRows = 24;     // Fewer than this do not pay for a panel.
constexpr size_t kSharedTimes = 4;  // Rows per distinct time that pay for a table.

// An age u, as the likelihood sees it.
struct Moment {
  double log_buys, log_leaves;      // log(1 + u / alpha), log(1 + u / beta).
  double share_buys, share_leaves;  // alpha / (alpha + u), beta / (beta + u).
};

struct Point {
  double r, alpha, s, beta;
  double inverse_alpha, inverse_beta, log_origin;

  Moment At(double u) const {
    const double buys = 1 + u * inverse_alpha, leaves = 1 + u * inverse_beta;
    return {std::log(buys), std::log(leaves), 1 / buys, 1 / leaves};
  }
  double Place(const Moment& m) const { return log_origin + m.log_buys - m.log_leaves; }
};

Point PointOf(std::span<const double> log_parameters) {
  Point p{std::exp(log_parameters[0]),
          std::exp(log_parameters[1]),
          std::exp(log_parameters[2]),
          std::exp(log_parameters[3]),
          0,
          0,
          0};
  p.inverse_alpha = 1 / p.alpha;
  p.inverse_beta = 1 / p.beta;
  p.log_origin = std::log(p.alpha) - std::log(p.beta);
  return p;
}

// Sums over rows of one frequency; slopes by r + x, alpha, s and beta, the last three
// without the terms that all rows share.
struct Sums {
  double log = 0, by_shape = 0, by_alpha = 0, by_s = 0, by_beta = 0;
};

// Reads the race at w by direct evaluation, as RaceCurve does by panels.
class DirectRace {
 public:
  DirectRace(double shape, double s) : shape_(shape), s_(s) {}
  math::RaceLog Leaves(double w) const { return At(w).two; }
  math::RaceLog Buys(double w) const { return At(w).one; }

 private:
  math::RaceLogs At(double w) const {
    return math::GammaRaceLogs(
        {shape_, std::exp(std::max(w, 0.0)), s_, std::exp(std::max(-w, 0.0))});
  }
  double shape_, s_;
};

struct RowTerms {
  const Point& point;
  double shape;

  // Adds log[H(t_x) q(t_x) + H(T) (1 - q(T))] and its slopes.
  void Add(const Moment& last, const math::RaceLog& leaves, const Moment& now,
           const math::RaceLog& buys, double weight, Sums& sums) const {
    const double left = leaves.log - shape * last.log_buys - point.s * last.log_leaves;
    const double there = buys.log - shape * now.log_buys - point.s * now.log_leaves;
    const double d = left - there;
    const double e = std::exp(-std::fabs(d));
    const double smaller = e / (1 + e);
    const double p = weight * (d >= 0 ? 1 - smaller : smaller);  // Of having left early.
    const double q = weight - p;
    sums.log += weight * (std::max(left, there) + std::log1p(e));
    sums.by_shape += p * (leaves.by_m - last.log_buys) + q * (buys.by_m - now.log_buys);
    sums.by_s += p * (leaves.by_s - last.log_leaves) + q * (buys.by_s - now.log_leaves);
    sums.by_alpha += p * (shape - leaves.by_w) * last.share_buys +  //
                     q * (shape - buys.by_w) * now.share_buys;
    sums.by_beta += p * (point.s + leaves.by_w) * last.share_leaves +
                    q * (point.s + buys.by_w) * now.share_leaves;
  }
};

class ParetoNbdLikelihood : public TableLikelihood {
 public:
  ParetoNbdLikelihood(const PurchaseTable& table, RowRange rows)
      : table_(table), blocks_(table.BlocksIn(rows)) {
    size_t count = 0;
    for (const PurchaseTable::Block& block : blocks_) {
      frequency_.push_back(block.frequency);
      count += block.end - block.begin;
    }
    rising_.resize(blocks_.size());
    slope_.resize(blocks_.size());
    if (count >= kSharedTimes * table.times.size()) moments_.resize(table.times.size());
  }

  double Evaluate(std::span<const double> log_parameters, std::span<double> gradient) override {
    const Point point = PointOf(log_parameters);
    for (size_t i = 0; i < moments_.size(); ++i) moments_[i] = point.At(table_.times[i]);
    math::TabulateRising(point.r, frequency_, rising_, slope_);
    const RaceGrid grid(point.alpha, point.beta, table_.times.empty() ? 0 : table_.times.back());
    RaceCurve curve(grid);
    const double log_alpha = std::log(point.alpha);
    double log = 0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const PurchaseTable::Block& block = blocks_[i];
      const Sums sums = SumBlock(block, point, curve);
      const double w = block.weight;
      log += sums.log + w * (rising_[i] - block.frequency * log_alpha);
      gradient[0] += point.r * (sums.by_shape + w * slope_[i]);
      gradient[1] += w * point.r - sums.by_alpha;
      gradient[2] += point.s * sums.by_s;
      gradient[3] += w * point.s - sums.by_beta;
    }
    return log;
  }

 private:
  Sums SumBlock(const PurchaseTable::Block& block, const Point& point, RaceCurve& curve) const {
    const double shape = point.r + block.frequency;
    if (block.end - block.begin < kFewRows) {
      DirectRace direct(shape, point.s);
      return SumRows(block, {point, shape}, direct);
    }
    curve.Restart(shape, point.s);
    return SumRows(block, {point, shape}, curve);
  }

  Moment At(const Point& point, uint32_t time) const {
    return moments_.empty() ? point.At(table_.times[time]) : moments_[time];
  }

  template <typename Race>
  Sums SumRows(const PurchaseTable::Block& block, const RowTerms& terms, Race& race) const {
    Sums sums;
    Moment last{};
    math::RaceLog leaves;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      // One-time buyers all have t_x = 0.
      if (i == block.begin || row.recency != table_.rows[i - 1].recency) {
        last = At(terms.point, row.recency);
        leaves = race.Leaves(terms.point.Place(last));
      }
      const Moment now = At(terms.point, row.age);
      const math::RaceLog buys = race.Buys(terms.point.Place(now));
      terms.Add(last, leaves, now, buys, row.weight, sums);
    }
    return sums;
  }

  const PurchaseTable& table_;
  std::vector<PurchaseTable::Block> blocks_;
  std::vector<double> frequency_, rising_, slope_;  // Per block.
  std::vector<Moment> moments_;  // Per distinct time; empty where few rows share one.
};

}  // namespace

std::unique_ptr<TableLikelihood> NewParetoNbdLikelihood(const PurchaseTable& table, RowRange rows) {
  return std::make_unique<ParetoNbdLikelihood>(table, rows);
}

}  // namespace rapport::value
