"""Model cards as tables for chapter 10, and how many lesions a promise of sensitivity takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import pandas as pd
from scipy.special import ndtri  # type: ignore[import-untyped]

from helpers.core import NAMES
from helpers.dataset import Source
from helpers.serving.cards import CARD_FILE, Card, Face, card_of_trial, read_card
from helpers.serving.model import BUNDLED
from helpers.statistics import Estimate, with_interval
from helpers.training import Trial

_SCORES = {
    "balanced_accuracy": "balanced accuracy, test",
    "accuracy": "accuracy, test",
    "malignant_auc": "AUC malignant against benign, test",
    "calibration_error": "calibration error, test",
    "sensitivity": "sensitivity at the threshold, test",
    "specificity": "specificity at the threshold, test",
}


def card_of_run(trial: Trial, source: Source) -> Card:
    """The card of a trial of a run, which knows where its pictures came from.

    Parameters
    ----------
    trial : Trial
        Finished.
    source : Source
        Of the run.
    """
    data = {"source": source.title} | ({"origin": "drawn"} if source.drawn else {})
    return card_of_trial(trial, data=data)


def bundled_card() -> Card | None:
    """The card of the model that lies in the repository, or None where there is none."""
    return read_card(BUNDLED) if (BUNDLED / CARD_FILE).is_file() else None


def cards_table(cards: Mapping[str, Card]) -> pd.DataFrame:
    """Cards beside each other, a row a field.

    Parameters
    ----------
    cards : mapping of str to Card
        By the title of the column.

    Returns
    -------
    DataFrame
        Indexed by ``field``; all texts, each score with its 95 % interval.
    """
    columns = {title: _rows(card) for title, card in cards.items()}
    table = pd.DataFrame(columns).rename_axis("field")
    order = list(dict.fromkeys(field for rows in columns.values() for field in rows))
    return table.reindex(order).fillna("not told")


def _rows(card: Card) -> dict[str, str]:
    face = card.faces["views"]
    height, width = card.image_size
    if card.target == "diagnosis":
        task = f"{len(card.classes)} diagnoses: {', '.join(NAMES[dx] for dx in card.classes)}"
    else:
        task = "benign or malignant"
    rows = {
        "name": card.name,
        "from": card.trial,
        "tells apart": task,
        "input": f"{width} x {height} pixels, RGB, 0 to 255",
        "contrast": "as it is"
        if card.clahe is None
        else f"CLAHE, clip limit {card.clahe.clip_limit:g}, {card.clahe.tiles} tiles a side",
        "learned from": _source(card),
        "views averaged": str(len(face.views)),
        "temperature": f"{face.temperature:.2f}",
        "malignant from": f"{face.malignant_threshold:.3f}, for a sensitivity of "
        f"{face.wanted_sensitivity:.0%} on validation",
    }
    if face.class_weights is not None:
        rows["malignant from"] += "; classes count in it by their frequency"
    rows |= {
        title: with_interval(score_of(face, "test", name), ".3f")
        for name, title in _SCORES.items()
        if name in face.scores.get("test", {})
    }
    return rows | {"may be used": card.licence, "notice": card.notice}


def _source(card: Card) -> str:
    title = str(card.data.get("source", "")).strip()
    splits = card.data.get("splits", {})
    counts = "; ".join(
        f"{name} {splits[name]['images']:,} images of {splits[name]['lesions']:,} lesions"
        for name in ("train", "valid", "test")
        if name in splits
    )
    return ": ".join(part for part in (title, counts) if part) or "not told"


def score_of(face: Face, split: str, name: str) -> Estimate:
    """A score of a card as an estimate."""
    score = face.scores[split][name]  # type: ignore[index]
    return Estimate(score.value, score.low, score.high, score.n)


def lesions_for_promise(sensitivity: float, at_least: float, level: float = 0.95) -> int:
    """Malignant lesions that a study needs before it may promise a sensitivity.

    Parameters
    ----------
    sensitivity : float
        What it will find, in (0, 1).
    at_least : float
        What the lower end of the interval must reach, below `sensitivity`.
    level : float, default=0.95
        Of Wilson's interval.

    Returns
    -------
    int
        The fewest with which Wilson's interval [1]_ around the sensitivity ends there, one
        picture each.

    Raises
    ------
    ValueError
        If the promise is not below what is found.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22 (1927).

    Examples
    --------
    >>> lesions_for_promise(0.95, 0.90)
    139
    """
    if not 0 < at_least < sensitivity < 1:
        raise ValueError(
            f"expected 0 < at_least < sensitivity < 1 but got {at_least} and {sensitivity}; a "
            "study shows less than it finds"
        )
    z = float(ndtri((1 + level) / 2))
    # The lower end is at_least where (sensitivity - at_least)^2 = z^2 at_least (1 - at_least) / n.
    return ceil(z**2 * at_least * (1 - at_least) / (sensitivity - at_least) ** 2)
