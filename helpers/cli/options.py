"""Options that commands share."""

from __future__ import annotations

from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


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


def trained_by(executor: Executes, address: str | None, storage: str | None) -> Any:
    """Have trials trained by whom the options name; nothing is imported for the usual one."""
    if executor is Executes.local and address is None and storage is None:
        return nullcontext()
    from helpers.training import executor_chosen

    return executor_chosen(executor.value, address, storage)
