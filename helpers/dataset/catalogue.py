"""The catalogue: one validated DataFrame with a row an image, the centre of everything else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from helpers.core import (
    CLASSES,
    HAM10000_CLASSES,
    ConfigError,
    DataError,
    digest,
    digest_rows,
    name_some,
)
from helpers.dataset.class_sets import check_classes
from helpers.dataset.decoding import MASK_SIZE, read_image, read_mask
from helpers.dataset.integrity import integrity_report
from helpers.dataset.layout import Layout, list_layout
from helpers.dataset.reading import Reading
from helpers.dataset.sources import Source, read_source
from helpers.dataset.upright import SHAPE_TOLERANCE, turn_masks
from helpers.dataset.verification import verify_files
from helpers.dataset.walking import Entry, short_name

__all__ = [
    "COLUMNS",
    "fingerprint",
    "integrity_report",
    "load_catalogue",
    "read_image",
    "read_mask",
    "subset",
]

COLUMNS = (
    "image_id", "lesion_id", "dx", "dx_type", "age", "sex", "localization", "dataset",
    "path", "mask_path", "digest",
)  # fmt: skip

_IDENTITY = ["image_id", "lesion_id", "dx", "digest"]

FLOOR_IMAGES = 30
"""How many images of each class a subset keeps at least, where it has room for them."""

LEAST_LESIONS = 3
"""How many lesions of each class a subset keeps at least, one for each of three splits."""


def _file_problems(facts: pd.DataFrame, layout: Layout) -> list[str]:
    """One sentence for each way in which files are not whole."""
    bad = facts[facts["problem"] != ""]
    problems = []
    for (kind, problem), found in bad.groupby(["kind", "problem"], sort=True):
        names = name_some(short_name(str(locator), layout.root) for locator in found.index)
        noun = kind if len(found) == 1 else f"{kind}s"
        problems.append(f"{len(found):,} {noun}: {names}: {problem}; fetch again or replace")
    return problems


def _shape_problems(table: pd.DataFrame, facts: pd.DataFrame, layout: Layout) -> list[str]:
    """Masks whose shape is neither their image's nor that of the published masks."""
    pairs = table[table["mask_path"] != ""]
    image, mask = facts.loc[pairs["path"]], facts.loc[pairs["mask_path"]]
    both = ((image["problem"] == "").to_numpy()) & ((mask["problem"] == "").to_numpy())
    width, height = image["width"].to_numpy(), image["height"].to_numpy()
    mask_width, mask_height = mask["width"].to_numpy(), mask["height"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = (mask_width / mask_height) / (width / height)
    wrong = both & ~(np.abs(shape - 1) <= SHAPE_TOLERANCE)
    if not wrong.any():
        return []
    named = [
        f"{short_name(path, layout.root)} ({mw}x{mh}, its image {w}x{h})"
        for path, mw, mh, w, h in zip(
            pairs["mask_path"][wrong], mask_width[wrong], mask_height[wrong],
            width[wrong], height[wrong], strict=True,
        )
    ]  # fmt: skip
    noun = "mask" if len(named) == 1 else "masks"
    return [
        (
            f"{len(named):,} {noun} of the wrong size: expected the image's own size or "
            f"{MASK_SIZE[0]}x{MASK_SIZE[1]} in the image's shape but got {name_some(named)}; "
            "replace or remove them"
        )
    ]


def _missing_images(table: pd.DataFrame, reading: Reading, layout: Layout) -> list[str]:
    without = table.loc[~table["image_id"].isin(reading.images.keys()), "image_id"]
    without = without[without != ""].drop_duplicates()
    if without.empty:
        return []
    if len(without) == table["image_id"].nunique():
        some = name_some(layout.pictures, 3)
        return [
            f"no row has an image: the table names {name_some(without, 3)}, the folder holds {some}"
            "; add the images that belong to the table, or correct the names"
            f"{_packed_twice(layout)}"
        ]
    of = f" of {name_some(reading.tables)}" if reading.tables else ""
    noun = f"row{of} has" if len(without) == 1 else f"rows{of} have"
    return [
        (
            f"{len(without):,} {noun} no image: expected {without.iloc[0]}.jpg and so on but found "
            f"nothing for {name_some(without)}; fetch the images again or take out the rows"
            f"{_packed_twice(layout)}"
        )
    ]


def _packed_twice(layout: Layout) -> str:
    if not layout.inner_archives:
        return ""
    return (
        f"; they may be in {name_some(layout.inner_archives, 3)}, which was not opened: unpack the "
        "outer archive"
    )


def _same_bytes(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Pictures that are the same file under several names, as one lesion; problems and notes."""
    same = table[table.duplicated("digest", keep=False)]
    if same.empty:
        return table, [], []
    torn = [
        " and ".join(f"{row.image_id} ({row.dx})" for row in found.itertuples())
        for _, found in same.groupby("digest", sort=False)
        if found["dx"].nunique() > 1
    ]
    problems = []
    if torn:
        noun = "picture is" if len(torn) == 1 else "pictures are"
        problems.append(
            f"{len(torn):,} {noun} there with more than one diagnosis, byte for byte the same: "
            f"{name_some(torn, 5)}; keep the right one"
        )
    first = same.groupby("digest")["lesion_id"].transform("first")
    lesions = table["lesion_id"].copy()
    lesions.loc[same.index] = first
    n_copies = len(same) - same["digest"].nunique()
    noun = "picture is a copy of another" if n_copies == 1 else "pictures are copies of others"
    note = f"{n_copies:,} {noun}, byte for byte: all copies count as one lesion"
    return table.assign(lesion_id=lesions), problems, [note]


def _file_notes(table: pd.DataFrame, facts: pd.DataFrame, layout: Layout) -> list[str]:
    rows, used = set(table["image_id"]), set(table["path"])
    notes = []
    for noun, entries in (("image", layout.images), ("mask", layout.masks)):
        stray = [
            short_name(entry.locator, layout.root)
            for image_id, entry in entries.items()
            if image_id not in rows and entry.locator not in used
        ]
        if stray:
            plural = f"{noun} has" if len(stray) == 1 else f"{noun}s have"
            notes.append(f"{len(stray):,} {plural} no metadata row: {name_some(stray, 5)}")
    n_masks = int((table["mask_path"] != "").sum())
    if 0 < n_masks < len(table):
        notes.append(f"{len(table) - n_masks:,} of {len(table):,} images have no mask")
    empty = facts[(facts["kind"] == "mask") & (facts["problem"] == "") & (facts["measure"] == 0)]
    if len(empty):
        names = name_some((short_name(str(path), layout.root) for path in empty.index), 5)
        notes.append(f"{len(empty):,} masks have nothing inside: {names}")
    return notes


def load_catalogue(
    source: Source, *, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Load a source and check every row, image and mask of it.

    The first load decodes everything, in parallel; later ones only what has changed, by the
    sizes, times and checksums of the files.

    Parameters
    ----------
    source : Source
        Of :func:`helpers.dataset.sources.open_source`.
    progress : callable, optional
        Called with the number of files decoded and of all files to decode.

    Returns
    -------
    DataFrame
        A row an image, sorted by ``image_id``, with a RangeIndex: ``image_id, lesion_id, dx,
        dx_type, age`` (years, NaN where missing), ``sex, localization, dataset`` ("" where
        absent), ``path`` and ``mask_path`` (locators; "" for no mask) and ``digest`` (of the
        image's bytes). ``attrs["notes"]`` lists what is odd but harmless.

    Raises
    ------
    DataError
        With all problems at once: in the table, of missing, unreadable and truncated
        images, of unreadable masks and of masks of the wrong size.
    """
    layout = list_layout(source.folder)
    reading = read_source(source, layout)
    table, problems, notes = reading.table, [*reading.problems], [*reading.notes]
    problems += _missing_images(table, reading, layout)

    def locators(entries: dict[str, Entry]) -> pd.Series:
        found = {image_id: entry.locator for image_id, entry in entries.items()}
        return pd.Series([found.get(name, "") for name in table["image_id"]], dtype=str)

    table = table.assign(path=locators(reading.images), mask_path=locators(reading.masks))
    wanted = [image_id for image_id in dict.fromkeys(table["image_id"])]
    facts = verify_files(
        layout.root,
        [reading.images[image_id] for image_id in wanted if image_id in reading.images],
        [reading.masks[image_id] for image_id in wanted if image_id in reading.masks],
        progress=progress,
    )
    problems += _file_problems(facts, layout)
    table, facts, more, told = turn_masks(table, facts, layout.root)
    problems, notes = problems + more, notes + told
    problems += _shape_problems(table[table["path"] != ""], facts, layout)
    if problems:
        raise DataError(problems, where=str(layout.root))

    table["digest"] = facts["digest"].reindex(table["path"]).to_numpy()
    if not reading.lesions_known and "group" not in table:
        table, problems, told = _same_bytes(table)
        notes += told
        if problems:
            raise DataError(problems, where=str(layout.root))
    columns = [*COLUMNS, "group"] if "group" in table else list(COLUMNS)
    catalogue = table.sort_values("image_id", ignore_index=True)[columns]
    catalogue.attrs = {
        "source": source.name,
        "title": source.title,
        "drawn": source.drawn,
        "folder": str(layout.root),
        "read_as": reading.read_as,
        "lesions_known": reading.lesions_known,
        "mapping": None if source.mapping is None else str(source.mapping),
        "notes": [*notes, *_file_notes(table, facts, layout)],
    }
    return catalogue


def fingerprint(catalogue: pd.DataFrame) -> str:
    """Name of a catalogue's content, wherever its files lie.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id``, ``dx`` and ``digest``.

    Returns
    -------
    str
        16 hexadecimal digits; neither the folder nor the order of the rows is in it. Where this
        process tells apart others than the seven classes of HAM10000, they are in it, since a
        model of these images depends on them.
    """
    names = catalogue["image_id"]
    if not (names.is_monotonic_increasing and names.is_unique):
        catalogue = catalogue.sort_values(_IDENTITY)
    rows = catalogue[_IDENTITY]
    content = digest_rows(
        rows.iloc[first : first + 1000].astype(str).to_numpy().tolist()
        for first in range(0, len(rows), 1000)
    )
    return content if CLASSES == HAM10000_CLASSES else digest([content, list(CLASSES)])


def _class_targets(counts: pd.Series, needed: pd.Series, max_images: int) -> pd.Series:
    """Images wanted of each class: in proportion, but never under the floor or what it needs."""
    spare = (max_images - int(needed.sum())) // len(counts)
    floor = min(FLOOR_IMAGES, max_images // (2 * len(counts)), spare)
    targets = counts.clip(upper=floor).clip(lower=needed)
    rare = pd.Series(False, index=counts.index)
    while True:
        # Classes at the floor take their images out of what the others share.
        share = counts * (max_images - targets[rare].sum()) / max(counts[~rare].sum(), 1)
        under = ~rare & (share < targets)
        if not under.any():
            return targets.where(rare, share).astype(int)
        rare |= under


def _draw(sizes: pd.Series, room: int, random: np.random.Generator) -> list[str]:
    """Lesions of one class, in random order, as far as they fit."""
    order = random.permutation(len(sizes))
    kept = _fitting(sizes, order, room)
    least = min(LEAST_LESIONS, len(sizes))
    if len(kept) < least:  # large lesions have filled the room, or none of them fits
        small = order[np.argsort(sizes.to_numpy()[order], kind="stable")]
        first, others = small[:least], order[~np.isin(order, small[:least])]
        kept = _fitting(sizes, np.concatenate([first, others]), room)
    return [str(sizes.index[lesion]) for lesion in kept]


def _fitting(sizes: pd.Series, order: np.ndarray, room: int) -> list[int]:
    kept = []
    for lesion in order:
        if sizes.iloc[lesion] <= room:
            kept.append(int(lesion))
            room -= int(sizes.iloc[lesion])
    return kept


def subset(catalogue: pd.DataFrame, max_images: int, seed: int) -> pd.DataFrame:
    """Take whole lesions, class by class, until there are ``max_images`` images.

    Parameters
    ----------
    catalogue : DataFrame
        Of :func:`load_catalogue`.
    max_images : int
        Upper bound; at least 6 for each class, and room for `LEAST_LESIONS` lesions of each.
    seed : int
        Seed of the draw.

    Returns
    -------
    DataFrame
        Sorted as before, with a new RangeIndex. Classes keep their proportions, except that
        each keeps up to ``FLOOR_IMAGES`` images (fewer where ``max_images`` is small), and
        `LEAST_LESIONS` lesions or all that it has.

    Raises
    ------
    ConfigError
        If ``max_images`` is too small for the classes that are there.
    """
    check_classes(catalogue)
    if max_images >= len(catalogue):
        return catalogue.copy()
    counts = catalogue["dx"].value_counts()
    sizes = {
        dx: catalogue.loc[catalogue["dx"] == dx, "lesion_id"].value_counts().sort_index()
        for dx in counts.index
    }
    needed = pd.Series({dx: int(sizes[dx].nsmallest(LEAST_LESIONS).sum()) for dx in counts.index})
    least = max(6 * len(counts), int(needed.sum()))
    if max_images < least:
        raise ConfigError(
            f"max_images: expected at least {least} (6 images and {LEAST_LESIONS} lesions for each "
            f"of {len(counts)} classes) but got {max_images}"
        )
    targets = _class_targets(counts, needed, max_images)
    kept: list[str] = []
    for dx in counts.index:
        random = np.random.default_rng([seed, CLASSES.index(dx)])
        kept += _draw(sizes[dx], int(targets[dx]), random)
    result = catalogue[catalogue["lesion_id"].isin(kept)].reset_index(drop=True)
    result.attrs = {**catalogue.attrs, "subset_of": len(catalogue)}
    return result
