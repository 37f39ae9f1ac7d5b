from .calibration import apply_temperature
from .card import (
    CARD_FILE,
    GATE_FILE,
    MODEL_FILE,
    Card,
    Copy,
    Face,
    FaceName,
    read_card,
    write_card,
)
from .make_card import calibrated, card_of_trial, face_scores, make_face, probability_columns
from .provenance import provenance_of_card
from .text import model_card

__all__ = [
    "CARD_FILE",
    "GATE_FILE",
    "MODEL_FILE",
    "Card",
    "Copy",
    "Face",
    "FaceName",
    "apply_temperature",
    "calibrated",
    "card_of_trial",
    "face_scores",
    "make_face",
    "model_card",
    "probability_columns",
    "provenance_of_card",
    "read_card",
    "write_card",
]
