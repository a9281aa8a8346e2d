#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Prints the rows of kReference in bg_nbd_reference_test.cc: the integral
#   I(a, b, s, u) = integral_0^1 (1 - (1 + p u)^-s) / p  Beta(p; a, b) dp
# by mpmath's tanh-sinh quadrature on pieces of v = log(p / (1 - p)) at 40 digits.
# Takes minutes. Usage: python3 bg_nbd_reference.py
from mpmath import beta, exp, expm1, log, log1p, mp, mpf, nstr, quad, sqrt

mp.dps = 40


def integral(a, b, s, u):
    log_beta = log(beta(a, b))

    def integrand(v):
        log_p, log_q = -log1p(exp(-v)), -log1p(exp(v))
        p = exp(log_p)
        return -expm1(-s * log1p(p * u)) / p * exp(a * log_p + b * log_q - log_beta)

    mode, knee, sigma = log(a / b), -log(1 + s * u), sqrt(1 / a + 1 / b)
    low = min(mode, knee) - 90 / a - 14 * sigma
    high = max(mode, knee) + 90 / b + 14 * sigma
    cuts = {low, high, knee, mode}
    for d in (1, 2, 4, 8):
        cuts |= {mode - d * sigma, mode + d * sigma}
    for d in (3, 10, 30):
        cuts |= {min(mode, knee) - d, max(mode, knee) + d}
    cuts = sorted(c for c in cuts if low <= c <= high)
    pieces = cuts[:1]
    for cut in cuts[1:]:
        begin, n = pieces[-1], int((cut - pieces[-1]) / 12) + 1
        pieces += [begin + (cut - begin) * j / n for j in range(1, n + 1)]
    return quad(integrand, pieces)


PARAMETERS = [
    ("0.792922", "2.425907"), ("1", "2.425907"), ("0.3", "0.7"), ("1", "1"), ("2", "3"),
    ("0.05", "0.1"), ("0.01", "5"), ("5", "0.05"), ("0.5", "0.5"), ("300", "700"),
    ("0.8", "2002"), ("1", "2002"), ("20000", "30000"), ("12", "0.9"),
]
for a, b in PARAMETERS:
    for s in ("0.2425945", "2.2425945", "50", "2000.24"):
        for u in ("1e-6", "0.01", "1.2", "118", "1e5"):
            value = integral(mpf(a), mpf(b), mpf(s), mpf(u))
            print("    {%s, %s, %s, %s, %s}," % (a, b, s, u, nstr(value, 20)), flush=True)
