// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/growth.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"

namespace rapport::lifecycle {
namespace {

using ::testing::ElementsAre;

CivilDays Day(int month, int day) { return DaysFromCivil({2024, month, day}); }

std::vector<std::string> Walk(const std::vector<CivilDays>& days, Granularity granularity,
                              CivilDays as_of_day) {
  constexpr const char* kNames[] = {"", "new", "returning", "resurrecting", "dormant"};
  std::vector<std::string> parts;
  const auto visit = [&](CivilDays bucket, Presence presence) {
    parts.push_back(Cat(FormatDate(bucket), " ", kNames[static_cast<int>(presence)]));
  };
  GrowthWalk walk(granularity, WeekStart::kMonday);
  for (const CivilDays day : days) walk.Add(day, visit);
  walk.Finish(as_of_day, visit);
  return parts;
}

TEST(GrowthWalk, NamesEachMonth) {
  EXPECT_THAT(Walk({Day(1, 5), Day(1, 20), Day(2, 1), Day(5, 9)}, Granularity::kMonth, Day(7, 1)),
              ElementsAre("2024-01-01 new", "2024-02-01 returning", "2024-03-01 dormant",
                          "2024-05-01 resurrecting", "2024-06-01 dormant"));
}

TEST(GrowthWalk, DormancyIsNotReportedBeforeItsBucketBegins) {
  EXPECT_THAT(Walk({Day(1, 5)}, Granularity::kMonth, Day(1, 31)), ElementsAre("2024-01-01 new"));
  EXPECT_THAT(Walk({Day(1, 5)}, Granularity::kMonth, Day(2, 1)),
              ElementsAre("2024-01-01 new", "2024-02-01 dormant"));
  EXPECT_THAT(Walk({}, Granularity::kMonth, Day(2, 1)), ElementsAre());
}

TEST(GrowthWalk, WeeksBeginOnMonday) {
  // 2024-01-07 is a Sunday, 2024-01-08 a Monday.
  EXPECT_THAT(Walk({Day(1, 7), Day(1, 8)}, Granularity::kWeek, Day(1, 9)),
              ElementsAre("2024-01-01 new", "2024-01-08 returning"));
}

TEST(GrowthWalkProperty, NetChangeIsNewPlusResurrectingLessDormant) {
  for (const Granularity granularity :
       {Granularity::kDay, Granularity::kWeek, Granularity::kMonth, Granularity::kQuarter}) {
    std::mt19937 random(17);
    const CivilDays begin = Day(1, 1), end = Day(12, 31);
    std::map<CivilDays, std::map<Presence, int>> counts;
    std::map<CivilDays, int> active;
    for (int customer = 0; customer < 200; ++customer) {
      std::set<CivilDays> days;
      for (auto left = random() % 12; left > 0; --left) {
        days.insert(begin + static_cast<int>(random() % 365));
      }
      std::set<CivilDays> buckets;
      for (const CivilDays day : days) {
        buckets.insert(BucketStart(day, granularity, WeekStart::kMonday));
      }
      for (const CivilDays bucket : buckets) ++active[bucket];
      const auto visit = [&](CivilDays bucket, Presence presence) { ++counts[bucket][presence]; };
      GrowthWalk walk(granularity, WeekStart::kMonday);
      for (const CivilDays day : days) walk.Add(day, visit);
      walk.Finish(end, visit);
    }
    int before = 0;
    for (CivilDays bucket = BucketStart(begin, granularity, WeekStart::kMonday); bucket <= end;
         bucket = NextBucket(bucket, granularity)) {
      auto& of = counts[bucket];
      const int fresh = of[Presence::kNew] + of[Presence::kResurrecting];
      EXPECT_EQ(active[bucket], fresh + of[Presence::kReturning]);
      EXPECT_EQ(active[bucket] - before, fresh - of[Presence::kDormant]) << FormatDate(bucket);
      before = active[bucket];
    }
  }
}

}  // namespace
}  // namespace rapport::lifecycle
