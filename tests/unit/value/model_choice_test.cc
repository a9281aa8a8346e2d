// SPDX-License-Identifier: Apache-2.0
#include "lib/value/model_choice.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

const ModelCandidate& Find(const ModelChoice& choice, ModelKind kind) {
  for (const ModelCandidate& candidate : choice.candidates) {
    if (candidate.kind == kind) return candidate;
  }
  ADD_FAILURE() << "no candidate " << TraitsOf(kind).name;
  return choice.candidates.front();
}

// value.md: log-likelihoods and holdout MAE. BIC leaves MBG (best), BG (0.6) and puts
// Pareto/NBD out (25.7); MBG has the lower holdout error of the two.
TEST(ModelChoice, CdnowTakesMbg) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  const ChoiceRows rows{cdnow.histories};
  ChoiceOptions options;
  options.holdout = {rows, cdnow.holdout, kCdnowHoldoutDays};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice choice, ChooseModel(rows, options));
  ASSERT_EQ(choice.candidates.size(), 6u);
  ASSERT_TRUE(choice.chosen.has_value());
  EXPECT_EQ(choice.candidates[*choice.chosen].kind, ModelKind::kMbgNbd) << choice.reason;
  EXPECT_EQ(choice.customers, 2357);
  EXPECT_EQ(choice.repeaters, 946);
  const std::pair<ModelKind, double> errors[] = {
      {ModelKind::kParetoNbd, .7545}, {ModelKind::kMbgNbd, .7648}, {ModelKind::kBgNbd, .7855}};
  for (const auto& [kind, error] : errors) {
    const ModelCandidate& candidate = Find(choice, kind);
    ASSERT_TRUE(candidate.holdout.has_value()) << TraitsOf(kind).name;
    EXPECT_NEAR(candidate.holdout->mean_absolute_error, error, 5e-5) << TraitsOf(kind).name;
    EXPECT_EQ(candidate.holdout->total_actual, 1882);
    EXPECT_EQ(candidate.chosen, kind == ModelKind::kMbgNbd);
    EXPECT_FALSE(candidate.reason.empty());
  }
  EXPECT_NEAR(Find(choice, ModelKind::kBgNbd).bic_above_best, 2 * (9582.4292067 - 9582.1357156),
              1e-5);
  EXPECT_NEAR(Find(choice, ModelKind::kParetoNbd).bic_above_best, 2 * (9594.9761789 - 9582.1357156),
              1e-5);
  EXPECT_GT(Find(choice, ModelKind::kNbd).bic_above_best, 300);
  EXPECT_FALSE(Find(choice, ModelKind::kMbgCnbdK).usable);
  EXPECT_EQ(Find(choice, ModelKind::kMbgCnbdK).regularities.size(), 2u);
}

TEST(ModelChoice, WithoutHoldoutPrefersTheModelWithoutTheArtefact) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  ChoiceOptions options;
  options.kinds = {ModelKind::kBgNbd, ModelKind::kMbgNbd};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice choice, ChooseModel({cdnow.histories}, options));
  EXPECT_EQ(choice.candidates[*choice.chosen].kind, ModelKind::kMbgNbd);
  options.kinds = {ModelKind::kBgNbd, ModelKind::kNbd};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice left, ChooseModel({cdnow.histories}, options));
  EXPECT_EQ(left.candidates[*left.chosen].kind, ModelKind::kBgNbd);
  EXPECT_EQ(left.reason, "lowest BIC by 10 or more");
}

TEST(ModelChoice, TakesTheBaselineOnlyWhenNothingElseIsUsable) {
  // Nobody leaves (seed 1): a and b run away.
  const auto rows = SimulateHistories({1.5, 6, 1e-7, 1, 7}, 2000, 1);
  ChoiceOptions options;
  options.kinds = {ModelKind::kBgNbd, ModelKind::kNbd};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice choice, ChooseModel({rows}, options));
  ASSERT_TRUE(choice.chosen.has_value());
  EXPECT_EQ(choice.candidates[*choice.chosen].kind, ModelKind::kNbd);
  EXPECT_EQ(choice.candidates[0].reason, "not identified by the data: a, b");
  options.kinds = {ModelKind::kBgNbd};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice none, ChooseModel({rows}, options));
  EXPECT_FALSE(none.chosen.has_value());
  EXPECT_EQ(none.reason, "no model is usable");
}

TEST(ModelChoice, ShowsBgBbWhenAskedAndDoesNotCompareIt) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  ChoiceOptions options;
  options.kinds = {ModelKind::kMbgNbd};
  options.bg_bb_period_days = 7;
  options.holdout = {{cdnow.histories}, cdnow.holdout, kCdnowHoldoutDays};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ModelChoice choice, ChooseModel({cdnow.histories}, options));
  EXPECT_EQ(*choice.chosen, 0u);
  const ModelCandidate& discrete = Find(choice, ModelKind::kBgBb);
  EXPECT_TRUE(discrete.usable) << discrete.reason;
  EXPECT_EQ(discrete.fit.parameters.time_unit_days, 7);
  ASSERT_TRUE(discrete.holdout.has_value());
  EXPECT_NEAR(discrete.holdout->mean_absolute_error, .76, .05);
}

TEST(ModelChoice, ChoosesByGroupAndPoolsSmallOnes) {
  // Group 0 buys steadily, group 1 is CDNOW-like, group 2 is tiny.
  std::vector<PurchaseHistory> rows;
  std::vector<uint32_t> group;
  const std::pair<BgNbdParameters, int> kinds[] = {
      {{2, 8, .5, 4, 7}, 800}, {{.3, 4, .8, 2.4, 7}, 1500}, {{.3, 4, .8, 2.4, 7}, 40}};
  for (uint32_t g = 0; g < 3; ++g) {
    for (const PurchaseHistory& row : SimulateHistories(kinds[g].first, kinds[g].second, 60 + g)) {
      rows.push_back(row);
      group.push_back(g);
    }
  }
  ChoiceOptions options;
  options.kinds = {ModelKind::kBgNbd, ModelKind::kMbgNbd, ModelKind::kNbd};
  ChoiceRows input{rows};
  input.group_of_row = group;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GroupedChoice choice, ChooseByGroup(input, 4, options));
  ASSERT_TRUE(choice.pooled.chosen.has_value());
  ASSERT_EQ(choice.groups.size(), 4u);
  for (size_t g : {0, 1}) {
    EXPECT_FALSE(choice.groups[g].pooled) << choice.groups[g].reason;
    ASSERT_TRUE(choice.groups[g].own.has_value());
    // A fit of the group alone finds the same.
    const auto own = FitPurchases(
        ModelKind::kBgNbd,
        std::span(rows).subspan(g == 0 ? 0 : 800, static_cast<size_t>(kinds[g].second)));
    EXPECT_NEAR(choice.groups[g].own->candidates[0].fit.summary.log_likelihood,
                own->summary.log_likelihood, 1e-6);
  }
  for (size_t g : {2, 3}) EXPECT_TRUE(choice.groups[g].pooled);
  EXPECT_EQ(choice.groups[3].reason, "too small: 0 repeat buyers, needs 100");
  EXPECT_THAT(ChooseByGroup(input, 2, options), FailsWith("OUT_OF_RANGE", "group_of_row"));
  input.group_of_row = {};
  EXPECT_THAT(ChooseByGroup(input, 2, options), FailsWith("LENGTH_MISMATCH", "group_of_row"));
}

}  // namespace
}  // namespace rapport::value
