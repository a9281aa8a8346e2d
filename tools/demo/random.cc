// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/random.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "lib/base/splitmix.h"

namespace rapport::demo {

Random::Random(uint64_t seed, uint64_t stream) {
  SplitMix64 words(SplitMixOf(seed) ^ (stream * 0xD1342543DE82EF95ULL));
  for (uint64_t& word : state_) word = words.Next();
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1.0p-53; }

uint32_t Random::Below(uint32_t bound) {
  return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32);
}

double Random::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double Random::Exponential(double rate) { return -std::log(Uniform()) / rate; }

// Marsaglia and Tsang (2000), "A simple method for generating gamma variables".
double Random::Gamma(double shape, double rate) {
  if (shape < 1) return Gamma(shape + 1, rate) * std::pow(Uniform(), 1 / shape);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal();
    const double v = 1 + c * x;
    if (v <= 0) continue;
    const double cube = v * v * v;
    if (std::log(Uniform()) < 0.5 * x * x + d - d * cube + d * std::log(cube)) {
      return d * cube / rate;
    }
  }
}

double Random::Beta(double a, double b) {
  const double x = Gamma(a, 1);
  return x / (x + Gamma(b, 1));
}

// Knuth's product of uniforms.
int Random::Poisson(double mean) {
  const double limit = std::exp(-mean);
  int count = 0;
  for (double product = Uniform(); product > limit; product *= Uniform()) ++count;
  return count;
}

}  // namespace rapport::demo
