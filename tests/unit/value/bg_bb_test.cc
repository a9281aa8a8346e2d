// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bg_bb.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::value {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Fader, Hardie, Shang 2010, Table 3.
const std::vector<double> kDonations = {1.203522, .749716, .656718, 2.783442};

std::unique_ptr<PurchaseModel> Model(const std::vector<double>& values, double unit_days = 1) {
  return *MakePurchaseModel(
      {.kind = ModelKind::kBgBb, .time_unit_days = unit_days, .values = values, .effects = {}});
}

PurchaseHistory History(uint32_t x, double t_x, double n) {
  return {.frequency = x, .recency_days = t_x, .age_days = n};
}

TEST(BgBb, DaysMapToOpportunities) {
  struct Case {
    PurchaseHistory history;
    double unit, used, last, closed;
  };
  const double month = 365.25 / 12;
  const Case cases[] = {
      {History(0, 0, 0), 7, 0, 0, 0},
      {History(0, 0, 6.9), 7, 0, 0, 0},
      {History(0, 0, 42), 7, 0, 0, 6},
      {History(2, 21, 42), 7, 2, 3, 6},
      {History(2, 21.5, 48.9), 7, 2, 4, 6},  // Inside the fourth week.
      {History(1, 1, 6), 7, 0, 0, 0},        // No week has closed.
      {History(1, 1, 7), 7, 1, 1, 1},
      {History(3, 44, 45), 7, 3, 6, 6},  // In the open seventh week.
      {History(9, 20, 42), 7, 3, 3, 6},  // More days with purchases than weeks.
      {History(3, 6 * month, 9 * month), month, 3, 6, 9},
      {History(3, 2.1, 2.1 + .7), .7, 3, 3, 4},
      {History(1, 1e-300, 1e300), 1, 1, 1, 1e15},
  };
  for (const Case& c : cases) {
    const Opportunities o = OpportunitiesOf(c.history, c.unit);
    EXPECT_EQ(o.used, c.used) << c.history.age_days;
    EXPECT_EQ(o.last, c.last) << c.history.age_days;
    EXPECT_EQ(o.closed, c.closed) << c.history.age_days;
  }
}

// By definition, in mpmath at 40 digits (B = beta, A = a+x, C = b+n-x, D = d+n):
//   L(a,b,g,d,x,t,n) = B(a+x,b+n-x) B(g,d+n) + sum_{i<n-t} B(a+x,b+t-x+i) B(g+1,d+t+i),
//                      over B(a,b) B(g,d)
//   alive = its first term / L;  expected = A/(A+C) sum_{k=1..m} B(g,D+k)/B(g,D)
//   none = L(A,C,g,D,0,0,m)
//   three = C(m,3) B(A+3,C+m-3)/B(A,C) B(g,D+m)/B(g,D)
//           + sum_{i=3..m-1} C(i,3) B(A+3,C+i-3)/B(A,C) B(g+1,D+i)/B(g,D)
struct Reference {
  double a, b, g, d;
  uint32_t x;
  double t, n, m;
  double log_likelihood, alive, expected, none, three;
};
const Reference kReference[] = {
    {1.203522, 0.749716, 0.656718, 2.783442, 0, 0, 0, 13, 0.0, 1.0, 3.778833361374104856,
     0.29404665982414994354, 0.069796984669878085957},
    {1.203522, 0.749716, 0.656718, 2.783442, 0, 0, 6, 13, -1.1675172489821855307,
     0.11621821496211390463, 1.3766551569269907548, 0.43648400710108852048,
     0.084363674992523008678},
    {1.203522, 0.749716, 0.656718, 2.783442, 6, 6, 6, 13, -2.1816729236319085125, 1.0,
     8.239787647701521282, 0.076336096540902346339, 0.045950181998140990389},
    {1.203522, 0.749716, 0.656718, 2.783442, 2, 3, 6, 13, -4.5161997749454942281,
     0.32125206742415917848, 3.6643659871851675972, 0.16863917257692468902, 0.11112728344426914519},
    {1.203522, 0.749716, 0.656718, 2.783442, 1, 40, 300, 13, -11.48799122114692994,
     0.014419877383229266228, 0.093461613721466304055, 0.91215259190759325077,
     0.00025196675226870944162},
    {1.203522, 0.749716, 0.656718, 2.783442, 40, 40, 300, 13, -8.7237466648550718463,
     5.5495723326804927502e-51, 1.7476329517599273941, 0.16357963987480974851,
     0.16227051135967977176},
    {1.203522, 0.749716, 0.656718, 2.783442, 200, 1990, 2000, 2500, -659.18306329723984396,
     0.99385116130488349863, 187.98339371093803027, 0.0032519918852141251063,
     0.0031733806172092875399},
    {1, 1, 1, 1, 0, 0, 0, 13, 0.0, 1.0, 1.1257811632811632812, 0.64742441042911405882,
     0.036313299318002947707},
    {1, 1, 1, 1, 0, 0, 6, 13, -0.4236481293073099695, 0.031173959352620777444,
     0.87927220000072167255, 0.58394339618258695985, 0.053271996456901003753},
    {1, 1, 1, 1, 6, 6, 6, 13, -3.8918202981106266102, 1.0, 6.1549054000050517078,
     0.14010653687746140085, 0.066634282891942856752},
    {1, 1, 1, 1, 2, 3, 6, 13, -4.9568366373502207705, 0.19339242546333601934, 2.6378166000021650176,
     0.28034977314816112286, 0.10178892518168843091},
    {1, 1, 1, 1, 1, 40, 300, 13, -12.19758534247307094, 0.0072960829160763773245,
     0.084148482660452808194, 0.92058353495583650495, 0.0002026796722411648119},
    {1, 1, 1, 1, 40, 40, 300, 13, -11.141310202393670808, 7.772121082319090642e-51,
     1.725043894539282568, 0.16993075704569837411, 0.1594936690973865537},
    {1, 1, 1, 1, 200, 1990, 2000, 2500, -661.84352630756123696, 0.990657029417675863,
     162.83189186268619668, 0.0049529458863150428936, 0.0048086225089478348147},
    {0.01, 5, 0.05, 0.1, 0, 0, 0, 13, 0.0, 1.0, 0.015642895444754906251, 0.99174586535924562469,
     0.00083506107277003340146},
    {0.01, 5, 0.05, 0.1, 0, 0, 6, 13, -0.0053128347995905748511, 0.59782186256035485173,
     0.011368816020601511136, 0.99225064539996210725, 0.00051736785242543889202},
    {0.01, 5, 0.05, 0.1, 6, 6, 6, 13, -12.241051933519278243, 1.0, 6.8326584283815081929,
     0.016024780351553002438, 0.052911535919383589031},
    {0.01, 5, 0.05, 0.1, 2, 3, 6, 13, -9.5494422962734966471, 0.93672781728528409358,
     2.2851320201409037384, 0.19768451056883497479, 0.14774233760107365637},
    {0.01, 5, 0.05, 0.1, 1, 40, 300, 13, -10.780494784423063534, 0.74539333675233846773,
     0.042998258901373228411, 0.95863671957947164611, 0.000053507490338064748377},
    {0.01, 5, 0.05, 0.1, 40, 40, 300, 13, -27.273021442373774199, 4.976513137747817433e-43,
     1.70332706796429987, 0.16758315526395023064, 0.15624743201909985225},
    {0.01, 5, 0.05, 0.1, 200, 1990, 2000, 2500, -657.78126035712115149, 0.99953179937203746597,
     243.73468989833521045, 0.00025053564958594899872, 0.00024664083044386639107},
    {500, 0.02, 1, 3000, 0, 0, 0, 13, 0.0, 1.0, 12.96923859151730572, 0.0003332356059324820685,
     0.00033257021714627941644},
    {500, 0.02, 1, 3000, 0, 0, 6, 13, -8.0066607928386376441, 4.6708301092889565696e-13,
     12.815518700396951629, 0.00033656667573561075143, 0.00033588791344824408594},
    {500, 0.02, 1, 3000, 6, 6, 6, 13, -0.0022368066388978060785, 1.0, 12.969304924801715048,
     0.00033257052795967313125, 0.0003319077907540776549},
    {500, 0.02, 1, 3000, 2, 3, 6, 13, -18.137264409336201501, 0.00014552489013354258818,
     12.866780775198539435, 0.00033522399850720839271, 0.00033455064189362174292},
    {500, 0.02, 1, 3000, 1, 40, 300, 13, -152.70940658560263868, 1.8458675155582625149e-166,
     8.1238245405075472206, 0.00048717927690733620393, 0.0044249315832204304165},
    {500, 0.02, 1, 3000, 40, 40, 300, 13, -8.0346905073746153723, 9.748823760579159361e-219,
     8.7562180676129251479, 0.00044949649161179535674, 0.0016948879139321518134},
    {500, 0.02, 1, 3000, 200, 1990, 2000, 2500, -1488.8510852855685243, 0.98181231557868913055,
     567.59994647778422344, 0.00071414821491891137597, 0.00071109532907739526019},
    {1e5, 2e5, 3, 1e6, 0, 0, 0, 13, 0.0, 1.0, 4.3332423350623023029, 0.0051476523762948185652,
     0.1836897769954548559},
    {1e5, 2e5, 3, 1e6, 0, 0, 6, 13, -2.432690138954927311, 0.99990649436792696767,
     4.3331556724948283831, 0.0051483205209801584066, 0.18369712381891011265},
    {1e5, 2e5, 3, 1e6, 6, 6, 6, 13, -6.591591734381030727, 1.0, 4.3334156618351780728,
     0.0051463161297627894645, 0.18367508309221133693},
    {1e5, 2e5, 3, 1e6, 2, 3, 6, 13, -3.8190916347011437864, 0.99997862531326300466,
     4.3332423356082782796, 0.0051476523104154235482, 0.18368977702022062575},
    {1e5, 2e5, 3, 1e6, 1, 40, 300, 13, -28.528973615370405864, 1.9632022448958299618e-41,
     4.3289567380386627217, 0.0051807893307325857465, 0.184052955859157535},
    {1e5, 2e5, 3, 1e6, 40, 40, 300, 13, -55.558009365582064283, 1.8669472193308919885e-41,
     4.3306450142837353495, 0.0051677106122151750191, 0.18390991838644935961},
    {1e5, 2e5, 3, 1e6, 200, 1990, 2000, 2500, -947.94352905814968417, 0.99950077324871306589,
     826.37495648472756589, 9.0238290410712889832e-6, 9.0235033274700338625e-6},
};

void ExpectClose(double value, double expected, const char* what, size_t row) {
  EXPECT_NEAR(value, expected, 2e-11 * std::fabs(expected)) << what << " of row " << row;
}

TEST(BgBb, MatchesHighPrecisionReference) {
  for (size_t i = 0; i < std::size(kReference); ++i) {
    const Reference& r = kReference[i];
    const auto model = Model({r.a, r.b, r.g, r.d});
    const PurchaseHistory history = History(r.x, r.t, r.n);
    const AliveState state{1, r.x, 0, r.n};
    ExpectClose(model->LogLikelihood(history), r.log_likelihood, "log-likelihood", i);
    ExpectClose(model->PAlive(history), r.alive, "alive", i);
    ExpectClose(model->ExpectedPurchases(state, r.m), r.expected, "expected", i);
    ExpectClose(model->NoPurchase(state, r.m), r.none, "none", i);
    ExpectClose(model->PurchaseCounts(state, r.m, 3)[3], r.three, "three", i);
  }
}

// P(history) over every sequence of `n` opportunities: given t_x and x there are
// C(t_x - 1, x - 1) of them.
TEST(BgBb, ChancesOfAllHistoriesAddUpToOne) {
  for (const std::vector<double>& values : {kDonations, {.3, 4, 2, .2}, {30, 2, .01, 9}}) {
    const auto model = Model(values);
    for (uint32_t n : {1u, 2u, 7u}) {
      std::vector<double> by_count(n + 1);
      for (uint32_t sequence = 0; sequence < (1u << n); ++sequence) {
        uint32_t x = 0, t = 0;
        for (uint32_t k = 1; k <= n; ++k) {
          if ((sequence >> (k - 1)) % 2 == 1) ++x, t = k;
        }
        by_count[x] += std::exp(model->LogLikelihood(History(x, t, n)));
      }
      EXPECT_NEAR(std::accumulate(by_count.begin(), by_count.end(), 0.0), 1, 1e-13);
      const std::vector<double> pmf = model->CountsFromStart(n, n);
      for (uint32_t x = 0; x <= n; ++x) EXPECT_NEAR(pmf[x], by_count[x], 1e-13) << n << " " << x;
    }
  }
}

// The future of a known history is the likelihood of the longer one.
TEST(BgBb, ForecastIsTheRatioOfLikelihoods) {
  const auto model = Model(kDonations);
  const PurchaseHistory now = History(2, 3, 6);
  const double past = model->LogLikelihood(now);
  const double buys_next = std::exp(model->LogLikelihood(History(3, 7, 7)) - past);
  const AliveState state{1, 2, 0, 6};
  EXPECT_NEAR(model->PAlive(now) * model->ExpectedPurchases(state, 1), buys_next, 1e-14);
  // FHS print P(alive at n + 1) = PAlive x AliveAhead(1): 0.32125 x 8.783442 / 9.44016.
  EXPECT_NEAR(model->AliveAhead(state, 1), 8.783442 / 9.44016, 1e-14);
  const double none = std::exp(model->LogLikelihood(History(2, 3, 11)) - past);
  EXPECT_NEAR(1 - model->PAlive(now) * (1 - model->NoPurchase(state, 5)), none, 1e-14);
}

TEST(BgBb, CountsAgreeWithExpectationAndNoPurchase) {
  const AliveState states[] = {{1, 0, 0, 0}, {1, 2, 0, 6}, {1, 50, 0, 60}, {1, 3, 0, 4000}};
  for (const std::vector<double>& values : {kDonations, {.3, 4, 2, .2}, {900, 800, .01, 9}}) {
    const auto model = Model(values);
    for (const AliveState& state : states) {
      for (double horizon : {1.0, 5.0, 300.0, 2000.0}) {
        const auto most = static_cast<uint32_t>(horizon);
        const std::vector<double> pmf = model->PurchaseCounts(state, horizon, most + 3);
        double mean = 0;
        for (size_t n = 0; n < pmf.size(); ++n) mean += static_cast<double>(n) * pmf[n];
        EXPECT_NEAR(std::accumulate(pmf.begin(), pmf.end(), 0.0), 1, 1e-11);
        EXPECT_NEAR(mean, model->ExpectedPurchases(state, horizon), 1e-10 * (1 + mean));
        EXPECT_NEAR(pmf[0], model->NoPurchase(state, horizon), 1e-12);
        EXPECT_EQ(pmf[most + 1], 0);
      }
    }
  }
}

// DERT, by mpmath: A/(A+C) nsum(B(g,D+k)/B(g,D) v^k, [1, inf]), v = 1/1.1 per opportunity,
// for x = 2, n = 6 and kDonations; and the same for v = exp(-1e-4).
TEST(BgBb, DiscountedToInfinity) {
  const auto model = Model(kDonations, 365);
  const AliveState state{1, 2, 0, 6 * 365};
  EXPECT_NEAR(model->DiscountedPurchases(state, kInfinity, std::log(1.1) / 365),
              2.6282253516068058855, 1e-11);
  EXPECT_NEAR(model->DiscountedPurchases(state, kInfinity, 1e-4 / 365), 91.408953860592255135,
              1e-8);
  EXPECT_NEAR(model->DiscountedPurchases(state, 4000 * 365.0, std::log(1.1) / 365),
              2.6282253516068058855, 1e-11);
  // Half a unit later without a close in between, all is half a unit nearer.
  const AliveState later{1, 2, 0, 6.5 * 365};
  EXPECT_NEAR(model->DiscountedPurchases(later, kInfinity, std::log(1.1) / 365),
              2.6282253516068058855 * std::sqrt(1.1), 1e-11);
}

TEST(BgBb, HorizonHoldsTheOpportunitiesThatClose) {
  const auto model = Model(kDonations, 7);
  const AliveState whole{1, 2, 0, 42}, middle{1, 2, 0, 45};
  EXPECT_EQ(model->ExpectedPurchases(whole, 6.9), 0);
  EXPECT_EQ(model->NoPurchase(whole, 6.9), 1);
  EXPECT_EQ(model->AliveAhead(whole, 6.9), 1);
  EXPECT_GT(model->ExpectedPurchases(whole, 7), 0);
  EXPECT_EQ(model->ExpectedPurchases(middle, 4), model->ExpectedPurchases(whole, 7));
  EXPECT_EQ(model->ExpectedPurchases(middle, 11), model->ExpectedPurchases(whole, 20.9));
}

TEST(BgBb, SilenceDaysIsWherePAliveFalls) {
  const auto model = Model(kDonations, 7);
  for (const PurchaseHistory& seen : {History(0, 0, 0), History(3, 30, 90), History(5, 35, 35)}) {
    for (double bound : {.9, .5, .05, 1e-4}) {
      PurchaseHistory history = seen;
      const double silence = model->SilenceDays(seen, bound);
      history.age_days = seen.recency_days + silence;
      EXPECT_LT(model->PAlive(history), bound);
      history.age_days -= 1;
      EXPECT_GE(model->PAlive(history), bound);
    }
  }
  EXPECT_EQ(Model({.001, 1, .001, 1})->SilenceDays(History(0, 0, 0), 1e-5), kInfinity);
}

TEST(BgBb, BeyondTheFirstThousandNothingJumps) {
  const auto model = Model({.4, 2, .3, 5});
  const auto smooth = [](double before, double at, double after) {
    return std::fabs(before - 2 * at + after) < 1e-5 * std::fabs(at);
  };
  const AliveState state{1, 1, 0, 4};
  for (double m : {1023.0, 1024.0, 1025.0, 1032.0, 1033.0}) {
    EXPECT_TRUE(smooth(model->ExpectedPurchases(state, m - 1), model->ExpectedPurchases(state, m),
                       model->ExpectedPurchases(state, m + 1)));
    EXPECT_TRUE(smooth(model->NoPurchase(state, m - 1), model->NoPurchase(state, m),
                       model->NoPurchase(state, m + 1)));
  }
}

TEST(BgBb, RandomValidInputGivesFiniteMonotoneAnswers) {
  std::mt19937_64 random(20100529);
  const auto log_uniform = [&](double low, double high) {
    return std::exp(std::log(low) + (std::log(high) - std::log(low)) *
                                        static_cast<double>(random() >> 11) * 0x1p-53);
  };
  for (int round = 0; round < 1000; ++round) {
    const double unit = log_uniform(.5, 400);
    const auto model = Model({log_uniform(1e-4, 1e5), log_uniform(1e-4, 1e5),
                              log_uniform(1e-4, 1e5), log_uniform(1e-4, 1e5)},
                             unit);
    PurchaseHistory history;
    history.age_days = random() % 10 == 0 ? 0 : unit * log_uniform(.1, 1e4);
    if (history.age_days > 0 && random() % 3 != 0) {
      history.frequency = static_cast<uint32_t>(log_uniform(1, 10'000));
      history.recency_days = history.age_days * (random() % 4 == 0 ? 1 : log_uniform(1e-6, 1));
    }
    RAPPORT_ASSERT_OK(ValidateHistory(history));
    const double alive = model->PAlive(history);
    ASSERT_TRUE(alive >= 0 && alive <= 1) << round;
    ASSERT_TRUE(std::isfinite(model->LogLikelihood(history)) && model->LogLikelihood(history) <= 0);
    ASSERT_GE(model->SilenceDays(history, .3), 0);
    const AliveState state{1, history.frequency, 0, history.age_days};
    double expected = 0, discounted = 0, none = 1, stays = 1;
    for (double units : {0.0, 1e-9, .5, 1.0, 12.0, 1500.0, 5200.0, 1e12}) {
      const double horizon = units * unit;
      const auto rises = [&](double value, double& before) {
        const bool good = std::isfinite(value) && value >= before * (1 - 1e-9);
        before = value;
        return good;
      };
      const auto falls = [&](double value, double& before) {
        const bool good = value >= 0 && value <= before * (1 + 1e-9);
        before = value;
        return good;
      };
      ASSERT_TRUE(rises(model->ExpectedPurchases(state, horizon), expected))
          << round << " " << units;
      ASSERT_TRUE(rises(model->DiscountedPurchases(state, horizon, 3e-4), discounted)) << round;
      ASSERT_TRUE(falls(model->NoPurchase(state, horizon), none)) << round << " " << units;
      ASSERT_TRUE(falls(model->AliveAhead(state, horizon), stays)) << round << " " << units;
      ASSERT_LE(discounted, expected * (1 + 1e-9));
      ASSERT_LE(1 - none, expected * (1 + 1e-9) + 1e-15);
      if (units > 100) continue;
      for (double p : model->PurchaseCounts(state, horizon, 20)) ASSERT_TRUE(p >= 0 && p <= 1);
    }
    const double forever = model->DiscountedPurchases(state, kInfinity, 3e-4);
    ASSERT_TRUE(std::isfinite(forever) && forever >= discounted * (1 - 1e-9)) << round;
  }
}

}  // namespace
}  // namespace rapport::value
