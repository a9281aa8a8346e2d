#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""References of BG/NBD, MBG/NBD and (M)BG/CNBD-k; see common.py.

Defining model: rate ~ Gamma(r, alpha), chance to leave p ~ Beta(a, b). A customer's gaps
are k exponential stages of that rate; after each repeat purchase (MBG: after the first
purchase too) the customer leaves with p. First way: the formulas of Fader, Hardie, Lee
2005 and Batislam et al. 2007 (Gauss's 2F1), for k > 1 the series over purchases. Second
way: quadrature over p of what the rate integrates to, with E[q^purchases] of a k-stage
renewal as a sum over the k-th roots of unity; over the rate for counts.
"""
import sys

from mpmath import (beta, binomial, cos, exp, expm1, factorial, hyp2f1, inf, log, log1p, mp, mpc,
                    mpf, pi, rf, sin)

from common import (Table, beta_integral, beta_rule, exact, gamma_integral, gamma_rule, time_rule)

PURCHASES = ("1", "39", "520", "5200")
COUNTS = 4


class State:
    """Alive with posterior Gamma(s, A) and Beta(a, b), j stages of the gap behind."""

    def __init__(self, k, j, s, scale, a, b):
        self.k, self.j, self.s, self.scale, self.a, self.b = k, j, s, scale, a, b
        self.rules = {}

    # Second way.
    def rule(self, u):
        if u not in self.rules:
            bend = self.s * log1p(u)
            self.rules[u] = beta_rule(self.a, self.b, [-log1p(u), -log1p(self.s * u)], bend)
        return self.rules[u]

    def modes(self, log_q):
        """[(g, z)]: E[q^purchases by y | rate] = sum of g e^(-rate y z)."""
        k, j = self.k, self.j
        if k == 1:
            return [(mpf(1), -expm1(log_q))]
        theta = exp(log_q / k)
        result = []
        for c in range(k):
            omega = mpc(cos(2 * pi * c / k), sin(2 * pi * c / k)) if c else mpf(1)
            weight = sum(theta ** -l * omega ** -l for l in range(k)) / k
            z = -expm1(log_q / k) if c == 0 else 1 - theta * omega
            result.append((weight * (theta * omega) ** j, z))
        return result

    def stays(self, log_q, y):
        """P(alive in y | p), the rate integrated out."""
        if self.k == 1:
            return exp(-self.s * log1p(-expm1(log_q) * y / self.scale))
        return sum((g * exp(-self.s * mp.log(1 + z * y / self.scale))).real
                   for g, z in self.modes(log_q))

    def ahead_quadrature(self, t):
        return sum(w * self.stays(log_q, t) for _, _, log_q, w in self.rule(t / self.scale))

    def purchases_given(self, p, log_q, y):
        if self.k == 1:
            return -expm1(-self.s * log1p(p * y / self.scale)) / p
        with mp.workdps(90):
            return (1 - self.stays(mp.log1p(-p) if p < mpf(1) / 2 else log_q, y)) / p

    def purchases_quadrature(self, t):
        return sum(w * self.purchases_given(p, log_q, t)
                   for p, _, log_q, w in self.rule(t / self.scale))

    def discounted_quadrature(self, h, d):
        """By parts: e^(-d h) E(h) + d int_0^h e^(-d y) E(y) dy."""
        end = 115 / d if h == inf else h
        total = mpf(0) if h == inf else exp(-d * h) * self.purchases_quadrature(h)
        rule = self.rule(end / self.scale)
        for y, w in time_rule(min(self.scale / self.s, 1 / d), end):
            inner = sum(wp * self.purchases_given(p, log_q, y) for p, _, log_q, wp in rule)
            total += w * d * exp(-d * y) * inner
        return total

    def counts_quadrature(self, t):
        rates, chances = gamma_rule(self.s, self.scale), beta_rule(self.a, self.b)
        stages = [sum(w * exp(-l * t) * (l * t) ** m / factorial(m) for l, w in rates)
                  for m in range(COUNTS * self.k - self.j)]
        return self.counts(stages, lambda x, n: sum(w * p ** x * exp(n * lq)
                                                    for p, _, lq, w in chances))

    # First way.
    def counts_closed(self, t):
        q = t / (self.scale + t)
        stages = [rf(self.s, m) / factorial(m) * q ** m * (1 - q) ** self.s
                  for m in range(COUNTS * self.k - self.j)]
        norm = beta(self.a, self.b)
        return self.counts(stages, lambda x, n: beta(self.a + x, self.b + n) / norm)

    def counts(self, stages, moment):
        """P(n purchases), n = 0 .. 3, from P(m stages) and E[p^x (1-p)^n]."""
        k, j, before, result = self.k, self.j, mpf(0), []
        for n in range(COUNTS):
            now = sum(stages[max(0, n * k - j):n * k - j + k])
            gone = moment(1, n - 1) * (1 - before) if n else 0
            result.append(now * moment(0, n) + gone)
            before += now
        return result

    def closed(self, f):
        """f(a, b), or its limit at the formula's removable poles."""
        if self.a != 1 and self.a + self.b != 1:
            return f(self.a, self.b)
        with mp.workdps(130):
            e = mpf(10) ** -35
            return (f(self.a + e, self.b + e / 3) + f(self.a - e, self.b - e / 3)) / 2

    def ahead(self, t):
        if self.k == 1:
            return gauss(self.s, self.a, self.a + self.b, -t / self.scale)
        return self.series(t)[1]

    def purchases(self, t):
        if self.k > 1:
            return self.series(t)[0]
        u = t / (self.scale + t)

        def paper(a, b):
            tail = exp(-self.s * log1p(t / self.scale)) * gauss(self.s, b, a + b - 1, u)
            return (a + b - 1) / (a - 1) * (1 - tail)

        return self.closed(paper)

    def rate_of_purchases(self, y):
        """d E[N(y)] / dy."""
        if self.k == 1:
            return self.s / self.scale * gauss(self.s + 1, self.a, self.a + self.b, -y / self.scale)
        total = mpf(0)
        for p, _, log_q, w in self.rule(mpf(1)):
            total += w / p * sum((g * z * exp(-(self.s + 1) * mp.log(1 + z * y / self.scale))).real
                                 for g, z in self.modes(log_q))
        return total * self.s / self.scale

    def discounted(self, h, d):
        end = 115 / d if h == inf else h
        return sum(w * exp(-d * y) * self.rate_of_purchases(y)
                   for y, w in time_rule(min(self.scale / self.s, 1 / d), end))

    def forever(self, d):
        """Discounted without end, f = rate / (rate + d): over the rate and p the sum over
        purchases f^(k-j) / (1 - q f^k), and that sum with E[q^n] in closed form."""
        rates = gamma_rule(self.s, self.scale, [log(d)], self.s * log1p(1 / (d * self.scale)))
        chances = [(p, w) for p, _, _, w in self.rule(self.k / (self.scale * d))]
        first = second = mpf(0)
        for rate, w in rates:
            f = rate / (rate + d)
            step, rest = f ** self.k, -expm1(-self.k * log1p(d / rate))
            first += w * f ** (self.k - self.j) * sum(v / (rest + p * step) for p, v in chances)
            second += w * f ** (self.k - self.j) * gauss(1, self.b, self.a + self.b, step)
        return first, second

    def series(self, t):
        """(E[N], P(alive)) as sums over the stages m that may pass in t."""
        k, j, q = self.k, self.j, t / (self.scale + t)
        chance, m, total_n, total_alive, n, survive, made = (1 - q) ** self.s, 0, mpf(0), mpf(0), 0, mpf(1), mpf(0)
        while True:
            if (m + j) // k > n:
                made += survive  # E[(1-p)^(n)]: purchase n + 1 is made.
                survive *= (self.b + n) / (self.a + self.b + n)
                n += 1
            total_n += chance * made
            total_alive += chance * survive
            if m > (self.s + 1) * q / (1 - q) and chance * (made + 1) * (m + 1) < mpf(10) ** -32 * total_n:
                return total_n, total_alive
            chance *= (self.s + m) / (m + 1) * q
            m += 1


def gauss(a, b, c, z):
    return hyp2f1(a, b, c, z, maxprec=20000, maxterms=10 ** 6)


def alive_states(k, zero, values, x, recency, age):
    """([(weight of phase j, State)], weight of having left), without common factors."""
    r, alpha, a, b = values
    s, chances = r + k * x, x + zero
    states = []
    for j in range(k):
        weight = rf(s, j) / factorial(j) * (age - recency) ** j * exp(-(s + j) * log(alpha + age))
        states.append((weight, State(k, j, s + j, alpha + age, a, b + chances)))
    left = a / (b + chances - 1) * exp(-s * log(alpha + recency)) if chances else mpf(0)
    return states, left


def likelihood(k, zero, values, x, recency, age, log_gaps):
    """(log L, P(alive)) both ways: [closed, quadrature]."""
    r, alpha, a, b = values
    chances = x + zero
    states, left = alive_states(k, zero, values, x, recency, age)
    alive = sum(w for w, _ in states)
    fixed = (k - 1) * log_gaps - x * log(factorial(k - 1)) + r * log(alpha)
    closed = fixed + log(rf(r, k * x)) + log(rf(b, chances)) - log(rf(a + b, chances))
    closed += log(alive + left)
    s = r + k * x
    stay = beta_integral(a, b + chances) / beta_integral(a, b)
    leave = beta_integral(a + 1, b + chances - 1) / beta_integral(a, b) if chances else 0
    lived = stay * sum((age - recency) ** j / factorial(j) * gamma_integral(s + j, alpha + age)
                       for j in range(k) if j == 0 or age > recency)
    gone = leave * gamma_integral(s, alpha + recency) if chances else 0
    norm = gamma_integral(r, mpf(1))
    return [(closed, alive / (alive + left)),
            (fixed + log((lived + gone) / norm), lived / (lived + gone))]


def write_history(table, name, k, zero, texts, history, deep):
    values = [exact(v) for v in texts]
    x, (recency, age) = int(history[0]), [exact(t) for t in history[1:3]]
    gaps = "%.17g" % float(x * log(recency / x)) if k > 1 and x > 0 else "0"
    first, second = likelihood(k, zero, values, x, recency, age, exact(gaps))
    key = (name, k, texts, list(history) + [gaps])
    table.add(*key, "log_likelihood", "", "", first[0], second[0], mpf(10) ** -30)
    table.add(*key, "p_alive", "", "", first[1], second[1])
    states, left = alive_states(k, zero, values, x, recency, age)
    total = sum(w for w, _ in states) + left
    states = [(w / total, state) for w, state in states if w > 0]

    def both(quantity, argument, rate, f, g):
        table.add(*key, quantity, argument, rate, sum(w * f(state) for w, state in states),
                  sum(w * g(state) for w, state in states))

    for t in PURCHASES:
        if k > 1 and mpf(t) / (values[1] + age) > 900:
            continue  # The series would take hours.
        both("purchases", t, "", lambda c: c.purchases(mpf(t)), lambda c: c.purchases_quadrature(mpf(t)))
        both("alive_ahead", t, "", lambda c: c.ahead(mpf(t)), lambda c: c.ahead_quadrature(mpf(t)))
    write_counts(table, key, [(w, s) for w, s in states], mpf(0))
    if deep and k > 1:
        pairs = [(w, state.forever(exact("0.002"))) for w, state in states]
        table.add(*key, "discounted", "inf", "0.002", *[sum(w * p[i] for w, p in pairs) for i in (0, 1)])
    elif deep:
        for h in ("52", "inf") if values[2] < 1e5 else ("52",):  # 2F1 does not end.
            both("discounted", h, "0.002", lambda c: c.discounted(mpf(h), exact("0.002")),
                 lambda c: c.discounted_quadrature(mpf(h), exact("0.002")))


def write_counts(table, key, states, left, quantity="alive_and_count"):
    with mp.workdps(90):
        first = [(w, s.counts_closed(mpf(39))) for w, s in states]
        second = [(w, s.counts_quadrature(mpf(39))) for w, s in states]
        for n in range(COUNTS):
            extra = left if n == 0 else 0
            table.add(*key, quantity, "39 %d" % n, "", extra + sum(w * c[n] for w, c in first),
                      extra + sum(w * c[n] for w, c in second), mpf(10) ** -38)


def write_start(table, name, k, zero, texts):
    r, alpha, a, b = [exact(v) for v in texts]
    state = State(k, 0, r, alpha, a, b + zero)
    stays = b / (a + b) if zero else mpf(1)
    key = (name, k, texts, ["", "", "", ""])
    for t in PURCHASES:
        if k == 1 or mpf(t) / alpha < 900:
            table.add(*key, "from_start", t, "", stays * state.purchases(mpf(t)),
                      stays * state.purchases_quadrature(mpf(t)))
    write_counts(table, key, [(stays, state)], 1 - stays, "start_count")


CDNOW = {0: ("0.2425945", "4.413602", "0.792922", "2.425907"),
         1: ("0.524843", "6.183085", "0.891359", "1.614002")}
# Histories x, t_x, T by letter.
HISTORIES = {
    "a": ("0", "0", "38.86"), "b": ("2", "30.43", "38.86"), "c": ("1", "0.14", "39"),
    "d": ("30", "38.9", "38.9"), "e": ("300", "250", "260"), "f": ("2000", "1900", "1900"),
    "g": ("2000", "5000", "5100"), "h": ("0", "0", "0.001"), "i": ("1", "0.0005", "0.001"),
    "j": ("2", "0.5", "400"),
}
# Values, histories, those with discounted purchases.
EDGES = [
    (None, "abcdefghij", "abe"),
    (("0.5", "5", "1", "2"), "abdfj", "bf"),          # a = 1
    (("0.7", "3", "0.3", "0.7"), "abegh", "a"),       # a + b = 1
    (("1", "1", "1", "1"), "abdf", ""),
    (("2", "1e6", "0.8", "2"), "abdg", "b"),          # Huge alpha.
    (("0.01", "0.05", "0.02", "0.03"), "abei", "b"),  # Tiny.
    (("0.5", "10", "1e6", "2e6"), "abdj", "b"),       # Huge a and b.
    (("0.3", "8", "0.05", "50"), "abgj", "a"),
    (("1000", "500", "0.9", "1.1"), "abei", ""),
    (("4", "20", "12", "0.9"), "abdf", ""),
]
REGULAR = [(None, "abcdej", "b"), (("0.5", "5", "1", "2"), "abd", ""), (("0.7", "3", "0.3", "0.7"), "abe", ""),
           (("2", "1e6", "0.8", "2"), "abf", ""), (("4", "20", "12", "0.9"), "abd", "")]


def write(table, name, zero, ks, edges):
    for k in ks:
        for texts, letters, deep in edges:
            texts = texts or CDNOW[zero]
            write_start(table, name, k, zero, texts)
            for letter in letters:
                write_history(table, name, k, zero, texts, HISTORIES[letter], letter in deep)
    table.close()


if __name__ == "__main__":
    for model, model_zero in (("bg", 0), ("mbg", 1)):
        if len(sys.argv) < 2 or sys.argv[1] == model + "_nbd":
            write(Table(model + "_nbd.csv"), model + "_nbd", model_zero, [1], EDGES)
        if len(sys.argv) < 2 or sys.argv[1] == model + "_cnbd_k":
            write(Table(model + "_cnbd_k.csv"), model + "_cnbd_k", model_zero, [2, 3], REGULAR)
