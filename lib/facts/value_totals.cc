// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"

namespace rapport::facts {
namespace {

constexpr int kDeciles = 10;
// Probabilities are summed as whole multiples of this, so that sums do not depend on order.
constexpr double kProbabilityUnit = 1e-9;

struct Totals {
  int64_t customers = 0;
  Micros predicted = 0;
  Micros historic = 0;
  int64_t alive = 0;  // In kProbabilityUnit.
  Micros min_predicted = INT64_MAX;

  void Add(const Totals& other) {
    customers += other.customers;
    predicted += other.predicted;
    historic += other.historic;
    alive += other.alive;
    min_predicted = std::min(min_predicted, other.min_predicted);
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

void FillSegment(const std::string& name, const Totals& totals, const std::string& currency,
                 v1::ValueSegment& segment) {
  segment.set_segment(name);
  segment.set_customer_count(totals.customers);
  SetMoney(totals.predicted, currency, *segment.mutable_predicted_total());
  SetMoney(totals.historic, currency, *segment.mutable_historic_total());
}

}  // namespace

struct ValueTotals::State {
  Totals all;
  std::array<Totals, kDeciles + 1> deciles;  // By decile, 1..10.
  std::map<int, Totals> stages;
  std::map<std::string, Totals> segments;  // By RFM segment id.
};

ValueTotals::ValueTotals() : state_(std::make_unique<State>()) {}
ValueTotals::~ValueTotals() = default;

void ValueTotals::Add(const v1::CustomerFacts& facts) {
  if (!facts.has_value()) return;
  const v1::CustomerValue& value = facts.value();
  Totals one;
  one.customers = 1;
  one.predicted = one.min_predicted = value.predicted().micros();
  one.historic = value.historic().micros();
  one.alive = std::llround(value.p_alive() / kProbabilityUnit);
  state_->all.Add(one);
  state_->deciles[static_cast<size_t>(std::clamp(value.decile(), 0, kDeciles))].Add(one);
  state_->stages[facts.lifecycle().stage()].Add(one);
  state_->segments[facts.rfm().segment()].Add(one);
}

void ValueTotals::Merge(const ValueTotals& other) {
  state_->all.Add(other.state_->all);
  for (size_t i = 0; i < state_->deciles.size(); ++i) {
    state_->deciles[i].Add(other.state_->deciles[i]);
  }
  for (const auto& [stage, totals] : other.state_->stages) state_->stages[stage].Add(totals);
  for (const auto& [name, totals] : other.state_->segments) state_->segments[name].Add(totals);
}

v1::ValueReport ValueTotals::Finish(const Settings& settings) const {
  const std::string currency = UnpackCurrency(settings.base_currency);
  const Totals& all = state_->all;
  v1::ValueReport report;
  SetMoney(all.predicted, currency, *report.mutable_customer_equity());
  SetMoney(all.historic, currency, *report.mutable_historic_total());
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
  for (const auto& [stage, totals] : state_->stages) {
    FillSegment(StageLabel(stage), totals, currency, *report.add_by_stage());
  }
  for (const auto& [name, totals] : state_->segments) {
    FillSegment(name, totals, currency, *report.add_by_rfm_segment());
  }
  return report;
}

std::vector<int64_t> DecileCuts(const std::vector<int64_t>& predicted_micros) {
  math::ValueHistogram histogram;
  for (const int64_t micros : predicted_micros) histogram.Add(micros);
  return math::RankCuts::Make(histogram, kDeciles, math::Better::kHigher).cuts();
}

}  // namespace rapport::facts
