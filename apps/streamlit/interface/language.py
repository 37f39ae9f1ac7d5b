"""The language of a session: from the address, else as chosen before, else the browser's."""

from __future__ import annotations

import streamlit as st

from helpers.serving.apps import LANGUAGES, Wording, load_wording, preferred_language

_CHOSEN = "language"
_SWITCH = "language_switch"
_QUERY = "lang"


def current_language() -> str:
    """The tag of the session's language, which is then in the address too."""
    asked = st.query_params.get(_QUERY)
    chosen = asked if asked in LANGUAGES else st.session_state.get(_CHOSEN)
    if chosen not in LANGUAGES:
        chosen = preferred_language(st.context.locale)
    st.session_state[_CHOSEN] = chosen
    if asked != chosen:
        st.query_params[_QUERY] = chosen
    return str(chosen)


def words() -> Wording:
    """Texts in the session's language."""
    return load_wording("streamlit", st.session_state.get(_CHOSEN, "en"))


def _switched() -> None:
    st.query_params[_QUERY] = st.session_state[_SWITCH]


def draw_switch() -> None:
    """Draw the choice of languages, each by its own name."""
    st.session_state[_SWITCH] = st.session_state[_CHOSEN]
    st.segmented_control(
        words()("language_label"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_SWITCH,
        on_change=_switched,
        required=True,
        label_visibility="collapsed",
    )
