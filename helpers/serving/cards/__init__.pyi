from .calibration import apply_temperature, fit_temperature, weigh_classes
from .card import (
    CARD_FILE,
    GATE_FILE,
    MODEL_FILE,
    Card,
    Copy,
    Face,
    FaceName,
    Score,
    read_card,
    write_card,
)
from .make_card import (
    calibrated,
    card_of_trial,
    face_scores,
    frequencies_to_restore,
    make_face,
    probability_columns,
    weighed,
    with_area_of,
)
from .provenance import has_ham10000_ids, provenance_of_card
from .text import model_card

__all__ = [
    "CARD_FILE",
    "GATE_FILE",
    "MODEL_FILE",
    "Card",
    "Copy",
    "Face",
    "FaceName",
    "Score",
    "apply_temperature",
    "calibrated",
    "card_of_trial",
    "face_scores",
    "fit_temperature",
    "frequencies_to_restore",
    "has_ham10000_ids",
    "make_face",
    "model_card",
    "probability_columns",
    "provenance_of_card",
    "read_card",
    "weigh_classes",
    "weighed",
    "with_area_of",
    "write_card",
]
