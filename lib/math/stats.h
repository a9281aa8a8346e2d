// SPDX-License-Identifier: Apache-2.0
// Statistics every number we publish needs: quantiles and intervals.
//
// Intervals are two-sided at `confidence` (0.95 = 95 %). Counts and proportions are
// plain numbers; NPS is on its -100..100 scale.
//
// Pure and thread-safe. Invalid arguments (n < 1, a confidence outside (0, 1), more
// successes than trials) give nullopt, never a NaN: a report then shows no interval.
//
//   auto nps = NpsInterval(/*promoters=*/50, /*detractors=*/17, /*responses=*/100, 0.95);
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace rapport::math {

// A point with its two-sided interval.
struct Interval {
  double estimate = 0;
  double low = 0;
  double high = 0;
};

// P(Z <= z) of the standard normal, accurate in both tails.
double NormalCdf(double z);
// The z with NormalCdf(z) = p. p outside (0, 1) gives -inf at <= 0, +inf at >= 1.
double NormalQuantile(double p);
// The z of a two-sided interval: 0.95 -> 1.959964.
double TwoSidedZ(double confidence);

// Proportion successes / trials. Wilson (1927) score interval: stays inside [0, 1]
// and keeps its coverage at 0 or all successes, where the Wald interval has no width.
std::optional<Interval> WilsonInterval(uint64_t successes, uint64_t trials, double confidence);

// Net promoter score 100 (p - d). One answer is +1, 0 or -1, so its variance is
// p + d - (p - d)^2; half-width 100 z sqrt(variance / n). p 1/2, passive 1/3, d 1/6
// gives 33.3 with variance 5/9. Clamped to [-100, 100].
std::optional<Interval> NpsInterval(uint64_t promoters, uint64_t detractors, uint64_t responses,
                                    double confidence);

// Mean with a normal interval, from mergeable sums. Needs n >= 2 (sample variance
// with n - 1). A negative variance by rounding counts as 0.
std::optional<Interval> MeanInterval(uint64_t n, double sum, double sum_of_squares,
                                     double confidence);

// Quantile of values in ascending order by linear interpolation (Hyndman-Fan type 7,
// the default of R and numpy). nullopt when empty or p is outside [0, 1].
std::optional<double> SortedQuantile(std::span<const double> ascending, double p);

// Pearson correlation of weighted pairs from their sums; nullopt when either side
// does not vary or fewer than two pairs were added. Two passes are not needed: values
// are shifted by the first pair, which keeps the sums small.
class Correlation {
 public:
  void Add(double x, double y, double weight = 1);
  std::optional<double> Pearson() const;
  // Fisher z interval of the Pearson correlation; nullopt below 4 pairs.
  std::optional<Interval> PearsonInterval(double confidence) const;
  double count() const { return n_; }

 private:
  double n_ = 0, x0_ = 0, y0_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0;
};

}  // namespace rapport::math
