"""Decoding every file of a source once, in parallel, and remembering what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

import pandas as pd
from filelock import FileLock

from helpers.core import atomic_file, cache_home, digest, read_bytes, writable
from helpers.dataset.decoding import FileFacts, inspect_image, inspect_mask
from helpers.dataset.walking import Entry

Job = tuple[str, Entry]
"""What a file is to be, "image" or "mask", and where it is."""

FACT_COLUMNS = tuple(item.name for item in fields(FileFacts))
_values = attrgetter(*FACT_COLUMNS)
CHUNK, BATCH = 1024, 64
_VERSION = 2  # raise it when inspect_image or inspect_mask change what they find


def facts_path(root: str | Path) -> Path:
    """Where the facts of a source's files are remembered.

    Parameters
    ----------
    root : str or Path
        The source's folder.
    """
    key = digest({"root": str(root), "version": _VERSION})
    return cache_home() / "catalogues" / f"{key}.parquet"


def _remembered(root: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(facts_path(root)).set_index("locator")
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError):  # a damaged cache only costs the time to redo it
        facts_path(root).unlink(missing_ok=True)
    return pd.DataFrame(
        columns=["stamp", "kind", *FACT_COLUMNS], index=pd.Index([], name="locator")
    )


def remembered_facts(root: Path, locators: list[str]) -> pd.DataFrame | None:
    """What `verify_files` found of files when it last decoded them; None where it lacks one."""
    known = _remembered(root)
    return known.loc[locators] if known.index.isin(locators).sum() == len(locators) else None


def _inspect(job: Job) -> FileFacts:
    kind, entry = job
    try:
        data = read_bytes(entry.locator)
    except OSError as error:
        return FileFacts("", problem=f"cannot be read ({error})")
    return inspect_image(data) if kind == "image" else inspect_mask(data)


def _inspect_batch(jobs: list[Job]) -> list[FileFacts]:
    return [_inspect(job) for job in jobs]


def verify_files(
    root: Path,
    images: Iterable[Entry],
    masks: Iterable[Entry],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Decode files that were not decoded before, or changed since.

    Parameters
    ----------
    root : Path
        The source's folder: its name is the key of the memory.
    images, masks : iterable of Entry
        What to decode.
    progress : callable, optional
        Called with the number of files done and of all files to decode.

    Returns
    -------
    DataFrame
        Indexed by locator, a row a file: ``stamp``, ``kind`` ("image" or "mask") and the
        attributes of :class:`helpers.dataset.decoding.FileFacts`. Problems are in it, not raised.
    """
    jobs = [("image", entry) for entry in images] + [("mask", entry) for entry in masks]
    known = _remembered(root)
    if _changed(jobs, known):
        path = facts_path(root)
        writable(path.parent)
        with FileLock(f"{path}.lock"):  # two chapters that run at a time would each decode it all
            known = _remembered(root)
            if todo := _changed(jobs, known):
                known = _inspect_again(known, jobs, todo, progress)
                # What could not be read may be readable next time: only decoded bytes are kept.
                with atomic_file(path) as temporary:
                    known[known["digest"] != ""].reset_index().to_parquet(temporary)
    return known.loc[[entry.locator for _, entry in jobs]]


def _changed(jobs: list[Job], known: pd.DataFrame) -> list[Job]:
    """Files of which nothing is known, or no longer."""
    stamps = dict(zip(known.index, known["stamp"], strict=True))
    return [job for job in jobs if stamps.get(job[1].locator) != job[1].stamp]


def _inspect_again(
    known: pd.DataFrame,
    jobs: list[Job],
    todo: list[Job],
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """What is known of a source's files, with some of them decoded anew."""
    fresh = _inspect_all(todo, progress)
    wanted = [entry.locator for _, entry in jobs]
    kept = known.drop(index=fresh.index, errors="ignore")
    kept = kept[kept.index.isin(wanted)]
    known = pd.concat([kept, fresh]) if len(kept) else fresh
    return known.astype(
        {"palette": bool, "width": int, "height": int, "measure": float, "orientation": int}
    )


def _inspect_all(
    jobs: list[Job],
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Decode files in parallel, with the future of no more than `CHUNK` of them in memory.

    A thread takes `BATCH` at once: file by file, handing over costs as much as reading.
    """
    rows: list[tuple[object, ...]] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for first in range(0, len(jobs), CHUNK):
            chunk = jobs[first : first + CHUNK]
            batches = [chunk[start : start + BATCH] for start in range(0, len(chunk), BATCH)]
            for batch, found in zip(batches, pool.map(_inspect_batch, batches), strict=True):
                for (kind, entry), facts in zip(batch, found, strict=True):
                    rows.append((entry.locator, entry.stamp, kind, *_values(facts)))
                    if progress is not None:
                        progress(len(rows), len(jobs))
    columns = ["locator", "stamp", "kind", *FACT_COLUMNS]
    return pd.DataFrame(rows, columns=columns).set_index("locator")
