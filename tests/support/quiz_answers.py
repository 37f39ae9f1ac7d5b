"""Every answer to a question with choices: each set of its letters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from helpers.exercises.quizzes import Question


def answers_to(question: Question) -> Iterator[tuple[frozenset[str], str]]:
    """Sets of letters, each with an answer that names them."""
    for n in range(1, len(question.choices) + 1):
        for letters in combinations(question.choices, n):
            yield frozenset(letters), " ".join(letters)
