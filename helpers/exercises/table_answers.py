"""Answers that are tables: by rows and columns, of numbers, image by image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.exercises.answers import Matcher, folded_name, kind_of, listed
from helpers.exercises.listed_answers import first_problem, wrong_names


@dataclass(frozen=True)
class Table:
    """A table whose rows are named by one column or the index, in any order of rows and columns.

    Parameters
    ----------
    key : str
        The column that names the rows; the index will do.
    columns : mapping of str to Matcher
        What is held against the right table; further columns do not matter.
    """

    key: str
    columns: Mapping[str, Matcher]

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. A dict of columns or a list of dicts will do."""
        if isinstance(answer, pd.Series) or (
            isinstance(answer, Mapping) and not all(_is_listing(v) for v in answer.values())
        ):
            return f"expected a table but got {kind_of(answer)} of single values"
        if not isinstance(answer, pd.DataFrame | Mapping | list | tuple):
            return f"expected a table (DataFrame) but got {kind_of(answer)}"
        try:
            given, wanted = self._rows(pd.DataFrame(answer)), self._rows(pd.DataFrame(right))
        except (ValueError, TypeError) as error:
            return f"expected a table, and this cannot be read as one ({error})"
        missing = [name for name in self.columns if folded_name(name) not in given.columns]
        if missing:
            return f"missing {'column' if len(missing) == 1 else 'columns'}: {listed(missing)}"
        wrong = wrong_names(list(given.index), list(wanted.index))
        if wrong:
            return f"rows: {wrong}"
        problems: dict[str, str] = {}
        for name, matcher in self.columns.items():
            for row in wanted.index:
                said = matcher.problem(
                    given.at[row, folded_name(name)], wanted.at[row, folded_name(name)]
                )
                if said is not None:
                    problems[f"{name} of {row}"] = said
        return first_problem(problems, len(wanted) * len(self.columns))

    def _rows(self, table: pd.DataFrame) -> pd.DataFrame:
        table = table.rename(columns=folded_name)
        if folded_name(self.key) in table.columns:
            table = table.set_index(folded_name(self.key))
        return table.set_axis([folded_name(item) for item in table.index], axis=0)


def _is_listing(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | np.ndarray | pd.Series)


@dataclass(frozen=True)
class Matrix:
    """A table of numbers by row and column names, or an array in the right order.

    Parameters
    ----------
    each : Matcher
        Of the values.
    """

    each: Matcher

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. ``right`` is a DataFrame; names may come in any order."""
        wanted = right.rename(index=folded_name, columns=folded_name)
        if isinstance(answer, pd.DataFrame):
            given = answer.rename(index=folded_name, columns=folded_name)
            if set(given.index) >= set(wanted.index) and set(given.columns) >= set(wanted.columns):
                given = given.loc[wanted.index, wanted.columns]
        elif isinstance(answer, np.ndarray | list | tuple):
            given = pd.DataFrame(np.asarray(answer))
        else:
            return f"expected a DataFrame or an array but got {kind_of(answer)}"
        if given.shape != wanted.shape:
            expected, got = (" by ".join(map(str, one.shape)) for one in (wanted, given))
            return f"expected {expected} values but got {got}"
        wrong, n = self._wrong(given, wanted)
        if not wrong:
            return None
        if given.shape[0] == given.shape[1] and not self._wrong(given.T, wanted)[0]:
            return "rows and columns are exchanged"
        return f"{n} of {wanted.size} values not right; one of them: {wrong}"

    def _wrong(self, given: pd.DataFrame, wanted: pd.DataFrame) -> tuple[str, int]:
        pairs = zip(given.to_numpy().ravel(), wanted.to_numpy().ravel(), strict=True)
        said = [text for a, b in pairs if (text := self.each.problem(a, b)) is not None]
        return (said[0] if said else "", len(said))


@dataclass(frozen=True)
class Predictions:
    """Probabilities image by image: ``image_id`` and ``p_...`` columns, in any order.

    Parameters
    ----------
    tolerance : float, default=1e-4
        Of each probability: they are computed in 32 bits.
    """

    tolerance: float = 1e-4

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`."""
        if not isinstance(answer, pd.DataFrame):
            return f"expected a DataFrame of predictions but got {kind_of(answer)}"
        columns = [name for name in right.columns if str(name).startswith("p_")]
        missing = [name for name in columns if name not in answer.columns]
        if missing:
            return f"missing {'column' if len(missing) == 1 else 'columns'}: {listed(missing)}"
        wanted = right.set_index("image_id")[columns]
        given = answer
        if "image_id" in given.columns:
            given = given.set_index("image_id")
        if set(given.index) != set(wanted.index) or len(given) != len(wanted):
            return f"expected {len(wanted)} images, each once, but these rows are others"
        found = given.loc[wanted.index, columns].to_numpy(dtype=float)
        sums = found.sum(axis=1)
        if np.abs(sums - 1).max() > 1e-3 >= np.abs(wanted.to_numpy().sum(axis=1) - 1).max():
            return "the probabilities of an image do not sum to 1"
        off = np.abs(found - wanted.to_numpy()).max(axis=1) > self.tolerance
        if not off.any():
            return None
        return f"{int(off.sum())} of {len(off)} images have other probabilities"
