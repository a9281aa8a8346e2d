// SPDX-License-Identifier: Apache-2.0
// Fit, score, explain and report value on the CDNOW sample (published figures) and on
// small bases by hand.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/gzip_lines.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kCalibrationEnd[] = "1997-09-30";  // 39 weeks from 1997-01-01.

std::vector<Fold> ReadCdnow(const std::string& path) {
  std::map<std::string, Timeline> customers;
  ForEachCsvLine(path, [&](const std::vector<std::string>& fields) {
    EventColumns order = Order(fields[2], 0);
    order.value = ParseMoney(fields[4]).value();
    customers[fields[1]].push_back(order);
  });
  std::vector<Fold> folds;
  for (auto& [customer, events] : customers) {
    folds.push_back(FoldEvents(EuroSettings(), Sorted(events), At(kCalibrationEnd)));
  }
  return folds;
}

// The published figures are of BG/NBD; `auto` takes MBG/NBD here.
Settings BgNbdSettings() {
  Settings settings = EuroSettings();
  settings.purchase_model = "bg_nbd";
  return settings;
}

FitInput InputOf(const std::vector<Fold>& folds, std::string_view as_of) {
  const Settings settings = EuroSettings();
  FitInput input;
  input.as_of_day = Day(as_of);
  input.holdout_start = HoldoutStart(Day("1997-01-01"), input.as_of_day);
  for (const Fold& fold : folds) {
    const Projection projection = Project(settings, fold, At(as_of));
    input.histories.push_back(projection.purchases);
    input.channels.push_back(projection.facts.acquisition_channel());
    input.purchases_by_day.Add(fold, input.as_of_day);
    const v1::Rfm& rfm = projection.facts.rfm();
    input.rfm_recency_days.push_back(rfm.recency_days());
    input.rfm_frequency.push_back(static_cast<double>(rfm.frequency()));
    input.rfm_monetary_micros.push_back(rfm.monetary().micros());
    const value::PurchaseHistory early = HistoryAt(settings, fold, input.holdout_start);
    if (early.age_days < 0) continue;
    input.calibration.push_back(early);
    input.calibration_rows.push_back(static_cast<uint32_t>(input.histories.size() - 1));
    input.holdout_purchases.push_back(PurchaseDaysAfter(fold, input.holdout_start));
  }
  return input;
}

class Cdnow : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string path = DataFile("cdnow_sample/cdnow_sample.csv.gz");
    if (Exists(path)) folds_ = new std::vector<Fold>(ReadCdnow(path));
  }
  void SetUp() override {
    if (folds_ == nullptr) {
      GTEST_SKIP() << "NOT TESTED: cdnow_sample is absent; set RAPPORT_DATA to the folder with "
                      "the real data sets";
    }
  }
  static WorkspaceModel Fit(const FitInput& input, const WorkspaceModel* previous = nullptr) {
    return FitModel(BgNbdSettings(), input, At(kCalibrationEnd), previous);
  }
  static std::vector<Fold>* folds_;
};
std::vector<Fold>* Cdnow::folds_ = nullptr;

double Named(const google::protobuf::RepeatedPtrField<v1::Parameter>& parameters,
             const std::string& name) {
  for (const v1::Parameter& parameter : parameters) {
    if (parameter.name() == name) return parameter.value();
  }
  return -1;
}

TEST_F(Cdnow, FitGivesThePublishedParameters) {
  // Fader, Hardie, Lee 2005 and note 025; digits of the maximum: BG/NBD r .2425945,
  // alpha 4.413602, a .792922, b 2.425907, LL -9582.4292067; Gamma-Gamma p 6.249572,
  // q 3.744225, gamma 15.443521.
  const v1::ValueModel model = Fit(InputOf(*folds_, kCalibrationEnd)).value_model();
  EXPECT_TRUE(model.converged());
  EXPECT_EQ(model.purchase_model(), "bg_nbd");
  EXPECT_NEAR(Named(model.purchase_parameters(), "r"), 0.2425945, 1e-6);
  EXPECT_NEAR(Named(model.purchase_parameters(), "alpha"), 4.413602, 1e-5);
  EXPECT_NEAR(Named(model.purchase_parameters(), "a"), 0.792922, 1e-5);
  EXPECT_NEAR(Named(model.purchase_parameters(), "b"), 2.425907, 2e-5);
  EXPECT_NEAR(model.purchase_log_likelihood(), -9582.4292067, 1e-6);
  EXPECT_EQ(model.spend_model(), "gamma_gamma");
  EXPECT_NEAR(Named(model.spend_parameters(), "p"), 6.249572, 1e-4);
  EXPECT_NEAR(Named(model.spend_parameters(), "q"), 3.744225, 1e-4);
  EXPECT_NEAR(Named(model.spend_parameters(), "gamma"), 15.443521, 1e-3);
  EXPECT_EQ(model.customer_count(), 2357);
  EXPECT_EQ(model.repeater_count(), 946);
  EXPECT_EQ(model.fit_as_of().seconds(), At(kCalibrationEnd) / kMicrosPerSecond);
  ASSERT_TRUE(model.has_holdout());
  EXPECT_EQ(model.holdout().days(), 68);
  EXPECT_GT(model.holdout().naive_mae(), model.holdout().mae()) << "better than naive";
}

TEST_F(Cdnow, OrderOfCustomersDoesNotMatter) {
  const FitInput input = InputOf(*folds_, kCalibrationEnd);
  std::vector<Fold> shuffled = *folds_;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(5));
  EXPECT_EQ(Fit(InputOf(shuffled, kCalibrationEnd)).SerializeAsString(),
            Fit(input).SerializeAsString());
}

TEST_F(Cdnow, PreviousModelIsKeptWithANoteWhenThereIsNoFit) {
  const WorkspaceModel last_night = Fit(InputOf(*folds_, kCalibrationEnd));
  FitInput nothing;
  nothing.histories.resize(5);
  const WorkspaceModel kept = Fit(nothing, &last_night);
  EXPECT_FALSE(kept.value_model().converged());
  EXPECT_EQ(Named(kept.value_model().purchase_parameters(), "r"),
            Named(last_night.value_model().purchase_parameters(), "r"));
  EXPECT_EQ(kept.mean_order_micros(), last_night.mean_order_micros());
  EXPECT_THAT(kept.value_model().notes(), Contains(HasSubstr("Tonight's fit is not used")));
  const WorkspaceModel none = Fit(nothing);
  EXPECT_EQ(none.value_model().purchase_model(), "");
  EXPECT_THAT(none.value_model().notes(), Contains(HasSubstr("No value model")));
}

TEST_F(Cdnow, ScoresAndReportAddUp) {
  const Settings settings = BgNbdSettings();
  WorkspaceModel model = Fit(InputOf(*folds_, kCalibrationEnd));
  std::vector<Projection> base;
  for (const Fold& fold : *folds_) base.push_back(Project(settings, fold, At(kCalibrationEnd)));
  std::vector<int64_t> predicted;
  Scorer first(settings, model);
  for (const Projection& projection : base) {
    predicted.push_back(
        first.PredictedMicros(projection.purchases, projection.facts.acquisition_channel()));
  }
  for (const int64_t cut : DecileCuts(predicted)) model.add_decile_cuts(cut);
  Scorer scorer(settings, model);
  ValueTotals left(model), right(model);
  int64_t equity = 0, historic = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    const ScoredValue scored = scorer.Score(base[i]);
    const v1::CustomerValue& value = base[i].facts.value();
    ASSERT_EQ(value.predicted().micros(), predicted[i]);
    ASSERT_GE(value.decile(), 1);
    ASSERT_LE(value.decile(), 10);
    ASSERT_LE(value.predicted_interval().low(), value.predicted_interval().high());
    ASSERT_LE(value.expected_purchases_30d(), value.expected_purchases());
    equity += value.predicted().micros();
    historic += value.historic().micros();
    (i % 2 == 0 ? left : right).Add(base[i].facts, scored);
    // One customer scored alone has the same bytes.
    if (i % 500 == 0) {
      Projection alone = Project(settings, (*folds_)[i], At(kCalibrationEnd));
      Score(settings, model, alone);
      EXPECT_EQ(alone.facts.SerializeAsString(), base[i].facts.SerializeAsString());
    }
  }
  ValueTotals merged(model);
  merged.Merge(right);
  merged.Merge(left);
  left.Merge(right);
  EXPECT_EQ(merged.Finish(settings).SerializeAsString(), left.Finish(settings).SerializeAsString());
  const v1::ValueReport report = merged.Finish(settings);
  EXPECT_EQ(report.customer_count(), 2357);
  EXPECT_EQ(report.customer_equity().micros(), equity);
  EXPECT_EQ(report.historic_total().micros(), historic);
  int64_t in_deciles = 0, in_stages = 0, in_segments = 0;
  for (const v1::ValueDecile& decile : report.deciles()) in_deciles += decile.customer_count();
  for (const v1::ValueSegment& stage : report.by_stage()) in_stages += stage.customer_count();
  for (const v1::ValueSegment& part : report.by_rfm_segment()) in_segments += part.customer_count();
  EXPECT_EQ(in_deciles, 2357);
  EXPECT_EQ(in_stages, 2357);
  EXPECT_EQ(in_segments, 2357);
  EXPECT_GT(report.top_decile_share(), 0.3);
  // Equity is the sum, so its range holds it; parameters matter more than luck here.
  const double units = static_cast<double>(equity) / 1e6;
  EXPECT_LT(report.equity_interval().low(), units);
  EXPECT_GT(report.equity_interval().high(), units);
  EXPECT_GT(report.parameter_deviation().micros(), report.individual_deviation().micros());
}

TEST_F(Cdnow, AutoTakesTheModelWithoutTheOneTimeBuyerArtefact) {
  const WorkspaceModel model =
      FitModel(EuroSettings(), InputOf(*folds_, kCalibrationEnd), At(kCalibrationEnd), nullptr);
  const v1::ValueModel& fit = model.value_model();
  EXPECT_EQ(fit.purchase_model(), "mbg_nbd");
  // value.md section 1: r .524843 alpha 6.183085 a .891359 b 1.614002, LL -9582.1357156.
  EXPECT_NEAR(Named(fit.purchase_parameters(), "r"), 0.524843, 1e-5);
  EXPECT_NEAR(Named(fit.purchase_parameters(), "alpha"), 6.183085, 1e-4);
  EXPECT_NEAR(Named(fit.purchase_parameters(), "a"), 0.891359, 1e-5);
  EXPECT_NEAR(Named(fit.purchase_parameters(), "b"), 1.614002, 2e-5);
  EXPECT_NEAR(fit.purchase_log_likelihood(), -9582.1357156, 1e-6);
  EXPECT_EQ(fit.candidates_size(), 6);
  int chosen = 0;
  for (const v1::ModelCandidate& candidate : fit.candidates()) {
    EXPECT_FALSE(candidate.reason().empty()) << candidate.model();
    chosen += candidate.chosen() ? 1 : 0;
  }
  EXPECT_EQ(chosen, 1);
  int64_t repeats = 0;
  for (const Fold& fold : *folds_) repeats += std::max(0, fold.order_days_size() - 1);
  ASSERT_GT(fit.tracking().points_size(), 38);
  EXPECT_EQ(fit.tracking().points().rbegin()->cumulative_actual(), repeats);
  EXPECT_EQ(fit.conditional_expectations_size(), 8);
  EXPECT_EQ(fit.frequency_table(0).actual(), 1411);
  // Nobody is alive by construction under it.
  Projection once;
  for (const Fold& fold : *folds_) {
    if (fold.order_days_size() == 1) once = Project(EuroSettings(), fold, At(kCalibrationEnd));
  }
  Score(EuroSettings(), model, once);
  EXPECT_LT(once.facts.value().p_alive(), 1);
  EXPECT_FALSE(once.facts.value().alive_by_construction());
  EXPECT_EQ(once.facts.value().model(), "mbg_nbd+gamma_gamma");
}

TEST_F(Cdnow, ChannelsMayHaveCovariatesOrModelsOfTheirOwn) {
  FitInput input = InputOf(*folds_, kCalibrationEnd);
  // Half of the customers under another channel, at random: no effect to be found.
  std::mt19937 random(3);
  for (size_t i = 0; i < input.channels.size(); ++i) {
    input.channels[i] = random() % 2 == 0 ? v1::CHANNEL_WEB : v1::CHANNEL_EMAIL;
  }
  input.calibration.clear();
  input.calibration_rows.clear();
  input.holdout_purchases.clear();
  Settings settings = BgNbdSettings();
  settings.channel_covariate = true;
  const v1::ValueModel with = FitModel(settings, input, At(kCalibrationEnd), nullptr).value_model();
  ASSERT_EQ(with.effects_size(), 3) << "one covariate on alpha, a and b";
  EXPECT_EQ(with.effects(0).parameter(), "alpha");
  for (const v1::CovariateEffect& effect : with.effects()) EXPECT_GT(effect.p_value(), 1e-3);
  EXPECT_GE(with.purchase_log_likelihood(), -9582.4292067 - 1e-6) << "more freedom, not worse";
  settings.channel_covariate = false;
  settings.model_by_channel = true;
  WorkspaceModel apart = FitModel(settings, input, At(kCalibrationEnd), nullptr);
  ASSERT_EQ(apart.value_model().segments_size(), 2);
  for (const v1::SegmentModel& segment : apart.value_model().segments()) {
    EXPECT_EQ(segment.purchase_model(), "bg_nbd") << segment.reason();
  }
  Projection projection = Project(settings, (*folds_)[0], At(kCalibrationEnd));
  projection.facts.set_acquisition_channel(v1::CHANNEL_EMAIL);
  Score(settings, apart, projection);
  EXPECT_EQ(projection.facts.value().model_segment(), "EMAIL");
}

TEST_F(Cdnow, PublishedForecastOfOneCustomer) {
  // Customer 0001: x 2, t_x 30.43, T 38.86 weeks; next 39 weeks: 1.2259 purchases.
  Settings settings = BgNbdSettings();
  settings.value_horizon_days = 273;
  const WorkspaceModel model = Fit(InputOf(*folds_, kCalibrationEnd));
  Projection projection = Project(settings, (*folds_)[0], At(kCalibrationEnd));
  Score(settings, model, projection);
  const v1::CustomerValue& value = projection.facts.value();
  EXPECT_EQ(value.repeat_purchases(), 2);
  EXPECT_EQ(value.age_days(), 272);
  EXPECT_NEAR(value.expected_purchases(), 1.2259, 5e-4);
  EXPECT_EQ(value.model(), "bg_nbd+gamma_gamma");
  EXPECT_EQ(value.predicted().currency(), "EUR");
}

TEST_F(Cdnow, AnotherHorizon) {
  const Settings settings = BgNbdSettings();
  const WorkspaceModel model = Fit(InputOf(*folds_, kCalibrationEnd));
  Projection projection = Project(settings, (*folds_)[0], At(kCalibrationEnd));
  Score(settings, model, projection);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::CustomerValue year,
                               ValueOver(settings, model, projection, 365));
  EXPECT_EQ(year.SerializeAsString(), projection.facts.value().SerializeAsString());
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::CustomerValue month,
                               ValueOver(settings, model, projection, 30));
  EXPECT_LT(month.predicted().micros(), year.predicted().micros());
  EXPECT_DOUBLE_EQ(month.expected_purchases(), month.expected_purchases_30d());
  EXPECT_THAT(ValueOver(settings, model, projection, 0), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(ValueOver(settings, model, projection, 3651),
              FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(ValueOver(settings, model, Projection(), 30), FailsWith("NO_PURCHASE", ""));
  EXPECT_THAT(ValueOver(settings, WorkspaceModel(), projection, 30),
              FailsWith("NO_VALUE_MODEL", ""));
}

TEST_F(Cdnow, ExplainNamesFormulaParametersAndSource) {
  const Settings settings = BgNbdSettings();
  const WorkspaceModel model = Fit(InputOf(*folds_, kCalibrationEnd));
  Projection projection = Project(settings, (*folds_)[0], At(kCalibrationEnd));
  Score(settings, model, projection);
  std::map<std::string, ExplainLine> lines;
  for (const ExplainLine& line : Explain(settings, model, projection)) lines[line.subject] = line;
  for (const char* subject :
       {"lifecycle.stage", "acquisition_cohort", "rfm.recency_days", "rfm.recency_score",
        "rfm.frequency", "rfm.frequency_score", "rfm.monetary", "rfm.monetary_score", "rfm.segment",
        "value.historic", "value.p_alive", "value.expected_purchases", "value.expected_order_value",
        "value.predicted"}) {
    ASSERT_TRUE(lines.contains(subject)) << subject;
    EXPECT_FALSE(lines[subject].result.empty()) << subject;
    EXPECT_FALSE(lines[subject].formula.empty()) << subject;
  }
  EXPECT_THAT(lines["value.p_alive"].formula, HasSubstr("Fader, Hardie, Lee 2005"));
  EXPECT_THAT(lines["value.expected_order_value"].formula, HasSubstr("note 025"));
  std::map<std::string, std::string> inputs;
  for (const auto& input : lines["value.p_alive"].inputs) inputs[input.name] = input.value;
  EXPECT_EQ(inputs["x"], "2");
  EXPECT_EQ(inputs["T"], "272 days");
  EXPECT_EQ(inputs["alpha"], "4.4136");
}

TEST(Score, QuintilesFromTheCutsOfTheNight) {
  // Ten customers with 1..10 order days; ties share a score: (k - 1) / 5 are worse.
  const Settings settings = EuroSettings();
  FitInput input;
  std::vector<Projection> base;
  for (int customer = 1; customer <= 10; ++customer) {
    Timeline events;
    for (int i = 0; i < customer; ++i) {
      events.push_back(Order(FormatDate(Day("2024-01-01") + i), 10));
    }
    const Fold fold = FoldEvents(settings, events, At("2024-03-01"));
    base.push_back(Project(settings, fold, At("2024-03-01")));
    const v1::Rfm& rfm = base.back().facts.rfm();
    input.rfm_recency_days.push_back(rfm.recency_days());
    input.rfm_frequency.push_back(static_cast<double>(rfm.frequency()));
    input.rfm_monetary_micros.push_back(rfm.monetary().micros());
  }
  const WorkspaceModel model = FitModel(settings, input, At("2024-03-01"), nullptr);
  for (size_t i = 0; i < base.size(); ++i) {
    Score(settings, model, base[i]);
    const int expected = 1 + static_cast<int>(i) / 2;
    EXPECT_EQ(base[i].facts.rfm().recency_score(), expected) << i;
    EXPECT_EQ(base[i].facts.rfm().frequency_score(), expected) << i;
    EXPECT_EQ(base[i].facts.rfm().monetary_score(), expected) << i;
  }
  EXPECT_EQ(base[9].facts.rfm().segment(), "champions");
  EXPECT_EQ(base[0].facts.rfm().segment(), "lost");
  // No model: the value to date alone, with a note.
  EXPECT_EQ(base[9].facts.value().historic().micros(), 100'000'000);
  EXPECT_FALSE(base[9].facts.value().has_predicted());
  EXPECT_EQ(base[9].facts.value().notes_size(), 1);
}

TEST(DecileCuts, TenEqualPartsAndTies) {
  std::vector<int64_t> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  EXPECT_THAT(DecileCuts(values), ::testing::ElementsAre(11, 21, 31, 41, 51, 61, 71, 81, 91));
  EXPECT_THAT(DecileCuts({5, 5, 5}), ::testing::IsEmpty());
}

TEST(HoldoutStart, ThreeQuartersOfTheWay) {
  EXPECT_EQ(HoldoutStart(Day("1997-01-01"), Day("1997-09-30")), Day("1997-01-01") + 204);
}

}  // namespace
}  // namespace rapport::facts
