"""Files that hold pictures and labels together: DermaMNIST's ``.npz``, and Parquet.

They are unpacked once into the cache folder, to a folder of pictures and one table.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from helpers.core import (
    BROKEN_MEMBER,
    HAM10000_CLASSES,
    DataError,
    atomic_folder,
    cache_home,
    digest,
    name_some,
    read_json,
    write_json,
)
from helpers.dataset.layout import IMAGE_SUFFIXES, OTHER_SUFFIXES
from helpers.dataset.reading import Found, Labels
from helpers.dataset.walking import Entry

MARK = "unpacked.json"
"""The file that says what a folder was unpacked from."""

TABLE = "labels.csv"
_VERSION = 2
_SPLITS = {
    "train": "train", "val": "valid", "valid": "valid", "validation": "valid", "test": "test",
}  # fmt: skip
_LABELS = ("dx", "label", "labels", "diagnosis", "class")


def unpack(files: Sequence[Entry], root: Path) -> Path:
    """Unpack files into the cache folder, once.

    Parameters
    ----------
    files : sequence of Entry
        All of one kind; of several Parquet files each is a part of the same set.
    root : Path
        The source, for messages.

    Returns
    -------
    Path
        The folder: pictures, `TABLE` and `MARK`.

    Raises
    ------
    DataError
        If a file cannot be read, has no pictures, or its labels have no names.
    """
    kinds = {Path(entry.locator).suffix.lower() for entry in files}
    if len(kinds) > 1:
        raise DataError(
            f"{root}: expected files of one kind but got {' and '.join(sorted(kinds))}; name one"
        )
    if kinds == {".npz"} and len(files) > 1:
        names = name_some((Path(entry.locator).name for entry in files), 5)
        raise DataError(
            f"{root}: expected one .npz file but got {names}; name the one that is meant, with its "
            "folder"
        )
    key = digest([_VERSION, *([entry.locator, entry.stamp] for entry in files)])
    folder = cache_home() / "sources" / f"unpacked-{key}"
    if not (folder / MARK).exists():
        with atomic_folder(folder) as made:
            rows, kind, taken = [], "", set()
            for entry in files:
                path = Path(entry.locator)
                try:
                    parts, kind = _npz(path) if path.suffix.lower() == ".npz" else _parquet(path)
                    for row, suffix, data in parts:
                        # Each part of a set may count its pictures from 0.
                        if row["image_id"] in taken:
                            row["image_id"] = f"{path.stem}-{row['image_id']}"
                        if row["image_id"] in taken:
                            raise ValueError(f"two pictures are called {row['image_id']}")
                        taken.add(row["image_id"])
                        (made / f"{row['image_id']}{suffix}").write_bytes(data)
                        rows.append(row)
                except (OSError, ValueError, KeyError, *BROKEN_MEMBER) as error:
                    raise DataError(
                        f"{path}: expected pictures and labels but it cannot be read ({error}); "
                        "fetch it again"
                    ) from None
            if not rows:
                raise DataError(f"{root}: expected pictures but the files hold no row")
            pd.DataFrame(rows).to_csv(made / TABLE, index=False)
            write_json(made / MARK, {"kind": kind, "files": [e.locator for e in files]})
    return folder


def unpacked_labels(found: Found) -> Labels:
    """The labels of an unpacked folder."""
    kind = read_json(found.layout.root / MARK)["kind"]
    (table,) = (table for table in found.tables if table.name == TABLE)
    known = ("dx", "lesion_id", "patient_id", "age", "sex", "localization", "dx_type", "dataset")
    rows = table.rows(key="image_id", **{name: name for name in known})
    notes = [f"{kind} was unpacked into {found.layout.root}"]
    if table.has("split"):
        counts = table.column("split").value_counts()
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        notes.append(f"its own split ({listed}) is not used")
    return Labels(kind, "labels in the file", rows, open_classes=True, notes=notes)


def _npz(path: Path) -> tuple[Iterator[tuple[dict[str, Any], str, bytes]], str]:
    arrays = np.load(path, allow_pickle=False)
    splits = [name for name in _SPLITS if f"{name}_images" in arrays.files]
    if not splits:
        raise ValueError(f"no train_images in it, only {name_some(arrays.files, 8)}")
    if not path.name.casefold().startswith("dermamnist"):
        raise DataError(
            f"{path}: expected DermaMNIST, whose numbers mean {', '.join(HAM10000_CLASSES)}, but "
            "the file has another name; rename it if it is, or write the pictures into folders by "
            "class"
        )

    def rows() -> Iterator[tuple[dict[str, Any], str, bytes]]:
        for split in splits:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"].ravel()
            if len(images) != len(labels) or images.dtype != np.uint8 or images.shape[3:] != (3,):
                raise ValueError(
                    f"{split}: expected uint8 pictures (n, h, w, 3) and n labels but got "
                    f"{images.shape} and {labels.shape}"
                )
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(HAM10000_CLASSES):
                raise ValueError(f"{split}: expected labels from 0 to {len(HAM10000_CLASSES) - 1}")
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                row = {
                    "image_id": f"{split}_{number:05d}",
                    "dx": HAM10000_CLASSES[label],
                    "split": split,
                }
                png = cv2.imencode(".png", image[..., ::-1])[1].tobytes()
                yield row, ".png", png

    return rows(), "DermaMNIST"


def _parquet(path: Path) -> tuple[Iterator[tuple[dict[str, Any], str, bytes]], str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(str(error)) from None
    schema = file.schema_arrow
    image = next((name for name in schema.names if _holds_pictures(schema.field(name).type)), None)
    folded = {name.casefold(): name for name in schema.names}
    label = next((folded[name] for name in _LABELS if name in folded), None)
    if image is None or label is None:
        raise ValueError(f"no column of pictures and of labels in {name_some(schema.names, 12)}")
    names = _label_names(schema.metadata, label)
    kind = schema.field(label).type
    several = bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))
    if pa.types.is_integer(kind.value_type if several else kind) and names is None:
        raise DataError(
            f"{path}: expected names of the labels but {label} has numbers alone; write a column "
            "dx with names, or the pictures into folders by class"
        )
    texts = [
        name for name in schema.names
        if name not in (image, label) and not pa.types.is_nested(schema.field(name).type)
        and not pa.types.is_binary(schema.field(name).type)
    ]  # fmt: skip
    split = next((s for s in _SPLITS if re.match(rf"{s}\b|{s}-", path.name)), "")

    def rows() -> Iterator[tuple[dict[str, Any], str, bytes]]:
        number = 0
        for batch in file.iter_batches(256, columns=[image, label, *texts]):
            for row in batch.to_pylist():
                cell = row[image]
                data = cell["bytes"] if isinstance(cell, dict) else cell
                stem, suffix = os.path.splitext(os.path.basename(_path_of(cell) or ""))
                value = _only(row[label], label, number) if several else row[label]
                dx = names[value] if names is not None and isinstance(value, int) else value
                own = {name.casefold(): row[name] for name in texts}
                image_id = str(own.pop("image_id", "") or stem or f"{path.stem}-{number:06d}")
                if data is None:
                    raise ValueError(f"row {number} has no picture inside")
                known = suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES
                number += 1
                found = {"image_id": image_id, "dx": "" if dx is None else dx, **own}
                yield found | ({"split": split} if split else {}), suffix if known else ".png", data

    return rows(), "Parquet file with pictures"


def _only(values: list[Any] | None, label: str, row: int) -> Any:
    """The one label of a row whose labels are a list."""
    if values is not None and len(values) > 1:
        raise ValueError(f"row {row} has several labels, {label} is {values}: decide for one")
    return values[0] if values else None


def _path_of(cell: Any) -> str:
    return str(cell.get("path") or "") if isinstance(cell, dict) else ""


def _holds_pictures(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(kind.field(place).name == "bytes" for place in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _label_names(metadata: dict[bytes, bytes] | None, label: str) -> list[str] | None:
    """Names of numbered labels, which dataset hubs write into the file's own metadata."""
    try:
        info = json.loads((metadata or {})[b"huggingface"])["info"]["features"][label]
        if isinstance(info, list):
            (info,) = info
        info = info.get("feature", info)
        return [str(name) for name in info["names"]]
    except (KeyError, TypeError, ValueError):
        return None
