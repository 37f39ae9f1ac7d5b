"""Results to take away: a table and pages, made when they are asked for."""

from __future__ import annotations

import streamlit as st

from helpers.serving.apps import (
    Reading,
    Result,
    SharedModel,
    UploadSession,
    Wording,
    heat_of,
    overlay,
    results_csv,
    results_pdf,
)
from interface.refusals import reason_of

_OPACITY = 0.45


def _result(say: Wording, shared: SharedModel, reading: Reading, anyway: bool) -> Result:
    notes = [say(f"notes.{note}") for note in reading.notes]
    if reading.refused and not anyway:
        return Result(reading.name, refusal=say("gate.title"), notes=tuple(notes))
    if reading.example:
        drawn = say("diagnosis.example_drawn") + say("bar.stop")
        notes = [drawn, *([] if reading.accepted else [say("gate.example")]), *notes]
    elif reading.refused:
        notes = [f"{say('gate.title')}. {say('gate.anyway_warning')}", *notes]
    heat = shared.ask(heat_of, reading, reading.order()[0])
    return Result(
        reading.name,
        probabilities=reading.probabilities,
        malignant=reading.malignant,
        notes=tuple(notes),
        picture=reading.shown,
        overlay=overlay(reading.shown, heat, _OPACITY),
    )


def _results(
    say: Wording, shared: SharedModel, session: UploadSession, anyway: bool
) -> list[Result]:
    """All that was put in: what was analysed, and what was refused and why."""
    analysed = [_result(say, shared, reading, anyway) for reading in session.readings]
    bad = [Result(entry.name, refusal=reason_of(say, entry)) for entry in session.refusals]
    return analysed + bad


def downloads(
    say: Wording, shared: SharedModel, session: UploadSession, threshold: float, anyway: bool
) -> None:
    """Draw the buttons that download the results."""
    card = shared.model.card

    def table() -> bytes:
        return results_csv(_results(say, shared, session, anyway), card, threshold, say.values)

    def pages() -> bytes:
        return results_pdf(_results(say, shared, session, anyway), card, threshold, say.values)

    for kind, make, mime in (("csv", table, "text/csv"), ("pdf", pages, "application/pdf")):
        st.download_button(
            say(f"diagnosis.download_{kind}"),
            data=make,
            file_name=f"dermbook-results.{kind}",
            mime=mime,
            icon=":material/download:",
            on_click="ignore",
            key=f"download_{kind}",
        )
