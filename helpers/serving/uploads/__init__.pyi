from .formula_injection import defused
from .in_memory import UPLOAD_MB, keep_uploads_in_memory
from .metadata_tables import UNKNOWN, Metadata, TableError, drawn_table, read_table, risky_cells
from .pictures import PictureError, fit_picture, read_picture

__all__ = [
    "UNKNOWN",
    "UPLOAD_MB",
    "Metadata",
    "PictureError",
    "TableError",
    "defused",
    "drawn_table",
    "fit_picture",
    "keep_uploads_in_memory",
    "read_picture",
    "read_table",
    "risky_cells",
]
