"""The command line ``dermbook``.

A command imports what it needs when it runs: pandas and more take a second, and help none.
"""

from __future__ import annotations

import signal
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers.cli import exercises, external, reference, serving
from helpers.cli.data import data
from helpers.cli.options import (
    AddressOption,
    Executes,
    ExecutorOption,
    SplitOption,
    StorageOption,
    trained_by,
)
from helpers.cli.trials import trial, trials
from helpers.core import DermBookError

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


class Code(StrEnum):
    """Whether a report prints the code of its chapters."""

    hide = "hide"
    show = "show"


class BookEdition(StrEnum):
    """For whom a report is."""

    student = "student"
    teacher = "teacher"


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
    with trained_by(executor, address, storage):
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


app.add_typer(data, name="data")
app.command()(trial)
app.add_typer(trials, name="trials")


@app.command()
def doctor() -> None:
    """Look whether this machine has what a report needs, and say what to do if not."""
    from helpers.cli.doctor import examine, print_findings

    findings = examine()
    print_findings(findings, console)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


for module in (serving, exercises, external, reference):
    module.register(app)


if __name__ == "__main__":
    sys.exit(app())
