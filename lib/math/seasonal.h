// SPDX-License-Identifier: Apache-2.0
// What a day's value should be, from the days before it: trend, weekday and recent level.
//
// Over at most kSeasonsBack weeks before the day, on the transformed scale:
//   slope     median slope over pairs of the same weekday (Theil-Sen, season-free)
//   weekday   median per weekday of the values with the slope taken out
//   level     median of what is left over the last two weeks: follows a lasting shift
//             after 8 days
//   spread    MAD of what is left x n / (n - f - 2), f = 1 + weekdays seen; at least the
//             sampling error that the caller states
//   expected  weekday + level; the error of a prediction is
//             spread x sqrt(1 + (pi/2) (1/n_weekday + 1/n_level) + 3.3/n)
//   range     expected +- t x error, t two-sided at `confidence` with 0.37 (n - 2 f) degrees
//             of freedom (0.37 is the efficiency of the MAD)
// Then back through the transform. One earlier outlier, or several, moves nothing much.
//
// Holidays, promotions and other known days are out of scope: they are reported as
// deviations. Seasons other than the week are followed through slope and level only. The
// share of false alarms is near 1 - confidence for values whose noise is independent and
// near normal on the transformed scale (seasonal_test.cc measures it); heavy tails raise it.
//
// Pure, deterministic, thread-safe. About 10 us for 13 weeks.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace rapport::math {

inline constexpr int kDaysOfSeason = 7;
inline constexpr int kSeasonsBack = 13;

enum class Transform : uint8_t {
  kNone = 0,    // Rates, scores, means.
  kCount = 1,   // Numbers of events: 2 sqrt(v + 3/8) (Anscombe 1948), whose error is 1 for
                // Poisson counts, which also is the least spread. Expected is a median.
  kAmount = 2,  // Sums of money: sqrt(v), for errors that grow like the square root.
};

struct SeasonalOptions {
  // Two-sided share of ordinary days inside the range.
  double confidence = 0.999;
  Transform transform = Transform::kNone;
  // Standard error of the day's value by its sample, in the value's unit; 0: not known.
  double sampling_error = 0;
  // What the value can be at all; the range is cut there.
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
};

struct SeasonalJudgement {
  // False below 28 days with a value or 4 of the same weekday, for a history without any
  // spread when no sampling error is stated, and for an invalid argument (a value that is
  // not finite, or below 0 with a transform). The rest is 0 then.
  bool enough_history = false;
  double expected = 0;
  double low = 0;
  double high = 0;
  // (value - expected) / error of the prediction, on the transformed scale.
  double deviations = 0;
  double p_value = 1;  // Two-sided, of `deviations` by t.
  // Value below low or above high.
  bool outside = false;
};

// `history` holds consecutive days, its last is the day before the one judged; nullopt
// where there is no value. Older days than kSeasonsBack weeks are not read.
SeasonalJudgement JudgeDay(std::span<const std::optional<double>> history, double value,
                           const SeasonalOptions& options);

}  // namespace rapport::math
