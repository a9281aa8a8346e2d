// SPDX-License-Identifier: Apache-2.0
#include "lib/value/retention.h"

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

RetentionModel Model(double alpha, double beta, double c = 1) {
  return *RetentionModel::Create({alpha, beta, c});
}

TEST(Retention, RefusesBadParameters) {
  EXPECT_THAT(RetentionModel::Create({0, 1, 1}), FailsWith("NOT_POSITIVE", "alpha"));
  EXPECT_THAT(RetentionModel::Create({1, kNan, 1}), FailsWith("NOT_POSITIVE", "beta"));
  EXPECT_THAT(RetentionModel::Create({1, 1, kInfinity}), FailsWith("NOT_POSITIVE", "c"));
}

// mpmath, 40 digits: S(t) = B(a, b + t^c) / B(a, b) by loggamma; log S(n + 1),
// 1 - S(n + 1) / S(n), and sums over k = 1 .. 1800 of S(n + k) / S(n) v^(k - 1) with
// v = 1 / 1.1 and 1.
struct Reference {
  double alpha, beta, c, n;
  double log_survival, churn, discounted, renewals;
};
const Reference kReference[] = {
    {0.455614, 0.779326, 1.28345, 0, -0.46034822131822686582, 0.36893614264660631286,
     3.0020527753019380719, 39.750053763050944883},
    {0.455614, 0.779326, 1.28345, 7, -1.4989995144171599246, 0.072417292346596856747,
     7.1814286368824861265, 154.55569125940513525},
    {0.455614, 0.779326, 1.28345, 500, -3.9025061770454992261, 0.0011674623261403621765,
     10.862983227225806938, 1064.8434031549032445},
    {1, 1, 1, 0, -0.69314718055994530942, 0.5, 1.8014532800860283583, 7.0735906079283556874},
    {1, 1, 1, 7, -2.1972245773362193828, 0.11111111111111111111, 5.744047617847387273,
     42.876892689408182895},
    {1, 1, 1, 500, -6.2186001196917291956, 0.0019920318725099601594, 10.76801878827918093,
     763.38001162330304183},
    {0.05, 3, 0.4, 0, -0.016529301951210563921, 0.016393442622950819672, 10.654879861912827319,
     1641.0751041152205072},
    {0.05, 3, 0.4, 7, -0.032122551487964860895, 0.0012492061589610530116, 10.908159289887749557,
     1691.9608227877864678},
    {0.05, 3, 0.4, 500, -0.087245387650600759709, 0.000033007628978482377953, 10.996078757075940602,
     1771.0217561962251995},
    {30, 2e4, 2.5, 0, -0.001498876123735891854, 0.0014977533699450823764, 6.8961482705324256096,
     11.573579584772466873},
    {30, 2e4, 2.5, 7, -0.27011266657861798669, 0.073570600639150571583, 4.3407339613254655746,
     6.1090757474455383175},
    {30, 2e4, 2.5, 500, -169.22577568156271593, 0.13870390138642732144, 3.9885296170910729484,
     6.292922625675934998},
    {500, 0.1, 0.3, 0, -8.5173931714189036934, 0.99980003999200159968, 0.00026628716462145028333,
     0.00028000826388441522479},
    {500, 0.1, 0.3, 7, -13.865541726705812171, 0.3482076621643169105, 1.8515486922067219254,
     2.3907558655414222222},
    {500, 0.1, 0.3, 500, -36.64656381990894773, 0.016971554383853629954, 9.2631988335141489159,
     63.482454399361125687},
    {0.001, 1e5, 0.05, 0, -9.9999999500000003333e-9, 9.999999900000001e-9, 10.999999878574672385,
     1799.9999750601890272},
    {0.001, 1e5, 0.05, 7, -1.1095688586477676539e-8, 7.3833976083802005881e-11,
     10.999999994934079785, 1799.9999948721215065},
    {0.001, 1e5, 0.05, 500, -1.3645551488946645031e-8, 1.3631150218224945507e-12,
     10.999999999838073009, 1799.9999987992275104},
    {2e5, 3e6, 1, 0, -0.064538521137571171673, 0.0625, 6.3461590094364482778,
     15.000075000375001875},
    {2e5, 3e6, 1, 7, -0.51630758576817787862, 0.062499863281549071611, 6.3461652742121102652,
     15.00011000055000275},
    {2e5, 3e6, 1, 500, -32.331189996040165866, 0.062490235900640524918, 6.3466064509914383952,
     15.002575012875064375},
};

TEST(Retention, MatchesHighPrecisionReference) {
  for (const Reference& r : kReference) {
    const RetentionModel model = Model(r.alpha, r.beta, r.c);
    const auto close = [&](double value, double expected, const char* what) {
      EXPECT_NEAR(value, expected, 1e-11 * std::fabs(expected))
          << what << " of " << r.alpha << " " << r.beta << " " << r.c << " " << r.n;
    };
    close(model.Survival(r.n + 1), std::exp(r.log_survival), "survival");
    close(model.ChurnAt(r.n + 1), model.Survival(r.n) * r.churn, "churn");
    close(*model.DiscountedRenewals(r.n, .1, 1800), r.discounted, "discounted");
    close(*model.Derl(r.n, .1), r.discounted, "DERL");
    close(*model.ExpectedRenewals(r.n, 1800), r.renewals, "renewals");
    EXPECT_NEAR(model.RetentionRate(r.n + 1), 1 - r.churn, 1e-14);
  }
}

// Fader and Hardie 2010, eq. 3 and 6: retention (beta + t - 1) / (alpha + beta + t - 1);
// mean residual life (beta + n) / (alpha - 1).
TEST(Retention, ShiftedBetaGeometricHasClosedForms) {
  for (double alpha : {1.002, 1.5, 40.0}) {
    for (double beta : {.03, 4.0, 7000.0}) {
      const RetentionModel model = Model(alpha, beta);
      for (double n : {0.0, 3.0, 900.0}) {
        EXPECT_NEAR(model.RetentionRate(n + 1), (beta + n) / (alpha + beta + n), 1e-14);
        const double mean = (beta + n) / (alpha - 1);
        EXPECT_NEAR(*model.ExpectedRenewals(n, kInfinity), mean, 1e-9 * mean);
      }
    }
  }
}

// Fader and Hardie 2010: High End, after 7 renewals, 10 % a year: 7.53. Digits by
// (beta+n)/(alpha+beta+n) 2F1(1, beta+n+1; alpha+beta+n+1; 1/1.1) in mpmath.
TEST(Retention, ReproducesThePublishedDerl) {
  const RetentionModel high_end = Model(.668088351106, 3.80609496406);
  EXPECT_NEAR(*high_end.Derl(7, .1), 7.52962805557, 1e-10);
  EXPECT_NEAR(*high_end.ResidualValue(7, .1, 240), 240 * 7.52962805557, 1e-7);
  EXPECT_NEAR(*high_end.Del(.1), 1 + *high_end.Derl(0, .1) / 1.1, 1e-12);
}

TEST(Retention, InfiniteMeansAreSaidToBe) {
  EXPECT_EQ(Model(1, 3).ExpectedRenewals(0, kInfinity), std::nullopt);
  EXPECT_EQ(Model(2, 3, .4).ExpectedRenewals(0, kInfinity), std::nullopt);
  EXPECT_EQ(Model(.7, 3).Derl(2, 0), std::nullopt);
  EXPECT_EQ(Model(.7, 3).ResidualValue(2, 0, 10), std::nullopt);
  EXPECT_TRUE(Model(.7, 3, 2).ExpectedRenewals(0, kInfinity).has_value());
  EXPECT_TRUE(Model(.7, 3).Derl(2, 1e-6).has_value());
  EXPECT_TRUE(Model(.7, 3).ExpectedRenewals(2, 1e9).has_value());
}

TEST(Retention, ConditioningIsConsistent) {
  for (double c : {.3, 1.0, 2.2}) {
    const RetentionModel model = Model(.8, 2.5, c);
    double left = 0;
    for (double t = 1; t <= 40; ++t) {
      left += model.ChurnAt(t);
      EXPECT_NEAR(1 - left, model.Survival(t), 1e-13);
      EXPECT_NEAR(model.Survival(5) * model.StillThere(5, t), model.Survival(5 + t), 1e-14);
    }
    EXPECT_EQ(model.Survival(0), 1);
    EXPECT_EQ(model.StillThere(9, 0), 1);
    EXPECT_EQ(*model.ExpectedRenewals(9, 0), 0);
    EXPECT_DOUBLE_EQ(*model.DiscountedRenewals(9, .1, 1), model.StillThere(9, 1));
  }
}

TEST(Retention, RandomValidInputGivesFiniteMonotoneAnswers) {
  std::mt19937_64 random(2018);
  const auto log_uniform = [&](double low, double high) {
    return std::exp(std::log(low) + (std::log(high) - std::log(low)) *
                                        static_cast<double>(random() >> 11) * 0x1p-53);
  };
  for (int round = 0; round < 300; ++round) {
    const double c = random() % 3 == 0 ? 1 : log_uniform(1e-3, 1e4);
    const RetentionModel model = Model(log_uniform(1e-5, 1e6), log_uniform(1e-5, 1e6), c);
    const double n = random() % 3 == 0 ? 0 : std::floor(log_uniform(1, 1e9));
    double survival = 1, renewals = 0, discounted = 0;
    for (double t : {0.0, 1.0, 2.0, 50.0, 1023.0, 1024.0, 1025.0, 5200.0, 1e9}) {
      const double now = model.StillThere(n, t);
      ASSERT_TRUE(now >= 0 && now <= survival) << round << " " << t;
      survival = now;
      const auto expected = model.ExpectedRenewals(n, t);
      ASSERT_TRUE(expected.has_value() && *expected >= renewals * (1 - 1e-11) && *expected <= t)
          << round << " " << t;
      renewals = *expected;
      const auto derl = model.DiscountedRenewals(n, .05, t);
      ASSERT_TRUE(derl.has_value() && *derl >= discounted * (1 - 1e-11)) << round << " " << t;
      discounted = *derl;
      ASSERT_TRUE(discounted <= renewals * (1 + 1e-11));
      if (t == 0) continue;
      const double rate = model.RetentionRate(n + t), churn = model.ChurnAt(n + t);
      ASSERT_TRUE(rate >= 0 && rate <= 1 && churn >= 0 && churn <= 1) << round << " " << t;
    }
    const auto forever = model.Derl(n, .05);
    ASSERT_TRUE(forever.has_value() && *forever >= discounted * (1 - 1e-11) &&
                *forever <= 21 * (1 + 1e-11))
        << round;
  }
}

}  // namespace
}  // namespace rapport::value
