"""The connection to Ray: to a cluster that is there, or to one of this machine alone.

A cluster of this machine listens on loopback alone. Naming the address is not enough for that:
Ray's servers bind to all interfaces as long as they may be joined by other machines, which the
variable `ONE_MACHINE` rules out.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.core import ROOT, ConfigError, cache_home
from helpers.training.cluster.storage import STORAGE
from helpers.training.executors import EXECUTOR

ADDRESS = "DERMBOOK_RAY_ADDRESS"
"""Variable that names the cluster: host and port of its head."""

ONE_MACHINE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray's own name for "no other machine joins"; all its servers then bind to loopback."""

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
"""Nothing is reported to anybody, and Ray prints nothing over the display: what ends a task is told
by the executor."""

PATIENT = {"RAY_raylet_start_wait_time_s": "60", "RAY_agent_register_timeout_ms": "120000"}
"""For how long Ray waits for its own processes; on a busy machine their imports alone take long."""

STARTS = 3
"""How often a cluster of this machine is tried to be started: 15 s that Ray gives one of its
processes cannot be changed."""

OBJECT_STORE_BYTES = 256 * 2**20
"""On one machine: image stores lie in the cache already, and only small things go through it."""

REACH_SECONDS = 10.0

PASSED_ON = (
    "DERMBOOK_CLASSES",
    "DERMBOOK_PROBE",
    "DERMBOOK_MEMORY_LIMIT_MB",
    "DERMBOOK_AUGMENT",
    "DERMBOOK_DEVICES",
)
"""Variables of this process that a trial depends on wherever it is trained."""


def import_ray() -> Any:
    """Import Ray, quietly.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise ConfigError(
            "executor ray: expected Ray, but it is not installed; install the extra 'scale' (make "
            "setup WITH=scale, or pip install -r requirements-scale.lock), or choose --executor "
            "local"
        )
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)  # its warnings too would go over the display
    return ray


def storage_place() -> str:
    """Where checkpoints go: what `STORAGE` names, else a folder of this machine's cache."""
    return os.environ.get(STORAGE) or str(cache_home() / "kept")


def connect(address: str | None = None) -> Any:
    """Connect this process to a cluster, once; later calls find it connected.

    Parameters
    ----------
    address : str, optional
        Host and port of the head; a cluster of this machine is started where None.

    Returns
    -------
    module
        Ray.

    Raises
    ------
    ConfigError
        If Ray is not installed, or the cluster cannot be reached or has other versions.
    """
    # Ray reads some of its variables when it is imported.
    with _variables(ONE_MACHINE if _is_here(address) else {}):
        ray = import_ray()
    if ray.is_initialized():
        return ray
    with _signals_kept(), _variables(ONE_MACHINE if _is_here(address) else {}):
        _connect(ray, address)
    return ray


def _is_here(address: str | None) -> bool:
    """Whether a cluster listens on loopback, if its address says so."""
    host = "127.0.0.1" if address is None else address.rpartition(":")[0].strip("[]")
    return host in ("127.0.0.1", "localhost", "::1")


def _connect(ray: Any, address: str | None) -> None:
    options: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": False,
    }
    if address is None:
        with _variables(PATIENT | _path()):
            _start(ray, options)
        return
    _reach(address)
    try:
        ray.init(address=address, **options)
    except (RuntimeError, ConnectionError, ValueError, OSError) as error:
        said = " ".join(str(error).split())
        if "ersion" in said:
            raise ConfigError(
                f"--address {address}: expected a cluster with the versions of this machine but "
                f"got: {said}; install the same Python and the same locks on all machines"
            ) from None
        raise ConfigError(_unreachable(address, said)) from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep what SIGTERM does here: Ray puts its own in its place."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _start(ray: Any, options: dict[str, Any]) -> None:
    for number in range(1, STARTS + 1):
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                num_cpus=os.cpu_count(),
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                **options,
            )
            return
        except Exception as error:  # Ray raises this very class
            ray.shutdown()
            if number == STARTS:
                raise ConfigError(
                    f"executor ray: a cluster could not be started on this machine ({error}); look "
                    "into the logs in ray/session_latest/logs of the temporary folder, or choose "
                    "--executor local"
                ) from None


def _path() -> dict[str, str]:
    """Where the processes of a cluster of this machine find the project."""
    told = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), told]))}


@contextmanager
def _variables(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _reach(address: str) -> None:
    """See that something listens at an address: Ray itself would try for minutes.

    Raises
    ------
    ConfigError
        If not, or it is no host and port.
    """
    host, mark, port = address.rpartition(":")
    if "://" in address or not mark or not port.isdigit():
        raise ConfigError(
            f"--address {address}: expected host and port of the cluster's head, such as "
            "10.0.0.1:6379, and this command on a machine of the cluster; `ray status` and the "
            "output of `ray start --head` tell them"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise ConfigError(_unreachable(address, str(error))) from None


def _unreachable(address: str, said: str) -> str:
    return (
        f"--address {address}: expected the head of a Ray cluster but cannot reach one ({said}); "
        "start it with `ray start --head --port=6379`, look at the firewall, or leave --address "
        "out to use this machine alone"
    )


def passed_on() -> dict[str, str]:
    """The variables of `PASSED_ON` that are set here."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


@contextmanager
def executor_chosen(
    executor: str, address: str | None = None, storage: str | None = None
) -> Iterator[None]:
    """Have all trials of the block, those of chapters too, trained by an executor.

    Chapters run in processes of their own, which share one cluster: without an address it is
    started here, and ended with the block.

    Parameters
    ----------
    executor : {"local", "ray"}
        Who trains.
    address : str, optional
        Host and port of a cluster's head.
    storage : str, optional
        Folder or address where checkpoints go.

    Raises
    ------
    ConfigError
        If an option does not fit the executor, or the cluster cannot be reached.
    """
    if executor == "local":
        if address or storage:
            raise ConfigError(
                "--address and --storage: expected --executor ray beside them; the local executor "
                "keeps its checkpoints in the cache folder"
            )
        with _variables({EXECUTOR: executor}):
            yield
        return
    if address and not storage:
        raise ConfigError(
            f"--address {address}: expected --storage beside it, a folder that all machines share "
            "or an address such as s3://bucket/folder: a trial whose machine dies goes on from "
            "there"
        )
    ray = connect(address)
    place = storage or storage_place()
    if "://" not in place:
        place = str(Path(place).expanduser().absolute())
    chosen = {EXECUTOR: executor, ADDRESS: ray.get_runtime_context().gcs_address, STORAGE: place}
    try:
        with _variables(chosen):
            yield
    finally:
        ray.shutdown()
