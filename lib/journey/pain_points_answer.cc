// SPDX-License-Identifier: Apache-2.0
// Prints pain points: tests of every value against the rest and of every loss against the
// other transitions, all corrected together.
#include <algorithm>
#include <cmath>
#include <deque>
#include <tuple>

#include "lib/journey/pain_points.h"
#include "lib/journey/tested_differences.h"

namespace rapport::journey {
namespace {

// Values of one candidate that are tested, the largest first: more would only cost power.
constexpr size_t kMostTested = 50;

class PainPrinter {
 public:
  explicit PainPrinter(const PainWalker& walker)
      : walker_(walker), funnel_(walker.funnel()), values_(static_cast<size_t>(Plan().steps)) {}

  v1::FindPainPointsResponse Take(int top) {
    for (int step = 0; step < Plan().last(); ++step) {
      if (Plan().Required(step)) AddPoint(step);
    }
    tests_.Correct();
    response_.set_test_count(tests_.count());
    for (v1::PainPoint& point : *response_.mutable_pain_points()) AddValues(top, point);
    std::ranges::sort(*response_.mutable_pain_points(), [](const auto& a, const auto& b) {
      return std::tuple(-a.lost(), a.from_step()) < std::tuple(-b.lost(), b.from_step());
    });
    FillContext();
    return std::move(response_);
  }

 private:
  const FunnelPlan& Plan() const { return funnel_.plan(); }

  int NextRequired(int step) const {
    int next = step + 1;
    while (!Plan().Required(next)) ++next;
    return next;
  }

  void AddPoint(int step) {
    const Passage& passage = walker_.passage(step);
    v1::PainPoint& point = *response_.add_pain_points();
    const int next = NextRequired(step);
    point.set_from_step(step + 1);
    point.set_to_step(next + 1);
    point.set_transition(
        Cat(funnel_.funnel().steps(step).name(), " > ", funnel_.funnel().steps(next).name()));
    point.set_reached(passage.reached);
    point.set_lost(passage.reached - passage.continued);
    double share = 0;
    FillShare(passage.continued, passage.reached, &share, point.mutable_conversion_interval());
    point.set_conversion(share);
    Passage others;
    for (int other = 0; other < Plan().last(); ++other) {
      if (other == step || !Plan().Required(other)) continue;
      others.reached += walker_.passage(other).reached;
      others.continued += walker_.passage(other).continued;
    }
    if (others.reached > 0) {
      tests_.Add({others.continued, others.reached}, {passage.continued, passage.reached},
                 point.mutable_against_others());
    }
    for (const PainWalker::Candidate& candidate : walker_.candidates()) {
      TestCandidate(candidate, step, passage);
    }
  }

  void TestCandidate(const PainWalker::Candidate& candidate, int step, const Passage& all) {
    const PainWalker::Values& values = candidate.at[static_cast<size_t>(step)];
    std::vector<std::tuple<int64_t, std::string, Passage>> sorted;
    for (const auto& [code, passage] : values.by_code) {
      sorted.emplace_back(-passage.reached,
                          candidate.dimension.Label(code, funnel_.scope(), walker_.properties()),
                          passage);
    }
    std::ranges::sort(sorted, [](const auto& a, const auto& b) {
      return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    if (sorted.size() > kMostTested) sorted.resize(kMostTested);
    for (const auto& [rank, label, passage] : sorted) {
      if (passage.reached == all.reached) continue;  // Nobody to compare with.
      Test(candidate.dimension.name(), label, passage, all, step);
    }
  }

  void Test(const std::string& dimension, const std::string& label, const Passage& with,
            const Passage& all, int step) {
    v1::SeparatingValue& out = values_[static_cast<size_t>(step)].emplace_back();
    out.set_dimension(dimension);
    out.set_value(label);
    out.set_reached(with.reached);
    out.set_continued(with.continued);
    double share = 0;
    FillShare(with.continued, with.reached, &share, out.mutable_conversion_interval());
    out.set_conversion(share);
    const math::Proportion others{all.continued - with.continued, all.reached - with.reached};
    const double other = static_cast<double>(others.successes) / static_cast<double>(others.trials);
    out.set_other_conversion(other);
    if (other > 0) out.set_lift(share / other);
    tests_.Add(others, {with.continued, with.reached}, out.mutable_difference());
  }

  // The most certain first; those too small for a test last.
  void AddValues(int top, v1::PainPoint& point) {
    auto& values = values_[static_cast<size_t>(point.from_step() - 1)];
    const auto rank = [](const v1::SeparatingValue& value) {
      const v1::Difference& difference = value.difference();
      return std::tuple(difference.has_p_value() ? difference.p_value() : 2.0,
                        -std::abs(difference.change()), std::string_view(value.dimension()),
                        std::string_view(value.value()));
    };
    std::ranges::sort(values, [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    for (size_t i = 0; i < values.size() && i < static_cast<size_t>(top); ++i) {
      *point.add_values() = std::move(values[i]);
    }
  }

  void FillContext() {
    v1::AnswerContext& context = *response_.mutable_context();
    context.set_definition("pain_points");
    context.set_start_date(FormatDate(funnel_.ranges()[0].first_day));
    context.set_end_date(FormatDate(funnel_.ranges()[0].end_day));
    context.set_sample_size(walker_.passage(0).reached);
    if (walker_.open() > 0) {
      context.add_notes(Cat(walker_.open(), " that may still go on are left out."));
    }
    std::vector<std::string> dropped;
    for (const PainWalker::Candidate& candidate : walker_.candidates()) {
      if (std::ranges::any_of(candidate.at, &PainWalker::Values::too_many)) {
        dropped.push_back(candidate.dimension.name());
      }
    }
    std::ranges::sort(dropped);
    for (const std::string& name : dropped) {
      context.add_notes(Cat(name, " has more than ", kMaxValues, " values and is left out."));
    }
    if (std::ranges::any_of(walker_.candidates(), [](const PainWalker::Candidate& candidate) {
          return candidate.dimension.of_customer();
        })) {
      context.add_notes(
          "Dimensions of customers are those of the generation: stage, value and the like may "
          "follow from going on instead of leading to it.");
    }
    context.add_notes(
        "What separates those who go on is found by looking: it need not be why they do.");
  }

  const PainWalker& walker_;
  const CompiledFunnel& funnel_;
  TestedDifferences tests_;
  v1::FindPainPointsResponse response_;
  std::vector<std::deque<v1::SeparatingValue>> values_;  // By step.
};

}  // namespace

v1::FindPainPointsResponse AnswerPainPoints(const PainWalker& walker, int top) {
  return PainPrinter(walker).Take(top);
}

}  // namespace rapport::journey
