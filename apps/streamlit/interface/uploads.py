"""How pictures come in: files, the camera, or drawn examples."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from helpers.core import APPS
from helpers.serving.apps import File, Wording
from helpers.serving.uploads import UPLOAD_MB
from interface import components

EXAMPLES = APPS / "examples"
_SOURCES = ("upload", "camera", "examples")
_ROUND = "intake_round"
_WIDTH = 196
"""Of an example, in pixels; as many stand beside each other as there is room for."""


@dataclass(frozen=True)
class Intake:
    """What came in at once: files, what tells them from others, and whether they are examples."""

    files: list[File] = field(default_factory=list)
    batch: Hashable = None
    examples: bool = False


@dataclass(frozen=True)
class Example:
    """A drawn picture that comes with the app."""

    path: Path
    dx: str
    text: Mapping[str, str]

    def file(self) -> File:
        """Its name, and what reads it."""
        return self.path.name, self.path.read_bytes


@st.cache_data(show_spinner=False)
def load_examples(folder: Path) -> list[Example]:
    """Examples that ``examples.json`` in a folder lists; none where it is missing."""
    listing = folder / "examples.json"
    if not listing.is_file():
        return []
    entries = json.loads(listing.read_text(encoding="utf-8"))["images"]
    found = [
        Example(folder / Path(entry["file"]).name, entry["dx"], entry["text"]) for entry in entries
    ]
    return [example for example in found if example.path.is_file()]


def start_again() -> None:
    """Empty the upload and the camera: what they held has been taken, and is not kept twice."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _examples(say: Wording) -> Intake:
    examples = load_examples(EXAMPLES)
    if not examples:
        components.show(components.empty(say("diagnosis.no_examples", folder="apps/examples")))
        return Intake()
    components.show(components.soft(say("diagnosis.examples_note")))
    chosen: list[File] = []
    with st.container(horizontal=True, gap="medium"):
        for example in examples:
            name = say(f"classes.{example.dx}.name")
            text = example.text.get(say.language, "")
            alt = say("diagnosis.drawn_as", name=name, text=text)
            with st.container(width=_WIDTH, key=f"db_example_{example.dx}"):
                components.show(components.stored_picture(example.path.read_bytes(), alt))
                if st.button(name, key=f"example_{example.dx}", width="stretch", help=text):
                    chosen = [example.file()]
    if st.button(say("diagnosis.add_all", n=len(examples)), key="example_all"):
        chosen = [example.file() for example in examples]
    return Intake(chosen, examples=True)


def take_in(say: Wording, gated: bool) -> Intake:
    """Draw the ways in, and return what came in since the last run.

    Parameters
    ----------
    say : Wording
    gated : bool
        Whether the model refuses pictures that are no dermoscopy.
    """
    source = st.segmented_control(
        say("diagnosis.source"),
        _SOURCES,
        format_func=lambda name: say(f"diagnosis.sources.{name}"),
        key="intake_source",
        default="upload",
        required=True,
        persist_state="session",
    )
    number = st.session_state.get(_ROUND, 0)
    if source == "upload":
        # Any type: what a file is, is decided by its content, and said in the app's language.
        files = st.file_uploader(
            say("diagnosis.upload"),
            accept_multiple_files=True,
            key=f"upload_{number}",
            max_upload_size=UPLOAD_MB,
        )
        files = files or []
        return Intake(
            [(file.name, file.getvalue) for file in files], tuple(file.file_id for file in files)
        )
    if source == "camera":
        shot = st.camera_input(say("diagnosis.camera"), key=f"camera_{number}")
        note = "camera_note" if gated else "camera_note_no_gate"
        components.show(components.soft(say(f"diagnosis.{note}")))
        if shot is None:
            return Intake()
        return Intake([(say("diagnosis.camera_name"), shot.getvalue)], shot.file_id)
    return _examples(say)
