#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""References of Pareto/NBD and NBD; see common.py.

Defining model: purchases at a rate ~ Gamma(r, alpha), lifetime exponential with a rate
~ Gamma(s, beta). First way: the formulas of Schmittlein, Morrison, Colombo 1987 and Fader
and Hardie (2F1; incomplete gamma functions for what is discounted). Second way: quadrature
over the time of leaving for the likelihood, over the rates for the future. NBD is the
same without leaving.
"""
import sys

from mpmath import (binomial, exp, expm1, factorial, gammainc, hyp2f1, inf, log, log1p, mp, mpf, rf)

from common import Table, composite, exact, gamma_integral, gamma_rule, panels

TIMES = ("1", "39", "520", "5200")
COUNTS = 4


def gauss(a, b, c, z):
    return hyp2f1(a, b, c, z, maxprec=20000, maxterms=10 ** 6)


def tail_integral(alpha, beta, p, q, start):
    """int_start^inf (alpha + y)^-p (beta + y)^-q dy by 2F1 about the larger of both."""
    high, low, power = (alpha, beta, q) if alpha >= beta else (beta, alpha, p)
    n = p + q - 1
    return (high + start) ** -n / n * gauss(power, n, n + 1, (high - low) / (high + start))


def quadrature(f, begin, end, turns):
    """int_begin^end f(y) dy over v = log(y - begin), f smooth but for `turns`."""
    low = log(end - begin) - 130
    high = log(end - begin)
    centres = [(log(t), mpf(1)) for t in turns if 0 < t < end - begin] + [(high, mpf(1))]
    centres.append((min(log(t) for t in turns), mpf(1)))
    cuts = panels(low, high, centres, lambda v, w: mpf(6))
    return sum(w * exp(v) * f(begin + exp(v)) for v, w in composite(cuts))


class Pareto:
    def __init__(self, texts):
        self.r, self.alpha, self.s, self.beta = [exact(t) for t in texts]

    def start(self):
        return Future(self.r, self.alpha, self.s, self.beta)

    def likelihood(self, x, recency, age):
        """[(log L, P(alive))] closed and by quadrature, and the future if alive."""
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        fixed = log(rf(r, x)) + r * log(alpha) + s * log(beta)
        alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
        with mp.workdps(90):
            gone = s * (tail_integral(alpha, beta, r + x, s + 1, recency) -
                        tail_integral(alpha, beta, r + x, s + 1, age)) if age > recency else 0
        closed = (fixed + log(alive + gone), alive / (alive + gone))
        turns = [(alpha + recency) / (r + x), (beta + recency) / (s + 1), alpha + recency, beta + recency]
        gone = s * quadrature(lambda y: (alpha + y) ** -(r + x) * (beta + y) ** -(s + 1), recency, age,
                              turns) if age > recency else 0
        fixed = log(gamma_integral(r + x, mpf(1)) / gamma_integral(r, mpf(1))) + r * log(alpha) + s * log(beta)
        return [closed, (fixed + log(alive + gone), alive / (alive + gone))]

    def after(self, x, age):
        return Future(self.r + x, self.alpha + age, self.s, self.beta + age)


class Future:
    """Alive, rates ~ Gamma(r, alpha) and Gamma(s, beta)."""

    def __init__(self, r, alpha, s, beta):
        self.r, self.alpha, self.s, self.beta = r, alpha, s, beta
        self.rules = {}

    def leave_rule(self, t):
        if t not in self.rules:
            bend = self.s * log1p(t / self.beta) if t != inf else 0
            self.rules[t] = gamma_rule(self.s, self.beta, [-log(t)] if t != inf else [], bend)
        return self.rules[t]

    def ahead(self, t):
        return [exp(-self.s * log1p(t / self.beta)),
                sum(w * exp(-m * t) for m, w in self.leave_rule(t))]

    def purchases(self, t):
        mean, s, beta = self.r / self.alpha, self.s, self.beta
        if s == 1:
            closed = beta * log1p(t / beta)
        else:
            with mp.workdps(90):
                closed = beta / (s - 1) * -expm1(-(s - 1) * log1p(t / beta))
        return [mean * closed, mean * sum(w * -expm1(-m * t) / m for m, w in self.leave_rule(t))]

    def discounted(self, t, d):
        mean, s, beta = self.r / self.alpha, self.s, self.beta
        with mp.workdps(90):
            upper = d * (beta + t)
            area = gammainc(1 - s, d * beta) - (gammainc(1 - s, upper) if t != inf else 0)
            closed = mean * beta ** s * d ** (s - 1) * exp(d * beta) * area
        rule = gamma_rule(s, beta, [log(d)] + ([-log(t)] if t != inf else []),
                          s * log1p(1 / (d * beta)))
        cut = (lambda m: -expm1(-(m + d) * t)) if t != inf else (lambda m: 1)
        return [closed, mean * sum(w * cut(m) / (m + d) for m, w in rule)]

    def counts(self, t):
        """[P(n purchases in t)], n = 0 .. 3, closed and by quadrature."""
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        result = []
        for n in range(COUNTS):
            stay = rf(r, n) / factorial(n) * (t / (alpha + t)) ** n * (1 + t / alpha) ** -r
            factor = s * rf(r, n) / factorial(n) * alpha ** r * beta ** s
            with mp.workdps(150):
                # y^n = sum of binomials of (alpha + y) - alpha.
                area = sum(binomial(n, i) * (-alpha) ** (n - i) *
                           (tail_integral(alpha, beta, r + n - i, s + 1, mpf(0)) -
                            tail_integral(alpha, beta, r + n - i, s + 1, t)) for i in range(n + 1))
            closed = stay * (1 + t / beta) ** -s + factor * area
            turns = [alpha / (r + n), beta / (s + 1), alpha, beta]
            area = quadrature(lambda y: y ** n * (alpha + y) ** -(r + n) * (beta + y) ** -(s + 1), mpf(0), t, turns)
            stay = sum(w * (l * t) ** n * exp(-l * t) for l, w in gamma_rule(r, alpha)) / factorial(n)
            left = sum(w * exp(-m * t) for m, w in self.leave_rule(t))
            result.append([closed, stay * left + factor * area])
        return result


class Nbd:
    """The same without leaving."""

    def __init__(self, texts, r=None, alpha=None):
        self.r, self.alpha = (r, alpha) if texts is None else [exact(t) for t in texts]
        self.rule = gamma_rule(self.r, self.alpha)

    def start(self):
        return self

    def after(self, x, age):
        return Nbd(None, self.r + x, self.alpha + age)

    def likelihood(self, x, recency, age):
        r, alpha = self.r, self.alpha
        closed = log(rf(r, x)) + r * log(alpha) - (r + x) * log(alpha + age)
        second = log(gamma_integral(r + x, alpha + age) / gamma_integral(r, alpha))
        return [(closed, mpf(1)), (second, mpf(1))]

    def ahead(self, t):
        return [mpf(1), sum(w for _, w in self.rule)]

    def purchases(self, t):
        return [self.r / self.alpha * t, t * sum(w * l for l, w in self.rule)]

    def discounted(self, t, d):
        area = (1 - exp(-d * t)) / d if t != inf else 1 / d
        return [self.r / self.alpha * area, area * sum(w * l for l, w in self.rule)]

    def counts(self, t):
        return [[rf(self.r, n) / factorial(n) * (t / (self.alpha + t)) ** n * (1 + t / self.alpha) ** -self.r,
                 sum(w * (l * t) ** n * exp(-l * t) for l, w in self.rule) / factorial(n)]
                for n in range(COUNTS)]


def write_model(table, name, model, texts, histories):
    key = (name, 1, texts, ["", "", "", ""])
    for t in TIMES:
        table.add(*key, "from_start", t, "", *model.start().purchases(mpf(t)))
    for n, pair in enumerate(model.start().counts(mpf(39))):
        table.add(*key, "start_count", "39 %d" % n, "", *pair)
    for history in histories:
        key = (name, 1, texts, list(history) + ["0"])
        x, recency, age = int(history[0]), exact(history[1]), exact(history[2])
        first, second = model.likelihood(x, recency, age)
        table.add(*key, "log_likelihood", "", "", first[0], second[0], mpf(10) ** -30)
        table.add(*key, "p_alive", "", "", first[1], second[1])
        alive, future = first[1], model.after(x, age)
        for t in TIMES:
            table.add(*key, "purchases", t, "", *[alive * v for v in future.purchases(mpf(t))])
            table.add(*key, "alive_ahead", t, "", *[alive * v for v in future.ahead(mpf(t))])
        for n, pair in enumerate(future.counts(mpf(39))):
            table.add(*key, "alive_and_count", "39 %d" % n, "", *[alive * v for v in pair], mpf(10) ** -38)
        for h in ("52", "inf"):
            table.add(*key, "discounted", h, "0.002",
                      *[alive * v for v in future.discounted(mpf(h), exact("0.002"))])


HISTORIES = {
    "a": ("0", "0", "38.86"), "b": ("2", "30.43", "38.86"), "c": ("1", "0.14", "39"),
    "d": ("30", "38.9", "38.9"), "e": ("300", "250", "260"), "f": ("2000", "1900", "1900"),
    "g": ("2000", "5000", "5100"), "h": ("0", "0", "0.001"), "i": ("1", "0.0005", "0.001"),
    "j": ("2", "0.5", "400"),
}
EDGES = [
    (("0.553277", "10.577684", "0.60624", "11.668735"), "abcdefghij"),
    (("0.5", "5", "1", "2"), "abdfj"),            # s = 1
    (("0.7", "3", "0.999999999", "30"), "abe"),   # s near 1
    (("0.7", "8", "0.9", "8"), "abegh"),          # alpha = beta
    (("2", "1e6", "0.8", "2"), "abdg"),           # Huge alpha.
    (("0.5", "10", "3", "1e6"), "abdg"),          # Huge beta.
    (("0.01", "0.05", "0.02", "0.03"), "abei"),   # Tiny.
    (("0.5", "10", "500", "400"), "abdj"),        # Huge s.
    (("1000", "500", "0.9", "1.1"), "abei"),      # Huge r.
    (("4", "20", "12", "0.9"), "abdf"),
]
NBD_EDGES = [
    (("0.384766", "12.07201"), "abcdefghij"), (("1", "1"), "abfh"), (("2", "1e6"), "abdg"),
    (("0.01", "0.05"), "abei"), (("1000", "500"), "abei"), (("1e5", "1e6"), "abg"),
]

if __name__ == "__main__":
    for kind, make, edges in (("pareto_nbd", Pareto, EDGES), ("nbd", Nbd, NBD_EDGES)):
        if len(sys.argv) > 1 and sys.argv[1] != kind:
            continue
        out = Table(kind + ".csv")
        for numbers, letters in edges:
            write_model(out, kind, make(numbers), numbers, [HISTORIES[letter] for letter in letters])
        out.close()
