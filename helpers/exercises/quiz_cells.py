"""Cells of a quiz at the end of a notebook of solutions, written from the quiz's file."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from helpers.exercises.quizzes import Question

TAG = "quiz"
"""Of all cells that are written here, and only of these."""
HEADING = "## Quiz"
_HOW = (
    "What is asked here needs no code. Write the letter of your choice in place of the dots, in "
    'quotes, or several letters, as in `"a c"`, where it says that several are right.'
)


def with_quiz(solution: Any, questions: Sequence[Question]) -> Any:
    """A notebook of solutions with these questions as its quiz, in place of any other.

    Parameters
    ----------
    solution : NotebookNode
        Cells with the tag ``quiz`` are left out.
    questions : sequence of Question
        None leave no quiz.

    Returns
    -------
    NotebookNode
        A copy; the other cells are the same.
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell

    made = copy.copy(solution)
    made.cells = [c for c in solution.cells if TAG not in c.metadata.get("tags", [])]
    if not questions:
        return made
    number = questions[0].id.partition(".")[0]

    def add(new_cell: Any, name: str, source: str, *tags: str) -> None:
        metadata = {"tags": [TAG, *tags]}
        made.cells.append(new_cell(source, id=f"quiz{number}-{name}", metadata=metadata))

    add(new_markdown_cell, "0", f"{HEADING}\n\n{_HOW}")
    for place, question in enumerate(questions, start=1):
        add(new_markdown_cell, f"{place}-asked", _asked(question))
        add(new_code_cell, f"{place}-check", _checked(question))
        add(new_markdown_cell, f"{place}-told", _told(question), "teacher")
    return made


def _asked(question: Question) -> str:
    several = " Several are right." if question.several else ""
    choices = [f"- **{letter})** {choice.text}" for letter, choice in question.choices.items()]
    return "\n".join([f"**{question.id}** {question.question}{several}", "", *choices])


def _checked(question: Question) -> str:
    if question.depends:
        return (
            "from helpers.exercises import right_choices\n\n"
            f'check("{question.id}", right_choices("{question.id}"))'
        )
    right = " ".join(letter for letter, choice in question.choices.items() if choice.right)
    return f'check("{question.id}", "{right}")'


def without_answer(source: str) -> str:
    """The cell that checks a question, as students get it."""
    call = source.splitlines()[-1]
    return f"{call.partition(',')[0]}, ...)"


def _told(question: Question) -> str:
    """What a teacher knows of each choice."""
    lines = [f"*For teachers, {question.id}.* {question.shows}", ""]
    for letter, choice in question.choices.items():
        if choice.right:
            said = "Right."
        elif choice.right_when:
            said = f"Right where `{choice.right_when}`. Else: {choice.because}"
        else:
            said = choice.because
        lines.append(f"- **{letter})** {said}")
    return "\n".join(lines)
