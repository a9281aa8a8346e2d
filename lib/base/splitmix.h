// SPDX-License-Identifier: Apache-2.0
// SplitMix64 (Steele, Lea, Flood 2014): random numbers from a seed, the same on every
// machine, and its finisher as a mix of keys. Not for secrets.
#pragma once

#include <cstdint>

namespace rapport {

// Spreads keys evenly over 64 bits: the first number that SplitMix64(key) gives.
inline uint64_t SplitMixOf(uint64_t key) {
  uint64_t z = key + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    const uint64_t number = SplitMixOf(state_);
    state_ += 0x9E3779B97F4A7C15u;
    return number;
  }
  // In (0, 1).
  double Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace rapport
