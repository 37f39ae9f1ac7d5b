"""Numbers that others published, each with its protocol, its source and what is not verified."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import CLASSES, PUBLISHED, DataError
from helpers.statistics import Estimate, wilson

CLAIM_COLUMNS = ("key", "system", "metric", "value", "n", "protocol", "source", "note")
# Shares of n images, to which Wilson's interval applies; a mean of class scores is none.
_PROPORTIONS = frozenset(
    {"accuracy", "recall", "precision", "top-1 accuracy", "top-2 accuracy", "top-3 accuracy"}
)


@dataclass(frozen=True)
class Claim:
    """A published number.

    Parameters
    ----------
    key : str
        Its name here, as in ``"course_report.efficientnetb3.accuracy"``.
    system : str
        Whose number it is.
    metric : str
        What it measures; carries the unit where there is one.
    value : float
        Shares are in [0, 1].
    n : int or None
        Number of images behind it, None where that is not published.
    protocol : str
        How it was measured.
    source : str
        Where it was published.
    note : str
        What to know before comparing with it; begins with "unverified" where nobody could
        read the number, or its meaning, in a primary source.
    """

    key: str
    system: str
    metric: str
    value: float
    n: int | None
    protocol: str
    source: str
    note: str

    @property
    def verified(self) -> bool:
        """Whether the number was read in a primary source."""
        return not self.note.startswith("unverified")

    @property
    def estimate(self) -> Estimate:
        """The value with Wilson's interval where it is a share of a known ``n``, else NaN ends.

        The interval takes images as independent: the lesions of a published number are not
        known, so it is too narrow if anything.
        """
        if self.n is not None and self.metric in _PROPORTIONS:
            return wilson(self.value * self.n, self.n)
        return Estimate(self.value, np.nan, np.nan, self.n or 0)


def claims(prefix: str = "") -> pd.DataFrame:
    """Published numbers as a table.

    Parameters
    ----------
    prefix : str, default=""
        Only the keys that are ``prefix`` or begin with ``prefix`` and a dot, as in
        ``"course_report"``; "" takes all.

    Returns
    -------
    DataFrame
        Indexed by ``key``, in the file's order: ``system, metric, value, n`` (nullable integer),
        ``protocol, source, note``.

    Raises
    ------
    KeyError
        If no key has the prefix, naming the prefixes that there are.
    """
    table = _claims()
    if not prefix:
        return table.copy()
    chosen = table[(table.index == prefix) | table.index.str.startswith(f"{prefix}.")]
    if chosen.empty:
        groups = ", ".join(dict.fromkeys(key.split(".")[0] for key in table.index))
        raise KeyError(f"expected published numbers under {prefix!r} but there are: {groups}")
    return chosen.copy()


def claim(key: str) -> Claim:
    """One published number.

    Parameters
    ----------
    key : str
        Its name in ``data/published/claims.csv``.

    Returns
    -------
    Claim

    Raises
    ------
    KeyError
        If there is no such number, naming those with the most similar keys.

    Examples
    --------
    >>> print(format(claim("screening.accuracy").estimate, ".3f"))
    0.776 [0.746, 0.804], n = 782
    """
    table = _claims()
    if key not in table.index:
        near = difflib.get_close_matches(key, table.index, n=5, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "see data/published/claims.csv"
        raise KeyError(f"expected the key of a published number but got {key!r}; {hint}")
    row: dict[Hashable, Any] = table.loc[[key]].to_dict("records")[0]
    n = None if pd.isna(row["n"]) else int(row["n"])
    return Claim(
        key=key,
        system=str(row["system"]),
        metric=str(row["metric"]),
        value=float(row["value"]),
        n=n,
        protocol=str(row["protocol"]),
        source=str(row["source"]),
        note=str(row["note"]),
    )


def keras_applications() -> pd.DataFrame:
    """Rows of the Keras Applications page for the backbones used here.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``size_mb``, ``top_1`` and ``top_5`` accuracy on the ImageNet
        validation set in [0, 1], ``parameters_millions`` (with the ImageNet head), ``depth``
        (topological, with activation and normalisation layers), and ``cpu_ms`` and ``gpu_ms`` per
        inference step of 32 images.

    References
    ----------
    .. [1] https://keras.io/api/applications/, "Available models".
    """
    return read_published("keras_applications.csv").set_index("model")


def ham10000_counts() -> pd.DataFrame:
    """Images and lesions of each class of HAM10000.

    Returns
    -------
    DataFrame
        Indexed by ``dx`` in the order of ``CLASSES``: ``images``, ``lesions``, and
        ``leaked_80_20``, the share in [0, 1] of test images whose lesion is also in train when
        80/20 is drawn at random by image.

    References
    ----------
    .. [1] Tschandl, Rosendahl and Kittler, "The HAM10000 dataset", Sci. Data 5:180161 (2018).
       Lesions and leaks are computed from its metadata.
    """
    table = read_published("ham10000_counts.csv").set_index("dx")
    if list(table.index) != list(CLASSES):
        raise DataError(
            f"{PUBLISHED / 'ham10000_counts.csv'}: expected the rows {', '.join(CLASSES)} but got "
            f"{', '.join(table.index)}; restore the file from the repository"
        )
    return table


def ham10000_order() -> pd.Series:
    """Diagnoses of HAM10000 in the order in which its metadata file lists the images.

    Returns
    -------
    Series of str of shape (10015,)
        Named ``dx``. Nearly sorted by diagnosis: a block a class, and some stray rows.

    References
    ----------
    .. [1] Tschandl, Rosendahl and Kittler, "The HAM10000 dataset", Sci. Data 5:180161 (2018).
       ``HAM10000_metadata.csv``, its column ``dx`` as the lengths of its runs.
    """
    runs = read_published("ham10000_order.csv")
    return runs["dx"].repeat(runs["images"].tolist()).reset_index(drop=True)


def read_published(name: str, **options: Any) -> pd.DataFrame:
    """Read a file of ``data/published``; `options` are those of ``pandas.read_csv``."""
    path = PUBLISHED / name
    if not path.is_file():
        raise DataError(
            f"{path}: expected the project's table of published numbers but it is missing; "
            "run from a clone of the repository"
        )
    return pd.read_csv(path, **options)


@cache
def _claims() -> pd.DataFrame:
    table = read_published("claims.csv")
    problems = check_claims(table)
    if problems:
        raise DataError(problems, where=str(PUBLISHED / "claims.csv"))
    text = ["protocol", "source", "note"]
    table[text] = table[text].fillna("")
    table["n"] = table["n"].astype("Int64")
    return table.set_index("key")


def check_claims(table: pd.DataFrame) -> list[str]:
    """Find what is wrong with a table of claims.

    Parameters
    ----------
    table : DataFrame
        As read from ``claims.csv``.

    Returns
    -------
    list of str
        One sentence a problem; empty for a sound table.
    """
    if tuple(table.columns) != CLAIM_COLUMNS:
        expected, got = ", ".join(CLAIM_COLUMNS), ", ".join(table.columns)
        return [f"expected the columns {expected} but got {got}; keep the header"]
    problems = [
        f"expected each key once but {key!r} comes twice; rename one"
        for key in table.loc[table["key"].duplicated(), "key"]
    ]
    for column in ("key", "system", "metric", "source"):
        for row in table.index[table[column].isna()]:
            problems.append(f"line {row + 2}: expected a {column} but got none; add it")
    values = pd.to_numeric(table["value"], errors="coerce")
    shares = table["metric"].isin(_PROPORTIONS)
    for row in table.index[values.isna() | (values < 0) | (shares & (values > 1))]:
        got = table.loc[row, "value"]
        problems.append(
            f"line {row + 2}: expected a number, a share in [0, 1], but got {got}; correct it"
        )
    return problems
