"""The atlas: seven diagnoses and their criteria, each with a source."""

from __future__ import annotations

import re

import pytest

from helpers.core.classes import CLASSES, MALIGNANT
from helpers.core.paths import CHAPTERS
from helpers.sample.atlas import (
    ATLAS,
    CRITERIA,
    SOURCES,
    criteria_table,
    diagnosis_table,
    look_table,
)


def test_covers_the_seven_classes_in_their_order() -> None:
    """The atlas has each class once, in the order of every other table."""
    assert tuple(ATLAS) == CLASSES
    assert list(diagnosis_table()["code"]) == list(look_table()["code"]) == list(CLASSES)


def test_nature_agrees_with_malignant() -> None:
    """What is called malignant or pre-malignant is what is counted as malignant."""
    bad = {dx for dx, diagnosis in ATLAS.items() if diagnosis.nature != "benign"}
    assert bad == MALIGNANT
    assert ATLAS["akiec"].nature == "pre-malignant"


def test_every_source_is_listed_and_used() -> None:
    """Each look and criterion names a listed source, and no listed source is idle."""
    used = {entry.source for entry in (*ATLAS.values(), *CRITERIA.values())}
    assert used == set(SOURCES)
    works = (CHAPTERS / "references.bib").read_text(encoding="utf-8")
    for name, key in SOURCES.items():
        assert key == name.lower().replace(" ", "")
        assert f"{{{key},\n" in works


def test_every_class_has_a_criterion_and_no_mimic_is_itself() -> None:
    """A student finds at least one criterion for each class, and mimics are other classes."""
    for dx in CLASSES:
        assert len(criteria_table(dx)) >= 1, dx
        assert dx not in ATLAS[dx].mimics
        assert set(ATLAS[dx].mimics) <= set(CLASSES)
    assert all(set(c.classes) <= set(CLASSES) and c.classes for c in CRITERIA.values())


def test_every_criterion_of_the_drawn_sample_is_explained() -> None:
    """Whatever the painter records has an entry, and no entry is never painted."""
    from helpers.sample import (
        lesions,
    )
    from helpers.sample import (
        melanocytic_criteria as criteria,
    )
    from helpers.sample import (
        nonmelanocytic_criteria as criteria_other,
    )

    painted: set[str] = set()
    for module in (criteria, criteria_other, lesions):
        with open(module.__file__, encoding="utf-8") as file:
            for call in re.findall(r"\.mark\((.*?),\s*\(?\w+[ (]", file.read(), flags=re.DOTALL):
                painted |= set(re.findall(r'"(\w+)"', call))
    assert len(painted) >= 15
    assert painted == set(CRITERIA)


def test_chinese_names_are_chinese_and_distinct() -> None:
    """Each criterion has its own name in Chinese characters."""
    names = [criterion.name_zh for criterion in CRITERIA.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", name) for name in names)


def test_unknown_diagnosis_is_refused() -> None:
    """A code that is none of the seven is an error which names them."""
    with pytest.raises(KeyError, match="akiec.*'healthy'"):
        criteria_table("healthy")
    with pytest.raises(KeyError):
        diagnosis_table(["healthy"])
