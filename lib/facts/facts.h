// SPDX-License-Identifier: Apache-2.0
// One customer, from events to facts. Fold() sums a customer's events up into a
// CustomerFold, once per change of its events; Project() reads from a fold what holds at
// as_of; Score() adds what needs the whole base (quintiles, value). The nightly run and
// the live view call the same three functions, so both give the same answers.
//
// Pure and thread-safe: no clock, store or randomness. Fold costs about 0.1 us an event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/event_columns.h"
#include "lib/base/money.h"
#include "lib/facts/attributes.h"
#include "lib/metrics/series.h"
#include "lib/predict/features.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/rfm.h"
#include "rapport/store/v1/fold.pb.h"
#include "rapport/store/v1/manifest.pb.h"
#include "rapport/v1/cohort.pb.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/value.pb.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::facts {

using Fold = ::rapport::store::v1::CustomerFold;
using WorkspaceModel = ::rapport::store::v1::WorkspaceModel;

inline constexpr int32_t kMaxHorizonDays = 3650;  // Of predicted value.

// Jobs and server pass events::EventRow through Columns().
using ::rapport::EventColumns;

// The workspace's settings in the form this layer needs.
struct Settings {
  Calendar calendar = Calendar::Utc();
  CurrencyCode base_currency = 0;
  v1::LifecycleRules rules;  // Complete.
  double annual_discount_rate = 0.10;
  int32_t value_horizon_days = 365;
  // v1.ValueSettings, complete.
  std::string purchase_model = "auto";
  double time_unit_days = 7;
  double margin = 1;
  int32_t churn_horizon_days = 90;
  int32_t subscription_period_days = 30;
  bool channel_covariate = false;
  bool model_by_channel = false;
  bool require_spend_mean = false;
  std::vector<std::string> covariate_attributes;  // Keys.
  std::string model_by_attribute;                 // Key; empty: none.
};
absl::StatusOr<Settings> SettingsOf(const v1::Workspace& workspace);
// Keys of the attributes that the settings or a stored model (may be null) look at, sorted.
std::vector<std::string> AttributeKeys(const Settings& settings, const WorkspaceModel* model);

// Folds a customer's events (timeline order) up to and including `as_of`.
Fold FoldEvents(const Settings& settings, std::span<const EventColumns> events, TimeMicros as_of);

// Adds one more event to live totals (the summary of GetCustomer = facts' summary + tail).
void AddToSummary(const EventColumns& event, v1::CustomerSummary& summary);
// Joins the totals of two merged customers.
void MergeSummary(const v1::CustomerSummary& other, v1::CustomerSummary& summary);

// A spell of subscription: days from start to end, or to the day asked for while it ran.
struct SubscriptionSpell {
  CivilDays start_day = 0;
  int32_t days = 0;
  bool ended = false;
};

// A spell with its money (lib/facts/subscriptions.h).
struct Subscription {
  SubscriptionSpell spell;
  Micros monthly = 0;    // Monthly recurring revenue, base currency; the last one told.
  Micros paid = 0;       // To date.
  bool foreign = false;  // Its revenue is in another currency and counts 0.
};
struct SubscriptionPart;

// Which of a workspace's purchase models applies to a customer.
struct ModelUse {
  std::string segment;             // Whose own model; empty: all customers' model.
  std::vector<double> covariates;  // Of all customers' model.
};

// What a fold says at as_of, before the base is known.
struct Projection {
  v1::CustomerFacts facts;           // lifecycle, summary, cohort, raw RFM.
  value::PurchaseHistory purchases;  // For the value model; frequency, recency, age, spend.
  bool has_orders = false;
  // Those of AttributeKeys(); set by whoever knows the customer's record.
  Attributes attributes;
  // As a night scored the customer, when that is to be repeated: goes before channel and
  // attributes.
  std::optional<ModelUse> scored_as;
  // Set by AddSignals: for classifiers, and what subscriptions are worth.
  std::optional<predict::FeatureVector> features;
  std::vector<Subscription> subscriptions;  // In the order of their starts.
};
Projection Project(const Settings& settings, const Fold& fold, TimeMicros as_of);
// Adds subscriptions and what churn and top-decile forecasts look at; about 2 us.
void AddSignals(const Settings& settings, const Fold& fold, TimeMicros as_of,
                Projection& projection);

// What the value report needs of one scored customer beside its facts.
struct ScoredValue {
  const value::ValueScore* score = nullptr;  // nullptr: no model, or no purchase.
  std::span<const double> covariates;
  std::string_view model_segment;  // Whose own model was used; empty: all customers' model.
  std::string_view group;          // By the attribute that models are told apart by; or empty.
  // Running subscriptions that were foretold; nullptr: none.
  const std::vector<SubscriptionPart>* subscriptions = nullptr;
};

// Adds RFM scores and value to projections from the workspace's models. Not thread-safe
// (it caches curves): one per shard or thread; answers do not depend on what was scored
// before. About 2 us a customer after warm-up, some ms for the first of a kind.
class Scorer {
 public:
  Scorer(const Settings& settings, const WorkspaceModel& model);
  ~Scorer();
  // The answer holds until the next call.
  ScoredValue Score(Projection& projection);
  // Predicted value in micros alone, for the decile cuts (DecileCuts in reports.h) before
  // the full pass; 0 without a model. The second is for customers without orders.
  int64_t PredictedMicros(const value::PurchaseHistory& purchases, int channel,
                          const Attributes& attributes = {},
                          std::span<const Subscription> subscriptions = {});
  int64_t PredictedMicros(std::span<const Subscription> subscriptions);
  // P(no purchase in the churn horizon) by the purchase model; nullopt without one.
  std::optional<double> NoPurchaseChance(const value::PurchaseHistory& purchases, int channel,
                                         const Attributes& attributes = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// One Scorer for one customer.
void Score(const Settings& settings, const WorkspaceModel& model, Projection& projection);

// Value of one projected customer over another horizon (GetCustomerValue with horizon_days).
absl::StatusOr<v1::CustomerValue> ValueOver(const Settings& settings, const WorkspaceModel& model,
                                            const Projection& projection, int32_t horizon_days);

// The transitions of a fold up to as_of, oldest first (customer name left empty).
std::vector<v1::Transition> TransitionsOf(const Fold& fold, TimeMicros as_of);

// The series cells of one customer's events (family kEvents), for days up to as_of.
void AddEventCells(const Settings& settings, std::span<const EventColumns> events, TimeMicros as_of,
                   metrics::CellSums& cells);

// Words for one customer's figures, for ExplainCustomer: subject, result, formula, inputs.
struct ExplainLine {
  std::string subject, result, formula;
  struct Input {
    std::string name, value, origin;
  };
  std::vector<Input> inputs;
};
std::vector<ExplainLine> Explain(const Settings& settings, const WorkspaceModel& model,
                                 const Projection& projection);

}  // namespace rapport::facts
