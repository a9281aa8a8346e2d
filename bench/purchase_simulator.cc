// SPDX-License-Identifier: Apache-2.0
#include "bench/purchase_simulator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace rapport::bench {
namespace {

using value::ModelKind;
using value::ModelParameters;

constexpr double kNever = std::numeric_limits<double>::infinity();

// How one customer behaves.
struct Temper {
  double rate = 0;          // Of stages, per unit of time.
  uint32_t stages = 1;      // To a purchase.
  double leave_chance = 0;  // After each purchase.
  bool may_leave_at_once = false;
  double lifetime = kNever;
};

Temper DrawTemper(const ModelParameters& truth, Draws& draws) {
  const std::vector<double>& v = truth.values;
  Temper temper{.rate = draws.Gamma(v[0]) / v[1], .stages = truth.regularity};
  switch (truth.kind) {
    case ModelKind::kParetoNbd:
      temper.lifetime = draws.Exponential() / (draws.Gamma(v[2]) / v[3]);
      break;
    case ModelKind::kNbd:
      break;
    default:
      temper.leave_chance = draws.Beta(v[2], v[3]);
      temper.may_leave_at_once =
          truth.kind == ModelKind::kMbgNbd || truth.kind == ModelKind::kMbgCnbdK;
  }
  return temper;
}

// Purchase times after the first purchase, up to `end`.
std::vector<double> DrawTimes(const Temper& temper, double end, Draws& draws) {
  std::vector<double> times;
  if (temper.may_leave_at_once && draws.Uniform() < temper.leave_chance) return times;
  double time = 0;
  while (true) {
    for (uint32_t stage = 0; stage < temper.stages; ++stage)
      time += draws.Exponential() / temper.rate;
    if (!(time <= std::min(end, temper.lifetime))) return times;
    times.push_back(time);
    if (draws.Uniform() < temper.leave_chance) return times;
  }
}

// The same where there is at most one purchase in each period.
std::vector<double> DrawOpportunities(const ModelParameters& truth, double end, Draws& draws) {
  const std::vector<double>& v = truth.values;
  const double buy = draws.Beta(v[0], v[1]);
  const double leave = draws.Beta(v[2], v[3]);
  std::vector<double> times;
  for (double period = 1; period <= end; ++period) {
    if (draws.Uniform() < leave) break;
    if (draws.Uniform() < buy) times.push_back(period);
  }
  return times;
}

void Merge(std::vector<double>& days) {
  for (double& day : days) day = std::ceil(day);
  days.erase(std::unique(days.begin(), days.end()), days.end());
}

}  // namespace

double Draws::Uniform() { return (static_cast<double>(bits_.Next() >> 12) + 0.5) * 0x1p-52; }

double Draws::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

// Marsaglia and Tsang 2000; shapes below 1 by a power of a uniform.
double Draws::Gamma(double shape) {
  if (shape == 1) return -std::log(Uniform());
  if (shape < 1) {
    const double uniform = Uniform();
    return Gamma(shape + 1) * std::pow(uniform, 1 / shape);
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal();
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Draws::Beta(double a, double b) {
  const double x = Gamma(a);
  return x / (x + Gamma(b));
}

SimulatedCustomer SimulateCustomer(const SimulationPlan& plan, uint64_t index) {
  // Bits() scrambles the mix: neighbours do not resemble each other.
  Draws draws(Draws(plan.seed).Bits() ^ Draws(~index).Bits());
  const ModelParameters& truth = plan.truth;
  const double unit = truth.time_unit_days;
  double age = plan.youngest + (plan.oldest - plan.youngest) * draws.Uniform();
  const bool periods = truth.kind == ModelKind::kBgBb;
  if (periods) age = std::floor(age);
  double age_days = plan.whole_days ? std::floor(age * unit) : age * unit;
  const double end_days = age_days + plan.holdout * unit;
  std::vector<double> days = periods ? DrawOpportunities(truth, end_days / unit, draws)
                                     : DrawTimes(DrawTemper(truth, draws), end_days / unit, draws);
  for (double& day : days) day *= unit;
  if (plan.whole_days) Merge(days);
  SimulatedCustomer customer{.history = {.age_days = age_days}};
  const double scale = plan.spend.gamma / draws.Gamma(plan.spend.q);
  double before = 0;
  for (double day : days) {
    if (day > age_days) {
      ++customer.holdout;
      continue;
    }
    value::PurchaseHistory& history = customer.history;
    ++history.frequency;
    history.recency_days = day;
    history.sum_log_gap_days += std::log(day - before);
    history.repeat_value_micros += 1 + static_cast<Micros>(1e6 * scale * draws.Gamma(plan.spend.p));
    before = day;
  }
  return customer;
}

std::vector<SimulatedCustomer> SimulateCustomers(const SimulationPlan& plan, uint64_t customers) {
  std::vector<SimulatedCustomer> result(customers);
  for (uint64_t i = 0; i < customers; ++i) result[i] = SimulateCustomer(plan, i);
  return result;
}

ModelParameters TypicalParameters(ModelKind kind, uint32_t regularity) {
  ModelParameters result;
  result.kind = kind;
  switch (kind) {
    case ModelKind::kBgNbd:
      result.values = {0.2426, 4.4136, 0.7929, 2.4259};
      break;
    case ModelKind::kMbgNbd:
      result.values = {0.5248, 6.1831, 0.8914, 1.6140};
      break;
    case ModelKind::kParetoNbd:
      result.values = {0.5533, 10.5777, 0.6062, 11.6687};
      break;
    case ModelKind::kBgCnbdK:
    case ModelKind::kMbgCnbdK:
      result.values = {1.2, 4.0, 0.8, 2.5};
      result.regularity = regularity;
      break;
    case ModelKind::kBgBb:
      result.values = {1.2035, 0.7497, 0.6567, 2.7834};
      break;
    case ModelKind::kNbd:
      result.values = {0.3848, 12.0720};
      break;
  }
  return result;
}

}  // namespace rapport::bench
