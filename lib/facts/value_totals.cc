// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include "lib/facts/model_parameters.h"
#include "lib/facts/reports.h"
#include "lib/facts/retention_fits.h"
#include "lib/facts/subscription_equity.h"
#include "lib/facts/subscriptions.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/math/stats.h"
#include "lib/value/equity.h"

namespace rapport::facts {
namespace {

constexpr int kDeciles = 10;
constexpr double kEquityLevel = 0.95;
constexpr char kNoOrder[] = "no_order";  // Group of those who only subscribe.
// Probabilities are summed as whole multiples of this, so that sums do not depend on order.
constexpr double kProbabilityUnit = 1e-9;

struct Totals {
  int64_t customers = 0;
  Micros predicted = 0;
  Micros historic = 0;
  int64_t alive = 0;  // In kProbabilityUnit.
  Micros min_predicted = INT64_MAX;
  Micros of_subscriptions = 0;  // Part of predicted.
  Micros monthly = 0;
  int64_t subscribers = 0;

  void Add(const Totals& other) {
    customers += other.customers;
    predicted += other.predicted;
    historic += other.historic;
    alive += other.alive;
    min_predicted = std::min(min_predicted, other.min_predicted);
    of_subscriptions += other.of_subscriptions;
    monthly += other.monthly;
    subscribers += other.subscribers;
  }
  double expected_alive() const { return static_cast<double>(alive) * kProbabilityUnit; }
  double mean_alive() const {
    return customers == 0 ? 0 : expected_alive() / static_cast<double>(customers);
  }
};

std::string StageLabel(int stage) {
  constexpr std::string_view kPrefix = "LIFECYCLE_STAGE_";
  std::string label = v1::LifecycleStage_Name(static_cast<v1::LifecycleStage>(stage));
  if (label.size() > kPrefix.size()) label.erase(0, kPrefix.size());
  for (char& letter : label) letter = static_cast<char>(std::tolower(letter));
  return label;
}

// Equity of a group whose customers may be under several models, which err apart.
class GroupEquity {
 public:
  void Add(const StoredModels& models, const ScoredValue& scored) {
    At(models, scored.model_segment).Add(*scored.score, scored.covariates);
  }
  void Merge(const StoredModels& models, const GroupEquity& other) {
    for (const auto& [segment, equity] : other.by_model_) At(models, segment).Merge(*equity);
  }
  // Variances of parts under different models add up.
  value::Equity Result(const StoredModels& models) const {
    value::Equity sum;
    for (const auto& [segment, equity] : by_model_) {
      const value::Equity part = equity->Result(models.Of(segment), kEquityLevel);
      sum.total += part.total;
      sum.parameter_error = std::hypot(sum.parameter_error, part.parameter_error);
      sum.own_error = std::hypot(sum.own_error, part.own_error);
    }
    return sum;
  }
  bool empty() const { return by_model_.empty(); }

 private:
  value::EquityAccumulator& At(const StoredModels& models, std::string_view segment) {
    auto found = by_model_.find(segment);
    if (found == by_model_.end()) {
      auto made = std::make_unique<value::EquityAccumulator>(models.Of(segment));
      found = by_model_.emplace(segment, std::move(made)).first;
    }
    return *found->second;
  }

  // By segment with a model of its own; the empty one is all customers' model.
  std::map<std::string, std::unique_ptr<value::EquityAccumulator>, std::less<>> by_model_;
};

// One group's sums.
struct Group {
  Totals totals;
  GroupEquity equity;
  SubscriptionSums subscriptions;
};

void SetCombined(value::Equity& equity) {
  const double half =
      math::TwoSidedZ(kEquityLevel) * std::hypot(equity.parameter_error, equity.own_error);
  equity.combined = {equity.total, std::max(0.0, equity.total - half), equity.total + half};
}

void FillInterval(const value::Equity& equity, v1::Interval& out) {
  out.set_low(equity.combined.low);
  out.set_high(equity.combined.high);
  out.set_level(kEquityLevel);
  out.set_method("own futures and parameters, normal");
}

}  // namespace

struct ValueTotals::State {
  explicit State(const WorkspaceModel& model)
      : models(ModelsOf(model)), retention(model.value_model()) {}

  void AddTo(Group& group, const Totals& one, const ScoredValue& scored) {
    group.totals.Add(one);
    if (models && scored.score != nullptr) group.equity.Add(*models, scored);
    if (scored.subscriptions != nullptr) group.subscriptions.Add(*scored.subscriptions);
  }
  void Merge(Group& into, const Group& from) {
    into.totals.Add(from.totals);
    if (models) into.equity.Merge(*models, from.equity);
    into.subscriptions.Merge(from.subscriptions);
  }
  // Orders and subscriptions err apart.
  std::optional<value::Equity> EquityOf(const Group& group) const {
    if ((!models || group.equity.empty()) && group.subscriptions.empty()) return std::nullopt;
    value::Equity sum = models ? group.equity.Result(*models) : value::Equity{};
    const SubscriptionEquity part = group.subscriptions.Result(retention);
    sum.total += part.total;
    sum.parameter_error = std::hypot(sum.parameter_error, part.parameter_error);
    sum.own_error = std::hypot(sum.own_error, part.own_error);
    SetCombined(sum);
    return sum;
  }
  template <typename Groups>
  void MergeGroups(Groups& into, const Groups& from) {
    for (const auto& [key, group] : from) Merge(into[key], group);
  }
  void Fill(const std::string& name, const Group& group, const std::string& currency,
            v1::ValueSegment& segment) const {
    segment.set_segment(name);
    segment.set_customer_count(group.totals.customers);
    segment.set_mean_p_alive(group.totals.mean_alive());
    SetMoney(group.totals.predicted, currency, *segment.mutable_predicted_total());
    SetMoney(group.totals.historic, currency, *segment.mutable_historic_total());
    if (const auto equity = EquityOf(group)) {
      FillInterval(*equity, *segment.mutable_equity_interval());
    }
  }

  std::optional<StoredModels> models;
  RetentionFits retention;
  Group all;
  std::array<Totals, kDeciles + 1> deciles;  // By decile, 1..10.
  std::map<int, Group> stages;
  std::map<std::string, Group> segments;  // By RFM segment id.
  std::map<std::string, Group> cohorts;   // YYYY-MM.
  std::map<int, Group> channels;
  std::map<std::string, Group, std::less<>> groups;  // Of the attribute modelled by.
};

ValueTotals::ValueTotals(const WorkspaceModel& model) : state_(std::make_unique<State>(model)) {}
ValueTotals::~ValueTotals() = default;

void ValueTotals::Add(const v1::CustomerFacts& facts, const ScoredValue& scored) {
  if (!facts.has_value()) return;
  const v1::CustomerValue& value = facts.value();
  Totals one;
  one.customers = 1;
  one.predicted = one.min_predicted = value.predicted().micros();
  one.historic = value.historic().micros();
  one.alive = std::llround(value.p_alive() / kProbabilityUnit);
  one.of_subscriptions = value.subscription().predicted().micros();
  one.monthly = value.subscription().monthly_recurring_revenue().micros();
  one.subscribers = value.subscription().running_count() > 0 ? 1 : 0;
  const bool ordered = facts.has_rfm();
  state_->deciles[static_cast<size_t>(std::clamp(value.decile(), 0, kDeciles))].Add(one);
  state_->AddTo(state_->all, one, scored);
  state_->AddTo(state_->stages[facts.lifecycle().stage()], one, scored);
  state_->AddTo(state_->segments[ordered ? facts.rfm().segment() : kNoOrder], one, scored);
  state_->AddTo(state_->cohorts[ordered ? facts.acquisition_cohort().substr(0, 7) : kNoOrder], one,
                scored);
  state_->AddTo(state_->channels[facts.acquisition_channel()], one, scored);
  if (!scored.group.empty()) {
    state_->AddTo(state_->groups[std::string(scored.group)], one, scored);
  }
}

void ValueTotals::Merge(const ValueTotals& other) {
  for (size_t i = 0; i < state_->deciles.size(); ++i) {
    state_->deciles[i].Add(other.state_->deciles[i]);
  }
  state_->Merge(state_->all, other.state_->all);
  state_->MergeGroups(state_->stages, other.state_->stages);
  state_->MergeGroups(state_->segments, other.state_->segments);
  state_->MergeGroups(state_->cohorts, other.state_->cohorts);
  state_->MergeGroups(state_->channels, other.state_->channels);
  state_->MergeGroups(state_->groups, other.state_->groups);
}

v1::ValueReport ValueTotals::Finish(const Settings& settings) const {
  const std::string currency = UnpackCurrency(settings.base_currency);
  const Group& everybody = state_->all;
  const Totals& all = everybody.totals;
  v1::ValueReport report;
  SetMoney(all.predicted, currency, *report.mutable_customer_equity());
  SetMoney(all.historic, currency, *report.mutable_historic_total());
  SetMoney(all.of_subscriptions, currency, *report.mutable_subscription_equity());
  SetMoney(all.monthly, currency, *report.mutable_monthly_recurring_revenue());
  report.set_subscriber_count(all.subscribers);
  report.set_customer_count(all.customers);
  report.set_mean_p_alive(all.mean_alive());
  report.set_expected_alive(all.expected_alive());
  for (int decile = kDeciles; decile >= 1; --decile) {
    const Totals& totals = state_->deciles[static_cast<size_t>(decile)];
    if (totals.customers == 0) continue;
    v1::ValueDecile& out = *report.add_deciles();
    out.set_decile(decile);
    out.set_customer_count(totals.customers);
    SetMoney(totals.min_predicted, currency, *out.mutable_min_predicted());
    SetMoney(totals.predicted, currency, *out.mutable_predicted_total());
    SetMoney(totals.historic, currency, *out.mutable_historic_total());
    out.set_mean_p_alive(totals.mean_alive());
  }
  if (all.predicted > 0) {
    report.set_top_decile_share(static_cast<double>(state_->deciles[kDeciles].predicted) /
                                static_cast<double>(all.predicted));
  }
  if (const auto equity = state_->EquityOf(everybody)) {
    FillInterval(*equity, *report.mutable_equity_interval());
    SetMoney(value::ClvMicros(equity->own_error), currency, *report.mutable_individual_deviation());
    SetMoney(value::ClvMicros(equity->parameter_error), currency,
             *report.mutable_parameter_deviation());
  }
  for (const auto& [stage, group] : state_->stages) {
    state_->Fill(StageLabel(stage), group, currency, *report.add_by_stage());
  }
  for (const auto& [name, group] : state_->segments) {
    state_->Fill(name, group, currency, *report.add_by_rfm_segment());
  }
  for (const auto& [month, group] : state_->cohorts) {
    state_->Fill(month, group, currency, *report.add_by_cohort());
  }
  for (const auto& [channel, group] : state_->channels) {
    state_->Fill(ChannelName(channel), group, currency, *report.add_by_channel());
  }
  for (const auto& [name, group] : state_->groups) {
    state_->Fill(name, group, currency, *report.add_by_group());
  }
  if (!state_->groups.empty()) report.set_grouped_by(state_->models->grouped_by);
  return report;
}

std::vector<int64_t> DecileCuts(const std::vector<int64_t>& predicted_micros) {
  math::ValueHistogram histogram;
  for (const int64_t micros : predicted_micros) histogram.Add(micros);
  return math::RankCuts::Make(histogram, kDeciles, math::Better::kHigher).cuts();
}

}  // namespace rapport::facts
