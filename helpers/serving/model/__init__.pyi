from .operating_points import face_points, operation_at, operations_of, write_operating
from .out_of_distribution import fit_gate
from .served import BUNDLED, ServedModel, open_model, write_served

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
