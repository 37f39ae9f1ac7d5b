"""The model that all sessions share."""

from __future__ import annotations

import os

import streamlit as st

from face import pieces
from helpers.core import DermBookError
from helpers.serving.apps import MODEL_VARIABLE, ModelDesk, Wording
from helpers.serving.apps import shared_model as desk


@st.cache_resource(show_spinner=False)
def _desk(spec: str | None) -> ModelDesk:
    return desk.open_desk(spec)


def serving() -> ModelDesk:
    """The desk of the model that the environment names; made once for all sessions.

    Raises
    ------
    DermBookError
        If there is no such model; tried again at the next call.
    """
    return _desk(os.environ.get(MODEL_VARIABLE) or None)


def say_missing(error: DermBookError, say: Wording) -> None:
    """Say that there is no model, and why."""
    detail = say("errors.model_missing_detail", detail=str(error))
    pieces.show(pieces.warning(say("errors.model_missing"), [detail]))
