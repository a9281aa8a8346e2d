// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/model_bootstrap.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/simulated_traits.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::FailsWith;

constexpr TimeMicros kAsOf = 20'000 * kMicrosPerDay;

// A night over simulated customers: the model and the rows it leaves.
struct Night {
  explicit Night(bool covariate) {
    Settings settings = EuroSettings();
    settings.purchase_model = "mbg_nbd";
    if (covariate) {
      settings.covariate_attributes = {"plan"};
    } else {
      settings.model_by_attribute = "plan";
    }
    const FitInput input = SimulateTraits(3'000, 5);
    model = FitModel(settings, input, kAsOf, nullptr);
    Scorer scorer(settings, model);
    for (size_t i = 0; i < input.histories.size(); ++i) {
      Projection projection;
      projection.has_orders = true;
      projection.purchases = input.histories[i];
      projection.attributes = input.attributes.At(i);
      projection.facts.mutable_rfm();
      scorer.Score(projection);
      rows.push_back(projection.facts);
    }
  }
  absl::StatusOr<v1::BootstrapValueModelResponse> Ask(const v1::BootstrapValueModelRequest& request,
                                                      int looks = 1 << 30) const {
    auto bootstrap = ModelBootstrap::Create(&model, request);
    if (!bootstrap.ok()) return bootstrap.status();
    for (const v1::CustomerFacts& row : rows) RAPPORT_EXPECT_OK(bootstrap->Add(row));
    bootstrap->set_alive([left = looks]() mutable {
      return left-- > 0 ? absl::OkStatus() : absl::CancelledError("gone");
    });
    return bootstrap->Finish();
  }
  WorkspaceModel model;
  std::vector<v1::CustomerFacts> rows;
};

v1::BootstrapValueModelRequest Request(int replicates, uint64_t seed = 1) {
  v1::BootstrapValueModelRequest request;
  request.set_replicates(replicates);
  request.set_seed(seed);
  return request;
}

TEST(ModelBootstrap, RefitsTheNightsModelAndComesNearItsErrors) {
  const Night night(/*covariate=*/true);
  const v1::ValueModel& fit = night.model.value_model();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto answer, night.Ask(Request(200)));
  EXPECT_EQ(answer.purchase_model(), "mbg_nbd");
  EXPECT_EQ(answer.replicates() + answer.left_out(), 200);
  EXPECT_LE(answer.left_out(), 10);
  EXPECT_EQ(answer.customer_count(), 3000);
  EXPECT_LE(answer.distinct_count(), 3000);
  ASSERT_EQ(answer.parameters_size(), fit.purchase_parameters_size() + fit.effects_size());
  for (int i = 0; i < fit.purchase_parameters_size(); ++i) {
    const v1::BootstrapParameter& parameter = answer.parameters(i);
    EXPECT_EQ(parameter.name(), fit.purchase_parameters(i).name());
    EXPECT_NEAR(parameter.value() / fit.purchase_parameters(i).value(), 1, 1e-9);
    EXPECT_NEAR(parameter.hessian_error() / fit.purchase_parameters(i).standard_error(), 1, 1e-6);
  }
  EXPECT_EQ(answer.parameters(4).name(), "alpha:plan=gold");
  for (const v1::BootstrapParameter& parameter : answer.parameters()) {
    // Two ways to the same error: near, not equal (200 draws alone err by 5 %).
    EXPECT_GT(parameter.bootstrap_error(), 0.6 * parameter.hessian_error()) << parameter.name();
    EXPECT_LT(parameter.bootstrap_error(), 1.9 * parameter.hessian_error()) << parameter.name();
    EXPECT_LT(parameter.interval().low(), parameter.value()) << parameter.name();
    EXPECT_GT(parameter.interval().high(), parameter.value()) << parameter.name();
    EXPECT_EQ(parameter.interval().level(), 0.95);
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto again, night.Ask(Request(200)));
  EXPECT_EQ(again.SerializeAsString(), answer.SerializeAsString()) << "a seed, an answer";
}

TEST(ModelBootstrap, OfOneGroup) {
  const Night night(/*covariate=*/false);
  v1::BootstrapValueModelRequest request = Request(20);
  request.set_segment("gold");
  request.set_level(0.8);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto answer, night.Ask(request));
  EXPECT_EQ(answer.customer_count(), 1000);
  ASSERT_EQ(answer.parameters_size(), 4);
  EXPECT_EQ(answer.parameters(0).interval().level(), 0.8);
  request.set_segment("silver");
  EXPECT_THAT(night.Ask(request), FailsWith("UNKNOWN_SEGMENT", "segment"));
}

TEST(ModelBootstrap, RefusesAndStops) {
  const Night night(/*covariate=*/true);
  EXPECT_THAT(night.Ask(Request(19)), FailsWith("OUT_OF_RANGE", "replicates"));
  EXPECT_THAT(night.Ask(Request(2001)), FailsWith("OUT_OF_RANGE", "replicates"));
  v1::BootstrapValueModelRequest request = Request(20);
  request.set_level(1);
  EXPECT_THAT(night.Ask(request), FailsWith("OUT_OF_RANGE", "level"));
  EXPECT_THAT(ModelBootstrap::Create(nullptr, Request(20)), FailsWith("NO_VALUE_MODEL", ""));
  EXPECT_EQ(night.Ask(Request(2000), /*looks=*/3).status().code(), absl::StatusCode::kCancelled)
      << "between replicates";
}

}  // namespace
}  // namespace rapport::facts
