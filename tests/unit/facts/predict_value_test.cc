// SPDX-License-Identifier: Apache-2.0
// Predictions for given histories: published figures, agreement with stored customers,
// channels, and every refusal.
#include "lib/facts/predict_value.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/stored_model.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The customer of Fader, Hardie, Lee 2005: x 2, t_x 30.43, T 38.86 weeks.
v1::PurchaseInput PublishedHistory() {
  v1::PurchaseInput input;
  input.set_repeat_purchases(2);
  input.set_recency_days(30.43 * 7);
  input.set_age_days(38.86 * 7);
  return input;
}

v1::PredictValueRequest Over(int32_t days, int32_t counts = 0) {
  v1::PredictValueRequest request;
  request.set_horizon_days(days);
  request.set_max_purchases(counts);
  return request;
}

v1::PurchaseModelInput Given(const std::string& model, const Numbers& numbers) {
  v1::PurchaseModelInput input;
  input.set_model(model);
  SetParameters(numbers, *input.mutable_parameters());
  return input;
}

v1::ValuePrediction Predict(const WorkspaceModel* model, const v1::PredictValueRequest& request,
                            const v1::PurchaseInput& input) {
  auto predictor = ValuePredictor::Create(EuroSettings(), model, request);
  EXPECT_TRUE(predictor.ok()) << predictor.status();
  auto prediction = predictor->Predict(input, "histories[0].");
  EXPECT_TRUE(prediction.ok()) << prediction.status();
  return prediction.ok() ? *prediction : v1::ValuePrediction();
}

TEST(PredictValue, PublishedForecastOfBgNbd) {
  // 39 weeks ahead; 30 digits by mpmath's quadrature over the posterior of the chance to
  // leave: P(alive) 0.7266091808, E 1.2259068678.
  const WorkspaceModel model = CdnowModel();
  const v1::ValuePrediction prediction = Predict(&model, Over(273, 40), PublishedHistory());
  const v1::CustomerValue& value = prediction.value();
  EXPECT_NEAR(value.p_alive(), 0.7266091808, 1e-9);
  EXPECT_NEAR(value.expected_purchases(), 1.2259068678, 1e-8);
  EXPECT_EQ(value.model(), "bg_nbd+gamma_gamma");
  EXPECT_EQ(value.horizon_days(), 273);
  ASSERT_EQ(prediction.purchase_counts_size(), 41);
  double sum = 0, mean = 0;
  for (int n = 0; n <= 40; ++n) {
    sum += prediction.purchase_counts(n);
    mean += n * prediction.purchase_counts(n);
  }
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_NEAR(mean, value.expected_purchases(), 1e-4);
  EXPECT_NEAR(1 - prediction.purchase_counts(0), value.purchase_probability(), 1e-8);
  EXPECT_LT(prediction.p_alive_at_horizon(), value.p_alive());
}

TEST(PredictValue, GivenParametersNeedNoStoredModel) {
  // mpmath: P(alive) by quadrature of Schmittlein, Morrison, Colombo's integral, and
  // P(alive at T + t) = P(alive) ((beta + T) / (beta + T + t))^s.
  v1::PredictValueRequest request = Over(273);
  *request.mutable_model() = Given("pareto_nbd", CdnowParetoNbd());
  const v1::ValuePrediction prediction = Predict(nullptr, request, PublishedHistory());
  EXPECT_NEAR(prediction.value().p_alive(), 0.8691156590, 1e-9);
  EXPECT_NEAR(prediction.value().expected_purchases(), 1.4550987043, 1e-8);
  EXPECT_NEAR(prediction.p_alive_at_horizon(), 0.6144308247, 1e-9);
  EXPECT_EQ(prediction.value().predicted().micros(), 0);
  EXPECT_THAT(prediction.value().notes(), Contains(HasSubstr("No spend model")));
  EXPECT_EQ(prediction.purchase_counts_size(), 1) << "counts from 0 to max_purchases";

  // With a mean of its own the history has a value, without a model of spend.
  v1::PurchaseInput paid = PublishedHistory();
  paid.mutable_mean_value()->set_micros(20'000'000);
  const v1::ValuePrediction valued = Predict(nullptr, request, paid);
  EXPECT_EQ(valued.value().expected_order_value().micros(), 20'000'000);
  EXPECT_GT(valued.value().predicted().micros(), 0);
  EXPECT_THAT(valued.value().notes(), ElementsAre(HasSubstr("count as known")));
}

TEST(PredictValue, TheTimeUnitIsThatOfTheParameters) {
  // Rates per day instead of per week: alpha x 7 with a unit of one day.
  v1::PredictValueRequest request = Over(273);
  *request.mutable_model() =
      Given("bg_nbd", {{"r", .2425945}, {"alpha", 4.413602 * 7}, {"a", .792922}, {"b", 2.425907}});
  request.mutable_model()->set_time_unit_days(1);
  const v1::ValuePrediction daily = Predict(nullptr, request, PublishedHistory());
  EXPECT_NEAR(daily.value().expected_purchases(), 1.2259068678, 1e-8);
}

TEST(PredictValue, AgreesWithAStoredCustomerOfThatHistory) {
  const WorkspaceModel model = CdnowModel();
  const Settings settings = EuroSettings();
  Projection stored;
  stored.has_orders = true;
  stored.purchases = {4, 150, 200, 4 * 27'500'000, 0};
  stored.facts.mutable_rfm()->mutable_monetary()->set_micros(130'000'000);
  Score(settings, model, stored);
  v1::CustomerValue expected = stored.facts.value();
  expected.clear_historic();
  expected.clear_decile();

  v1::PurchaseInput input;
  input.set_repeat_purchases(4);
  input.set_recency_days(150);
  input.set_age_days(200);
  input.mutable_mean_value()->set_micros(27'500'000);
  const v1::ValuePrediction prediction = Predict(&model, {}, input);
  EXPECT_THAT(prediction.value(), rapport::testing::EqualsProto(expected.DebugString()));
  EXPECT_GT(prediction.value().total_interval().high(), 0);
}

TEST(PredictValue, ChannelChoosesModelAndCovariates) {
  WorkspaceModel model = CdnowModel();
  v1::ValueModel& stored = *model.mutable_value_model();
  // A positive effect on alpha raises the rate of buying: alpha exp(-0.5).
  for (const char* parameter : {"alpha", "a", "b"}) {
    v1::CovariateEffect& effect = *stored.add_effects();
    effect.set_parameter(parameter);
    effect.set_covariate("channel:EMAIL");
    effect.set_value(parameter == std::string("alpha") ? 0.5 : 0);
  }
  const size_t slots = value::TraitsOf(value::ModelKind::kBgNbd).covariate_slots.size();
  while (static_cast<size_t>(stored.effects_size()) > slots) stored.mutable_effects()->RemoveLast();
  v1::SegmentModel& segment = *stored.add_segments();
  segment.set_segment("WEB");
  segment.set_purchase_model("pareto_nbd");
  segment.set_regularity(1);
  SetParameters(CdnowParetoNbd(), *segment.mutable_purchase_parameters());

  v1::PurchaseInput input = PublishedHistory();
  EXPECT_NEAR(Predict(&model, Over(273), input).value().expected_purchases(), 1.2259068678, 1e-8);
  input.set_channel(v1::CHANNEL_WEB);
  const v1::ValuePrediction web = Predict(&model, Over(273), input);
  EXPECT_NEAR(web.value().expected_purchases(), 1.4550987043, 1e-8);
  EXPECT_NEAR(web.p_alive_at_horizon(), 0.6144308247, 1e-9);
  EXPECT_EQ(web.value().model_segment(), "WEB");
  input.set_channel(v1::CHANNEL_EMAIL);
  const v1::ValuePrediction email = Predict(&model, Over(273), input);
  v1::PredictValueRequest by_hand = Over(273);
  *by_hand.mutable_model() = Given(
      "bg_nbd",
      {{"r", .2425945}, {"alpha", 4.413602 * std::exp(-.5)}, {"a", .792922}, {"b", 2.425907}});
  EXPECT_NEAR(email.value().expected_purchases(),
              Predict(&model, by_hand, PublishedHistory()).value().expected_purchases(), 1e-8);
  // Given parameters hold for every channel.
  input.set_channel(v1::CHANNEL_WEB);
  EXPECT_EQ(Predict(&model, by_hand, input).value().model_segment(), "");
}

TEST(PredictValue, ExtremeHistoriesGiveFiniteAnswers) {
  const WorkspaceModel model = CdnowModel();
  for (const auto& [x, recency, age] : std::vector<std::tuple<int64_t, double, double>>{
           {0, 0, 0}, {0, 0, 1e5}, {1, 1e-3, 1e-3}, {10'000, 3649, 3650}, {1'000'000, 1e6, 1e6}}) {
    v1::PurchaseInput input;
    input.set_repeat_purchases(x);
    input.set_recency_days(recency);
    input.set_age_days(age);
    const v1::ValuePrediction prediction = Predict(&model, Over(3650, 100), input);
    EXPECT_TRUE(std::isfinite(prediction.value().expected_purchases())) << x;
    EXPECT_GE(prediction.value().predicted().micros(), 0) << x;
    EXPECT_GE(prediction.p_alive_at_horizon(), 0) << x;
    EXPECT_LE(prediction.p_alive_at_horizon(), prediction.value().p_alive()) << x;
    for (const double chance : prediction.purchase_counts()) {
      EXPECT_TRUE(chance >= 0 && chance <= 1) << x << " " << chance;
    }
  }
}

TEST(PredictValue, RefusesWhatIsNoHistory) {
  struct Case {
    void (*spoil)(v1::PurchaseInput&);
    const char* reason;
    const char* field;
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const Case cases[] = {
      {[](auto& in) { in.set_repeat_purchases(-1); }, "NEGATIVE", "repeat_purchases"},
      {[](auto& in) { in.set_repeat_purchases(1'000'001); }, "TOO_LARGE", "repeat_purchases"},
      {[](auto& in) { in.set_repeat_purchases(0); }, "RECENCY_WITHOUT_REPEAT", "recency_days"},
      {[](auto& in) { in.set_recency_days(0); }, "RECENCY_MISSING", "recency_days"},
      {[](auto& in) { in.set_recency_days(kNan); }, "NOT_FINITE", "recency_days"},
      {[](auto& in) { in.set_recency_days(1e4); }, "RECENCY_AFTER_AGE", "recency_days"},
      {[](auto& in) { in.set_age_days(-1); }, "NEGATIVE", "age_days"},
      {[](auto& in) { in.set_sum_log_gap_days(kNan); }, "NOT_FINITE", "sum_log_gap_days"},
      {[](auto& in) { in.mutable_mean_value()->set_micros(-1); }, "NEGATIVE", "mean_value"},
      {[](auto& in) { in.mutable_mean_value()->set_micros(INT64_MAX); }, "TOO_LARGE", "mean_value"},
      {[](auto& in) { in.mutable_mean_value()->set_currency("USD"); }, "OTHER_CURRENCY",
       "mean_value.currency"},
      {[](auto& in) {
         in.set_repeat_purchases(0);
         in.set_recency_days(0);
         in.mutable_mean_value()->set_micros(1);
       },
       "MEAN_WITHOUT_REPEAT", "mean_value"},
  };
  for (const Case& at : cases) {
    v1::PurchaseInput input = PublishedHistory();
    at.spoil(input);
    EXPECT_THAT(HistoryOf(EuroSettings(), input, "histories[7]."),
                FailsWith(at.reason, std::string("histories[7].") + at.field));
  }
}

TEST(PredictValue, RefusesBadRequests) {
  const WorkspaceModel model = CdnowModel();
  const auto create = [&](const WorkspaceModel* stored, const v1::PredictValueRequest& request) {
    return ValuePredictor::Create(EuroSettings(), stored, request).status();
  };
  EXPECT_THAT(create(&model, Over(3651)), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(create(&model, Over(-1)), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(create(&model, Over(30, 101)), FailsWith("OUT_OF_RANGE", "max_purchases"));
  EXPECT_THAT(create(nullptr, Over(30)), FailsWith("NO_VALUE_MODEL", ""));
  const WorkspaceModel empty;
  EXPECT_THAT(create(&empty, Over(30)), FailsWith("NO_VALUE_MODEL", ""));
  v1::PredictValueRequest request = Over(30);
  *request.mutable_model() = Given("crystal_ball", {});
  EXPECT_THAT(create(&model, request), FailsWith("UNKNOWN_MODEL", "model.model"));
  *request.mutable_model() = Given("nbd", {{"r", .4}});
  EXPECT_THAT(create(&model, request), FailsWith("REQUIRED", "model.parameters[alpha]"));
  *request.mutable_model() = Given("nbd", {{"r", .4}, {"alpha", -1}});
  EXPECT_THAT(create(&model, request), FailsWith("NOT_POSITIVE", "model.alpha"));
}

}  // namespace
}  // namespace rapport::facts
