// SPDX-License-Identifier: Apache-2.0
// Reports over the whole base, summed up customer by customer in any order and any
// grouping of partial sums: Add each projection, Merge partials, Finish once.
//
// Not thread-safe: one per shard. Same customers, same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/facts/attribute_columns.h"
#include "lib/facts/facts.h"
#include "lib/facts/retention_report.h"
#include "lib/value/purchase_fit.h"

namespace rapport::facts {

// Names of the reports in dataset kReports, one v1 message each.
inline constexpr std::string_view kValueModelReport = "value_model";  // v1.ValueModel
inline constexpr std::string_view kValueReport = "value_report";      // v1.ValueReport
inline constexpr std::string_view kLifecycleReport =
    "lifecycle";  // v1.LifecycleReport: stage counts now, flows and growth by month (all months)
// "retention/<birth>/<return>", birth: first_order | first_event, return: order | any_event;
// v1.RetentionReport in mode ON with cells' revenue; ON_OR_AFTER under ".../on_or_after".
std::string RetentionReportName(v1::CohortBirth birth, v1::CohortReturn return_event,
                                v1::RetentionMode mode);

// Cohort triangles and lifecycle counts: needs folds and unscored projections.
class BaseReports {
 public:
  explicit BaseReports(const Settings& settings, TimeMicros as_of);
  ~BaseReports();
  void Add(const Fold& fold, const Projection& projection);
  void Merge(const BaseReports& other);
  // (report name, serialized v1 message), sorted by name.
  std::vector<std::pair<std::string, std::string>> Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What tracking needs: all customers' purchase days.
struct PurchasesByDay {
  std::map<CivilDays, int64_t> first;   // Customers by day of the first purchase.
  std::map<CivilDays, int64_t> repeat;  // Repeat purchases.
  void Add(const Fold& fold, CivilDays until);
  void Merge(const PurchasesByDay& other);
};

// Fits the models and cut points on all projections (order does not matter) and reports the
// fit. `previous` (may be null) is last night's model: kept, with a note, when tonight's
// fit does not converge. Holdout: fitted again as of `holdout_start` when the history is
// long enough; `folds` gives the purchase days for it.
struct FitInput {
  std::vector<value::PurchaseHistory> histories;  // Customers with orders, at as_of.
  std::vector<value::PurchaseHistory>
      calibration;  // The same customers seen at holdout_start; those who came later are absent.
  std::vector<uint32_t> holdout_purchases;  // Purchase days after holdout_start of `calibration`.
  std::vector<int> channels;                // v1.Channel of the first order, as `histories`.
  std::vector<uint32_t> calibration_rows;   // Of each of `calibration`: index into histories.
  AttributeColumns attributes;              // Of AttributeKeys(), as `histories`.
  PurchasesByDay purchases_by_day;
  RetentionSums retention;
  value::ParallelFor parallel;  // Runs pieces of a fit; empty: one after another.
  // Customers with a subscription, and their place in `histories`; -1 without orders.
  std::vector<std::pair<int64_t, std::vector<Subscription>>> subscribers;
  std::vector<double> rfm_recency_days;  // Per customer with orders.
  std::vector<double> rfm_frequency;
  std::vector<int64_t> rfm_monetary_micros;
  CivilDays holdout_start = 0;
  CivilDays as_of_day = 0;
};
WorkspaceModel FitModel(const Settings& settings, const FitInput& input, TimeMicros as_of,
                        const WorkspaceModel* previous);
// Where the holdout begins: three quarters of the way from the first order to as_of.
CivilDays HoldoutStart(CivilDays first_order_day, CivilDays as_of_day);
// One fold's purchases as seen at an earlier day; age_days < 0 when the first order came
// after it (such a customer is no part of the calibration).
value::PurchaseHistory HistoryAt(const Settings& settings, const Fold& fold, CivilDays day);
// Purchase days after `day`, to the fold's end: what really happened in the holdout.
uint32_t PurchaseDaysAfter(const Fold& fold, CivilDays day);

// Lower bounds of deciles 2..10 of predicted value, for WorkspaceModel::decile_cuts. FitModel
// leaves them empty: score every customer once (Scorer::PredictedMicros), set the cuts, then
// score in full. Order does not matter; equal values share a decile.
std::vector<int64_t> DecileCuts(const std::vector<int64_t>& predicted_micros);

// The value report, from scored projections. Deciles are cut on predicted value by rank.
class ValueTotals {
 public:
  // `model` is the one the customers were scored with.
  explicit ValueTotals(const WorkspaceModel& model);
  ~ValueTotals();
  void Add(const v1::CustomerFacts& facts, const ScoredValue& scored);
  void Merge(const ValueTotals& other);
  v1::ValueReport Finish(const Settings& settings) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rapport::facts
