# SPDX-License-Identifier: Apache-2.0
"""Reference values of significance_test.cc, incomplete_beta_test.cc and the intervals of
quantile_sketch_test.cc and moments_test.cc.

Prints initialisers of the tests' tables. Needs scipy 1.10 and statsmodels 0.13 (Debian:
python3-scipy, python3-statsmodels); nothing at build or test time does.
"""
import warnings

import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

warnings.simplefilter("ignore")


def row(*numbers):
    print("    {" + ", ".join(repr(n) if isinstance(n, int) else repr(float(n)) for n in numbers) + "},")


def t_quantile(confidence, degrees):
    """stats.t.ppf of this scipy has 9 right digits only for few degrees (7.163728134 for
    0.99 and 2.5; mpmath 7.163728138948786), betainc for very many."""
    def excess(t):
        return special.betainc(degrees / 2, .5, degrees / (degrees + t * t)) - (1 - confidence)
    guess = stats.t.ppf((1 + confidence) / 2, degrees)
    return guess if degrees > 1e4 else optimize.brentq(excess, .99 * guess, 1.01 * guess, xtol=1e-15, rtol=1e-15)


def proportions():
    print("// x1, n1, x2, n2, change, low, high, p (0.95)")
    for x1, n1, x2, n2 in [(56, 70, 48, 80), (120, 1000, 156, 1000), (5, 5000, 15, 5100),
                           (450, 500, 430, 520), (10, 50, 10, 50), (200000, 10**6, 201000, 10**6)]:
        low, high = confint_proportions_2indep(x2, n2, x1, n1, method="newcomb", compare="diff")
        _, p = proportions_ztest([x2, x1], [n2, n1])
        row(x1, n1, x2, n2, x2 / n2 - x1 / n1, low, high, p)


def welch():
    print("// n1, mean1, variance1, n2, mean2, variance2, low, high, p (0.95)")
    for a in [(60, 10.0, 4.0, 80, 11.0, 9.0), (50, 0.0, 1.0, 5000, 0.1, 100.0),
              (1000, 52.3, 310.5, 900, 50.1, 280.25), (55, 5.0, 0.0, 70, 5.5, 2.0)]:
        n1, m1, v1, n2, m2, v2 = a
        p = stats.ttest_ind_from_stats(m2, v2 ** .5, n2, m1, v1 ** .5, n1, equal_var=False).pvalue
        e1, e2 = v1 / n1, v2 / n2
        df = (e1 + e2) ** 2 / (e1 ** 2 / (n1 - 1) + e2 ** 2 / (n2 - 1))
        half = t_quantile(.95, df) * (e1 + e2) ** .5
        row(*a, m2 - m1 - half, m2 - m1 + half, p)


def net_scores():
    """By the sample itself: answers as +1, 0, -1, population variance."""
    print("// promoters, detractors, answers twice; change, low, high, p (0.95)")
    for a in [(50, 17, 100, 40, 30, 100), (500, 200, 1000, 560, 190, 1020), (60, 0, 60, 50, 5, 60)]:
        def sample(p, d, n):
            return 100 * np.array([1] * p + [-1] * d + [0] * (n - p - d))
        one, two = sample(*a[:3]), sample(*a[3:])
        change = two.mean() - one.mean()
        error = (one.var() / len(one) + two.var() / len(two)) ** .5
        half = stats.norm.ppf(.975) * error
        row(*a, change, change - half, change + half, 2 * stats.norm.sf(abs(change) / error))


def counts():
    print("// events, exposure twice; change, low, high, p (0.95)")
    def rate(x, e):
        return x / e, (stats.chi2.ppf(.025, 2 * x) / 2 / e if x else 0.), stats.chi2.ppf(.975, 2 * x + 2) / 2 / e
    for x1, e1, x2, e2 in [(60, 30., 41, 28.), (0, 1., 12, 1.), (3, 1., 4, 1.), (15, 7., 0, 7.),
                           (10000, 365., 10400, 366.), (2, 100., 9, 50.)]:
        r1, l1, u1 = rate(x1, e1)
        r2, l2, u2 = rate(x2, e2)
        n, share = x1 + x2, e2 / (e1 + e2)
        p = min(1, 2 * min(stats.binom.cdf(x2, n, share), stats.binom.sf(x2 - 1, n, share)))
        d = r2 - r1
        row(x1, e1, x2, e2, d, d - ((r2 - l2) ** 2 + (u1 - r1) ** 2) ** .5,
            d + ((u2 - r2) ** 2 + (r1 - l1) ** 2) ** .5, p)


def adjusted():
    p = [.01, .04, .03, .005, .2, .9, .0001, .04]
    print("// Benjamini-Hochberg of", p)
    row(*multipletests(p, method="fdr_bh")[1])


def student():
    print("// t, degrees, two-sided p; confidence, t")
    for t, v in [(0., 5.), (.3, 1.), (2., 10.5), (5., 3.), (40., 80.), (1.96, 1e6), (-2.5, 27.3)]:
        row(t, v, 2 * stats.t.sf(abs(t), v))
    for c, v in [(.95, 10.), (.95, 7.), (.95, 1.), (.99, 2.5), (.999, 30.3), (.5, 1e5), (.95, 1e8)]:
        row(c, v, t_quantile(c, v))
    print("// k, n, p, at most, at least")
    for k, n, p in [(3, 10, .5), (0, 20, .1), (20, 20, .9), (480, 1000, .5), (99500, 100000, .995)]:
        row(k, n, p, stats.binom.cdf(k, n, p), stats.binom.sf(k - 1, n, p))


def ranks():
    print("// n, p, confidence, low rank, high rank (0: none)")
    for n, p, c in [(5, .5, .95), (6, .5, .95), (10, .5, .95), (35, .9, .95), (36, .9, .95), (100, .9, .95),
                    (1000, .5, .99), (1000, .99, .95), (10**6, .9, .95)]:
        tail = (1 - c) / 2
        k = np.arange(0, n + 2)
        low = int(np.nonzero(stats.binom.cdf(k - 1, n, p) <= tail)[0].max())
        high = int(np.nonzero(stats.binom.sf(k - 1, n, p) <= tail)[0].min())
        row(n, p, c, low if low >= 1 and high <= n else 0, high if low >= 1 and high <= n else 0)


for table in (proportions, welch, net_scores, counts, adjusted, student, ranks):
    table()
