"""Execute one chapter with papermill in a fresh kernel of this interpreter."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.core import ROOT, ConfigError, write_json
from helpers.report.chapters import Chapter

START_SECONDS = 180
_POLL_SECONDS = 0.1
_ENGINE = "dermbook"

OnCell = Callable[[int, int], None]


class ChapterError(Exception):
    """A chapter that stopped in one of its cells.

    Parameters
    ----------
    cell : int or None
        Number of the cell in the chapter's own file, from 0; None where it is not known.
    reason : str
        The error in one line, as in ``"NameError: name 'x' is not defined"``.
    detail : str
        Its whole message where that has more lines; else "".
    """

    def __init__(self, cell: int | None, reason: str, detail: str = "") -> None:
        self.cell = cell
        self.reason = reason
        self.detail = detail
        super().__init__(reason if cell is None else f"Cell {cell}: {reason}")


class _Watch:
    """What the thread that executes tells the thread that shows."""

    def __init__(self) -> None:
        self.client: Any = None
        self.cell: int | None = None  # in the chapter's own file
        self.done = self.total = 0
        self.error: BaseException | None = None
        self.stopped = False

    def cell_started(self, cells: list[Any], index: int) -> None:
        injected = [_is_injected(cell) for cell in cells]
        self.total = len(cells) - sum(injected)
        if not injected[index]:
            self.cell = index - sum(injected[:index])
            self.done = self.cell + 1

    def stop(self) -> None:
        """Kill the kernel and all that it started; only what this run started is touched."""
        import psutil

        self.stopped = True
        provisioner = getattr(getattr(self.client, "km", None), "provisioner", None)
        pid = getattr(provisioner, "pid", None)
        if pid is None or not psutil.pid_exists(pid):
            return
        kernel = psutil.Process(pid)
        for process in [kernel, *kernel.children(recursive=True)]:
            with _ignored(psutil.NoSuchProcess):
                process.kill()


@contextmanager
def _ignored(kind: type[BaseException]) -> Iterator[None]:
    try:
        yield
    except kind:
        return


def _is_injected(cell: Any) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def check_parameters(chapter: Chapter, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that a chapter does not have; papermill alone would only warn.

    Parameters
    ----------
    chapter : Chapter
        Its cell tagged ``parameters`` says what it takes.
    parameters : mapping
        What it would be given.

    Raises
    ------
    ConfigError
        Naming the chapter, the parameters that it does not have, and those that it has.
    """
    _quiet()
    import papermill

    valid = list(papermill.inspect_notebook(str(chapter.path)))
    unknown = [name for name in parameters if name not in valid]
    if unknown:
        noun = "parameter" if len(unknown) == 1 else "parameters"
        has = ", ".join(valid) if valid else "none (no cell of it is tagged 'parameters')"
        raise ConfigError(
            f"{chapter.name}: no {noun} {', '.join(map(repr, unknown))}; it has {has}"
        )


def _quiet() -> None:
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    # Of jupyter's libraries among themselves; nothing that a reader could act on.
    warnings.filterwarnings("ignore", module=r"(zmq|jupyter_client|nbformat|papermill|nbclient)")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")


def _register_engine() -> None:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]
        """papermill's engine, with the client and the current cell in reach."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, watch: _Watch, log: Path, **_: Any
        ) -> Any:
            """Run all cells, and tell ``watch`` before each."""
            begin = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
                watch.cell_started(nb_man.nb.cells, cell_index or 0)
                begin(cell, cell_index, **kwargs)

            nb_man.cell_start = cell_start
            watch.client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                timeout=None,
                startup_timeout=START_SECONDS,
                iopub_timeout=120,  # a busy machine delivers output late
                resources={"metadata": {"path": str(ROOT)}},
            )
            # What the kernel itself prints, such as the last words of a crashed library.
            with log.open("wb") as file:
                return watch.client.execute(stdout=file, stderr=file)

    papermill_engines.register(_ENGINE, Engine)


def write_kernelspec(folder: Path, provisioner: str | None = None) -> Path:
    """Write a ``python3`` kernel of this very interpreter, whatever else is installed.

    Parameters
    ----------
    folder : Path
        To be put first into ``JUPYTER_PATH``.
    provisioner : str, optional
        Who starts it in place of Jupyter.

    Returns
    -------
    Path
        The kernel's specification.
    """
    path = folder / "kernels" / "python3" / "kernel.json"
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec: dict[str, Any] = {"argv": argv, "display_name": "Python 3 (ipykernel)"}
    spec |= {"language": "python"}
    if provisioner is not None:
        spec["metadata"] = {"kernel_provisioner": {"provisioner_name": provisioner}}
    write_json(path, spec)
    return path


def kernel_variables() -> dict[str, str]:
    """Variables that all kernels are given, whatever their chapter."""
    modules = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "PYTHONPATH": os.pathsep.join(modules),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _execute(
    path: Path, target: Path, parameters: dict[str, Any], watch: _Watch, log: Path
) -> None:
    import papermill

    try:
        papermill.execute_notebook(
            str(path),
            str(target),
            parameters=parameters,
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            watch=watch,
            log=log,
        )
    except BaseException as error:  # handed to the thread that waits
        watch.error = error


def _failure(error: BaseException, watch: _Watch) -> ChapterError:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, DeadKernelError):
        return ChapterError(
            watch.cell,
            "the kernel was killed; most often the machine ran out of memory: close other "
            "programs, lower --max-images, or take a smaller profile",
        )
    if isinstance(error, PapermillExecutionError):
        lines = str(error.evalue).strip().splitlines() or [""]
        if len(lines) == 1:
            return ChapterError(watch.cell, f"{error.ename}: {lines[0]}")
        return ChapterError(watch.cell, f"{error.ename}: {lines[0]} ...", "\n".join(lines))
    lines = str(error).strip().splitlines() or [""]
    return ChapterError(watch.cell, f"{type(error).__name__}: {lines[0]}")


def execute_chapter(
    chapter: Chapter,
    target: Path,
    parameters: Mapping[str, Any],
    *,
    events: Path,
    state: Path,
    provisioner: str | None = None,
    on_tick: OnCell | None = None,
) -> None:
    """Execute a chapter in a fresh kernel, and write the executed copy as it grows.

    The work is done in a second thread, so that the first one can show progress and take
    Ctrl-C at any moment.

    Parameters
    ----------
    chapter : Chapter
        Its notebook is only read.
    target : Path
        Where the executed copy goes; after a failure it holds what was executed until then.
    parameters : mapping
        Checked with :func:`check_parameters` before.
    events : Path
        File that the kernel appends JSON lines to; ``DERMBOOK_EVENTS`` in the kernel.
    state : Path
        Folder for the kernel's specification and its ``<chapter>.kernel.log``.
    provisioner : str, optional
        Who starts the kernel in place of Jupyter; see `helpers.report.kernels`.
    on_tick : callable, optional
        Called ten times a second with the current cell's number, from 1, and their total.

    Raises
    ------
    ChapterError
        If a cell raises, or the kernel dies.
    KeyboardInterrupt
        After the kernel and all that it started were ended.
    """
    _quiet()
    _register_engine()
    jupyter = state / "jupyter"
    write_kernelspec(jupyter, provisioner)
    watch = _Watch()
    search = [str(jupyter), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    environment = {
        "DERMBOOK_EVENTS": str(events),
        "DERMBOOK_CHAPTER": chapter.name,
        "JUPYTER_PATH": os.pathsep.join(search),
        **kernel_variables(),
    }
    log = state / f"{chapter.name}.kernel.log"
    arguments = (chapter.path, target, dict(parameters), watch, log)
    worker = threading.Thread(target=_execute, args=arguments, daemon=True, name=chapter.name)
    with _environment(environment):
        worker.start()
        try:
            while worker.is_alive():
                worker.join(_POLL_SECONDS)
                if on_tick is not None:
                    on_tick(watch.done, watch.total)
        except BaseException:
            watch.stop()
            worker.join(10)
            watch.stop()  # it may just have been starting
            raise
    if watch.error is not None:
        raise _failure(watch.error, watch) from watch.error
