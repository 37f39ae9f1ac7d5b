"""How papermill runs a chapter's cells here: it tells before each, and saves seldom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from helpers.core import ROOT

ENGINE = "dermbook"
START_SECONDS = 180
SAVE_SECONDS = 10
"""Least time between two saves of a notebook that is being executed."""


class Watched(Protocol):
    """What the engine tells, and reads, of an execution."""

    log: Path
    environment: dict[str, str]
    client: Any

    def cell_started(self, cells: list[Any], index: int) -> None:
        """Called before each cell; it may wait."""


def register_engine() -> None:
    """Have papermill know the engine by its name."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]
        """papermill's engine, with the client and the current cell in reach."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, execution: Watched, **_: Any
        ) -> Any:
            """Run all cells, and tell ``execution`` before each."""
            begin = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
                execution.cell_started(nb_man.nb.cells, cell_index or 0)
                begin(cell, cell_index, **kwargs)

            nb_man.cell_start = cell_start
            nb_man.save = _seldom(nb_man.save)
            execution.client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                timeout=None,
                startup_timeout=START_SECONDS,
                iopub_timeout=120,  # a busy machine delivers output late
                # All cells have run and told: asked to end, a kernel takes three seconds over it.
                shutdown_kernel="immediate",
                resources={"metadata": {"path": str(ROOT)}},
            )
            # What the kernel itself prints, such as the last words of a crashed library.
            try:
                with execution.log.open("wb") as file:
                    return execution.client.execute(
                        stdout=file, stderr=file, env=execution.environment
                    )
            finally:
                del nb_man.save  # at its end, however it ends, papermill saves once more

    papermill_engines.register(ENGINE, Engine)


def _seldom(save: Callable[..., None]) -> Callable[..., None]:
    """Saves a notebook as papermill does, but not twice within `SAVE_SECONDS`.

    papermill writes it, all pictures and all, before and after each cell, and the kernel waits,
    which took up to a tenth of a chapter's time.
    """
    saved = monotonic()

    def save_seldom(**options: Any) -> None:
        nonlocal saved
        if monotonic() - saved >= SAVE_SECONDS:
            save(**options)
            saved = monotonic()

    return save_seldom
