"""Predict first: a guess that the student commits to, and that is later set beside the result."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.core import DataError, read_json, write_json
from helpers.interactive.questions import Choice, Number, Order, question_of
from helpers.interactive.someone import can_show_controls, say
from helpers.notebook import Run

_KEY = re.compile(r"\d\d\.[a-z0-9_]+")


class Guess:
    """A question of a chapter and, once committed, the student's guess.

    Made by `predict_first`. It is kept beside the run, in ``guesses/<key>.json``.

    Parameters
    ----------
    folder : Path
        Of the run.
    key : str
        Such as "06.recall".
    question : str
        As it is asked.
    kind : Choice, Number or Order
        What can be guessed.
    """

    def __init__(
        self, folder: Path, key: str, question: str, kind: Choice | Number | Order
    ) -> None:
        self.path = guess_path(folder, key)
        self.key, self.question, self.kind = key, question, kind

    @property
    def value(self) -> Any:
        """The committed guess; None where there is none.

        Raises
        ------
        DataError
            If its file is damaged.
        """
        if not self.path.exists():
            return None
        try:
            return read_json(self.path)["guess"]
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{self.path}: expected a guess but it is damaged. {self._how_to_forget()}"
            ) from None

    def commit(self, guess: Any) -> None:
        """Keep a guess for good.

        Parameters
        ----------
        guess : str, float or list of str
            As the question asks.

        Raises
        ------
        ValueError
            If it is no answer to the question, or a guess has been committed before.
        """
        if problem := self.kind.problem(guess):
            raise ValueError(problem)
        if self.path.exists():
            raise ValueError(f"You have committed a guess already. {self._how_to_forget()}")
        record = {
            "key": self.key,
            "question": self.question,
            "guess": guess,
            "committed": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(self.path, record)

    def beside(self, result: Any) -> None:
        """Set the guess beside the result, in a sentence; nothing in a batch run.

        Parameters
        ----------
        result : str, float, Estimate or sequence of str
            As the run has it: the name that is right (or several equal ones), the number (a share
            in [0, 1] where the unit is "%"), or the names in their order.
        """
        if self.can_be_guessed and can_show_controls():
            say(self.sentence(result))

    @property
    def can_be_guessed(self) -> bool:
        """Whether there is more than one answer: a profile may have trained one model alone."""
        return isinstance(self.kind, Number) or len(self.kind.names) > 1

    def sentence(self, result: Any) -> str:
        """What `beside` shows, as Markdown."""
        guess = self.value
        if guess is None:
            return (
                "*Predict first:* no guess was made yet. Commit one above, where the chapter asks, "
                "and run this cell again."
            )
        if self.kind.problem(guess):
            return (
                "*Predict first:* the guess that is kept answers another question than this run "
                f"asks. {self._how_to_forget()}"
            )
        return f"*Predict first:* {self.kind.sentence(guess, result)}"

    def _how_to_forget(self) -> str:
        return f'To guess anew, run `forget_guess(run, "{self.key}")`.'


def guess_path(folder: Path, key: str) -> Path:
    """Where the guess of a key is kept.

    Raises
    ------
    ValueError
        If the key is not a chapter's number, a dot and a name.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"key: expected a chapter and a name such as '06.recall' but got {key!r}; use two "
            "digits, a dot, and small letters, digits or _"
        )
    return folder / "guesses" / f"{key}.json"


_asked: dict[Path, Guess] = {}


def predict_first(
    run: Run,
    key: str,
    question: str,
    *,
    choices: Sequence[str] | None = None,
    between: tuple[float, float] | None = None,
    order: Sequence[str] | None = None,
    unit: str = "",
    step: float = 1.0,
) -> Guess:
    """Ask for a guess before a result is shown; in a batch run, ask nobody and show nothing.

    Parameters
    ----------
    run : Run
        The chapter's.
    key : str
        The chapter's number and a name, such as "06.recall".
    question : str
        What is asked, in one sentence.
    choices : sequence of str, optional
        The guess is one of these names; nothing is asked where they are fewer than two.
    between : tuple of float, optional
        The guess is a number from the first to the second.
    order : sequence of str, optional
        The guess is an order of these names; show them in an order that gives nothing away.
    unit : str, default=""
        Of a number. With "%" the guess is in per cent and the result a share in [0, 1].
    step : float, default=1
        What a number is guessed to.

    Returns
    -------
    Guess
        Whose ``beside(result)`` sets it beside the result.

    Raises
    ------
    ValueError
        If not just one kind of question is asked, or the key is no key.
    """
    guess = Guess(Path(run.folder), key, question, question_of(choices, between, order, unit, step))
    _asked[guess.path] = guess
    if guess.can_be_guessed and can_show_controls():
        _show(guess)
    return guess


def beside(run: Run, key: str, result: Any) -> None:
    """Set a guess beside the result; see `Guess.beside`.

    Raises
    ------
    ValueError
        If the chapter has not asked a question of this key.
    """
    path = guess_path(Path(run.folder), key)
    if path not in _asked:
        raise ValueError(
            f"beside: no question {key!r} was asked; run the cell with predict_first first"
        )
    _asked[path].beside(result)


def forget_guess(run: Run, key: str) -> None:
    """Forget a committed guess, so that another can be made.

    Run the cell with the question again after it.
    """
    guess_path(Path(run.folder), key).unlink(missing_ok=True)


def _show(guess: Guess) -> None:
    """The form: question, input, a button, and below what was committed or is wrong."""
    import ipywidgets as widgets
    from IPython.display import display

    question = widgets.HTML(f"<strong>Predict first.</strong> {html.escape(guess.question)}")
    status = widgets.HTML()
    box, answer = _input(guess.kind)
    button = widgets.Button(description="Commit guess", button_style="primary")
    errors = widgets.Output()

    def lock() -> None:
        button.disabled = True
        for each in box.children:
            each.disabled = True
        status.value = (
            f"Committed: {html.escape(guess.kind.text(guess.value)).replace('**', '')}. "
            "It will stand beside the result."
        )

    def commit(_: Any) -> None:
        errors.clear_output()
        with errors:  # an error is shown here, and not swallowed
            if problem := guess.kind.problem(answer()):
                status.value = html.escape(problem)
                return
            if guess.value is None:
                guess.commit(answer())
            lock()

    button.on_click(commit)
    if guess.value is not None and not guess.kind.problem(guess.value):
        lock()
    elif guess.value is not None:
        status.value = "The guess that is kept answers another question. " + html.escape(
            guess._how_to_forget().replace("`", "")
        )
        button.disabled = True
    display(widgets.VBox([question, box, button, status, errors]))


def _input(kind: Choice | Number | Order) -> tuple[Any, Any]:
    """A box of controls for a kind of question, and what reads the guess from it."""
    import ipywidgets as widgets

    wide = {"description_width": "initial"}
    if isinstance(kind, Choice):
        names = widgets.RadioButtons(
            options=kind.names, value=None, description="Your guess", style=wide
        )
        return widgets.VBox([names]), lambda: names.value
    if isinstance(kind, Number):
        typed = widgets.Text(
            placeholder=kind.problem(None), continuous_update=False,
            description=f"Your guess{f', {kind.unit}' if kind.unit else ''}", style=wide,
        )  # fmt: skip
        return widgets.VBox([typed]), lambda: _number(typed.value, kind.unit)
    places = [
        widgets.Dropdown(
            options=[("choose", ""), *((name, name) for name in kind.names)],
            value="",
            description=f"Place {number}",
            style=wide,
        )
        for number in range(1, len(kind.names) + 1)
    ]
    return widgets.VBox(places), lambda: [place.value for place in places]


def _number(typed: str, unit: str) -> float | None:
    """A number as typed, with or without its unit; None where it is none."""
    try:
        return float(typed.strip().removesuffix(unit).strip().replace("−", "-"))
    except ValueError:
        return None
