// SPDX-License-Identifier: Apache-2.0
#include "lib/value/fit_report.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "lib/value/holdout.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

// Actual: Fader, Hardie, Lee 2005, fig. 2. Expected for Pareto/NBD at the anchors of
// value.md: P(X = n) integrated over the moment of leaving by scipy, summed over ages.
TEST(FitReport, CdnowFrequenciesAreClose) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded, FoldForFit(cdnow.histories, {}));
  const double actual[] = {1411, 439, 214, 100, 62, 38, 29, 64};
  const double pareto[] = {1434.0493892, 396.8779041, 193.4923762, 111.8116861,
                           69.9899778,   45.8555715,  30.9321123};
  for (ModelKind kind : {ModelKind::kBgNbd, ModelKind::kMbgNbd, ModelKind::kParetoNbd}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(kind, folded));
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto lines, FrequencyTable(fit.parameters, folded));
    ASSERT_EQ(lines.size(), 8u);
    double total = 0;
    for (size_t n = 0; n < 8; ++n) {
      EXPECT_EQ(lines[n].purchases, n);
      EXPECT_EQ(lines[n].actual, actual[n]);
      EXPECT_NEAR(lines[n].expected, actual[n], 45) << TraitsOf(kind).name << " " << n;
      if (kind == ModelKind::kParetoNbd && n < 7) {
        EXPECT_NEAR(lines[n].expected / pareto[n], 1, 1e-5) << n;
      }
      total += lines[n].expected;
    }
    EXPECT_NEAR(total, 2357, 1e-6);
  }
}

TEST(FitReport, BinnedAgesGiveTheSameTable) {
  auto rows = SimulateHistories({.5, 6, .8, 2.5, 7}, 3000, 1);  // 3,000 distinct ages.
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases many, FoldForFit(rows, {}));
  const ModelParameters model{ModelKind::kBgNbd, 1, 7, {.5, 6, .8, 2.5}, {}};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto binned, FrequencyTable(model, many));
  std::vector<double> exact(7, 0.0);
  const auto purchase_model = *MakePurchaseModel(model);
  for (const PurchaseHistory& row : rows) {
    const std::vector<double> p = purchase_model->CountsFromStart(row.age_days, 6);
    for (size_t n = 0; n < 7; ++n) exact[n] += p[n];
  }
  for (size_t n = 0; n < 7; ++n) EXPECT_NEAR(binned[n].expected / exact[n], 1, 1e-6);
}

TrackingCounts CdnowCounts() {
  TrackingCounts counts;
  const CivilDays start = DaysFromCivil({1997, 1, 1});
  for (const auto& [customer, orders] : ReadCdnowOrders(CdnowPath())) {
    std::vector<int32_t> days;
    for (const Order& order : orders) days.push_back(order.day - start);
    days.erase(std::unique(days.begin(), days.end()), days.end());
    counts.AddCustomer(days[0], std::span<const int32_t>(days).subspan(1));
  }
  return counts;
}

// Actual totals: value.md section 1. Expected: the closed forms of the papers (BG with
// scipy's 2F1, Pareto) and scipy.quad (MBG) at its anchors, summed over customers.
TEST(FitReport, CdnowTracking) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  const TrackingCounts counts = CdnowCounts();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const FoldedPurchases folded, FoldForFit(cdnow.histories, {}));
  struct Expected {
    ModelKind kind;
    double calibration, all;
  };
  const Expected models[] = {{ModelKind::kBgNbd, 2493.9567669, 4160.6090659},
                             {ModelKind::kMbgNbd, 2475.6362915, 4049.9536278},
                             {ModelKind::kParetoNbd, 2524.9323822, 4270.0400126}};
  for (const auto& [kind, calibration, all] : models) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(kind, folded));
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const Tracking tracking,
        TrackPurchases(fit.parameters, counts, {.days = 546, .calibration_days = 273}));
    ASSERT_EQ(tracking.points.size(), 78u);
    EXPECT_EQ(tracking.calibration.total_actual, 2457);
    EXPECT_EQ(tracking.holdout.total_actual, 1882);
    EXPECT_EQ(tracking.points.back().cumulative_actual, 4339);
    EXPECT_EQ(tracking.points.back().end_day, 546);
    EXPECT_NEAR(tracking.calibration.total_expected / calibration, 1, 1e-6);
    EXPECT_NEAR(tracking.points.back().cumulative_expected / all, 1, 1e-6);
    EXPECT_LT(tracking.holdout.cumulative_mape, .06);
    EXPECT_LT(tracking.holdout.period_mape, .35);
    EXPECT_TRUE(tracking.points[39].holdout);
    EXPECT_FALSE(tracking.points[38].holdout);
    // Day by day sums are those of every customer's own age.
    const auto model = *MakePurchaseModel(fit.parameters);
    double expected = 0;
    for (const PurchaseHistory& row : cdnow.histories) {
      expected += model->ExpectedFromStart(row.age_days);
    }
    EXPECT_NEAR(tracking.calibration.total_expected / expected, 1, 1e-10);
  }
}

TEST(FitReport, TrackingCountsMerge) {
  TrackingCounts a, b, both;
  const std::vector<int32_t> days = {3, 9}, more = {12};
  a.AddCustomer(1, days);
  b.AddCustomer(4, more, 0, 2);
  both.AddFirstPurchases(1, 1);
  both.AddFirstPurchases(4, 2);
  for (int32_t day : days) both.AddRepeatPurchases(day, 1);
  both.AddRepeatPurchases(12, 2);
  b.Merge(a);
  EXPECT_TRUE(std::ranges::equal(b.acquired(0), both.acquired(0)));
  EXPECT_TRUE(std::ranges::equal(b.repeats(), both.repeats()));
  const ModelParameters model{ModelKind::kBgNbd, 1, 7, {.5, 6, .8, 2.5}, {}};
  EXPECT_THAT(TrackPurchases(model, b, {}), FailsWith("NOT_POSITIVE", "days"));
  EXPECT_THAT(TrackPurchases(model, b, {.days = 5, .calibration_days = 6}),
              FailsWith("OUT_OF_RANGE", "calibration_days"));
  // Nine days in periods of four within calibration of six: 4, 6, 9.
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const Tracking tracking,
      TrackPurchases(model, b, {.days = 9, .calibration_days = 6, .period_days = 4}));
  ASSERT_EQ(tracking.points.size(), 3u);
  EXPECT_EQ(tracking.points[1].end_day, 6);
}

// Fader, Hardie, Lee 2005, fig. 4 shows these for BG/NBD: a conditional mean near each actual.
TEST(FitReport, CdnowConditionalExpectationsAndBaselines) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const HoldoutSample sample,
      FoldHoldout({.calibration = cdnow.histories, .actual = cdnow.holdout, .horizon_days = 273}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit,
                               FitPurchases(ModelKind::kBgNbd, cdnow.histories));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto expected, ExpectedOf(fit.parameters, sample));
  const HoldoutReport report = JudgeHoldout(sample, expected);
  EXPECT_NEAR(report.mean_absolute_error, .7855, 5e-5);  // value.md.
  EXPECT_EQ(report.customers, 2357);
  EXPECT_NEAR(*report.total_percentage_error, std::fabs(report.total_expected - 1882) / 1882,
              1e-12);
  // The folded judgement is that of customers one by one.
  const auto model = *MakePurchaseModel(fit.parameters);
  double absolute = 0, squared_log = 0;
  for (size_t i = 0; i < cdnow.histories.size(); ++i) {
    const PurchaseHistory& row = cdnow.histories[i];
    const double forecast =
        model->PAlive(row) * model->ExpectedPurchases({1, row.frequency, 0, row.age_days}, 273);
    absolute += std::fabs(forecast - cdnow.holdout[i]);
    squared_log += std::pow(std::log1p(forecast) - std::log1p(cdnow.holdout[i]), 2);
  }
  const auto customers_all = static_cast<double>(cdnow.histories.size());
  EXPECT_NEAR(report.mean_absolute_error, absolute / customers_all, 1e-10);
  EXPECT_NEAR(report.mean_squared_log_error, squared_log / customers_all, 1e-10);

  const auto lines = ConditionalExpectations(sample, expected);
  ASSERT_EQ(lines.size(), 8u);
  const double customers[] = {1411, 439, 214, 100, 62, 38, 29, 64};
  double actual = 0;
  for (size_t x = 0; x < 8; ++x) {
    EXPECT_EQ(lines[x].customers, customers[x]);
    EXPECT_NEAR(lines[x].expected, lines[x].actual, .25 + .35 * lines[x].actual) << x;
    actual += lines[x].customers * lines[x].actual;
  }
  EXPECT_NEAR(actual, 1882, 1e-9);

  const NaiveForecasts naive = JudgeNaive(sample);
  EXPECT_GT(naive.past_rate.mean_absolute_error, report.mean_absolute_error);
  EXPECT_GT(naive.population_mean.mean_absolute_error, report.mean_absolute_error);
  EXPECT_FALSE(naive.last_period.has_value());
}

TEST(Holdout, BaselinesByHand) {
  const std::vector<PurchaseHistory> rows = {
      {2, 50, 100, 0, 0}, {0, 0, 50, 0, 0}, {0, 0, 0, 0, 0}, {2, 50, 100, 0, 0}};
  const std::vector<double> actual = {1, 0, 2, 1}, recent = {1, 0, 0, 1};
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const HoldoutSample sample,
      FoldHoldout({.calibration = rows, .actual = actual, .horizon_days = 50, .recent = recent}));
  EXPECT_EQ(sample.rows.size(), 3u);
  const NaiveForecasts naive = JudgeNaive(sample);
  EXPECT_DOUBLE_EQ(naive.past_rate.mean_absolute_error, .5);  // 1, 0, 0, 1 against 1, 0, 2, 1.
  EXPECT_DOUBLE_EQ(naive.past_rate.bias, -.5);
  EXPECT_DOUBLE_EQ(naive.population_mean.total_expected, 4 * 50 * 4. / 250);
  EXPECT_DOUBLE_EQ(naive.last_period->mean_absolute_error, .5);
  EXPECT_DOUBLE_EQ(naive.last_period->mean_squared_log_error, std::log(3.) * std::log(3.) / 4);
}

TEST(Holdout, NamesWhatIsWrong) {
  const std::vector<PurchaseHistory> rows = {{2, 50, 100, 0, 0}, {2, 500, 100, 0, 0}};
  const std::vector<double> counts = {1, 1}, bad = {1, -1}, one = {1};
  const auto fold = [&](size_t n, std::span<const double> actual, double horizon) {
    return FoldHoldout(
               {.calibration = std::span(rows).first(n), .actual = actual, .horizon_days = horizon})
        .status();
  };
  EXPECT_THAT(fold(0, {}, 7), FailsWith("EMPTY", "calibration"));
  EXPECT_THAT(fold(1, one, 0), FailsWith("NOT_POSITIVE", "horizon_days"));
  EXPECT_THAT(fold(2, one, 7), FailsWith("LENGTH_MISMATCH", "actual"));
  EXPECT_THAT(fold(2, bad, 7), FailsWith("NEGATIVE", "actual[1]"));
  EXPECT_THAT(fold(2, counts, 7), FailsWith("RECENCY_AFTER_AGE", "calibration[1].recency_days"));
}

TEST(FitReport, DriftIsInStandardErrors) {
  const auto rows = SimulateHistories({.5, 6, .8, 2.5, 7}, 3000, 1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseFit fit, FitPurchases(ModelKind::kBgNbd, rows));
  EarlierFit same{"2026-01-01", fit.parameters};
  same.parameters.time_unit_days = 1;  // alpha in days.
  same.parameters.values[1] *= 7;
  EarlierFit moved{"2026-01-02", fit.parameters};
  const double error = std::sqrt(fit.covariance[0]);  // Of log r.
  moved.parameters.values[0] *= std::exp(-3 * error);
  const EarlierFit other{"2026-01-03", {ModelKind::kNbd, 1, 7, {1, 1}, {}}};
  const std::vector<EarlierFit> nights = {same, moved, other};
  const Drift drift = DriftSince(fit, nights);
  ASSERT_EQ(drift.lines.size(), 8u);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(drift.lines[i].change_in_errors, 0, 1e-9);
  EXPECT_NEAR(drift.lines[4].change_in_errors, 3, 1e-9);
  EXPECT_TRUE(drift.lines[4].large);
  EXPECT_FALSE(drift.lines[5].large);
  EXPECT_EQ(drift.other_kind, std::vector<std::string>{"2026-01-03"});
}

}  // namespace
}  // namespace rapport::value
