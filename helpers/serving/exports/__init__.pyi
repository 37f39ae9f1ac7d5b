from .export import REPRESENTATIVE_IMAGES, Export, Precision, export_model
from .runtimes import MODEL_FILES, Compute, open_runtime
from .verification import RECORD, damaged_files, verify_export
from .workspace import ExportWorkspace, no_chatter

__all__ = [
    "MODEL_FILES",
    "RECORD",
    "REPRESENTATIVE_IMAGES",
    "Compute",
    "Export",
    "ExportWorkspace",
    "Precision",
    "damaged_files",
    "export_model",
    "no_chatter",
    "open_runtime",
    "verify_export",
]
