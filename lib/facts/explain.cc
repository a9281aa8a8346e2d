// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <initializer_list>

#include "lib/base/text.h"
#include "lib/facts/explain_subscriptions.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/wire.h"

namespace rapport::facts {
namespace {

constexpr char kEvents[] = "the customer's events";
constexpr char kFit[] = "fitted on all customers of the workspace (GetValueModel)";
constexpr char kSetting[] = "setting of the workspace";
constexpr char kQuintiles[] = "all customers with an order, at the last nightly run";
constexpr char kGammaGammaSource[] = "Gamma-Gamma: Fader, Hardie 2013, brucehardie.com note 025";

// Six digits that matter, as a person would print them.
std::string Print(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}
std::string Print(const v1::Money& money) {
  return Cat(FormatMoney(money.micros()), " ", money.currency());
}

template <typename Cuts>
std::string PrintCuts(const Cuts& cuts) {
  std::string text;
  for (const auto cut : cuts)
    text += Cat(text.empty() ? "" : ", ", Print(static_cast<double>(cut)));
  return text.empty() ? "none" : text;
}

class Lines {
 public:
  explicit Lines(std::vector<ExplainLine>& lines) : lines_(lines) {}
  ExplainLine& Add(std::string subject, std::string result, std::string formula) {
    ExplainLine& line = lines_.emplace_back();
    line.subject = std::move(subject);
    line.result = std::move(result);
    line.formula = std::move(formula);
    return line;
  }

 private:
  std::vector<ExplainLine>& lines_;
};

void Input(ExplainLine& line, std::string name, std::string value, std::string origin) {
  line.inputs.push_back({std::move(name), std::move(value), std::move(origin)});
}

void ExplainStage(const Settings& settings, const v1::CustomerFacts& facts, Lines lines) {
  if (!facts.has_lifecycle()) return;
  const v1::Lifecycle& lifecycle = facts.lifecycle();
  ExplainLine& line = lines.Add("lifecycle.stage", v1::LifecycleStage_Name(lifecycle.stage()),
                                "first rule of the decision list that holds (docs/metrics.md)");
  Input(line, "rule and evidence", lifecycle.cause(), kEvents);
  Input(line, "since", FormatTime(TimeOf(lifecycle.since())), kEvents);
  Input(line, "previous stage", v1::LifecycleStage_Name(lifecycle.previous_stage()), kEvents);
  const v1::LifecycleRules& rules = settings.rules;
  Input(line, "new_days", Cat(rules.new_days()), kSetting);
  Input(line, "at_risk_days", Cat(rules.at_risk_days()), kSetting);
  Input(line, "dormant_days", Cat(rules.dormant_days()), kSetting);
  Input(line, "churned_days", Cat(rules.churned_days()), kSetting);
  Input(line, "loyal_orders", Cat(rules.loyal_orders()), kSetting);
  Input(line, "loyal_tenure_days", Cat(rules.loyal_tenure_days()), kSetting);
  Input(line, "won_back_days", Cat(rules.won_back_days()), kSetting);
}

void ExplainRfm(const WorkspaceModel& model, const v1::Rfm& rfm, Lines lines) {
  const std::string score =
      "1 + whole part of 5 x (customers strictly worse) / (all customers with an order); ties "
      "share a score";
  lines.Add("rfm.recency_days", Print(rfm.recency_days()),
            "civil days from the last order to as_of");
  Input(lines.Add("rfm.recency_score", Cat(rfm.recency_score()), score), "borders, days",
        PrintCuts(model.recency_cuts()), kQuintiles);
  lines.Add("rfm.frequency", Cat(rfm.frequency()), "civil days with an order or booking");
  Input(lines.Add("rfm.frequency_score", Cat(rfm.frequency_score()), score), "borders, order days",
        PrintCuts(model.frequency_cuts()), kQuintiles);
  lines.Add("rfm.monetary", Print(rfm.monetary()),
            "orders and bookings less refunds, base currency");
  Input(lines.Add("rfm.monetary_score", Cat(rfm.monetary_score()), score), "borders, micros",
        PrintCuts(model.monetary_cuts()), kQuintiles);
  ExplainLine& segment = lines.Add(
      "rfm.segment", rfm.segment(),
      "cell of recency score by mean of frequency and monetary score, halves up (docs/metrics.md)");
  Input(segment, "recency score", Cat(rfm.recency_score()), "rfm.recency_score");
  Input(segment, "frequency score", Cat(rfm.frequency_score()), "rfm.frequency_score");
  Input(segment, "monetary score", Cat(rfm.monetary_score()), "rfm.monetary_score");
}

// How a kind of model computes P(alive) and the future, for people.
struct ModelWords {
  const char* p_alive;
  const char* future;
};

ModelWords WordsOf(value::ModelKind kind) {
  static constexpr char kBeta[] =
      "P(alive) x E[purchases in (T, T + h] | alive at T], over the Gamma posterior (r + x, alpha "
      "+ T) of the rate and the Beta posterior of leaving after a purchase, (a, b + x)";
  static constexpr char kStages[] =
      "sum over the k stages of the current gap: P(alive in the stage) x E[purchases in (T, T + "
      "h]], every k-th stage being a purchase";
  switch (kind) {
    case value::ModelKind::kBgNbd:
      return {"1 / (1 + a / (b + x - 1) x ((alpha + T) / (alpha + t_x))^(r + x)); 1 when x = 0",
              kBeta};
    case value::ModelKind::kMbgNbd:
      return {"1 / (1 + a / (b + x) x ((alpha + T) / (alpha + t_x))^(r + x))",
              "P(alive) x E[purchases in (T, T + h] | alive at T], over the Gamma posterior (r + "
              "x, alpha + T) of the rate and the Beta posterior of leaving after a purchase, (a, b "
              "+ x + 1)"};
    case value::ModelKind::kParetoNbd:
      return {
          "1 / (1 + s (alpha + T)^(r + x) (beta + T)^s x integral from t_x to T of (alpha + "
          "y)^-(r + x) (beta + y)^-(s + 1) dy)",
          "P(alive) x (r + x)(beta + T) / ((alpha + T)(s - 1)) x (1 - ((beta + T) / (beta + T "
          "+ h))^(s - 1))"};
    case value::ModelKind::kBgCnbdK:
    case value::ModelKind::kMbgCnbdK:
      return {
          "likelihood of silence with the customer still there, over that plus the likelihood "
          "of having left after the last purchase; gaps are Erlang-k",
          kStages};
    case value::ModelKind::kBgBb:
      return {
          "B(alpha + x, beta + n - x) B(gamma, delta + n) over the likelihood of the history, "
          "n being the opportunities since the first purchase",
          "P(alive) x (alpha + x) / (alpha + beta + n) x expected opportunities in (n, n + h] "
          "before leaving"};
    case value::ModelKind::kNbd:
      return {"1: nobody leaves under this model", "(r + x) / (alpha + T) x h"};
  }
  return {"", ""};
}

void AddPurchaseInputs(const v1::ValueModel& model, const v1::CustomerValue& value,
                       ExplainLine& line) {
  Input(line, "x", Cat(value.repeat_purchases()), "repeat purchase days after the first");
  Input(line, "t_x", Cat(Print(value.recency_days()), " days"), "first to last purchase day");
  Input(line, "T", Cat(Print(value.age_days()), " days"), "first purchase day to as_of");
  const auto* parameters = &model.purchase_parameters();
  int regularity = model.regularity();
  for (const v1::SegmentModel& segment : model.segments()) {
    if (segment.segment() != value.model_segment() || segment.purchase_model().empty()) continue;
    parameters = &segment.purchase_parameters();
    regularity = segment.regularity();
  }
  for (const v1::Parameter& parameter : *parameters) {
    Input(line, parameter.name(), Print(parameter.value()),
          Cat(kFit, ", times in units of ", Print(model.time_unit_days()), " days"));
  }
  if (regularity > 1) Input(line, "k", Cat(regularity), kFit);
  for (int i = 0; i < std::min(value.covariates_size(), model.covariates_size()); ++i) {
    const v1::Covariate& column = model.covariates(i);
    Input(line, Cat("covariate ", column.name()), Print(value.covariates(i)),
          column.attribute().empty() ? "channel of the first order"
                                     : Cat("attribute ", column.attribute(), " of the customer"));
  }
  for (const v1::CovariateEffect& effect : model.effects()) {
    if (!value.model_segment().empty()) break;
    Input(line, Cat("effect on ", effect.parameter(), " of ", effect.covariate()),
          Print(effect.value()), kFit);
  }
}

void ExplainOrderValue(const WorkspaceModel& model, const Projection& projection, Lines lines) {
  const v1::ValueModel& fit = model.value_model();
  const bool gamma_gamma = fit.spend_model() == kGammaGammaModel;
  ExplainLine& line = lines.Add(
      "value.expected_order_value", Print(projection.facts.value().expected_order_value()),
      gamma_gamma ? Cat("p (gamma + x m) / (p x + q - 1); without repeat purchases p gamma / (q - "
                        "1). ",
                        kGammaGammaSource)
                  : "own mean of repeat purchases; without any, the mean of all customers' repeat "
                    "purchases");
  Input(line, "x", Cat(projection.purchases.frequency), "repeat purchase days after the first");
  Input(line, "m", Print(projection.purchases.mean_value()),
        "mean value of a repeat purchase day net of refunds");
  if (!gamma_gamma) {
    Input(line, "mean of all", FormatMoney(model.mean_order_micros()), kFit);
    Input(line, "why not Gamma-Gamma", fit.spend_reason(), kFit);
    return;
  }
  for (const v1::Parameter& parameter : fit.spend_parameters()) {
    Input(line, parameter.name(), Print(parameter.value()), kFit);
  }
}

void ExplainPurchases(const v1::ValueModel& fit, const v1::CustomerValue& value, Lines lines) {
  const auto kind = value::ModelKindByName(value.model().substr(0, value.model().find('+')));
  if (!kind) return;
  const ModelWords words = WordsOf(*kind);
  const std::string source = Cat(". ", value::TraitsOf(*kind).source);
  ExplainLine& alive =
      lines.Add("value.p_alive", Print(value.p_alive()), Cat(words.p_alive, source));
  AddPurchaseInputs(fit, value, alive);
  ExplainLine& purchases = lines.Add("value.expected_purchases", Print(value.expected_purchases()),
                                     Cat(words.future, source));
  AddPurchaseInputs(fit, value, purchases);
  Input(purchases, "h", Cat(value.horizon_days(), " days"), kSetting);
  if (value.has_next_purchase_days()) {
    lines.Add("value.next_purchase_days", Print(value.next_purchase_days()),
              "median time to the next purchase of a customer who is alive and makes one");
  }
  if (value.has_silence_days()) {
    lines.Add("value.silence_days", Print(value.silence_days()),
              "days after the last purchase at which P(alive) falls below 0.5");
  }
}

// The part of orders in the predicted value.
void AddOrderInputs(const Settings& settings, const v1::CustomerValue& value, ExplainLine& line) {
  Input(line, "expected purchases", Print(value.expected_purchases()),
        "value.expected_purchases, before discounting");
  const auto money =
      static_cast<double>(value.predicted().micros() - value.subscription().predicted().micros());
  const double each = static_cast<double>(value.expected_order_value().micros()) * settings.margin;
  if (each > 0) {
    Input(line, "expected discounted purchases", Print(money / each),
          "each of them discounted from its own moment");
  }
  Input(line, "expected order value", Print(value.expected_order_value()),
        "value.expected_order_value");
}

void ExplainMoney(const Settings& settings, const v1::CustomerValue& value, Lines lines) {
  const bool orders = !value.model().empty();
  const bool subscriptions = value.subscription().has_predicted();
  constexpr char kOrders[] =
      "expected discounted purchases x expected order value x margin; a purchase t days ahead "
      "counts (1 + rate)^(-t / 365)";
  ExplainLine& predicted = lines.Add("value.predicted", Print(value.predicted()),
                                     !subscriptions ? kOrders
                                     : orders ? Cat(kOrders, "; plus value.subscription.predicted")
                                              : "value.subscription.predicted");
  if (orders) AddOrderInputs(settings, value, predicted);
  if (subscriptions) {
    Input(predicted, "subscriptions", Print(value.subscription().predicted()),
          "value.subscription.predicted");
  }
  Input(predicted, "margin", Print(settings.margin), kSetting);
  Input(predicted, "rate", Print(settings.annual_discount_rate), kSetting);
  Input(predicted, "h", Cat(value.horizon_days(), " days"), kSetting);
  const auto range = [&](const char* name, const v1::Interval& interval, const char* what) {
    Input(predicted, name, Cat(Print(interval.low()), " to ", Print(interval.high())), what);
  };
  range("80 % interval", value.predicted_interval(),
        "of this customer's own future, not of the mean");
  range("80 % interval of the mean", value.mean_interval(),
        "how well the parameters are known, delta method");
  range("80 % interval with both", value.total_interval(), "own future and parameters");
  if (!value.has_residual()) return;
  ExplainLine& residual = lines.Add(
      "value.residual", Print(value.residual()),
      orders ? "the same over all time to come: discounted expected residual transactions x "
               "expected order value x margin"
             : "the same over all time to come");
  Input(residual, "rate", Print(settings.annual_discount_rate), kSetting);
  if (value.subscription().has_residual()) {
    Input(residual, "subscriptions", Print(value.subscription().residual()),
          "value.subscription.residual");
  }
}

void ExplainForecast(const Settings& settings, const WorkspaceModel& model,
                     const Projection& projection, Lines lines) {
  const v1::CustomerValue& value = projection.facts.value();
  if (!value.model().empty()) {
    ExplainPurchases(model.value_model(), value, lines);
    ExplainOrderValue(model, projection, lines);
  }
  ExplainMoney(settings, value, lines);
}

void ExplainOrders(const WorkspaceModel& model, const Projection& projection, Lines lines) {
  const v1::CustomerFacts& facts = projection.facts;
  lines.Add("acquisition_cohort", facts.acquisition_cohort(),
            "month of the first order or booking");
  if (facts.has_rfm()) ExplainRfm(model, facts.rfm(), lines);
}

}  // namespace

std::vector<ExplainLine> Explain(const Settings& settings, const WorkspaceModel& model,
                                 const Projection& projection) {
  std::vector<ExplainLine> explained;
  Lines lines(explained);
  const v1::CustomerFacts& facts = projection.facts;
  ExplainStage(settings, facts, lines);
  if (projection.has_orders) ExplainOrders(model, projection, lines);
  if (!facts.has_value()) return explained;
  const v1::CustomerValue& value = facts.value();
  ExplainLine& historic =
      lines.Add("value.historic", Print(value.historic()),
                value.has_subscription()
                    ? "orders and bookings less refunds to date, plus payments of subscriptions"
                    : "orders and bookings less refunds to date, base currency");
  Input(historic, "orders and bookings", Cat(facts.summary().order_count()), kEvents);
  if (value.has_subscription()) {
    Input(historic, "subscriptions", Print(value.subscription().historic()),
          "value.subscription.historic");
  }
  if (value.horizon_days() > 0) ExplainForecast(settings, model, projection, lines);
  ExplainSubscriptions(settings, model, projection, explained);
  return explained;
}

}  // namespace rapport::facts
