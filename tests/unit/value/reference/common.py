# SPDX-License-Identifier: Apache-2.0
"""Quadrature rules, the table of references and the check that two ways agree.

Each quantity is computed twice, by the papers' closed form (mpmath's special functions)
and by a quadrature over the defining heterogeneity; Table refuses what does not agree to 20
digits. Inputs are the doubles that the text reads as, so that a program that reads the
table computes with the same numbers.
"""
import sys

from mpmath import asinh, exp, hyp2f1, inf, log, log1p, loggamma, mp, mpf, nstr, sqrt

mp.dps = 50
DIGITS = mpf(10) ** -20
POINTS = 26


def exact(text):
    """The double nearest to the text, exactly."""
    return mpf(float(text))


def legendre(points=POINTS, cache={}):
    """Nodes and weights on [-1, 1] by Newton's method."""
    if points not in cache:
        rule = []
        for i in range(points):
            x = mp.cos(mp.pi * (i + mpf(3) / 4) / (points + mpf(1) / 2))
            for _ in range(8):
                p, q = mpf(1), mpf(0)
                for j in range(points):
                    p, q = ((2 * j + 1) * x * p - j * q) / (j + 1), p
                slope = points * (x * p - q) / (x * x - 1)
                x -= p / slope
            rule.append((x, 2 / ((1 - x * x) * slope * slope)))
        cache[points] = rule
    return cache[points]


def panels(low, high, centres, widest):
    """Cuts of [low, high]. `centres` are (place, width there); away from them panels are
    half as wide as the way to the nearest, and never wider than widest(from, to)."""
    centres = sorted(c for c in centres if low <= c[0] <= high)
    cuts, at = [low], low
    for stop in [c[0] for c in centres] + [high]:
        while at < stop:
            width = min(max(w, (at - c) / 2 if c <= at else (c - at) / 3) for c, w in centres)
            width = min(width, widest(at, at + width))
            at = stop if stop - at <= width * mpf("1.3") else at + width
            cuts.append(at)
    return cuts


def composite(cuts, points=POINTS):
    """Gauss-Legendre on every panel: [(node, weight)]."""
    rule = []
    for a, b in zip(cuts, cuts[1:]):
        half, middle = (b - a) / 2, (a + b) / 2
        rule += [(middle + half * x, half * w) for x, w in legendre(points)]
    return rule


def fall(log_density, mode, sigma, depth, side):
    """Where log_density has fallen by `depth` on one side of a point, or farther."""
    near, step = mode, sigma
    while log_density(mode + side * step) > log_density(mode) - depth:
        near, step = mode + side * step, 2 * step
    far = mode + side * step
    for _ in range(6):
        middle = (near + far) / 2
        if log_density(middle) > log_density(mode) - depth:
            near = middle
        else:
            far = middle
    return far


def density_rule(log_density, slope, mode, sigma, knees=(), drop=0):
    """[(v, weight)] for integrals of e^log_density f over v: to 1e-45 of the peak. f may
    rise towards the left, until the leftmost of `knees` and by up to e^drop."""
    low = fall(log_density, mode, sigma, 110 + drop, -1)
    if knees and min(knees) < mode:
        low = max(low, fall(log_density, min(knees), sigma, 110, -1))
    low = min(low, fall(log_density, mode, sigma, 110, -1))
    high = fall(log_density, mode, sigma, 160, 1)
    centres = [(mode, min(mpf(1), sigma)), (mpf(0), mpf(1))] + [(k, mpf(1)) for k in knees]

    def widest(v, w):
        return max(24 / max(abs(slope(v)), mpf(10) ** -9), min(mpf(1), sigma) / 4)

    return [(v, w * exp(log_density(v))) for v, w in composite(panels(low, high, centres, widest))]


def beta_integral(a, b):
    """B(a, b) by quadrature."""
    rule = density_rule(lambda v: -a * log1p(exp(-v)) - b * log1p(exp(v)),
                        lambda v: a / (1 + exp(v)) - b / (1 + exp(-v)), log(a / b),
                        sqrt(1 / a + 1 / b))
    return sum(w for _, w in rule)


def gamma_integral(shape, rate):
    """The integral of y^(shape-1) e^(-rate y) by quadrature."""
    rule = density_rule(lambda v: shape * v - rate * exp(v), lambda v: shape - rate * exp(v),
                        log(shape / rate), 1 / sqrt(shape))
    return sum(w for _, w in rule)


def beta_rule(a, b, knees=(), drop=0):
    """[(p, log p, log(1-p), weight)] for expectations over p ~ Beta(a, b).

    Runs over v = log(p / (1-p)). `knees` are the v where the integrand turns, e^drop how
    much larger it is at p = 0 than at p = 1.
    """
    log_norm = loggamma(a) + loggamma(b) - loggamma(a + b)

    def log_density(v):
        return -a * log1p(exp(-v)) - b * log1p(exp(v)) - log_norm

    def slope(v):
        return a / (1 + exp(v)) - b / (1 + exp(-v))

    rule = density_rule(log_density, slope, log(a / b), sqrt(1 / a + 1 / b), knees, drop)
    return [(1 / (1 + exp(-v)), -log1p(exp(-v)), -log1p(exp(v)), w) for v, w in rule]


def gamma_rule(shape, rate, knees=(), drop=0):
    """[(rate, weight)] for expectations over Gamma(shape, rate); v = log(its scaled value)."""
    log_norm = loggamma(shape)

    def log_density(v):
        return shape * v - exp(v) - log_norm

    knees = [k + log(rate) for k in knees]
    rule = density_rule(log_density, lambda v: shape - exp(v), log(shape), 1 / sqrt(shape), knees, drop)
    return [(exp(v) / rate, w) for v, w in rule]


def time_rule(scale, end, points=28):
    """Nodes on (0, end) for functions that turn near `scale`; v = asinh(t / scale)."""
    top = asinh(end / scale)
    n = int(top) + 1
    rule = composite([top * j / n for j in range(n + 1)], points)
    return [(scale * mp.sinh(v), w * scale * mp.cosh(v)) for v, w in rule]


def gauss_from_one(b, c, z):
    """2F1(1, b; c; z), by its series where the general program gives up."""
    if c < 10 ** 5:
        return hyp2f1(1, b, c, z)
    total, term, i = mpf(0), mpf(1), 0
    while term > mpf(10) ** -45:
        total += term
        term *= (b + i) / (c + i) * z
        i += 1
    return total


class Table:
    """One line per quantity: see HEAD."""

    HEAD = "model,k,parameters,x,t_x,T,log_gaps,quantity,argument,rate,value\n"

    def __init__(self, path):
        self.disagreements = 0
        self.file = open(path, "w", encoding="ascii")
        self.file.write(self.HEAD)

    def add(self, model, k, values, history, quantity, argument, rate, first, second, floor=0):
        """Writes what both ways agree on, else complains; `floor` is an absolute tolerance."""
        line = ",".join([model, str(k), " ".join(values)] + list(history) +
                        [quantity, argument, rate])
        if not abs(first - second) <= DIGITS * max(abs(first), abs(second)) + floor:
            self.disagreements += 1
            print("%s\n  %s\n  %s" % (line, nstr(first, 30), nstr(second, 30)), flush=True)
            return
        self.file.write(line + "," + nstr(mpf(first), 20, strip_zeros=True) + "\n")
        self.file.flush()

    def close(self):
        self.file.close()
        if self.disagreements:
            sys.exit("%d quantities do not agree" % self.disagreements)
