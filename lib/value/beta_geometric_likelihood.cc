// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include "lib/math/special.h"
#include "lib/value/beta_geometric_phases.h"
#include "lib/value/purchase_likelihood.h"

namespace rapport::value {
namespace {

struct TimeLog {
  double log = 0;      // log(alpha + time).
  double inverse = 0;  // 1 / (alpha + time).
};

// Each time's logarithm, taken where it is used: for times that few rows share.
class DirectTimes {
 public:
  DirectTimes(const std::vector<double>& times, double alpha) : times_(times), alpha_(alpha) {}
  TimeLog operator[](uint32_t i) const {
    const double time = alpha_ + times_[i];
    return {std::log(time), 1 / time};
  }

 private:
  const std::vector<double>& times_;
  double alpha_;
};

// Sum of weight x log(factor). Factors of weight 1 are multiplied first, so that hundreds
// share one logarithm.
class LogSum {
 public:
  void Add(double weight, double factor) {
    if (weight != 1) {
      sum_ += weight * std::log(factor);
      return;
    }
    if (product_ > kLarge || product_ < 1 / kLarge) Flush();
    product_ *= factor;
  }
  double Total() {
    Flush();
    return sum_;
  }

 private:
  static constexpr double kLarge = 1e150;
  void Flush() {
    sum_ += std::log(product_);
    product_ = 1;
  }
  double product_ = 1, sum_ = 0;
};

// What one block of rows with the same frequency x adds up to. `left` is the posterior
// chance of having left.
struct BlockSums {
  double log_likelihood = 0;
  double slope_r = 0;      // d / dr of the row terms.
  double slope_alpha = 0;  // d / d alpha of the row terms.
  double left = 0;
};

class BetaGeometricLikelihood : public TableLikelihood {
 public:
  BetaGeometricLikelihood(const PurchaseTable& table, bool modified, uint32_t k, RowRange range)
      : table_(table), k_(k), blocks_(table.BlocksIn(range)) {
    size_t rows = 0;
    for (const PurchaseTable::Block& block : blocks_) {
      stages_.push_back(k * block.frequency);
      leaves_.push_back(block.frequency + (modified ? 1 : 0));
      rows += block.end - block.begin;
    }
    for (int i = 0; i < 3; ++i) {
      rising_[i].resize(blocks_.size());
      slope_[i].resize(blocks_.size());
    }
    if (2 * table.times.size() <= rows) time_logs_.resize(table.times.size());
  }

  double Evaluate(std::span<const double> log_parameters, std::span<double> gradient) override {
    const double r = std::exp(log_parameters[0]), alpha = std::exp(log_parameters[1]);
    const double a = std::exp(log_parameters[2]), b = std::exp(log_parameters[3]);
    Tabulate(r, alpha, a, b);
    const double log_gamma_k = math::LogGamma(k_);
    double sum = 0, dr = 0, dalpha = 0, da = 0, db = 0;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const PurchaseTable::Block& block = blocks_[i];
      // Odds of leaving at the last chance; none before the first chance.
      const double before = b + (leaves_[i] - 1);
      const double log_odds = leaves_[i] > 0 ? log_parameters[2] - std::log(before)
                                             : -std::numeric_limits<double>::infinity();
      const BlockSums rows = Sum(block, r + stages_[i], alpha, log_odds);
      const double w = block.weight;
      sum += rows.log_likelihood + (k_ - 1.0) * block.log_gaps +
             w * (r * log_parameters[1] - block.frequency * log_gamma_k + rising_[0][i] +
                  rising_[1][i] - rising_[2][i]);
      dr += rows.slope_r + w * (log_parameters[1] + slope_[0][i]);
      dalpha += rows.slope_alpha + w * r / alpha;
      da += rows.left / a - w * slope_[2][i];
      db += w * (slope_[1][i] - slope_[2][i]);
      if (leaves_[i] > 0) db -= rows.left / before;
    }
    gradient[0] = r * dr;
    gradient[1] = alpha * dalpha;
    gradient[2] = a * da;
    gradient[3] = b * db;
    return sum;
  }

 private:
  // Everything that depends on a distinct time or a distinct frequency only.
  void Tabulate(double r, double alpha, double a, double b) {
    const DirectTimes direct(table_.times, alpha);
    for (size_t i = 0; i < time_logs_.size(); ++i) {
      time_logs_[i] = direct[static_cast<uint32_t>(i)];
    }
    math::TabulateRising(r, stages_, rising_[0], slope_[0]);
    math::TabulateRising(b, leaves_, rising_[1], slope_[1]);
    math::TabulateRising(a + b, leaves_, rising_[2], slope_[2]);
  }

  BlockSums Sum(const PurchaseTable::Block& block, double shape, double alpha,
                double log_odds) const {
    if (k_ == 1 && std::isinf(log_odds)) {
      return time_logs_.empty() ? SumNeverLeftDirect(block, shape, alpha)
                                : SumNeverLeft(block, shape);
    }
    if (!time_logs_.empty()) return SumWith(time_logs_, block, shape, log_odds);
    return SumWith(DirectTimes(table_.times, alpha), block, shape, log_odds);
  }

  template <typename Times>
  BlockSums SumWith(const Times& times, const PurchaseTable::Block& block, double shape,
                    double log_odds) const {
    return k_ > 1 ? SumRegular(times, block, shape, log_odds)
                  : SumPlain(times, block, shape, log_odds);
  }

  // One-time buyers of BG/NBD.
  BlockSums SumNeverLeft(const PurchaseTable::Block& block, double shape) const {
    BlockSums sums;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      sums.slope_r -= row.weight * time_logs_[row.age].log;
      sums.slope_alpha -= row.weight * time_logs_[row.age].inverse;
    }
    sums.log_likelihood = shape * sums.slope_r;
    sums.slope_alpha *= shape;
    return sums;
  }
  BlockSums SumNeverLeftDirect(const PurchaseTable::Block& block, double shape,
                               double alpha) const {
    BlockSums sums;
    LogSum logs;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      const double time = alpha + table_.times[row.age];
      logs.Add(row.weight, time);
      sums.slope_alpha -= row.weight / time;
    }
    sums.slope_r = -logs.Total();
    sums.log_likelihood = shape * sums.slope_r;
    sums.slope_alpha *= shape;
    return sums;
  }

  // log (alpha+T)^-shape + log(1 + e^d), e^d = odds of having left. The sum 1 + e is exact
  // enough: its rounding adds 1e-16 to a term of a sum.
  template <typename Times>
  BlockSums SumPlain(const Times& times, const PurchaseTable::Block& block, double shape,
                     double log_odds) const {
    BlockSums sums;
    LogSum logs;
    // One-time buyers all have one recency.
    const bool one_time = block.frequency == 0;
    TimeLog recency = times[table_.rows[block.begin].recency];
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      const TimeLog age = times[row.age];
      if (!one_time) recency = times[row.recency];
      const double silence = age.log - recency.log;
      const double d = log_odds + shape * silence;
      const double e = std::exp(-std::fabs(d));
      const double left = (d >= 0 ? 1 : e) / (1 + e);
      logs.Add(row.weight, 1 + e);
      sums.log_likelihood += row.weight * (std::fmax(d, 0.0) - shape * age.log);
      sums.slope_r += row.weight * (left * silence - age.log);
      sums.slope_alpha -= row.weight * (age.inverse + left * (recency.inverse - age.inverse));
      sums.left += row.weight * left;
    }
    sums.log_likelihood += logs.Total();
    sums.slope_alpha *= shape;
    return sums;
  }

  // The same with the survival of an Erlang-k gap in place of the 1.
  template <typename Times>
  BlockSums SumRegular(const Times& times, const PurchaseTable::Block& block, double shape,
                       double log_odds) const {
    BlockSums sums;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      const TimeLog age = times[row.age], recency = times[row.recency];
      const double silence = age.log - recency.log;
      const double days = table_.times[row.age] - table_.times[row.recency];
      const PhaseSum phases = SumPhases(k_, shape, days * age.inverse);
      const double d = log_odds + shape * silence - phases.log_sum;
      const double e = std::exp(-std::fabs(d));
      const double left = (d >= 0 ? 1 : e) / (1 + e);
      const double alive = (d >= 0 ? e : 1) / (1 + e);
      sums.log_likelihood +=
          row.weight * (phases.log_sum + std::fmax(d, 0.0) + std::log(1 + e) - shape * age.log);
      sums.slope_r += row.weight * (left * silence - age.log + alive * phases.slope_shape);
      sums.slope_alpha -=
          row.weight * (shape * (age.inverse + left * (recency.inverse - age.inverse)) +
                        alive * phases.mean_phase * age.inverse);
      sums.left += row.weight * left;
    }
    return sums;
  }

  const PurchaseTable& table_;
  uint32_t k_;
  std::vector<PurchaseTable::Block> blocks_;
  std::vector<double> stages_, leaves_;       // k x and chances to leave, per block.
  std::vector<double> rising_[3], slope_[3];  // Of r, b and a + b, per block.
  std::vector<TimeLog> time_logs_;            // Empty: taken directly.
};

}  // namespace

std::unique_ptr<TableLikelihood> NewBetaGeometricLikelihood(const PurchaseTable& table,
                                                            ModelKind kind, uint32_t regularity,
                                                            RowRange rows) {
  const bool modified = kind == ModelKind::kMbgNbd || kind == ModelKind::kMbgCnbdK;
  return std::make_unique<BetaGeometricLikelihood>(table, modified, regularity, rows);
}

}  // namespace rapport::value
