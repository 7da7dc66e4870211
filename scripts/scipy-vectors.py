"""Writes tests/fixtures/scipy-permutation.json: one-sided p values of the paired sign-flip test by scipy.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1
    /tmp/venv/bin/python scripts/scipy-vectors.py

scipy counts a flip as tied when it is within a relative tolerance of the observed statistic. Differences are
therefore multiples of 1/64 (exact sums, real ties) or six random decimals (no near ties).
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import permutation_test

rng = np.random.default_rng(20261123)


def p_value(sums, alternative):
    """The unit that flips is one sum: a single test's difference, or all differences of a cluster."""
    result = permutation_test(
        (np.array(sums, dtype=float),),
        lambda sample, axis: np.sum(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        batch=4096,
        alternative=alternative,
    )
    return float(result.pvalue)


def vector(what, differences, clusters=None):
    keys = range(len(differences)) if clusters is None else clusters
    sums = {}
    for key, difference in zip(keys, differences):
        sums[key] = sums.get(key, 0) + difference
    sums = list(sums.values())
    out = {"what": what, "differences": differences}
    if clusters is not None:
        out["clusters"] = clusters
    return out | {"pBetter": p_value(sums, "greater"), "pWorse": p_value(sums, "less")}


def decimals(mean, n):
    return np.round(np.clip(rng.normal(mean, 0.3, n), -1, 1), 6).tolist()


def quarters(low, high, n):
    return (rng.integers(low, high + 1, n) / 4).tolist()


def personas(n, among):
    return [f"p{key}" for key in rng.integers(0, among, n)]


vectors = [
    vector("3 decimals", decimals(0.2, 3)),
    vector("3 equal", [0.5, 0.5, 0.5]),
    vector("4 quarters with a zero", [0.25, 0, -0.25, 0.75]),
    vector("5 negative", [-0.25, -0.5, -0.125, -1, -0.75]),
    vector("6 equal and negative", [-0.5] * 6),
    vector("8 ties and zeros", quarters(-2, 3, 8)),
    vector("9 decimals below zero", decimals(-0.25, 9)),
    vector("10 zeros and one gain", [0] * 9 + [1]),
    vector("11 sixty-fourths", (rng.integers(-20, 40, 11) / 64).tolist()),
    vector("12 quarters", quarters(-1, 3, 12)),
    vector("12 decimals", decimals(0.2, 12)),
    vector("14 signs", rng.choice([-1.0, 1.0], 14, p=[0.2, 0.8]).tolist()),
    vector("16 decimals", decimals(0.15, 16)),
    vector("17 halves, many zeros", (rng.integers(-1, 2, 17) / 2).tolist()),
    vector("18 decimals", decimals(0.1, 18)),
    vector("18 quarters", quarters(-3, 3, 18)),
    vector("12 quarters in 4 clusters", quarters(-2, 4, 12), personas(12, 4)),
    vector("20 decimals in 8 clusters", decimals(0.1, 20), personas(20, 8)),
    vector("30 sixty-fourths in 12 clusters", (rng.integers(-30, 40, 30) / 64).tolist(), personas(30, 12)),
]

target = Path(__file__).parent.parent / "tests" / "fixtures" / "scipy-permutation.json"
lines = ",\n".join("  " + json.dumps(one) for one in vectors)
target.write_text(f'{{"scipy": "{scipy.__version__}", "vectors": [\n{lines}\n]}}\n')
print(f"{len(vectors)} vectors written to {target}")
