"""Sources: where images and metadata come from, by name or by folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from helpers.core import DataError, cache_home, digest, read_json, writable
from helpers.dataset.layout import list_layout
from helpers.sample import folder as sample

DRAWN_MARK = "drawn_sample.json"
"""The file that says that a folder's images were drawn, not photographed."""

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
    """

    name: str
    folder: Path
    drawn: bool
    title: str


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


def _open_sample(n_images: int, seed: int, progress: Any) -> Source:
    key = digest({"n_images": n_images, "seed": seed, "version": sample.VERSION})
    folder = cache_home() / "sources" / f"sample-{key}"
    if not (folder / DRAWN_MARK).exists():
        writable(folder.parent)
        # Two kernels that open the sample at once must not draw it twice.
        with FileLock(f"{folder}.lock"):
            if not (folder / DRAWN_MARK).exists():
                sample.draw_sample(folder, n_images=n_images, seed=seed, progress=progress)
    return Source("sample", folder, True, _drawn_title(folder))


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


def _open_folder(spec: str | Path) -> Source:
    folder = Path(spec).expanduser()
    choices = (
        "choose 'sample' (drawn, no download), 'ham10000' (after 'dermbook data fetch "
        "ham10000'), or a folder or zip archive in the HAM10000 layout"
    )
    if not folder.exists():
        raise DataError(f"source {str(spec)!r}: no such name, folder or archive; {choices}")
    folder = folder.resolve()
    if folder.is_file() and folder.suffix.lower() != ".zip":
        raise DataError(f"source {str(spec)!r}: expected a folder or a zip archive; {choices}")
    layout = list_layout(folder)
    missing = []
    if not layout.images:
        missing.append("expected images named <image_id>.jpg but found none")
    if not layout.metadata:
        missing.append("expected a table named HAM10000_metadata or HAM10000_metadata.csv")
    if missing:
        raise DataError([*missing, *layout.notes, choices], where=str(folder))
    if folder.is_dir() and (folder / DRAWN_MARK).exists():
        return Source(folder.name, folder, True, _drawn_title(folder))
    return Source(folder.name, folder, False, f"{folder.name} (HAM10000 layout)")


def open_source(
    spec: str | Path,
    *,
    sample_images: int = 600,
    seed: int = 0,
    progress: Callable[..., None] | None = None,
) -> Source:
    """Open a source by name or by folder.

    Parameters
    ----------
    spec : str or Path
        ``"sample"``: drawn by the project on first use and kept in the cache folder.
        ``"ham10000"``: the fetched files. Anything else: a folder, or a zip archive, in the
        HAM10000 layout; images may be flat or in subfolders or in archives.
    sample_images : int, default=600
        How many images ``"sample"`` draws.
    seed : int, default=0
        Seed of ``"sample"``.
    progress : callable, optional
        Handed to :func:`helpers.sample.folder.draw_sample`.

    Returns
    -------
    Source

    Raises
    ------
    DataError
        If ``spec`` is none of these; the message lists the valid choices.
    ConfigError
        If a sample is to be drawn and the cache folder cannot be written to.
    """
    if str(spec) == "sample":
        return _open_sample(sample_images, seed, progress)
    if str(spec) == "ham10000":
        return _open_ham10000()
    if not str(spec).strip():
        raise DataError("source: expected 'sample', 'ham10000' or a folder, but got an empty name")
    return _open_folder(spec)
