"""Whether an export's files are those that were written."""

from __future__ import annotations

from pathlib import Path

from helpers.core import ConfigError, read_json, sha256_file

RECORD = "export.json"
"""What goes in and comes out, how the copy was checked, and the files with their SHA-256."""


def verify_export(folder: Path) -> None:
    """Make sure that an export is whole.

    Parameters
    ----------
    folder : Path
        As made by `helpers.serving.exports.export.export_model`.

    Raises
    ------
    ConfigError
        If its record cannot be read, or a file is missing or has other bytes; all are named.
    """
    path = folder / RECORD
    try:
        files = {str(name): entry["sha256"] for name, entry in read_json(path)["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: expected the record of an export, but it cannot be read "
            f"({type(error).__name__}); export the model again"
        ) from None
    wrong = []
    for name, sha256 in files.items():
        file = folder / name
        if not file.is_file():
            wrong.append(f"{file} is missing")
        elif sha256_file(file) != sha256:
            wrong.append(f"{file} has other bytes")
    if wrong:
        raise ConfigError(
            f"{folder}: expected the export that {RECORD} describes, but {'; '.join(wrong)}; "
            "export the model again"
        )
