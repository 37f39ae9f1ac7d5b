"""The pictures of one visitor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.app_model import BLUE, GREEN, RED, ColourModel, RedGate, plain_picture

from helpers.serving.apps.upload_session import (
    MOST_PICTURES,
    SHOWN_SIZE,
    File,
    Reading,
    UploadSession,
    heat_of,
    overlay,
    read_one,
    short_file_name,
)


@pytest.fixture
def model(tmp_path: Path) -> ColourModel:
    """A model with a gate."""
    return ColourModel(tmp_path, gate=RedGate())


def analyse(model: ColourModel):  # type: ignore[no-untyped-def]
    """How a session asks it."""
    return lambda data, name: read_one(model, data, name)


def readable(files: list[tuple[str, bytes]]) -> list[File]:
    """Files as a session takes them: each is read when it is asked for."""
    return [(name, lambda data=data: data) for name, data in files]  # type: ignore[misc]


class Departure(BaseException):
    """How Streamlit ends a run whose visitor did something else."""


THREE = [("a.png", plain_picture(RED)), ("b.png", b"nothing"), ("c.png", plain_picture(GREEN))]


def test_reads_a_picture(model: ColourModel) -> None:
    """A reading has what the model sees, at two sizes, and what it says."""
    reading = read_one(model, plain_picture(RED), "a.png")
    assert reading.pixels.shape == (144, 192, 3)
    assert reading.shown.shape == (*SHOWN_SIZE, 3)
    assert reading.probabilities.sum() == pytest.approx(1)
    assert model.card.classes[reading.order()[0]] == "mel"
    assert 0 < reading.malignant < 1
    assert reading.accepted


def test_the_gate_decides(model: ColourModel) -> None:
    """A picture that the gate refuses is read all the same, and marked."""
    assert not read_one(model, plain_picture(BLUE), "b.png").accepted
    model.gate = None
    assert read_one(model, plain_picture(BLUE), "b.png").accepted


def test_one_bad_file_does_not_stop_the_others(model: ColourModel) -> None:
    """Good files are analysed; each bad one is named with its reason."""
    session = UploadSession()
    files = [
        ("good.png", plain_picture(RED)),
        ("page.jpg", b"<!DOCTYPE html><html></html>"),
        ("nothing.png", b""),
        ("cut.png", plain_picture(GREEN, (640, 480))[:200]),
        ("also good.png", plain_picture(BLUE)),
    ]
    told = []
    new = session.put(readable(files), analyse(model), lambda *args: told.append(args))
    assert new == 2
    assert [reading.name for reading in session.readings] == ["good.png", "also good.png"]
    assert [refusal.name for refusal in session.refusals] == ["page.jpg", "nothing.png", "cut.png"]
    assert [done for done, _, _ in told] == [0, 1, 2, 3, 4]
    session.put(readable([("third.png", plain_picture(GREEN))]), analyse(model))
    assert session.refusals == []
    assert session.readings[0].name == "third.png"


def test_the_same_picture_is_analysed_once(model: ColourModel) -> None:
    """Equal bytes are one picture, whatever their names."""
    session = UploadSession()
    files = readable([("a.png", plain_picture(RED)), ("b.png", plain_picture(RED))])
    session.put(files, analyse(model))
    assert len(session.readings) == 1
    assert [refusal.code for refusal in session.refusals] == ["repeated"]
    assert model.asked.count("predict") == 1


def test_a_tray_is_bounded(model: ColourModel) -> None:
    """Pictures beyond the limit are refused by name; room that is made is used."""
    session = UploadSession()
    files = readable([(f"{i}.png", plain_picture((200, i, 0))) for i in range(MOST_PICTURES + 2)])
    session.put(files, analyse(model))
    assert len(session.readings) == MOST_PICTURES
    assert [refusal.code for refusal in session.refusals] == ["session_full"] * 2
    session.take_out(session.readings[0].key)
    assert session.put(files[-1:], analyse(model)) == 1
    session.clear()
    assert session.readings == []


def test_files_beyond_the_limit_are_not_read(model: ColourModel) -> None:
    """However many files are put in, no more than the session keeps come into memory."""
    read: list[int] = []

    def reader(i: int) -> bytes:
        read.append(i)
        return plain_picture((200, i, 0))

    session = UploadSession()
    files = [(f"{i}.png", lambda i=i: reader(i)) for i in range(MOST_PICTURES + 5)]
    session.put(files, analyse(model))  # type: ignore[arg-type]
    assert read == list(range(MOST_PICTURES))
    assert [refusal.code for refusal in session.refusals] == ["session_full"] * 5


def test_an_unforeseen_error_loses_nothing_that_was_finished(model: ColourModel) -> None:
    """Readings before it are kept, and the next files are a new beginning."""

    def fails(data: bytes, name: str) -> Reading:
        if name == "c.png":
            raise RuntimeError("unforeseen")
        return read_one(model, data, name)  # type: ignore[arg-type]

    session = UploadSession()
    with pytest.raises(RuntimeError, match="unforeseen"):
        session.put(readable(THREE), fails, batch="one")
    assert [reading.name for reading in session.readings] == ["a.png"]
    session.put(readable([("d.png", plain_picture(BLUE))]), fails, batch="two")
    assert [reading.name for reading in session.readings] == ["d.png", "a.png"]
    assert session.refusals == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_was_cut_short_goes_on(model: ColourModel, at: int) -> None:
    """Nothing is analysed twice or called repeated, and refusals from before are still told."""
    session = UploadSession()

    def leave(done: int, total: int, name: str) -> None:
        if done == at:
            raise Departure

    with pytest.raises(Departure):
        session.put(readable(THREE), analyse(model), leave, batch="one")
    assert len(session.readings) == min(at, 1)
    session.put(readable(THREE), analyse(model), batch="one")
    assert [reading.name for reading in session.readings] == ["a.png", "c.png"]
    assert [refusal.name for refusal in session.refusals] == ["b.png"]
    assert model.asked.count("predict") == 2


def test_other_files_do_not_go_on_where_these_stopped(model: ColourModel) -> None:
    """Files of the same names in another upload are all looked at."""
    session = UploadSession()

    def leave(done: int, total: int, name: str) -> None:
        if done == 1:
            raise Departure

    with pytest.raises(Departure):
        session.put(readable(THREE), analyse(model), leave, batch="one")
    session.put(readable([("a.png", plain_picture(BLUE))]), analyse(model), batch="two")
    assert len(session.readings) == 2


def test_an_example_is_answered_whatever_the_gate_says(model: ColourModel) -> None:
    """It is marked as an example; the same picture from elsewhere is refused."""
    example = read_one(model, plain_picture(BLUE), "b.png", example=True)  # type: ignore[arg-type]
    assert example.example
    assert not example.accepted
    assert not example.refused
    assert read_one(model, plain_picture(BLUE), "b.png").refused  # type: ignore[arg-type]


def test_a_kept_picture_is_small(model: ColourModel) -> None:
    """However large the file, what is kept has the size that is shown."""
    reading = read_one(model, plain_picture(RED, (4000, 3000)), "large.png")
    kept = [value for value in vars(reading).values() if isinstance(value, np.ndarray)]
    assert sum(value.nbytes for value in kept) < 2_000_000


def test_maps_are_computed_once(model: ColourModel) -> None:
    """A second look at a map asks nobody."""
    reading = read_one(model, plain_picture(RED), "a.png")
    first = heat_of(model, reading, 4)  # type: ignore[arg-type]
    assert heat_of(model, reading, 4) is first  # type: ignore[arg-type]
    assert model.asked.count("heat 4") == 1


def test_an_overlay_is_between_picture_and_map(model: ColourModel) -> None:
    """Opacity 0 leaves the picture, and the warm side changes more than the cold at 1."""
    reading: Reading = read_one(model, plain_picture((128, 128, 128)), "a.png")
    heat = heat_of(model, reading, 0)  # type: ignore[arg-type]
    assert (overlay(reading.shown, heat, 0) == reading.shown).all()
    full = overlay(reading.shown, heat, 1).astype(int)
    assert full.shape == reading.shown.shape
    assert full[:, 0].sum() > full[:, -1].sum()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\skin.jpg", "skin.jpg"),
        ("a\nb\x00.png", "a b .png"),
        ("", "?"),
        ("皮膚.jpg", "皮膚.jpg"),
    ],
)
def test_names_are_shown_without_folders(name: str, expected: str) -> None:
    """Nothing but the file's own name is shown, on one line."""
    assert short_file_name(name) == expected


def test_long_names_are_cut_in_the_middle() -> None:
    """Beginning and suffix stay."""
    short = short_file_name("a" * 500 + ".jpg")
    assert len(short) <= 60
    assert short.endswith(".jpg")
