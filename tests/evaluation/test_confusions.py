"""Likely causes of errors: rank correlation, and known look-alikes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.classes import CLASSES
from helpers.core.paths import CHAPTERS
from helpers.evaluation.confusions import (
    LOOK_ALIKE,
    NO_LOOK_ALIKE,
    largest_confusions,
    rank_correlation,
)


def _predictions(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    rows = []
    for index, (dx, predicted) in enumerate(pairs):
        row: dict[str, object] = {f"p_{name}": float(name == predicted) for name in CLASSES}
        row |= {"image_id": f"ISIC_{index}", "lesion_id": f"HAM_{index}", "dx": dx}
        rows.append(row | {"y_true": CLASSES.index(dx), "split": "test"})
    return pd.DataFrame(rows)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9))
def test_the_interval_contains_the_correlation(pairs: list[tuple[int, int]]) -> None:
    """Whatever the ranks, the ends are in [-1, 1] and around the value, or all is NaN."""
    estimate = rank_correlation(*np.array(pairs).T)
    if np.isfinite(estimate.low):
        assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.low < estimate.high


def test_a_perfect_order_of_seven_excludes_zero_and_a_mixed_one_does_not() -> None:
    """Seven in order are told from none; reversed they are below zero; mixed ones are open."""
    up = np.arange(7)
    assert rank_correlation(up, up**3).low > 0.5
    assert rank_correlation(up, -up).high < -0.5
    mixed = rank_correlation(up, [3, 0, 5, 1, 6, 2, 4])
    assert mixed.low < 0 < mixed.high


def test_undefined_pairs_are_left_out() -> None:
    """A class without recall does not count; two pairs or a constant have no correlation."""
    assert rank_correlation([1, 2, 3, 4, 5], [1, 2, 3, 4, np.nan]).n == 4
    assert np.isnan(rank_correlation([1, 2], [1, 2]).value)
    assert np.isnan(rank_correlation([1, 2, 3, 4], [5, 5, 5, 5]).value)


def test_the_largest_confusions_come_first() -> None:
    """By images, with their shares, the cause in either direction, and no right answers."""
    pairs = [("mel", "nv")] * 3 + [("nv", "mel")] + [("vasc", "df")] * 2 + [("nv", "nv")] * 4
    table = largest_confusions(_predictions(pairs), n=2)
    assert list(zip(table["true"], table["predicted"], strict=True)) == [
        ("mel", "nv"),
        ("vasc", "df"),
    ]
    assert list(table["images"]) == [3, 2]
    assert list(table["share"]) == [1.0, 1.0]
    assert list(table["errors"]) == pytest.approx([0.5, 1 / 3])
    assert table.loc[1, "cause"] == NO_LOOK_ALIKE
    both = largest_confusions(_predictions(pairs)).set_index(["true", "predicted"])["cause"]
    assert both["mel", "nv"] == both["nv", "mel"]


def test_no_errors_give_no_rows() -> None:
    """A perfect prediction has an empty table with all columns."""
    table = largest_confusions(_predictions([("mel", "mel"), ("nv", "nv")]))
    assert len(table) == 0
    assert "cause" in table


def test_every_look_alike_cites_a_work_that_is_there() -> None:
    """Pairs are of two known classes, and their works are among the chapters' references."""
    known = re.findall(r"^@\w+\{([^,]+),", (CHAPTERS / "references.bib").read_text(), re.MULTILINE)
    for pair, (cause, work) in LOOK_ALIKE.items():
        assert len(pair) == 2
        assert pair <= set(CLASSES)
        assert cause.endswith(".")
        assert work in known
