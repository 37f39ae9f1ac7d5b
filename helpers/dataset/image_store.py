"""The image store: a catalogue's images, decoded once to a uint8 memory map.

The store is keyed by the catalogue's fingerprint, the size and the equalisation, so a chapter, a
trial and a Grad-CAM of the same images share one file. Decoding runs in threads (OpenCV leaves the
interpreter free) and each thread writes its rows straight to the file, so the memory that it
takes does not grow with the number of images.

A store is opened after its SHA-256 was compared with that of its record. Reading a gigabyte for
that takes seconds, too long for each of a dozen chapters, so the record remembers the state of
the file (inode, size, time of change) that was found right, and only another state is compared
again: whatever writes to a file, or puts another in its place, changes its state.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from filelock import FileLock
from numpy.typing import NDArray

from helpers.augmentation import Clahe, equalise
from helpers.core import (
    ConfigError,
    DataError,
    atomic_file,
    cache_home,
    digest,
    read_json,
    sha256_file,
    writable,
    write_json,
)
from helpers.dataset.catalogue import fingerprint
from helpers.dataset.decoding import read_image, read_mask
from helpers.dataset.masking import hide_background

FORMAT_VERSION = 1
CHUNK = 64
Progress = Callable[[int, int], None]

_seen_whole: dict[Path, list[int]] = {}
"""States that this process found right, for caches that it may not write to."""


@dataclass(frozen=True)
class ImageStore:
    """Decoded images of one catalogue at one size.

    Attributes
    ----------
    path : Path
        The ``.npy`` file.
    size : tuple of int
        (height, width) in pixels.
    image_ids : tuple of str
        The image of each row, in the catalogue's order.
    """

    path: Path
    size: tuple[int, int]
    image_ids: tuple[str, ...]

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """Read-only memory map of shape (n_images, height, width, 3), RGB in 0..255."""
        return np.load(self.path, mmap_mode="r")

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {image_id: row for row, image_id in enumerate(self.image_ids)}

    def rows(self, image_ids: Sequence[str]) -> NDArray[np.intp]:
        """Row numbers of the named images, an array of shape (len(image_ids),).

        Raises
        ------
        DataError
            If an image is not in the store; the message names it.
        """
        unknown = [image_id for image_id in image_ids if image_id not in self._row_of]
        if unknown:
            problem = (
                f"{self.path.name}: expected images of the catalogue that the store was built "
                f"from, but got {', '.join(unknown[:5])}; open a store for this catalogue"
            )
            raise DataError(problem)
        return np.array([self._row_of[image_id] for image_id in image_ids], dtype=np.intp)

    def take(self, image_ids: Sequence[str]) -> NDArray[np.uint8]:
        """Copy of the named images, shape (len(image_ids), height, width, 3)."""
        return np.asarray(self.images[self.rows(image_ids)])


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize an RGB image of shape (height, width, 3) to ``size`` = (height, width).

    Pixel areas are averaged when the image shrinks, which avoids moire from hair and rulers,
    and interpolated linearly when it grows.
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def prepare_image(
    image: NDArray[np.uint8], size: tuple[int, int], clahe: Clahe | None = None
) -> NDArray[np.uint8]:
    """Make a decoded RGB image what a store holds of it: resized, then equalised if at all.

    Equalised after resizing, so that an app that is given a picture of any size does the same.
    """
    resized = resize_image(image, size)
    return resized if clahe is None else equalise(resized, clahe)


def store_key(catalogue: pd.DataFrame, size: tuple[int, int], clahe: Clahe | None = None) -> str:
    """Name of the store of a catalogue at a size, equalised or not."""
    key = {"fingerprint": fingerprint(catalogue), "size": list(size), "version": FORMAT_VERSION}
    return digest(key if clahe is None else key | {"clahe": clahe.model_dump(mode="json")})


def open_store(
    catalogue: pd.DataFrame,
    size: tuple[int, int],
    clahe: Clahe | None = None,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
) -> ImageStore:
    """Open the store of a catalogue at a size; build it first where it is missing or damaged.

    A damaged store, one whose bytes are not those that were written, is told by a warning.

    Parameters
    ----------
    catalogue : DataFrame of shape (n_images, n_columns)
        As made by `helpers.dataset.catalogue.load_catalogue`, or by
        `helpers.dataset.masking.masked_catalogue`; extra columns do no harm.
    size : tuple of int
        (height, width) in pixels, each at least 8.
    clahe : Clahe, optional
        How the resized images are equalised; not at all where None.
    progress : callable, optional
        Called with (images done, images in all).
    workers : int, optional
        Decoding threads; one a core where None.

    Returns
    -------
    ImageStore
        Rows in the catalogue's order.

    Raises
    ------
    ConfigError
        If `size` is not two integers of at least 8, or the cache folder has no room for the
        store or cannot be written to.
    DataError
        If an image cannot be decoded; the message names all of them.
    """
    height, width = (int(side) for side in size)
    if min(height, width) < 8:
        raise ConfigError(f"image size: expected (height, width) of at least 8 px, got {size}")
    ids = tuple(catalogue["image_id"])
    path = cache_home() / "stores" / f"{store_key(catalogue, (height, width), clahe)}.npy"
    # A whole store is only read, so a cache that this user may not write to serves as well.
    if not _is_whole(path):
        writable(path.parent)
        with FileLock(f"{path}.lock"):
            if not _is_whole(path):  # another process may just have built it
                _warn_of_damage(path)
                _build(catalogue, (height, width), clahe, path, progress, workers)
    return ImageStore(path, (height, width), ids)


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _state(path: Path) -> list[int]:
    """What changes whenever a file is written to or replaced."""
    status = path.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _is_whole(path: Path) -> bool:
    """Whether a store and its record are there, and its bytes are those that were written."""
    try:
        state = _state(path)
        record = read_json(_record_path(path))
        if record["bytes"] != state[1]:
            return False
        if state in (record.get("state"), _seen_whole.get(path)):
            return True
        if sha256_file(path) != record["sha256"]:
            return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    _seen_whole[path] = state
    with suppress(ConfigError, OSError):  # a read-only cache: the next process looks again
        write_json(_record_path(path), record | {"state": state})
    return True


def _warn_of_damage(path: Path) -> None:
    if path.exists() and _record_path(path).exists():
        text = (
            f"{path}: expected the bytes that were written but got others; the image store is "
            "built again from the images. If this comes back, look at the disk"
        )
        warnings.warn(text, stacklevel=3)


def verify_store(store: ImageStore) -> bool:
    """Whether the store's bytes still have the SHA-256 that they were written with."""
    return bool(sha256_file(store.path) == read_json(_record_path(store.path))["sha256"])


def store_record(path: Path) -> dict[str, Any]:
    """What is known of a built store: ``bytes``, ``sha256``, ``shape``, ``fingerprint``."""
    record = dict(read_json(_record_path(path)))
    record.pop("state", None)  # of this machine's file alone
    return record


def has_store(path: Path, record: dict[str, Any]) -> bool:
    """Whether the store of a record is there, with the bytes that it was written with."""
    try:
        told = read_json(_record_path(path))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(told == record["sha256"]) and _is_whole(path)


def adopt_store(path: Path, record: dict[str, Any], parts: Iterable[bytes]) -> None:
    """Put a store that another machine built into this one's cache.

    Parameters
    ----------
    path : Path
        Its final name.
    record : dict
        Of `store_record`.
    parts : iterable of bytes
        Its bytes; not asked for where the store is there.

    Raises
    ------
    ConfigError
        If there is no room for it, or the cache cannot be written to.
    DataError
        If the bytes are not those of the record.
    """
    writable(path.parent)
    with FileLock(f"{path}.lock"):
        if has_store(path, record):
            return
        writable(path.parent, n_bytes=int(record["bytes"]))
        with atomic_file(path) as temporary:
            with open(temporary, "wb") as file:
                for part in parts:
                    file.write(part)
            if sha256_file(temporary) != record["sha256"]:
                raise DataError(
                    f"{path.name}: expected the image store that was sent but got other bytes; "
                    "call again, and look at the network or the disk if this comes back"
                )
            write_json(_record_path(path), record | {"state": _state(temporary)})


def _build(
    catalogue: pd.DataFrame,
    size: tuple[int, int],
    clahe: Clahe | None,
    path: Path,
    progress: Progress | None,
    workers: int | None,
) -> None:
    locators = list(catalogue["path"])
    n_images = len(locators)
    masks = list(catalogue.get("background_mask", [""] * n_images))
    shape = (n_images, *size, 3)
    row_bytes = int(np.prod(shape[1:]))
    problems: list[str] = []
    # The file starts out sparse: room is found missing now, not after an hour of decoding.
    writable(path.parent, n_bytes=n_images * row_bytes)

    with atomic_file(path) as temporary:
        with open(temporary, "wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            file.truncate(start + n_images * row_bytes)
            file.flush()

            def decode(first: int) -> int:
                last = min(first + CHUNK, n_images)
                for row in range(first, last):
                    try:
                        image = prepare_image(_picture(locators[row], masks[row]), size, clahe)
                    except (DataError, OSError) as error:
                        problems.append(str(error))
                        continue
                    _write_at(file.fileno(), image.tobytes(), start + row * row_bytes)
                return last - first

            done = 0
            with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
                for count in pool.map(decode, range(0, n_images, CHUNK)):
                    done += count
                    if progress:
                        progress(done, n_images)
        if problems:
            raise DataError(sorted(problems), where="image store")
        record = {
            "bytes": temporary.stat().st_size,
            "sha256": sha256_file(temporary),
            "shape": list(shape),
            "fingerprint": fingerprint(catalogue),
            "state": _state(temporary),  # a new name does not change it
        }
        write_json(_record_path(path), record)


def _picture(locator: str, mask: str) -> NDArray[np.uint8]:
    image = read_image(locator)
    return hide_background(image, read_mask(mask)) if mask else image


def _write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all bytes; one call may write only some, for instance where the disk gets full."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
