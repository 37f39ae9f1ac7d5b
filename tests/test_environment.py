"""pyproject.toml, the locks and environment.yml speak of the same packages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PLATFORMS = [
    {"sys_platform": system, "platform_machine": machine, "python_full_version": f"{python}.1"}
    | {"python_version": python, "platform_system": name, "os_name": "posix"}
    for system, name, machine in (("linux", "Linux", "x86_64"), ("darwin", "Darwin", "arm64"))
    for python in ("3.11", "3.12", "3.13")
]
_TENSORFLOW = {"tensorflow-cpu": "tensorflow"}  # the CPU build of the same package


def declared(pyproject: str, extras: Iterable[str], groups: bool = False) -> list[Requirement]:
    """Requirements of pyproject.toml with some extras, and with the groups where asked for."""
    content = tomllib.loads(pyproject)
    lines = list(content["project"]["dependencies"])
    for extra in extras:
        lines += content["project"]["optional-dependencies"][extra]
    if groups:
        lines += [line for group in content.get("dependency-groups", {}).values() for line in group]
    return [Requirement(line) for line in lines]


def extras_of(pyproject: str) -> list[str]:
    """Names of all extras."""
    return list(tomllib.loads(pyproject)["project"]["optional-dependencies"])


def pinned(lock: str) -> list[Requirement]:
    """All pins of a lock file, with their markers."""
    lines = lock.replace("\\\n", " ").splitlines()
    pins = [line.split(" --hash")[0] for line in lines if re.match(r"[A-Za-z0-9]", line)]
    return [Requirement(pin) for pin in pins]


def conda_requirements(environment: str) -> list[Requirement]:
    """Requirements of the pip part of environment.yml."""
    entries = yaml.safe_load(environment)["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    return [Requirement(line) for line in pip]


def _ranges(requirements: list[Requirement]) -> dict[str, SpecifierSet]:
    found: dict[str, SpecifierSet] = {}
    for requirement in requirements:
        name = str(canonicalize_name(requirement.name))
        name = _TENSORFLOW.get(name, name)
        found[name] = found.get(name, SpecifierSet()) & requirement.specifier
    return found


def environment_problems(environment: str, pyproject: str) -> list[str]:
    """What environment.yml and pyproject.toml disagree in."""
    ours = _ranges(conda_requirements(environment))
    theirs = _ranges(declared(pyproject, extras_of(pyproject)))
    problems = [f"environment.yml lacks {name}" for name in sorted(set(theirs) - set(ours))]
    problems += [f"pyproject.toml lacks {name}" for name in sorted(set(ours) - set(theirs))]
    problems += [
        f"{name}: environment.yml has '{ours[name]}', pyproject.toml '{theirs[name]}'"
        for name in sorted(set(ours) & set(theirs))
        if ours[name] != theirs[name]
    ]
    pip_part = environment.partition("- pip:\n")[2]
    problems += [
        f"no comment says what needs {line.strip()}"
        for line in pip_part.splitlines()
        if line.strip().startswith("- ") and not re.search(r"\s# \S", line)
    ]
    asked = tomllib.loads(pyproject)["project"]["requires-python"]
    python = re.search(r"^\s*- python=([\d.]+)", environment, re.MULTILINE)
    if python is None or Version(f"{python[1]}.1") not in SpecifierSet(asked):
        problems.append(f"environment.yml's python is not in '{asked}'")
    return problems


def lock_problems(lock: str, pyproject: str, extras: Iterable[str] = ("dev",)) -> list[str]:
    """What of pyproject.toml with some extras a lock does not satisfy, on any supported platform.

    `lock` is one lock file, or several that are installed together, one after the other.
    """
    pins = pinned(lock)
    left_out = tomllib.loads(pyproject)["tool"]["uv"]["exclude-dependencies"]
    problems = [f"the lock has {pin.name}" for pin in pins if pin.name in left_out]
    for platform in PLATFORMS:
        environment = {**default_environment(), **platform, "extra": ""}
        where = f"{platform['sys_platform']}, Python {platform['python_version']}"

        def holds(marker: Marker | None, environment: dict[str, str] = environment) -> bool:
            return marker is None or marker.evaluate(environment)

        versions: dict[str, str] = {}
        for pin in pins:
            if holds(pin.marker):
                version = next(iter(pin.specifier)).version
                if versions.setdefault(str(canonicalize_name(pin.name)), version) != version:
                    problems.append(f"{where}: two versions of {pin.name}")
        for requirement in declared(pyproject, extras, groups=True):
            if not holds(requirement.marker):
                continue
            version = versions.get(str(canonicalize_name(requirement.name)))
            if version is None:
                problems.append(f"{where}: the lock lacks {requirement.name}")
            elif not requirement.specifier.contains(version, prereleases=True):
                problems.append(f"{where}: {requirement} but the lock has {version}")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock)
    problems += [
        f"no hash: {block.splitlines()[0]}"
        for block in blocks
        if re.match(r"[A-Za-z0-9].*==", block) and "--hash=sha256:" not in block
    ]
    if found := re.findall(
        r"https?://\S+|^\s*--(?:extra-)?index-url.*|^\s*--find-links.*", lock, re.M
    ):
        problems.append(f"the lock names a host: {found[:3]}")
    return problems


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The files."""
    locks = [path.name for path in ROOT.glob("requirements*.lock")]
    names = ("pyproject.toml", "environment.yml", *locks)
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


def test_environment_and_pyproject_have_the_same_packages(texts):
    """Same packages, same version ranges, one comment each."""
    assert environment_problems(texts["environment.yml"], texts["pyproject.toml"]) == []


def test_environment_tells_how_to_add_the_converter(texts):
    """Plain pip cannot install tensorflowjs beside the rest with what that asks for."""
    pin = tomllib.loads(texts["pyproject.toml"])["dependency-groups"]["tfjs"][0]
    assert f"pip install --no-deps {pin}" in texts["environment.yml"]


def test_environment_has_cuda(texts):
    """The GPU machine gets TensorFlow with CUDA."""
    tensorflow = [r for r in conda_requirements(texts["environment.yml"]) if "tensorflow" in r.name]
    assert [(r.name, r.extras) for r in tensorflow] == [("tensorflow", {"and-cuda"})]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (r"- papermill.*\n", "- papermil>=2.6 # chapters\n", "lacks papermill"),
        (r"- numpy>=2.2,<3", "- numpy>=1.26", "numpy: environment.yml has"),
        (r"(- pyarrow>=20).*", r"\1", "no comment says what needs - pyarrow"),
        (r"python=3.12", "python=3.10", "python is not in"),
    ],
)
def test_a_bad_environment_is_found(texts, old, new, complaint):
    """The check above fails on a copy that was made worse."""
    bad, count = re.subn(old, new, texts["environment.yml"], count=1)
    assert count == 1
    assert complaint in "; ".join(environment_problems(bad, texts["pyproject.toml"]))


def test_lock_satisfies_pyproject(texts):
    """On Linux and macOS, Python 3.11 to 3.13; every pin has a hash, no host is named."""
    assert lock_problems(texts["requirements.lock"], texts["pyproject.toml"]) == []


def test_lock_of_each_extra_adds_what_it_declares(texts):
    """Installed after requirements.lock, to which the extra's own lock is an addition."""
    added = [extra for extra in extras_of(texts["pyproject.toml"]) if extra != "dev"]
    locks = {f"requirements-{extra}.lock" for extra in added} | {"requirements.lock"}
    assert locks == {name for name in texts if name.endswith(".lock")}
    for extra in added:
        both = texts["requirements.lock"] + texts[f"requirements-{extra}.lock"]
        assert lock_problems(both, texts["pyproject.toml"], ("dev", extra)) == []
        alone = lock_problems(texts["requirements.lock"], texts["pyproject.toml"], [extra])
        assert any("the lock lacks" in problem for problem in alone)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (r"\nkeras==[\d.]+", "\nkeras==2.15.0", "but the lock has 2.15.0"),
        (r"\ntyper==", "\ntypo==", "the lock lacks typer"),
        (r"\ntensorflowjs==", "\ntensorflowks==", "the lock lacks tensorflowjs"),
        (r"(\nrich==\S+) \\\n(?:    --hash.*\n)+", r"\1\n", "no hash: rich"),
        (r"\A", "--index-url https://example.org/simple\n", "names a host"),
        (r"\Z", "\nkeras==2.15.0\n", "two versions of keras"),
        (r"\ntyper==", "\nlibclang==1.0\ntyper==", "the lock has libclang"),
    ],
)
def test_a_bad_lock_is_found(texts, old, new, complaint):
    """The check above fails on a copy that was made worse."""
    bad, count = re.subn(old, new, texts["requirements.lock"], count=1)
    assert count == 1
    assert complaint in "; ".join(lock_problems(bad, texts["pyproject.toml"]))


def test_make_lab_opens_the_start_page_and_its_shells_know_dermbook() -> None:
    """The commands that chapters and exercises name are found, also where a shell would log in."""
    rule = (
        (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlab:")[2].partition("\n\n")[0]
    )
    assert "/lab/tree/chapters/00_start.ipynb" in rule
    assert (ROOT / "chapters" / "00_start.ipynb").is_file()
    assert 'PATH="$(CURDIR)/$(BIN):$$PATH"' in rule and "shell_command=" in rule


def test_what_set_up_compiles_is_installed() -> None:
    """A package that leaves the lock has to leave this list, or set-up would end in an error."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"^COMPILED := (.+)$", makefile, re.MULTILINE)
    assert [name for name in line.split() if find_spec(name) is None] == []
    assert "tensorflow" in line.split()
