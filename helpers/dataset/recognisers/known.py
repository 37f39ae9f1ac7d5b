"""All layouts that are known, in the order in which they are asked."""

from __future__ import annotations

from helpers.dataset.reading import Recogniser
from helpers.dataset.recognisers.archive import bcn20000, derm7pt, isic_archive, pad_ufes_20, ph2
from helpers.dataset.recognisers.challenges import isic_2020, one_hot
from helpers.dataset.recognisers.folders import folder_per_class
from helpers.dataset.recognisers.ham10000 import ham10000

BY_TABLE: tuple[Recogniser, ...] = (
    ham10000,
    one_hot,
    isic_2020,
    isic_archive,
    pad_ufes_20,
    ph2,
    derm7pt,
    bcn20000,
)
"""Layouts whose labels stand in a table."""

BY_FOLDER: tuple[Recogniser, ...] = (folder_per_class,)
"""Layouts that are only asked where no table is known."""
