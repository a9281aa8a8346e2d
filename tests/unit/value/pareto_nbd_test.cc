// SPDX-License-Identifier: Apache-2.0
// Pareto/NBD for one customer, against an oracle that shares nothing with it: given both
// rates everything is elementary, and the trapezoidal rule over their logarithms does the
// rest.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "boost/math/special_functions/gamma.hpp"
#include "gtest/gtest.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Shape {
  double r, alpha, s, beta;
};
constexpr Shape kCdnow{.553277, 10.577684, .606240, 11.668735};  // value.md section 1.

std::unique_ptr<PurchaseModel> Make(const Shape& p, double unit_days = 1) {
  return NewParetoNbd({ModelKind::kParetoNbd, 1, unit_days, {p.r, p.alpha, p.s, p.beta}, {}});
}

PurchaseHistory History(uint32_t x, double recency, double age) {
  return {.frequency = x, .recency_days = recency, .age_days = age};
}

// E[f(lambda, mu)] for Gamma(m, a), Gamma(s, b), times Gamma-density constants.
double OverRates(double m, double a, double s, double b,
                 const std::function<double(double, double)>& f) {
  constexpr double kStep = .125;
  const double buys = m * std::log(a) - std::lgamma(m), leaves = s * std::log(b) - std::lgamma(s);
  double sum = 0;
  for (double u = -40; u < 6; u += kStep) {
    const double lambda = std::exp(u) * std::max(1.0, m) / a;
    const double lambda_log = buys + m * std::log(lambda) - lambda * a;
    if (lambda_log < -45) continue;
    for (double v = -60; v < 6; v += kStep) {
      const double mu = std::exp(v) / b;
      const double log = lambda_log + leaves + s * (v - std::log(b)) - mu * b;
      if (log > -45) sum += kStep * kStep * std::exp(log) * f(lambda, mu);
    }
  }
  return sum;
}

const Shape kShapes[] = {kCdnow, {2.5, 4, 1, 30}, {.8, 20, 3.2, 6}, {1.5, 6, .9, 6}};

TEST(ParetoNbd, LikelihoodAndAliveMatchIntegrationOverRates) {
  for (const Shape& p : kShapes) {
    for (const PurchaseHistory& h :
         {History(0, 0, 20), History(1, 3, 20), History(2, 30.43, 38.86), History(6, 38, 38)}) {
      const double x = h.frequency;
      const auto gone = [&](double lambda, double mu) {  // Left in (t_x, T].
        const double rate = lambda + mu;
        return std::pow(lambda, x) * mu / rate * std::exp(-rate * h.recency_days) *
               -std::expm1(-rate * (h.age_days - h.recency_days));
      };
      const auto there = [&](double lambda, double mu) {
        return std::pow(lambda, x) * std::exp(-(lambda + mu) * h.age_days);
      };
      const double left = OverRates(p.r, p.alpha, p.s, p.beta, gone);
      const double alive = OverRates(p.r, p.alpha, p.s, p.beta, there);
      const auto model = Make(p);
      EXPECT_NEAR(model->LogLikelihood(h), std::log(left + alive), 2e-9) << p.r << " " << x;
      EXPECT_NEAR(model->PAlive(h), alive / (left + alive), 2e-9) << p.r << " " << x;
    }
  }
}

TEST(ParetoNbd, FutureMatchesIntegrationOverRates) {
  constexpr double kHorizon = 17;
  for (const Shape& p : kShapes) {
    const auto model = Make(p);
    const AliveState state{1, 3, 0, 25};
    const auto expect = [&](const std::function<double(double, double)>& f) {
      return OverRates(p.r + 3, p.alpha + 25, p.s, p.beta + 25, f);
    };
    const auto counts = model->PurchaseCounts(state, kHorizon, 6);
    for (uint32_t n : {0u, 1u, 6u}) {
      const double expected = expect([&](double lambda, double mu) {
        const double rate = lambda + mu;
        const double there =
            std::exp(-rate * kHorizon) * std::pow(lambda * kHorizon, n) / std::tgamma(n + 1.0);
        return there + mu / rate * std::pow(lambda / rate, n) *
                           boost::math::gamma_p(n + 1.0, rate * kHorizon);
      });
      EXPECT_NEAR(counts[n] / expected, 1, 1e-8) << p.r << " " << n;
    }
    EXPECT_NEAR(model->NoPurchase(state, kHorizon) / counts[0], 1, 1e-12);
    for (double rate : {0., .01, 2.}) {
      const double expected = expect([&](double lambda, double mu) {
        return lambda * -std::expm1(-(mu + rate) * kHorizon) / (mu + rate);
      });
      EXPECT_NEAR(model->DiscountedPurchases(state, kHorizon, rate) / expected, 1, 1e-8);
    }
    EXPECT_NEAR(model->AliveAhead(state, kHorizon),
                expect([](double, double mu) { return std::exp(-mu * kHorizon); }), 1e-9);
  }
}

// Fader, Hardie and Lee 2005 give 1.226 for BG/NBD; mpmath 1.3 for Pareto/NBD (hyp2f1 and
// hyperu at 40 digits).
TEST(ParetoNbd, CdnowCustomer) {
  const auto model = Make(kCdnow, 7);
  const PurchaseHistory history = History(2, 7 * 30.43, 7 * 38.86);
  const AliveState state{1, 2, 0, history.age_days};
  EXPECT_NEAR(model->PAlive(history), .869115659022670426, 1e-13);
  EXPECT_NEAR(model->LogLikelihood(history), -9.55433406515795199, 1e-12);
  EXPECT_NEAR(model->ExpectedPurchases(state, 273), 1.67422907320564714, 1e-12);
  EXPECT_NEAR(model->DiscountedPurchases(state, kInfinity, .0027 / 7), 7.45819360591033383, 1e-10);
  EXPECT_NEAR(model->ExpectedFromStart(273), 1.21340383384286176, 1e-12);
}

TEST(ParetoNbd, CountsAddUpAndHaveTheExpectedMean) {
  for (const Shape& p : {Shape{2.5, 40, 1.8, 30}, {6, 10, 1, 12}, {1, 5, .4, 3}}) {
    const auto model = Make(p);
    const AliveState state{1, 4, 0, 60};
    const auto counts = model->PurchaseCounts(state, 50, 2000);
    double sum = 0, mean = 0;
    for (size_t n = 0; n < counts.size(); ++n) {
      EXPECT_GE(counts[n], 0);
      sum += counts[n];
      mean += static_cast<double>(n) * counts[n];
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_NEAR(mean / model->ExpectedPurchases(state, 50), 1, 1e-10);
  }
  // A customer just acquired.
  const auto counts = Make(kCdnow)->CountsFromStart(39, 1500);
  double mean = 0;
  for (size_t n = 0; n < counts.size(); ++n) mean += static_cast<double>(n) * counts[n];
  EXPECT_NEAR(mean / Make(kCdnow)->ExpectedFromStart(39), 1, 1e-10);
}

TEST(ParetoNbd, DiscountingRunsFromNoneToForever) {
  for (double s : {.4, 1., 1 + 1e-9, 2.5, 1e6}) {
    const auto model = Make({.6, 10, s, 12 * s});
    const AliveState state{1, 2, 0, 39};
    EXPECT_EQ(model->DiscountedPurchases(state, 52, 0), model->ExpectedPurchases(state, 52));
    EXPECT_NEAR(model->DiscountedPurchases(state, 52, 1e-14) / model->ExpectedPurchases(state, 52),
                1, 1e-11);
    const double forever = model->DiscountedPurchases(state, kInfinity, .003);
    EXPECT_NEAR(model->DiscountedPurchases(state, 2e4, .003) / forever, 1, 1e-13);
    EXPECT_LE(model->DiscountedPurchases(state, 1e3, .003), forever * (1 + 1e-15));
    // A tiny rate changes nothing but how long is counted; a huge one leaves rate / delta.
    const double soon = model->DiscountedPurchases(state, kInfinity, 1e9);
    EXPECT_NEAR(soon / (2.6 / 49 / 1e9), 1, 1e-6);
  }
}

TEST(ParetoNbd, NothingJumpsAtSEqualOne) {
  const AliveState state{1, 3, 0, 30};
  const double at = Make({.6, 10, 1, 12})->ExpectedPurchases(state, 40);
  EXPECT_NEAR(at, 3.6 / 40 * 42 * std::log1p(40 / 42.), 1e-14);
  for (double d : {1e-3, 1e-7, 1e-12}) {
    const double low = Make({.6, 10, 1 - d, 12})->ExpectedPurchases(state, 40);
    const double high = Make({.6, 10, 1 + d, 12})->ExpectedPurchases(state, 40);
    EXPECT_NEAR(0.5 * (low + high) / at, 1, d * d + 1e-14);
  }
}

TEST(ParetoNbd, SilenceDaysIsWhereAliveCrossesTheBound) {
  for (const Shape& p : kShapes) {
    const auto model = Make(p, 7);
    for (const auto& [x, recency] : {std::pair(0u, 0.), {1u, 20.}, {12u, 200.}, {900u, 210.}}) {
      for (double bound : {.999, .9, .5, .1, .001}) {
        const double days = model->SilenceDays(History(x, recency, recency), bound);
        if (std::isinf(days)) continue;
        EXPECT_NEAR(model->PAlive(History(x, recency, recency + days)) / bound, 1, 1e-10)
            << x << " " << bound;
      }
    }
  }
  // Buying is so regular that a fraction of a day does.
  const auto often = Make({1e6, 1e-6, 1e-6, 1e-6});
  const double days = often->SilenceDays(History(2000, 5194.8, 5200), .05);
  EXPECT_NEAR(often->PAlive(History(2000, 5194.8, 5194.8 + days)), .05, 1e-10);
  // Leaving is so rare that a billion days do not tell.
  EXPECT_EQ(Make({1, 1, 1e-6, 1e6})->SilenceDays(History(0, 0, 0), 1e-12), kInfinity);
}

// Never NaN, infinite, negative or falling with the horizon, at any valid input.
class Extremes {
 public:
  explicit Extremes(uint64_t seed) : state_(seed) {}
  uint64_t Next() {  // SplitMix64.
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double Log10(double low, double high) { return std::pow(10, low + (high - low) * Uniform()); }

 private:
  uint64_t state_;
};

TEST(ParetoNbd, RandomValidInputGivesSoundAnswers) {
  Extremes random(20260711);
  for (int trial = 0; trial < 1500; ++trial) {
    SCOPED_TRACE(trial);
    Shape p{random.Log10(-6, 6), random.Log10(-6, 6), random.Log10(-6, 6), random.Log10(-6, 6)};
    if (trial % 7 == 0) p.beta = p.alpha;
    if (trial % 5 == 0) p.s = 1;
    const auto model = Make(p, 7);
    const auto x = trial % 4 == 0 ? 0u : static_cast<uint32_t>(random.Log10(0, 4));
    const double age = random.Log10(-6, 4);
    const double recency = x == 0 ? 0 : trial % 3 == 0 ? age : age * (1e-9 + random.Uniform());
    const PurchaseHistory h = History(x, std::min(recency, age), age);
    const AliveState state{1, x, 0, age};
    EXPECT_TRUE(std::isfinite(model->LogLikelihood(h)));
    const double alive = model->PAlive(h);
    EXPECT_TRUE(alive >= 0 && alive <= 1) << alive;
    EXPECT_LE(model->PAlive(History(x, h.recency_days, age * 1.5)), alive + 1e-15);
    EXPECT_GE(model->SilenceDays(h, .3), 0);
    double expected = 0, discounted = 0, none = 1, ahead = 1;
    for (double horizon : {0., 1e-6, 1., 30., 365., 36400., 1e7}) {
      const double e = model->ExpectedPurchases(state, horizon);
      const double d = model->DiscountedPurchases(state, horizon, 3e-4);
      const double n = model->NoPurchase(state, horizon);
      const double a = model->AliveAhead(state, horizon);
      EXPECT_TRUE(std::isfinite(e) && std::isfinite(d));
      EXPECT_GE(e, expected);
      EXPECT_GE(d, discounted * (1 - 1e-13));
      EXPECT_LE(d, e * (1 + 1e-12));
      EXPECT_TRUE(n >= 0 && n <= none + 1e-14) << n;
      EXPECT_TRUE(a >= 0 && a <= ahead) << a;
      expected = e, discounted = d, none = n, ahead = a;
    }
    EXPECT_TRUE(std::isfinite(model->DiscountedPurchases(state, kInfinity, 1e-9)));
    double sum = 0;
    for (double count : model->PurchaseCounts(state, random.Log10(-3, 4), 20)) {
      EXPECT_GE(count, 0);
      sum += count;
    }
    EXPECT_LE(sum, 1 + 1e-10);
  }
}

}  // namespace
}  // namespace rapport::value
