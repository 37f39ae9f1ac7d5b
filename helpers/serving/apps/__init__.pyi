from .browser_page import build_web
from .dashboard import REST, Filters
from .results import Result, probability_text, results_csv, results_pdf
from .shared_model import SharedModel
from .static_server import Handler, make_server, serve_web
from .streamlit_app import MODEL_VARIABLE, serve_app
from .translations import LANGUAGES, Wording, load_wording, preferred_language
from .upload_session import (
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
