// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/covariates.h"

#include <cmath>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "lib/facts/covariate_choice.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/predict_value.h"
#include "lib/facts/what_if_value.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/simulated_traits.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr TimeMicros kAsOf = 20'000 * kMicrosPerDay;

Settings MbgSettings() {
  Settings settings = EuroSettings();
  settings.purchase_model = "mbg_nbd";
  return settings;
}

v1::CovariateEffect EffectOf(const v1::ValueModel& model, const std::string& parameter,
                             const std::string& covariate) {
  for (const v1::CovariateEffect& effect : model.effects()) {
    if (effect.parameter() == parameter && effect.covariate() == covariate) return effect;
  }
  ADD_FAILURE() << "no effect of " << covariate << " on " << parameter;
  return {};
}

Projection ProjectionOf(const value::PurchaseHistory& history, Attributes attributes) {
  Projection projection;
  projection.has_orders = true;
  projection.purchases = history;
  projection.attributes = std::move(attributes);
  projection.facts.mutable_rfm();
  projection.facts.set_acquisition_channel(v1::CHANNEL_WEB);
  return projection;
}

value::PurchaseHistory ThreePurchases() {
  value::PurchaseHistory history;
  history.frequency = 3;
  history.recency_days = 148;  // Not silent: gold is no sign of having left.
  history.age_days = 150;
  history.repeat_value_micros = 60'000'000;
  return history;
}

class AttributeCovariatesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Settings settings = MbgSettings();
    settings.covariate_attributes = {"plan", "age"};
    model_ =
        new WorkspaceModel(FitModel(settings, SimulateTraits(12'000, /*seed=*/7), kAsOf, nullptr));
  }
  static const v1::ValueModel& fit() { return model_->value_model(); }
  static WorkspaceModel* model_;
};
WorkspaceModel* AttributeCovariatesTest::model_ = nullptr;

TEST_F(AttributeCovariatesTest, AFitRecoversTheEffectsOfTextsAndNumbers) {
  ASSERT_EQ(fit().purchase_model(), "mbg_nbd") << fit().notes(0);
  ASSERT_EQ(fit().covariates_size(), 3);
  EXPECT_EQ(fit().covariates(0).name(), "plan=gold");
  EXPECT_EQ(fit().covariates(0).customer_count(), 4000);
  EXPECT_EQ(fit().covariates(1).name(), "age");
  EXPECT_NEAR(fit().covariates(1).mean(), kAgeMean, 0.3);
  EXPECT_NEAR(fit().covariates(1).standard_deviation(), kAgeDeviation, 0.3);
  EXPECT_EQ(fit().covariates(2).name(), "age missing");
  EXPECT_EQ(fit().covariates(2).customer_count(), 1200);
  // Truth: kGold and kAge on the rate of buying, nothing on leaving; 4 standard errors.
  const std::map<std::string, double> truth = {
      {"plan=gold", kGold}, {"age", kAge}, {"age missing", 0}};
  for (const auto& [name, expected] : truth) {
    const v1::CovariateEffect effect = EffectOf(fit(), "alpha", name);
    EXPECT_GT(effect.standard_error(), 0) << name;
    EXPECT_LT(effect.standard_error(), 0.1) << name;
    EXPECT_NEAR(effect.value(), expected, 4 * effect.standard_error()) << name;
  }
  EXPECT_LT(EffectOf(fit(), "alpha", "plan=gold").p_value(), 1e-6);
  EXPECT_LT(EffectOf(fit(), "alpha", "age").p_value(), 1e-6);
  EXPECT_GT(EffectOf(fit(), "a", "plan=gold").p_value(), 1e-3);
}

TEST_F(AttributeCovariatesTest, EveryAnswerUsesTheCustomersAttributes) {
  const Settings settings = MbgSettings();
  Projection gold = ProjectionOf(ThreePurchases(), {{"plan", "gold"}, {"age", 50.0}});
  Projection basic = ProjectionOf(ThreePurchases(), {{"plan", "basic"}, {"age", 50.0}});
  Score(settings, *model_, gold);
  Score(settings, *model_, basic);
  const v1::CustomerValue& value = gold.facts.value();
  EXPECT_GT(value.expected_purchases(), 1.05 * basic.facts.value().expected_purchases());
  ASSERT_EQ(value.covariates_size(), 3);
  EXPECT_EQ(value.covariates(0), 1);
  EXPECT_EQ(value.covariates(1), 1) << "a deviation of one, to halves";
  EXPECT_EQ(value.covariates(2), 0);
  EXPECT_EQ(basic.facts.value().covariates(0), 0);
  // Another horizon, also from the row that a night has left.
  Projection again = ProjectionOf(ThreePurchases(), {});
  again.scored_as = ModelsOf(*model_)->UseOf(gold.facts);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto quarter, ValueOver(settings, *model_, gold, 90));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto repeated, ValueOver(settings, *model_, again, 90));
  EXPECT_EQ(quarter.expected_purchases(), repeated.expected_purchases());
  // PredictValue.
  v1::PredictValueRequest request;
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto predictor, ValuePredictor::Create(settings, model_, request));
  v1::PurchaseInput input;
  input.set_repeat_purchases(3);
  input.set_recency_days(148);
  input.set_age_days(150);
  input.mutable_mean_value()->set_micros(20'000'000);
  (*input.mutable_attributes())["plan"].set_string_value("gold");
  (*input.mutable_attributes())["age"].set_number_value(50);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto prediction, predictor.Predict(input, ""));
  EXPECT_EQ(prediction.value().expected_purchases(), value.expected_purchases());
  (*input.mutable_attributes())["colour"].set_string_value("red");
  EXPECT_THAT(predictor.Predict(input, "histories[0]."),
              FailsWith("UNKNOWN_ATTRIBUTE", "histories[0].attributes[colour]"));
  // AskWhatIf reads rows.
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto what_if,
                               WhatIfTotals::Create(settings, model_, v1::AskWhatIfRequest()));
  RAPPORT_ASSERT_OK(what_if.Add(gold.facts));
  RAPPORT_ASSERT_OK(what_if.Add(basic.facts));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto answer, what_if.Finish());
  EXPECT_NEAR(
      static_cast<double>(answer.baseline().micros()),
      static_cast<double>(value.predicted().micros() + basic.facts.value().predicted().micros()),
      3);
  // Explain.
  bool told = false;
  for (const ExplainLine& line : Explain(settings, *model_, gold)) {
    for (const auto& term : line.inputs) {
      told |= term.name == "covariate plan=gold" && term.value == "1";
    }
  }
  EXPECT_TRUE(told);
}

TEST(AttributeModels, GroupsHaveModelsOfTheirOwnAndEquityAddsUp) {
  Settings settings = MbgSettings();
  settings.model_by_attribute = "plan";
  const FitInput input = SimulateTraits(6'000, 11);
  const WorkspaceModel model = FitModel(settings, input, kAsOf, nullptr);
  const v1::ValueModel& fit = model.value_model();
  EXPECT_EQ(fit.grouped_by(), "plan");
  ASSERT_EQ(fit.segments_size(), 2);
  EXPECT_EQ(fit.segments(0).segment(), "basic");
  EXPECT_EQ(fit.segments(1).segment(), "gold");
  EXPECT_EQ(fit.segments(1).customer_count(), 2000);
  EXPECT_EQ(fit.segments(1).purchase_model(), "mbg_nbd") << fit.segments(1).reason();
  Scorer scorer(settings, model);
  ValueTotals totals(model);
  Micros gold_sum = 0;
  for (size_t i = 0; i < 300; ++i) {
    Projection projection = ProjectionOf(input.histories[i], input.attributes.At(i));
    const ScoredValue scored = scorer.Score(projection);
    totals.Add(projection.facts, scored);
    const bool gold = i % 3 == 0;
    EXPECT_EQ(projection.facts.value().model_segment(), gold ? "gold" : "basic");
    if (gold) gold_sum += projection.facts.value().predicted().micros();
  }
  Projection unknown = ProjectionOf(ThreePurchases(), {{"plan", "silver"}});
  Score(settings, model, unknown);
  EXPECT_EQ(unknown.facts.value().model_segment(), "") << "all customers' model";
  const v1::ValueReport report = totals.Finish(settings);
  EXPECT_EQ(report.grouped_by(), "plan");
  ASSERT_EQ(report.by_group_size(), 2);
  EXPECT_EQ(report.by_group(1).segment(), "gold");
  EXPECT_EQ(report.by_group(1).customer_count(), 100);
  EXPECT_EQ(report.by_group(1).predicted_total().micros(), gold_sum);
  EXPECT_EQ(report.by_group(0).predicted_total().micros() + gold_sum,
            report.customer_equity().micros());
  EXPECT_LT(report.by_group(1).equity_interval().low(),
            report.by_group(1).equity_interval().high());
}

TEST(AttributeModels, NotesSayWhatTheDataDoNotHave) {
  Settings settings = MbgSettings();
  settings.covariate_attributes = {"shoe_size"};
  settings.model_by_attribute = "shoe_size";
  const WorkspaceModel model = FitModel(settings, SimulateTraits(2'000, 3), kAsOf, nullptr);
  const v1::ValueModel& fit = model.value_model();
  EXPECT_EQ(fit.purchase_model(), "mbg_nbd");
  EXPECT_EQ(fit.covariates_size() + fit.effects_size() + fit.segments_size(), 0);
  EXPECT_THAT(fit.notes(), Contains(HasSubstr("No covariate shoe_size")));
  EXPECT_THAT(fit.notes(), Contains(HasSubstr("No models by shoe_size")));
}

// 600 customers: 300 de, 200 fr, 40 it, 39 rarer ones of 3 values, 21 without.
TEST(CovariateChoice, CommonValuesAgainstTheCommonest) {
  std::vector<int> channels(600, v1::CHANNEL_WEB);
  AttributeColumns columns({"country"});
  for (int i = 0; i < 600; ++i) {
    Attributes attributes;
    const std::string rare[] = {"at", "be", "ch"};
    if (i < 300) {
      attributes["country"] = std::string("de");
    } else if (i < 500) {
      attributes["country"] = std::string("fr");
    } else if (i < 540) {
      attributes["country"] = std::string("it");
    } else if (i < 579) {
      attributes["country"] = rare[i % 3];
    }
    columns.Add(attributes);
  }
  std::vector<std::string> notes;
  const auto chosen = AttributeCovariates({channels, columns}, "country", notes);
  EXPECT_TRUE(notes.empty());
  ASSERT_EQ(chosen.size(), 4u);
  const char* names[] = {"country=fr", "country=it", "country missing", "country other"};
  const int64_t counts[] = {200, 40, 21, 39};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(chosen[i].name(), names[i]);
    EXPECT_EQ(chosen[i].customer_count(), counts[i]);
  }
  const CovariateColumn other(chosen[3]);
  EXPECT_EQ(other.Of(0, {{"country", "at"}}), 1);
  EXPECT_EQ(other.Of(0, {{"country", "never seen"}}), 1);
  EXPECT_EQ(other.Of(0, {{"country", "de"}}), 0);
  EXPECT_EQ(other.Of(0, {}), 0);
  EXPECT_EQ(CovariateColumn(chosen[2]).Of(0, {}), 1);
}

TEST(CovariateColumn, NumbersAreCutAndRoundedToHalves) {
  v1::Covariate stored;
  stored.set_name("age");
  stored.set_attribute("age");
  stored.set_kind(v1::COVARIATE_KIND_NUMBER);
  stored.set_mean(40);
  stored.set_standard_deviation(10);
  const CovariateColumn column(stored);
  const std::pair<double, double> cases[] = {{40, 0},  {41, 0},   {43, 0.5}, {50, 1},    {30, -1},
                                             {200, 3}, {-99, -3}, {38, 0},   {52.6, 1.5}};
  for (const auto& [age, expected] : cases) {
    EXPECT_EQ(column.Of(0, {{"age", age}}), expected) << age;
    EXPECT_FALSE(std::signbit(column.Of(0, {{"age", age}})) && expected == 0) << age;
  }
  EXPECT_EQ(column.Of(0, {}), 0);
}

}  // namespace
}  // namespace rapport::facts
