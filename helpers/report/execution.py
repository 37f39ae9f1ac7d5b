"""Execute chapters with papermill, each in a fresh kernel of this interpreter."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from helpers.core import ROOT, ConfigError, write_json
from helpers.notebook import FOLDER_VARIABLE
from helpers.notebook.chapters import Chapter
from helpers.report.engine import ENGINE, register_engine

STOP_SECONDS = 10
ALONE_TAG = "alone"
"""Of a cell that measures times: no other chapter computes while it runs."""

_POLL_SECONDS = 0.1


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
    import nbformat
    import papermill

    notebook = nbformat.read(chapter.path, as_version=4)
    # Chapters run in this very interpreter, whatever they say of themselves, or where they do not.
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python"}
    valid = list(papermill.inspect_notebook(notebook))
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
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # figures belong to the notebook
        "PYTHONPATH": os.pathsep.join(modules),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }


@contextmanager
def prepared(state: Path, provisioner: str | None = None) -> Iterator[None]:
    """Have chapters executed in the block, from any thread.

    What is set for the whole process, and would differ between two chapters that run at a time,
    is set here once. A chapter's own variables go to its kernel alone.

    Parameters
    ----------
    state : Path
        Folder for the kernel's specification.
    provisioner : str, optional
        Who starts kernels in place of Jupyter; see `helpers.report.kernels`.
    """
    _quiet()
    register_engine()
    from jupyter_client.connect import LocalPortCache
    from jupyter_client.provisioning import KernelProvisionerFactory
    from papermill.iorw import local_file_io_cwd

    # One of each for all threads: two that meet at the first use would make two.
    LocalPortCache.instance()
    KernelProvisionerFactory.instance()
    jupyter = state / "jupyter"
    write_kernelspec(jupyter, provisioner)
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join([str(jupyter), *filter(None, [before])])
    try:
        # papermill notes the current folder for all threads, and each call puts back what it found.
        with local_file_io_cwd():
            yield
    finally:
        if before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = before


def _literal(path: Path) -> str:
    """A path that papermill takes as it is: braces are placeholders to it."""
    return str(path).replace("{", "{{").replace("}", "}}")


class Execution:
    """A chapter that is executed in a fresh kernel, by a thread of its own.

    It is started in a block of :func:`prepared`. The thread that starts it can show progress and
    take Ctrl-C at any moment.

    Parameters
    ----------
    chapter : Chapter
        Its notebook is only read.
    target : Path
        Where the executed copy goes, as it grows; after a failure it holds what was executed
        until then.
    parameters : mapping
        Checked with :func:`check_parameters` before.
    events : Path
        File that the kernel appends JSON lines to; ``DERMBOOK_EVENTS`` in the kernel.
    log : Path
        File for what the kernel itself prints.

    Attributes
    ----------
    done, total : int
        The current cell's number, from 1, and their total; 0 while the kernel starts.
    waiting : bool
        Whether a cell tagged ``alone`` comes next and `go_alone` has not been called.
    alone : bool
        Whether `go_alone` has been called: from there on it is to be alone until its end.
    waited : float
        Seconds from the one to the other.
    """

    def __init__(
        self,
        chapter: Chapter,
        target: Path,
        parameters: Mapping[str, Any],
        *,
        events: Path,
        log: Path,
    ) -> None:
        self.log = log
        own = {"DERMBOOK_EVENTS": str(events), "DERMBOOK_CHAPTER": chapter.name}
        own |= {FOLDER_VARIABLE: str(chapter.path.resolve().parent)}
        self.environment = dict(os.environ) | kernel_variables() | own
        self.client: Any = None
        self.done = self.total = 0
        self.waiting = self.alone = False
        self.waited = 0.0
        self._may_go = threading.Event()
        self._cell: int | None = None  # in the chapter's own file
        self._error: BaseException | None = None
        # Not the thread's own state: a join that Ctrl-C interrupts takes its thread for ended.
        self._begun, self._ended = False, threading.Event()
        arguments = (chapter.path, target, dict(parameters))
        self._thread = threading.Thread(
            target=self._execute, args=arguments, daemon=True, name=chapter.name
        )

    def start(self) -> None:
        """Begin."""
        self._begun = True
        self._thread.start()

    def _execute(self, path: Path, target: Path, parameters: dict[str, Any]) -> None:
        try:
            import papermill
            from papermill.exceptions import PapermillExecutionError

            from helpers.report.executed import ended_itself, is_stopped

            try:
                papermill.execute_notebook(
                    _literal(path),
                    _literal(target),
                    parameters=parameters,
                    engine_name=ENGINE,
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    execution=self,
                )
            except PapermillExecutionError:
                if is_stopped(target):
                    raise
            if ended_itself(target):
                what = "the chapter ended itself before its last cell; take sys.exit out of it"
                raise ChapterError(None, f"SystemExit: {what}")
        except BaseException as error:  # handed to the thread that waits
            self._error = error
        finally:
            self._ended.set()

    def cell_started(self, cells: list[Any], index: int) -> None:
        """Note which cell begins, and wait where it has to; called by the thread that executes."""
        injected = [_is_injected(cell) for cell in cells]
        self.total = len(cells) - sum(injected)
        if not injected[index]:
            self._cell = index - sum(injected[:index])
            self.done = self._cell + 1
        if ALONE_TAG in cells[index].metadata.get("tags", []) and not self.alone:
            since = monotonic()
            self.waiting = True
            self._may_go.wait()
            self.waited += monotonic() - since

    def go_alone(self) -> None:
        """Let a waiting execution go on."""
        # Here and not by its own thread, so that it counts from now on as one that computes.
        self.alone, self.waiting = True, False
        self._may_go.set()

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended yet."""
        return self._begun and not self._ended.is_set()

    def wait(self, seconds: float = _POLL_SECONDS) -> None:
        """Wait for its end, but no longer than some seconds."""
        self._ended.wait(seconds)

    def check(self) -> None:
        """Raise what it ended with.

        Raises
        ------
        ChapterError
            If a cell raised, or the kernel died.
        """
        if self._error is not None:
            raise _failure(self._error, self._cell) from self._error

    def kill(self) -> None:
        """Kill the kernel and all that it started; only what this run started is touched."""
        import psutil

        self._may_go.set()  # to find its kernel dead
        provisioner = getattr(getattr(self.client, "km", None), "provisioner", None)
        pid = getattr(provisioner, "pid", None)
        if pid is None:
            return
        with suppress(psutil.NoSuchProcess):
            kernel = psutil.Process(pid)
            for process in [kernel, *kernel.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def stop(executions: Sequence[Execution]) -> None:
    """End executions with their kernels and all that those started.

    Parameters
    ----------
    executions : sequence of Execution
        A kernel that is just starting is ended as soon as it is there.
    """
    end = monotonic() + STOP_SECONDS
    running = [execution for execution in executions if execution.running]
    while running and monotonic() < end:
        for execution in running:
            execution.kill()
        running[0].wait()
        running = [execution for execution in running if execution.running]


def _failure(error: BaseException, cell: int | None) -> ChapterError:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, ChapterError):
        return ChapterError(cell, error.reason)
    if isinstance(error, DeadKernelError):
        return ChapterError(
            cell,
            "the kernel was killed; most often the machine ran out of memory: close other "
            "programs, lower --max-images, or take a smaller profile",
        )
    if isinstance(error, PapermillExecutionError):
        lines = str(error.evalue).strip().splitlines() or [""]
        if len(lines) == 1:
            return ChapterError(cell, f"{error.ename}: {lines[0]}")
        return ChapterError(cell, f"{error.ename}: {lines[0]} ...", "\n".join(lines))
    lines = str(error).strip().splitlines() or [""]
    return ChapterError(cell, f"{type(error).__name__}: {lines[0]}")
