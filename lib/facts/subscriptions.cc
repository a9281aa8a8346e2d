// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/subscriptions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "lib/facts/signals.h"
#include "lib/facts/wire.h"
#include "lib/value/clv.h"

namespace rapport::facts {
namespace {

constexpr double kYearDays = 365;
constexpr double kChurnLevel = 0.95;
constexpr double kMicros = static_cast<double>(kMicrosPerUnit);

double PeriodsOf(const Settings& settings) { return settings.subscription_period_days; }

// Ranges of `amount` whose logarithm has an error of error / amount.
value::MoneyInterval LogRange(double amount, double error) {
  if (!(amount > 0)) return {amount, amount};
  const double factor = std::exp(math::TwoSidedZ(SubscriptionScorer::kLevel) * error / amount);
  return {amount / factor, amount * factor};
}

void SetInterval(const value::MoneyInterval& range, const char* method, v1::Interval& out) {
  out.set_low(range.low);
  out.set_high(range.high);
  out.set_level(SubscriptionScorer::kLevel);
  out.set_method(method);
}

// What a spell's payments up to now come to: at its start and at renewals before its end.
Micros PaidOf(const Settings& settings, const SubscriptionSpell& spell,
              const store::v1::SubscriptionRevenue& revenue) {
  const int32_t period = settings.subscription_period_days;
  double paid = 0, monthly = 0;
  int32_t next = 0;  // Day of the next payment after the start.
  const auto pay_until = [&](int32_t end) {
    if (end <= next) return;
    const int32_t payments = (end - next + period - 1) / period;
    paid += payments * std::nearbyint(PaymentOf(settings, 1) * monthly * kMicros);
    next += payments * period;
  };
  ForEachDay(revenue.days(), spell.start_day + spell.days, [&](int i, CivilDays day) {
    pay_until(day - spell.start_day);
    monthly = static_cast<double>(std::max<Micros>(0, revenue.mrr_micros(i)));
  });
  // A renewal due on the day of the end is not paid; the start always is.
  pay_until(spell.ended ? std::max(spell.days, 1) : spell.days + 1);
  return static_cast<Micros>(paid);
}

void AddRevenue(const Settings& settings, const store::v1::SubscriptionRevenue& revenue,
                Subscription& to) {
  const CivilDays last_day = to.spell.start_day + to.spell.days;
  to.paid = PaidOf(settings, to.spell, revenue);
  ForEachDay(revenue.days(), last_day, [&](int i, CivilDays) {
    to.foreign = revenue.mrr_micros(i) == kForeignCurrency;
    to.monthly = to.foreign ? 0 : revenue.mrr_micros(i);
  });
}

}  // namespace

double PaymentOf(const Settings& settings, Micros monthly) {
  return static_cast<double>(monthly) / kMicros * 12 * PeriodsOf(settings) / kYearDays;
}

std::vector<Subscription> SubscriptionsAt(const Settings& settings, const Fold& fold,
                                          CivilDays day) {
  std::vector<Subscription> subscriptions;
  for (const SubscriptionSpell& spell : SpellsAt(fold, day)) subscriptions.push_back({spell});
  for (const store::v1::SubscriptionRevenue& revenue : fold.subscription_revenue()) {
    const auto at = static_cast<size_t>(revenue.spell());
    if (at < subscriptions.size()) AddRevenue(settings, revenue, subscriptions[at]);
  }
  return subscriptions;
}

RenewalTimes RenewalTimesOf(const Settings& settings, int32_t days) {
  const int32_t period = settings.subscription_period_days;
  RenewalTimes times;
  times.made = days / period;
  times.wait_days = (times.made + 1) * period - days;
  times.due = RenewalsDue(settings, times.wait_days);
  return times;
}

int32_t RenewalsDue(const Settings& settings, int32_t wait_days) {
  const int32_t left = settings.value_horizon_days - wait_days;
  return left < 0 ? 0 : left / settings.subscription_period_days + 1;
}

math::Interval ChurnOf(const Settings& settings, const value::RetentionFit& fit, int32_t days) {
  const double made = days / settings.subscription_period_days;
  const double renewals = settings.churn_horizon_days / PeriodsOf(settings);
  const double churn = 1 - fit.model.StillThere(made, renewals);
  const auto range = value::ChanceInterval(
      fit, kChurnLevel,
      [&](const value::RetentionModel& model) { return 1 - model.StillThere(made, renewals); });
  return range.value_or(math::Interval{churn, churn, churn});
}

value::MoneyInterval JoinRanges(double a, const value::MoneyInterval& range_a, double b,
                                const value::MoneyInterval& range_b) {
  const auto away = [](double one, double other) {
    return std::hypot(std::max(0.0, one), std::max(0.0, other));
  };
  return {a + b - away(a - range_a.low, b - range_b.low),
          a + b + away(range_a.high - a, range_b.high - b)};
}

SubscriptionScorer::SubscriptionScorer(const Settings& settings, const v1::ValueModel& model)
    : settings_(settings), fits_(model), currency_(UnpackCurrency(settings.base_currency)) {}

SubscriptionFuture SubscriptionScorer::Foretell(int fit, int32_t days) const {
  const value::RetentionFit& retention = fits_.at(fit).fit;
  SubscriptionFuture future;
  future.fit = fit;
  future.times = RenewalTimesOf(settings_, days);
  future.churn = ChurnOf(settings_, retention, days);
  const auto [made, wait, due] = future.times;
  const double rate = settings_.annual_discount_rate;
  const double now = std::pow(1 + rate, -wait / kYearDays);
  const double step = std::pow(1 + rate, -PeriodsOf(settings_) / kYearDays);
  constexpr double kTail = (1 - kLevel) / 2;
  double weight = now, sum = 0, second = 0;  // sum: of the weights before.
  bool low = false, high = false;
  for (int32_t k = 1; k <= due; ++k, weight *= step) {
    const double there = retention.model.StillThere(made, k);
    // P(at most k - 1 renewals) = 1 - there.
    if (!low && 1 - there >= kTail) future.low = sum, low = true;
    if (!high && 1 - there >= 1 - kTail) future.high = sum, high = true;
    future.expected += there;
    future.discounted += weight * there;
    second += there * weight * (weight + 2 * sum);
    sum += weight;
  }
  if (!low) future.low = sum;
  if (!high) future.high = sum;
  future.variance = std::max(0.0, second - future.discounted * future.discounted);
  const auto value_of = [&, made = made, due = due](double horizon) {
    return [&, made, horizon](const value::RetentionModel& model) -> std::optional<double> {
      const auto renewals = model.DiscountedRenewals(made, 1 / step - 1, horizon);
      return renewals ? std::optional(now * *renewals) : std::nullopt;
    };
  };
  future.slopes = value::ParameterSlopesOf(retention, value_of(due));
  const auto endless = value_of(std::numeric_limits<double>::infinity());
  future.residual = endless(retention.model);
  if (future.residual) future.residual_slopes = value::ParameterSlopesOf(retention, endless);
  return future;
}

const SubscriptionFuture* SubscriptionScorer::FutureOf(const SubscriptionSpell& spell) {
  const int fit = fits_.IndexFor(spell.start_day);
  if (fit < 0 || spell.ended) return nullptr;
  const auto [found, is_new] = futures_.try_emplace({fit, spell.days});
  if (is_new) found->second = Foretell(fit, spell.days);
  return &found->second;
}

double SubscriptionScorer::Predicted(std::span<const Subscription> subscriptions) {
  double value = 0;
  for (const Subscription& subscription : subscriptions) {
    const SubscriptionFuture* future = FutureOf(subscription.spell);
    if (future == nullptr) continue;
    value += future->discounted * PaymentOf(settings_, subscription.monthly) * settings_.margin;
  }
  return value;
}

void SubscriptionScorer::AddRunning(const Subscription& subscription, v1::SubscriptionValue& out) {
  const SubscriptionFuture* future = FutureOf(subscription.spell);
  const RenewalTimes times = RenewalTimesOf(settings_, subscription.spell.days);
  v1::RunningSubscription& row = *out.add_running();
  row.set_start_date(FormatDate(subscription.spell.start_day));
  row.set_renewals(times.made);
  row.set_next_renewal_days(times.wait_days);
  SetMoney(subscription.monthly, currency_, *row.mutable_monthly_recurring_revenue());
  if (future == nullptr) return;
  const RetentionFits::Entry& entry = fits_.at(future->fit);
  const double unit = PaymentOf(settings_, subscription.monthly) * settings_.margin;
  parts_.push_back({unit, future});
  row.set_cohort(entry.cohort);
  row.set_model(std::string(value::NameOf(entry.fit.kind)));
  SetMoney(value::ClvMicros(future->discounted * unit), currency_, *row.mutable_predicted());
  if (future->residual) {
    SetMoney(value::ClvMicros(*future->residual * unit), currency_, *row.mutable_residual());
  }
  row.set_churn_probability(future->churn.estimate);
}

std::optional<double> SubscriptionScorer::ParameterError(
    std::vector<double> SubscriptionFuture::*slopes) const {
  // One fit moves all its subscriptions together; fits err apart.
  std::map<int, std::vector<double>> sums;
  for (const SubscriptionPart& part : parts_) {
    const std::vector<double>& from = part.future->*slopes;
    std::vector<double>& sum = sums[part.future->fit];
    sum.resize(std::max(sum.size(), from.size()));
    for (size_t i = 0; i < from.size(); ++i) sum[i] += part.unit * from[i];
  }
  double variance = 0;
  for (const auto& [fit, sum] : sums) {
    const auto one = value::ParameterVariance(fits_.at(fit).fit, sum);
    if (!one) return std::nullopt;
    variance += *one;
  }
  return std::sqrt(variance);
}

SubscriptionScore SubscriptionScorer::Sum(v1::SubscriptionValue& out) const {
  SubscriptionScore score;
  double expected = 0;
  math::Interval churn{1, 1, 1};
  for (const SubscriptionPart& part : parts_) {
    const SubscriptionFuture& future = *part.future;
    const double value = future.discounted * part.unit;
    const value::MoneyInterval own{future.low * part.unit, future.high * part.unit};
    score.own = parts_.size() == 1 ? own : JoinRanges(score.value, score.own, value, own);
    score.value += value;
    expected += future.expected;
    if (score.residual && future.residual) {
      *score.residual += *future.residual * part.unit;
    } else {
      score.residual.reset();
    }
    churn = {churn.estimate * future.churn.estimate, churn.low * future.churn.low,
             churn.high * future.churn.high};
  }
  score.own.low = std::max(0.0, score.own.low);
  if (!parts_.empty()) score.churn = churn;
  const double error = ParameterError(&SubscriptionFuture::slopes).value_or(0);
  score.mean = LogRange(score.value, error);
  score.combined = JoinRanges(score.value, score.own, 0,
                              {score.mean.low - score.value, score.mean.high - score.value});
  score.combined.low = std::max(0.0, score.combined.low);
  out.set_expected_renewals(expected);
  return score;
}

SubscriptionScore SubscriptionScorer::Score(std::span<const Subscription> subscriptions,
                                            v1::SubscriptionValue& out) {
  parts_.clear();
  Micros monthly = 0, paid = 0;
  for (const Subscription& subscription : subscriptions) {
    paid += subscription.paid;
    if (subscription.spell.ended) {
      out.set_ended_count(out.ended_count() + 1);
      continue;
    }
    monthly += subscription.monthly;
    out.set_running_count(out.running_count() + 1);
    AddRunning(subscription, out);
  }
  SetMoney(monthly, currency_, *out.mutable_monthly_recurring_revenue());
  SetMoney(paid, currency_, *out.mutable_historic());
  const SubscriptionScore score = Sum(out);
  if (parts_.empty() && out.running_count() > 0) return score;  // Not foretold.
  SetMoney(value::ClvMicros(score.value), currency_, *out.mutable_predicted());
  SetInterval(score.own, "customer's own future", *out.mutable_predicted_interval());
  SetInterval(score.mean, "parameters, delta method", *out.mutable_mean_interval());
  if (!score.residual) return score;
  SetMoney(value::ClvMicros(*score.residual), currency_, *out.mutable_residual());
  const double error = ParameterError(&SubscriptionFuture::residual_slopes).value_or(0);
  SetInterval(LogRange(*score.residual, error), "parameters, delta method",
              *out.mutable_residual_interval());
  return score;
}

}  // namespace rapport::facts
