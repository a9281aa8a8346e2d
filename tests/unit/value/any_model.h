// SPDX-License-Identifier: Apache-2.0
// Models and random numbers for tests that run over every kind of purchase model.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "lib/value/purchase_model.h"

namespace rapport::value {

inline ModelParameters ParametersOf(ModelKind kind, std::vector<double> values,
                                    uint32_t regularity = 1) {
  ModelParameters parameters;
  parameters.kind = kind;
  parameters.regularity = regularity;
  parameters.values = std::move(values);
  return parameters;
}

inline std::unique_ptr<PurchaseModel> ModelOf(ModelKind kind, std::vector<double> values,
                                              uint32_t regularity = 1) {
  return *MakePurchaseModel(ParametersOf(kind, std::move(values), regularity));
}

// The same numbers with every library.
class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed) {}
  double Uniform() { return (static_cast<double>(random_() >> 11) + .5) * 0x1p-53; }
  double LogUniform(double low, double high) { return low * std::pow(high / low, Uniform()); }
  double Exponential(double rate) { return -std::log(Uniform()) / rate; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * 3.141592653589793 * Uniform());
  }
  // Marsaglia and Tsang 2000.
  double Gamma(double shape) {
    if (shape < 1) return Gamma(shape + 1) * std::pow(Uniform(), 1 / shape);
    const double d = shape - 1. / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double z = Normal(), v = std::pow(1 + c * z, 3);
      if (v > 0 && std::log(Uniform()) < .5 * z * z + d - d * v + d * std::log(v)) return d * v;
    }
  }
  double Beta(double a, double b) {
    const double x = Gamma(a);
    return x / (x + Gamma(b));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace rapport::value
