// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/value/clv.h"
#include "lib/value/horizon.h"
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

std::string ModelName(const value::ExpectedSpend& spend) {
  return spend.basis == value::SpendBasis::kGammaGamma ? "bg_nbd+gamma_gamma" : "bg_nbd+mean";
}

}  // namespace

struct Scorer::State {
  State(const Settings& settings, const WorkspaceModel& model);
  void ScoreRfm(v1::Rfm& rfm) const;
  void ScoreValue(const value::PurchaseHistory& purchases, v1::CustomerValue& out);

  value::RfmScorer rfm;
  math::RankCuts deciles;
  std::string currency;
  int32_t horizon_days;
  std::string no_model;  // Why there is none, when there is none.
  std::optional<value::ClvScorer> clv;
  std::optional<value::BgNbdHorizon> month;
};

Scorer::State::State(const Settings& settings, const WorkspaceModel& model)
    : rfm(CutsOf(model.recency_cuts(), math::Better::kLower),
          CutsOf(model.frequency_cuts(), math::Better::kHigher),
          CutsOf(model.monetary_cuts(), math::Better::kHigher)),
      deciles(CutsOf(model.decile_cuts(), math::Better::kHigher)),
      currency(UnpackCurrency(settings.base_currency)),
      horizon_days(settings.value_horizon_days),
      no_model("No value model is fitted yet: only the value to date is known.") {
  const auto parameters = ParametersOf(model);
  if (!parameters) return;
  value::ClvOptions options;
  options.horizon_days = settings.value_horizon_days;
  options.annual_discount_rate = settings.annual_discount_rate;
  options.interval_level = kIntervalLevel;
  auto scorer = value::MakeScorer(*parameters, options);
  auto purchases = value::BgNbd::Create(parameters->purchases);
  if (!scorer.ok() || !purchases.ok()) {
    no_model = "The stored value model is not valid: only the value to date is known.";
    return;
  }
  clv.emplace(*std::move(scorer));
  month.emplace(*purchases, kMonthDays, settings.annual_discount_rate);
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

void Scorer::State::ScoreValue(const value::PurchaseHistory& purchases, v1::CustomerValue& out) {
  out.set_repeat_purchases(purchases.frequency);
  out.set_recency_days(purchases.recency_days);
  out.set_age_days(purchases.age_days);
  if (!clv) {
    out.add_notes(no_model);
    return;
  }
  const auto scored = clv->Score(purchases);
  if (!scored.ok()) {
    out.add_notes(std::string(scored.status().message()));
    return;
  }
  const Micros predicted = value::ClvMicros(scored->clv);
  SetMoney(predicted, currency, *out.mutable_predicted());
  v1::Interval& interval = *out.mutable_predicted_interval();
  interval.set_low(scored->clv_low);
  interval.set_high(scored->clv_high);
  interval.set_level(kIntervalLevel);
  interval.set_method("customer's own future");
  out.set_p_alive(scored->p_alive);
  out.set_expected_purchases(scored->expected_purchases);
  out.set_expected_purchases_30d(scored->p_alive *
                                 month->At(purchases.frequency, purchases.age_days).purchases);
  SetMoney(value::ClvMicros(scored->spend.mean_value), currency,
           *out.mutable_expected_order_value());
  out.set_horizon_days(horizon_days);
  out.set_decile(deciles.Score(predicted));
  out.set_model(ModelName(scored->spend));
  if (scored->alive_by_construction) {
    out.add_notes("BG/NBD gives every customer without a repeat purchase p_alive = 1.");
  }
}

Scorer::Scorer(const Settings& settings, const WorkspaceModel& model)
    : state_(std::make_unique<State>(settings, model)) {}
Scorer::~Scorer() = default;

void Scorer::Score(Projection& projection) {
  if (!projection.has_orders) return;
  v1::CustomerFacts& facts = projection.facts;
  state_->ScoreRfm(*facts.mutable_rfm());
  v1::CustomerValue& value = *facts.mutable_value();
  value.Clear();
  *value.mutable_historic() = facts.rfm().monetary();
  state_->ScoreValue(projection.purchases, value);
}

int64_t Scorer::PredictedMicros(const value::PurchaseHistory& purchases) {
  if (!state_->clv) return 0;
  const auto scored = state_->clv->Score(purchases);
  return scored.ok() ? value::ClvMicros(scored->clv) : 0;
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
  if (!ParametersOf(model)) {
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
