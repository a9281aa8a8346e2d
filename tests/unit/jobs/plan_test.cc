// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/plan.h"

#include "gmock/gmock.h"
#include "jobs/stages/catalog.h"
#include "tests/support/matchers.h"

namespace rapport::jobs {
namespace {

class NamedStage final : public Stage {
 public:
  NamedStage(std::string_view name, std::vector<std::string_view> needs, Source source)
      : name_(name), needs_(std::move(needs)), source_(source) {}
  std::string_view name() const override { return name_; }
  std::vector<std::string_view> needs() const override { return needs_; }
  Source source() const override { return source_; }
  absl::StatusOr<int64_t> Finish(Run&) override { return 0; }

 private:
  std::string_view name_;
  std::vector<std::string_view> needs_;
  Source source_;
};

using Stages = std::vector<std::unique_ptr<Stage>>;

void Add(Stages& stages, std::string_view name, std::vector<std::string_view> needs,
         Source source = Source::kFolds) {
  stages.push_back(std::make_unique<NamedStage>(name, std::move(needs), source));
}

std::vector<std::string> Names(const Wave& wave) {
  std::vector<std::string> names;
  for (const Stage* stage : wave.stages) names.emplace_back(stage->name());
  return names;
}

TEST(PlanWaves, StagesOfOneSourceShareAPass) {
  Stages stages;
  Add(stages, "a", {}, Source::kEvents);
  Add(stages, "b", {"a"});
  Add(stages, "c", {"a"});
  Add(stages, "d", {"a"}, Source::kNone);
  Add(stages, "e", {"b"});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto waves, PlanWaves(stages));
  ASSERT_EQ(waves.size(), 4u);
  EXPECT_THAT(Names(waves[0]), ::testing::ElementsAre("a"));
  EXPECT_THAT(Names(waves[1]), ::testing::ElementsAre("b", "c"));
  EXPECT_THAT(Names(waves[2]), ::testing::ElementsAre("d"));
  EXPECT_THAT(Names(waves[3]), ::testing::ElementsAre("e"));
}

TEST(PlanWaves, RefusesStagesThatNeedEachOther) {
  Stages stages;
  Add(stages, "a", {"b"});
  Add(stages, "b", {"a"});
  EXPECT_THAT(PlanWaves(stages), testing::StatusIs(absl::StatusCode::kInternal));
}

TEST(PlanWaves, RefusesAnUnknownNeedAndTwoOfOneName) {
  Stages unknown;
  Add(unknown, "a", {"nobody"});
  EXPECT_THAT(PlanWaves(unknown), testing::StatusIs(absl::StatusCode::kInternal));
  Stages twice;
  Add(twice, "a", {});
  Add(twice, "a", {});
  EXPECT_THAT(PlanWaves(twice), testing::StatusIs(absl::StatusCode::kInternal));
}

TEST(PlanWaves, TheNightHasSevenWaves) {
  const auto stages = AllStages();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto waves, PlanWaves(stages));
  EXPECT_EQ(DescribePlan(waves),
            "wave 0: no pass over customers\n"
            "  seal\n"
            "wave 1: one pass over customers' events\n"
            "  fold  after seal\n"
            "  event_series  after seal\n"
            "wave 2: one pass over customers' folds\n"
            "  base_reports  after fold\n"
            "  transitions  after fold\n"
            "  value_fit  after fold\n"
            "wave 3: no pass over customers\n"
            "  metric_series  after seal\n"
            "  frameworks  after seal\n"
            "wave 4: one pass over customers' folds\n"
            "  predict  after fold, value_fit\n"
            "wave 5: one pass over customers' folds\n"
            "  facts  after fold, predict\n"
            "wave 6: no pass over customers\n"
            "  alerts  after event_series, metric_series\n"
            "  segments  after facts\n"
            "  reports  after base_reports, predict, facts, metric_series, frameworks\n");
}

}  // namespace
}  // namespace rapport::jobs
