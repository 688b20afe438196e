"""Writes the expected values of the statistics beside this file, by scipy and numpy, independently of the library.

Run it with scipy 1.17 and numpy at hand: `python expected.py`. Every file has a first line that names its columns;
`level` is 95 or 99.8 (per cent, two-sided). What the columns hold is said above the function that writes them.
"""

import csv
import math
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.optimize import brentq

HERE = Path(__file__).parent
LEVELS = {"95": 0.95, "99.8": 0.998}


def write(name, columns, rows):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([repr(float(x)) if isinstance(x, float) else x for x in row])


def wilson():
    """Wilson (1927): the proportions that a score test does not reject, found by solving for them."""
    for x, n in [(0, 1), (1, 1), (0, 20), (20, 20), (1, 29), (15, 148), (81, 263), (3, 7), (500, 1000),
                 (1, 290_000), (289_999, 290_000), (1_234_567, 10_000_000)]:
        p = x / n
        for name, level in LEVELS.items():
            z = stats.norm.ppf((1 + level) / 2)

            def score(q):
                return (p - q) ** 2 - z * z * q * (1 - q) / n

            # Half the limit at no success keeps the bracket off the other root, which is the proportion itself.
            off = z * z / (n + z * z) / 2 if x in (0, n) else 0.0
            lower = 0.0 if x == 0 else brentq(score, 0.0, p - off, xtol=1e-16, rtol=1e-14)
            upper = 1.0 if x == n else brentq(score, p + off, 1.0, xtol=1e-16, rtol=1e-14)
            yield x, n, name, p, float(lower), float(upper)


def counts():
    """Garwood (1936) by chi-square quantiles, and Byar's approximation as Breslow and Day (1987, p. 69) print it."""
    for o in [0, 1, 2, 5, 9, 10, 11, 50, 100, 1_000, 20_000, 99_999, 100_000, 100_001, 3_000_000]:
        for name, level in LEVELS.items():
            a = (1 - level) / 2
            z = stats.norm.ppf(1 - a)
            exact_lower = 0.0 if o == 0 else stats.chi2.ppf(a, 2 * o) / 2
            exact_upper = stats.chi2.isf(a, 2 * o + 2) / 2
            root = 0.0 if o == 0 else max(0.0, 1 - 1 / (9 * o) - z / (3 * math.sqrt(o)))
            byar_lower = o * root ** 3
            byar_upper = (o + 1) * (1 - 1 / (9 * (o + 1)) + z / (3 * math.sqrt(o + 1))) ** 3
            yield o, name, float(exact_lower), float(exact_upper), float(byar_lower), float(byar_upper)


# Fleiss (1981): cases of Down's syndrome and births in Michigan 1950-1964 by the mother's age (six bands), for birth
# orders 1 to 4, 5 and over, and the births of all orders as the standard; Fay and Feuer (1997) use the same table.
BIRTHS = [
    [230061, 329449, 114920, 39487, 14208, 3052],
    [72202, 326701, 208667, 83228, 28466, 5375],
    [15050, 175702, 207081, 117300, 45026, 8660],
    [2293, 68800, 132424, 98301, 46075, 9834],
    [327, 30666, 123419, 149919, 104088, 34392],
]
ALL_BIRTHS = [319933, 931318, 786511, 488235, 237863, 61313]
CASES = [
    [107, 141, 60, 40, 39, 25],
    [25, 150, 110, 84, 82, 39],
    [3, 71, 114, 103, 108, 75],
    [1, 26, 64, 89, 137, 96],
    [0, 8, 63, 112, 262, 295],
]


def strata():
    for order, (cases, births) in enumerate(zip(CASES, BIRTHS), 1):
        yield f"birth-order-{order}", cases, births, ALL_BIRTHS
    yield "none", [0, 0, 0], [1200, 3400, 560], [30, 50, 20]
    yield "one", [0, 1, 0], [1200, 3400, 560], [30, 50, 20]
    yield "equal-weights", [4, 3, 2], [1000, 1000, 1000], [1, 1, 1]
    yield "large", [40_000, 90_000, 300_000], [2_000_000, 6_000_000, 2_400_000], [21_000, 60_000, 19_000]


def standardised():
    """Fay and Feuer (1997), formulas 3 and 4 with the chi-square quantiles of scipy."""
    for name, x, n, w in strata():
        x, n, w = (np.array(v, dtype=float) for v in (x, n, w))
        k = w / w.sum() / n
        y, v, km = (k * x).sum(), (k * k * x).sum(), k.max()
        for level_name, level in LEVELS.items():
            a = (1 - level) / 2
            lower = 0.0 if y == 0 else v / (2 * y) * stats.chi2.ppf(a, 2 * y * y / v)
            uv, uy = v + km * km, y + km
            upper = uv / (2 * uy) * stats.chi2.isf(a, 2 * uy * uy / uv)
            cells = ";".join(f"{int(a)}/{int(b)}/{int(c)}" for a, b, c in zip(x, n, w))
            yield name, cells, level_name, float(y), float(lower), float(upper)


def ratios():
    """The exact conditional interval: Clopper and Pearson's for the first count given the sum of both."""
    for a, ta, b, tb in [(0, 1000.0, 4, 1000.0), (1, 500.0, 1, 2500.0), (41, 28010.0, 15, 19017.0),
                         (7, 310.5, 1200, 91000.25), (3, 800.0, 250_000, 9_800_000.0), (90_000, 1e6, 80_000, 1e6)]:
        for name, level in LEVELS.items():
            alpha = (1 - level) / 2
            low = 0.0 if a == 0 else stats.beta.ppf(alpha, a, b + 1)
            high = stats.beta.isf(alpha, a + 1, b)
            scale = tb / ta
            yield (a, ta, b, tb, name, float(a / b * scale), float(low / (1 - low) * scale),
                   float(high / (1 - high) * scale))


def ratios_of_estimates():
    """Donner and Zou (2012): the roots of the quadratic in the ratio, by numpy; the intervals are stated."""
    for a, al, au, b, bl, bu in [(92.3, 80.4, 105.8, 91.2, 82.4, 100.9), (75.5, 67.7, 188.3, 85.1, 77.2, 94.2),
                                 (0.0, 0.0, 3.7, 10.0, 4.8, 18.4), (1.0, 0.03, 5.6, 1.0, 0.03, 5.6),
                                 (2.0, 1.0, 4.0, 2.0, 1.0, 4.0), (0.05, 0.04, 0.07, 0.5, 0.3, 1.2)]:
        lower = 0.0 if al == 0 else min(
            r for r in np.roots([bu * (2 * b - bu), -2 * a * b, al * (2 * a - al)]).real if r > 0)
        upper = max(np.roots([bl * (2 * b - bl), -2 * a * b, au * (2 * a - au)]).real)
        yield a, al, au, b, bl, bu, a / b, float(lower), float(upper)


def clustered():
    """The ratio estimator with its linearised variance (Cochran 1977, 6.3), by residuals; Wilson with the effective
    size for proportions, the logarithmic interval for rates, both with Student's t for clusters less one."""
    draw = np.random.default_rng(20261122)
    sets = {
        "two": ([1, 4], [10, 12]),
        "wards": ([2, 0, 5, 1, 0, 7], [30, 28, 31, 10, 12, 24]),
        "persons": ([int(v) for v in draw.binomial(4, draw.beta(0.5, 3.0, 300))], [4] * 300),
        "none": ([0, 0, 0, 0], [5, 9, 2, 4]),
        "full": ([5, 9, 2], [5, 9, 2]),
    }
    sizes = draw.integers(1, 40, 60)
    sets["uneven"] = ([int(v) for v in draw.binomial(sizes, draw.beta(2, 6, 60))], [int(v) for v in sizes])
    for name, (y, x) in sets.items():
        y, x = np.array(y, dtype=float), np.array(x, dtype=float)
        m, total, ratio = len(y), x.sum(), y.sum() / x.sum()
        v = m / (m - 1) * ((y - ratio * x) ** 2).sum() / total ** 2
        cells = ";".join(f"{int(a)}/{int(b)}" for a, b in zip(y, x))
        for level_name, level in LEVELS.items():
            t = stats.t.isf((1 - level) / 2, m - 1)
            if 0 < ratio < 1:
                effect = v / (ratio * (1 - ratio) / total)
                n = total / max(1.0, effect)
                se = math.sqrt(v) / ratio
                log = (ratio * math.exp(-t * se), ratio * math.exp(t * se))
            else:
                n, log = float(m), ("", "")
            centre = (ratio + t * t / (2 * n)) / (1 + t * t / n)
            half = t / (1 + t * t / n) * math.sqrt(ratio * (1 - ratio) / n + t * t / (4 * n * n))
            yield (name, cells, level_name, float(ratio), float(max(0.0, centre - half)),
                   float(min(1.0, centre + half)), *log)


def funnels():
    """Spiegelhalter (2005), appendix A.1: exact limits, interpolated between the counts on either side."""

    def limit(distribution, p):
        r = int(distribution.ppf(p))
        below = distribution.cdf(r - 1)
        here = distribution.cdf(r)
        return r - (here - p) / (here - below)

    for kind, target, size in [("proportion", 0.2, 10), ("proportion", 0.03, 250), ("proportion", 0.85, 4_000),
                               ("proportion", 0.5, 1), ("proportion", 0.4, 900_000), ("rate", 0.002, 700),
                               ("rate", 0.002, 12_000), ("rate", 1.7, 40.0), ("rate", 0.01, 2_500_000)]:
        for name, level in LEVELS.items():
            a = (1 - level) / 2
            of = stats.binom(size, target) if kind == "proportion" else stats.poisson(size * target)
            most = 1.0 if kind == "proportion" else math.inf
            low, high = (limit(of, p) / size for p in (a, 1 - a))
            yield kind, target, size, name, float(min(max(low, 0.0), most)), float(min(max(high, 0.0), most))


write("wilson.csv", ["successes", "trials", "level", "value", "lower", "upper"], wilson())
write("counts.csv", ["events", "level", "exact_lower", "exact_upper", "byar_lower", "byar_upper"], counts())
write("standardised.csv", ["case", "strata", "level", "value", "lower", "upper"], standardised())
write("ratios.csv", ["a", "exposure_a", "b", "exposure_b", "level", "value", "lower", "upper"], ratios())
write("ratios_of_estimates.csv",
      ["a", "a_lower", "a_upper", "b", "b_lower", "b_upper", "value", "lower", "upper"], ratios_of_estimates())
write("clustered.csv", ["case", "clusters", "level", "value", "wilson_lower", "wilson_upper", "log_lower", "log_upper"],
      clustered())
write("funnels.csv", ["kind", "target", "size", "level", "lower", "upper"], funnels())
