// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/functional/function_ref.h"
#include "lib/base/status_macros.h"

namespace rapport::value {
namespace {

constexpr double kDaysPerYear = 365;
constexpr int kMostSteps = 200;
constexpr double kShortestDays = 1e-9;

double Bounded(double days) {
  return std::isnan(days) ? 0 : std::clamp(days, 0.0, kLongestHorizonDays);
}

// Root of an increasing function with f(low) < 0 <= f(high): Chandrupatla 1997, inverse
// quadratic steps where they are safe, halves elsewhere.
double Root(absl::FunctionRef<double(double)> f, double low, double high) {
  double a = high, b = low, c = high;
  double fa = f(a), fb = f(b), fc = fa;
  double t = 0.5;
  for (int step = 0; step < kMostSteps; ++step) {
    const double x = a + t * (b - a);
    const double fx = f(x);
    if ((fx > 0) == (fa > 0)) {
      c = a, fc = fa;
    } else {
      c = b, fc = fb;
      b = a, fb = fa;
    }
    a = x, fa = fx;
    const double best = std::fabs(fa) < std::fabs(fb) ? a : b;
    const double tolerance = 2e-15 * std::fabs(best) + 1e-15;
    const double limit = tolerance / std::fabs(b - a);
    if (limit > 0.5 || fa == 0 || fb == 0) return fa == 0 ? a : fb == 0 ? b : best;
    const double xi = (a - b) / (c - b), phi = (fa - fb) / (fc - fb);
    t = 0.5;
    if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi) {
      t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb);
    }
    t = std::clamp(t, limit, 1 - limit);
  }
  return a;
}

}  // namespace

double DiscountPerDay(double annual_rate) {
  return annual_rate > 0 ? std::log1p(annual_rate) / kDaysPerYear : 0;
}

NextPurchase NextPurchaseOf(const PurchaseModel& model, std::span<const AliveState> states) {
  const auto bought = [&](double days) {
    double sum = 0;
    for (const AliveState& state : states) {
      if (state.probability > 0) sum += state.probability * (1 - model.NoPurchase(state, days));
    }
    return sum;
  };
  NextPurchase next;
  next.probability = std::clamp(bought(kLongestHorizonDays), 0.0, 1.0);
  if (!(next.probability > 0)) return {};
  const double half = 0.5 * next.probability;
  double high = model.parameters().time_unit_days, low = high;
  high = std::clamp(high, kShortestDays, kLongestHorizonDays);
  while (high < kLongestHorizonDays && bought(high) < half) {
    low = high;
    high = std::min(4 * high, kLongestHorizonDays);
  }
  low = std::min(low, high);
  while (low > kShortestDays && bought(low) >= half) high = low, low /= 4;
  if (low <= kShortestDays) {
    next.median_days = high;
    return next;
  }
  next.median_days = std::exp(
      Root([&](double w) { return bought(std::exp(w)) - half; }, std::log(low), std::log(high)));
  return next;
}

absl::StatusOr<PurchaseForecast> PurchaseForecast::Create(const PurchaseModel& model,
                                                          const PurchaseHistory& history) {
  RETURN_IF_ERROR(ValidateHistory(history));
  return PurchaseForecast(model, history);
}

PurchaseForecast::PurchaseForecast(const PurchaseModel& model, const PurchaseHistory& history)
    : model_(&model), history_(history), p_alive_(model.PAlive(history)) {
  model.AppendAliveStates(history, states_);
}

double PurchaseForecast::PAliveAhead(double days) const {
  if (!(days > 0)) return p_alive_;
  double sum = 0;
  for (const AliveState& state : states_) {
    sum += state.probability * model_->AliveAhead(state, Bounded(days));
  }
  return std::min(sum, p_alive_);
}

double PurchaseForecast::ExpectedPurchases(double horizon_days) const {
  double sum = 0;
  for (const AliveState& state : states_) {
    sum += state.probability * model_->ExpectedPurchases(state, Bounded(horizon_days));
  }
  return sum;
}

double PurchaseForecast::ProbabilityOfPurchase(double horizon_days) const {
  double sum = 0;
  for (const AliveState& state : states_) {
    sum += state.probability * (1 - model_->NoPurchase(state, Bounded(horizon_days)));
  }
  return std::clamp(sum, 0.0, 1.0);
}

std::vector<double> PurchaseForecast::PurchaseCounts(double horizon_days,
                                                     uint32_t max_count) const {
  std::vector<double> result(size_t{max_count} + 1, 0.0);
  double alive = 0;
  for (const AliveState& state : states_) {
    const std::vector<double> counts =
        model_->PurchaseCounts(state, Bounded(horizon_days), max_count);
    for (size_t n = 0; n < result.size(); ++n) result[n] += state.probability * counts[n];
    alive += state.probability;
  }
  result[0] += std::max(0.0, 1 - alive);
  return result;
}

double PurchaseForecast::DiscountedPurchases(double horizon_days, double annual_rate) const {
  const double rate = DiscountPerDay(annual_rate);
  double sum = 0;
  for (const AliveState& state : states_) {
    sum += state.probability * model_->DiscountedPurchases(state, Bounded(horizon_days), rate);
  }
  return sum;
}

double PurchaseForecast::DiscountedForever(double annual_rate) const {
  const double rate = DiscountPerDay(annual_rate);
  if (!(rate > 0)) return 0;
  double sum = 0;
  for (const AliveState& state : states_) {
    sum += state.probability *
           model_->DiscountedPurchases(state, std::numeric_limits<double>::infinity(), rate);
  }
  return sum;
}

}  // namespace rapport::value
