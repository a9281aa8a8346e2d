#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""References of the contractual models and of Gamma-Gamma; see common.py.

sBG and BdW (Fader and Hardie 2007; Fader et al. 2018): P(leave at a renewal) ~ Beta(alpha,
beta), survival B(alpha, beta + t^c) / B(alpha, beta). DERL of sBG in closed form (Fader and
Hardie 2010) and by quadrature over that chance; of BdW as a sum, and by quadrature.
Gamma-Gamma (Fader and Hardie 2013): mean of x purchases ~ Gamma(p x, v x), v ~ Gamma(q,
gamma). Lines: x is the frequency or the renewals survived, t_x the mean value.
"""
from mpmath import exp, log, log1p, loggamma, mp, mpf

from common import Table, beta_rule, density_rule, exact, gauss_from_one


def survive(a, b, t):
    return exp(loggamma(b + t) - loggamma(b) + loggamma(a + b) - loggamma(a + b + t))


def write_retention(table, texts):
    a, b, c = [exact(t) for t in texts]
    name = "sbg" if c == 1 else "bdw"
    with mp.workdps(60):
        powers = {t: mpf(t) ** c for t in (1, 2, 7, 12, 520, 5200)}
    for t, power in powers.items():
        rule = beta_rule(a, b, [-log1p(power)], 60)
        second = sum(w * exp(power * lq) for _, _, lq, w in rule)
        table.add(name, 1, texts, ["", "", "", ""], "survival", str(t), "", survive(a, b, power), second)
    for n in (0, 1, 7, 100):
        for rate in ("0.1", "0.01") if c == 1 else ("0.1",):
            keep = 1 / (1 + exact(rate))
            if c == 1:
                first = (b + n) / (a + b + n) * gauss_from_one(b + n + 1, a + b + n + 1, keep)
            else:
                first = series(a, b, c, n, keep)
            table.add(name, 1, texts, [str(n), "", "", ""], "derl", "", rate, first,
                      by_quadrature(a, b, c, n, keep))


def series(a, b, c, n, keep):
    """sum over t > n of S(t) / S(n) keep^(t - n - 1)."""
    base, total, t, factor = survive(a, b, mpf(n) ** c), mpf(0), n, mpf(1)
    while factor > mpf(10) ** -40:
        t += 1
        total += survive(a, b, mpf(t) ** c) / base * factor
        factor *= keep
    return total


def by_quadrature(a, b, c, n, keep):
    """The same over the chance to leave, (1 - p)^(t^c) summed at each node."""
    start = mpf(n) ** c
    posterior = beta_rule(a, b + start, [log(1 - keep)], 60)
    if c == 1:
        return sum(w * exp(lq) / (1 - keep * exp(lq)) for _, _, lq, w in posterior)
    total, factor, t = mpf(0), mpf(1), n
    while factor > mpf(10) ** -40:
        t += 1
        power = mpf(t) ** c - start
        total += factor * sum(w * exp(power * lq) for _, _, lq, w in posterior)
        factor *= keep
    return total


def write_spend(table, texts, x, mean):
    p, q, gamma = [exact(t) for t in texts]
    n, m = mpf(x), exact(mean)
    key = ("gamma_gamma", 1, texts, [x, mean, "", ""])
    px = p * n
    closed = (loggamma(px + q) - loggamma(px) - loggamma(q) + q * log(gamma) + (px - 1) * log(m) +
              px * log(n) - (px + q) * log(gamma + n * m))

    def moment(power):
        """int over v of the density of m, the density of v and v^power; v = e^y."""
        shape, rate = px + q + power, gamma + n * m
        rule = density_rule(lambda y: shape * y - rate * exp(y), lambda y: shape - rate * exp(y),
                            log(shape / rate), 1 / mp.sqrt(shape))
        return sum(w for _, w in rule)

    fixed = px * log(n) + (px - 1) * log(m) - loggamma(px) + q * log(gamma) - loggamma(q)
    table.add(*key, "log_likelihood", "", "", closed, fixed + log(moment(0)), mpf(10) ** -30)
    if px + q > 1:
        table.add(*key, "mean_value", "", "", p * (gamma + n * m) / (px + q - 1),
                  p * moment(-1) / moment(0))


RETENTION = [("0.668088", "3.806095", "1"), ("0.704077", "1.182043", "1"), ("1", "1", "1"),
             ("0.01", "0.05", "1"), ("1e6", "1e7", "1"), ("12", "0.9", "1"), ("0.3", "0.7", "1"),
             ("0.668088", "3.806095", "1.3"), ("0.7", "1.2", "0.6"), ("1", "1", "2"), ("0.05", "50", "0.3")]
SPEND = [("6.249572", "3.744225", "15.443521"), ("1", "1", "1"), ("0.5", "0.7", "2"), ("1e5", "1e5", "30"),
         ("0.01", "2", "1e6"), ("300", "0.9", "0.001")]

if __name__ == "__main__":
    out = Table("retention.csv")
    for numbers in RETENTION:
        write_retention(out, numbers)
    out.close()
    out = Table("gamma_gamma.csv")
    for numbers in SPEND:
        for frequency, value in (("1", "35.5"), ("2", "0.01"), ("30", "120"), ("300", "1e5"), ("2000", "35.5")):
            write_spend(out, numbers, frequency, value)
    out.close()
