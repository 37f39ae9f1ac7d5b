"""Sources: where images and metadata come from, by name or by folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import AcquireReturnProxy, FileLock, Timeout

from helpers.core import ConfigError, DataError, cache_home, digest, name_some, read_json, writable
from helpers.dataset.finishing import finish
from helpers.dataset.layout import IMAGE_SUFFIXES, OTHER_SUFFIXES, Layout, list_layout
from helpers.dataset.mapping import MAPPING_NAMES, mapped_labels, read_mapping
from helpers.dataset.packed import MARK, unpack, unpacked_labels
from helpers.dataset.reading import Found, Labels, Reading, find_tables, recognise
from helpers.dataset.recognisers.known import BY_FOLDER, BY_TABLE
from helpers.dataset.walking import short_name
from helpers.sample import folder as sample

DRAWN_MARK = "drawn_sample.json"
"""The file that says that a folder's images were drawn, not photographed."""

Progress = Callable[[int, int], None]
WAIT_SECONDS = 0.5

FETCHED_MARK = "fetched.json"
"""The file that says where the fetched files came from and how each was verified."""


@dataclass(frozen=True)
class Source:
    """Where images and metadata come from.

    Attributes
    ----------
    name : str
        ``"sample"``, ``"ham10000"``, or the name of the folder.
    folder : Path
        The folder that holds the files (or the one archive).
    drawn : bool
        Whether the images were drawn by the project, which every figure then says.
    title : str
        One line for a cover or a caption.
    mapping : Path or None
        The file that says what columns and names mean, where there is one.
    """

    name: str
    folder: Path
    drawn: bool
    title: str
    mapping: Path | None = None


def read_source(source: Source, layout: Layout | None = None) -> Reading:
    """Find out what a source's files and tables mean.

    Parameters
    ----------
    source : Source
        Of `open_source`.
    layout : Layout, optional
        Of its folder, where it was listed already.

    Returns
    -------
    Reading
        What is wrong with rows is in it, not raised. No picture is decoded.

    Raises
    ------
    DataError
        If nobody knows its layout, or it fits two.
    ConfigError
        If its mapping cannot be used.
    """
    found = find_tables(layout or list_layout(source.folder))
    return finish(found, _labels(found, source.mapping))


def _labels(found: Found, mapping: Path | None) -> Labels:
    if mapping is not None:
        return mapped_labels(found, read_mapping(mapping))
    if (found.layout.root / MARK).exists():
        return unpacked_labels(found)
    return recognise(found, BY_TABLE, BY_FOLDER)


def ham10000_folder(home: str | Path | None = None) -> Path:
    """Folder that ``dermbook data fetch ham10000`` fills.

    Parameters
    ----------
    home : str or Path, optional
        The cache folder; :func:`helpers.core.files.cache_home` by default.
    """
    return (Path(home) if home is not None else cache_home()) / "sources" / "ham10000"


def _drawn_title(folder: Path) -> str:
    facts = read_json(folder / DRAWN_MARK)
    return f"drawn sample ({facts['n_images']:,} images, seed {facts['seed']})"


def _open_sample(n_images: int, seed: int, progress: Progress | None) -> Source:
    key = digest({"n_images": n_images, "seed": seed, "version": sample.VERSION})
    folder = cache_home() / "sources" / f"sample-{key}"
    if not (folder / DRAWN_MARK).exists():
        writable(folder.parent)
        # Two kernels that open the sample at once must not draw it twice.
        with _waited_for(folder, n_images, progress):
            if not (folder / DRAWN_MARK).exists():
                sample.draw_sample(folder, n_images=n_images, seed=seed, progress=progress)
    return Source("sample", folder, True, _drawn_title(folder))


def _waited_for(folder: Path, n_images: int, progress: Progress | None) -> AcquireReturnProxy:
    """The lock of a sample that perhaps another process draws; `progress` is told meanwhile."""
    lock = FileLock(f"{folder}.lock")
    while True:
        try:
            return lock.acquire(timeout=WAIT_SECONDS)
        except Timeout:
            if progress is not None:
                progress(0, n_images)


def _open_ham10000() -> Source:
    folder = ham10000_folder()
    mark = folder / FETCHED_MARK
    if not mark.exists():
        raise DataError(
            f"ham10000: expected its files in {folder} but they are not there (or not all); run "
            "'dermbook data fetch ham10000' (2.8 GB), or add '--mirror FOLDER_OR_URL' where "
            "a copy of the files is at hand"
        )
    files = read_json(mark)["files"]
    published = all(facts["verified"] == "published" for facts in files.values())
    title = "HAM10000" if published else "HAM10000 (a mirror's files, not the published bytes)"
    return Source("ham10000", folder, False, title)


_CHOICES = (
    "choose 'sample' (drawn, no download), 'ham10000' (after 'dermbook data fetch ham10000'), a "
    "folder or zip archive, an .npz or Parquet file with pictures, or a mapping (.yml)"
)


def find_folder(spec: str | Path) -> tuple[Path, Path | None]:
    """The folder or archive that a source means, unpacked where it has to be, and its mapping.

    Parameters
    ----------
    spec : str or Path
        A folder, an archive, an ``.npz`` or Parquet file, or a mapping that names its folder.

    Raises
    ------
    DataError
        If there is no such folder or file, or it holds no pictures.
    ConfigError
        If a mapping names no folder.
    """
    layout, mapping = _find_layout(spec)
    return layout.root, mapping


def _find_layout(spec: str | Path) -> tuple[Layout, Path | None]:
    """What `find_folder` finds, with what lies in it."""
    place, mapping = Path(spec).expanduser(), None
    if _exists(place) and place.suffix.lower() in (".yml", ".yaml"):
        mapping = place.resolve()
        named = read_mapping(mapping).folder
        if named is None:
            raise ConfigError(
                f"{place}: folder: expected where the pictures are but got nothing; write it "
                "there, or give the folder and --mapping"
            )
        place = mapping.parent / Path(named).expanduser()
    if not _exists(place):
        raise DataError(f"source {str(spec)!r}: no such name, folder or archive; {_CHOICES}")
    place = place.resolve()
    if place.is_file() and place.suffix.lower() not in (".zip", ".npz", ".parquet"):
        raise DataError(f"source {str(spec)!r}: expected a folder or a zip archive; {_CHOICES}")
    layout = list_layout(place)
    if layout.packed and not layout.pictures:
        place = unpack(layout.packed, place)
        layout = list_layout(place)
    elif not layout.pictures:
        endings = ", ".join(IMAGE_SUFFIXES + OTHER_SUFFIXES)
        missing = [f"expected images ({endings}) but found none"]
        if not layout.tables:
            missing.append("expected a table such as HAM10000_metadata.csv but found none")
        missing += _unread_kinds(layout)
        raise DataError([*missing, *layout.notes, _CHOICES], where=str(place))
    if mapping is None and place.is_dir():
        mapping = next((place / n for n in MAPPING_NAMES if (place / n).is_file()), None)
    return layout, mapping


def _unread_kinds(layout: Layout) -> list[str]:
    """What to say of files that may hold pictures, where none is there that can be read."""
    shown = [f"{count:,} {suffix}" for suffix, count in sorted(layout.others.items()) if suffix]
    said = []
    if shown:
        said.append(
            f"files of other kinds are not read ({name_some(shown, 8)}): write the pictures in "
            "them as JPEG or PNG files"
        )
    if layout.tables:
        names = name_some((short_name(entry.locator, layout.root) for entry in layout.tables), 5)
        said.append(
            f"pixels in a table are not read either ({names}): give the pictures that it was made "
            "from"
        )
    return said


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name that is longer than the system allows
        return False


def _open_folder(spec: str | Path, mapping: str | Path | None) -> Source:
    layout, found = _find_layout(spec)
    folder = layout.root
    name = Path(spec).expanduser().resolve().name
    told = Path(mapping).expanduser().resolve() if mapping is not None else found
    if folder.is_dir() and (folder / DRAWN_MARK).exists():
        return Source(name, folder, True, _drawn_title(folder), told)
    source = Source(name, folder, False, name, told)
    kind = _labels(find_tables(layout), told).kind
    return replace(source, title=f"{name} ({kind})")


def open_source(
    spec: str | Path,
    *,
    mapping: str | Path | None = None,
    sample_images: int = 600,
    seed: int = 0,
    progress: Progress | None = None,
) -> Source:
    """Open a source by name or by folder.

    Parameters
    ----------
    spec : str or Path
        ``"sample"``: drawn by the project on first use and kept in the cache folder.
        ``"ham10000"``: the fetched files. Anything else: a folder, or a zip archive, in a layout
        that is known by what is in it; images may be flat or in subfolders or in archives. Or an
        ``.npz`` or Parquet file with pictures inside; or a mapping that names its folder.
    mapping : str or Path, optional
        A YAML file that says what columns and names mean; one named ``dermbook.yml`` in the
        folder is found.
    sample_images : int, default=600
        How many images ``"sample"`` draws.
    seed : int, default=0
        Seed of ``"sample"``.
    progress : callable, optional
        Called with (images done, images in all) while ``"sample"`` is drawn, here or by another
        process; what it raises ends the waiting or the drawing, of which nothing is left then.

    Returns
    -------
    Source

    Raises
    ------
    DataError
        If ``spec`` is none of these; the message lists the valid choices. If nobody knows the
        layout, or two layouts fit.
    ConfigError
        If a mapping cannot be used, or a sample is to be drawn and the cache folder cannot be
        written to.
    """
    if str(spec) == "sample":
        return _open_sample(sample_images, seed, progress)
    if str(spec) == "ham10000":
        return _open_ham10000()
    if not str(spec).strip():
        raise DataError("source: expected 'sample', 'ham10000' or a folder, but got an empty name")
    return _open_folder(spec, mapping)
