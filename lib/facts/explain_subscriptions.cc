// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/explain_subscriptions.h"

#include <cstdio>
#include <string>
#include <utility>

#include "lib/base/text.h"
#include "lib/facts/retention_fits.h"
#include "lib/facts/subscriptions.h"

namespace rapport::facts {
namespace {

constexpr char kEvents[] = "the customer's events";
constexpr char kSetting[] = "setting of the workspace";
constexpr size_t kMostExplained = 20;  // Subscriptions of one customer.

std::string Print(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}
std::string Print(const v1::Money& money) {
  return Cat(FormatMoney(money.micros()), " ", money.currency());
}

void Input(ExplainLine& line, std::string name, std::string value, std::string origin) {
  line.inputs.push_back({std::move(name), std::move(value), std::move(origin)});
}

ExplainLine& Add(std::vector<ExplainLine>& lines, std::string subject, std::string result,
                 std::string formula) {
  ExplainLine& line = lines.emplace_back();
  line.subject = std::move(subject);
  line.result = std::move(result);
  line.formula = std::move(formula);
  return line;
}

const char* SurvivalOf(value::RetentionKind kind) {
  return kind == value::RetentionKind::kBetaDiscreteWeibull
             ? "S(t) = B(alpha, beta + t^c) / B(alpha, beta); beta-discrete-Weibull: Fader, "
               "Hardie, Liu, Davin, Steenburgh 2018"
             : "S(t) = B(alpha, beta + t) / B(alpha, beta); shifted-beta-geometric: Fader, Hardie "
               "2007";
}

void AddFit(const RetentionFits::Entry& entry, ExplainLine& line) {
  const std::string origin =
      Cat("fitted on ",
          entry.cohort == kAllCohorts ? std::string("all subscriptions")
                                      : Cat("subscriptions started ", entry.cohort),
          " (GetValueModel)");
  for (const value::ParameterEstimate& parameter : entry.fit.summary.parameters) {
    Input(line, parameter.name, Print(parameter.value), origin);
  }
}

void ExplainOne(const Settings& settings, const v1::RunningSubscription& running,
                const SubscriptionFuture& future, const RetentionFits::Entry& entry,
                ExplainLine& line) {
  Input(line, "started", running.start_date(), kEvents);
  Input(line, "n", Cat(running.renewals()), "renewals made");
  Input(line, "w", Cat(running.next_renewal_days(), " days"), "to the next renewal");
  Input(line, "K", Cat(future.times.due), "renewals due in the horizon");
  Input(line, "d", Cat(settings.subscription_period_days, " days"), kSetting);
  Input(line, "h", Cat(settings.value_horizon_days, " days"), kSetting);
  Input(line, "rate", Print(settings.annual_discount_rate), kSetting);
  Input(line, "margin", Print(settings.margin), kSetting);
  Input(line, "monthly recurring revenue", Print(running.monthly_recurring_revenue()), kEvents);
  const Micros monthly = running.monthly_recurring_revenue().micros();
  Input(line, "payment at a renewal", Print(PaymentOf(settings, monthly)),
        "monthly recurring revenue x 12 x d / 365");
  Input(line, "expected renewals", Print(future.expected), "sum of S(n + k) / S(n), k = 1..K");
  Input(line, "discounted renewals", Print(future.discounted),
        "v^w x sum of v^(d (k - 1)) S(n + k) / S(n), v = (1 + rate)^(-1 / 365)");
  if (future.residual) {
    Input(line, "discounted renewals without end", Print(*future.residual),
          "v^w x DERL(n): Fader, Hardie 2010");
  }
  Input(line, "S", SurvivalOf(entry.fit.kind), entry.cohort);
  AddFit(entry, line);
}

void ExplainChurn(const Settings& settings, const v1::CustomerValue& value,
                  std::vector<ExplainLine>& lines) {
  if (value.churn().basis() != v1::CHURN_BASIS_SUBSCRIPTION_MODEL) return;
  ExplainLine& churn =
      Add(lines, "value.churn", Print(value.churn().probability()),
          "chance that all running subscriptions end within c days: product of 1 - S(n + c / d) / "
          "S(n)");
  Input(churn, "c", Cat(settings.churn_horizon_days, " days"), kSetting);
  Input(churn, "d", Cat(settings.subscription_period_days, " days"), kSetting);
  for (const v1::RunningSubscription& running : value.subscription().running()) {
    if (churn.inputs.size() > kMostExplained) break;
    Input(churn, Cat("subscription of ", running.start_date()), Print(running.churn_probability()),
          "chance that it ends");
  }
}

}  // namespace

void ExplainSubscriptions(const Settings& settings, const WorkspaceModel& model,
                          const Projection& projection, std::vector<ExplainLine>& lines) {
  const v1::CustomerValue& value = projection.facts.value();
  if (!value.has_subscription()) return;
  const v1::SubscriptionValue& part = value.subscription();
  ExplainLine& historic = Add(
      lines, "value.subscription.historic", Print(part.historic()),
      "payments to date: monthly recurring revenue of the day x 12 x d / 365, at each start and at "
      "every d-th day from it until the end");
  Input(historic, "running", Cat(part.running_count()), kEvents);
  Input(historic, "ended", Cat(part.ended_count()), kEvents);
  Input(historic, "d", Cat(settings.subscription_period_days, " days"), kSetting);
  ExplainChurn(settings, value, lines);
  if (!part.has_predicted()) return;
  Add(lines, "value.subscription.predicted", Print(part.predicted()),
      "sum over running subscriptions of discounted renewals x payment x margin");
  SubscriptionScorer scorer(settings, model.value_model());
  int row = 0;
  for (const Subscription& subscription : projection.subscriptions) {
    if (subscription.spell.ended) continue;
    const SubscriptionFuture* future = scorer.FutureOf(subscription.spell);
    if (future == nullptr || row >= part.running_size()) return;
    const v1::RunningSubscription& running = part.running(row++);
    if (row > static_cast<int>(kMostExplained)) return;
    ExplainLine& line =
        Add(lines, Cat("value.subscription.running[", row - 1, "].predicted"),
            Print(running.predicted()), "discounted renewals x payment at a renewal x margin");
    ExplainOne(settings, running, *future, scorer.fits().at(future->fit), line);
  }
}

}  // namespace rapport::facts
