"""The paper's questions have answers, and sections of the chapter that measure them."""

from __future__ import annotations

import re

import nbformat
import pytest

from helpers.core import CHAPTERS
from helpers.lessons.research_questions import QUESTIONS, answer_table


def test_every_section_is_in_the_chapter() -> None:
    """A heading that is renamed there is renamed here."""
    cells = nbformat.read(CHAPTERS / "08_class_imbalance.ipynb", as_version=4).cells
    text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    headings = re.findall(r"^## (.+)$", text, flags=re.M)
    named = {section for _, sections in QUESTIONS.values() for section in sections}
    assert named <= set(headings)


def test_each_question_has_one_answer() -> None:
    """The table goes through them in order; a missing answer is an error that names the rest."""
    answers = {name: f"answer {name}" for name in QUESTIONS}
    table = answer_table(answers)
    assert list(table["this run"]) == [f"answer RQ{number}" for number in range(1, 6)]
    assert table["measured in"].iloc[-1] == "chapter 11"
    with pytest.raises(ValueError, match="RQ5"):
        answer_table({name: "" for name in list(QUESTIONS)[:-1]})
