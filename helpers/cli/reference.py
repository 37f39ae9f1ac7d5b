"""The command ``dermbook reference``: the committed study, its numbers, and writing it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from helpers.core import ROOT, ConfigError, folder_bytes, read_json, readable_bytes

console = Console()


def reference(
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Make every number and figure of the results again.")
    ] = False,
    collect: Annotated[
        list[Path] | None,
        typer.Option(
            help="A finished run, or a folder of trials, to write the study from; may be given "
            "several times."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="With --collect: the images, for their age, sex, site and cohort."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The study's folder. [default: data/reference]")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Where figures go. [default: figures/reference]")
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="The file with the results. [default: README.md]")
    ] = None,
) -> None:
    """Check the reference study, collect it from finished runs, or make its results again."""
    from helpers.reference import REFERENCE, open_study

    folder = data or REFERENCE
    if collect:
        _collect(collect, source, folder)
    study = open_study(folder)
    size = readable_bytes(folder_bytes(folder))
    _say(f"{folder}: {len(study.manifest['trials'])} trials, {size}, every file as it was written")
    if recompute:
        from helpers import reference as room

        started = time.perf_counter()
        written = room.recompute(
            study,
            figures or ROOT / "figures" / "reference",
            readme or ROOT / "README.md",
        )
        _say(f"{len(written)} files in {time.perf_counter() - started:.0f} s:")
        for path in written.values():
            _say(f"  {path}")


def _collect(runs: list[Path], source: str | None, folder: Path) -> None:
    from helpers.reference import collect, find_groups, find_tables

    # A name is that of a run in runs/, as `dermbook report --run` takes it.
    places = [path if path.is_dir() else Path("runs") / path for path in runs]
    absent = [str(path) for path, place in zip(runs, places, strict=True) if not place.is_dir()]
    if absent:
        raise ConfigError(
            f"--collect: expected finished runs or folders of trials but {', '.join(absent)} is "
            "none; name a folder, or a run in runs/"
        )
    groups = [group for place in places for group in find_groups(place)]
    tables = [path for place in places for path in find_tables(place)]
    facts, catalogue = {}, None
    told = [place / "source.json" for place in places if (place / "source.json").is_file()]
    if told:
        facts = read_json(told[0])
        differs = [str(path) for path in told if read_json(path) != facts]
        if differs:
            raise ConfigError(
                f"--collect: expected runs on the images of {told[0]} but {', '.join(differs)} "
                f"tells of others; collect runs of one source ({json.dumps(facts)})"
            )
    if source is not None:
        from helpers.dataset import load_catalogue, open_source

        opened = open_source(source)
        catalogue = load_catalogue(opened)
        facts = {"name": opened.name, "title": opened.title, "drawn": opened.drawn} | facts
    collect(groups, facts, catalogue, folder, tables)


def _say(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(reference)
