"""The command line ``dermbook``.

A command imports what it needs when it runs: pandas and more take a second, and help none.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers.cli import exercises, external, reference
from helpers.cli import serving as commands
from helpers.core import ConfigError, DermBookError, readable_bytes

console = Console()
errors = Console(stderr=True)


def interrupt_on_sigterm() -> None:
    """Have SIGTERM, which schedulers and ``kill`` send, end a command as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


class _Group(typer.core.TyperGroup):
    """Turns an error raised on purpose into one red message and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        interrupt_on_sigterm()
        try:
            return super().invoke(ctx)
        except DermBookError as error:
            if ctx.params.get("debug"):
                raise
            errors.print(Text(str(error), style="red"), soft_wrap=True)
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            errors.print("Interrupted.", style="yellow")
            raise SystemExit(130) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="DermBook: an executable textbook and report on HAM10000.",
)
data = typer.Typer(no_args_is_help=True, help="Fetch, check or draw images.")
app.add_typer(data, name="data")
trials = typer.Typer(
    invoke_without_command=True,
    help="List, show or prune finished trainings; `trial` trains a published system.",
)
app.add_typer(trials, name="trials")


class Code(StrEnum):
    """Whether a report prints the code of its chapters."""

    hide = "hide"
    show = "show"


class BookEdition(StrEnum):
    """For whom a report is."""

    student = "student"
    teacher = "teacher"


class Fetchable(StrEnum):
    """Data sets that can be fetched."""

    ham10000 = "ham10000"


class Divided(StrEnum):
    """How the images of a preset are divided."""

    published = "published"
    lesion = "lesion"


class Executes(StrEnum):
    """Who trains."""

    local = "local"
    ray = "ray"


SplitOption = Annotated[
    Path | None,
    typer.Option(help="Divide the images as this file of `data split` says."),
]
ExecutorOption = Annotated[
    Executes, typer.Option(help="Who trains: this machine, or Ray (the extra `scale`).")
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        help="With --executor ray: HOST:PORT of the cluster's head. "
        "[default: a cluster of this machine alone]"
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        help="With --executor ray: folder or address (s3://...) that all machines share, for "
        "checkpoints."
    ),
]


def _executor(executor: Executes, address: str | None, storage: str | None) -> Any:
    """Have trials trained by whom the options name; nothing is imported for the usual one."""
    if executor is Executes.local and address is None and storage is None:
        return nullcontext()
    from helpers.training import executor_chosen

    return executor_chosen(executor.value, address, storage)


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of all errors.")] = False,
) -> None:
    """Say what holds for all commands; the work is in each of them."""


@app.command()
def report(
    profile: Annotated[str, typer.Argument(help="smoke, quick or full.")] = "quick",
    source: Annotated[
        str | None,
        typer.Option(help="sample, ham10000, a folder or an archive. [default: the profile's]"),
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Name of the run's folder in runs/. [default: the profile]")
    ] = None,
    chapters: Annotated[str, typer.Option(help="core, all, or numbers such as 01,05.")] = "core",
    code: Annotated[Code, typer.Option(help="Whether the report prints the code.")] = Code.hide,
    edition: Annotated[
        BookEdition, typer.Option(help="A teacher's has the solutions of the exercises.")
    ] = BookEdition.student,
    pages: Annotated[
        bool, typer.Option("--pages", help="Write a folder of one page a chapter too.")
    ] = False,
    max_images: Annotated[
        int | None, typer.Option(min=1, help="At most so many images. [default: the profile's]")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="[default: the profile's]")] = None,
    split: SplitOption = None,
    force: Annotated[bool, typer.Option("--force", help="Execute unchanged chapters too.")] = False,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1, help="Chapters at a time. [default: 2 on a CPU of several cores, else 1]"
        ),
    ] = None,
    executor: ExecutorOption = Executes.local,
    address: AddressOption = None,
    storage: StorageOption = None,
) -> None:
    """Run the chapters and write report.pdf, report.html and manifest.json."""
    from helpers.cli.class_sets import start_again_for
    from helpers.report import build_report

    if source is not None:
        start_again_for(source)
    with _executor(executor, address, storage):
        status = build_report(
            profile,
            source=source,
            run_name=run,
            chapters=chapters,
            code=code.value,
            edition=edition.value,
            pages=pages,
            max_images=max_images,
            seed=seed,
            split_file=None if split is None else str(split),
            force=force,
            at_once=at_once,
            console=console,
        )
    raise typer.Exit(status)


@app.command("chapters")
def list_chapters() -> None:
    """List the chapters and what each needs."""
    from helpers.notebook import find_chapters

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("chapter", "title", "core", "minutes", "needs"):
        table.add_column(column, no_wrap=column in ("chapter", "core"))
    for chapter in find_chapters():
        needs = ", ".join(name[:2] for name in chapter.needs)
        core = "core" if chapter.core else ""
        table.add_row(chapter.name, Text(chapter.title), core, chapter.minutes, needs)
    console.print(table)


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


@app.command()
def trial(
    preset: Annotated[
        str | None, typer.Argument(help="Its name; without one the presets are listed.")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="full trains as published; quick and smoke make the system small.")
    ] = "full",
    source: Annotated[
        str | None,
        typer.Option(help="sample, ham10000, a folder or an archive. [default: the profile's]"),
    ] = None,
    protocol: Annotated[
        Divided | None,
        typer.Option(
            help="Divide images as for the claim, or keep lesions together. "
            "[default: published; lesion with --split]",
            show_default=False,
        ),
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Another that the system was published with.")
    ] = None,
    max_images: Annotated[
        int | None, typer.Option(min=1, help="At most so many images. [default: the profile's]")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="[default: the profile's]")] = None,
    split: SplitOption = None,
    as_list: Annotated[bool, typer.Option("--list", help="List the presets.")] = False,
    executor: ExecutorOption = Executes.local,
    address: AddressOption = None,
    storage: StorageOption = None,
) -> None:
    """Train a published system by its preset, and print its scores beside its claims.

    `trials` lists, shows and prunes what was trained.
    """
    from helpers.cli.trial import presets_table, train_preset

    if as_list or preset is None:
        console.print(presets_table())
        return
    with _executor(executor, address, storage):
        train_preset(
            preset,
            console,
            profile=profile,
            source=source,
            protocol=None if protocol is None else protocol.value,
            backbone=backbone,
            max_images=max_images,
            seed=seed,
            split_file=split,
        )


@trials.callback()
def list_trials(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for machines.")] = False,
) -> None:
    """List the trials of the cache: finished, unfinished and damaged ones."""
    if ctx.invoked_subcommand is not None:
        return
    from helpers.training import cache as trial_cache

    found = trial_cache.list_trials()
    if as_json:
        print(json.dumps([trial.facts() for trial in found], indent=2, ensure_ascii=False))
        return
    if found:
        # Into a file or pipe nothing is cut; a narrow terminal gets fewer columns.
        narrow = console.is_terminal and console.width < 130
        wide = console if console.is_terminal else Console(width=max(console.width, 200))
        wide.print(trial_cache.trials_table(found, narrow=narrow))
        console.print()
    size = readable_bytes(sum(trial.bytes for trial in found))
    place = trial_cache.trials_folder()
    console.print(f"{len(found)} trials, {size}, in {place}", highlight=False, soft_wrap=True)


@trials.command()
def show(
    trial: Annotated[str, typer.Argument(help="Its key or name, or the beginning of one.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole record as JSON.")] = False,
) -> None:
    """Show one trial: configuration, times, memory and scores."""
    from helpers.training import details_table, find_cached

    found = find_cached(trial)
    if as_json:
        print(json.dumps(found.facts() | {"record": found.record}, indent=2, ensure_ascii=False))
        return
    console.print(details_table(found))


@trials.command()
def prune(
    older_than: Annotated[
        float | None, typer.Option(min=0, help="Finished trials of more DAYS go too.")
    ] = None,
    keep_runs: Annotated[
        Path | None, typer.Option(help="Keep the trials that the runs in this folder name.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it, only show.")] = False,
) -> None:
    """Remove damaged trials, unfinished ones that nobody trains, and those of an older engine."""
    from helpers.training import cache as trial_cache
    from helpers.training import pruning as trial_pruning

    keep = trial_pruning.keys_of_runs(keep_runs) if keep_runs is not None else set()
    found = trial_cache.list_trials()
    plan = trial_pruning.plan_pruning(found, older_than=older_than, keep=keep)
    if not plan:
        console.print("Nothing to remove.")
        return
    console.print(trial_pruning.pruning_table(plan))
    console.print()
    if not yes:
        size = readable_bytes(sum(item.bytes for item in plan))
        console.print(f"{size} would be freed; --yes removes.", highlight=False)
        return
    freed, left = trial_pruning.remove(plan)
    for item in left:
        console.print(f"{item.path.name} is in use and stays", style="yellow", highlight=False)
    console.print(f"{readable_bytes(freed)} freed.", highlight=False)


@app.command()
def doctor() -> None:
    """Look whether this machine has what a report needs, and say what to do if not."""
    from helpers.cli.doctor import examine, print_findings

    findings = examine()
    print_findings(findings, console)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


commands.register(app)
exercises.register(app)
external.register(app)
reference.register(app)


if __name__ == "__main__":
    sys.exit(app())
