// SPDX-License-Identifier: Apache-2.0
// Random histories, random questions: the walk against a naive reading of domain.md 2.2
// that looks at every event for every start and column, and merges in any order.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/cohorts/timelines.h"

namespace rapport::cohorts {
namespace {

using Random = std::mt19937_64;

constexpr v1::EventType kTypes[] = {v1::EVENT_TYPE_SIGNED_UP, v1::EVENT_TYPE_FEATURE_USED,
                                    v1::EVENT_TYPE_ORDER_PLACED, v1::EVENT_TYPE_ORDER_REFUNDED};
constexpr const char* kZones[] = {"UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin"};

int Draw(Random& random, int from, int to) {
  return std::uniform_int_distribution<int>(from, to)(random);
}

// A filter both as text and as a set of types.
struct TypeFilter {
  std::string text;
  std::set<int> types;
  bool Holds(const EventColumns& event) const {
    return types.empty() || types.contains(event.type);
  }
};

TypeFilter RandomFilter(Random& random) {
  const TypeFilter kFilters[] = {{"", {}},
                                 {"type = signed_up", {v1::EVENT_TYPE_SIGNED_UP}},
                                 {"type = feature_used", {v1::EVENT_TYPE_FEATURE_USED}},
                                 {"type = order_placed", {v1::EVENT_TYPE_ORDER_PLACED}},
                                 {"type = (order_placed OR feature_used)",
                                  {v1::EVENT_TYPE_ORDER_PLACED, v1::EVENT_TYPE_FEATURE_USED}}};
  return kFilters[Draw(random, 0, 4)];
}

struct Case {
  Timelines lines;
  v1::RetentionQuestion question;
  TypeFilter start, back;
};

void AddEvents(Random& random, Case& sample, int horizon_hours) {
  const TimeMicros origin = sample.lines.Time("2024-01-01");
  const int people = Draw(random, 1, 6);
  for (int who = 0; who < people; ++who) {
    auto& person = sample.lines.people[Cat("p", who)];
    person.codes = {static_cast<uint32_t>(Draw(random, 0, 2))};
    for (int i = Draw(random, 0, 25); i > 0; --i) {
      EventColumns event;
      event.time = origin + Draw(random, 0, horizon_hours) * 3600 * kMicrosPerSecond;
      event.type = static_cast<uint16_t>(kTypes[Draw(random, 0, 3)]);
      event.value = Draw(random, 1, 100) * 1'000'000;
      person.events.push_back(event);
    }
  }
}

void AskAbout(Random& random, Case& sample) {
  v1::RetentionQuestion& question = sample.question;
  v1::CohortRule& cohort = *question.mutable_cohort();
  sample.start = RandomFilter(random);
  sample.back = RandomFilter(random);
  cohort.set_start_filter(sample.start.text);
  question.set_return_filter(sample.back.text);
  cohort.set_start(static_cast<v1::CohortStart>(Draw(random, 0, 3)));
  cohort.set_minimum_starts(Draw(random, 0, 2));
  cohort.set_bucket(static_cast<v1::Granularity>(Draw(random, 0, 5)));
  if (Draw(random, 0, 4) == 0) cohort.set_together(true);
  if (!cohort.together() && Draw(random, 0, 4) == 0) cohort.set_dimension("stage");
  question.set_minimum_returns(Draw(random, 0, 3));
  question.set_mode(static_cast<v1::ReturnMode>(Draw(random, 0, 5)));
  question.set_period_clock(static_cast<v1::PeriodClock>(Draw(random, 0, 2)));
  question.set_period(static_cast<v1::Granularity>(Draw(random, 1, 5)));
  question.set_start_counts(Draw(random, 0, 1) == 1);
  if (question.mode() == v1::RETURN_MODE_BRACKET) {
    int from = Draw(random, 0, 2);
    for (int i = Draw(random, 1, 3); i > 0; --i) {
      auto& bracket = *question.add_brackets();
      bracket.set_first(from);
      bracket.set_last(from + Draw(random, 0, 3));
      from = bracket.last() + Draw(random, 1, 3);
    }
  } else {
    question.set_period_count(Draw(random, 1, 9));
  }
  if (Draw(random, 0, 1) == 1) question.set_start_date("2024-01-20");
  if (Draw(random, 0, 1) == 1) question.set_end_date("2024-03-10");
}

// The naive reading.
class Oracle {
 public:
  Oracle(Case& sample, const v1::RetentionQuestion& complete)
      : sample_(sample), question_(complete), scope_(sample.lines.scope()) {
    if (question_.mode() == v1::RETURN_MODE_BRACKET) {
      for (const auto& bracket : question_.brackets()) {
        columns_.emplace_back(bracket.first(), bracket.last());
      }
    } else {
      for (int i = 0; i <= question_.period_count(); ++i) columns_.emplace_back(i, i);
    }
  }

  // Cell: settled, settled back, running, running back, revenue, revenue to date.
  using Cells = std::vector<std::array<int64_t, 6>>;
  std::map<std::string, Cells> Run() {
    for (const auto& [name, person] : sample_.lines.people) {
      for (const size_t start : Starts(person)) Follow(person, start);
    }
    return cohorts_;
  }

 private:
  using Person = Timelines::Person;

  bool Exists(const EventColumns& event) const { return event.time <= scope_.as_of; }

  bool InRange(TimeMicros time) const {
    const std::string day = FormatDate(scope_.calendar.DayOf(time));
    return (question_.start_date().empty() || day >= question_.start_date()) &&
           (question_.end_date().empty() || day < question_.end_date());
  }

  CivilDays Bucket(TimeMicros time) const {
    return scope_.calendar.BucketOf(time, static_cast<Granularity>(question_.cohort().bucket()));
  }

  std::vector<size_t> Starts(const Person& person) const {
    std::vector<size_t> matching;
    for (size_t i = 0; i < person.events.size(); ++i) {
      if (Exists(person.events[i]) && sample_.start.Holds(person.events[i])) matching.push_back(i);
    }
    const auto nth = static_cast<size_t>(question_.cohort().minimum_starts());
    if (question_.cohort().start() == v1::COHORT_START_FIRST_EVER) {
      if (matching.size() < nth) return {};
      const size_t start = matching[nth - 1];
      return InRange(person.events[start].time) ? std::vector<size_t>{start}
                                                : std::vector<size_t>{};
    }
    std::map<CivilDays, std::vector<size_t>> groups;
    for (const size_t i : matching) {
      if (!InRange(person.events[i].time)) continue;
      const bool recurring = question_.cohort().start() == v1::COHORT_START_RECURRING;
      groups[recurring ? Bucket(person.events[i].time) : 0].push_back(i);
    }
    std::vector<size_t> starts;
    for (const auto& [bucket, members] : groups) {
      if (members.size() >= nth) starts.push_back(members[nth - 1]);
    }
    return starts;
  }

  // The instant at which period n of a start begins.
  TimeMicros PeriodBegin(TimeMicros start, int n) const {
    const auto period = static_cast<Granularity>(question_.period());
    if (question_.period_clock() == v1::PERIOD_CLOCK_ROLLING) {
      const int days[] = {0, 1, 7, 30, 90, 365};
      return start + n * days[static_cast<int>(period)] * kMicrosPerDay;
    }
    CivilDays day = BucketStart(scope_.calendar.DayOf(start), period, scope_.calendar.week_start());
    for (int i = 0; i < n; ++i) day = NextBucket(day, period);
    return scope_.calendar.StartOf(day);
  }

  // Returns with PeriodBegin(first) <= time < PeriodBegin(last + 1).
  int Returns(const Person& person, size_t start, int first, int last) const {
    const TimeMicros birth = person.events[start].time;
    int count = 0;
    for (size_t i = 0; i < person.events.size(); ++i) {
      const EventColumns& event = person.events[i];
      if (!Exists(event) || event.time < birth || !sample_.back.Holds(event)) continue;
      if (i == start && !question_.start_counts()) continue;
      if (event.time >= PeriodBegin(birth, first) && event.time < PeriodBegin(birth, last + 1)) {
        ++count;
      }
    }
    return count;
  }

  bool Back(const Person& person, size_t start, int first, int last) const {
    const int needed = question_.minimum_returns();
    switch (question_.mode()) {
      case v1::RETURN_MODE_ON_OR_AFTER:
        return Returns(person, start, first, 1000) >= needed;
      case v1::RETURN_MODE_ON_OR_BEFORE:
        return Returns(person, start, 0, last) >= needed;
      case v1::RETURN_MODE_STREAK:
        for (int n = 1; n <= last; ++n) {
          if (Returns(person, start, n, n) < needed) return false;
        }
        return true;
      default:
        return Returns(person, start, first, last) >= needed;
    }
  }

  int64_t Revenue(const Person& person, TimeMicros birth, TimeMicros begin, TimeMicros end) const {
    int64_t sum = 0;
    for (const EventColumns& event : person.events) {
      if (!Exists(event) || event.time < birth || event.time < begin || event.time >= end) continue;
      if (event.type == v1::EVENT_TYPE_ORDER_PLACED) sum += event.value;
      if (event.type == v1::EVENT_TYPE_ORDER_REFUNDED) sum -= event.value;
    }
    return sum;
  }

  std::string LabelOf(const Person& person, TimeMicros birth) const {
    if (question_.cohort().together()) return "all";
    if (!question_.cohort().dimension().empty()) {
      return person.codes[0] == 0 ? "none" : Cat("v", person.codes[0]);
    }
    return FormatDate(Bucket(birth));
  }

  void Follow(const Person& person, size_t start) {
    const TimeMicros birth = person.events[start].time;
    Cells& cells = cohorts_[LabelOf(person, birth)];
    cells.resize(columns_.size());
    for (size_t column = 0; column < columns_.size(); ++column) {
      const auto [first, last] = columns_[column];
      if (PeriodBegin(birth, first) > BeginOfAsOf()) continue;
      // A calendar period that holds as_of is not over, whatever the hour.
      const TimeMicros end = PeriodBegin(birth, last + 1);
      const bool settled = end <= scope_.as_of;
      const bool back = Back(person, start, first, last);
      auto& cell = cells[column];
      cell[settled ? 0 : 2] += 1;
      cell[settled ? 1 : 3] += back ? 1 : 0;
      cell[4] += Revenue(person, birth, PeriodBegin(birth, first), end);
      if (settled) cell[5] += Revenue(person, birth, birth, end);
    }
  }
  TimeMicros BeginOfAsOf() const { return scope_.as_of; }

  Case& sample_;
  const v1::RetentionQuestion& question_;
  const metrics::Scope& scope_;
  std::vector<std::pair<int, int>> columns_;
  std::map<std::string, Cells> cohorts_;
};

void Check(uint64_t seed) {
  Random random(seed);
  Case sample;
  sample.lines = Timelines(kZones[Draw(random, 0, 3)],
                           Draw(random, 0, 1) == 1 ? WeekStart::kSunday : WeekStart::kMonday);
  const int horizon = Draw(random, 30, 24 * 200);
  AddEvents(random, sample, horizon);
  AskAbout(random, sample);
  sample.lines.scope().as_of =
      sample.lines.Time("2024-01-01") + Draw(random, 24, horizon + 24) * 3600 * kMicrosPerSecond;
  sample.lines.scope().customer_label = [](std::string_view, uint32_t code) {
    return Cat("v", code);
  };
  const auto answer = sample.lines.Retention(sample.question);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto expected = Oracle(sample, answer->question()).Run();
  ASSERT_EQ(static_cast<size_t>(answer->cohorts_size()), expected.size());
  for (const auto& cohort : answer->cohorts()) {
    const auto found = expected.find(cohort.label());
    ASSERT_TRUE(found != expected.end()) << cohort.label();
    for (size_t column = 0; column < found->second.size(); ++column) {
      const auto& want = found->second[column];
      v1::ReturnCell cell;
      if (static_cast<int>(column) < cohort.cells_size()) {
        cell = cohort.cells(static_cast<int>(column));
      }
      EXPECT_EQ(cell.settled(), want[0]) << column;
      EXPECT_EQ(cell.settled_returned(), want[1]) << column;
      EXPECT_EQ(cell.eligible(), want[0] + want[2]) << column;
      EXPECT_EQ(cell.returned(), want[1] + want[3]) << column;
      EXPECT_EQ(cell.revenue().micros(), want[4]) << column;
      EXPECT_EQ(cell.settled_revenue().micros(), want[5]) << column;
    }
  }
}

TEST(RandomRetention, EqualsTheNaiveReading) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Check(seed);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

// Growth and stickiness by sets of buckets.
TEST(RandomActivity, EqualsTheNaiveReading) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Random random(seed);
    Case sample;
    sample.lines = Timelines(kZones[Draw(random, 0, 3)]);
    AddEvents(random, sample, 24 * 120);
    sample.lines.scope().as_of =
        sample.lines.Time("2024-01-01") + Draw(random, 1, 24 * 150) * 3600 * kMicrosPerSecond;
    const TypeFilter active = RandomFilter(random);
    const auto granularity = static_cast<Granularity>(Draw(random, 1, 5));
    ActivityQuestion question{.filter = active.text,
                              .granularity = static_cast<v1::Granularity>(granularity)};
    const int minimum = Draw(random, 1, 3);
    question.start_date = "2023-12-31";
    const auto growth = sample.lines.Growth(question);
    const auto stickiness = sample.lines.Stickiness(question, minimum);
    ASSERT_TRUE(growth.ok() && stickiness.ok()) << growth.status() << stickiness.status();
    const metrics::Scope& scope = sample.lines.scope();
    std::map<std::string, std::array<int64_t, 4>> expected;
    std::map<int, int64_t> exactly;
    for (const auto& [name, person] : sample.lines.people) {
      std::map<CivilDays, int> buckets;
      for (const EventColumns& event : person.events) {
        if (event.time > scope.as_of || !active.Holds(event)) continue;
        ++buckets[scope.calendar.BucketOf(event.time, granularity)];
      }
      for (const auto& [bucket, count] : buckets) {
        const bool first = bucket == buckets.begin()->first;
        const CivilDays before = BucketStart(bucket - 1, granularity, WeekStart::kMonday);
        ++expected[FormatDate(bucket)][first ? 0 : buckets.contains(before) ? 1 : 2];
        const CivilDays next = NextBucket(bucket, granularity);
        if (!buckets.contains(next)) ++expected[FormatDate(next)][3];
      }
      ++exactly[static_cast<int>(std::ranges::count_if(
          buckets, [minimum](const auto& entry) { return entry.second >= minimum; }))];
    }
    for (const auto& bucket : growth->buckets()) {
      const auto& want = expected[bucket.start_date()];
      EXPECT_EQ(bucket.new_customers(), want[0]);
      EXPECT_EQ(bucket.returning(), want[1]);
      EXPECT_EQ(bucket.resurrecting(), want[2]);
      EXPECT_EQ(bucket.dormant(), want[3]);
    }
    for (const auto& row : stickiness->rows()) EXPECT_EQ(row.exactly(), exactly[row.intervals()]);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace rapport::cohorts
