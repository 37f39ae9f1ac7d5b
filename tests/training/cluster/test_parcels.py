"""Parcels: a folder comes over whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.errors import TrialError
from helpers.training.cluster.parcels import list_files, read_folder, unpack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of several sizes, one empty, one in a folder."""
    place = tmp_path_factory.mktemp("parcel")
    (place / "inside").mkdir()
    for name, size in (("a", 1000), ("empty", 0), ("inside/b", 33), ("z", 1)):
        (place / name).write_bytes(os.urandom(size))
    return place


@given(cut=st.integers(1, 1100))
def test_it_comes_over_in_any_parts(folder: Path, cut: int) -> None:
    """However the stream is divided."""
    files = list_files(folder)
    whole = b"".join(read_folder(folder, files))
    target = folder.parent / "target"
    unpack(target, files, (whole[at : at + cut] for at in range(0, len(whole), cut)))
    assert list_files(target) == files


@pytest.mark.parametrize("change", ["short", "long", "other", "outside", "absolute"])
def test_damage_leaves_what_was_there(folder: Path, tmp_path: Path, change: str) -> None:
    """A stream that is not what was listed takes no final name."""
    files = list_files(folder)
    whole = b"".join(read_folder(folder, files))
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").write_bytes(b"old")
    whole = {"short": whole[:-1], "long": whole + b"x", "other": b"y" + whole[1:]}.get(
        change, whole
    )
    names = {"outside": "../a", "absolute": str(tmp_path / "a")}
    if change in names:
        files[0]["name"] = names[change]
    with pytest.raises(TrialError):
        unpack(target, files, [whole])
    assert [path.name for path in target.iterdir()] == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target"]
