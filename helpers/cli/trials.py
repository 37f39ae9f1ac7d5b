"""The commands ``dermbook trial`` and ``dermbook trials``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from helpers.cli.options import (
    AddressOption,
    Executes,
    ExecutorOption,
    SplitOption,
    StorageOption,
    trained_by,
)
from helpers.core import readable_bytes

console = Console()
trials = typer.Typer(
    invoke_without_command=True,
    help="List, show or prune finished trainings; `trial` trains a published system.",
)


class Divided(StrEnum):
    """How the images of a preset are divided."""

    published = "published"
    lesion = "lesion"


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
    with trained_by(executor, address, storage):
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
