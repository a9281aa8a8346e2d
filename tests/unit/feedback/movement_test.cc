// SPDX-License-Identifier: Apache-2.0
// Movement of scores against figures worked out by hand, and sums that merge in any order.
#include "lib/feedback/movement.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "rapport/v1/event.pb.h"

namespace rapport::feedback {
namespace {

std::vector<EventColumns> Answers(const std::vector<int>& scores) {
  std::vector<EventColumns> events;
  for (const int score : scores) {
    EventColumns event;
    event.time = static_cast<TimeMicros>(events.size()) + 1;
    event.type = v1::EVENT_TYPE_NPS_ANSWERED;
    event.value = score;
    events.push_back(event);
  }
  return events;
}

CustomerWorth Worth(int64_t predicted_units, double churn) {
  return {.predicted = predicted_units * 1'000'000, .historic = 5'000'000, .churn = churn};
}

int64_t CountOf(const v1::ScoreMovement& answer, v1::ScoreGroupKind from, v1::ScoreGroupKind to) {
  for (const auto& cell : answer.transitions()) {
    if (cell.from() == from && cell.to() == to) return cell.count();
  }
  return -1;
}

constexpr auto kDetractor = v1::SCORE_GROUP_KIND_DETRACTOR;
constexpr auto kPassive = v1::SCORE_GROUP_KIND_PASSIVE;
constexpr auto kPromoter = v1::SCORE_GROUP_KIND_PROMOTER;

TEST(MovementTest, WorkedExample) {
  MovementSums sums;
  sums.Add(Answers({3, 8, 9}), {}, Worth(100, 0.1));  // Two pairs: +5, +1.
  sums.Add(Answers({6, 9}), {}, Worth(200, 0.3));     // +3.
  sums.Add(Answers({10, 2}), {}, Worth(10, 0.9));     // -8.
  sums.Add(Answers({0}), {}, Worth(30, 0.5));
  sums.Add(Answers({7}), {}, {});
  sums.Add({}, {}, Worth(1, 0.2));
  const v1::ScoreMovement answer = sums.Answer("EUR");
  ASSERT_EQ(answer.transitions_size(), 9);
  EXPECT_EQ(CountOf(answer, kDetractor, kPassive), 1);
  EXPECT_EQ(CountOf(answer, kDetractor, kPromoter), 1);
  EXPECT_EQ(CountOf(answer, kPassive, kPromoter), 1);
  EXPECT_EQ(CountOf(answer, kPromoter, kDetractor), 1);
  EXPECT_EQ(CountOf(answer, kPromoter, kPromoter), 0);
  EXPECT_DOUBLE_EQ(answer.transitions(1).share(), 50);  // Detractor > passive.
  EXPECT_DOUBLE_EQ(answer.transitions(6).share(), 100);
  // Changes 5, 1, 3, -8: mean 0.25, sample variance 98.75 / 3, t(3) = 3.18245.
  EXPECT_DOUBLE_EQ(answer.mean_change(), 0.25);
  EXPECT_NEAR(answer.interval().low(), 0.25 - 3.182446 * 2.868652, 1e-4);
  EXPECT_EQ(answer.context().sample_size(), 4);

  ASSERT_EQ(answer.groups_size(), 4);
  const v1::ScoreGroup& silent = answer.groups(0);
  EXPECT_EQ(silent.customer_count(), 1);
  const v1::ScoreGroup& detractors = answer.groups(1);
  EXPECT_EQ(detractors.group(), kDetractor);
  EXPECT_EQ(detractors.customer_count(), 2);
  EXPECT_EQ(detractors.valued_count(), 2);
  EXPECT_EQ(detractors.mean_predicted_value().micros(), 20'000'000);
  EXPECT_EQ(detractors.mean_predicted_value().currency(), "EUR");
  EXPECT_EQ(detractors.mean_historic_value().micros(), 5'000'000);
  EXPECT_DOUBLE_EQ(detractors.mean_churn_probability(), 0.7);
  EXPECT_DOUBLE_EQ(detractors.high_churn_share(), 100);  // 50 % counts.
  const v1::ScoreGroup& passives = answer.groups(2);
  EXPECT_EQ(passives.customer_count(), 1);
  EXPECT_EQ(passives.valued_count(), 0);
  EXPECT_FALSE(passives.has_mean_predicted_value());
  EXPECT_FALSE(passives.has_mean_churn_probability());
  const v1::ScoreGroup& promoters = answer.groups(3);
  EXPECT_EQ(promoters.mean_predicted_value().micros(), 150'000'000);
  // Two values 100 and 200: half-width t(1) * 70.7107 / sqrt(2) = 12.7062 * 50.
  EXPECT_NEAR(promoters.value_interval().high(), 150 + 12.706205 * 50, 1e-3);

  EXPECT_DOUBLE_EQ(answer.value_difference().change(), 130);
  EXPECT_DOUBLE_EQ(answer.value_difference().relative_change(), 6.5);
  EXPECT_NEAR(answer.churn_difference().change(), -0.5, 1e-9);
  EXPECT_FALSE(answer.value_difference().has_p_value());  // Two of each are too few.
  EXPECT_FALSE(answer.value_difference().significant());
}

TEST(MovementTest, LargeGroupsAreTested) {
  MovementSums sums;
  for (int i = 0; i < 60; ++i) {
    sums.Add(Answers({9}), {}, Worth(100 + i % 5, 0.2 + 0.01 * (i % 3)));
    sums.Add(Answers({1}), {}, Worth(50 + i % 5, 0.2 + 0.01 * (i % 3)));
  }
  const v1::ScoreMovement answer = sums.Answer("EUR");
  EXPECT_EQ(answer.value_difference().method(), "Welch t");
  EXPECT_DOUBLE_EQ(answer.value_difference().change(), 50);
  EXPECT_TRUE(answer.value_difference().significant());
  EXPECT_NEAR(answer.churn_difference().p_value(), 1, 1e-9);
  EXPECT_FALSE(answer.churn_difference().significant());
  EXPECT_FALSE(answer.has_mean_change());
}

TEST(MovementTest, NothingToTell) {
  const v1::ScoreMovement answer = MovementSums().Answer("EUR");
  EXPECT_EQ(answer.transitions_size(), 9);
  EXPECT_FALSE(answer.has_mean_change());
  EXPECT_FALSE(answer.has_interval());
  EXPECT_FALSE(answer.value_difference().has_p_value());
}

TEST(MovementTest, PartsMergeToTheSameBits) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  MovementSums whole;
  std::vector<MovementSums> parts(5);
  for (int i = 0; i < 2000; ++i) {
    std::vector<int> scores(random() % 4);
    for (int& score : scores) score = static_cast<int>(random() % 11);
    CustomerWorth worth;
    if (random() % 2 == 0) {
      worth = Worth(static_cast<int64_t>(random() % 1'000'000'000),
                    static_cast<double>(random() % 1000) / 999);
    }
    whole.Add(Answers(scores), {}, worth);
    parts[random() % parts.size()].Add(Answers(scores), {}, worth);
  }
  MovementSums merged;
  for (size_t i = parts.size(); i-- > 0;) merged.Merge(parts[i]);
  EXPECT_EQ(merged, whole) << "seed " << kSeed;
  EXPECT_EQ(merged.Answer("EUR").SerializeAsString(), whole.Answer("EUR").SerializeAsString());
}

}  // namespace
}  // namespace rapport::feedback
