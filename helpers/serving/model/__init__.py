"""A served model: opened, asked, and held back from pictures that it does not know."""

from __future__ import annotations

from helpers.serving.model.operating_points import (
    face_points,
    operation_at,
    operations_of,
    write_operating,
)
from helpers.serving.model.out_of_distribution import fit_gate
from helpers.serving.model.served import BUNDLED, ServedModel, open_model, write_served

__all__ = [
    "BUNDLED",
    "ServedModel",
    "face_points",
    "fit_gate",
    "open_model",
    "operation_at",
    "operations_of",
    "write_operating",
    "write_served",
]
