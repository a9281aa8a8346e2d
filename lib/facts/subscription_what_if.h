// SPDX-License-Identifier: Apache-2.0
// What running subscriptions would be worth if fewer ended, or they paid more: the part of
// AskWhatIf that lib/facts/what_if_value.h does not predict, over rows of facts.
//
// leaving_change multiplies the chance to end at every renewal to come by 1 + it (held in
// [0, 1]), order_value_change the recurring revenue; renewals come when they are due, so
// frequency_change does nothing. Without changes the sum is that of
// SubscriptionValue.predicted but for roundings to a micro.
//
// Rows that share fit, renewals made and the wait for the next are predicted once. Sums
// are whole micros. Not thread-safe. Cost: 0.1 us a subscription, 0.1 ms per distinct one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "lib/facts/facts.h"
#include "lib/facts/retention_fits.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

class SubscriptionWhatIf {
 public:
  // `request` has been checked; `settings` hold its horizon. `model` may be null.
  SubscriptionWhatIf(const Settings& settings, const WorkspaceModel* model,
                     const v1::AskWhatIfRequest& request);

  // False without a usable retention model: then nothing is added.
  bool usable() const { return !fits_.empty(); }
  void Add(const v1::SubscriptionValue& value);
  // The subscriptions' fields of the answer.
  absl::Status Finish(v1::AskWhatIfResponse& response);

  // Micros of money in all.
  __int128 baseline() const { return sums_.baseline; }
  __int128 changed() const { return sums_.changed; }

 private:
  struct Group {
    int64_t subscriptions = 0;
    __int128 monthly_micros = 0;
  };
  struct Sums {
    __int128 baseline = 0, changed = 0;                    // Micros of money.
    __int128 baseline_renewals = 0, changed_renewals = 0;  // Millionths.
  };
  using Key = std::tuple<int, int32_t, int32_t>;  // Fit, renewals made, days to the next.

  absl::Status Predict(const Key& key, const Group& group);

  Settings settings_;
  RetentionFits fits_;
  double leaving_change_;
  double money_change_;
  double changed_margin_;
  std::map<Key, Group> groups_;
  int64_t subscriptions_ = 0;
  Sums sums_;
};

}  // namespace rapport::facts
