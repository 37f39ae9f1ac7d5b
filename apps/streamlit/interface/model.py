"""The model that all sessions share."""

from __future__ import annotations

import os

import streamlit as st

from helpers.core import DermBookError
from helpers.serving.apps import MODEL_VARIABLE, SharedModel, Wording
from helpers.serving.apps import shared_model as shared
from interface import components


@st.cache_resource(show_spinner=False)
def _shared(spec: str | None) -> SharedModel:
    return shared.open_shared_model(spec)


def serving() -> SharedModel:
    """The shared of the model that the environment names; made once for all sessions.

    Raises
    ------
    DermBookError
        If there is no such model; tried again at the next call.
    """
    return _shared(os.environ.get(MODEL_VARIABLE) or None)


def say_missing(error: DermBookError, say: Wording) -> None:
    """Say that there is no model, and why."""
    detail = say("errors.model_missing_detail", detail=str(error))
    components.show(components.warning(say("errors.model_missing"), [detail]))
