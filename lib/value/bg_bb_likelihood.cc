// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "lib/math/special.h"
#include "lib/value/bg_bb.h"
#include "lib/value/purchase_likelihood.h"

namespace rapport::value {
namespace {

constexpr double kMostClosed = 1'000'000;  // Tables have an entry per opportunity.
constexpr double kNegligible = 1e-18;

// A distinct history in opportunities.
struct Row {
  uint32_t used = 0, last = 0, closed = 0;
  double weight = 0;

  bool SameHistory(const Row& other) const {
    return used == other.used && last == other.last && closed == other.closed;
  }
  // Histories that differ only in how long they are silent become neighbours. Weight
  // last: equal rows then add up in one order.
  bool operator<(const Row& other) const {
    return std::tie(used, last, closed, weight) <
           std::tie(other.used, other.last, other.closed, other.weight);
  }
};

// log of shape (shape + 1) ... (shape + k - 1), and its slope, for k = 0, 1, ...
struct Rising {
  std::vector<double> log, slope;

  void Fill(double shape, size_t count) {
    log.resize(count + 1);
    slope.resize(count + 1);
    log[0] = slope[0] = 0;
    for (size_t k = 0; k < count; ++k) {
      const double factor = shape + static_cast<double>(k);
      log[k + 1] = log[k] + std::log(factor);
      slope[k + 1] = slope[k] + 1 / factor;
    }
  }
};

// log P(alive after k opportunities) from the start, and its slopes in gamma and delta.
struct Staying {
  std::vector<double> log, leave, stay;

  void Fill(double gamma, double delta, size_t count) {
    for (std::vector<double>* v : {&log, &leave, &stay}) v->assign(count + 1, 0.0);
    for (size_t k = 0; k < count; ++k) {
      const double stays = delta + static_cast<double>(k);
      const double total = gamma + stays;
      log[k + 1] = log[k] - std::log1p(gamma / stays);
      leave[k + 1] = leave[k] - 1 / total;
      stay[k + 1] = stay[k] + gamma / stays / total;
    }
  }
};

using Slopes = std::array<double, 4>;  // In alpha, beta, gamma, delta.

void AddScaled(const Slopes& slopes, double factor, Slopes& sum) {
  for (size_t i = 0; i < 4; ++i) sum[i] += factor * slopes[i];
}

class BgBbLikelihood final : public TableLikelihood {
 public:
  BgBbLikelihood(const PurchaseTable& table, RowRange range) {
    const size_t end = std::min(range.end, table.rows.size());
    for (const PurchaseTable::Block& block : table.blocks) {
      const size_t last = std::min(block.end, end);
      for (size_t i = std::max(block.begin, range.begin); i < last; ++i) {
        Add(static_cast<uint32_t>(block.frequency), table.times[table.rows[i].recency],
            table.times[table.rows[i].age], table.rows[i].weight);
      }
    }
    Merge();
  }

  double Evaluate(std::span<const double> log_parameters, std::span<double> gradient) override {
    if (too_long_) return std::numeric_limits<double>::quiet_NaN();
    for (size_t i = 0; i < 4; ++i) value_[i] = std::exp(log_parameters[i]);
    use_.Fill(value_[0], most_used_);
    skip_.Fill(value_[1], most_closed_);
    total_.Fill(value_[0] + value_[1], most_closed_);
    staying_.Fill(value_[2], value_[3], most_closed_);
    double sum = 0;
    Slopes slopes{};
    Leaving leaving;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const bool same = i > 0 && rows_[i - 1].used == row.used && rows_[i - 1].last == row.last;
      if (!same) leaving = Leaving{.next = row.last};
      sum += row.weight * AddRow(row, leaving, slopes);
    }
    for (size_t i = 0; i < 4; ++i) gradient[i] = value_[i] * slopes[i];
    return sum;
  }

 private:
  // Sum over the moments of leaving since the last purchase, of chances relative to the
  // first one; `slopes` are those of the log chances, weighted.
  struct Leaving {
    size_t next = 0;
    double term = 1;
    double sum = 0;
    Slopes slopes{};
  };

  void Add(uint32_t frequency, double recency, double age, double weight) {
    const Opportunities o =
        OpportunitiesOf({.frequency = frequency, .recency_days = recency, .age_days = age},
                        /*time_unit_days=*/1);
    too_long_ = too_long_ || o.closed > kMostClosed;
    if (too_long_) return;
    rows_.push_back({static_cast<uint32_t>(o.used), static_cast<uint32_t>(o.last),
                     static_cast<uint32_t>(o.closed), weight});
  }

  void Merge() {
    std::sort(rows_.begin(), rows_.end());
    size_t kept = 0;
    for (const Row& row : rows_) {
      if (kept > 0 && rows_[kept - 1].SameHistory(row)) {
        rows_[kept - 1].weight += row.weight;
      } else {
        rows_[kept++] = row;
      }
    }
    rows_.resize(kept);
    for (const Row& row : rows_) {
      most_used_ = std::max<size_t>(most_used_, row.used);
      most_closed_ = std::max<size_t>(most_closed_, row.closed);
    }
  }

  // Of E[p^x (1-p)^(n-x) (1-theta)^n].
  double LogAlive(const Row& row, size_t n) const {
    return use_.log[row.used] + skip_.log[n - row.used] - total_.log[n] + staying_.log[n];
  }
  Slopes AliveSlopes(const Row& row, size_t n) const {
    return {use_.slope[row.used] - total_.slope[n], skip_.slope[n - row.used] - total_.slope[n],
            staying_.leave[n], staying_.stay[n]};
  }
  // Of E[p^x (1-p)^(j-x) theta (1-theta)^j]: as above, then leaving.
  Slopes LeavingSlopes(const Row& row, size_t j) const {
    Slopes slopes = AliveSlopes(row, j);
    const double stays = value_[3] + static_cast<double>(j);
    const double total = value_[2] + stays;
    slopes[2] += stays / value_[2] / total;
    slopes[3] -= 1 / total;
    return slopes;
  }

  // Continues the sum to the moments before `closed`.
  void Advance(const Row& row, Leaving& leaving) const {
    for (; leaving.next < row.closed; ++leaving.next) {
      const size_t j = leaving.next;
      if (leaving.term < kNegligible * leaving.sum / static_cast<double>(row.closed)) continue;
      leaving.sum += leaving.term;
      AddScaled(LeavingSlopes(row, j), leaving.term, leaving.slopes);
      const double skips = value_[1] + static_cast<double>(j - row.used);
      const double meets = value_[0] + value_[1] + static_cast<double>(j);
      const double stays = value_[3] + static_cast<double>(j);
      leaving.term *= skips / meets * (stays / (value_[2] + 1 + stays));
    }
  }

  // The row's log-likelihood; adds its weighted slopes.
  double AddRow(const Row& row, Leaving& leaving, Slopes& slopes) const {
    const double log_alive = LogAlive(row, row.closed);
    const Slopes alive_slopes = AliveSlopes(row, row.closed);
    if (row.closed == row.last) {
      AddScaled(alive_slopes, row.weight, slopes);
      return log_alive;
    }
    Advance(row, leaving);
    const double first = value_[2] + value_[3] + static_cast<double>(row.last);
    const double log_left =
        LogAlive(row, row.last) + std::log(value_[2] / first) + std::log(leaving.sum);
    const double left = math::Logistic(log_left - log_alive);
    AddScaled(alive_slopes, row.weight * (1 - left), slopes);
    AddScaled(leaving.slopes, row.weight * left / leaving.sum, slopes);
    return math::LogAddExp(log_alive, log_left);
  }

  std::vector<Row> rows_;
  size_t most_used_ = 0, most_closed_ = 0;
  bool too_long_ = false;
  std::array<double, 4> value_{};
  Rising use_, skip_, total_;  // Of alpha, beta, alpha + beta.
  Staying staying_;
};

}  // namespace

std::unique_ptr<TableLikelihood> NewBgBbLikelihood(const PurchaseTable& table, RowRange rows) {
  return std::make_unique<BgBbLikelihood>(table, rows);
}

}  // namespace rapport::value
