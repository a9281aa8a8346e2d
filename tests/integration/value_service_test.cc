// SPDX-License-Identifier: Apache-2.0
// Predictions and what-if before the first nightly run, and what they refuse.
#include <initializer_list>
#include <string>
#include <utility>

#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::ValueService::Stub;
using grpc::StatusCode;

class ValueServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
    Ingest({Order("e1", "c1", 10)});
  }
  grpc::Status Predict(const v1::PredictValueRequest& request) {
    return Call(*stubs_->values, &Stub::PredictValue, request, &prediction_);
  }
  // CDNOW's customer x 2, t_x 30.43, T 38.86 weeks, 39 weeks ahead.
  static v1::PredictValueRequest PublishedHistory() {
    v1::PredictValueRequest request;
    request.set_parent(kShop);
    request.set_horizon_days(273);
    v1::PurchaseInput& history = *request.add_histories();
    history.set_repeat_purchases(2);
    history.set_recency_days(30.43 * 7);
    history.set_age_days(38.86 * 7);
    return request;
  }
  static void Give(const char* model, std::initializer_list<std::pair<const char*, double>> numbers,
                   v1::PredictValueRequest& request) {
    request.clear_model();
    request.mutable_model()->set_model(model);
    for (const auto& [name, number] : numbers) {
      v1::Parameter& parameter = *request.mutable_model()->add_parameters();
      parameter.set_name(name);
      parameter.set_value(number);
    }
  }

  v1::PredictValueResponse prediction_;
};

TEST_F(ValueServiceTest, PredictsWithGivenParametersBeforeTheFirstNight) {
  v1::PredictValueRequest request = PublishedHistory();
  EXPECT_THAT(Predict(request), FailsWithCode(StatusCode::FAILED_PRECONDITION, "NO_VALUE_MODEL"));
  Give("bg_nbd", {{"r", .2425945}, {"alpha", 4.413602}, {"a", .792922}, {"b", 2.425907}}, request);
  request.set_max_purchases(3);
  ASSERT_THAT(Predict(request), IsGrpcOk());
  ASSERT_EQ(prediction_.predictions_size(), 1);
  EXPECT_NEAR(prediction_.predictions(0).value().expected_purchases(), 1.225907, 1e-6);
  EXPECT_NEAR(prediction_.predictions(0).value().p_alive(), 0.726609, 1e-6);
  EXPECT_EQ(prediction_.predictions(0).purchase_counts_size(), 4);
  EXPECT_EQ(prediction_.context().sample_size(), 1);
  EXPECT_TRUE(prediction_.context().generation().empty());
  Give("pareto_nbd", {{"r", .553277}, {"alpha", 10.577684}, {"s", .606240}, {"beta", 11.668735}},
       request);
  ASSERT_THAT(Predict(request), IsGrpcOk());
  EXPECT_NEAR(prediction_.predictions(0).value().expected_purchases(), 1.455099, 1e-6);
  Give("pareto_nbd", {{"r", .5}}, request);
  EXPECT_THAT(Predict(request), RefusesField("model.parameters[alpha]", "REQUIRED"));
}

TEST_F(ValueServiceTest, PredictNamesTheHistoryThatIsWrong) {
  v1::PredictValueRequest request = PublishedHistory();
  request.add_histories()->set_age_days(-1);
  EXPECT_THAT(Predict(request), RefusesField("histories[1].age_days", "NEGATIVE"));
  request.mutable_histories(1)->set_age_days(30);
  request.mutable_histories(1)->set_recency_days(10);
  EXPECT_THAT(Predict(request),
              RefusesField("histories[1].recency_days", "RECENCY_WITHOUT_REPEAT"));
  request.clear_histories();
  EXPECT_THAT(Predict(request), RefusesField("histories", "REQUIRED"));
  for (int i = 0; i < 1001; ++i) request.add_histories();
  EXPECT_THAT(Predict(request), RefusesField("histories", "TOO_MANY"));
  request.set_parent("workspaces/none");
  EXPECT_THAT(Predict(request), FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
}

TEST_F(ValueServiceTest, WhatIfWaitsForTheFirstNight) {
  v1::AskWhatIfRequest request;
  v1::AskWhatIfResponse response;
  request.set_parent(kShop);
  EXPECT_THAT(Call(*stubs_->values, &Stub::AskWhatIf, request, &response),
              FailsWithCode(StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
  request.set_parent("shop");
  EXPECT_THAT(Call(*stubs_->values, &Stub::AskWhatIf, request, &response),
              RefusesField("parent", "BAD_NAME"));
}

}  // namespace
}  // namespace rapport::testing
