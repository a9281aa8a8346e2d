// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/value/purchase_likelihood.h"

namespace rapport::value {
namespace {

// Moments of counts over unequal ages: E[x] = (r / alpha) T and
// E[x (x - 1)] = (1 + 1/r) (r / alpha)^2 T^2.
std::vector<double> NbdByMoments(const PurchaseTable& table) {
  double counts = 0, pairs = 0, ages = 0, squares = 0;
  for (const PurchaseTable::Block& block : table.blocks) {
    const double x = block.frequency;
    counts += block.weight * x;
    pairs += block.weight * x * (x - 1);
    for (size_t i = block.begin; i < block.end; ++i) {
      const double age = table.times[table.rows[i].age];
      ages += table.rows[i].weight * age;
      squares += table.rows[i].weight * age * age;
    }
  }
  if (!(counts > 0 && ages > 0)) return {0.5, 0.5};
  const double rate = counts / ages;
  const double excess = pairs / squares / (rate * rate) - 1;
  const double r = std::clamp(excess > 0 ? 1 / excess : 10.0, 0.05, 20.0);
  return {r, r / rate};
}

std::vector<double> ValuesOf(ModelKind kind, const PurchaseTable& table) {
  const double half = 0.5 * (table.mean_age > 0 ? table.mean_age : 1);
  switch (kind) {
    case ModelKind::kBgNbd:
    case ModelKind::kMbgNbd:
    case ModelKind::kBgCnbdK:
    case ModelKind::kMbgCnbdK:
      return {0.5, half, 1, 3};
    case ModelKind::kParetoNbd:
      return {0.5, half, 0.5, half};
    case ModelKind::kBgBb:
      return {1, 1, 0.5, 1.5};
    case ModelKind::kNbd:
      return NbdByMoments(table);
  }
  return {};
}

}  // namespace

std::vector<double> StartOf(ModelKind kind, const PurchaseTable& table) {
  std::vector<double> start = ValuesOf(kind, table);
  for (double& value : start) value = std::log(value);
  return start;
}

}  // namespace rapport::value
