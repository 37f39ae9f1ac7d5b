"""Keras' own generator beside ours: what differs, and what does not, seen by running both."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.lessons.keras_generator import WHY_UNLIKE, direction, generator_table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Both programs, row by row."""
    return generator_table()


def of(table: pd.DataFrame, subject: str) -> tuple[list[str], list[str]]:
    """What Keras does, and what is done here."""
    rows = table[table["subject"] == subject]
    return rows["Keras' generator"].to_list(), rows["this book"].to_list()


def test_directions_are_words() -> None:
    """Down and right are positive."""
    assert direction(3, 0) == "3 px down" and direction(0, -1) == "1 px left"
    assert direction(-2, 4) == "2 px up and 4 px right"


def test_turn_shear_and_zoom_are_the_same(table: pd.DataFrame) -> None:
    """Anticlockwise, to the side, and towards the middle for a factor above 1."""
    theirs, ours = of(table, "turn, shear and zoom")
    assert theirs == ours
    assert ours == ["8 px up and 8 px left", "1 px down and 4 px right", "4 px left"]


def test_keras_exchanges_shifts_and_loses_the_centre(table: pd.DataFrame) -> None:
    """Ours follow their names, and the middle of an oblong picture stays."""
    assert of(table, "shift") == (["3 px up", "3 px left"], ["3 px left", "3 px up"])
    assert of(table, "centre") == (["10 px left"], ["not at all"])


def test_two_fills_are_alike_and_two_are_not(table: pd.DataFrame) -> None:
    """The published trials fill with the nearest pixel, which both libraries do alike."""
    edges = table[table["subject"] == "edge"].set_index("what")
    same = edges["Keras' generator"] == edges["this book"]
    same.index = same.index.str.rpartition(" ").get_level_values(2)
    assert same.to_dict() == {"constant": False, "nearest": True, "reflect": True, "wrap": False}


def test_brightness_blackens_what_was_scaled_before(table: pd.DataFrame) -> None:
    """Half grey times 1.2 is 0.6 of white; from values in 0..1 Keras makes nothing of it."""
    assert of(table, "brightness") == (["60%", "0%"], ["60%", "60%"])


def test_every_difference_is_explained(table: pd.DataFrame) -> None:
    """Each subject has its sentence."""
    assert set(table["subject"]) == set(WHY_UNLIKE)
