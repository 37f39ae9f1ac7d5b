"""How often the intervals hold what is true: studies drawn again and again from known truth.

Run as ``python -m benchmarks.coverage``; 1,000 studies of 150 lesions take some minutes. Each
study draws lesions with one to three images that share their difficulty, and scores them as the
chapters do; the truth is the mean of nine draws of 90,000 lesions, and off by no more than a
seventieth of what chance does to a study. An interval of 95 % should hold it in 93 to 97 % of
studies.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.core import CLASSES
from helpers.evaluation import (
    SCORES,
    BootstrapOptions,
    accuracy,
    average_precision,
    compare,
    kept_at,
    risk_area,
    roc_auc,
    scores,
)
from helpers.screening import calibration_scores, net_benefit, screening_scores
from helpers.statistics import Estimate, difference_of_independent

LESIONS = (14, 16, 24, 12, 20, 50, 14)
"""Lesions of each class in a study: 150, with 300 images on average."""
TRUTH_TIMES, TRUTH_DRAWS = 600, 9
BETWEEN = (0.93, 0.97)
THRESHOLD = 0.4
GAP = "gap of two subgroups"

Table = pd.DataFrame
Found = dict[str, Estimate]


def draw_study(seed: int, times: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of two models on the same images, the second with more noise."""
    rng = np.random.default_rng([seed, times])
    lesion_class = np.repeat(np.arange(7), [times * n for n in LESIONS])
    lesion = np.repeat(np.arange(len(lesion_class)), rng.integers(1, 4, len(lesion_class)))
    y_true = lesion_class[lesion]
    shared = rng.normal(size=(len(lesion_class), 7))[lesion] + 2 * np.eye(7)[y_true]
    tables = []
    for noise in (0.5, 0.9):
        logits = shared + noise * rng.normal(size=shared.shape)
        y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        table = pd.DataFrame(y_prob, columns=[f"p_{dx}" for dx in CLASSES])
        table["image_id"], table["lesion_id"] = np.arange(len(lesion)).astype(str), lesion
        table["dx"], table["y_true"] = np.array(CLASSES)[y_true], y_true
        tables.append(table)
    return tables[0], tables[1]


def _diagnoses(first: Table, _: Table, options: BootstrapOptions) -> Found:
    found = scores(first, list(SCORES), **options)
    found["AUC of melanoma"] = roc_auc(first, "mel", **options)
    found["average precision of melanoma"] = average_precision(first, "mel", **options)
    return found


def _selective(first: Table, _: Table, options: BootstrapOptions) -> Found:
    kept = kept_at(first, [0.8])["risk"].iloc[0]
    return {"area under risk": risk_area(first, **options), "risk at a coverage of 0.8": kept}


def _paired(first: Table, second: Table, options: BootstrapOptions) -> Found:
    names = ("accuracy", "balanced_accuracy", "malignant_auc")
    return {f"paired difference of {n}": compare(first, second, n, **options) for n in names}


def _subgroups(first: Table, _: Table, options: BootstrapOptions) -> Found:
    half = first["lesion_id"] % 2 == 0
    halves = [accuracy(first[part].reset_index(drop=True), **options) for part in (half, ~half)]
    return {GAP: difference_of_independent(*halves)}


def _screening(first: Table, _: Table, options: BootstrapOptions) -> Found:
    found = screening_scores(first, THRESHOLD, **options) | calibration_scores(first, **options)
    return {f"screening {name}": estimate for name, estimate in found.items()}


def _benefit(first: Table, _: Table, options: BootstrapOptions) -> Found:
    found = {}
    for row in net_benefit(first, [0.1, 0.3], **options).to_dict("records"):
        found[f"net benefit at {row['threshold']}"] = row["model"]
        found[f"gain in net benefit at {row['threshold']}"] = row["gain"]
    return found


MEASURES: dict[str, Callable[[Table, Table, BootstrapOptions], Found]] = {
    "diagnoses": _diagnoses,
    "selective": _selective,
    "paired": _paired,
    "subgroups": _subgroups,
    "screening": _screening,
    "benefit": _benefit,
}
"""Every kind of interval that the book gives, by subject."""


def measure_study(
    seed: int, times: int, n_resamples: int, subjects: Sequence[str] = tuple(MEASURES)
) -> Found:
    """Draw a study and give its intervals of some subjects."""
    first, second = draw_study(seed, times)
    options: BootstrapOptions = {"n_resamples": n_resamples, "random_state": seed}
    found: Found = {}
    for subject in subjects:
        found |= MEASURES[subject](first, second, options)
    return found


def true_values(
    subjects: Sequence[str] = tuple(MEASURES), times: int = TRUTH_TIMES, draws: int = TRUTH_DRAWS
) -> dict[str, float]:
    """The same of so many lesions that chance is gone, the mean of several draws."""
    drawn = [measure_study(10**6 + number, times, 2, subjects) for number in range(draws)]
    truth = {name: float(np.mean([found[name].value for found in drawn])) for name in drawn[0]}
    return truth | ({GAP: 0.0} if GAP in truth else {})


def coverage(
    n_studies: int,
    n_resamples: int,
    truth: Mapping[str, float],
    subjects: Sequence[str] = tuple(MEASURES),
    times: int = 1,
) -> pd.DataFrame:
    """How often each interval holds its truth.

    Parameters
    ----------
    n_studies, n_resamples : int
        Of the simulation, and of each study's bootstrap.
    truth : mapping of str to float
        As of `true_values`.
    subjects : sequence of str
        Keys of `MEASURES`.
    times : int, default=1
        Each study has so many times `LESIONS`.

    Returns
    -------
    DataFrame
        Indexed by the statistic: ``truth``, the share of studies whose interval ``held`` it, and
        of those whose interval lay ``below`` or ``above`` it.
    """
    counts = {name: np.zeros(3) for name in truth}
    for seed in range(n_studies):
        for name, estimate in measure_study(seed, times, n_resamples, subjects).items():
            below, above = estimate.high < truth[name], estimate.low > truth[name]
            counts[name] += [not (below or above), below, above]
    table = pd.DataFrame.from_dict(counts, orient="index", columns=["held", "below", "above"])
    table = table / n_studies
    table.insert(0, "truth", pd.Series(truth))
    return table.rename_axis("statistic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print the table, and fail where a share is not in `BETWEEN`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--subjects", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--times", type=int, default=1, help="so many times 150 lesions")
    told = parser.parse_args(arguments)
    truth = true_values(told.subjects)
    table = coverage(told.studies, told.resamples, truth, told.subjects, told.times)
    print(table.to_string(float_format="{:.3f}".format))
    error = (0.95 * 0.05 / told.studies) ** 0.5
    print(f"{told.studies} studies: a share of 95 % has a standard error of {error:.1%}")
    outside = table[~table["held"].between(*BETWEEN)]
    print(f"{len(outside)} of {len(table)} outside of {BETWEEN[0]:.0%} to {BETWEEN[1]:.0%}")
    return int(len(outside) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
