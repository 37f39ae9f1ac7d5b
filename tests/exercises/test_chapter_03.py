"""Exercises of chapter 03 on a made-up file: sorted, with a diagnosis that comes last alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.exercise_mistakes import SmallRun, of, refused

from helpers.exercises import chapter_03
from helpers.exercises.chapter_03 import EXERCISES
from helpers.exercises.checking import judge
from helpers.exercises.exercise import NotHere

BLOCKS = {"nv": 60, "mel": 40, "bcc": 30, "bkl": 28, "df": 12, "akiec": 50}


def file_of(blocks: dict[str, int]) -> pd.DataFrame:
    """Rows sorted by diagnosis, two images a lesion, every fifth lesion for validation."""
    dx = np.repeat(list(blocks), list(blocks.values()))
    lesion = np.arange(len(dx)) // 2
    return pd.DataFrame(
        {
            "image_id": [f"ISIC_{place:07d}" for place in range(len(dx))],
            "lesion_id": [f"HAM_{number:07d}" for number in lesion],
            "dx": dx,
            "split": np.where(lesion % 5 == 0, "valid", "train"),
        }
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run with that file."""
    table = file_of(BLOCKS)
    monkeypatch.setattr(chapter_03, "rows", lambda run: table)
    return SmallRun()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_mistake_is_refused_by_its_name(exercise: Any, run: Any) -> None:
    """Here each of them can be made."""
    assert refused(exercise, run) == of(exercise)


def test_a_cut_is_judged_by_what_it_does(run: Any) -> None:
    """Any whole lesions of each diagnosis are right; one torn lesion is not."""
    table = chapter_03.rows(run)
    lesion = table["lesion_id"].str[-7:].astype(int)
    good = table.assign(valid=lesion % 5 == 3)
    assert judge(EXERCISES[5], good, run).state == "right"
    torn = good.copy()
    torn.loc[0, "valid"] = not torn.loc[0, "valid"]
    verdict = judge(EXERCISES[5], torn, run)
    assert verdict.state == "wrong" and "lesions on both sides" in verdict.text


def test_a_mixed_file_cannot_ask_what_is_never_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each diagnosis is on both sides."""
    table = file_of(BLOCKS).sample(frac=1, random_state=0).reset_index(drop=True)
    monkeypatch.setattr(chapter_03, "rows", lambda run: table)
    with pytest.raises(NotHere):
        EXERCISES[0].right(SmallRun())  # type: ignore[arg-type]
