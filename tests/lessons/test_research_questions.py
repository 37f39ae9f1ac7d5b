"""The paper's questions have answers, and sections of the chapter that measure them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from support.scored_trials import make_scored_trial

from helpers.core import CHAPTERS
from helpers.lessons.research_questions import (
    PUBLISHED_FIRST,
    QUESTIONS,
    RANKINGS,
    paper_question,
    published_first,
)
from helpers.training import Trial


def test_every_section_is_in_the_chapter() -> None:
    """A heading that is renamed there is renamed here."""
    cells = nbformat.read(CHAPTERS / "08_class_imbalance.ipynb", as_version=4).cells
    text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    headings = re.findall(r"^## (.+)$", text, flags=re.M)
    named = {section for _, sections in QUESTIONS.values() for section in sections}
    assert named <= set(headings)


def test_each_question_is_answered_once() -> None:
    """The chapter puts each question at the head of one answer; another one is an error."""
    text = (CHAPTERS / "08_class_imbalance.ipynb").read_text()
    asked = re.findall(r"paper_question\(\\\"(\w+)\\\"\)", text)
    assert asked == list(QUESTIONS)
    assert "*Backbones.*" in paper_question("RQ3")
    assert paper_question("RQ5").endswith("*Chapter 11.*")
    with pytest.raises(ValueError, match="RQ5"):
        paper_question("RQ6")


def with_weights(trial: Trial, weights: str) -> Trial:
    """The trial as one that started from these weights."""
    return Trial(trial.folder, trial.config.model_copy(update={"weights": weights}))


def test_the_published_first_may_come_first_or_not(tmp_path: Path) -> None:
    """By whole intervals, and only where networks had learnt something before."""
    good, bad = (
        with_weights(make_scored_trial(tmp_path, name, skill), "imagenet")
        for name, skill in ((PUBLISHED_FIRST, 0.9), ("VGG16", 0.4))
    )
    better, alike = (
        with_weights(make_scored_trial(tmp_path, name, skill), "imagenet")
        for name, skill in (("MobileNet", 1.0), ("EfficientNetB1", 0.9))
    )
    verdict, differences = published_first([good, bad])
    assert verdict == "agrees" and differences["VGG16"].low > 0
    assert published_first([good, bad, better])[0] == "contradicts"
    assert published_first([good, bad, alike])[0] == "undecided"
    assert published_first([bad]) == ("absent", {})
    assert published_first([good, with_weights(bad, "none")])[0] == "untrained"
    assert set(RANKINGS) == {"absent", "untrained", "agrees", "contradicts", "undecided"}
