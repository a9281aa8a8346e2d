// SPDX-License-Identifier: Apache-2.0
// What a group's running subscriptions are worth together, with its errors, as
// lib/value/equity.h has it for orders: one fit's parameters err for all its subscriptions
// alike, customers' own futures are independent.
//
// Sums are whole numbers, so order and merges never change a bit. Not thread-safe.
#pragma once

#include <array>
#include <map>
#include <span>

#include "lib/facts/retention_fits.h"
#include "lib/facts/subscriptions.h"

namespace rapport::facts {

struct SubscriptionEquity {
  double total = 0;            // Currency units.
  double parameter_error = 0;  // Standard deviations.
  double own_error = 0;
};

class SubscriptionSums {
 public:
  void Add(std::span<const SubscriptionPart> parts);
  void Merge(const SubscriptionSums& other);
  bool empty() const { return slopes_.empty(); }
  // `fits` of the model that foretold the parts.
  SubscriptionEquity Result(const RetentionFits& fits) const;

 private:
  using Whole = __int128;

  Whole total_ = 0, variance_ = 0;              // Micros, micros squared.
  std::map<int, std::array<Whole, 3>> slopes_;  // By fit; micros.
};

}  // namespace rapport::facts
