// SPDX-License-Identifier: Apache-2.0
// Customers drawn from any purchase model with Gamma-Gamma values: known truth for
// recovery tests and for benchmarks.
//
// Deterministic on every platform: own generator and own distributions. Customer i of a
// seed is the same whoever asks, so pieces of a base may be drawn on several threads.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/splitmix.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_model.h"

namespace rapport::bench {

// SplitMix64 with the distributions that models are made of.
class Draws {
 public:
  explicit Draws(uint64_t seed) : bits_(seed) {}
  uint64_t Bits() { return bits_.Next(); }
  double Uniform();  // (0, 1).
  double Normal();
  double Exponential() { return Gamma(1); }
  double Gamma(double shape);  // Rate 1.
  double Beta(double a, double b);

 private:
  SplitMix64 bits_;
};

struct SimulationPlan {
  value::ModelParameters truth;  // Without effects; its time unit is that of the ages.
  uint64_t seed = 1;
  double youngest = 27;  // Ages at the end of calibration are uniform between these.
  double oldest = 39;
  double holdout = 39;      // What is bought in this time after calibration is counted apart.
  bool whole_days = false;  // Purchases of a day are one; times are rounded up to days.
  value::GammaGammaParameters spend = {6.25, 3.74, 15.44};
};

struct SimulatedCustomer {
  value::PurchaseHistory history;
  uint32_t holdout = 0;  // Purchases.
};

SimulatedCustomer SimulateCustomer(const SimulationPlan& plan, uint64_t index);
std::vector<SimulatedCustomer> SimulateCustomers(const SimulationPlan& plan, uint64_t customers);

// Parameters like those of the published data sets (CDNOW, grocery, donations).
value::ModelParameters TypicalParameters(value::ModelKind kind, uint32_t regularity = 2);

}  // namespace rapport::bench
