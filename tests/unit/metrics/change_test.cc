// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/change.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::metrics {
namespace {

// Two groups by hand: R0 = .5 x 10 + .5 x 20 = 15, R1 = .25 x 12 + .75 x 22 = 19.5.
TEST(Change, SplitsByHand) {
  const GroupChange groups[] = {{500, 50, 300, 25}, {1000, 50, 1650, 75}};
  const ChangeSplit split = SplitRatioChange(groups);
  EXPECT_DOUBLE_EQ(*split.before, 15);
  EXPECT_DOUBLE_EQ(*split.after, 19.5);
  EXPECT_DOUBLE_EQ(split.change, 4.5);
  ASSERT_EQ(split.effects.size(), 2u);
  // Largest first: 2 x .625 + .25 x (21 - 17.25); then 2 x .375 - .25 x (11 - 17.25).
  EXPECT_EQ(split.effects[0].group, 0u);
  EXPECT_DOUBLE_EQ(split.effects[0].rate_effect, .75);
  EXPECT_DOUBLE_EQ(split.effects[0].mix_effect, 1.5625);
  EXPECT_EQ(split.effects[1].group, 1u);
  EXPECT_DOUBLE_EQ(split.effects[1].rate_effect, 1.25);
  EXPECT_DOUBLE_EQ(split.effects[1].mix_effect, .9375);
  EXPECT_DOUBLE_EQ(split.effects[1].weight_before, .5);
  EXPECT_DOUBLE_EQ(split.effects[1].weight_after, .75);
  EXPECT_FALSE(split.simpson);
  EXPECT_EQ(split.opposed_weight, 0);
}

// Bickel, Hammel and O'Connell 1975, Science 187: Berkeley admissions of 1973, the six
// largest departments (R's UCBAdmissions): admitted and applied, men then women.
constexpr GroupChange kBerkeley[] = {{512, 825, 89, 108},  {353, 560, 17, 25}, {120, 325, 202, 593},
                                     {138, 417, 131, 375}, {53, 191, 94, 393}, {22, 373, 24, 341}};

TEST(Change, SeesTheBerkeleyReversal) {
  const ChangeSplit split = SplitRatioChange(kBerkeley);
  EXPECT_NEAR(*split.before, 1198.0 / 2691, 1e-15);  // 44.5 % of the men,
  EXPECT_NEAR(*split.after, 557.0 / 1835, 1e-15);    // 30.4 % of the women.
  EXPECT_NEAR(split.change, -0.14164542, 1e-8);
  EXPECT_TRUE(split.simpson);
  // At equal mix women are admitted more often; they apply where fewer are.
  double rate = 0;
  for (const GroupChange& g : kBerkeley) {
    rate += (g.numerator_after / g.denominator_after - g.numerator_before / g.denominator_before) *
            (g.denominator_before / 2691 + g.denominator_after / 1835) / 2;
  }
  EXPECT_NEAR(split.rate_effect, rate, 1e-15);
  EXPECT_GT(split.rate_effect, .03);
  EXPECT_LT(split.mix_effect, -.17);
  // Department A lets in most and has a third of the men's applications: -.2478 x (.7223 -
  // .3744) = -.0862 by mix, +.0372 by rate. B, with hardly a woman: -.1945 x (.6552 - .3744).
  EXPECT_EQ(split.effects[0].group, 1u);
  EXPECT_EQ(split.effects[1].group, 0u);
  EXPECT_NEAR(split.effects[1].mix_effect, -.0862, 5e-5);
  EXPECT_NEAR(split.effects[1].rate_effect, .0372, 5e-5);
  EXPECT_NEAR(split.effects[0].mix_effect, -.0546, 5e-5);
}

// Charig et al. 1986, BMJ 292: kidney stones. Open surgery 81/87 of small and 192/263 of
// large stones, puncture 234/270 and 55/80: surgery is better for both, puncture in total.
TEST(Change, SeesTheKidneyStoneReversal) {
  const GroupChange groups[] = {{81, 87, 234, 270}, {192, 263, 55, 80}};
  const ChangeSplit split = SplitRatioChange(groups);
  EXPECT_DOUBLE_EQ(*split.before, 273.0 / 350);
  EXPECT_DOUBLE_EQ(*split.after, 289.0 / 350);
  EXPECT_GT(split.change, 0);
  EXPECT_LT(split.rate_effect, 0);
  EXPECT_EQ(split.opposed_weight, 1);
  EXPECT_TRUE(split.simpson);
}

TEST(Change, GroupsThatComeAndGoAreMix) {
  const GroupChange groups[] = {{50, 100, 50, 100}, {0, 0, 40, 50}, {10, 50, 0, 0}, {0, 0, 0, 0}};
  const ChangeSplit split = SplitRatioChange(groups);
  EXPECT_NEAR(split.change, 90.0 / 150 - 60.0 / 150, 1e-15);
  for (const GroupEffect& effect : split.effects) {
    EXPECT_EQ(effect.rate_effect, 0) << effect.group;
    EXPECT_EQ(effect.before.has_value(), effect.group == 0 || effect.group == 2);
    EXPECT_EQ(effect.after.has_value(), effect.group < 2);
  }
  // Came above, and left below the mean level .5: both raise it.
  EXPECT_NEAR(split.effects[0].total_effect(), (.8 - .5) / 3, 1e-15);
  EXPECT_NEAR(split.effects[1].total_effect(), (.5 - .2) / 3, 1e-15);
  EXPECT_EQ(split.effects[3].total_effect(), 0);
}

TEST(Change, NothingToSplit) {
  EXPECT_FALSE(SplitRatioChange({}).before.has_value());
  const GroupChange only_after[] = {{0, 0, 4, 10}};
  const ChangeSplit split = SplitRatioChange(only_after);
  EXPECT_FALSE(split.before.has_value());
  EXPECT_DOUBLE_EQ(*split.after, .4);
  EXPECT_EQ(split.change, 0);
  EXPECT_TRUE(split.effects.empty());
  const GroupChange same[] = {{1, 3, 1, 3}, {2, 7, 2, 7}};
  EXPECT_FALSE(SplitRatioChange(same).simpson);
  EXPECT_EQ(SplitRatioChange(same).change, 0);
}

// A third of the groups come, go or have refunds only.
std::vector<GroupChange> RandomGroups(std::mt19937_64& random) {
  std::vector<GroupChange> groups(2 + random() % 30);
  for (GroupChange& group : groups) {
    const auto number = [&] { return static_cast<double>(random() % 10'000) / 7 - 200; };
    const auto size = [&] {
      return random() % 6 == 0 ? 0.0 : static_cast<double>(1 + random() % 5000);
    };
    group = {number(), size(), number(), size()};
  }
  groups[0].denominator_before = groups[0].denominator_after = 10;
  return groups;
}

TEST(Change, EffectsAddUpAndTurnAround) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<GroupChange> groups = RandomGroups(random);
    const ChangeSplit split = SplitRatioChange(groups);
    double sum = 0, size = std::fabs(*split.before) + std::fabs(*split.after);
    for (const GroupEffect& effect : split.effects) {
      sum += effect.total_effect();
      size += std::fabs(effect.rate_effect) + std::fabs(effect.mix_effect);
    }
    EXPECT_NEAR(sum, split.change, 1e-13 * size) << seed;
    EXPECT_NEAR(split.rate_effect + split.mix_effect, split.change, 1e-13 * size) << seed;
    for (size_t i = 1; i < split.effects.size(); ++i) {
      EXPECT_GE(std::fabs(split.effects[i - 1].total_effect()),
                std::fabs(split.effects[i].total_effect()));
    }
    // Looking back from after to before turns every effect's sign.
    for (GroupChange& g : groups) {
      g = {g.numerator_after, g.denominator_after, g.numerator_before, g.denominator_before};
    }
    const ChangeSplit back = SplitRatioChange(groups);
    EXPECT_NEAR(back.rate_effect, -split.rate_effect, 1e-13 * size) << seed;
    EXPECT_NEAR(back.mix_effect, -split.mix_effect, 1e-13 * size) << seed;
  }
}

TEST(Change, SumsChangeByGroup) {
  const GroupChange groups[] = {{100, 0, 90, 0}, {10, 0, 60, 0}, {0, 0, 5, 0}};
  const ChangeSplit split = SplitSumChange(groups);
  EXPECT_EQ(*split.before, 110);
  EXPECT_EQ(*split.after, 155);
  EXPECT_EQ(split.change, 45);
  EXPECT_EQ(split.mix_effect, 0);
  EXPECT_EQ(split.rate_effect, 45);
  EXPECT_EQ(split.effects[0].group, 1u);
  EXPECT_EQ(split.effects[0].total_effect(), 50);
  EXPECT_EQ(split.effects[1].total_effect(), -10);
  EXPECT_EQ(*split.effects[1].before, 100);
  EXPECT_FALSE(split.simpson);
  EXPECT_EQ(SplitSumChange({}).change, 0);
}

}  // namespace
}  // namespace rapport::metrics
