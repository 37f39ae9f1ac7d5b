"""Storages: files by name, in a folder and at an address, and what cannot be used."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.core.errors import ConfigError
from helpers.training.cluster.storage import (
    AddressStorage,
    FolderStorage,
    Storage,
    check_mark,
    leave_mark,
    open_storage,
)

S3 = "DERMBOOK_S3_SERVER"
"""Variable that names the program ``moto_server``."""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A real server of S3 on loopback; its address as S3 has them."""
    program = os.environ.get(S3)
    if not program:
        pytest.skip(f"no server of S3; set {S3} to the program moto_server")
    pytest.importorskip("fsspec", reason="fsspec comes with the extra 'scale'")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    for line in server.stderr:  # until it says where it listens
        if str(port) in line:
            break
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        from pyarrow.fs import S3FileSystem

        maker = S3FileSystem(
            scheme="http",
            endpoint_override=f"127.0.0.1:{port}",
            region="us-east-1",
            allow_bucket_creation=True,
        )
        maker.create_dir("bucket")
        yield "s3://bucket/kept"
    server.terminate()
    server.wait()


@pytest.fixture(params=["folder", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """One of each kind."""
    if request.param == "folder":
        return open_storage(str(tmp_path / "kept"))
    if request.param == "memory":
        pytest.importorskip("fsspec", reason="fsspec comes with the extra 'scale'")
        return open_storage(f"memory://{tmp_path.name}")
    return open_storage(request.getfixturevalue("s3"))


def test_what_is_put_is_got(storage: Storage, tmp_path: Path) -> None:
    """Bytes come back under their names until they are removed, which may be asked for twice."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(100_000))
    assert storage.names("a") == [] and storage.read("a/none") is None
    storage.put(source, "a/one")
    storage.write("a/two", b"small")
    storage.get("a/one", target)
    assert target.read_bytes() == source.read_bytes()
    assert storage.read("a/two") == b"small"
    assert sorted(storage.names("a")) == ["one", "two"]
    storage.write("a/two", b"new")
    assert storage.read("a/two") == b"new"
    for name in ("a/one", "a/one", "a/two"):
        storage.remove(name)
    assert storage.names("a") == []
    with pytest.raises(FileNotFoundError):
        storage.get("a/one", target)


def test_a_mark_is_seen_by_those_who_share(storage: Storage, tmp_path: Path) -> None:
    """The same storage opened again has it; another folder of the same name would not."""
    mark = leave_mark(storage)
    check_mark(open_storage(storage.place), mark)
    other = FolderStorage(tmp_path / "other")
    with pytest.raises(ConfigError, match="does not see it; choose a folder that all machines"):
        check_mark(other, mark)


def test_kinds_by_their_names(tmp_path: Path) -> None:
    """A path and file:// are folders; the rest is fsspec's."""
    assert isinstance(open_storage(str(tmp_path)), FolderStorage)
    assert open_storage(f"file://{tmp_path}").place == str(tmp_path)
    assert Path(open_storage("here").place).is_absolute()


def test_an_address_without_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"s3://bucket: expected fsspec .* extra 'scale'"):
        open_storage("s3://bucket")


def test_an_unknown_protocol() -> None:
    """Told with the way out."""
    pytest.importorskip("fsspec", reason="fsspec comes with the extra 'scale'")
    with pytest.raises(ConfigError, match="expected an address that fsspec knows"):
        open_storage("nonsense://x")


def test_a_folder_that_cannot_be_written_to(small_disk: Callable[[str], Path]) -> None:
    """One message, with the folder."""
    place = small_disk("ro")
    with pytest.raises(ConfigError, match=r"Read-only file system.*choose"):
        leave_mark(open_storage(str(place / "kept")))


def test_a_bucket_that_is_not_there(s3: str) -> None:
    """One message, with the address and what the server says."""
    with pytest.raises(ConfigError, match=r"storage s3://nobody/x: .* choose another --storage"):
        leave_mark(open_storage("s3://nobody/x"))
    assert isinstance(open_storage(s3), AddressStorage)
