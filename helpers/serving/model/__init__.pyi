from .opening import BUNDLED, open_model, write_served
from .operating_points import face_points, operation_at, operations_of, write_operating
from .out_of_distribution import Gate, fit_gate, load_gate
from .served import ServedModel, prepare_batch

__all__ = [
    "BUNDLED",
    "Gate",
    "ServedModel",
    "face_points",
    "fit_gate",
    "load_gate",
    "open_model",
    "operation_at",
    "operations_of",
    "prepare_batch",
    "write_operating",
    "write_served",
]
