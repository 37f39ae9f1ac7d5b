"""What layouts with several tables share: putting tables on end, and beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from helpers.dataset.picture_names import folded_key
from helpers.dataset.reading import NamedTable

FACTS = {
    "lesion_id": ("lesion_id",),
    "patient_id": ("patient_id",),
    "age": ("age_approx", "age"),
    "sex": ("sex", "gender"),
    "localization": (
        "anatom_site_general", "anatom_site_general_challenge", "site", "localization",
    ),
    "dx_type": ("diagnosis_confirm_type", "dx_type"),
}  # fmt: skip
"""Our columns by the names that the ISIC archive and its challenges have for them."""


def facts_of(table: NamedTable) -> dict[str, str]:
    """Which of a table's columns say what of a picture: ours to theirs."""
    return {
        ours: next(name for name in names if name in table.columns)
        for ours, names in FACTS.items()
        if any(name in table.columns for name in names)
    }


def on_end(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several tables, one after the other; what one does not know is empty."""
    return pd.concat(parts, ignore_index=True).fillna("")


def beside(rows: pd.DataFrame, tables: Iterable[NamedTable], keys: Sequence[str]) -> pd.DataFrame:
    """Rows with what other tables know of the same pictures, where they know it first.

    Parameters
    ----------
    rows : DataFrame
        With ``key``.
    tables : iterable of NamedTable
        Those without one of ``keys``, and without facts, are passed over.
    keys : sequence of str
        Columns that may name the picture.
    """
    wanted = rows["key"].map(folded_key)
    for table in tables:
        key = next((name for name in keys if name in table.columns), None)
        facts = {ours: theirs for ours, theirs in facts_of(table).items() if theirs != key}
        if key is None or not facts:
            continue
        places = pd.Series(table.column(key).map(folded_key).to_numpy())
        first = pd.Series(places.index, index=places).groupby(level=0).first()
        at = wanted.map(first)
        for ours, theirs in facts.items():
            values = table.column(theirs).reset_index(drop=True)
            known = at.map(values).fillna("")
            rows[ours] = rows[ours].mask(rows[ours] == "", known) if ours in rows else known
    return rows
