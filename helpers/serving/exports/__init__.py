"""A model in other programs' formats, checked against Keras."""

from __future__ import annotations

from helpers.serving.exports.export import (
    RECORD,
    REPRESENTATIVE_IMAGES,
    Export,
    Precision,
    export_model,
)
from helpers.serving.exports.runtimes import Compute, open_runtime
from helpers.serving.exports.workspace import ExportWorkspace, no_chatter

__all__ = [
    "RECORD",
    "REPRESENTATIVE_IMAGES",
    "Compute",
    "Export",
    "ExportWorkspace",
    "Precision",
    "export_model",
    "no_chatter",
    "open_runtime",
]
