"""Whether a data set's diagnoses are those that this process tells apart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from helpers.core import CLASSES, CLASSES_VARIABLE, DataError, format_classes, name_some
from helpers.dataset.vocabulary import class_order


def check_classes(catalogue: pd.DataFrame) -> None:
    """Raise where a catalogue has diagnoses that this process does not tell apart.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx``.

    Raises
    ------
    DataError
        Naming them, and how to start a process that does.
    """
    strange = set(catalogue["dx"]) - set(CLASSES)
    if strange:
        codes = class_order(catalogue["dx"])
        raise DataError(
            f"expected the diagnoses {', '.join(CLASSES)} but got "
            f"{name_some(sorted(strange))} too; 'dermbook report' sees to it by itself; start "
            "Jupyter or Python with "
            f"{CLASSES_VARIABLE}='{format_classes(codes)}' (! marks what is malignant)"
        )


def needed_classes(codes: Sequence[str], *, fixed: bool) -> str | None:
    """What the variable has to be for a data set; None where this process will do.

    Parameters
    ----------
    codes : sequence of str
        The diagnoses that are there, in order.
    fixed : bool
        Whether the data set stands for the seven of HAM10000, even where some are absent.
    """
    if (fixed and set(codes) <= set(CLASSES)) or tuple(codes) == CLASSES:
        return None
    return format_classes(tuple(codes))
