"""The Streamlit app: ``dermbook app`` runs it; ``streamlit run apps/streamlit/app.py`` too."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from interface import components, dashboard, diagnosis, home
from interface.language import current_language, draw_switch, words

from helpers.serving.uploads import keep_uploads_in_memory

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Draw the page that the address names."""
    keep_uploads_in_memory()
    language = current_language()
    say = words()
    st.set_page_config(
        page_title=say("brand"), page_icon=str(HERE / "icon.svg"), layout="wide", menu_items={}
    )
    st.html(HERE / "style.css")
    # Screen readers choose a voice by it; the tag is one of two constants.
    st.html(
        f"<script>document.documentElement.lang = '{language}'</script>",
        unsafe_allow_javascript=True,
    )
    st.logo(str(HERE / "logo.svg"), size="large")
    pages = {
        "home": st.Page(
            home.draw, title=say("nav.home"), icon=":material/home:", url_path="home", default=True
        ),
        "diagnosis": st.Page(
            diagnosis.draw,
            title=say("nav.diagnosis"),
            icon=":material/center_focus_strong:",
            url_path="diagnosis",
        ),
        "dashboard": st.Page(
            dashboard.draw,
            title=say("nav.dashboard"),
            icon=":material/bar_chart:",
            url_path="dashboard",
        ),
    }
    st.session_state["pages"] = pages
    page = st.navigation(list(pages.values()), position="top")
    with st.container(key="db_top", horizontal=True, horizontal_alignment="right"):
        draw_switch()
    # Before the page: it is there while a page is still at work, and where one fails.
    with st.container(key="db_notice"):
        components.show(
            components.notice_bar(say("notice.title") + say("bar.stop"), say("bar.rest"))
        )
    page.run()


main()
