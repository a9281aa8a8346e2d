// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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
#include "lib/facts/purchase_chance.h"
#include "lib/facts/retention_fits.h"
#include "lib/facts/subscriptions.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/rfm_segment.h"

namespace rapport::facts {
namespace {

constexpr double kMonthDays = 30;
constexpr double kIntervalLevel = 0.80;

template <typename Repeated>
math::RankCuts CutsOf(const Repeated& cuts, math::Better better) {
  std::vector<int64_t> borders;
  for (const auto cut : cuts) borders.push_back(static_cast<int64_t>(cut));
  return math::RankCuts::FromCuts(std::move(borders), better);
}

// Scorers of one purchase model.
struct ModelScorers {
  value::ValueScorer value;
  PurchaseChance churn;  // Over the churn horizon.
};

std::optional<ModelScorers> ScorersOf(const Settings& settings, const value::FittedModels& models) {
  value::ValueScorerOptions options;
  options.clv.horizon_days = settings.value_horizon_days;
  options.clv.annual_discount_rate = settings.annual_discount_rate;
  options.clv.margin = settings.margin;
  options.clv.interval_level = kIntervalLevel;
  options.short_days = kMonthDays;
  auto scorer = value::ValueScorer::Create(models, options);
  if (!scorer.ok()) return std::nullopt;
  return ModelScorers{*std::move(scorer),
                      PurchaseChance(models.purchases, settings.churn_horizon_days)};
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
  // P(no purchase within the churn horizon); nullopt without a model.
  std::optional<double> ScoreOrders(const Projection& projection, v1::CustomerValue& out);
  // Adds the part of subscriptions to that of orders; P(all that run end).
  std::optional<math::Interval> AddSubscriptions(const Projection& projection,
                                                 v1::CustomerValue& out);
  void AddForeseen(const SubscriptionScore& scored, v1::CustomerValue& out) const;
  // The model that applies to a customer; nullptr without any.
  ModelScorers* Use(int channel, const Attributes& attributes);
  ModelScorers* Use(ModelUse applies);
  void Fill(const value::ValueScore& scored, v1::CustomerValue& out) const;
  void FillInputs(const value::PurchaseHistory& purchases, v1::CustomerValue& out) const;

  value::RfmScorer rfm;
  math::RankCuts deciles;
  std::string currency;
  const Settings settings;
  std::string no_model;  // Why there is none, when there is none.
  std::optional<StoredModels> models;
  std::optional<ModelScorers> all;
  std::map<std::string, ModelScorers, std::less<>> by_segment;
  ChurnScorer leaving;
  SubscriptionScorer subscriptions;
  // Of the customer scored last.
  value::ValueScore last;
  ScoredValue answer;
  ModelUse use;
  std::string group;
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
      leaving(settings_in, model),
      subscriptions(settings_in, model.value_model()) {
  if (!models) return;
  all = ScorersOf(settings, models->all);
  for (const auto& [segment, fitted] : models->by_segment) {
    if (auto scorers = ScorersOf(settings, fitted)) {
      by_segment.emplace(segment, *std::move(scorers));
    }
  }
  if (!all) no_model = "The stored value model is not valid: only the value to date is known.";
}

ModelScorers* Scorer::State::Use(int channel, const Attributes& attributes) {
  return all ? Use(models->UseOf(channel, attributes)) : nullptr;
}

ModelScorers* Scorer::State::Use(ModelUse applies) {
  answer = {};
  if (!all) return nullptr;
  use = std::move(applies);
  answer.model_segment = use.segment;
  answer.covariates = use.covariates;
  const auto own = by_segment.find(use.segment);
  return own == by_segment.end() ? &*all : &own->second;
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

void Scorer::State::FillInputs(const value::PurchaseHistory& purchases,
                               v1::CustomerValue& out) const {
  out.set_model_segment(use.segment);
  out.mutable_covariates()->Assign(use.covariates.begin(), use.covariates.end());
  if (models->Of(use.segment).purchases.regularity > 1) {
    out.set_sum_log_gap_days(purchases.sum_log_gap_days);
  }
}

std::optional<double> Scorer::State::ScoreOrders(const Projection& projection,
                                                 v1::CustomerValue& out) {
  const value::PurchaseHistory& purchases = projection.purchases;
  out.set_repeat_purchases(purchases.frequency);
  out.set_recency_days(purchases.recency_days);
  out.set_age_days(purchases.age_days);
  const int channel = projection.facts.acquisition_channel();
  ModelScorers* model =
      projection.scored_as ? Use(*projection.scored_as) : Use(channel, projection.attributes);
  if (model == nullptr) {
    out.add_notes(no_model);
    return std::nullopt;
  }
  const auto scored = model->value.Score(purchases, answer.covariates);
  const auto churn = model->churn.Of(purchases, answer.covariates);
  if (!scored.ok() || !churn.ok()) {
    out.add_notes(std::string((scored.ok() ? churn.status() : scored.status()).message()));
    return std::nullopt;
  }
  last = *scored;
  answer.score = &last;
  Fill(last, out);
  FillInputs(purchases, out);
  out.set_model(ModelName(model->value.models(), last.spend));
  if (last.alive_by_construction) {
    out.add_notes(
        "This model gives a customer without a repeat purchase p_alive = 1: it says nothing.");
  }
  return 1 - *churn;
}

void Scorer::State::AddForeseen(const SubscriptionScore& scored, v1::CustomerValue& out) const {
  const bool orders = answer.score != nullptr;
  const double value = (orders ? last.clv : 0) + scored.value;
  const auto range = [&](const value::MoneyInterval& of_orders, const value::MoneyInterval& of_us) {
    return orders ? JoinRanges(last.clv, of_orders, scored.value, of_us) : of_us;
  };
  const Micros predicted = value::ClvMicros(value);
  SetMoney(predicted, currency, *out.mutable_predicted());
  SetInterval(range(last.own, scored.own), "customer's own future",
              *out.mutable_predicted_interval());
  SetInterval(range(last.mean, scored.mean), "parameters, delta method",
              *out.mutable_mean_interval());
  SetInterval(range(last.combined, scored.combined), "own future and parameters",
              *out.mutable_total_interval());
  out.clear_residual();
  if (scored.residual && (!orders || last.residual_clv)) {
    const double residual = (orders ? *last.residual_clv : 0) + *scored.residual;
    SetMoney(value::ClvMicros(residual), currency, *out.mutable_residual());
  }
  out.set_horizon_days(settings.value_horizon_days);
  out.set_decile(deciles.Score(predicted));
}

std::optional<math::Interval> Scorer::State::AddSubscriptions(const Projection& projection,
                                                              v1::CustomerValue& out) {
  if (projection.subscriptions.empty()) return std::nullopt;
  v1::SubscriptionValue& part = *out.mutable_subscription();
  const SubscriptionScore scored = subscriptions.Score(projection.subscriptions, part);
  SetMoney(out.historic().micros() + part.historic().micros(), currency, *out.mutable_historic());
  if (!projection.has_orders) out.set_p_alive(part.running_count() > 0 ? 1 : 0);
  if (!subscriptions.parts().empty()) answer.subscriptions = &subscriptions.parts();
  const bool any_foreign =
      std::any_of(projection.subscriptions.begin(), projection.subscriptions.end(),
                  [](const Subscription& one) { return one.foreign; });
  if (any_foreign) out.add_notes("Subscriptions in another currency count 0.");
  if (!part.has_predicted()) {
    out.add_notes(
        "No retention model is usable yet: of subscriptions only the value to date is known.");
  } else if (!projection.has_orders || part.running_count() > 0) {
    AddForeseen(scored, out);
  }
  return scored.churn;
}

void Scorer::State::ScoreValue(const Projection& projection, v1::CustomerValue& out) {
  std::optional<double> no_purchase;
  if (projection.has_orders) no_purchase = ScoreOrders(projection, out);
  if (models && models->grouped_by != kChannelGroups) {  // Every report is by channel anyway.
    group = models->GroupOf(projection.facts.acquisition_channel(), projection.attributes);
    answer.group = group;
  }
  const auto end = AddSubscriptions(projection, out);
  leaving.Score(projection, no_purchase, end, out);
}

Scorer::Scorer(const Settings& settings, const WorkspaceModel& model)
    : state_(std::make_unique<State>(settings, model)) {}
Scorer::~Scorer() = default;

ScoredValue Scorer::Score(Projection& projection) {
  state_->answer = {};
  if (!projection.has_orders && projection.subscriptions.empty()) return {};
  v1::CustomerFacts& facts = projection.facts;
  v1::CustomerValue& value = *facts.mutable_value();
  value.Clear();
  SetMoney(facts.rfm().monetary().micros(), state_->currency, *value.mutable_historic());
  if (projection.has_orders) state_->ScoreRfm(*facts.mutable_rfm());
  state_->ScoreValue(projection, value);
  return state_->answer;
}

int64_t Scorer::PredictedMicros(const value::PurchaseHistory& purchases, int channel,
                                const Attributes& attributes,
                                std::span<const Subscription> subscriptions) {
  ModelScorers* model = state_->Use(channel, attributes);
  double value = state_->subscriptions.Predicted(subscriptions);
  if (model == nullptr) return value::ClvMicros(value);
  const auto scored = model->value.Score(purchases, state_->answer.covariates);
  if (scored.ok()) value += scored->clv;
  return value::ClvMicros(value);
}

int64_t Scorer::PredictedMicros(std::span<const Subscription> subscriptions) {
  return value::ClvMicros(state_->subscriptions.Predicted(subscriptions));
}

std::optional<double> Scorer::NoPurchaseChance(const value::PurchaseHistory& purchases, int channel,
                                               const Attributes& attributes) {
  ModelScorers* model = state_->Use(channel, attributes);
  if (model == nullptr) return std::nullopt;
  const auto chance = model->churn.Of(purchases, state_->answer.covariates);
  if (!chance.ok()) return std::nullopt;
  return 1 - *chance;
}

void Score(const Settings& settings, const WorkspaceModel& model, Projection& projection) {
  Scorer(settings, model).Score(projection);
}

absl::StatusOr<v1::CustomerValue> ValueOver(const Settings& settings, const WorkspaceModel& model,
                                            const Projection& projection, int32_t horizon_days) {
  if (horizon_days < 1 || horizon_days > kMaxHorizonDays) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be 1 to 3650");
  }
  if (!projection.has_orders && projection.subscriptions.empty()) {
    return FailedPrecondition("NO_PURCHASE", "the customer has no purchase to predict from");
  }
  if (!ModelsOf(model) && RetentionFits(model.value_model()).empty()) {
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
