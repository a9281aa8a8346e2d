// SPDX-License-Identifier: Apache-2.0
// What-if over rows of facts: the baseline is the value report's equity, changes do what
// closed forms say.
#include "lib/facts/what_if_value.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/stored_model.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::FailsWith;

WorkspaceModel ParetoModel() {
  WorkspaceModel model = CdnowModel();
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_purchase_model("pareto_nbd");
  stored.clear_purchase_covariance();
  SetParameters(CdnowParetoNbd(), *stored.mutable_purchase_parameters());
  return model;
}

// Customers of many histories, every third of channel WEB, scored.
std::vector<Projection> ScoredBase(const Settings& settings, const WorkspaceModel& model,
                                   int customers) {
  std::mt19937 random(20260301);
  Scorer scorer(settings, model);
  std::vector<Projection> base;
  for (int i = 0; i < customers; ++i) {
    Projection& one = base.emplace_back();
    one.has_orders = true;
    one.purchases.frequency = static_cast<uint32_t>(random() % 3 == 0 ? 0 : random() % 7);
    one.purchases.age_days = 30 + static_cast<double>(random() % 40) * 7;
    if (one.purchases.frequency > 0) {
      one.purchases.recency_days = 1 + static_cast<double>(random() % 29);
      one.purchases.repeat_value_micros =
          one.purchases.frequency * (1'000'000 + static_cast<Micros>(random() % 90'000'000));
    }
    one.facts.set_acquisition_channel(i % 3 == 0 ? v1::CHANNEL_WEB : v1::CHANNEL_APP);
    scorer.Score(one);
  }
  return base;
}

absl::StatusOr<v1::AskWhatIfResponse> Ask(const Settings& settings, const WorkspaceModel& model,
                                          const std::vector<Projection>& base,
                                          const v1::AskWhatIfRequest& request) {
  auto totals = WhatIfTotals::Create(settings, &model, request);
  if (!totals.ok()) return totals.status();
  for (const Projection& one : base) {
    if (const absl::Status added = totals->Add(one.facts); !added.ok()) return added;
  }
  return totals->Finish();
}

TEST(WhatIfValue, BaselineIsTheReportsEquity) {
  WorkspaceModel segmented = CdnowModel();
  v1::SegmentModel& segment = *segmented.mutable_value_model()->add_segments();
  segment.set_segment("WEB");
  segment.set_purchase_model("pareto_nbd");
  SetParameters(CdnowParetoNbd(), *segment.mutable_purchase_parameters());
  WorkspaceModel plain_mean = CdnowModel();
  plain_mean.mutable_value_model()->set_spend_model("mean");
  Settings settings = EuroSettings();
  settings.margin = 0.4;
  constexpr int kCustomers = 3000;
  for (const WorkspaceModel& model : {CdnowModel(), ParetoModel(), segmented, plain_mean}) {
    const std::vector<Projection> base = ScoredBase(settings, model, kCustomers);
    ValueTotals report(model);
    double purchases = 0;
    for (const Projection& one : base) {
      report.Add(one.facts, {});
      purchases += one.facts.value().expected_purchases();
    }
    const int64_t equity = report.Finish(settings).customer_equity().micros();
    RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::AskWhatIfResponse answer,
                                 Ask(settings, model, base, {}));
    EXPECT_EQ(answer.customer_count(), kCustomers);
    // Each row's value and order value are rounded to a micro: at most one or two each.
    EXPECT_NEAR(static_cast<double>(answer.baseline().micros()), static_cast<double>(equity),
                2.0 * kCustomers);
    EXPECT_GT(equity, 1'000'000'000);
    EXPECT_EQ(answer.changed().micros(), answer.baseline().micros());
    EXPECT_EQ(answer.relative_change(), 0);
    EXPECT_NEAR(answer.baseline_purchases(), purchases, 1e-6 * purchases);
    EXPECT_EQ(answer.baseline().currency(), "EUR");
  }
}

TEST(WhatIfValue, OneCustomersBaselineIsThePredictedValue) {
  const Settings settings = EuroSettings();
  const WorkspaceModel model = CdnowModel();
  for (const Projection& one : ScoredBase(settings, model, 50)) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::AskWhatIfResponse answer,
                                 Ask(settings, model, {one}, {}));
    EXPECT_NEAR(static_cast<double>(answer.baseline().micros()),
                static_cast<double>(one.facts.value().predicted().micros()), 4);
  }
}

// The customer x 2, t_x 30.43, T 38.86 weeks, 39 weeks ahead, Pareto/NBD. Every own rate of
// leaving times 0.9, of buying times 1.05 from today on, by the closed form
// P(alive) (r + x) / (alpha + T) (beta + T) / (s - 1) (1 - ((beta + T) / (beta + T + t))^(s - 1))
// with beta + T divided by 0.9 and alpha + T by 1.05 (mpmath).
TEST(WhatIfValue, ChangesFollowTheClosedForm) {
  const Settings settings = EuroSettings();
  const WorkspaceModel model = ParetoModel();
  Projection one;
  one.has_orders = true;
  one.purchases = {2, 30.43 * 7, 38.86 * 7, 60'000'000, 0};
  Score(settings, model, one);
  v1::AskWhatIfRequest request;
  request.set_horizon_days(273);
  request.set_leaving_change(-0.1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto answer, Ask(settings, model, {one}, request));
  EXPECT_NEAR(answer.baseline_purchases(), 1.4550987043, 2e-6);
  EXPECT_NEAR(answer.changed_purchases(), 1.4774068180, 2e-6);
  request.set_frequency_change(0.05);
  RAPPORT_ASSERT_OK_AND_ASSIGN(answer, Ask(settings, model, {one}, request));
  EXPECT_NEAR(answer.changed_purchases(), 1.5512771589, 2e-6);
  request.set_leaving_change(0);
  RAPPORT_ASSERT_OK_AND_ASSIGN(answer, Ask(settings, model, {one}, request));
  EXPECT_NEAR(answer.changed_purchases(), 1.5278536395, 2e-6);
  EXPECT_NEAR(answer.relative_change(), 0.05, 1e-6);
}

TEST(WhatIfValue, OrderValueAndMarginMultiply) {
  Settings settings = EuroSettings();
  settings.margin = 0.3;
  const WorkspaceModel model = CdnowModel();
  const std::vector<Projection> base = ScoredBase(settings, model, 200);
  v1::AskWhatIfRequest request;
  request.set_order_value_change(0.1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto answer, Ask(settings, model, base, request));
  EXPECT_NEAR(answer.relative_change(), 0.1, 1e-7);
  request.set_margin(0.45);
  RAPPORT_ASSERT_OK_AND_ASSIGN(answer, Ask(settings, model, base, request));
  EXPECT_NEAR(answer.relative_change(), 1.1 * 1.5 - 1, 1e-7);
  EXPECT_EQ(answer.changed_purchases(), answer.baseline_purchases());
  request.set_margin(0);
  RAPPORT_ASSERT_OK_AND_ASSIGN(answer, Ask(settings, model, base, request));
  EXPECT_EQ(answer.changed().micros(), 0);
  EXPECT_EQ(answer.relative_change(), -1);
}

TEST(WhatIfValue, LessLeavingIsWorthMoreUnderEveryModel) {
  const Settings settings = EuroSettings();
  for (const WorkspaceModel& model : {CdnowModel(), ParetoModel()}) {
    const std::vector<Projection> base = ScoredBase(settings, model, 200);
    double before = 0;
    for (const double leaving : {1.0, 0.1, 0.0, -0.1, -0.5, -0.9}) {
      v1::AskWhatIfRequest request;
      request.set_leaving_change(leaving);
      RAPPORT_ASSERT_OK_AND_ASSIGN(const auto answer, Ask(settings, model, base, request));
      EXPECT_GT(answer.changed_purchases(), before) << leaving;
      before = answer.changed_purchases();
    }
  }
}

TEST(WhatIfValue, RefusesWhatIsNoChange) {
  const WorkspaceModel model = CdnowModel();
  const auto create = [](const WorkspaceModel* stored, const v1::AskWhatIfRequest& request) {
    return WhatIfTotals::Create(EuroSettings(), stored, request).status();
  };
  v1::AskWhatIfRequest request;
  EXPECT_THAT(create(nullptr, request), FailsWith("NO_VALUE_MODEL", ""));
  request.set_leaving_change(-1);
  EXPECT_THAT(create(&model, request), FailsWith("OUT_OF_RANGE", "leaving_change"));
  request.set_leaving_change(0);
  request.set_frequency_change(101);
  EXPECT_THAT(create(&model, request), FailsWith("OUT_OF_RANGE", "frequency_change"));
  request.set_frequency_change(0);
  request.set_order_value_change(std::nan(""));
  EXPECT_THAT(create(&model, request), FailsWith("OUT_OF_RANGE", "order_value_change"));
  request.set_order_value_change(0);
  request.set_margin(1.5);
  EXPECT_THAT(create(&model, request), FailsWith("OUT_OF_RANGE", "margin"));
  request.set_margin(1);
  request.set_horizon_days(3651);
  EXPECT_THAT(create(&model, request), FailsWith("OUT_OF_RANGE", "horizon_days"));
}

TEST(WhatIfValue, CustomersWithoutValueAddNothing) {
  const WorkspaceModel model = CdnowModel();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto answer,
                               Ask(EuroSettings(), model, {Projection(), Projection()}, {}));
  EXPECT_EQ(answer.customer_count(), 0);
  EXPECT_EQ(answer.baseline().micros(), 0);
  EXPECT_EQ(answer.relative_change(), 0);
}

TEST(WhatIfValue, StopsWhenNobodyWaits) {
  const WorkspaceModel model = CdnowModel();
  const Settings settings = EuroSettings();
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto totals, WhatIfTotals::Create(settings, &model, {}));
  totals.set_alive([] { return absl::CancelledError("gone"); });
  Projection one;
  one.has_orders = true;
  Scorer scorer(settings, model);
  for (int i = 0; i < 5000; ++i) {  // Distinct ages.
    one.purchases.age_days = 100 + i / 100.0;
    scorer.Score(one);
    RAPPORT_ASSERT_OK(totals.Add(one.facts));
  }
  EXPECT_TRUE(absl::IsCancelled(totals.Finish().status()));
}

}  // namespace
}  // namespace rapport::facts
