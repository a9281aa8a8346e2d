// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/optimize.h"
#include "lib/math/special.h"
#include "lib/value/bg_nbd.h"
#include "lib/value/purchase_table.h"

namespace rapport::value {
namespace {

constexpr const char* kNames[] = {"r", "alpha", "a", "b"};
constexpr uint32_t kFrequencyRows = 7;  // 0 .. 6, then 7 and more.

// What one block of rows with the same frequency x adds up to. `left` is the posterior
// chance of having left.
struct BlockSums {
  double log_likelihood = 0;
  double slope_r = 0;       // d / dr of the row terms.
  double inverse_time = 0;  // -d / d alpha, before the factor r + x.
  double left = 0;
};

// Mean negative log-likelihood in (log r, log alpha / scale, log a, log b).
class BgNbdObjective {
 public:
  BgNbdObjective(const PurchaseTable& table, double scale)
      : table_(table), scale_(scale), log_(table.times.size()), inverse_(table.times.size()) {
    for (const PurchaseTable::Block& block : table.blocks) frequency_.push_back(block.frequency);
    for (int i = 0; i < 3; ++i) {
      rising_[i].resize(frequency_.size());
      slope_[i].resize(frequency_.size());
    }
  }

  double operator()(std::span<const double> x, std::span<double> gradient) {
    const double r = std::exp(x[0]), alpha = scale_ * std::exp(x[1]);
    const double a = std::exp(x[2]), b = std::exp(x[3]);
    Tabulate(r, alpha, a, b);
    double sum = 0, dr = 0, dalpha = 0, da = 0, db = 0;
    for (size_t i = 0; i < table_.blocks.size(); ++i) {
      const PurchaseTable::Block& block = table_.blocks[i];
      const bool repeat = block.frequency > 0;
      const BlockSums rows = repeat ? SumRepeaters(block, r, a, b) : SumOneTime(block, r);
      const double w = block.weight;
      sum += rows.log_likelihood +
             w * (r * log_alpha_ + rising_[0][i] + rising_[1][i] - rising_[2][i]);
      dr += rows.slope_r + w * (log_alpha_ + slope_[0][i]);
      dalpha += w * r / alpha - (r + block.frequency) * rows.inverse_time;
      da += rows.left / a - w * slope_[2][i];
      db += w * (slope_[1][i] - slope_[2][i]);
      if (repeat) db -= rows.left / (b + (block.frequency - 1));
    }
    const double scale = -1 / table_.weight;
    gradient[0] = scale * r * dr;
    gradient[1] = scale * alpha * dalpha;
    gradient[2] = scale * a * da;
    gradient[3] = scale * b * db;
    return scale * sum;
  }

 private:
  // Everything that depends on a distinct time or a distinct frequency only.
  void Tabulate(double r, double alpha, double a, double b) {
    log_alpha_ = std::log(alpha);
    for (size_t i = 0; i < log_.size(); ++i) {
      log_[i] = std::log(alpha + table_.times[i]);
      inverse_[i] = 1 / (alpha + table_.times[i]);
    }
    const double shapes[3] = {r, b, a + b};
    for (int i = 0; i < 3; ++i) {
      math::TabulateRising(shapes[i], frequency_, rising_[i], slope_[i]);
    }
  }

  BlockSums SumOneTime(const PurchaseTable::Block& block, double r) const {
    BlockSums sums;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      sums.slope_r -= row.weight * log_[row.age];
      sums.inverse_time += row.weight * inverse_[row.age];
    }
    sums.log_likelihood = r * sums.slope_r;
    return sums;
  }

  // log (alpha+T)^-(r+x) + log(1 + e^d), e^d = odds of having left; one exp and one log1p
  // a row.
  BlockSums SumRepeaters(const PurchaseTable::Block& block, double r, double a, double b) const {
    BlockSums sums;
    const double shape = r + block.frequency;
    const double offset = std::log(a) - std::log(b + (block.frequency - 1));
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table_.rows[i];
      const double log_age = log_[row.age];
      const double silence = log_age - log_[row.recency];
      const double d = offset + shape * silence;
      const double e = std::exp(-std::fabs(d));
      const double left = (d >= 0 ? 1 : e) / (1 + e);
      sums.log_likelihood += row.weight * (std::fmax(d, 0.0) + std::log1p(e) - shape * log_age);
      sums.slope_r += row.weight * (left * silence - log_age);
      sums.inverse_time +=
          row.weight * (inverse_[row.age] + left * (inverse_[row.recency] - inverse_[row.age]));
      sums.left += row.weight * left;
    }
    return sums;
  }

  const PurchaseTable& table_;
  double scale_;
  double log_alpha_ = 0;
  std::vector<double> log_, inverse_, frequency_;
  std::vector<double> rising_[3], slope_[3];  // Of r, b and a + b, per block.
};

std::vector<double> StartingPoint(const BgNbdFitOptions& options, double scale) {
  if (!options.warm_start.has_value()) return {std::log(0.5), std::log(0.5), 0, std::log(3.0)};
  const BgNbdParameters& p = *options.warm_start;
  const double alpha = p.alpha * p.time_unit_days / options.time_unit_days;
  return {std::log(p.r), std::log(alpha / scale), std::log(p.a), std::log(p.b)};
}

// Expected counts use every customer's own age.
std::vector<FrequencyRow> FrequencyTable(const PurchaseTable& table, const BgNbd& model) {
  std::vector<double> weight_of_age(table.times.size(), 0.0);
  std::vector<FrequencyRow> result(kFrequencyRows + 1);
  for (uint32_t n = 0; n <= kFrequencyRows; ++n) result[n].purchases = n;
  for (const PurchaseTable::Block& block : table.blocks) {
    const double n = std::min(block.frequency, static_cast<double>(kFrequencyRows));
    result[static_cast<size_t>(n)].actual += block.weight;
    for (size_t i = block.begin; i < block.end; ++i) {
      weight_of_age[table.rows[i].age] += table.rows[i].weight;
    }
  }
  for (size_t i = 0; i < weight_of_age.size(); ++i) {
    if (weight_of_age[i] == 0) continue;
    const double age_days = table.times[i] * model.parameters().time_unit_days;
    const std::vector<double> p = model.FuturePurchases({}, age_days, kFrequencyRows - 1);
    double rest = 1;
    for (size_t n = 0; n < kFrequencyRows; ++n) {
      result[n].expected += weight_of_age[i] * p[n];
      rest -= p[n];
    }
    result[kFrequencyRows].expected += weight_of_age[i] * std::max(0.0, rest);
  }
  return result;
}

absl::Status ValidateOptions(const BgNbdFitOptions& options) {
  if (!(std::isfinite(options.time_unit_days) && options.time_unit_days > 0)) {
    return InvalidField("time_unit_days", "NOT_POSITIVE", "must be finite and > 0");
  }
  if (!options.warm_start.has_value()) return absl::OkStatus();
  return PrefixField(BgNbd::Create(*options.warm_start).status(), "warm_start.");
}

}  // namespace

absl::StatusOr<BgNbdFit> FitBgNbd(std::span<const PurchaseHistory> rows,
                                  const BgNbdFitOptions& options) {
  RETURN_IF_ERROR(ValidateOptions(options));
  ASSIGN_OR_RETURN(const PurchaseTable table,
                   FoldPurchases(rows, options.weights, options.time_unit_days));
  if (table.repeat_weight <= 0) {
    return FailedPrecondition("NOT_ENOUGH_DATA", "no customer has a repeat purchase");
  }
  const double scale = table.mean_age;  // > 0: a repeater has an age.
  BgNbdObjective objective(table, scale);
  const math::Minimum minimum = math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
      StartingPoint(options, scale));
  const double scales[] = {1, scale, 1, 1};
  FitSummary summary = DescribeFit(minimum, kNames, scales, table.weight);
  summary.distinct_rows = table.rows.size();
  const auto& estimates = summary.parameters;
  ASSIGN_OR_RETURN(BgNbd model,
                   BgNbd::Create({estimates[0].value, estimates[1].value, estimates[2].value,
                                  estimates[3].value, options.time_unit_days}));
  std::vector<FrequencyRow> frequencies = FrequencyTable(table, model);
  return BgNbdFit{model, std::move(summary), std::move(frequencies)};
}

}  // namespace rapport::value
