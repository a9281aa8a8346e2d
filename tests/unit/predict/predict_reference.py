#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the expected numbers of the predict tests, from definitions rather than from the
algorithms of lib/predict: root finding for regressions, all pairs for the AUC, the
min-max formula for isotonic regression.

Needs numpy and scipy. The rows are drawn with SplitMix64, as in simulated_rows.h.
"""
import numpy as np
from scipy import optimize, special, stats

MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) / 2.0**53


def regression_rows():
    random = SplitMix64(7)
    rows = []
    for i in range(200):
        z = [2 * random.uniform() - 1 for _ in range(3)]
        p = special.expit(-0.4 + 1.5 * z[0] - 0.8 * z[1])
        rows.append(z + [float(random.uniform() < p), 1.0 + i % 3])
    return np.array(rows)


def fit(x, y, w, penalty, center):
    """x with its column of ones; the penalty pulls coefficient j towards center[j]."""
    def slope(b):
        return x.T @ (w * (special.expit(x @ b) - y)) + penalty * (b - center)

    def hessian(b):
        p = special.expit(x @ b)
        return (x.T * (w * p * (1 - p))) @ x + np.diag(penalty)

    b = optimize.root(slope, np.zeros(x.shape[1]), jac=hessian, tol=1e-14).x
    likelihood = np.sum(w * (y * (x @ b) - np.logaddexp(0, x @ b)))
    return b, np.sqrt(np.diag(np.linalg.inv(hessian(b)))), likelihood


def show(name, values):
    print(name, ", ".join(f"{v:.15g}" for v in np.atleast_1d(values)))


def logistic():
    rows = regression_rows()
    x = np.column_stack([np.ones(200), rows[:, :3]])
    for penalty in (0.5, 20.0):
        b, se, ll = fit(x, rows[:, 3], rows[:, 4], np.array([0] + 3 * [penalty]), np.zeros(4))
        show(f"logistic {penalty} coefficients", b)
        show(f"logistic {penalty} errors", se)
        show(f"logistic {penalty} log-likelihood", ll)


def outcomes():
    random = SplitMix64(11)
    rows = []
    for i in range(120):
        p = round(0.02 + 0.9 * random.uniform() ** 2, 2)
        rows.append([p, float(random.uniform() < special.expit(0.3 + 0.7 * special.logit(p))),
                     1.0 + (i % 4) * 0.5])
    return np.array(rows)


def delong(p, y, w):
    pos, neg = y == 1, y == 0
    kernel = (p[pos][:, None] > p[neg][None, :]) + 0.5 * (p[pos][:, None] == p[neg][None, :])
    wp, wn = w[pos], w[neg]
    auc = wp @ kernel @ wn / (wp.sum() * wn.sum())
    v10, v01 = kernel @ wn / wn.sum(), wp @ kernel / wp.sum()
    variance = (np.sum(wp**2 * (v10 - auc)**2) / (wp.sum()**2 - np.sum(wp**2))
                + np.sum(wn**2 * (v01 - auc)**2) / (wn.sum()**2 - np.sum(wn**2)))
    return auc, np.sqrt(variance)


def evaluation():
    rows = outcomes()
    p, y, w = rows.T
    base = np.average(y, weights=w)
    show("base rate", base)
    show("brier", np.average((p - y)**2, weights=w))
    show("brier skill", 1 - np.average((p - y)**2, weights=w) / (base * (1 - base)))
    show("log loss", -np.average(y * np.log(p) + (1 - y) * np.log1p(-p), weights=w))
    auc, se = delong(p, y, w)
    show("auc, se", [auc, se])
    x = np.column_stack([np.ones(len(p)), special.logit(p)])
    b, se, _ = fit(x, y, w, np.array([1e-6, 1e-6]), np.array([0, 1.0]))
    show("calibration line", b)
    show("calibration line errors", se)
    auc, se = delong(p, y, np.ones(len(p)))
    show("unweighted auc, se", [auc, se])


def isotonic():
    random = SplitMix64(13)
    y = np.array([round(i / 20 + random.uniform(), 3) for i in range(12)])
    w = np.array([1.0 + i % 3 for i in range(12)])
    mean = lambda j, k: np.average(y[j:k + 1], weights=w[j:k + 1])
    show("isotonic y", y)
    show("isotonic", [max(min(mean(j, k) for k in range(i, 12)) for j in range(i + 1))
                      for i in range(12)])


if __name__ == "__main__":
    logistic()
    evaluation()
    isotonic()
