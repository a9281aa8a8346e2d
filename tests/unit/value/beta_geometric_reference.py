#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Prints the rows of beta_geometric_reference_test.cc at 40 digits with mpmath, by other
# means than the library: long sums of exact negative binomial tails for purchases and
# survival; Gauss's 2F1 inside a tanh-sinh quadrature over the rate or over time for
# discounted purchases. Takes minutes. Usage: python3 beta_geometric_reference.py
from mpmath import exp, gamma, hyp2f1, inf, log, mp, mpf, nstr, quad, rf

mp.dps = 40


def ahead(s, u, a, b, k, j):
    """E[N] and P(still alive): sums over stages until 1e-25 is left."""
    v, m = u / (1 + u), 0
    mass = exp(-s * log(1 + u))
    masses, total = [], mpf(0)
    while total < 1 - mpf(10) ** -28:
        masses.append(mass)
        total += mass
        mass *= (s + m) / (m + 1) * v
        m += 1
    of_purchases = [mpf(0)] * ((len(masses) - 1 + j) // k + 1)
    for m, mass in enumerate(masses):
        of_purchases[(m + j) // k] += mass
    tails, tail = [], mpf(0)
    for mass in reversed(of_purchases):
        tail += mass
        tails.append(tail)
    tails.reverse()
    expected = alive = mpf(0)
    stays = mpf(1)
    for n, mass in enumerate(of_purchases):
        alive += stays * mass
        if n + 1 < len(tails):
            expected += stays * tails[n + 1]
        stays *= (b + n) / (a + b + n)
    return expected, alive


def forever(s, d, a, b, k, j):
    """E[discounted purchases], rate ~ Gamma(s, 1), discount d."""
    def integrand(v):
        rate = exp(v)
        phi = rate / (rate + d)
        return exp(s * v - rate) / gamma(s) * phi ** (k - j) * hyp2f1(1, b, a + b, phi ** k)
    return quad(integrand, [-60 / s - 20, -30, -20, -12, -8, -5, -3, -1, 0, 1, 2, 3, 4, 5])


def until(s, u, d, a, b):
    """The same until u, k = 1, over time."""
    cuts = [0, u / 1000, u / 100, u / 10, u / 3, u]
    return quad(lambda t: s * exp(-d * t) * hyp2f1(s + 1, a, a + b, -t), cuts)


def show(*values):
    texts = [v if isinstance(v, str) else nstr(v, 18) for v in values]
    print("    {%s}," % ", ".join(texts), flush=True)


LEAVE = [("0.8", "4.4"), ("1", "1"), ("0.1", "3"), ("0.05", "0.1"), ("5", "0.2"), ("40", "300")]
print("// a, b, s, u, k, phase, purchases, alive")
for a, b in LEAVE:
    for s, u in [("0.7", "0.01"), ("3", "1.5"), ("0.3", "300"), ("6.4", "500"), ("5000.5", "1.5")]:
        for k, j in [(1, 0), (2, 0), (3, 1), (5, 0)]:
            show(a, b, s, u, str(k), str(j), *ahead(mpf(s), mpf(u), mpf(a), mpf(b), k, j))
print("// a, b, s, d, k, phase, purchases discounted forever")
for a, b in LEAVE:
    for s, d in [("0.25", "0.01"), ("3", "1e-4"), ("50.2", "2"), ("0.25", "1e-8")]:
        for k, j in [(1, 0), (3, 1)]:
            show(a, b, s, d, str(k), str(j), forever(mpf(s), mpf(d), mpf(a), mpf(b), k, j))
print("// a, b, s, u, d, purchases discounted until u")
for a, b in LEAVE:
    for s, u, d in [("0.25", "3", "0.01"), ("3", "100", "0.02"), ("50.2", "2", "0.5")]:
        show(a, b, s, u, d, until(mpf(s), mpf(u), mpf(d), mpf(a), mpf(b)))
