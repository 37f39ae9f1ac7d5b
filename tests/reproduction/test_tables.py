"""The systems in tables and words: right for any numbers, and for none."""

from __future__ import annotations

import pytest

from helpers.reproduction.systems import SystemRow
from helpers.reproduction.tables import (
    claim_text,
    comparable_in_words,
    estimate_text,
    gaps_in_words,
    made_table,
    score_label,
    systems_table,
)
from helpers.statistics.intervals import Estimate
from helpers.study.presets import find_preset

HIGH, LOW = Estimate(0.9, 0.85, 0.94, 120), Estimate(0.6, 0.5, 0.7, 118)


def _row(
    name: str, published: Estimate | None, grouped: Estimate | None, *changes: str, why: str = ""
) -> SystemRow:
    return SystemRow(find_preset(name), published, grouped, changes, why)


def test_claims_say_what_they_know() -> None:
    """Value, interval and n; without n where none is published; "none" for the tutorial."""
    presets = ("course-report", "focal-ensemble", "vgg16-tutorial")
    texts = [claim_text(find_preset(name).measures[0]) for name in presets]
    assert texts == ["0.831 [0.814, 0.847], n\u00a0=\u00a02,003", "0.90", "none"]
    assert (
        estimate_text(None) == "–"
        and estimate_text(LOW, ".1f") == "0.6 [0.5, 0.7], n\u00a0=\u00a0118"
    )
    assert (score_label("accuracy"), score_label("roc_auc")) == ("Accuracy", "ROC AUC")


def test_a_row_has_claim_both_numbers_and_their_gap() -> None:
    """Each with its interval, the two numbers also with n."""
    table = systems_table([_row("course-report", HIGH, LOW), _row("focal-ensemble", None, None)])
    first, second = table.to_dict("records")
    assert first["Its protocol"] == "0.90 [0.85, 0.94], n\u00a0=\u00a0120"
    assert first["By lesion"] == "0.60 [0.50, 0.70], n\u00a0=\u00a0118"
    assert first["Gap"].startswith("+0.30 [+0.19, +0.4")
    assert second["Claim"] == "0.90"
    assert second["Its protocol"] == second["By lesion"] == second["Gap"] == "–"


def test_what_was_trained_is_told() -> None:
    """As published, made small, or why not at all."""
    table = made_table(
        [
            _row("course-report", HIGH, LOW),
            _row("binary-screening", HIGH, LOW, "2 epochs for 25", "no augmentation"),
            _row("focal-ensemble", None, None, "2 folds for 5", why="not trained in this profile"),
        ]
    )
    assert list(table["Trained here"]) == [
        "as published",
        "made small: 2 epochs for 25; no augmentation",
        "not trained in this profile",
    ]


def test_gaps_are_read_by_their_intervals() -> None:
    """Higher, lower, and not shown are told apart; without a gap nothing is claimed."""
    rows = [
        _row("course-report", HIGH, LOW),
        _row("binary-screening", LOW, HIGH),
        _row("browser-mobilenet", LOW, LOW),
        _row("focal-ensemble", None, None),
    ]
    text = gaps_in_words(rows)
    assert "Course report scored **higher** than by lesion" in text
    assert "Binary screening scored **lower** there" in text
    assert "for Browser app **no difference is shown**" in text
    assert "Focal" not in text
    assert gaps_in_words(rows[-1:]) == "No gap could be measured"


@pytest.mark.parametrize(
    ("drawn", "changes", "parts"),
    [
        (True, ("small",), ["No number here", "drawn and the profile made each of them small"]),
        (True, (), ["No number here", "the pictures are drawn"]),
        (False, ("small",), ["No number here", "made each of them small"]),
        (False, (), ["trained as published", "can be held against"]),
    ],
)
def test_comparability_is_told(drawn: bool, changes: tuple[str, ...], parts: list[str]) -> None:
    """Drawn pictures or small systems forbid it; real ones as published allow it."""
    text = comparable_in_words([_row("course-report", HIGH, LOW, *changes)], drawn)
    assert all(part in text for part in parts)
    assert ("No number here" in text) == (drawn or bool(changes))


def test_systems_that_were_not_trained_are_named() -> None:
    """Beside others, or all of them."""
    left_out = _row("focal-ensemble", None, None, why="not trained in this profile")
    text = comparable_in_words([_row("course-report", HIGH, LOW), left_out], drawn=False)
    assert "Not trained in this run: Focal-loss ensemble." in text
    assert comparable_in_words([left_out], drawn=True).startswith("None of the systems")
