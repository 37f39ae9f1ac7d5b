"""The plans of the screening system's authors, and what they lead to in this book."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from helpers.core import CHAPTERS, ROOT, DataError
from helpers.published import numbers, plans
from helpers.study import load_presets


def test_plans_are_those_that_can_be_read() -> None:
    """Six of the model, one of functions, three of delivery, two of use, each once."""
    table = plans.screening_plans()
    assert table["kind"].value_counts(sort=False).to_dict() == {
        "model": 6, "functions": 1, "delivery": 3, "use": 2
    }  # fmt: skip
    assert table["plan"].is_unique
    for word in ("ROC", "test-time", "ResNet101", "B4 to B7", "Transformer", "REST", "HIPAA"):
        assert table["plan"].str.contains(word).sum() == 1, word


def test_what_the_book_is_said_to_have_is_there() -> None:
    """Chapters, targets of make and systems that are named exist; a yes names a place."""
    table = plans.screening_plans()
    assert table.loc[table["here"] != "no", "where"].ne("").all()
    text = " ".join(table["where"])
    numbers = {int(number) for number in re.findall(r"chapters? (\d+)", text)}
    assert len(numbers) >= 4
    for number in numbers:
        assert list(CHAPTERS.glob(f"{number:02d}_*.ipynb")), number
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake (\w+)", text)
    assert "web" in targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target
    for name in re.findall(r"\bdermbook trial ([\w-]+)", text):
        assert name in load_presets()


def test_another_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only yes, partly and no are answers."""
    table = plans.screening_plans()
    table.loc[0, "here"] = "perhaps"
    table.to_csv(tmp_path / "screening_plans.csv", index=False)
    monkeypatch.setattr(numbers, "PUBLISHED", tmp_path)
    with pytest.raises(DataError, match="yes, partly, no.*perhaps"):
        plans.screening_plans()
    pd.DataFrame({"plan": ["x"]}).to_csv(tmp_path / "screening_plans.csv", index=False)
    with pytest.raises(DataError, match="expected the columns"):
        plans.screening_plans()
