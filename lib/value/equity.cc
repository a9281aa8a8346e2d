// SPDX-License-Identifier: Apache-2.0
#include "lib/value/equity.h"

#include <algorithm>
#include <cmath>

namespace rapport::value {
namespace {

constexpr double kMicros = static_cast<double>(kMicrosPerUnit);
constexpr double kLargest = 1e30;  // Of one customer's whole numbers.
constexpr size_t kSpendParameters = std::tuple_size_v<SpendSlopes>;

__int128 WholeOf(double value) {
  if (std::isnan(value)) return 0;
  return static_cast<__int128>(std::nearbyint(std::clamp(value, -kLargest, kLargest)));
}

math::Interval Around(double total, double error, double z) {
  return {total, std::max(0.0, total - z * error), total + z * error};
}

size_t RowsOf(const FittedModels& models) {
  const size_t values = models.purchases.values.size();
  const size_t all = values + models.purchases.effects.size() * models.purchases.covariates();
  return models.purchase_covariance.size() == all * all ? all : values;
}

}  // namespace

EquityAccumulator::EquityAccumulator(const FittedModels& models)
    : kind_(models.purchases.kind),
      values_(models.purchases.values.size()),
      rows_(RowsOf(models)),
      slopes_(rows_ + kSpendParameters, 0) {}

void EquityAccumulator::Add(const ValueScore& score, std::span<const double> covariates,
                            uint64_t customers) {
  const auto n = static_cast<Whole>(customers);
  const double micros = score.clv * kMicros;
  customers_ += customers;
  total_ += n * WholeOf(micros);
  residual_ += n * WholeOf(score.residual_clv.value_or(0) * kMicros);
  variance_ += n * WholeOf(score.own_variance * kMicros * kMicros);
  for (size_t i = 0; i < values_; ++i) {
    slopes_[i] += n * WholeOf(micros * score.purchase_slopes[i]);
  }
  const auto slots = TraitsOf(kind_).covariate_slots;
  for (size_t s = 0; s < slots.size() && rows_ > values_; ++s) {
    for (size_t c = 0; c < covariates.size(); ++c) {
      const double slope =
          slots[s].sign * covariates[c] * score.purchase_slopes[slots[s].parameter];
      slopes_[values_ + s * covariates.size() + c] += n * WholeOf(micros * slope);
    }
  }
  for (size_t i = 0; i < kSpendParameters; ++i) {
    slopes_[rows_ + i] += n * WholeOf(micros * score.spend_slopes[i]);
  }
}

void EquityAccumulator::Merge(const EquityAccumulator& other) {
  customers_ += other.customers_;
  total_ += other.total_;
  residual_ += other.residual_;
  variance_ += other.variance_;
  for (size_t i = 0; i < slopes_.size(); ++i) slopes_[i] += other.slopes_[i];
}

Equity EquityAccumulator::Result(const FittedModels& models, double confidence) const {
  std::vector<double> slopes;
  for (const Whole slope : slopes_) slopes.push_back(static_cast<double>(slope) / kMicros);
  const std::span<const double> all(slopes);
  const double variance =
      QuadraticForm(models.purchase_covariance, all.first(rows_)) +
      QuadraticForm(models.spend_covariance, all.subspan(rows_, kSpendParameters));
  Equity equity;
  equity.customers = customers_;
  equity.total = static_cast<double>(total_) / kMicros;
  equity.residual_total = static_cast<double>(residual_) / kMicros;
  equity.parameter_error = std::sqrt(variance);
  equity.own_error = std::sqrt(static_cast<double>(variance_)) / kMicros;
  const double z = math::TwoSidedZ(confidence);
  equity.mean = Around(equity.total, equity.parameter_error, z);
  equity.own = Around(equity.total, equity.own_error, z);
  equity.combined = Around(equity.total, std::hypot(equity.parameter_error, equity.own_error), z);
  return equity;
}

}  // namespace rapport::value
