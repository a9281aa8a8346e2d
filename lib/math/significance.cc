// SPDX-License-Identifier: Apache-2.0
#include "lib/math/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "lib/math/incomplete_beta.h"
#include "lib/math/totals.h"

namespace rapport::math {
namespace {

constexpr std::string_view kNoObservations = "no observations on one side";
constexpr std::string_view kInvalid = "invalid sample";
constexpr std::string_view kFewTrials = "fewer than 50 observations on one side";
constexpr std::string_view kFewCells = "fewer than 5 successes or failures on one side";
constexpr std::string_view kNoSpread = "no spread on either side";
constexpr std::string_view kNoInterval = "no interval on one side";

Difference Refused(std::string_view why) {
  Difference refused;
  refused.method = why;
  return refused;
}

double Real(int64_t whole) { return static_cast<double>(whole); }

double TwoSidedP(double z) { return std::min(1.0, 2 * NormalCdf(-std::fabs(z))); }

// Newcombe's square-and-add of two intervals.
Interval SquareAndAdd(const Interval& first, const Interval& second) {
  const double change = second.estimate - first.estimate;
  return {change, change - std::hypot(second.estimate - second.low, first.high - first.estimate),
          change + std::hypot(second.high - second.estimate, first.estimate - first.low)};
}

// Change with a normal interval from its standard error, and p-value if `why_not` is empty.
Difference NormalDifference(double change, double error, double confidence, std::string_view method,
                            std::string_view why_not) {
  const double half = TwoSidedZ(confidence) * error;
  Difference result{change, Interval{change, change - half, change + half}, std::nullopt, why_not};
  if (!why_not.empty()) return result;
  if (error <= 0) {
    result.method = kNoSpread;
    return result;
  }
  result.p_value = TwoSidedP(change / error);
  result.method = method;
  return result;
}

bool ValidConfidence(double confidence) { return confidence > 0 && confidence < 1; }

bool IsValid(const Proportion& p) { return p.successes >= 0 && p.successes <= p.trials; }
bool HasCells(const Proportion& p) {
  return p.successes >= kMinimumCell && p.trials - p.successes >= kMinimumCell;
}
double ShareOf(const Proportion& p) { return Real(p.successes) / Real(p.trials); }
std::optional<Interval> Wilson(const Proportion& p, double confidence) {
  return WilsonInterval(static_cast<uint64_t>(p.successes), static_cast<uint64_t>(p.trials),
                        confidence);
}

bool IsValid(const NetScore& s) {
  return s.positive >= 0 && s.negative >= 0 && s.positive <= s.answers &&
         s.negative <= s.answers - s.positive;
}
double ScoreOf(const NetScore& s) { return 100 * Real(s.positive - s.negative) / Real(s.answers); }
// Variance of the score.
double ScoreVariance(const NetScore& s) {
  const double net = Real(s.positive - s.negative) / Real(s.answers);
  const double polar = Real(s.positive + s.negative) / Real(s.answers);
  return 1e4 * std::fmax(0, polar - net * net) / Real(s.answers);
}

Interval PoissonRate(const EventCount& count, double confidence) {
  const Interval limits = *PoissonInterval(static_cast<uint64_t>(count.events), confidence);
  return {limits.estimate / count.exposure, limits.low / count.exposure,
          limits.high / count.exposure};
}

bool IsExposure(double exposure) { return exposure > 0 && std::isfinite(exposure); }

}  // namespace

Difference Scaled(Difference difference, double factor) {
  if (difference.change.has_value()) *difference.change *= factor;
  if (difference.interval.has_value()) {
    Interval& range = *difference.interval;
    range = {range.estimate * factor, range.low * factor, range.high * factor};
    if (factor < 0) std::swap(range.low, range.high);
  }
  return difference;
}

Difference CompareProportions(const Proportion& first, const Proportion& second,
                              double confidence) {
  if (!IsValid(first) || !IsValid(second) || !ValidConfidence(confidence)) return Refused(kInvalid);
  if (first.trials == 0 || second.trials == 0) return Refused(kNoObservations);
  const double change = ShareOf(second) - ShareOf(first);
  Difference result{change,
                    SquareAndAdd(*Wilson(first, confidence), *Wilson(second, confidence)),
                    std::nullopt,
                    {}};
  if (std::min(first.trials, second.trials) < kMinimumTrials) {
    result.method = kFewTrials;
    return result;
  }
  if (!HasCells(first) || !HasCells(second)) {
    result.method = kFewCells;
    return result;
  }
  const double n1 = Real(first.trials);
  const double n2 = Real(second.trials);
  const double pooled = Real(first.successes + second.successes) / (n1 + n2);
  result.p_value = TwoSidedP(change / std::sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)));
  result.method = "two-proportion z";
  return result;
}

SampleMean MeanOf(const Moments& moments) {
  return {moments.count(), moments.Mean().value_or(0), moments.Variance().value_or(0)};
}

Difference CompareMeans(const SampleMean& first, const SampleMean& second, double confidence) {
  if (!(first.variance >= 0 && second.variance >= 0) || !ValidConfidence(confidence) ||
      !std::isfinite(second.mean - first.mean)) {
    return Refused(kInvalid);
  }
  if (first.n < 1 || second.n < 1) return Refused(kNoObservations);
  Difference result{second.mean - first.mean, std::nullopt, std::nullopt, kFewTrials};
  if (first.n < 2 || second.n < 2) return result;
  const double v1 = first.variance / Real(first.n);
  const double v2 = second.variance / Real(second.n);
  const double error = std::sqrt(v1 + v2);
  if (error == 0) {
    result.interval = Interval{*result.change, *result.change, *result.change};
    result.method = kNoSpread;
    return result;
  }
  // Shares of the variance, so that large values do not overflow.
  const double s1 = v1 / (v1 + v2);
  const double s2 = v2 / (v1 + v2);
  const double degrees = 1 / (s1 * s1 / Real(first.n - 1) + s2 * s2 / Real(second.n - 1));
  const double half = StudentTwoSidedT(confidence, degrees) * error;
  result.interval = Interval{*result.change, *result.change - half, *result.change + half};
  if (std::min(first.n, second.n) < kMinimumTrials) return result;
  result.p_value = StudentTwoSided(*result.change / error, degrees);
  result.method = "Welch t";
  return result;
}

Difference CompareNetScores(const NetScore& first, const NetScore& second, double confidence) {
  if (!IsValid(first) || !IsValid(second) || !ValidConfidence(confidence)) return Refused(kInvalid);
  if (first.answers == 0 || second.answers == 0) return Refused(kNoObservations);
  const bool few = std::min(first.answers, second.answers) < kMinimumTrials;
  Difference result = NormalDifference(
      ScoreOf(second) - ScoreOf(first), std::sqrt(ScoreVariance(first) + ScoreVariance(second)),
      confidence, "net score z", few ? kFewTrials : std::string_view());
  result.interval->low = std::max(-200.0, result.interval->low);
  result.interval->high = std::min(200.0, result.interval->high);
  return result;
}

Difference CompareCounts(const EventCount& first, const EventCount& second, double confidence) {
  if (first.events < 0 || second.events < 0 || !IsExposure(first.exposure) ||
      !IsExposure(second.exposure) || !ValidConfidence(confidence)) {
    return Refused(kInvalid);
  }
  const Interval range =
      SquareAndAdd(PoissonRate(first, confidence), PoissonRate(second, confidence));
  Difference result{range.estimate, range, std::nullopt, "no events on either side"};
  if (first.events + second.events == 0) return result;
  const double total = Real(first.events) + Real(second.events);
  const double share = second.exposure / (first.exposure + second.exposure);
  const double k = Real(second.events);
  const double tail = std::min(BinomialAtMost(k, total, share), BinomialAtLeast(k, total, share));
  result.p_value = std::min(1.0, 2 * tail);
  result.method = "conditional binomial";
  return result;
}

Difference CompareTotals(const Total& first, const Total& second, double confidence) {
  const auto valid = [](const Total& total) {
    return total.contributions >= 0 && IsExposure(total.exposure) && std::isfinite(total.sum) &&
           total.sum_of_squares >= 0 && std::isfinite(total.sum_of_squares);
  };
  if (!valid(first) || !valid(second) || !ValidConfidence(confidence)) return Refused(kInvalid);
  const double error = std::hypot(std::sqrt(first.sum_of_squares) / first.exposure,
                                  std::sqrt(second.sum_of_squares) / second.exposure);
  const bool few = std::min(first.contributions, second.contributions) < kMinimumTrials;
  return NormalDifference(second.sum / second.exposure - first.sum / first.exposure, error,
                          confidence, "compound Poisson z", few ? kFewTrials : std::string_view());
}

Difference CompareIntervals(const std::optional<Interval>& first,
                            const std::optional<Interval>& second, double confidence) {
  if (!first.has_value() || !second.has_value()) return Refused(kNoInterval);
  const Interval range = SquareAndAdd(*first, *second);
  if (!std::isfinite(range.low) || !std::isfinite(range.high) || !ValidConfidence(confidence)) {
    return Refused(kInvalid);
  }
  Difference result{range.estimate, range, std::nullopt, kNoSpread};
  const double half =
      range.estimate >= 0 ? range.estimate - range.low : range.high - range.estimate;
  if (range.estimate != 0 && half <= 0) return result;
  result.p_value =
      range.estimate == 0 ? 1 : TwoSidedP(TwoSidedZ(confidence) * range.estimate / half);
  result.method = "intervals of both";
  return result;
}

std::vector<std::optional<double>> AdjustBenjaminiHochberg(
    std::span<const std::optional<double>> p_values) {
  std::vector<std::optional<double>> adjusted(p_values.size());
  std::vector<size_t> order;
  for (size_t i = 0; i < p_values.size(); ++i) {
    if (p_values[i].has_value() && !std::isnan(*p_values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return *p_values[a] < *p_values[b]; });
  const auto tests = static_cast<double>(order.size());
  double least = 1;
  for (size_t rank = order.size(); rank > 0; --rank) {
    const size_t i = order[rank - 1];
    least = std::min(least, *p_values[i] * tests / static_cast<double>(rank));
    adjusted[i] = least;
  }
  return adjusted;
}

}  // namespace rapport::math
