// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine of one kind: xoshiro256++ seeded
// through splitmix64, with own samplers, because the standard's distributions differ
// between libraries. One Random per customer and purpose keeps customers independent
// of each other. Not thread-safe; cheap to make.
#pragma once

#include <cstdint>

namespace rapport::demo {

class Random {
 public:
  // Two different (seed, stream) pairs give unrelated sequences.
  Random(uint64_t seed, uint64_t stream);

  uint64_t Next();
  // In (0, 1), never an end.
  double Uniform();
  // In [0, bound); bound > 0.
  uint32_t Below(uint32_t bound);
  bool Chance(double probability) { return Uniform() < probability; }
  // Standard normal.
  double Normal();
  // Mean 1 / rate.
  double Exponential(double rate);
  // Mean shape / rate.
  double Gamma(double shape, double rate);
  // Mean a / (a + b).
  double Beta(double a, double b);
  // Mean `mean`, meant for means below 30.
  int Poisson(double mean);

 private:
  uint64_t state_[4];
};

}  // namespace rapport::demo
