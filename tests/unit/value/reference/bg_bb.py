#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""References of BG/BB; see common.py. Times are whole opportunities.

Defining model (Fader, Hardie, Shang 2010): a customer leaves before each opportunity with
theta ~ Beta(gamma, delta) and else uses it with p ~ Beta(alpha, beta). P(alive) is that
after the last closed opportunity. First way: the paper's sums of beta functions, for what
is discounted 2F1 and finite sums. Second way: quadrature over p and theta.
"""
from mpmath import binomial, digamma, exp, expm1, inf, log, log1p, loggamma, mp, mpf

from common import Table, beta_integral, beta_rule, exact, gauss_from_one

TIMES = ("1", "39", "520", "5200")
COUNTS = 4


def ratio(a, b, x, y):
    """B(a + x, b + y) / B(a, b)."""
    return exp(loggamma(a + x) - loggamma(a) + loggamma(b + y) - loggamma(b) +
               loggamma(a + b) - loggamma(a + b + x + y))


class State:
    """Alive with posterior Beta(alpha, beta) for buying, Beta(gamma, delta) for leaving."""

    def __init__(self, alpha, b, gamma, delta):
        self.alpha, self.beta, self.gamma, self.delta = alpha, b, gamma, delta
        self.buys, self.leaves = beta_rule(alpha, b), {}

    def leave_rule(self, h):
        if h not in self.leaves:
            self.leaves[h] = beta_rule(self.gamma, self.delta, [-log1p(h)], 50)
        return self.leaves[h]

    def mean(self):
        return [self.alpha / (self.alpha + self.beta), sum(w * p for p, _, _, w in self.buys)]

    def ahead(self, h):
        return [ratio(self.delta, self.gamma, h, 0),
                sum(w * exp(h * lq) for _, _, lq, w in self.leave_rule(h))]

    def purchases(self, h):
        g, d = self.gamma, self.delta
        with mp.workdps(90):
            if g == 1:
                closed = d * (digamma(d + h + 1) - digamma(d + 1))
            else:
                closed = d / (g - 1) * (1 - exp(loggamma(g + d) - loggamma(g + d + h) +
                                                loggamma(1 + d + h) - loggamma(1 + d)))
        second = sum(w * exp(lq) * -expm1(h * lq) / p for p, _, lq, w in self.leave_rule(h))
        means = self.mean()
        return [means[0] * closed, means[1] * second]

    def discounted(self, h, rate):
        g, d, keep = self.gamma, self.delta, exp(-rate)
        if h == inf:
            closed = keep * d / (g + d) * gauss_from_one(d + 1, g + d + 1, keep)
            rule = beta_rule(g, d, [log(rate)], 50)
        else:
            closed, term = mpf(0), mpf(1)
            for i in range(int(h)):
                term *= (d + i) / (g + d + i) * keep
                closed += term
            rule = self.leave_rule(h)

        def area(p, log_q):
            step = log_q - rate
            return exp(step) * (1 if h == inf else -expm1(h * step)) / -expm1(step)

        second = sum(w * area(p, lq) for p, _, lq, w in rule)
        means = self.mean()
        return [means[0] * closed, means[1] * second]

    def counts(self, h):
        """[P(n purchases among the next h)], n = 0 .. 3."""
        a, b, g, d = self.alpha, self.beta, self.gamma, self.delta
        buy = [(p, exp(lq), w) for p, _, lq, w in self.buys]
        theta = [(p, exp(lq), w) for p, _, lq, w in self.leave_rule(h)]
        result = []
        for n in range(COUNTS):
            if n > h:
                result.append([mpf(0), mpf(0)])
                continue
            closed = binomial(h, n) * ratio(a, b, n, h - n) * ratio(d, g, h, 0)
            closed += sum(binomial(i, n) * ratio(a, b, n, i - n) * ratio(g, d, 1, i)
                          for i in range(n, h))
            second = binomial(h, n) * sum(w * p ** n * q ** (h - n) for p, q, w in buy) * \
                sum(w * q ** h for _, q, w in theta)
            for i in range(n, h):
                second += binomial(i, n) * sum(w * p ** n * q ** (i - n) for p, q, w in buy) * \
                    sum(w * p * q ** i for p, q, w in theta)
            result.append([closed, second])
        return result


def likelihood(values, x, last, n):
    """[(log L, P(alive))] both ways."""
    a, b, g, d = values
    alive = ratio(a, b, x, n - x) * ratio(d, g, n, 0)
    left = sum(ratio(a, b, x, last - x + i) * ratio(g, d, 1, last + i) for i in range(n - last))
    first = (log(alive + left), alive / (alive + left))
    # Means of (1-p)^(t_x-x+i) and theta (1-theta)^(t_x+i), each the last times 1-p.
    norm = ratio(a, b, x, 0)
    buys = beta_rule(a + x, b + last - x)
    leaves = beta_rule(g + 1, d + last, [-log1p(mpf(n - last + 1))], 50)
    norm_left = norm * ratio(a + x, b, 0, last - x) * ratio(g, d, 1, last)
    buy, leave = [w for *_, w in buys], [w for *_, w in leaves]
    buy_step, leave_step = [exp(lq) for _, _, lq, _ in buys], [exp(lq) for _, _, lq, _ in leaves]
    left = mpf(0)
    for _ in range(n - last):
        left += norm_left * sum(buy) * sum(leave)
        buy = [v * s for v, s in zip(buy, buy_step)]
        leave = [v * s for v, s in zip(leave, leave_step)]
    alive = beta_integral(a + x, b + n - x) / beta_integral(a, b)
    alive *= beta_integral(g, d + n) / beta_integral(g, d)
    norm = 1
    return [first, (log(norm * (alive + left)), alive / (alive + left))]


def write_set(table, texts, histories):
    values = [exact(t) for t in texts]
    start = State(*values)
    key = ("bg_bb", 1, texts, ["", "", "", ""])
    for t in TIMES:
        table.add(*key, "from_start", t, "", *start.purchases(int(t)))
    for n, pair in enumerate(start.counts(39)):
        table.add(*key, "start_count", "39 %d" % n, "", *pair, mpf(10) ** -38)
    for history in histories:
        x, last, n = [int(v) for v in history]
        key = ("bg_bb", 1, texts, list(history) + ["0"])
        first, second = likelihood(values, x, last, n)
        table.add(*key, "log_likelihood", "", "", first[0], second[0], mpf(10) ** -30)
        table.add(*key, "p_alive", "", "", first[1], second[1])
        alive = first[1]
        state = State(values[0] + x, values[1] + n - x, values[2], values[3] + n)
        for t in TIMES:
            table.add(*key, "purchases", t, "", *[alive * v for v in state.purchases(int(t))])
            table.add(*key, "alive_ahead", t, "", *[alive * v for v in state.ahead(int(t))])
        for h in ("52", "inf"):
            table.add(*key, "discounted", h, "0.002",
                      *[alive * v for v in state.discounted(mpf(h), exact("0.002"))])
        for count, pair in enumerate(state.counts(39)):
            table.add(*key, "alive_and_count", "39 %d" % count, "", *[alive * v for v in pair], mpf(10) ** -38)


HISTORIES = {
    "a": ("0", "0", "6"), "b": ("2", "4", "6"), "c": ("6", "6", "6"), "d": ("1", "1", "100"),
    "e": ("300", "320", "330"), "f": ("2000", "2000", "2000"), "g": ("0", "0", "0"),
    "h": ("30", "90", "390"), "i": ("0", "0", "1"),
}
EDGES = [
    (("1.203522", "0.749716", "0.656718", "2.783442"), "abcdefghi"),
    (("0.5", "2", "1", "2"), "abef"),             # gamma = 1
    (("0.3", "0.7", "0.4", "0.6"), "acdh"),       # Sums of 1.
    (("1", "1", "1", "1"), "abcg"),
    (("1e6", "2e6", "0.8", "3"), "bceh"),         # One p for all.
    (("0.6", "0.9", "1e6", "1e7"), "bcdi"),       # One theta for all.
    (("0.01", "0.05", "0.02", "0.03"), "abce"),   # Tiny.
    (("0.8", "1e5", "0.3", "1e5"), "aib"),
    (("12", "0.9", "4", "30"), "bce"),
]

if __name__ == "__main__":
    out = Table("bg_bb.csv")
    for numbers, letters in EDGES:
        write_set(out, numbers, [HISTORIES[letter] for letter in letters])
    out.close()
