"""The commands ``dermbook data``: fetch, inspect, check, draw and split images."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers.core import ConfigError

console = Console()
errors = Console(stderr=True)
data = typer.Typer(no_args_is_help=True, help="Fetch, check or draw images.")


class Fetchable(StrEnum):
    """Data sets that can be fetched."""

    ham10000 = "ham10000"


@data.command()
def fetch(
    what: Annotated[Fetchable, typer.Argument(help="The data set.")],
    mirror: Annotated[
        str | None, typer.Option(help="Folder or address that holds files of the same names.")
    ] = None,
    include_test: Annotated[
        bool, typer.Option("--include-test", help="Fetch the ISIC 2018 test images too.")
    ] = False,
) -> None:
    """Download and verify a data set; goes on where it was broken off."""
    from helpers.dataset import TEST_IMAGES, TEST_TRUTH, fetch_ham10000

    folder = fetch_ham10000(
        mirror=mirror,
        include_test=include_test,
        say=lambda line: errors.print(Text(line), soft_wrap=True),
    )
    console.print(f"{what.value}: {folder}", highlight=False, soft_wrap=True)
    if include_test:
        console.print(
            "Score a model on the test set: dermbook evaluate --images "
            f"{folder / TEST_IMAGES} --truth {folder / TEST_TRUTH}",
            highlight=False,
            soft_wrap=True,
        )


@data.command()
def inspect(
    folder: Annotated[str, typer.Argument(help="A folder, an archive, an .npz or Parquet file.")],
) -> None:
    """Say what a folder is read as, and draft a mapping of its columns and names.

    The draft goes to standard output, what was found to standard error: `dermbook data inspect
    FOLDER > FOLDER/dermbook.yml` keeps the draft where it is found.
    """
    from helpers.cli.inspect import inspect_folder

    told, draft = inspect_folder(folder)
    for line in told:
        errors.print(Text(line), soft_wrap=True)
    print(draft, end="")


@data.command()
def check(
    source: Annotated[str, typer.Argument(help="sample, ham10000, a folder or an archive.")],
    mapping: Annotated[
        str | None, typer.Option(help="YAML that says what columns and names mean.")
    ] = None,
) -> None:
    """Read a whole source, and print what it holds and what differs from HAM10000."""
    from helpers.dataset import fingerprint, integrity_report, load_catalogue, open_source

    opened = open_source(source, mapping=mapping)
    catalogue = load_catalogue(opened)
    if not opened.drawn:
        console.print(Text(f"read as: {catalogue.attrs['read_as']}"), soft_wrap=True)
    lesions = catalogue["lesion_id"].nunique()
    console.print(
        f"{opened.title}: {len(catalogue):,} images of {lesions:,} lesions, fingerprint "
        f"{fingerprint(catalogue)}",
        highlight=False,
        soft_wrap=True,
    )
    counts = catalogue["dx"].value_counts().sort_index()
    console.print(", ".join(f"{name} {count:,}" for name, count in counts.items()))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("check", "expected", "found", "verdict"):
        table.add_column(column, justify="right" if column in ("expected", "found") else "left")
    for row in integrity_report(catalogue).itertuples():
        style = "yellow" if row.verdict == "differs" else ""
        found = f"{row.found:,}"
        table.add_row(str(row.check), str(row.expected), found, str(row.verdict), style=style)
    console.print(table)
    for note in catalogue.attrs["notes"]:
        console.print(Text(f"note: {note}"), soft_wrap=True)


@data.command()
def draw(
    folder: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    n_images: Annotated[int, typer.Option(min=42, help="How many images.")] = 600,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    ruler_follows_melanoma: Annotated[
        float, typer.Option(min=0, max=1, help="How far a ruler gives melanoma away.")
    ] = 0.0,
) -> None:
    """Draw a sample in the layout of HAM10000."""
    from rich.progress import Progress

    from helpers.sample import draw_sample

    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ConfigError(f"{folder}: expected an empty or new folder but it holds files")
    with Progress(console=errors, transient=True) as bars:
        bar = bars.add_task("drawing", total=n_images)

        def show(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        drawn = draw_sample(
            folder,
            n_images=n_images,
            seed=seed,
            ruler_follows_melanoma=ruler_follows_melanoma,
            progress=show,
        )
    console.print(f"{n_images:,} images in {drawn}", highlight=False, soft_wrap=True)


@data.command("split")
def write_split_file(
    source: Annotated[str, typer.Argument(help="sample, ham10000, a folder or an archive.")],
    to: Annotated[Path, typer.Option(help="The file: image_id, lesion_id, split.")],
    fractions: Annotated[
        str, typer.Option(help="Shares of train, valid and test in the images of each class.")
    ] = "0.6,0.2,0.2",
    seed: Annotated[int, typer.Option(min=0, help="Of the split, and of a drawn sample.")] = 0,
    group_duplicates: Annotated[
        bool, typer.Option("--group-duplicates", help="Keep lesions that share a picture together.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file of the name.")] = False,
) -> None:
    """Divide a source by lesion and write the split as a file, for --split."""
    from helpers.cli.class_sets import start_again_for
    from helpers.cli.split import split_source

    start_again_for(source)
    split_source(
        source,
        to,
        console,
        fractions=fractions,
        seed=seed,
        group_duplicates=group_duplicates,
        replace=replace,
    )
