// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/math/special.h"
#include "lib/predict/training_rows.h"

namespace rapport::predict {
namespace {

constexpr double kPriorPrecision = 1e-6;
constexpr uint32_t kFolds = 5;
constexpr size_t kBlock = 1024;
constexpr double kShortest = 1e-6;  // Share of a Newton step.
constexpr size_t kFewestForIsotonic = 200;
constexpr double kRangeConfidence = 0.95;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Objective, slope and curvature of the log-odds line.
struct LineSlopes {
  double value = 0, g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
  double determinant() const { return h00 * h11 - h01 * h01; }
  double norm() const { return std::max(std::fabs(g0), std::fabs(g1)); }
  void Add(const LineSlopes& other) {
    value += other.value;
    g0 += other.g0;
    g1 += other.g1;
    h00 += other.h00;
    h01 += other.h01;
    h11 += other.h11;
  }
};

struct LinePoint {
  double log_odds, weight;
  bool happened;
};

LineSlopes SumOf(std::span<const LinePoint> points, double intercept, double slope) {
  LineSlopes at;
  for (const LinePoint& point : points) {
    const double eta = intercept + slope * point.log_odds;
    const double e = std::exp(-std::fabs(eta));
    const double p = eta >= 0 ? 1 / (1 + e) : e / (1 + e);
    at.value += point.weight * (std::fmax(point.happened ? -eta : eta, 0.0) + std::log1p(e));
    const double residual = point.weight * (p - (point.happened ? 1 : 0));
    const double curvature = point.weight * e / ((1 + e) * (1 + e));
    at.g0 += residual;
    at.g1 += residual * point.log_odds;
    at.h00 += curvature;
    at.h01 += curvature * point.log_odds;
    at.h11 += curvature * point.log_odds * point.log_odds;
  }
  return at;
}

// Summed in blocks, so that rounding does not grow with the number of rows.
LineSlopes LineAt(std::span<const LinePoint> points, double intercept, double slope) {
  LineSlopes at;
  for (size_t first = 0; first < points.size(); first += kBlock) {
    at.Add(SumOf(points.subspan(first, std::min(kBlock, points.size() - first)), intercept, slope));
  }
  at.value += 0.5 * kPriorPrecision * (intercept * intercept + (slope - 1) * (slope - 1));
  at.g0 += kPriorPrecision * intercept;
  at.g1 += kPriorPrecision * (slope - 1);
  at.h00 += kPriorPrecision;
  at.h11 += kPriorPrecision;
  return at;
}

// The objective is convex, so a flatter point is nearer to the minimum; it decides where
// the objective itself is level to its last bits.
bool Nearer(const LineSlopes& next, const LineSlopes& at) {
  return next.value < at.value * (1 - 1e-12) ||
         (next.value <= at.value * (1 + 1e-12) && next.norm() < at.norm());
}

struct Pool {
  double first, last;  // Forecasts.
  double sum, weight;
  double mean() const { return sum / weight; }
};

// ys at x, linear between ascending xs, level outside.
double At(std::span<const double> xs, std::span<const double> ys, double x) {
  const auto above = std::upper_bound(xs.begin(), xs.end(), x);
  if (above == xs.begin()) return ys.front();
  const size_t i = static_cast<size_t>(above - xs.begin());
  if (i == xs.size()) return ys.back();
  const double share = (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
  return ys[i - 1] + share * (ys[i] - ys[i - 1]);
}

// Merges the last pools until means rise strictly.
void Settle(std::vector<Pool>& pools) {
  while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
    const Pool last = pools.back();
    pools.pop_back();
    pools.back().sum += last.sum;
    pools.back().weight += last.weight;
    pools.back().last = last.last;
  }
}

CalibrationMap FitKind(CalibrationKind kind, std::span<const Outcome> sorted) {
  if (kind == CalibrationKind::kIsotonic) return FitIsotonic(sorted);
  CalibrationMap map;
  map.kind = kind;
  if (kind == CalibrationKind::kLogOddsLine) map.line = FitLogOddsLine(sorted);
  return map;
}

bool Fitted(const CalibrationMap& map) {
  return map.kind != CalibrationKind::kLogOddsLine || (map.line.converged && map.line.slope > 0);
}

// One kind, fitted without each fold in turn, applied to that fold. Empty when it cannot be.
std::vector<double> LeaveOut(CalibrationKind kind, std::span<const Outcome> sorted,
                             std::span<const uint8_t> folds) {
  std::vector<double> result(sorted.size());
  std::vector<Outcome> others;
  for (uint32_t fold = 0; fold < kFolds; ++fold) {
    others.clear();
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (folds[i] != fold) others.push_back(sorted[i]);
    }
    if (kind == CalibrationKind::kIsotonic && others.size() < kFewestForIsotonic) return {};
    const CalibrationMap map = FitKind(kind, others);
    if (!Fitted(map)) return {};
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (folds[i] == fold) result[i] = map.Apply(sorted[i].probability);
    }
  }
  return result;
}

double LossOf(std::span<const Outcome> outcomes, const std::vector<double>& probabilities) {
  if (probabilities.size() != outcomes.size()) return kInfinity;
  std::vector<Outcome> calibrated(outcomes.begin(), outcomes.end());
  for (size_t i = 0; i < calibrated.size(); ++i) calibrated[i].probability = probabilities[i];
  return LogLoss(calibrated);
}

// The order that sums are taken in, whatever the order of input.
std::vector<uint32_t> CanonicalOrder(std::span<const Outcome> outcomes,
                                     std::span<const uint64_t> keys) {
  std::vector<uint32_t> order(outcomes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t i, uint32_t j) {
    const Outcome &a = outcomes[i], &b = outcomes[j];
    return std::tie(a.probability, a.happened, a.weight, keys[i]) <
           std::tie(b.probability, b.happened, b.weight, keys[j]);
  });
  return order;
}

}  // namespace

LogOddsLine FitLogOddsLine(std::span<const Outcome> outcomes) {
  std::vector<LinePoint> points;
  points.reserve(outcomes.size());
  double total = 0;
  for (const Outcome& outcome : outcomes) {
    points.push_back({LogOdds(outcome.probability), outcome.weight, outcome.happened});
    total += outcome.weight;
  }
  LogOddsLine line;
  LineSlopes at = LineAt(points, line.intercept, line.slope);
  for (int iteration = 0; iteration < 100; ++iteration) {
    line.converged = at.norm() <= 1e-10 * (total + 1);
    if (line.converged) break;
    const double d0 = -(at.h11 * at.g0 - at.h01 * at.g1) / at.determinant();
    const double d1 = -(at.h00 * at.g1 - at.h01 * at.g0) / at.determinant();
    double length = 1;
    LineSlopes next = LineAt(points, line.intercept + d0, line.slope + d1);
    while (!Nearer(next, at) && length > kShortest) {
      length /= 2;
      next = LineAt(points, line.intercept + length * d0, line.slope + length * d1);
    }
    if (length <= kShortest) break;
    line.intercept += length * d0;
    line.slope += length * d1;
    at = next;
  }
  const double determinant = at.determinant();
  if (determinant > 0) {
    line.covariance = {at.h11 / determinant, -at.h01 / determinant, at.h00 / determinant};
  }
  return line;
}

double CalibrationMap::Apply(double p) const {
  if (kind == CalibrationKind::kNone) return p;
  if (kind == CalibrationKind::kLogOddsLine) {
    return math::Logistic(line.intercept + line.slope * LogOdds(p));
  }
  return forecast.empty() ? p : At(forecast, probability, p);
}

math::Interval CalibrationMap::OwnRange(double p) const {
  const double calibrated = Apply(p);
  if (kind != CalibrationKind::kIsotonic || weight.size() != forecast.size() || forecast.empty()) {
    return {calibrated, calibrated, calibrated};
  }
  const double z = math::TwoSidedZ(kRangeConfidence);
  const double rows = At(forecast, weight, p), shrink = 1 + z * z / rows;
  const double middle = (calibrated + z * z / (2 * rows)) / shrink;
  const double half =
      z / shrink * std::sqrt((calibrated * (1 - calibrated) + z * z / (4 * rows)) / rows);
  return {calibrated, middle - half, middle + half};
}

std::vector<double> PoolAdjacentViolators(std::span<const double> y,
                                          std::span<const double> weights) {
  std::vector<Pool> pools;
  for (size_t i = 0; i < y.size(); ++i) {
    const double place = static_cast<double>(i);
    pools.push_back({place, place, weights[i] * y[i], weights[i]});
    Settle(pools);
  }
  std::vector<double> fit;
  fit.reserve(y.size());
  for (const Pool& pool : pools) fit.resize(static_cast<size_t>(pool.last) + 1, pool.mean());
  return fit;
}

CalibrationMap FitIsotonic(std::span<const Outcome> sorted) {
  std::vector<Pool> pools;
  for (size_t i = 0; i < sorted.size();) {
    Pool pool{sorted[i].probability, sorted[i].probability, 0, 0};
    for (; i < sorted.size() && sorted[i].probability == pool.first; ++i) {
      pool.sum += sorted[i].happened ? sorted[i].weight : 0;
      pool.weight += sorted[i].weight;
    }
    pools.push_back(pool);
    Settle(pools);
  }
  CalibrationMap map;
  map.kind = CalibrationKind::kIsotonic;
  for (size_t i = 0; i < pools.size(); ++i) {
    const double half = 0.5 / (pools[i].weight + 1);
    double value = pools[i].mean();
    if (value <= 0) value = i + 1 < pools.size() ? std::min(half, pools[i + 1].mean() / 2) : half;
    if (value >= 1) value = i > 0 ? std::max(1 - half, (1 + pools[i - 1].mean()) / 2) : 1 - half;
    for (double place : {pools[i].first, pools[i].last}) {
      if (!map.forecast.empty() && map.forecast.back() == place) continue;
      map.forecast.push_back(place);
      map.probability.push_back(value);
      map.weight.push_back(pools[i].weight);
    }
  }
  return map;
}

absl::StatusOr<CalibrationChoice> ChooseCalibration(std::span<const Outcome> outcomes,
                                                    std::span<const uint64_t> keys) {
  RETURN_IF_ERROR(CheckOutcomes(outcomes));
  if (keys.size() != outcomes.size()) {
    return InvalidField("keys", "LENGTH_MISMATCH", "one per outcome");
  }
  const std::vector<uint32_t> order = CanonicalOrder(outcomes, keys);
  std::vector<Outcome> sorted;
  std::vector<uint8_t> folds;
  for (uint32_t i : order) {
    sorted.push_back(outcomes[i]);
    folds.push_back(static_cast<uint8_t>(FoldOf(keys[i], kFolds)));
  }
  CalibrationChoice choice;
  double best = kInfinity;
  for (CalibrationKind kind :
       {CalibrationKind::kNone, CalibrationKind::kLogOddsLine, CalibrationKind::kIsotonic}) {
    const std::vector<double> left_out = LeaveOut(kind, sorted, folds);
    const double loss = LossOf(sorted, left_out);
    choice.log_loss[static_cast<size_t>(kind) - 1] = loss;
    if (!(loss < best)) continue;
    best = loss;
    choice.map = FitKind(kind, sorted);
    choice.left_out.resize(order.size());
    for (size_t i = 0; i < order.size(); ++i) choice.left_out[order[i]] = left_out[i];
  }
  return choice;
}

}  // namespace rapport::predict
