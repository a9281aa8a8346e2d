// SPDX-License-Identifier: Apache-2.0
// What customers would be worth if their futures were different: AskWhatIf over rows of
// facts, one customer or all.
//
// Predicted value is linear in the value of a purchase, which every row of facts holds. So
// a row is worth (discounted purchases of its x, t_x, T under its model) x (expected order
// value) x margin; rows that share x, t_x, T and model are predicted once. The baseline of
// all rows is the customer equity of the value report but for roundings to a micro, as
// long as settings and horizon are those of the night. Running subscriptions are predicted
// beside (lib/facts/subscription_what_if.h).
//
// What a change does to each model: lib/value/what_if.h. Not thread-safe. Memory is
// bounded: at most kMostGroups (about 70 MB) are held, then predicted and added up. Sums
// are whole micros. Cost: about 0.3 us a row, 2 us per distinct history.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/subscription_what_if.h"
#include "lib/value/what_if.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

class WhatIfTotals {
 public:
  // Reads the changes and the horizon of `request`. `model` may be null. OUT_OF_RANGE
  // "leaving_change", "frequency_change", "order_value_change", "margin", "horizon_days";
  // FailedPrecondition NO_VALUE_MODEL when neither orders nor subscriptions have one.
  static absl::StatusOr<WhatIfTotals> Create(const Settings& settings, const WorkspaceModel* model,
                                             const v1::AskWhatIfRequest& request);

  // Adds a customer; one without a value adds nothing.
  absl::Status Add(const v1::CustomerFacts& facts);
  // Asked every few thousand predictions; an error of it ends Add and Finish.
  void set_alive(std::function<absl::Status()> alive) { alive_ = std::move(alive); }
  // Everything but the context.
  absl::StatusOr<v1::AskWhatIfResponse> Finish();

 private:
  static constexpr size_t kMostGroups = 1 << 20;

  struct History {
    uint32_t frequency = 0;
    uint32_t use = 0;  // Index into uses_.
    double recency_days = 0, age_days = 0;
    friend bool operator==(const History&, const History&) = default;
    template <typename H>
    friend H AbslHashValue(H hash, const History& at) {
      return H::combine(std::move(hash), at.frequency, at.use, at.recency_days, at.age_days);
    }
  };
  struct Group {
    int64_t customers = 0;
    __int128 order_value_micros = 0;  // Sum of expected order values.
  };
  struct Sums {
    __int128 baseline = 0, changed = 0;                      // Micros of money.
    __int128 baseline_purchases = 0, changed_purchases = 0;  // Millionths.
  };
  struct Model {
    std::unique_ptr<value::WhatIf> what_if;
    std::vector<double> covariates;
  };

  WhatIfTotals(const Settings& settings, std::optional<StoredModels> models,
               SubscriptionWhatIf subscriptions);
  absl::StatusOr<Model*> ModelFor(uint32_t use);
  uint32_t IndexOf(const v1::CustomerFacts& facts);
  absl::Status Predict();

  Settings settings_;                   // With the request's horizon.
  std::optional<StoredModels> models_;  // Without any only subscriptions are predicted.
  SubscriptionWhatIf subscriptions_;
  value::ValueChange change_;
  double money_change_ = 1;  // Of the value of an order.
  double changed_margin_ = 1;
  std::function<absl::Status()> alive_;
  std::map<std::pair<std::string, std::vector<double>>, uint32_t> indexes_;
  std::vector<ModelUse> uses_;
  std::map<uint32_t, Model> models_of_;  // By index of use.
  absl::flat_hash_map<History, Group> groups_;
  int64_t customers_ = 0;
  Sums sums_;
};

}  // namespace rapport::facts
