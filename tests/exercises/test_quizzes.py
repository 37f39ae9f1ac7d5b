"""Quizzes: their files are read strictly, and each question accepts what is right and no more."""

from __future__ import annotations

import re
from itertools import chain, combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from support.quiz_answers import answers_to

from helpers.core import CHAPTERS, ConfigError, sha256_file, write_json
from helpers.exercises.checking import judge
from helpers.exercises.exercise import NotHere
from helpers.exercises.of_run import NotRunYet
from helpers.exercises.quizzes import QUIZZES, Question, questions_of, read_quiz
from helpers.exercises.registry import chapters_with_exercises, find_exercise, quiz_of

QUESTIONS = [one for chapter in chapters_with_exercises() for one in questions_of(chapter)]
FIXED = [one for one in QUESTIONS if not one.depends]
MOST_LONGEST = 0.4
"""Share of questions whose longest choice may be the right one: among four, chance is a quarter."""


def entry(**changes: Any) -> dict[str, Any]:
    """A question that is as it should be, with some fields changed; None takes one out."""
    whole = {
        "title": "Small",
        "question": "Which?",
        "choices": [{"text": "This.", "right": True}, {"text": "That.", "because": "It is not."}],
        "hints": ["first", "second", "third"],
        "shows": "Well seen.",
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def quiz(folder: Path, *entries: Any) -> Path:
    """A file of questions."""
    path = folder / "06_small.yml"
    path.write_text(yaml.safe_dump({"questions": list(entries)}))
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    """Questions are numbered, choices lettered; how many are right follows from them."""
    two = [{"text": "One.", "right": True}, {"text": "Two.", "right": True}]
    wrong = {"text": "Three.", "because": "Why."}
    first, second = read_quiz(quiz(tmp_path, entry(), entry(choices=[*two, wrong])))
    assert (first.id, second.id) == ("06.q1", "06.q2")
    assert list(second.choices) == ["a", "b", "c"]
    assert (first.several, second.several) == (False, True)
    assert second.right(None) == {"a", "b"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("text", "question 1: expected choices, hints"),
        (entry(colour="red"), "'colour' is none of choices, hints"),
        (entry(title=" "), "expected a text as title but got ' '"),
        (entry(shows=None), "expected a text as shows but got None"),
        (entry(hints=["one"]), "expected three texts as hints but got ['one']"),
        (entry(choices=[]), "expected a list of choices but got []"),
        (entry(choices=[{"text": "x", "because": "y"}] * 2), "no choice is right"),
        (entry(choices=[{"text": "x", "right": True}, {"text": "y"}]), "choice b: expected text"),
        (entry(choices=[{"text": "x", "right": True, "because": "z"}] * 2), "choice a: expected"),
        (entry(choices=[{"text": "x", "right": False}] * 2), "expected 'right: true', or no such"),
        (entry(choices=[{"text": 3, "right": True}] * 2), "expected a text as text but got 3"),
        (
            entry(choices=[{"text": "x", "right_when": "quoted(", "because": "z"}] * 2),
            "the condition 'quoted('",
        ),
        (
            entry(choices=[{"text": "x", "right_when": "gone > 0", "because": "z"}] * 2),
            "the condition 'gone > 0' takes gone but has quoted",
        ),
    ],
)
def test_a_bad_question_is_told(tmp_path: Path, bad: Any, said: str) -> None:
    """With its file, its number and what was expected."""
    with pytest.raises(ConfigError, match=re.escape(said)) as told:
        read_quiz(quiz(tmp_path, bad))
    assert "06_small.yml" in str(told.value)


def test_all_faults_are_one_message(tmp_path: Path) -> None:
    """Of all questions, and of the file itself."""
    path = quiz(tmp_path, entry(title=None), entry(hints=None))
    path.write_text(path.read_text() + "more: 1\n")
    with pytest.raises(ConfigError, match=r"'more' .*question 1: .*question 2: "):
        read_quiz(path)
    path.write_text("questions: none")
    with pytest.raises(ConfigError, match="to be a list but got 'none'"):
        read_quiz(path)


def by_gain(tmp_path: Path) -> Question:
    """A question that a number of the run decides."""
    choices = [
        {"text": word, "right_when": f'quoted("gain") | against(0) == "{word}"', "because": "No."}
        for word in ("above", "below")
    ]
    return read_quiz(quiz(tmp_path, entry(choices=choices)))[0]


@pytest.mark.parametrize(("low", "high", "right"), [(0.1, 0.3, {"a"}), (-0.3, -0.1, {"b"})])
def test_a_number_of_the_run_decides(
    tmp_path: Path, low: float, high: float, right: set[str]
) -> None:
    """By its interval, as sentences of the chapter do."""
    record = {
        "key": "gain",
        "text": "",
        "value": (low + high) / 2,
        "low": low,
        "high": high,
        "n": 9,
    }
    write_json(tmp_path / "numbers" / "06_x.json", [record])
    run: Any = SimpleNamespace(folder=tmp_path)
    assert by_gain(tmp_path).right(run) == right


def test_numbers_that_decide_nothing_are_told(tmp_path: Path) -> None:
    """No choice is right, the number is not among those of the chapter, or nothing has run."""
    run: Any = SimpleNamespace(
        folder=tmp_path, seed=0, max_images=None, split_file=None,
        profile=SimpleNamespace(name="quick", source="sample", seed=0, max_images=None),
        source=SimpleNamespace(name="sample"),
    )  # fmt: skip
    question = by_gain(tmp_path)
    with pytest.raises(NotRunYet, match="run 'dermbook report quick"):
        question.right(run)
    path = tmp_path / "numbers" / "06_x.json"
    write_json(path, [])
    write_json(tmp_path / "state" / path.name, {"sha256": {"numbers": sha256_file(path)}})
    with pytest.raises(NotHere, match="chapter 06 gives no number 'gain' in it"):
        question.right(run)
    record = {"key": "gain", "text": "", "value": 0.0, "low": -1.0, "high": 1.0, "n": 9}
    write_json(path, [record])
    with pytest.raises(NotHere, match="decide for no choice"):
        question.right(run)


def test_each_chapter_has_a_quiz() -> None:
    """Of three or four questions, in a file that is named as the chapter."""
    names = {path.stem for path in QUIZZES.glob("*.yml")}
    assert names == {p.stem for p in CHAPTERS.glob("*.ipynb") if p.stem[:2] != "00"}
    for chapter in chapters_with_exercises():
        assert 3 <= len(quiz_of(chapter)) <= 4, chapter
    assert find_exercise("06.q1").title == questions_of("06")[0].title
    with pytest.raises(ConfigError, match=r"expected one of 06\.1, .*06\.q4"):
        find_exercise("06.q9")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_a_question_is_whole(question: Question) -> None:
    """Four choices, unlike hints, sentences; its numbers are quoted by its chapter."""
    assert len({choice.text for choice in question.choices.values()}) == 4
    assert len(set(question.hints)) == 3
    told = [question.question, question.shows, *question.hints]
    told += [choice.because for choice in question.choices.values() if choice.because]
    assert all(re.search(r"[.?]$", text) for text in told), told
    chapter = next(CHAPTERS.glob(f"{question.id[:2]}_*.ipynb")).read_text(encoding="utf-8")
    assert all(f'quote(\\"{key}\\"' in chapter for key in question.numbers())
    assert question.depends == bool(question.numbers())


@pytest.mark.parametrize("question", FIXED, ids=lambda question: question.id)
def test_only_the_right_letters_pass(question: Question) -> None:
    """Of all sets of choices one is accepted; of the others a line says what is wrong."""
    run: Any = SimpleNamespace()
    right = question.right(run)
    texts = [question.choices[letter].text.rstrip(".") for letter in right]
    for letters, answer in answers_to(question):
        verdict = judge(question.exercise(), answer, _Run())  # type: ignore[arg-type]
        assert (verdict.state == "right") == (letters == right), (letters, verdict)
        assert verdict.state in ("right", "wrong")
        assert verdict.state == "right" or not any(text in verdict.text for text in texts)


class _Run:
    """A run of which nothing is asked."""


def test_the_longest_choice_is_no_hint() -> None:
    """The right one is it about as often as chance has it, at most."""
    single = [one for one in FIXED if not one.several]
    longest = [
        one.id
        for one in single
        if max(one.choices.values(), key=lambda choice: len(choice.text)).right
    ]
    assert len(longest) <= MOST_LONGEST * len(single), longest
    right = list(chain.from_iterable(one.right(_Run()) for one in single))  # type: ignore[arg-type]
    assert all(right.count(letter) >= len(single) / 8 for letter in "abcd"), right


def test_sets_of_choices_are_all_sets() -> None:
    """The helper of the tests leaves none out."""
    assert len(list(answers_to(QUESTIONS[0]))) == sum(
        len(list(combinations("abcd", n))) for n in range(1, 5)
    )
