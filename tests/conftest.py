"""Shared fixtures: a cache folder of the tests' own, drawn images, and real ones where at hand."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import support.one_thread  # noqa: F401, before NumPy is imported

# isort: split
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from support.box_on_real import box_on_test  # noqa: F401, a fixture for all
from support.made_once import made_once
from support.small_layout import write_folder
from support.small_served import small_served  # noqa: F401, a fixture for all
from support.smoke_report import smoke_report  # noqa: F401, a fixture for all

from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import Source, open_source
from helpers.sample.folder import draw_sample

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes on a busy machine says nothing of what it shows.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A terminal's width would be kept by consoles that are made on import.
os.environ.pop("COLUMNS", None)
# Dozens of child processes import the project: they need not compile it each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

TINY_IMAGES = 84

LONGEST = (
    "report/test_whole_report.py",
    "models/test_backends.py",
    "training/cluster/test_on_ray.py",
    "apps/test_streamlit_pages.py",
    "apps/test_streamlit_browser.py",
    "training/test_resume.py",
    "serving/model/test_out_of_distribution.py",
    "apps/test_browser_parity.py",
    "apps/test_browser_page.py",
    "training/test_epochs.py",
    "serving/bundled/test_build.py",
    "interactive/test_in_jupyterlab.py",
    "training/test_executors.py",
    "training/test_networks.py",
    "training/test_trials.py",
    "models/test_build.py",
    "benchmarks/test_benchmarks.py",
)
"""The files that take longest come first, so that no process waits for one of them at the end."""

LAST = ("exercises/test_solutions.py",)
"""What needs the report that the first of them makes, so that no process waits for it."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One process more than cores: some wait for a browser, a cluster or a kernel meanwhile."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 1 + (len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """One process compiles the tests, with what their assertions tell, and the others read that."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    compiled = Path(session.config.option.basetemp).parent / "compiled"
    with FileLock(f"{compiled}.lock"):
        if not compiled.exists():
            found = yield
            compiled.touch()
            return found
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the longest files to the front, and some to the end; within a file nothing changes."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    places |= {ROOT / "tests" / name: len(LONGEST) + 1 for name in LAST}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is collected and imported stays: looking through it again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def rooms() -> None:
    """Rooms keep what was asked of them once: it must not be what a test has put in its place."""
    for stub in (ROOT / "helpers").rglob("__init__.pyi"):
        room = importlib.import_module(".".join(stub.parent.relative_to(ROOT).parts))
        for name in room.__all__:
            getattr(room, name)


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of one run of the tests share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "common"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def dermbook_home(tmp_path_factory: pytest.TempPathFactory, common: Path) -> Iterator[Path]:
    """A cache folder for the tests, so that they neither see nor touch the user's.

    What follows from images alone, or from programs, is shared by all processes, trainings are not.
    """
    home = tmp_path_factory.mktemp("home")
    for name in ("catalogues", "fonts", "jax", "sources", "stores"):
        (common / name).mkdir(exist_ok=True)
        (home / name).symlink_to(common / name)
    before = os.environ.get("DERMBOOK_HOME")
    os.environ["DERMBOOK_HOME"] = str(home)
    yield home
    if before is None:
        os.environ.pop("DERMBOOK_HOME", None)
    else:
        os.environ["DERMBOOK_HOME"] = before


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write a new small folder in the HAM10000 layout: ``make_folder(rows, masks=, under=)``."""
    made: list[Path] = []

    def make(rows: pd.DataFrame | None = None, **options: object) -> Path:
        made.append(tmp_path / f"folder-{len(made)}")
        return write_folder(made[-1], rows, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a real disk of one MiB; ``small_disk("ro")`` mounts it read-only."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size=1m,{options}", "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("no mount command here: a real small disk cannot be tried")
        if done.returncode != 0:
            pytest.skip(f"cannot mount a small disk here ({done.stderr.strip()})")
        mounted.append(place)
        return place

    yield mount
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True)


@pytest.fixture(scope="session")
def tiny_folder(common: Path) -> Path:
    """A drawn sample of 84 images, read-only by agreement."""
    return made_once(common, "sample", lambda at: draw_sample(at, n_images=TINY_IMAGES, seed=0))


@pytest.fixture(scope="session")
def tiny_source(tiny_folder: Path) -> Source:
    """The source of the drawn sample."""
    return open_source(tiny_folder)


@pytest.fixture(scope="session")
def _tiny_catalogue(tiny_source: Source) -> pd.DataFrame:
    return load_catalogue(tiny_source)


@pytest.fixture
def tiny_catalogue(_tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """The catalogue of the drawn sample; a copy for each test."""
    return _tiny_catalogue.copy()


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """The real images, where they are at hand."""
    folder = Path(os.environ.get("DERMBOOK_REAL", ROOT.parent / "shared" / "ham10000"))
    if not folder.is_dir():
        pytest.skip(f"no real images at {folder}; set DERMBOOK_REAL to a folder of HAM10000")
    return folder


@pytest.fixture(scope="session")
def _real_catalogue(real_folder: Path, common: Path) -> pd.DataFrame:
    kept = made_once(  # ten thousand files are decoded once
        common,
        "real_catalogue.pickle",
        lambda path: load_catalogue(open_source(real_folder)).to_pickle(path),
    )
    return pd.read_pickle(kept)  # type: ignore[no-any-return]


@pytest.fixture
def real_catalogue(_real_catalogue: pd.DataFrame) -> pd.DataFrame:
    """The catalogue of the real images; a copy for each test."""
    return _real_catalogue.copy()
