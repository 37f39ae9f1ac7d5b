"""Keras' own generator beside ours: what differs, seen by running both."""

from __future__ import annotations

from helpers.lessons.keras_generator import direction, generator_table


def test_directions_are_words() -> None:
    """Down and right are positive."""
    assert direction(3, 0) == "3 px down" and direction(0, -1) == "1 px left"
    assert direction(-2, 4) == "2 px up and 4 px right"


def test_what_keras_does_and_what_is_done_here() -> None:
    """Shifts exchanged, the centre lost, edges sampled otherwise, and a black picture."""
    table = generator_table().set_index("what")
    theirs, ours = table["Keras' generator"].to_list(), table["this book"].to_list()
    assert theirs[:3] == ["3 px up", "3 px left", "10 px left"]
    assert ours[:3] == ["3 px left", "3 px up", "not at all"]
    assert theirs[3] != ours[3] and theirs[4] != ours[4]
    assert [value.split(", ")[0] for value in theirs[3:5]] == [v.split(", ")[0] for v in ours[3:5]]
    assert theirs[5:] == ["0.00", "0.60"] and ours[5:] == ["0.60", "0.60"]
