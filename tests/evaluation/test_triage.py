"""Mistakes by their cost, on predictions whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.core.classes import CLASS_INDEX, CLASSES, MALIGNANT
from helpers.evaluation.triage import (
    errors_called,
    main_confusions,
    malignant_outcomes,
    predicted_classes,
    recall_at_most_alarms,
)


def make_predictions(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Predictions that call each true class the given one, a lesion an image."""
    rows = []
    for number, (dx, called) in enumerate(pairs):
        p = dict.fromkeys((f"p_{name}" for name in CLASSES), 0.05)
        p[f"p_{called}"] = 0.7
        rows.append(
            {
                "image_id": f"i{number}",
                "lesion_id": f"l{number}",
                "split": "test",
                "dx": dx,
                "y_true": CLASS_INDEX[dx],
                **p,
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture
def mixed() -> pd.DataFrame:
    """Ten images: two of three melanomas and one of two bcc are wrong, and one nevus."""
    return make_predictions(
        [("mel", "nv"), ("mel", "nv"), ("mel", "mel"), ("bcc", "mel"), ("bcc", "bcc")]
        + [("nv", "nv")] * 4
        + [("nv", "mel")]
    )


def test_predicted_classes_are_the_most_probable(mixed: pd.DataFrame) -> None:
    """The class with the highest probability, under the rows' own index."""
    shuffled = mixed.sample(frac=1, random_state=0)
    called = predicted_classes(shuffled)
    assert called.loc[0] == "nv" and called.loc[9] == "mel"


def test_commonest_mistake_comes_first(mixed: pd.DataFrame) -> None:
    """Counts and shares of the true class; right answers are no mistakes."""
    table = main_confusions(mixed)
    first = table.iloc[0]
    assert (first["true"], first["predicted"], first["images"]) == ("mel", "nv", 2)
    assert first["share of true class"].value == pytest.approx(2 / 3)
    assert table["images"].sum() == 4
    assert len(main_confusions(mixed, n=1)) == 1


def test_no_mistake_gives_an_empty_table() -> None:
    """A perfect split has columns and no rows."""
    table = main_confusions(make_predictions([("nv", "nv"), ("mel", "mel")]))
    assert table.empty and "images" in table


def test_errors_called_nv_leave_out_nevi(mixed: pd.DataFrame) -> None:
    """Two of the three mistakes on other classes are called nv."""
    share = errors_called(mixed, "nv")
    assert (share.value, share.n) == (pytest.approx(2 / 3), 3)
    assert np.isnan(errors_called(make_predictions([("nv", "mel"), ("mel", "mel")])).value)


def test_malignant_outcomes_add_up(mixed: pd.DataFrame) -> None:
    """Own name, another malignant name and a benign name make all images of a class."""
    table = malignant_outcomes(mixed).set_index("class")
    parts = table[["own name", "other malignant", "benign name"]].sum(axis=1)
    assert (parts == table["images"]).all()
    assert table.loc["bcc", "other malignant"] == 1
    assert table.loc["all", "missed share"].value == pytest.approx(2 / 5)
    assert np.isnan(table.loc["akiec", "missed share"].value)


def test_alarms_stay_within_what_is_allowed() -> None:
    """The false alarms keep to the share, the finds grow with it, and ties do not break it."""
    rng = np.random.default_rng(0)
    predictions = make_predictions([("nv", "nv")] * 40 + [("mel", "mel")] * 20)
    columns = [f"p_{dx}" for dx in CLASSES]
    malignant = [f"p_{dx}" for dx in sorted(MALIGNANT)]
    raw = rng.random((60, len(CLASSES)))
    raw[40:, [columns.index(name) for name in malignant]] += 0.5
    predictions[columns] = raw / raw.sum(axis=1, keepdims=True)
    table = recall_at_most_alarms(predictions, (0, 0.1, 0.3, 0.9))
    alarms, found = table["false alarms"].map(float), table["found"].map(float)
    assert (alarms <= table["allowed"] + 1e-12).all()
    assert alarms.iloc[-1] > 0.8
    assert found.is_monotonic_increasing and found.iloc[-1] > found.iloc[0]
    ties = recall_at_most_alarms(make_predictions([("nv", "nv")] * 4 + [("mel", "mel")]), (0.5,))
    assert ties["false alarms"].iloc[0].value <= 0.5


def test_a_share_of_one_is_refused(mixed: pd.DataFrame) -> None:
    """All alarms allowed is no rule."""
    with pytest.raises(ValueError, match=r"shares of false alarms in \[0, 1\)"):
        recall_at_most_alarms(mixed, (0.1, 1.0))
