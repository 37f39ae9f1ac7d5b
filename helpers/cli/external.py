"""The commands of ``dermbook`` for images from elsewhere: ``evaluate`` and ``predict``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from helpers.core import ROOT, writable

console = Console()
errors = Console(stderr=True)


class Views(StrEnum):
    """How a model is asked."""

    views = "views"
    single = "single"


class Columns(StrEnum):
    """What a file of predictions looks like."""

    challenge = "challenge"
    table = "table"


@contextmanager
def _one_line(text: str) -> Iterator[Callable[[int, int], None]]:
    """One line of progress that goes away when the work is done."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bars:
        bar = bars.add_task(text, total=None)

        def show(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        yield show


def evaluate(
    images: Annotated[
        Path, typer.Option(help="Folder or zip archive of images, of any size.", show_default=False)
    ],
    truth: Annotated[
        Path,
        typer.Option(
            help="Their diagnoses: the challenge's table (image,MEL,NV,...) or one with image_id "
            "and dx.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Argument(
            help="box, key or name of a trial, a folder, or an exported file. [default: the model "
            "in the box]"
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder to write. [default: runs/evaluations/MODEL-IMAGES]")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="Table with more columns of the images: lesions, cohorts.")
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(help="Column that tells parts of the test apart. [default: dataset, if any]"),
    ] = None,
    face: Annotated[Views, typer.Option(help="Mean of several views, or one.")] = Views.views,
) -> None:
    """Score a model on a labelled folder, once, and write a page and tables."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from helpers.cli.export import file_name
    from helpers.serving.external import (
        check_target,
        evaluate_folder,
        open_scorer,
        summary_lines,
        write_evaluation,
    )

    scorer = open_scorer(model)
    name = f"{file_name(scorer.card.name)}-{file_name(images.stem)}"
    folder = to or ROOT / "runs" / "evaluations" / name
    check_target(folder)
    writable(folder.absolute().parent)
    with _one_line("scoring") as progress:
        found = evaluate_folder(
            scorer,
            images,
            truth,
            metadata=metadata,
            parts=parts,
            face=face.value,
            progress=progress,
        )
    page = write_evaluation(found, folder)
    for line in [*summary_lines(found), str(page)]:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def predict(
    images: Annotated[Path, typer.Argument(help="Folder or zip archive of images, of any size.")],
    to: Annotated[Path, typer.Option(help="The CSV file to write.", show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(
            help="box, key or name of a trial, a folder, or an exported file. [default: the model "
            "in the box]"
        ),
    ] = None,
    layout: Annotated[
        Columns, typer.Option(help="A submission to the ISIC challenge, or a table with more.")
    ] = Columns.challenge,
    face: Annotated[Views, typer.Option(help="Mean of several views, or one.")] = Views.views,
) -> None:
    """Write what a model says of every image in a folder."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from helpers.serving.external import open_scorer, predict_folder

    scorer = open_scorer(model)
    writable(to.absolute().parent)
    with _one_line("predicting") as progress:
        table = predict_folder(
            scorer, images, to, layout=layout.value, face=face.value, progress=progress
        )
    console.print(f"{len(table):,} images in {to}", highlight=False, soft_wrap=True, markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(evaluate)
    app.command()(predict)
