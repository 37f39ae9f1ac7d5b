"""The diagnosis page: pictures in, a card each with what the model says and where it looks."""

from __future__ import annotations

from math import floor

import streamlit as st

from helpers.core import COLOURS, DermBookError
from helpers.serving.apps import (
    MOST_PICTURES,
    Reading,
    SharedModel,
    UploadSession,
    Wording,
    heat_of,
    overlay,
    probability_text,
    read_one,
)
from helpers.serving.model import operation_at
from helpers.statistics import Estimate
from interface import components
from interface.language import words
from interface.model import say_missing, serving
from interface.refusals import reason_of
from interface.results import downloads
from interface.uploads import Intake, start_again, take_in

_TOP = 4
_OPACITY = 45


def _session() -> UploadSession:
    return st.session_state.setdefault("session", UploadSession())


def diagnosis_name(say: Wording, name: str) -> str:
    """What a class of the model is called."""
    found = say.find(f"classes.{name}.name") or say.find(f"kinds.{name}.name")
    return found if isinstance(found, str) else name


def _analyse(say: Wording, shared: SharedModel, session: UploadSession, intake: Intake) -> None:
    text = "" if shared.ready else say("diagnosis.progress_model")
    total = len(intake.files)
    bar = st.progress(0.0, text or say("diagnosis.progress", done=1, total=total, name=""))

    def analyse(data: bytes, name: str) -> Reading:
        return shared.ask(read_one, data, name, example=intake.examples)

    def progress(done: int, total: int, name: str) -> None:
        # The first picture waits for the model, which takes longer than all others.
        if done or shared.ready:
            line = say("diagnosis.progress", done=done + 1, total=total, name=name)
            bar.progress(done / total, line)

    try:
        session.put(intake.files, analyse, progress, intake.batch)
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
        low=components.percent(estimate.low),
        high=components.percent(estimate.high),
        n=f"{estimate.n:,}",
    )


def _threshold(say: Wording, shared: SharedModel) -> float:
    """Draw the threshold and what it means; the one that is chosen."""
    face = shared.model.card.faces["views"]
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
                help=say(f"diagnosis.malignant_help.{shared.model.card.target}"),
                key="threshold",
                persist_state="session",
            )
            wanted = components.percent(face.wanted_sensitivity)
            text = say("diagnosis.threshold_chosen", wanted=wanted, threshold=f"{chosen:.2f}")
            components.show(components.soft(text))
        with right:
            if shared.points is None:
                components.show(components.soft(say("diagnosis.threshold_unknown")))
            else:
                at = operation_at(shared.points, threshold)
                parts = [
                    components.tile(
                        say(f"diagnosis.{name}"),
                        components.percent(value.value),
                        _interval(say, value),
                    )
                    for name, value in (("found", at.sensitivity), ("cleared", at.specificity))
                ]
                components.show(components.tiles(parts, kind="db-plain"))
    return float(threshold)


def _draw_picture(say: Wording, shared: SharedModel, reading: Reading) -> None:
    """Draw the picture with its map, and what chooses the map."""
    place = st.empty()
    classes = shared.model.card.classes
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
        heat = shared.ask(heat_of, reading, index)
        pixels = overlay(pixels, heat, opacity / 100)
        diagnosis = diagnosis_name(say, classes[index])
        alt = say("diagnosis.map_alt_heat", name=reading.name, diagnosis=diagnosis)
    place.html(components.picture(pixels, alt))
    components.show(components.soft(say("diagnosis.map_note")))


def _draw_answer(say: Wording, shared: SharedModel, reading: Reading, threshold: float) -> None:
    """Draw the probabilities, the malignant score and a note on the first class."""
    classes = shared.model.card.classes
    order = reading.order()[:_TOP]
    rows = [
        components.Bar(
            diagnosis_name(say, classes[i]),
            float(reading.probabilities[i]),
            (probability_text(float(reading.probabilities[i])),),
            COLOURS.get(classes[i], components.ACCENT),
        )
        for i in order
    ]
    caption = say("diagnosis.probabilities_caption", name=reading.name, k=len(order))
    heads = [say("diagnosis.diagnosis_column"), say("diagnosis.probability_column")]
    table = components.bars(caption, heads, rows, first=True)
    components.show(components.subtitle(say("diagnosis.probabilities")) + table)
    first = classes[order[0]]
    if isinstance(note := say.find(f"classes.{first}.note"), str):
        components.show(components.about(diagnosis_name(say, first) + say("bar.stop"), note))
    side = "above" if reading.malignant >= threshold else "below"
    components.show(
        components.subtitle(say("diagnosis.malignant"))
        + components.meter(
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
    say, shared, session = words(), serving(), _session()
    reading = next((entry for entry in session.readings if entry.key == key), None)
    if reading is None:
        return
    shown = not reading.refused or anyway
    with st.container(border=True):
        title, button = st.columns([5, 1], vertical_alignment="center")
        with title:
            components.show(components.heading(reading.name))
        with button:
            label = say("diagnosis.remove_one", name=reading.name)
            if st.button(say("diagnosis.remove"), help=label, key=f"remove_{key}", width="stretch"):
                session.take_out(key)
                st.rerun()
        left, right = st.columns([5, 6], gap="large")
        # The answer first: the map takes longer.
        with right:
            if reading.example:
                texts = [] if reading.accepted else [say("gate.example")]
                components.show(components.warning(say("diagnosis.example_drawn"), texts=texts))
            elif reading.refused:
                parts = ("anyway_warning",) if shown else ("text", "advice")
                texts = [say(f"gate.{part}") for part in parts]
                components.show(components.warning(say("gate.title"), texts=texts))
            if shown:
                _draw_answer(say, shared, reading, threshold)
            if reading.notes:
                components.show(
                    components.soft(" ".join(say(f"notes.{note}") for note in reading.notes))
                )
        with left:
            if shown:
                _draw_picture(say, shared, reading)
            else:
                alt = say("diagnosis.map_alt", name=reading.name)
                components.show(components.picture(reading.shown, alt))


def _draw_results(say: Wording, shared: SharedModel, session: UploadSession) -> None:
    st.header(say("diagnosis.results"), anchor=False)
    threshold = _threshold(say, shared)
    n = len(session.readings)
    refused = any(reading.refused for reading in session.readings)
    with st.container(horizontal=True, vertical_alignment="center", key="db_tools"):
        components.show(components.soft(say("diagnosis.n_pictures", n=n, most=MOST_PICTURES)))
        anyway = False
        if refused:
            anyway = st.toggle(
                say("gate.anyway"),
                value=False,
                help=say("gate.anyway_warning"),
                key="anyway",
                persist_state="session",
            )
        downloads(say, shared, session, threshold, anyway)
        st.button(say("diagnosis.clear"), on_click=session.clear, key="clear")
    for reading in session.readings:
        _draw_card(reading.key, threshold, anyway)


def draw() -> None:
    """Draw the page."""
    say = words()
    st.title(say("diagnosis.title"), anchor=False)
    components.show(components.lead(say("diagnosis.lead")))
    try:
        shared = serving()
    except DermBookError as error:
        say_missing(error, say)
        return
    session = _session()
    gated = shared.model.gate is not None
    if not gated:
        components.show(components.soft(say("gate.none")))
    intake = take_in(say, gated)
    if intake.files:
        try:
            _analyse(say, shared, session, intake)
        except DermBookError as error:
            say_missing(error, say)
    if session.refusals:
        reasons = [
            say("diagnosis.refused_file", name=refusal.name, reason=reason_of(say, refusal))
            for refusal in session.refusals
        ]
        components.show(components.warning(say("diagnosis.refused_files"), reasons))
    if session.readings:
        _draw_results(say, shared, session)
    else:
        components.show(components.empty(say("diagnosis.empty")))
