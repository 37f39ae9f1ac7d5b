from .cards import bundled_card, card_of_run, cards_table, lesions_for_promise, score_of
from .tables import (
    calibrated,
    calibration_table,
    config_to_ship,
    export_all,
    latency_table,
    parity_table,
    predictions_by,
    small_number,
    smallest_unharmed,
    variants_table,
)

__all__ = [
    "bundled_card",
    "calibrated",
    "calibration_table",
    "card_of_run",
    "cards_table",
    "config_to_ship",
    "export_all",
    "latency_table",
    "lesions_for_promise",
    "parity_table",
    "predictions_by",
    "score_of",
    "small_number",
    "smallest_unharmed",
    "variants_table",
]
