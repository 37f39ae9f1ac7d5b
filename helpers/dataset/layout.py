"""What lies in a folder: images, masks, tables, and what is odd.

Nothing is decoded or read here. Files are sorted by their names, and every image is counted once,
however often the folder holds it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from helpers.core import ARCHIVE_MARK, DataError
from helpers.dataset.vocabulary import folded
from helpers.dataset.walking import Entry, Trouble, opened, short_name, top_entries

IMAGE_SUFFIXES = (".jpg", ".jpeg")
OTHER_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".webp")
"""What pictures from elsewhere may be called, besides `IMAGE_SUFFIXES`."""

MASK_ENDINGS = ("_segmentation", "_lesion", "_mask")
"""How the names of masks end, before the file's ending; the first is HAM10000's."""

_NO_PICTURES = re.compile(
    r".*(_superpixels|_criteria|_attribute_\w+|_r\d+_label\d+)", re.IGNORECASE
)
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".ods")
"""Not read, but told to be saved as text."""
_PACKED_SUFFIXES = (".npz", ".parquet")
METADATA_NAMES = re.compile(r"(ham10000_metadata[^.]*|metadata)(\.csv|\.tab|\.tsv)?", re.IGNORECASE)
MASK_FOLDERS = frozenset(
    {"mask", "masks", "segmentation", "segmentations", "ground truth", "groundtruth", "gt"}
)
"""Folders whose files are masks where a picture of the same name lies elsewhere."""

TEST_SET = "isic2018_task3_test"
"""How the names of the challenge's test files begin: never mixed with the training images."""


@dataclass(frozen=True)
class Layout:
    """The files of a source.

    Attributes
    ----------
    root : Path
        The folder, or the one archive.
    images, masks : dict of str to Entry
        By ``image_id``, sorted.
    metadata : tuple of Entry
        Every file named like the metadata table of HAM10000.
    pictures : dict of str to Entry
        Every copy of a picture, by its name with folders; an archive counts as a folder.
    tables : tuple of Entry
        Every file that may be a table.
    packed : tuple of Entry
        Files that hold pictures and labels together: ``.npz`` and ``.parquet``.
    notes : tuple of str
        What is odd but harmless, one sentence each.
    copies : tuple of str
        The same of pictures whose names are there more than once: no fault where the folder tells
        pictures of one name apart.
    inner_archives : tuple of str
        Archives inside of archives, which are not opened.
    others : dict of str to int
        How many files there are with which other ending, such as ``.json``.
    """

    root: Path
    images: dict[str, Entry]
    masks: dict[str, Entry]
    metadata: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    pictures: dict[str, Entry] = field(default_factory=dict)
    tables: tuple[Entry, ...] = ()
    packed: tuple[Entry, ...] = ()
    copies: tuple[str, ...] = ()
    inner_archives: tuple[str, ...] = ()
    others: dict[str, int] = field(default_factory=dict)


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture of a lesion, not like a mask or another map."""
    stem, suffix = os.path.splitext(name.rpartition("/")[2])
    return (
        suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES
        and not stem.lower().endswith(MASK_ENDINGS)
        and not _NO_PICTURES.fullmatch(stem)
    )


@lru_cache(maxsize=4096)
def _is_of_masks(folder: str) -> bool:
    return any(folded(part) in MASK_FOLDERS for part in folder.split("/"))


def _is_test_set(name: str) -> bool:
    return any(part.lower().startswith(TEST_SET) for part in name.split("/"))


class _Copies:
    """The best copy of each image, and the names of those that were there more than once."""

    def __init__(self) -> None:
        self.best: dict[str, Entry] = {}
        self._ranks: dict[str, tuple[bool, str]] = {}
        self._sizes: dict[str, set[int]] = {}

    def add(self, image_id: str, rank: tuple[bool, str], entry: Entry) -> None:
        known = self.best.get(image_id)
        if known is not None:
            self._sizes.setdefault(image_id, {known.size}).add(entry.size)
        if known is None or rank < self._ranks[image_id]:
            self.best[image_id], self._ranks[image_id] = entry, rank

    def notes(self, noun: str, root: Path) -> list[str]:
        """What to tell where there were several."""
        notes = []
        if self._sizes:
            notes.append(
                f"{len(self._sizes):,} {noun}s are there more than once; each is counted once"
            )
        unlike = sorted(image_id for image_id, sizes in self._sizes.items() if len(sizes) > 1)
        if unlike:
            notes.append(
                f"{len(unlike):,} of them differ in size between their copies; the copy used is "
                f"for example {short_name(self.best[unlike[0]].locator, root)}"
            )
        return notes


@dataclass
class _Findings:
    images: _Copies = field(default_factory=_Copies)
    masks: _Copies = field(default_factory=_Copies)
    metadata: list[Entry] = field(default_factory=list)
    pictures: dict[str, Entry] = field(default_factory=dict)
    tables: list[Entry] = field(default_factory=list)
    packed: list[Entry] = field(default_factory=list)
    inner_archives: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    among_masks: list[tuple[str, tuple[bool, str], Entry, str]] = field(default_factory=list)
    test_set: list[str] = field(default_factory=list)

    def add(self, name: str, entry: Entry, shown: str) -> None:
        """Sort one file in by its name; what belongs to nothing here is left out."""
        in_archive = ARCHIVE_MARK in entry.locator
        base = name.rpartition("/")[2]
        stem, suffix = os.path.splitext(base)
        lower = suffix.lower()
        # A folder wins over an archive, and upper case over lower.
        rank = (in_archive, name)
        if is_picture(base):
            if _is_of_masks(shown.rpartition("/")[0]):
                self.among_masks.append((stem, rank, entry, shown))
            else:
                self.images.add(stem, rank, entry)
                self.pictures[shown] = entry
        elif lower in IMAGE_SUFFIXES + OTHER_SUFFIXES:
            ending = next((e for e in MASK_ENDINGS if stem.lower().endswith(e)), None)
            if ending is not None:
                self.masks.add(stem[: -len(ending)], rank, entry)
        elif in_archive and lower == ".zip":
            self.inner_archives.append(entry.locator)
        else:
            named = METADATA_NAMES.fullmatch(base) is not None
            if named:
                self.metadata.append(entry)
            suffixes = _TABLE_SUFFIXES + _WORKBOOK_SUFFIXES
            if named or lower in suffixes or base.lower() == "ph2_dataset.txt":
                self.tables.append(entry)
            elif lower in _PACKED_SUFFIXES and not in_archive:
                self.packed.append(entry)
            else:
                self.others[lower] += 1

    def settle(self) -> None:
        """Decide of what lies in folders of masks: a mask where there is a picture of its name."""
        pictures = set(self.images.best)
        for stem, rank, entry, shown in self.among_masks:
            if stem in pictures:
                self.masks.add(stem, rank, entry)
            else:
                self.images.add(stem, rank, entry)
                self.pictures[shown] = entry


def list_layout(root: str | Path) -> Layout:
    """Find the images, masks and metadata of a source.

    Parameters
    ----------
    root : str or Path
        A folder with any mix of files, subfolders and zip archives, or one zip archive.

    Returns
    -------
    Layout
        Empty dictionaries where nothing was found; the caller says what it needs.

    Raises
    ------
    DataError
        If a folder or an archive cannot be opened; every such one is named.
    """
    root = Path(root).expanduser().resolve()
    is_folder = root.is_dir()
    findings, trouble = _Findings(), Trouble()
    for name, entry in top_entries(root, trouble):
        if _is_test_set(name):
            findings.test_set.append(name)
            continue
        for member, inner in opened(name, entry, trouble):
            if not _is_test_set(member):
                # An archive beside others counts as a folder, the source itself does not.
                inside = inner is not entry and is_folder
                findings.add(member, inner, f"{name[:-4]}/{member}" if inside else member)
    if trouble.problems:
        raise DataError(trouble.problems, where=str(root))

    findings.settle()
    notes = findings.masks.notes("mask", root)
    if trouble.links:
        noun = "link leads" if len(trouble.links) == 1 else "links lead"
        example = trouble.links[0]
        notes.append(f"{len(trouble.links):,} {noun} nowhere or to itself, for example {example}")
    if findings.inner_archives:
        example = short_name(findings.inner_archives[0], root)
        notes.append(
            f"{len(findings.inner_archives)} archives lie inside another archive and were not "
            f"opened, for example {example}; unpack the outer one"
        )
    if findings.test_set:
        notes.append(f"the challenge's test set is there and left alone: {findings.test_set[0]}")
    images, masks = (
        dict(sorted(found.best.items())) for found in (findings.images, findings.masks)
    )
    return Layout(
        root,
        images,
        masks,
        tuple(findings.metadata),
        tuple(notes),
        dict(sorted(findings.pictures.items())),
        tuple(findings.tables),
        tuple(findings.packed),
        tuple(findings.images.notes("image", root)),
        tuple(short_name(locator, root) for locator in findings.inner_archives),
        dict(findings.others),
    )


def list_images(root: str | Path) -> Layout:
    """Find the pictures of any folder, by name, whatever data set they are of.

    Parameters
    ----------
    root : str or Path
        A folder with any mix of pictures, subfolders and zip archives, or one zip archive, such
        as the challenge's test set, which `list_layout` leaves alone.

    Returns
    -------
    Layout
        Its ``images`` by file name without the ending, each letter with a mark as one character,
        however the system writes it; no masks and no metadata.

    Raises
    ------
    DataError
        If there is no such folder or archive, one cannot be opened, or there is no picture.
    """
    place = Path(root).expanduser().resolve()
    if not place.exists() or (place.is_file() and place.suffix.lower() != ".zip"):
        got = "a file that is neither" if place.exists() else "nothing of this name"
        raise DataError(f"{place}: expected a folder or a zip archive of images but got {got}")
    copies, trouble = _Copies(), Trouble()
    for top, outer in top_entries(place, trouble):
        for name, entry in opened(top, outer, trouble):
            base = name.rpartition("/")[2]
            if is_picture(base):
                stem = unicodedata.normalize("NFC", os.path.splitext(base)[0])
                copies.add(stem, (ARCHIVE_MARK in entry.locator, name), entry)
    if trouble.problems:
        raise DataError(trouble.problems, where=str(place))
    if not copies.best:
        endings = ", ".join(IMAGE_SUFFIXES + OTHER_SUFFIXES)
        raise DataError(f"{place}: expected images ({endings}) but found none; name their folder")
    images = dict(sorted(copies.best.items()))
    return Layout(place, images, {}, (), tuple(copies.notes("image", place)))
