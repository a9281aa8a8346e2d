// SPDX-License-Identifier: Apache-2.0
// Random histories and random rules: the walks find what trying everything finds.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "lib/journey/attempt_finder.h"
#include "tests/unit/journey/naive_funnel.h"

namespace rapport::journey {
namespace {

struct Sample {
  FunnelPlan plan;
  std::vector<Mark> marks;
  StartRange range;
};

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  int Upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  bool Chance(int percent) { return Upto(99) < percent; }

  Sample Make(bool overlap) {
    Sample sample;
    FunnelPlan& plan = sample.plan;
    plan.steps = 2 + Upto(2);
    plan.required = (uint32_t{1} << plan.steps) - 1;
    plan.window = Upto(12);
    plan.anchor = Chance(25) ? Anchor::kFirst : Anchor::kBest;
    const int count = Upto(8), span = 3 + Upto(12);
    for (int i = 0; i < count; ++i) {
      Mark mark;
      mark.time = Upto(span);
      if (Chance(90)) mark.steps = uint32_t{1} << Upto(plan.steps - 1);
      if (overlap && Chance(40)) mark.steps |= uint32_t{1} << Upto(plan.steps - 1);
      sample.marks.push_back(mark);
    }
    Number(sample.marks);
    if (Chance(30)) sample.range = {Upto(4), 4 + Upto(10)};
    return sample;
  }
  void AddExclusions(Sample& sample, bool whole) {
    const int rules = 1 + Upto(1);
    for (int i = 0; i < rules; ++i) {
      const int from = whole ? 0 : Upto(sample.plan.steps - 2);
      const int to = whole ? sample.plan.last() : from + 1 + Upto(sample.plan.last() - from - 1);
      sample.plan.exclusions.push_back({from, to});
    }
    for (Mark& mark : sample.marks) {
      if (!Chance(25)) continue;
      mark.exclusions = 1U + static_cast<uint32_t>(Upto(rules == 1 ? 0 : 2));
      if (Chance(80)) mark.steps = 0;
    }
  }
  static void Number(std::vector<Mark>& marks) {
    std::ranges::stable_sort(marks, {}, &Mark::time);
    for (size_t i = 0; i < marks.size(); ++i) marks[i].index = static_cast<uint32_t>(i);
  }

 private:
  std::mt19937_64 random_;
};

std::string Describe(const Sample& sample, uint64_t seed) {
  std::ostringstream text;
  const FunnelPlan& plan = sample.plan;
  text << "seed " << seed << " steps " << plan.steps << " required " << plan.required << " window "
       << plan.window << " first " << (plan.anchor == Anchor::kFirst) << " increase "
       << plan.strict_increase << " once " << plan.strict_once << " range " << sample.range.begin
       << ".." << sample.range.end << " marks";
  for (const Mark& mark : sample.marks) {
    text << " " << mark.time << ":" << mark.steps << "/" << mark.exclusions;
  }
  for (const Exclusion& rule : plan.exclusions) text << " x" << rule.from << "-" << rule.to;
  return text.str();
}

naive::Found FoundOf(const Attempt& attempt) {
  return {attempt.furthest, attempt.reached, attempt.start};
}

std::vector<Attempt> AttemptsIn(const Sample& sample) {
  AttemptFinder finder(sample.plan);
  std::vector<Attempt> attempts;
  finder.Find(sample.marks, sample.range,
              [&](const Attempt& attempt) { attempts.push_back(attempt); });
  return attempts;
}

void ExpectBest(const Sample& sample, const std::optional<naive::Found>& want, uint64_t seed) {
  const std::vector<Attempt> got = AttemptsIn(sample);
  ASSERT_EQ(got.size(), want ? 1U : 0U) << Describe(sample, seed);
  if (want) {
    ASSERT_EQ(FoundOf(got[0]).furthest, want->furthest) << Describe(sample, seed);
    ASSERT_TRUE(FoundOf(got[0]) == *want)
        << Describe(sample, seed) << " got " << got[0].reached << " from " << got[0].start
        << " want " << want->reached << " from " << want->start;
  }
}

// Of what an attempt says of itself.
void ExpectWhole(const Sample& sample, const Attempt& attempt, uint64_t seed) {
  TimeMicros last = attempt.start;
  std::vector<uint32_t> used;
  for (int step = 0; step < sample.plan.steps; ++step) {
    if (!attempt.Took(step)) {
      ASSERT_TRUE(step > attempt.furthest || !sample.plan.Required(step)) << Describe(sample, seed);
      continue;
    }
    const Mark& mark = sample.marks[attempt.events[static_cast<size_t>(step)]];
    ASSERT_TRUE(naive::Is(mark, step)) << Describe(sample, seed);
    ASSERT_LE(mark.time - attempt.start, sample.plan.window) << Describe(sample, seed);
    const bool after =
        step == 0 || !sample.plan.strict_increase ? mark.time >= last : mark.time > last;
    ASSERT_TRUE(after) << Describe(sample, seed);
    if (sample.plan.strict_once) {
      ASSERT_EQ(std::ranges::count(used, mark.index), 0) << Describe(sample, seed);
    }
    used.push_back(mark.index);
    last = mark.time;
  }
}

constexpr uint64_t kRounds = 20'000;

TEST(AttemptOracle, Ordered) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(draw.Chance(50));
    sample.plan.strict_increase = draw.Chance(25);
    sample.plan.strict_once = draw.Chance(35);
    for (int step = 1; step < sample.plan.last(); ++step) {
      if (draw.Chance(25)) sample.plan.required &= ~(uint32_t{1} << step);
    }
    ExpectBest(sample, naive::BestOrdered(sample.plan, sample.marks, sample.range), seed);
    for (const Attempt& attempt : AttemptsIn(sample)) ExpectWhole(sample, attempt, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(AttemptOracle, OrderedWithExclusions) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(draw.Chance(30));
    draw.AddExclusions(sample, false);
    sample.plan.strict_increase = draw.Chance(25);
    ExpectBest(sample, naive::BestOrdered(sample.plan, sample.marks, sample.range), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(AttemptOracle, Totals) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(false);
    if (draw.Chance(50)) draw.AddExclusions(sample, false);
    sample.plan.anchor = Anchor::kBest;
    sample.plan.counting = Counting::kTotals;
    std::vector<naive::Found> got;
    for (const Attempt& attempt : AttemptsIn(sample)) got.push_back(FoundOf(attempt));
    ASSERT_TRUE(got == naive::AllOrdered(sample.plan, sample.marks, sample.range))
        << Describe(sample, seed);
  }
}

TEST(AttemptOracle, Strict) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(false);
    if (draw.Chance(50)) draw.AddExclusions(sample, false);
    sample.plan.order = Order::kStrict;
    ExpectBest(sample, naive::BestStrict(sample.plan, sample.marks, sample.range), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(AttemptOracle, AnyOrder) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(draw.Chance(50));
    if (draw.Chance(50)) draw.AddExclusions(sample, true);
    sample.plan.order = Order::kAny;
    sample.range.begin = std::max<TimeMicros>(sample.range.begin, 0);
    std::erase_if(sample.marks, [&](const Mark& mark) { return mark.time < sample.range.begin; });
    Draw::Number(sample.marks);
    ExpectBest(sample, naive::BestAny(sample.plan, sample.marks, sample.range), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(AttemptOracle, RulesThatEndTheSearch) {
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(draw.Chance(30));
    sample.plan.anchor = Anchor::kBest;
    sample.range = {};
    sample.plan.strict_deduplication = draw.Chance(60);
    sample.plan.strict_order = !sample.plan.strict_deduplication || draw.Chance(50);
    const std::vector<Attempt> got = AttemptsIn(sample);
    const int level = got.empty() ? 0 : got[0].furthest + 1;
    ASSERT_EQ(level, naive::WindowFunnel(sample.plan, sample.marks)) << Describe(sample, seed);
  }
}

TEST(AttemptOracle, HeldValues) {
  for (uint64_t seed = 1; seed <= kRounds / 4; ++seed) {
    Draw draw(seed);
    Sample sample = draw.Make(false);
    if (draw.Chance(50)) draw.AddExclusions(sample, false);
    sample.plan.holds = true;
    for (Mark& mark : sample.marks) {
      mark.value = static_cast<uint64_t>(draw.Upto(3));
      if (mark.value == 0) mark.steps = 0;
    }
    std::optional<naive::Found> want;
    for (uint64_t value = 1; value <= 3; ++value) {
      std::vector<Mark> of_value;
      for (const Mark& mark : sample.marks) {
        if (mark.value == value || mark.value == 0) of_value.push_back(mark);
      }
      const auto found = naive::BestOrdered(sample.plan, of_value, sample.range);
      if (found && naive::Beats(*found, want)) want = found;
    }
    ExpectBest(sample, want, seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace rapport::journey
