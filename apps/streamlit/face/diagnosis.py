"""The diagnosis page: pictures in, a card each with what the model says and where it looks."""

from __future__ import annotations

from math import floor

import streamlit as st

from face import pieces
from face.intake import Intake, start_again, take_in
from face.language import words
from face.model import say_missing, serving
from face.reasons import reason_of
from face.results import downloads
from helpers.core import COLOURS, DermBookError
from helpers.serving.apps import (
    MOST_PICTURES,
    ModelDesk,
    Reading,
    Tray,
    Wording,
    heat_of,
    overlay,
    probability_text,
    read_one,
)
from helpers.serving.model import operation_at
from helpers.statistics import Estimate

_TOP = 4
_OPACITY = 45


def _tray() -> Tray:
    return st.session_state.setdefault("tray", Tray())


def diagnosis_name(say: Wording, name: str) -> str:
    """What a class of the model is called."""
    found = say.find(f"classes.{name}.name") or say.find(f"kinds.{name}.name")
    return found if isinstance(found, str) else name


def _analyse(say: Wording, desk: ModelDesk, tray: Tray, intake: Intake) -> None:
    text = "" if desk.ready else say("diagnosis.progress_model")
    total = len(intake.files)
    bar = st.progress(0.0, text or say("diagnosis.progress", done=1, total=total, name=""))

    def analyse(data: bytes, name: str) -> Reading:
        return desk.ask(read_one, data, name, example=intake.examples)

    def progress(done: int, total: int, name: str) -> None:
        # The first picture waits for the model, which takes longer than all others.
        if done or desk.ready:
            line = say("diagnosis.progress", done=done + 1, total=total, name=name)
            bar.progress(done / total, line)

    try:
        tray.put(intake.files, analyse, progress, intake.batch)
    except Exception:
        # Else the same file would fail again at each run. A run that is cut short because the
        # visitor did something is no Exception: it goes on with what is still in the upload.
        start_again()
        raise
    start_again()
    bar.empty()
    st.rerun()


def _interval(say: Wording, estimate: Estimate) -> str:
    return say(
        "diagnosis.interval",
        low=pieces.percent(estimate.low),
        high=pieces.percent(estimate.high),
        n=f"{estimate.n:,}",
    )


def _threshold(say: Wording, desk: ModelDesk) -> float:
    """Draw the threshold and what it means; the one that is chosen."""
    face = desk.model.card.faces["views"]
    # Downwards, so that the sensitivity that was wanted is kept.
    chosen = floor(face.malignant_threshold * 100) / 100
    with st.container(border=True):
        left, right = st.columns([5, 6], gap="large")
        with left:
            threshold = st.slider(
                say("diagnosis.threshold"),
                0.0,
                1.0,
                value=chosen,
                step=0.01,
                format="%.2f",
                help=say(f"diagnosis.malignant_help.{desk.model.card.target}"),
                key="threshold",
                persist_state="session",
            )
            wanted = pieces.percent(face.wanted_sensitivity)
            text = say("diagnosis.threshold_chosen", wanted=wanted, threshold=f"{chosen:.2f}")
            pieces.show(pieces.soft(text))
        with right:
            if desk.points is None:
                pieces.show(pieces.soft(say("diagnosis.threshold_unknown")))
            else:
                at = operation_at(desk.points, threshold)
                parts = [
                    pieces.tile(
                        say(f"diagnosis.{name}"), pieces.percent(value.value), _interval(say, value)
                    )
                    for name, value in (("found", at.sensitivity), ("cleared", at.specificity))
                ]
                pieces.show(pieces.tiles(parts, kind="db-plain"))
    return float(threshold)


def _draw_picture(say: Wording, desk: ModelDesk, reading: Reading) -> None:
    """Draw the picture with its map, and what chooses the map."""
    place = st.empty()
    classes = desk.model.card.classes
    index = st.selectbox(
        say("diagnosis.map_class"),
        reading.order(),
        format_func=lambda i: diagnosis_name(say, classes[i]),
        key=f"map_{reading.key}",
        persist_state="session",
    )
    opacity = st.slider(
        say("diagnosis.map_opacity"),
        0,
        100,
        value=_OPACITY,
        step=5,
        format="%d %%",
        key=f"opacity_{reading.key}",
        persist_state="session",
    )
    pixels, alt = reading.shown, say("diagnosis.map_alt", name=reading.name)
    if opacity:
        heat = desk.ask(heat_of, reading, index)
        pixels = overlay(pixels, heat, opacity / 100)
        diagnosis = diagnosis_name(say, classes[index])
        alt = say("diagnosis.map_alt_heat", name=reading.name, diagnosis=diagnosis)
    place.html(pieces.picture(pixels, alt))
    pieces.show(pieces.soft(say("diagnosis.map_note")))


def _draw_answer(say: Wording, desk: ModelDesk, reading: Reading, threshold: float) -> None:
    """Draw the probabilities, the malignant score and a note on the first class."""
    classes = desk.model.card.classes
    order = reading.order()[:_TOP]
    rows = [
        pieces.Bar(
            diagnosis_name(say, classes[i]),
            float(reading.probabilities[i]),
            (probability_text(float(reading.probabilities[i])),),
            COLOURS.get(classes[i], pieces.ACCENT),
        )
        for i in order
    ]
    caption = say("diagnosis.probabilities_caption", name=reading.name, k=len(order))
    heads = [say("diagnosis.diagnosis_column"), say("diagnosis.probability_column")]
    table = pieces.bars(caption, heads, rows, first=True)
    pieces.show(pieces.subtitle(say("diagnosis.probabilities")) + table)
    first = classes[order[0]]
    if isinstance(note := say.find(f"classes.{first}.note"), str):
        pieces.show(pieces.about(diagnosis_name(say, first) + say("bar.stop"), note))
    side = "above" if reading.malignant >= threshold else "below"
    pieces.show(
        pieces.subtitle(say("diagnosis.malignant"))
        + pieces.meter(
            reading.malignant,
            threshold,
            say(f"diagnosis.{side}", threshold=f"{threshold:.2f}"),
            f"{reading.malignant:.2f}",
            say(f"diagnosis.{side}_note"),
        )
    )


@st.fragment
def _draw_card(key: str, threshold: float, anyway: bool) -> None:
    """Draw one picture's card; its controls draw it alone again."""
    say, desk, tray = words(), serving(), _tray()
    reading = next((entry for entry in tray.readings if entry.key == key), None)
    if reading is None:
        return
    shown = not reading.refused or anyway
    with st.container(border=True):
        title, button = st.columns([5, 1], vertical_alignment="center")
        with title:
            pieces.show(pieces.heading(reading.name))
        with button:
            label = say("diagnosis.remove_one", name=reading.name)
            if st.button(say("diagnosis.remove"), help=label, key=f"remove_{key}", width="stretch"):
                tray.take_out(key)
                st.rerun()
        left, right = st.columns([5, 6], gap="large")
        # The answer first: the map takes longer.
        with right:
            if reading.example:
                texts = [] if reading.accepted else [say("gate.example")]
                pieces.show(pieces.warning(say("diagnosis.example_drawn"), texts=texts))
            elif reading.refused:
                parts = ("anyway_warning",) if shown else ("text", "advice")
                texts = [say(f"gate.{part}") for part in parts]
                pieces.show(pieces.warning(say("gate.title"), texts=texts))
            if shown:
                _draw_answer(say, desk, reading, threshold)
            if reading.notes:
                pieces.show(pieces.soft(" ".join(say(f"notes.{note}") for note in reading.notes)))
        with left:
            if shown:
                _draw_picture(say, desk, reading)
            else:
                alt = say("diagnosis.map_alt", name=reading.name)
                pieces.show(pieces.picture(reading.shown, alt))


def _draw_results(say: Wording, desk: ModelDesk, tray: Tray) -> None:
    st.header(say("diagnosis.results"), anchor=False)
    threshold = _threshold(say, desk)
    n = len(tray.readings)
    refused = any(reading.refused for reading in tray.readings)
    with st.container(horizontal=True, vertical_alignment="center", key="db_tools"):
        pieces.show(pieces.soft(say("diagnosis.n_pictures", n=n, most=MOST_PICTURES)))
        anyway = False
        if refused:
            anyway = st.toggle(
                say("gate.anyway"),
                value=False,
                help=say("gate.anyway_warning"),
                key="anyway",
                persist_state="session",
            )
        downloads(say, desk, tray, threshold, anyway)
        st.button(say("diagnosis.clear"), on_click=tray.clear, key="clear")
    for reading in tray.readings:
        _draw_card(reading.key, threshold, anyway)


def draw() -> None:
    """Draw the page."""
    say = words()
    st.title(say("diagnosis.title"), anchor=False)
    pieces.show(pieces.lead(say("diagnosis.lead")))
    try:
        desk = serving()
    except DermBookError as error:
        say_missing(error, say)
        return
    tray = _tray()
    gated = desk.model.gate is not None
    if not gated:
        pieces.show(pieces.soft(say("gate.none")))
    intake = take_in(say, gated)
    if intake.files:
        try:
            _analyse(say, desk, tray, intake)
        except DermBookError as error:
            say_missing(error, say)
    if tray.refusals:
        reasons = [
            say("diagnosis.refused_file", name=refusal.name, reason=reason_of(say, refusal))
            for refusal in tray.refusals
        ]
        pieces.show(pieces.warning(say("diagnosis.refused_files"), reasons))
    if tray.readings:
        _draw_results(say, desk, tray)
    else:
        pieces.show(pieces.empty(say("diagnosis.empty")))
