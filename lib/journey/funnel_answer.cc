// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/funnel_answer.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/journey/conversion_time.h"
#include "lib/journey/tested_differences.h"

namespace rapport::journey {
namespace {

// A group in every range; nullptr where nobody entered.
struct GroupRow {
  std::string label;
  std::vector<const FunnelSums*> sums;
};

std::string StepName(const CompiledFunnel& funnel, int step) {
  if (funnel.plan().order != Order::kAny) return funnel.funnel().steps(step).name();
  return step == 0 ? "1 step" : Cat(step + 1, " steps");
}

class FunnelPrinter {
 public:
  explicit FunnelPrinter(const CompiledFunnel& funnel) : funnel_(funnel), plan_(funnel.plan()) {}

  void Print(const FunnelSums& sums, bool all_times, v1::FunnelResult* out) const {
    out->set_entered(sums.entered());
    out->set_completed(sums.completed());
    out->set_open(sums.open());
    double conversion = 0;
    FillShare(sums.completed(), sums.entered(), &conversion, out->mutable_conversion_interval());
    out->set_conversion(conversion);
    for (int step = 0; step < plan_.steps; ++step) {
      PrintStep(sums, step, all_times, out->add_steps());
    }
    const int last = plan_.last();
    if (all_times) {
      *out->mutable_completion_time() = out->steps(last).time_from_start();
    } else {
      FillTimes(sums.completion(), out->mutable_completion_time());
    }
  }

  // The step whose count a conversion from the one before is a share of.
  int Before(int step) const {
    return plan_.order == Order::kAny ? step - 1 : plan_.RequiredBefore(step);
  }

 private:
  void PrintStep(const FunnelSums& sums, int step, bool all_times,
                 v1::FunnelStepResult* out) const {
    out->set_name(StepName(funnel_, step));
    out->set_count(sums.count(step));
    out->set_optional(!plan_.Required(step));
    double share = 0;
    FillShare(sums.count(step), sums.entered(), &share,
              out->mutable_conversion_from_start_interval());
    out->set_conversion_from_start(share);
    if (step == 0) return;
    const int64_t before = sums.count(Before(step));
    share = 0;
    FillShare(sums.count(step), before, &share, out->mutable_conversion_from_previous_interval());
    out->set_conversion_from_previous(share);
    if (plan_.Required(step)) out->set_dropped(before - sums.count(step));
    if (all_times) {
      FillTimes(sums.from_start(step), sums.times_from_start(step), funnel_.histogram_bins(),
                out->mutable_time_from_start());
      if (step == 1) {  // The step before is the first.
        *out->mutable_time_from_previous() = out->time_from_start();
      } else {
        FillTimes(sums.from_previous(step), sums.times_from_previous(step),
                  funnel_.histogram_bins(), out->mutable_time_from_previous());
      }
    } else {
      FillTimes(sums.from_previous(step), out->mutable_time_from_previous());
      FillTimes(sums.from_start(step), out->mutable_time_from_start());
    }
  }

  const CompiledFunnel& funnel_;
  const FunnelPlan& plan_;
};

class FunnelAnswer {
 public:
  explicit FunnelAnswer(const FunnelWalker& walker)
      : walker_(walker), funnel_(walker.funnel()), printer_(funnel_) {}

  v1::QueryFunnelResponse Take() {
    *response_.mutable_funnel() = funnel_.funnel();
    printer_.Print(walker_.total(0), true, response_.mutable_total());
    MakeRows();
    for (const GroupRow& row : rows_) PrintRow(row, 0, response_.add_groups());
    if (funnel_.ranges().size() > 1) Compare();
    FillContext();
    return std::move(response_);
  }

 private:
  void PrintRow(const GroupRow& row, size_t range, v1::FunnelResult* out) const {
    out->set_group(row.label);
    const FunnelSums none(funnel_.plan(), false);
    printer_.Print(row.sums[range] == nullptr ? none : *row.sums[range], false, out);
  }

  // The largest groups of the range asked for; what is left as `other`.
  void MakeRows() {
    if (!funnel_.dimension()) return;
    absl::flat_hash_map<uint32_t, std::vector<const FunnelSums*>> by_code;
    for (size_t range = 0; range < funnel_.ranges().size(); ++range) {
      for (const auto& [code, sums] : walker_.groups(range)) {
        auto& of_code = by_code[code];
        of_code.resize(funnel_.ranges().size());
        of_code[range] = &sums;
      }
    }
    for (auto& [code, sums] : by_code) {
      rows_.push_back({funnel_.dimension()->Label(code, funnel_.scope(), walker_.properties()),
                       std::move(sums)});
    }
    std::ranges::sort(rows_, [](const GroupRow& a, const GroupRow& b) {
      const auto rank = [](const GroupRow& row) {
        return std::tuple(row.sums[0] == nullptr ? 0 : -row.sums[0]->entered(),
                          std::string_view(row.label));
      };
      return rank(a) < rank(b);
    });
    FoldRest();
  }

  void FoldRest() {
    const auto top = static_cast<size_t>(funnel_.top());
    if (rows_.size() <= top) return;
    rest_.assign(funnel_.ranges().size(), FunnelSums(funnel_.plan(), false));
    GroupRow other{.label = "other", .sums = {}};
    for (size_t range = 0; range < rest_.size(); ++range) {
      for (size_t i = top; i < rows_.size(); ++i) {
        if (rows_[i].sums[range] != nullptr) rest_[range].Merge(*rows_[i].sums[range]);
      }
      other.sums.push_back(&rest_[range]);
    }
    folded_ = rows_.size() - top;
    rows_.resize(top);
    rows_.push_back(std::move(other));
  }

  void Compare() {
    printer_.Print(walker_.total(1), true, response_.mutable_compared_total());
    for (const GroupRow& row : rows_) PrintRow(row, 1, response_.add_compared_groups());
    response_.set_compared_start_date(FormatDate(funnel_.ranges()[1].first_day));
    response_.set_compared_end_date(FormatDate(funnel_.ranges()[1].end_day));
    TestedDifferences tests;
    CompareGroup(response_.total(), response_.compared_total(), tests);
    for (int i = 0; i < response_.groups_size(); ++i) {
      CompareGroup(response_.groups(i), response_.compared_groups(i), tests);
    }
    tests.Correct();
  }

  void CompareGroup(const v1::FunnelResult& now, const v1::FunnelResult& then,
                    TestedDifferences& tests) {
    for (int step = 1; step < now.steps_size(); ++step) {
      v1::FunnelComparison& out = *response_.add_comparisons();
      out.set_group(now.group());
      out.set_step(step + 1);
      const auto share = [step](const v1::FunnelResult& of, int base) {
        return math::Proportion{of.steps(step).count(), of.steps(base).count()};
      };
      tests.Add(share(then, 0), share(now, 0), out.mutable_from_start());
      const int before = printer_.Before(step);
      if (before == 0) {
        twins_.push_back(&out);  // The same figures as above: tested once.
      } else {
        tests.Add(share(then, before), share(now, before), out.mutable_from_previous());
      }
    }
  }

  void FillContext() {
    for (v1::FunnelComparison* twin : twins_) *twin->mutable_from_previous() = twin->from_start();
    v1::AnswerContext& context = *response_.mutable_context();
    context.set_definition("funnel");
    context.set_start_date(FormatDate(funnel_.ranges()[0].first_day));
    context.set_end_date(FormatDate(funnel_.ranges()[0].end_day));
    context.set_sample_size(response_.total().entered());
    const v1::FunnelResult& total = response_.total();
    if (total.open() > 0) {
      context.add_notes(Cat(total.open(), " of ", total.entered(),
                            " may still go on: their window was open when this was counted."));
    }
    if (total.entered() > 0 && total.entered() < math::kMinimumTrials) {
      context.add_notes(Cat("Small sample: ", total.entered(), " entered."));
    }
    if (walker_.overlapping() && !funnel_.plan().strict_once &&
        funnel_.plan().order == Order::kOrdered) {
      context.add_notes(
          "Some events fit several steps and may count for all of them; the rule STRICT_ONCE "
          "lets them count for one.");
    }
    if (folded_ > 0) context.add_notes(Cat(folded_, " smaller groups are shown as other."));
    if (funnel_.dimension() && funnel_.attribution() == v1::FUNNEL_ATTRIBUTION_ALL_STEPS &&
        !funnel_.dimension()->of_customer()) {
      context.add_notes("Groups overlap: each has a funnel over its own events alone.");
    }
    if (funnel_.dimension() && funnel_.dimension()->of_customer()) {
      context.add_notes("Customers are grouped by what they are as of the generation.");
    }
  }

  const FunnelWalker& walker_;
  const CompiledFunnel& funnel_;
  FunnelPrinter printer_;
  v1::QueryFunnelResponse response_;
  std::vector<GroupRow> rows_;
  std::vector<FunnelSums> rest_;
  std::vector<v1::FunnelComparison*> twins_;
  size_t folded_ = 0;
};

}  // namespace

absl::StatusOr<v1::QueryFunnelResponse> AnswerFunnel(const FunnelWalker& walker) {
  if (walker.too_many_groups()) {
    return InvalidField("group_by", "TOO_MANY_GROUPS",
                        Cat("has more than ", kMaxGroupsCounted, " values"));
  }
  return FunnelAnswer(walker).Take();
}

}  // namespace rapport::journey
