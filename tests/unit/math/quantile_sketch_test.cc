// SPDX-License-Identifier: Apache-2.0
#include "lib/math/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::math {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
constexpr double kQuantiles[] = {0, .01, .25, .5, .75, .9, .95, .99, .999, 1};

QuantileSketch Of(const std::vector<int64_t>& values) {
  QuantileSketch sketch;
  for (int64_t value : values) sketch.Add(value);
  return sketch;
}

// Type 7 of the values themselves.
double Oracle(std::vector<int64_t> values, double p) {
  std::sort(values.begin(), values.end());
  const std::vector<double> reals(values.begin(), values.end());
  return *SortedQuantile(reals, p);
}

// Values of many shapes: few and many distinct, small and huge, zeros.
std::vector<int64_t> RandomValues(std::mt19937_64& random, int shape, size_t count) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    switch (shape) {
      case 0:
        values.push_back(static_cast<int64_t>(random() % 100));
        break;
      case 1:
        values.push_back(static_cast<int64_t>(random() >> 1));
        break;
      case 2:  // Exponential seconds in micros.
        values.push_back(static_cast<int64_t>(-3.6e9 * std::log(1 - u)));
        break;
      case 3:  // Over all magnitudes.
        values.push_back(static_cast<int64_t>((random() >> 1) >> (random() % 63)));
        break;
      case 4:  // Half zeros, Pareto tail.
        values.push_back(u < .5 ? 0 : static_cast<int64_t>(1000 / std::pow(1 - u, 1.5)));
        break;
      default:
        values.push_back(kLargest - static_cast<int64_t>(random() % 3));
    }
  }
  return values;
}
constexpr int kShapes = 6;

TEST(QuantileSketch, EmptyHasNoAnswer) {
  QuantileSketch sketch;
  EXPECT_TRUE(sketch.empty());
  EXPECT_TRUE(sketch.exact());
  EXPECT_FALSE(sketch.Quantile(.5).has_value());
  EXPECT_FALSE(sketch.QuantileInterval(.5, .95).has_value());
  sketch.Add(5);
  EXPECT_FALSE(sketch.Quantile(-.1).has_value());
  EXPECT_FALSE(sketch.Quantile(1.1).has_value());
  EXPECT_FALSE(sketch.Quantile(NAN).has_value());
  EXPECT_EQ(sketch.Quantile(.5)->value, 5);
  sketch.Add(-7);
  EXPECT_EQ(sketch.Quantile(0)->value, 0) << "negative values count as 0";
}

// numpy.quantile([15, 20, 35, 40, 50], p).
TEST(QuantileSketch, SmallListsAreExact) {
  const QuantileSketch sketch = Of({50, 20, 15, 40, 35});
  EXPECT_DOUBLE_EQ(sketch.Quantile(.4)->value, 29);
  EXPECT_DOUBLE_EQ(sketch.Quantile(.05)->value, 16);
  EXPECT_DOUBLE_EQ(sketch.Quantile(.9)->value, 46);
  EXPECT_EQ(sketch.Quantile(.9)->relative_error, 0);
}

TEST(QuantileSketch, ExactUpToThatManyDistinctValues) {
  QuantileSketch sketch;
  for (int64_t i = 0; i < 256; ++i) sketch.Add(i * 1'000'003, i + 1);
  EXPECT_TRUE(sketch.exact());
  EXPECT_EQ(sketch.count(), 256 * 257 / 2);
  sketch.Add(77);
  EXPECT_FALSE(sketch.exact());
  EXPECT_EQ(sketch.count(), 256 * 257 / 2 + 1);
}

// Every bin: its centre is within 1 % of both ends; bins follow each other without gaps.
TEST(QuantileSketch, EachBinKeepsTheErrorBound) {
  QuantileSketch binned;
  for (int64_t i = 0; i < 257; ++i) binned.Add(i);
  ASSERT_FALSE(binned.exact());
  const auto centre = [&](int64_t value) {
    QuantileSketch sketch = binned;
    for (int i = 0; i < 3; ++i) sketch.Add(value, 10'000);
    return *sketch.Quantile(.5);
  };
  std::mt19937_64 random(11);
  for (int i = 0; i < 3000; ++i) {
    int64_t value = static_cast<int64_t>((random() >> 1) >> (i % 63));
    if (i % 3 == 1) value = int64_t{1} << (i % 63);
    if (i % 3 == 2) value = (int64_t{1} << (i % 63)) - 1;
    const SketchQuantile found = centre(value);
    const double error = std::fabs(found.value - static_cast<double>(value));
    EXPECT_LE(found.relative_error, .01);
    EXPECT_LE(error, (found.relative_error + 1e-15) * static_cast<double>(value)) << value;
    if (value < 50) {
      EXPECT_EQ(found.value, static_cast<double>(value));
    }
  }
  EXPECT_NEAR(centre(kLargest).value / static_cast<double>(kLargest), 1, .01);
}

TEST(QuantileSketch, QuantilesAgainstSortedValues) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    const int shape = static_cast<int>(seed % kShapes);
    const std::vector<int64_t> values = RandomValues(random, shape, 1 + random() % 3000);
    const QuantileSketch sketch = Of(values);
    for (double p : kQuantiles) {
      const double truth = Oracle(values, p);
      const SketchQuantile found = *sketch.Quantile(p);
      const double bound = sketch.exact() ? 0 : (found.relative_error + 1e-15) * truth;
      EXPECT_LE(std::fabs(found.value - truth), bound) << seed << " " << p;
      EXPECT_LE(found.relative_error, sketch.exact() ? 0 : .01);
    }
    long double sum = 0;
    for (int64_t value : values) sum += static_cast<long double>(value);
    EXPECT_NEAR(
        *sketch.moments().Mean() * static_cast<double>(values.size()) / static_cast<double>(sum), 1,
        1e-12)
        << seed;
  }
}

// Any order, any grouping: the same sketch and the same bytes.
TEST(QuantileSketch, MergesInAnyOrderToTheSame) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<int64_t> values =
        RandomValues(random, static_cast<int>(seed % kShapes), 1 + random() % 1200);
    const QuantileSketch all = Of(values);
    std::shuffle(values.begin(), values.end(), random);
    std::vector<QuantileSketch> parts(1 + random() % 12);
    for (int64_t value : values) parts[random() % parts.size()].Add(value);
    while (parts.size() > 1) {
      std::shuffle(parts.begin(), parts.end(), random);
      parts[0].Merge(parts.back());
      parts.pop_back();
    }
    EXPECT_EQ(parts[0], all);
    EXPECT_EQ(parts[0].Encode(), all.Encode());
  }
}

// What is left after Subtract has the counts of the rest; in the rest's own form unless the
// values were in bins before.
TEST(QuantileSketch, SubtractsWhatWasAdded) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const int shape = static_cast<int>(seed % kShapes);
    const std::vector<int64_t> kept = RandomValues(random, shape, 1 + random() % 600);
    const QuantileSketch rest = Of(kept);
    const QuantileSketch gone = Of(RandomValues(random, shape, 1 + random() % 600));
    QuantileSketch sketch = rest;
    sketch.Merge(gone);
    const bool was_exact = sketch.exact();
    sketch.Subtract(gone);
    EXPECT_TRUE(sketch.valid());
    EXPECT_EQ(sketch.moments(), rest.moments());
    if (was_exact || !rest.exact()) {
      EXPECT_EQ(sketch, rest);
    }
    for (double p : kQuantiles) {
      const double truth = Oracle(kept, p);
      EXPECT_LE(std::fabs(sketch.Quantile(p)->value - truth), .010000001 * truth);
    }
    sketch.Subtract(rest);
    EXPECT_EQ(sketch, QuantileSketch()) << "nothing is left, and exact again";
  }
}

TEST(QuantileSketch, DifferencesMayBeNegativeInBetween) {
  QuantileSketch change = Of({5, 9});
  change.Subtract(Of({9, 70, 70}));
  EXPECT_EQ(change.count(), -1);
  EXPECT_FALSE(change.valid());
  EXPECT_FALSE(change.Quantile(.5).has_value());
  EXPECT_FALSE(change.Histogram({}).has_value());
  RAPPORT_ASSERT_OK_AND_ASSIGN(change, QuantileSketch::Decode(change.Encode()));
  QuantileSketch sketch = Of({70, 8, 70, 6});
  sketch.Merge(change);
  EXPECT_EQ(sketch, Of({5, 6, 8}));
  sketch.Subtract(sketch);
  EXPECT_TRUE(sketch.empty());
}

// scipy: reference/significance.py.
TEST(QuantileSketch, RanksOfAnInterval) {
  constexpr struct {
    int64_t n;
    double p, confidence;
    int64_t low, high;
  } kCases[] = {
      {5, 0.5, 0.95, 0, 0},
      {6, 0.5, 0.95, 1, 6},
      {10, 0.5, 0.95, 2, 9},
      {35, 0.9, 0.95, 0, 0},
      {36, 0.9, 0.95, 29, 36},
      {100, 0.9, 0.95, 84, 96},
      {1000, 0.5, 0.99, 459, 542},
      {1000, 0.99, 0.95, 983, 997},
      {1000000, 0.9, 0.95, 899412, 900589},
  };
  for (const auto& [n, p, confidence, low, high] : kCases) {
    const std::optional<RankRange> ranks = QuantileRanks(n, p, confidence);
    ASSERT_EQ(ranks.has_value(), low > 0) << n;
    if (!ranks.has_value()) continue;
    EXPECT_EQ(ranks->low, low) << n << " " << p;
    EXPECT_EQ(ranks->high, high) << n << " " << p;
  }
  EXPECT_FALSE(QuantileRanks(0, .5, .95).has_value());
  EXPECT_FALSE(QuantileRanks(100, 0, .95).has_value());
  EXPECT_FALSE(QuantileRanks(100, .5, 1).has_value());
}

// The share of samples whose interval holds the population's median is at least nominal.
TEST(QuantileSketch, IntervalsCover) {
  std::mt19937_64 random(5);
  int covered = 0;
  constexpr int kSamples = 2000;
  for (int sample = 0; sample < kSamples; ++sample) {
    QuantileSketch sketch;
    for (int i = 0; i < 60; ++i) sketch.Add(static_cast<int64_t>(random() % 1'000'000));
    const Interval interval = *sketch.QuantileInterval(.5, .95);
    EXPECT_LE(interval.low, interval.estimate);
    EXPECT_GE(interval.high, interval.estimate);
    covered += interval.low <= 499'999.5 && interval.high >= 499'999.5 ? 1 : 0;
  }
  // Ranks 22 and 39 of 60: P = 0.9726 exactly (binomial); two standard errors are .007.
  EXPECT_NEAR(covered / double{kSamples}, .9726, .01);
}

TEST(QuantileSketch, HistogramsWhileExact) {
  const int64_t edges[] = {10, 20, 40};
  const QuantileSketch sketch = Of({0, 9, 10, 19, 20, 39, 39, 40, 1000});
  EXPECT_EQ(*sketch.Histogram(edges), (std::vector<int64_t>{2, 2, 3, 2}));
  EXPECT_EQ(*sketch.Histogram({}), (std::vector<int64_t>{9}));
  EXPECT_EQ(HistogramClass(edges, 9), 0u);
  EXPECT_EQ(HistogramClass(edges, 10), 1u);
  EXPECT_EQ(HistogramClass(edges, 40), 3u);
  QuantileSketch binned;
  for (int64_t i = 0; i < 1000; ++i) binned.Add(i);
  EXPECT_FALSE(binned.Histogram(edges).has_value());
}

TEST(QuantileSketch, EncodesAndDecodes) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    const QuantileSketch sketch =
        Of(RandomValues(random, static_cast<int>(seed % kShapes), random() % 2000));
    const std::string bytes = sketch.Encode();
    RAPPORT_ASSERT_OK_AND_ASSIGN(const QuantileSketch read, QuantileSketch::Decode(bytes));
    EXPECT_EQ(read, sketch) << seed;
    EXPECT_FALSE(QuantileSketch::Decode(bytes + '\0').ok());
    EXPECT_FALSE(QuantileSketch::Decode(bytes.substr(0, bytes.size() - 1)).ok());
  }
  EXPECT_EQ(QuantileSketch().Encode().size(), 2u);
}

TEST(QuantileSketch, ForeignBytesAreDataLoss) {
  const std::string_view kBad[] = {
      "",
      std::string_view("\2\0", 2),                     // No such form.
      std::string_view("\1\0\0\0\0\0\0\0", 8),         // Empty, yet in bins.
      std::string_view("\0\1\5\0", 4),                 // A count of 0.
      std::string_view("\0\1\x85\0\2", 5),             // Overlong varint.
      std::string_view("\0\2\5\2", 4),                 // Cut short.
      std::string_view("\1\1\5\2\2\6\0\x24\0\0", 10),  // Bin 5 cannot have the sum 6.
      "\xff\xff\xff\xff\xff\xff\xff\xff",
  };
  for (std::string_view bytes : kBad) {
    const auto read = QuantileSketch::Decode(bytes);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << bytes.size();
  }
  std::mt19937_64 random(3);
  const std::string good = Of(RandomValues(random, 3, 900)).Encode();
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good.substr(0, random() % 3 == 0 ? random() % good.size() : good.size());
    for (uint64_t flips = random() % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto read = QuantileSketch::Decode(bytes);
    if (read.ok()) {
      EXPECT_EQ(read->Encode(), bytes);
    }
  }
}

}  // namespace
}  // namespace rapport::math
