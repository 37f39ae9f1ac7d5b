"""Where a model's pictures came from, and what a card may say of it because of that."""

from __future__ import annotations

from typing import Literal, get_args

import pandas as pd

from helpers.sample import has_drawn_ids
from helpers.serving.cards.card import Card

Provenance = Literal["drawn", "ham10000", "other"]
"""Drawn by the project, of HAM10000, or of a folder of which nothing else is known."""

NOTICES: dict[Provenance, str] = {
    "drawn": (
        "For teaching, not for diagnosis. The model has never seen a photograph of skin, and what "
        "it says of one means nothing."
    ),
    "ham10000": (
        "For teaching, not for diagnosis. The model has seen pictures from two clinics only, it is "
        "often wrong, and no doctor has checked it. See a doctor about your skin."
    ),
    "other": (
        "For teaching, not for diagnosis. Nobody has checked this model, and it is often wrong. "
        "See a doctor about your skin."
    ),
}

LICENCES: dict[Provenance, str] = {
    "drawn": "For anything: it learned from pictures that a program drew.",
    "ham10000": (
        "That of the pictures that it was trained on. A model trained on HAM10000 (CC BY-NC 4.0) "
        "is not for commercial use."
    ),
    "other": "That of the pictures that it was trained on.",
}

_IMAGES = (24306, 34320)
"""The first and the last number of an image of HAM10000."""


def provenance_of(table: pd.DataFrame) -> Provenance:
    """Where the pictures of a trial came from, as far as their names tell.

    A trial keeps no word about its source, so that the same pictures in another folder are the
    same trial; but the drawn sample and HAM10000 name their images and lesions each in their way.

    Parameters
    ----------
    table : DataFrame
        With ``image_id`` and ``lesion_id``, such as a trial's predictions.

    Examples
    --------
    >>> provenance_of(pd.DataFrame({"image_id": ["ISIC_9000005"], "lesion_id": ["HAM_9000052"]}))
    'drawn'
    >>> provenance_of(pd.DataFrame({"image_id": ["ISIC_0024308"], "lesion_id": ["HAM_0001477"]}))
    'ham10000'
    >>> provenance_of(pd.DataFrame({"image_id": ["mole"], "lesion_id": ["a"]}))
    'other'
    """
    if has_drawn_ids(table):
        return "drawn"
    images, lesions = table["image_id"].astype(str), table["lesion_id"].astype(str)
    if not len(table) or not lesions.str.fullmatch(r"HAM_000\d{4}").all():
        return "other"
    return "ham10000" if has_ham10000_ids(images).all() else "other"


def has_ham10000_ids(image_id: pd.Series) -> pd.Series:
    """Whether each image is named as one of HAM10000 is: bool, of the same length.

    >>> has_ham10000_ids(pd.Series(["ISIC_0024308", "ISIC_0034524", "mole"])).tolist()
    [True, False, False]
    """
    numbers = pd.to_numeric(image_id.astype(str).str.extract(r"^ISIC_(\d{7})$", expand=False))
    return numbers.between(*_IMAGES)


def provenance_of_card(card: Card) -> Provenance:
    """Where the pictures came from that a card's model learned from.

    Cards that were written without ``data["origin"]`` are asked for the title of their source.
    """
    known = card.data.get("origin")
    for origin in get_args(Provenance):
        if known == origin:
            return origin  # type: ignore[no-any-return]
    title = str(card.data.get("source", "")).casefold()
    if title.startswith("drawn sample ("):
        return "drawn"
    return "ham10000" if title.startswith("ham10000") else "other"
