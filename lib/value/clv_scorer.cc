// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv_scorer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/stats.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::value {
namespace {

constexpr double kLargest = 1e300;
constexpr double kWidestLog = 50;           // Of an interval end, in logarithms of CLV.
constexpr double kLeastVarianceShape = .1;  // q' - 2 below which the variance is infinite.

double Finite(double value) { return std::min(value, kLargest); }

absl::Status ValidateCovariance(const char* field, std::span<const double> covariance,
                                std::initializer_list<size_t> sizes) {
  const bool fits =
      std::any_of(sizes.begin(), sizes.end(), [&](size_t n) { return covariance.size() == n * n; });
  if (!covariance.empty() && !fits) {
    return InvalidField(field, "LENGTH_MISMATCH", "must be square, one row per parameter");
  }
  for (double value : covariance) {
    if (!std::isfinite(value)) return InvalidField(field, "NOT_FINITE", "must be numbers");
  }
  return absl::OkStatus();
}

absl::Status ValidateScorer(const FittedModels& models, const ValueScorerOptions& options) {
  RETURN_IF_ERROR(PrefixField(ValidateParameters(models.purchases), "purchases."));
  RETURN_IF_ERROR(ValidateClvOptions(options.clv));
  if (!(options.short_days >= 0 && options.short_days <= kLongestHorizonDays)) {
    return InvalidField("short_days", "OUT_OF_RANGE", "must be in [0, 1,000,000]");
  }
  if (!(options.silence_bound > 0 && options.silence_bound < 1)) {
    return InvalidField("silence_bound", "OUT_OF_RANGE", "must be between 0 and 1");
  }
  const size_t values = models.purchases.values.size();
  const size_t effects = models.purchases.effects.size() * models.purchases.covariates();
  RETURN_IF_ERROR(ValidateCovariance("purchase_covariance", models.purchase_covariance,
                                     {values, values + effects}));
  return ValidateCovariance("spend_covariance", models.spend_covariance, {3});
}

// Slopes of log(p (gamma + x m) / (p x + q - 1)).
SpendSlopes SpendSlopesOf(const GammaGammaParameters& spend, double purchases, double own) {
  const double weight = spend.p * purchases + (spend.q - 1);
  return {1 - spend.p * purchases / weight, -spend.q / weight, spend.gamma / (spend.gamma + own)};
}

// Of the sum of N values with posterior Gamma-Gamma shape q' = q + p x: their common mean
// Z has E[Z^2] = mean^2 (q' - 1) / (q' - 2), each varies by Z^2 / p around it.
double OwnVariance(const GammaGammaParameters* spend, double purchases, double mean_value,
                   const HistoryScore& given) {
  double p = 1, ratio = 1;
  if (spend != nullptr) {
    p = spend->p;
    const double shape = spend->q + p * purchases;
    ratio = (shape - 1) / std::max(shape - 2, kLeastVarianceShape);
  }
  const double mean = given.future.purchases * mean_value;
  const double square =
      mean_value * mean_value * ratio * (given.future.purchases / p + given.ends.squared_purchases);
  return Finite(std::max(0.0, square - mean * mean));
}

// Where an end goes when the logarithm is blurred by a normal of variance `blur`.
double Blurred(double log_end, double log_median, double probit, double blur) {
  const double away = std::hypot(log_end - log_median, probit * std::sqrt(blur));
  return log_median + (probit < 0 ? -away : away);
}

}  // namespace

double QuadraticForm(std::span<const double> covariance, std::span<const double> slopes) {
  if (covariance.empty()) return 0;
  double sum = 0;
  const size_t n = slopes.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) sum += slopes[i] * covariance[i * n + j] * slopes[j];
  }
  return std::isfinite(sum) ? std::max(sum, 0.0) : kLargest;
}

std::vector<double> AppliedCovariance(const ModelParameters& parameters,
                                      std::span<const double> covariance,
                                      std::span<const double> covariates) {
  const size_t n = parameters.values.size();
  if (covariance.size() == n * n || covariance.empty()) {
    return {covariance.begin(), covariance.end()};
  }
  const auto slots = TraitsOf(parameters.kind).covariate_slots;
  const size_t columns = n + slots.size() * covariates.size();
  std::vector<double> jacobian(n * columns, 0.0), moved(n * columns, 0.0), result(n * n, 0.0);
  for (size_t i = 0; i < n; ++i) jacobian[i * columns + i] = 1;
  for (size_t s = 0; s < slots.size(); ++s) {
    for (size_t c = 0; c < covariates.size(); ++c) {
      jacobian[slots[s].parameter * columns + n + s * covariates.size() + c] =
          slots[s].sign * covariates[c];
    }
  }
  const auto multiply_add = [&](size_t i, size_t j, size_t k) {
    moved[i * columns + j] += jacobian[i * columns + k] * covariance[k * columns + j];
  };
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < columns; ++k) {
      for (size_t j = 0; j < columns; ++j) multiply_add(i, j, k);
    }
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < columns; ++k) {
        result[i * n + j] += moved[i * columns + k] * jacobian[j * columns + k];
      }
    }
  }
  return result;
}

absl::StatusOr<ValueScorer> ValueScorer::Create(const FittedModels& models,
                                                const ValueScorerOptions& options) {
  RETURN_IF_ERROR(ValidateScorer(models, options));
  return ValueScorer(models, options);
}

ValueScorer::ValueScorer(const FittedModels& models, const ValueScorerOptions& options)
    : models_(models),
      options_(options),
      history_options_{
          .future = {.horizon_days = options.clv.horizon_days,
                     .discount_per_day = DiscountPerDay(options.clv.annual_discount_rate),
                     .short_days = options.short_days,
                     .silence_bound = options.silence_bound},
          .interval_level = options.clv.interval_level,
          .slopes = options.parameter_errors},
      z_(math::TwoSidedZ(options.clv.interval_level)) {}

absl::StatusOr<ValueScorer::Pattern*> ValueScorer::PatternOf(std::span<const double> covariates) {
  if (covariates.empty() && plain_ != nullptr) return plain_.get();
  const std::vector<double> key(covariates.begin(), covariates.end());
  if (const auto found = patterns_.find(key); found != patterns_.end()) return found->second.get();
  ASSIGN_OR_RETURN(const ModelParameters applied, ApplyCovariates(models_.purchases, covariates));
  ASSIGN_OR_RETURN(std::unique_ptr<PurchaseModel> model, MakePurchaseModel(applied));
  auto pattern = std::make_unique<Pattern>();
  pattern->scorer = std::make_unique<HistoryScorer>(std::move(model), models_.spend.gamma_gamma,
                                                    history_options_);
  pattern->covariance =
      AppliedCovariance(models_.purchases, models_.purchase_covariance, covariates);
  if (covariates.empty()) {
    plain_ = std::move(pattern);
    return plain_.get();
  }
  if (patterns_.size() >= kMostPatterns) patterns_.clear();
  return (patterns_[key] = std::move(pattern)).get();
}

absl::StatusOr<ValueScore> ValueScorer::Score(const PurchaseHistory& history,
                                              std::span<const double> covariates) {
  RETURN_IF_ERROR(ValidateHistory(history));
  ASSIGN_OR_RETURN(Pattern* const pattern, PatternOf(covariates));
  const HistoryScore& given = pattern->scorer->Score(history);
  ValueScore score;
  score.p_alive = given.p_alive;
  score.alive_by_construction = given.alive_by_construction;
  score.expected_purchases = Finite(given.future.purchases);
  score.expected_purchases_short = Finite(given.future.short_purchases);
  score.probability_of_purchase = given.future.any;
  score.next_purchase_probability = given.future.ever;
  score.next_purchase_days = given.future.median_next_days;
  if (std::isfinite(given.silence_days)) score.silence_days = given.silence_days;
  score.spend = ExpectedSpendOf(models_.spend, history);
  score.spend.mean_value = Finite(score.spend.mean_value);
  const double unit = Finite(score.spend.mean_value * options_.clv.margin);
  score.clv = Finite(given.future.discounted * unit);
  if (options_.clv.annual_discount_rate > 0) {
    score.residual_clv = Finite(given.future.forever * unit);
  }
  SetMoney(history, given, *pattern, score);
  return score;
}

void ValueScorer::SetMoney(const PurchaseHistory& history, const HistoryScore& given,
                           Pattern& pattern, ValueScore& score) {
  score.mean = {score.clv, score.clv};
  if (!(score.clv > 0) || !(given.future.purchases > 0)) return;
  MoneySpread spread = MoneySpread::kPlain;
  const GammaGammaParameters* spend = nullptr;
  double scale = score.spend.mean_value, purchases = 0;
  if (score.spend.basis == SpendBasis::kGammaGamma) {
    const double own = history.frequency * std::max(0.0, history.mean_value());
    spend = &models_.spend.gamma_gamma->parameters();
    spread = own > 0 ? MoneySpread::kOwn : MoneySpread::kPopulation;
    purchases = own > 0 ? history.frequency : 0;
    scale = spend->gamma + own;
    score.spend_slopes = SpendSlopesOf(*spend, purchases, own);
  }
  const MoneyEnds ends =
      spread == given.spread ? given.ends : pattern.scorer->EndsOf(history, given, spread);
  const double unit =
      Finite(scale * options_.clv.margin * (given.future.discounted / given.future.purchases));
  const double per_value = unit / scale;
  score.own_variance =
      Finite(per_value * per_value * OwnVariance(spend, purchases, score.spend.mean_value, given));
  const auto money = [&](double log_value) { return Finite(unit * std::exp(log_value)); };
  if (ends.has_low) score.own.low = money(ends.log_low);
  if (ends.has_high) score.own.high = money(ends.log_high);
  score.combined = score.own;
  if (!options_.parameter_errors) return;
  SetMean(pattern, given, score);
  const size_t n = models_.purchases.values.size();
  const double blur = std::min(QuadraticForm(pattern.covariance, {given.if_any_slopes.data(), n}) +
                                   QuadraticForm(models_.spend_covariance, score.spend_slopes),
                               kWidestLog * kWidestLog);
  const auto blurred = [&](double log_end, double probit) {
    return money(Blurred(log_end, ends.log_median, probit, blur));
  };
  if (ends.has_low) score.combined.low = blurred(ends.log_low, ends.probit_low);
  if (ends.has_high) score.combined.high = blurred(ends.log_high, ends.probit_high);
}

void ValueScorer::SetMean(const Pattern& pattern, const HistoryScore& given,
                          ValueScore& score) const {
  score.purchase_slopes = given.slopes;
  const size_t n = models_.purchases.values.size();
  const double variance = QuadraticForm(pattern.covariance, {given.slopes.data(), n}) +
                          QuadraticForm(models_.spend_covariance, score.spend_slopes);
  const double away = std::exp(std::min(z_ * std::sqrt(variance), kWidestLog));
  score.mean = {score.clv / away, Finite(score.clv * away)};
}

}  // namespace rapport::value
