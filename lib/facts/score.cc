// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/classifiers.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/rfm_segment.h"

namespace rapport::facts {
namespace {

constexpr double kMonthDays = 30;
constexpr double kIntervalLevel = 0.80;
constexpr int32_t kMaxHorizonDays = 3650;

template <typename Repeated>
math::RankCuts CutsOf(const Repeated& cuts, math::Better better) {
  std::vector<int64_t> borders;
  for (const auto cut : cuts) borders.push_back(static_cast<int64_t>(cut));
  return math::RankCuts::FromCuts(std::move(borders), better);
}

// Scorers of one purchase model.
struct ModelScorers {
  value::ValueScorer value;
  value::ValueScorer churn;  // Over the churn horizon; only P(purchase) is read.
};

std::optional<ModelScorers> ScorersOf(const Settings& settings, const value::FittedModels& models) {
  value::ValueScorerOptions options;
  options.clv.horizon_days = settings.value_horizon_days;
  options.clv.annual_discount_rate = settings.annual_discount_rate;
  options.clv.margin = settings.margin;
  options.clv.interval_level = kIntervalLevel;
  options.short_days = kMonthDays;
  auto scorer = value::ValueScorer::Create(models, options);
  options.clv.horizon_days = settings.churn_horizon_days;
  options.parameter_errors = false;
  auto churn = value::ValueScorer::Create(models, options);
  if (!scorer.ok() || !churn.ok()) return std::nullopt;
  return ModelScorers{*std::move(scorer), *std::move(churn)};
}

std::string ModelName(const value::FittedModels& models, const value::ExpectedSpend& spend) {
  const bool gamma_gamma = spend.basis == value::SpendBasis::kGammaGamma;
  return Cat(value::TraitsOf(models.purchases.kind).name, gamma_gamma ? "+gamma_gamma" : "+mean");
}

void SetInterval(const value::MoneyInterval& range, const char* method, v1::Interval& out) {
  out.set_low(range.low);
  out.set_high(range.high);
  out.set_level(kIntervalLevel);
  out.set_method(method);
}

}  // namespace

struct Scorer::State {
  State(const Settings& settings_in, const WorkspaceModel& model);
  void ScoreRfm(v1::Rfm& rfm) const;
  void ScoreValue(const Projection& projection, v1::CustomerValue& out);
  // The model that applies to a channel; nullptr without any.
  ModelScorers* Use(int channel);
  void Fill(const value::ValueScore& scored, v1::CustomerValue& out) const;

  value::RfmScorer rfm;
  math::RankCuts deciles;
  std::string currency;
  const Settings settings;
  std::string no_model;  // Why there is none, when there is none.
  std::optional<StoredModels> models;
  std::optional<ModelScorers> all;
  std::map<int, ModelScorers> by_channel;
  ChurnScorer leaving;
  // Of the customer scored last.
  value::ValueScore last;
  ScoredValue answer;
  std::vector<double> covariates;
};

Scorer::State::State(const Settings& settings_in, const WorkspaceModel& model)
    : rfm(CutsOf(model.recency_cuts(), math::Better::kLower),
          CutsOf(model.frequency_cuts(), math::Better::kHigher),
          CutsOf(model.monetary_cuts(), math::Better::kHigher)),
      deciles(CutsOf(model.decile_cuts(), math::Better::kHigher)),
      currency(UnpackCurrency(settings_in.base_currency)),
      settings(settings_in),
      no_model("No value model is fitted yet: only the value to date is known."),
      models(ModelsOf(model)),
      leaving(settings_in, model) {
  if (!models) return;
  all = ScorersOf(settings, models->all);
  for (const auto& [channel, fitted] : models->by_channel) {
    if (auto scorers = ScorersOf(settings, fitted))
      by_channel.emplace(channel, *std::move(scorers));
  }
  if (!all) no_model = "The stored value model is not valid: only the value to date is known.";
}

ModelScorers* Scorer::State::Use(int channel) {
  answer = {};
  if (!all) return nullptr;
  const auto own = by_channel.find(channel);
  if (own != by_channel.end()) {
    answer.model_channel = channel;
    return &own->second;
  }
  covariates = models->CovariatesOf(channel);
  answer.covariates = covariates;
  return &*all;
}

void Scorer::State::ScoreRfm(v1::Rfm& out) const {
  value::RfmValues values;
  values.recency_days = static_cast<int32_t>(out.recency_days());
  values.orders = static_cast<uint32_t>(out.frequency());
  values.monetary_micros = out.monetary().micros();
  const value::RfmScores scores = rfm.Score(values);
  out.set_recency_score(scores.recency);
  out.set_frequency_score(scores.frequency);
  out.set_monetary_score(scores.monetary);
  out.set_segment(std::string(value::RuleOf(value::SegmentOf(scores)).id));
}

void Scorer::State::Fill(const value::ValueScore& scored, v1::CustomerValue& out) const {
  const Micros predicted = value::ClvMicros(scored.clv);
  SetMoney(predicted, currency, *out.mutable_predicted());
  SetInterval(scored.own, "customer's own future", *out.mutable_predicted_interval());
  SetInterval(scored.mean, "parameters, delta method", *out.mutable_mean_interval());
  SetInterval(scored.combined, "own future and parameters", *out.mutable_total_interval());
  out.set_p_alive(scored.p_alive);
  out.set_alive_by_construction(scored.alive_by_construction);
  out.set_expected_purchases(scored.expected_purchases);
  out.set_expected_purchases_30d(scored.expected_purchases_short);
  out.set_purchase_probability(scored.probability_of_purchase);
  SetMoney(value::ClvMicros(scored.spend.mean_value), currency,
           *out.mutable_expected_order_value());
  if (scored.residual_clv) {
    SetMoney(value::ClvMicros(*scored.residual_clv), currency, *out.mutable_residual());
  }
  if (scored.next_purchase_probability > 0) out.set_next_purchase_days(scored.next_purchase_days);
  if (scored.silence_days) out.set_silence_days(*scored.silence_days);
  out.set_horizon_days(settings.value_horizon_days);
  out.set_decile(deciles.Score(predicted));
}

void Scorer::State::ScoreValue(const Projection& projection, v1::CustomerValue& out) {
  const value::PurchaseHistory& purchases = projection.purchases;
  out.set_repeat_purchases(purchases.frequency);
  out.set_recency_days(purchases.recency_days);
  out.set_age_days(purchases.age_days);
  ModelScorers* model = Use(projection.facts.acquisition_channel());
  if (model == nullptr) {
    out.add_notes(no_model);
    leaving.Score(projection, std::nullopt, out);
    return;
  }
  const auto scored = model->value.Score(purchases, answer.covariates);
  const auto churn = model->churn.Score(purchases, answer.covariates);
  if (!scored.ok() || !churn.ok()) {
    out.add_notes(std::string((scored.ok() ? churn : scored).status().message()));
    return;
  }
  last = *scored;
  answer.score = &last;
  Fill(last, out);
  out.set_model(ModelName(model->value.models(), last.spend));
  if (answer.model_channel != 0) out.set_model_segment(ChannelName(answer.model_channel));
  leaving.Score(projection, 1 - churn->probability_of_purchase, out);
  if (last.alive_by_construction) {
    out.add_notes(
        "This model gives a customer without a repeat purchase p_alive = 1: it says nothing.");
  }
}

Scorer::Scorer(const Settings& settings, const WorkspaceModel& model)
    : state_(std::make_unique<State>(settings, model)) {}
Scorer::~Scorer() = default;

ScoredValue Scorer::Score(Projection& projection) {
  state_->answer = {};
  if (!projection.has_orders) return {};
  v1::CustomerFacts& facts = projection.facts;
  state_->ScoreRfm(*facts.mutable_rfm());
  v1::CustomerValue& value = *facts.mutable_value();
  value.Clear();
  *value.mutable_historic() = facts.rfm().monetary();
  state_->ScoreValue(projection, value);
  return state_->answer;
}

int64_t Scorer::PredictedMicros(const value::PurchaseHistory& purchases, int channel) {
  ModelScorers* model = state_->Use(channel);
  if (model == nullptr) return 0;
  const auto scored = model->value.Score(purchases, state_->answer.covariates);
  return scored.ok() ? value::ClvMicros(scored->clv) : 0;
}

std::optional<double> Scorer::NoPurchaseChance(const value::PurchaseHistory& purchases,
                                               int channel) {
  ModelScorers* model = state_->Use(channel);
  if (model == nullptr) return std::nullopt;
  const auto scored = model->churn.Score(purchases, state_->answer.covariates);
  if (!scored.ok()) return std::nullopt;
  return 1 - scored->probability_of_purchase;
}

void Score(const Settings& settings, const WorkspaceModel& model, Projection& projection) {
  Scorer(settings, model).Score(projection);
}

absl::StatusOr<v1::CustomerValue> ValueOver(const Settings& settings, const WorkspaceModel& model,
                                            const Projection& projection, int32_t horizon_days) {
  if (horizon_days < 1 || horizon_days > kMaxHorizonDays) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be 1 to 3650");
  }
  if (!projection.has_orders) {
    return FailedPrecondition("NO_PURCHASE", "the customer has no purchase to predict from");
  }
  if (!ModelsOf(model)) {
    return FailedPrecondition("NO_VALUE_MODEL", "no value model is fitted yet");
  }
  Settings other = settings;
  other.value_horizon_days = horizon_days;
  Projection copy = projection;
  Scorer(other, model).Score(copy);
  v1::CustomerValue value = copy.facts.value();
  // Deciles are cut over the workspace's own horizon.
  if (horizon_days != settings.value_horizon_days) value.clear_decile();
  return value;
}

}  // namespace rapport::facts
