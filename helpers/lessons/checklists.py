"""Two scores by which dermatologists weigh a melanocytic lesion: ABCD rule, seven-point list."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

COLOURS = ("white", "red", "light brown", "dark brown", "blue-grey", "black")
"""The colours that the ABCD rule of dermoscopy counts."""

STRUCTURES = ("network", "structureless areas", "branched streaks", "dots", "globules")
"""The structures that the ABCD rule of dermoscopy counts."""

SUSPICIOUS, MELANOMA = 4.75, 5.45
"""Total dermoscopy scores from which a lesion is suspicious, and above which melanoma is likely."""

SEVEN_POINTS: dict[str, int] = {
    "atypical pigment network": 2,
    "blue-white veil": 2,
    "atypical vascular pattern": 2,
    "irregular streaks": 1,
    "irregular dots and globules": 1,
    "irregular blotches": 1,
    "regression structures": 1,
}
"""Points of each criterion of the seven-point checklist: three major and four minor ones."""

SEVEN_POINT_CUTOFF = 3

DRAWN_NAMES: dict[str, str] = {
    "atypical_network": "atypical pigment network",
    "blue_white_veil": "blue-white veil",
    "streaks": "irregular streaks",
    "irregular_dots_globules": "irregular dots and globules",
    "regression_structures": "regression structures",
}
"""Names in the seven-point checklist of criteria as a drawn sample records them."""


def total_dermoscopy_score(
    asymmetry: int, border: int, colours: Iterable[str] | int, structures: Iterable[str] | int
) -> float:
    """Total dermoscopy score (TDS) of the ABCD rule of dermoscopy.

    Parameters
    ----------
    asymmetry : int
        Axes, of two at right angles, across which shape, colours or structures differ: 0 to 2.
    border : int
        Eighths of the border where the pigment ends abruptly: 0 to 8.
    colours : iterable of str or int
        Those of `COLOURS` that are there, or their number: 1 to 6.
    structures : iterable of str or int
        Those of `STRUCTURES` that are there, or their number: 1 to 5.

    Returns
    -------
    float
        ``1.3 A + 0.1 B + 0.5 C + 0.5 D``, from 1.0 to 8.9.

    Raises
    ------
    ValueError
        If a count is out of its range or a name is not in the list.

    References
    ----------
    .. [1] Nachbar et al., "The ABCD rule of dermatoscopy", J. Am. Acad. Dermatol. 30 (1994).

    Examples
    --------
    >>> total_dermoscopy_score(2, 4, 4, ["network", "dots", "globules"])
    6.5
    """
    counts = {
        "asymmetry": (asymmetry, 0, 2),
        "border": (border, 0, 8),
        "colours": (_count(colours, COLOURS, "colours"), 1, 6),
        "structures": (_count(structures, STRUCTURES, "structures"), 1, 5),
    }
    for name, (count, least, most) in counts.items():
        if count != int(count) or not least <= count <= most:
            raise ValueError(
                f"{name}: expected a whole number from {least} to {most} but got {count}; "
                "count again"
            )
    a, b, c, d = (count for count, _, _ in counts.values())
    return round(1.3 * a + 0.1 * b + 0.5 * c + 0.5 * d, 2)


def read_score(score: float) -> str:
    """What a total dermoscopy score stands for.

    Parameters
    ----------
    score : float
        Of `total_dermoscopy_score`.

    Returns
    -------
    str
        "benign" below 4.75, "suspicious" to 5.45, "suspect for melanoma" above it.

    Examples
    --------
    >>> [read_score(score) for score in (4.7, 4.75, 5.45, 5.5)]
    ['benign', 'suspicious', 'suspicious', 'suspect for melanoma']
    """
    if score < SUSPICIOUS:
        return "benign"
    return "suspicious" if score <= MELANOMA else "suspect for melanoma"


def seven_point_score(found: Iterable[str]) -> int:
    """Score of the seven-point checklist.

    Parameters
    ----------
    found : iterable of str
        Those of `SEVEN_POINTS` that are there; each counts once.

    Returns
    -------
    int
        From 0 to 10; from 3 on, melanoma is suspected.

    Raises
    ------
    ValueError
        If a criterion is not in the list.

    References
    ----------
    .. [1] Argenziano et al., "Epiluminescence microscopy for the diagnosis of doubtful
       melanocytic skin lesions", Arch. Dermatol. 134 (1998).

    Examples
    --------
    >>> seven_point_score(["blue-white veil", "irregular streaks"])
    3
    """
    names = set(found)
    _check_names(names, tuple(SEVEN_POINTS), "criteria")
    return sum(SEVEN_POINTS[name] for name in names)


def published_accuracy() -> pd.DataFrame:
    """How well doctors told melanoma from nevus by these scores, as published.

    Returns
    -------
    DataFrame
        ``rule, judged, melanomas, nevi`` (numbers of lesions), ``sensitivity`` and
        ``specificity`` (shares), and ``source``.

    References
    ----------
    .. [1] Nachbar et al., J. Am. Acad. Dermatol. 30 (1994) 551-559 (64 of 69 and 93 of 103).
    .. [2] Argenziano et al., Arch. Dermatol. 134 (1998) 1563-1570.
    .. [3] Ahnlide et al., Acta Derm. Venereol. 96 (2016) 367-372.
    """
    columns = ["rule", "judged", "melanomas", "nevi", "sensitivity", "specificity", "source"]
    rows = [
        [
            "ABCD rule",
            "before excision, by its authors",
            69,
            103,
            64 / 69,
            93 / 103,
            "Nachbar 1994",
        ],
        ["ABCD rule", "at the bedside, in routine", 46, 263, 0.83, 0.45, "Ahnlide 2016"],
        ["seven points", "from pictures, by its authors", 117, 225, 0.95, 0.75, "Argenziano 1998"],
    ]
    return pd.DataFrame(rows, columns=columns)


def _count(given: Iterable[str] | int, known: tuple[str, ...], what: str) -> int:
    if isinstance(given, int):
        return given
    names = {given} if isinstance(given, str) else set(given)
    _check_names(names, known, what)
    return len(names)


def _check_names(names: set[str], known: tuple[str, ...], what: str) -> None:
    unknown = sorted(names - set(known))
    if unknown:
        raise ValueError(
            f"{what}: expected names among {', '.join(known)} but got {', '.join(unknown)}; "
            "correct them"
        )
