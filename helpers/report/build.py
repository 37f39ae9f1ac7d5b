"""One command from chapters to a run folder with its manifest, PDF and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from helpers.core import (
    CHAPTERS,
    CLASSES,
    ConfigError,
    DermBookError,
    ReportError,
    digest,
    read_json,
    sha256_file,
    write_json,
)
from helpers.models import backend_name
from helpers.notebook.chapters import find_chapters, select_chapters, suited_chapters
from helpers.report.cover import make_cover
from helpers.report.drawing import drawn_ahead
from helpers.report.inputs import chapter_digests, code_digest, rendering_digest, source_key
from helpers.report.manifest import build_manifest, update_manifest
from helpers.report.matter import Matter, find_matter
from helpers.report.progress import Progress, results_table
from helpers.report.results import ChapterResult
from helpers.report.run_folder import held_folder, relative_path, run_folder
from helpers.report.runner import notebook_path, run_chapters

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

CODE = ("hide", "show")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _absolute(source: str | None) -> str | None:
    """Make a folder's name independent of where a kernel runs."""
    if source is None or source in ("sample", "ham10000"):
        return source
    path = Path(source).expanduser()
    return str(path.resolve()) if path.exists() else source


def _absolute_split(path: str | None) -> str | None:
    """Path of a split file wherever a kernel runs; a missing one is told at once."""
    if path is None:
        return None
    from helpers.dataset import split_path

    return str(split_path(path))


def _check_split(parameters: Mapping[str, Any]) -> None:
    """Hold a split file against its source once, and not in every chapter anew."""
    from helpers.notebook import open_run

    options = dict(parameters)
    open_run(folder=options.pop("run_folder"), **options).catalogue()


@dataclass(frozen=True)
class Edition:
    """What of the book is made: for whom, with code or without, as pages too or not."""

    code: str
    matter: Matter
    stem: str = "report"
    pages: bool = False


def _render(
    folder: Path, results: Sequence[ChapterResult], cover: dict[str, Any], edition: Edition
) -> bool:
    """Write the PDF, the HTML page and the folder of pages where they are not up to date."""
    notebooks = [notebook_path(folder, result.chapter.name) for result in results]
    stem, code, matter = edition.stem, edition.code, edition.matter
    pdf, page, pages = folder / f"{stem}.pdf", folder / f"{stem}.html", folder / _pages_of(stem)
    state = folder / "state" / f"{stem}.json"
    hashes = [sha256_file(path) for path in [*notebooks, *matter.files()]]
    key = digest([hashes, cover, code, edition.pages, rendering_digest()])
    made = [pdf, page, *([pages] if edition.pages else [])]
    if all(path.exists() for path in made) and _stored_key(state) == key:
        return False
    # What typesets comes with it, and nothing needs that where all is up to date.
    from helpers.report.rendering import Targets, render

    state.unlink(missing_ok=True)
    targets = Targets(pdf, page, pages if edition.pages else None)
    seconds = render(notebooks, targets, cover, code, matter)
    write_json(state, {"key": key, "seconds": seconds})
    return True


def _pages_of(stem: str) -> str:
    """Name of the folder of pages: ``pages``, or that of the teacher's edition."""
    return stem.replace("report", "pages")


def _stored_key(path: Path) -> str:
    try:
        return str(read_json(path)["key"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""


def build_report(
    profile: str = "quick",
    source: str | None = None,
    run_name: str | None = None,
    chapters: str = "core",
    code: str = "hide",
    edition: str = "student",
    pages: bool = False,
    max_images: int | None = None,
    seed: int | None = None,
    split_file: str | None = None,
    force: bool = False,
    at_once: int | None = None,
    runs_dir: Path = Path("runs"),
    chapters_dir: Path = CHAPTERS,
    console: Console | None = None,
) -> int:
    """Execute chapters and render them as one PDF and one HTML page.

    Parameters
    ----------
    profile : str, default="quick"
        Name of a file in ``chapters/profiles``.
    source : str, optional
        ``"sample"``, ``"ham10000"``, a folder or an archive; the profile's own by default.
    run_name : str, optional
        Folder below ``runs_dir``; the profile's name by default.
    chapters : str, default="core"
        ``"core"``, ``"all"``, or numbers with commas between. What they need is added.
    code : {"hide", "show"}, default="hide"
        Whether the report prints the code of the chapters.
    edition : {"student", "teacher"}, default="student"
        A teacher's has the solutions of the exercises; its files are ``report-teacher.pdf`` and
        ``.html``, so that none is handed out by mistake.
    pages : bool, default=False
        Whether a folder of one page a chapter is written too, for a static host.
    max_images, seed : int, optional
        Instead of the profile's own.
    split_file : str, optional
        A split to use in place of a computed one, or of the profile's own. It is held against
        the source before a chapter runs.
    force : bool, default=False
        Execute chapters whose inputs have not changed as well. Finished trials are kept.
    at_once : int, optional
        How many chapters may run at a time; by default as many as suit the machine, see
        :func:`helpers.report.runner.suitable_at_once`. No number depends on it, but for
        measured times.
    runs_dir : Path, default="runs"
        Where run folders are.
    chapters_dir : Path, optional
        Where the notebooks are.
    console : Console, optional
        Where progress is shown.

    Returns
    -------
    int
        0, or 1 when a chapter failed (then nothing is rendered), or 130 after Ctrl-C.

    Raises
    ------
    ConfigError
        If an argument, the profile or a chapter's parameters are not as expected.
    DataError
        With all problems of a split file, or of the images that it is to divide.
    ReportError
        If another process works in the run folder, or the pages cannot be rendered.
    """
    if code not in CODE:
        raise ConfigError(f"code {code!r}: expected 'hide' or 'show'")
    matter = find_matter(Path(chapters_dir), edition)
    stem = "report" if edition == "student" else f"report-{edition}"
    wanted = Edition(code, matter, stem, pages)
    if max_images is not None and max_images < 1:
        raise ConfigError(f"max_images: expected at least 1 but got {max_images}")
    if at_once is not None and at_once < 1:
        raise ConfigError(f"at_once: expected at least 1 but got {at_once}")
    from helpers.study import load_profile  # pandas comes with it: bad arguments are told before

    console = console or Console()
    loaded = load_profile(profile)
    content = loaded.model_dump(mode="json")
    chosen, added = select_chapters(find_chapters(chapters_dir), chapters)
    chosen, left_out = suited_chapters(chosen)
    if not chosen:
        raise ConfigError(
            f"chapters {chapters!r}: expected one that is not about HAM10000's diagnoses but each "
            f"is; choose others for a data set of {', '.join(CLASSES)}"
        )
    folder = run_folder(profile, run_name, Path(runs_dir))
    parameters = {
        "profile": profile,
        "source": _absolute(source),
        "max_images": max_images,
        "seed": seed,
        "split_file": _absolute_split(split_file or content.get("split_file")),
        "run_folder": str(folder),
    }
    asked = str(parameters["source"] or content.get("source") or "sample")
    used_seed = int(seed if seed is not None else content.get("seed") or 0)
    n_drawn = int(content.get("sample_images") or 0)
    key = source_key(asked, n_drawn, used_seed)
    divided_by = parameters["split_file"]
    shared = [content, key, code_digest(), backend_name(), CLASSES]
    if divided_by is not None:
        shared.append(sha256_file(str(divided_by)))
    digests = chapter_digests(chosen, parameters, shared)
    for chapter in left_out:
        console.print(
            f"{chapter.name} is left out: it is about "
            + (", ".join(chapter.classes) or "the seven diagnoses of HAM10000"),
            highlight=False,
        )
    for chapter in added:
        if chapter in left_out:
            continue
        console.print(f"{chapter.name} is run too: a chosen chapter needs it", highlight=False)
    try:
        with held_folder(folder):
            started = _now()
            if divided_by is not None:
                _check_split(parameters)
            drawing = drawn_ahead(asked, n_drawn, used_seed)
            with Progress(console, len(chosen)) as progress:
                results = run_chapters(
                    chosen,
                    parameters,
                    folder,
                    digests,
                    progress,
                    force=force,
                    at_once=at_once,
                    beside=drawing,
                )
            return _conclude(results, parameters, folder, content, wanted, started, console)
    except KeyboardInterrupt:
        console.print(
            "Interrupted. Finished chapters and trials are kept; the same command goes on there.",
            style="yellow",
        )
        return INTERRUPTED


def _conclude(
    results: Sequence[ChapterResult],
    parameters: Mapping[str, Any],
    folder: Path,
    content: Mapping[str, Any],
    edition: Edition,
    started: str,
    console: Console,
) -> int:
    """Write the manifest, tell how the chapters ended, and make the pages."""
    ran = any(result.status in ("done", "failed") for result in results)
    configuration = {
        "profile": dict(content),
        "parameters": dict(parameters),
        "chapters": [result.chapter.name for result in results],
    }
    fresh = build_manifest(folder, results, configuration, started=started, finished=_now())
    manifest = update_manifest(folder, fresh, ran=ran)
    console.print()
    console.print(results_table(results))
    console.print()
    failed = [result for result in results if result.status == "failed"]
    if failed:
        names = ", ".join(result.chapter.name for result in failed)
        kept = relative_path(folder / "notebooks")
        for detail in dict.fromkeys(result.detail for result in failed if result.detail):
            console.print(detail, markup=False, highlight=False, soft_wrap=True)
            console.print()
        console.print(
            f"No report was made: {names} failed. Each is kept up to its failing cell in "
            f"{kept}/<chapter>.failed.ipynb.",
            style="bold red",
            soft_wrap=True,
        )
        return 1
    cover = make_cover(manifest, content, folder.name, str(manifest["finished"]))
    try:
        rendered = _render(folder, results, cover, edition)
    except DermBookError:
        raise
    except OSError as error:
        raise ReportError(f"{relative_path(folder)}: cannot write the report: {error}") from error
    state = "written" if rendered else "unchanged"
    if edition.pages:
        first = folder / _pages_of(edition.stem) / "index.html"
        console.print(f"{relative_path(first)} {state}", highlight=False, soft_wrap=True)
    for name in (f"{edition.stem}.pdf", f"{edition.stem}.html", "manifest.json"):
        path = folder / name
        size = path.stat().st_size / 2**20
        what = "" if name == "manifest.json" else f" {state}"
        console.print(
            f"{relative_path(path)}{what}, {size:.1f} MiB", highlight=False, soft_wrap=True
        )
    return 0
