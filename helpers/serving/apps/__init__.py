"""What the Streamlit app and the browser page are made of."""

from __future__ import annotations

from helpers.serving.apps.browser_page import build_web
from helpers.serving.apps.dashboard import REST, Filters
from helpers.serving.apps.results import Result, probability_text, results_csv, results_pdf
from helpers.serving.apps.shared_model import SharedModel
from helpers.serving.apps.static_server import Handler, make_server, serve_web
from helpers.serving.apps.streamlit_app import MODEL_VARIABLE, serve_app
from helpers.serving.apps.translations import LANGUAGES, Wording, load_wording, preferred_language
from helpers.serving.apps.upload_session import (
    MOST_PICTURES,
    File,
    Reading,
    Refusal,
    UploadSession,
    heat_of,
    overlay,
    read_one,
    short_file_name,
)

__all__ = [
    "LANGUAGES",
    "MODEL_VARIABLE",
    "MOST_PICTURES",
    "REST",
    "File",
    "Filters",
    "Handler",
    "Reading",
    "Refusal",
    "Result",
    "SharedModel",
    "UploadSession",
    "Wording",
    "build_web",
    "heat_of",
    "load_wording",
    "make_server",
    "overlay",
    "preferred_language",
    "probability_text",
    "read_one",
    "results_csv",
    "results_pdf",
    "serve_app",
    "serve_web",
    "short_file_name",
]
