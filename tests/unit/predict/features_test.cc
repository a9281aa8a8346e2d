// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/features.h"

#include <cmath>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

TEST(Features, TableIsComplete) {
  std::set<std::string_view> names;
  for (const FeatureSpec& spec : CustomerFeatures()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.text.empty()) << spec.name;
    EXPECT_FALSE(spec.missing_text.empty()) << spec.name;
    EXPECT_NE(spec.reason.find("{}"), std::string_view::npos) << spec.name;
    EXPECT_EQ(spec.transform == Transform::kOneHot, !spec.levels.empty()) << spec.name;
  }
  EXPECT_EQ(names.size(), kFeatureCount);
  const auto index = [](std::string_view name) { return FeatureIndex(CustomerFeatures(), name); };
  EXPECT_EQ(index("recency_days"), static_cast<size_t>(Feature::kRecencyDays));
  EXPECT_EQ(index("last_csat"), static_cast<size_t>(Feature::kLastCsat));
  EXPECT_EQ(index("subscription"), static_cast<size_t>(Feature::kSubscription));
  EXPECT_EQ(index("human_touches_90"), static_cast<size_t>(Feature::kHumanTouches90));
  EXPECT_EQ(index("tomorrow"), std::nullopt);
}

TEST(Features, VectorStartsMissing) {
  FeatureVector features;
  for (double value : features.values) EXPECT_TRUE(std::isnan(value));
  features[Feature::kTenureDays] = 12;
  EXPECT_EQ(features.values[1], 12);
}

TEST(Features, TransformsAndTheirInverses) {
  const FeatureSpec& log = kSmallTable[0];
  EXPECT_DOUBLE_EQ(Transformed(log, 84), std::log(85));
  EXPECT_DOUBLE_EQ(Transformed(log, -84), -std::log(85));
  for (double value : {0.0, 1.0, 84.0, 1e6, -3.5}) {
    EXPECT_NEAR(Untransformed(log, Transformed(log, value)), value, 1e-9 * std::fabs(value));
  }
  EXPECT_EQ(Transformed({.name = "flag", .transform = Transform::kFlag}, -2), 1);
  EXPECT_EQ(Transformed(kSmallTable[3], 2), 2);
  for (double level : {-1.0, 3.0, 0.5}) EXPECT_TRUE(std::isnan(Transformed(kSmallTable[3], level)));
}

TEST(Features, TransformsAreNeverInfinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const FeatureSpec& spec : CustomerFeatures()) {
    for (double value : {infinity, -infinity, 1e300, -1e300, 1e-300}) {
      const float kept = static_cast<float>(Transformed(spec, value));
      EXPECT_TRUE(std::isfinite(kept) || spec.transform == Transform::kOneHot) << spec.name;
      EXPECT_FALSE(std::isinf(kept)) << spec.name;
    }
    EXPECT_TRUE(std::isnan(Transformed(spec, kMissing))) << spec.name;
  }
}

TEST(Features, ShowsValuesToPeople) {
  struct Case {
    Unit unit;
    double value;
    const char* shown;
  };
  const Case cases[] = {{Unit::kCount, 84, "84"},         {Unit::kCount, 2.5, "2.5"},
                        {Unit::kCount, 20.99999, "21"},   {Unit::kCount, -0.0, "0"},
                        {Unit::kAmount, 120.5, "120.50"}, {Unit::kShare, 0.4, "40 %"},
                        {Unit::kChange, 3, "+3"},         {Unit::kChange, -2.54, "-2.5"},
                        {Unit::kChange, 0.01, "0"},       {Unit::kCount, kMissing, "unknown"}};
  for (const Case& c : cases) {
    EXPECT_EQ(ShowValue({.name = "x", .unit = c.unit}, c.value), c.shown) << c.value;
  }
  EXPECT_EQ(ShowValue(kSmallTable[3], 1), "basic");
  EXPECT_EQ(ShowValue(kSmallTable[3], 9), "unknown");
}

// The last 30 days are (970, 1000], those before (940, 970].
TEST(Features, TrendByHand) {
  const CivilDays days[] = {900, 940, 941, 970, 971, 971, 999, 1000, 1001};
  const ActivityTrend trend = TrendOf(days, 1000);
  EXPECT_EQ(trend.active_days_30, 3);
  EXPECT_EQ(trend.active_days_before, 2);
  EXPECT_EQ(trend.change(), 1);
}

TEST(Features, TrendSlope) {
  std::vector<CivilDays> days;
  // Week w (0 the oldest of 12) has w / 2 active days, rounded down.
  for (int week = 0; week < 12; ++week) {
    for (int day = 0; day < week / 2; ++day) days.push_back(1000 - 83 + 7 * week + day);
  }
  // Slope of floor(w / 2) on w = 0..11, least squares: 70 / 143.
  EXPECT_NEAR(TrendOf(days, 1000).slope, 70.0 / 143, 1e-12);
  EXPECT_EQ(TrendOf({}, 1000).slope, 0);
}

TEST(Features, TrendKnowsNothingAfterTheCutoff) {
  SplitMix64 random(17);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<CivilDays> days;
    CivilDays day = 700;
    while (day < 1100) days.push_back(day += static_cast<CivilDays>(9 * random.Uniform()));
    const CivilDays cutoff = 850 + static_cast<CivilDays>(200 * random.Uniform());
    std::vector<CivilDays> known;
    for (CivilDays d : days) {
      if (d <= cutoff) known.push_back(d);
    }
    const ActivityTrend a = TrendOf(days, cutoff), b = TrendOf(known, cutoff);
    EXPECT_EQ(a.active_days_30, b.active_days_30);
    EXPECT_EQ(a.active_days_before, b.active_days_before);
    EXPECT_EQ(a.slope, b.slope);
  }
}

}  // namespace
}  // namespace rapport::predict
