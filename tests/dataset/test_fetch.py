"""Fetching: resumed, verified, from servers that behave in every way but well."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from support.loopback import Server, make_handler

from helpers.core.errors import ConfigError, DataError
from helpers.dataset import fetch
from helpers.dataset.download import CHUNK, ResumingDownloader, UnreachableError
from helpers.dataset.fetch import fetch_ham10000
from helpers.dataset.mirrors import (
    DATAVERSE,
    TEST_IMAGES,
    TEST_TRUTH,
    PublishedFile,
    parse_sums,
    published_files,
)
from helpers.dataset.sources import open_source

TABLE = b"lesion_id,image_id,dx,dx_type,age,sex,localization,dataset\n" * 3
BIG = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def server() -> Iterator[Server]:
    """An HTTP server on loopback."""
    facts = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(facts))
    facts.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield facts
    http.shutdown()
    http.server_close()
    thread.join()


def zip_bytes(content: bytes = BIG) -> bytes:
    """An archive with one stored member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as members:
        members.writestr(zipfile.ZipInfo("ISIC_0000000.jpg"), content)  # no time of day in it
    return buffer.getvalue()


@pytest.fixture
def published(monkeypatch, server) -> list[PublishedFile]:
    """Two files that count as published, served by the server; no waiting."""
    files = []
    for name, data, suffix in (
        ("images.zip", zip_bytes(), ""),
        ("HAM10000_metadata", TABLE, "?format=original"),
    ):
        sha256, md5 = hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest()
        url = f"{server.url}/{name}{suffix}"
        files.append(PublishedFile(name, url, len(data), md5, sha256 if suffix else ""))
        server.files[name + suffix] = data
    server.files["HAM10000_metadata"] = TABLE.replace(b",", b"\t")  # the re-exported table
    monkeypatch.setattr(fetch, "published_files", lambda include_test=False: files)
    monkeypatch.setattr(fetch, "_WAIT", 0.0)
    return files


def run(tmp_path: Path, **options) -> tuple[Path, list[str]]:
    """Fetch into a folder of the test's own; also what was said."""
    said: list[str] = []
    quiet = options.pop("progress", lambda *_: None)
    folder = fetch_ham10000(home=tmp_path / "home", progress=quiet, say=said.append, **options)
    return folder, said


def records(folder: Path) -> dict:
    """The files' records in fetched.json."""
    return json.loads((folder / "fetched.json").read_text())["files"]


def check_complete(folder: Path) -> None:
    """Both files are there with the right bytes, and nothing else is left."""
    assert (folder / "images.zip").read_bytes() == zip_bytes()
    assert (folder / "HAM10000_metadata").read_bytes() == TABLE
    assert {path.name for path in folder.iterdir()} == {
        "images.zip", "HAM10000_metadata", "fetched.json",
    }  # fmt: skip


def test_published_table():
    """The table names the six files; tables are asked for as stored, archives plainly."""
    files = {file.name: file for file in published_files(include_test=True)}
    assert {TEST_IMAGES, TEST_TRUTH} <= set(files)
    assert len(files) == 6 and len(published_files()) == 4
    metadata = files["HAM10000_metadata"]
    assert metadata.url == DATAVERSE + "4338392?format=original"
    assert metadata.known_hash.startswith("sha256:de17ec44")
    images = files["HAM10000_images_part_1.zip"]
    assert images.url == DATAVERSE + "3172585" and images.bytes == 1_366_522_108
    test_table = files["ISIC2018_Task3_Test_GroundTruth"]
    assert test_table.url.endswith("?format=original")
    assert test_table.known_hash == "md5:2b5663aacc9644740f27e355cf7f369a"
    assert all(len(file.md5) == 32 and len(file.sha256) in (0, 64) for file in files.values())


def test_the_test_set_is_asked_for_by_name(tmp_path, server, published, monkeypatch):
    """Two more files, known by their MD5 alone; each is verified by it."""
    test_set = {TEST_IMAGES: zip_bytes(), TEST_TRUTH: b"image_id,dx\nISIC_0034524,nv\n"}
    more = []
    for name, data in test_set.items():
        server.files[name] = data
        md5 = hashlib.md5(data).hexdigest()
        more.append(PublishedFile(name, f"{server.url}/{name}", None, md5, ""))
    monkeypatch.setattr(
        fetch, "published_files", lambda include_test=False: published + more * include_test
    )
    folder, said = run(tmp_path)
    assert not (folder / TEST_IMAGES).exists()
    folder, said = run(tmp_path, include_test=True)
    assert {records(folder)[name]["verified"] for name in test_set} == {"published"} and not said
    assert all((folder / name).read_bytes() == data for name, data in test_set.items())
    (folder / TEST_TRUTH).unlink()
    server.files[TEST_TRUTH] = b"other bytes"
    with pytest.raises(DataError, match="expected md5:"):
        run(tmp_path, include_test=True)


def test_fetch_verifies_and_records(tmp_path, server, published):
    """Files arrive, are verified and recorded; a second fetch asks for nothing."""
    folder, said = run(tmp_path)
    check_complete(folder)
    assert {record["verified"] for record in records(folder).values()} == {"published"}
    assert said == []
    n_asked = len(server.asked)
    run(tmp_path)
    assert len(server.asked) == n_asked


def test_damaged_file_is_fetched_again(tmp_path, server, published):
    """A file that was changed since is fetched anew."""
    folder, _ = run(tmp_path)
    (folder / "images.zip").write_bytes(b"half")
    run(tmp_path)
    check_complete(folder)


def test_dropped_connection_goes_on(tmp_path, server, published):
    """A connection that breaks off is taken up where it broke, within one fetch."""
    server.drops = 3
    folder, _ = run(tmp_path)
    check_complete(folder)
    starts = [int(r[6:-1]) for name, r in server.asked if name == "images.zip" and r]
    assert len(starts) == 3 and starts == sorted(starts) and starts[0] > 500_000


def test_fifty_cuts_cost_a_block_each_at_most(tmp_path, server):
    """Wherever connections break off: the right bytes, and at most one block a cut comes twice."""
    rng = random.Random(0)
    data = rng.randbytes(12 * 2**20)
    server.files["big"] = data
    server.cuts = [rng.randrange(2 * len(data) // 50) for _ in range(50)]
    download = ResumingDownloader(tmp_path / "big.part", wait=0.0)
    download(f"{server.url}/big", tmp_path / "big")
    assert not server.cuts and len(server.asked) == 51
    assert (tmp_path / "big").read_bytes() == data
    assert len(data) <= server.sent <= len(data) + 50 * CHUNK


def test_killed_fetch_goes_on(tmp_path, server, published):
    """A part left by an earlier fetch is not asked for again."""
    part = tmp_path / "home" / "sources" / "ham10000" / "images.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(zip_bytes()[:700_000])
    folder, _ = run(tmp_path)
    check_complete(folder)
    assert ("images.zip", "bytes=700000-") in server.asked


def test_complete_part_is_not_asked_for_twice(tmp_path, server, published):
    """A part that is whole already (416) is verified and taken."""
    part = tmp_path / "home" / "sources" / "ham10000" / "images.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(zip_bytes())
    folder, _ = run(tmp_path)
    check_complete(folder)
    assert [name for name, _ in server.asked].count("images.zip") == 1


@pytest.mark.parametrize("left", [b"x" * 700_000, b"x" * 2_000_000])
def test_wrong_part_is_fetched_in_full(tmp_path, server, published, left):
    """A part of something else, shorter or longer, ends in the right file all the same."""
    part = tmp_path / "home" / "sources" / "ham10000" / "images.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    folder, _ = run(tmp_path)
    check_complete(folder)


@pytest.mark.parametrize("ranges", ["ignored", "wrong"])
def test_server_without_proper_ranges(tmp_path, server, published, ranges):
    """A server that sends everything again, or another range, does not spoil the file."""
    server.drops, server.ranges = 1, ranges
    folder, _ = run(tmp_path)
    check_complete(folder)


def test_another_range_is_not_appended(tmp_path, server):
    """Bytes of another range than was asked for are never put behind the part."""
    server.files["a"], server.ranges = BIG, "wrong"
    (tmp_path / "a.part").write_bytes(BIG[:1000])
    downloader = ResumingDownloader(tmp_path / "a.part", wait=0.0)
    downloader(f"{server.url}/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BIG


def test_unknown_length_cut_short(tmp_path, server, published):
    """Without a length from the server, the published size tells that bytes are missing."""
    server.drops, server.chunked = 1, True
    folder, _ = run(tmp_path)
    check_complete(folder)


def test_expired_redirect_is_asked_for_anew(tmp_path, server, published):
    """Each attempt starts at the original address, not at a signed one that has expired."""
    server.redirect, server.drops = True, 2
    folder, _ = run(tmp_path)
    check_complete(folder)
    assert server.signed >= 4


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_transient_statuses_are_tried_again(tmp_path, server, published, status):
    """A server that is busy, or a signature that has just expired, is asked again."""
    server.statuses = [status, status]
    folder, _ = run(tmp_path)
    check_complete(folder)


def test_wrong_bytes_are_refused(tmp_path, server, published):
    """Other bytes than the published ones are an error, and are not kept."""
    server.files["images.zip"] = b"not what was published"
    with pytest.raises(DataError, match=r"images\.zip.*expected md5:.*but got"):
        run(tmp_path)
    folder = tmp_path / "home" / "sources" / "ham10000"
    assert not (folder / "images.zip").exists() and not (folder / "fetched.json").exists()
    assert (folder / "HAM10000_metadata").exists()  # what was right stays


def test_missing_files_are_reported_together(tmp_path, server, published):
    """Several files that are not there are one error."""
    server.files.clear()
    with pytest.raises(DataError) as caught:
        run(tmp_path)
    assert len(caught.value.problems) == 2 and "404" in str(caught.value)


def test_dead_server_keeps_the_part(tmp_path, server, published, monkeypatch):
    """A server that breaks off for ever ends in an error that says what is kept."""
    monkeypatch.setattr(fetch, "_ATTEMPTS", 2)
    server.files["images.zip"] = BIG
    server.drops = 10**6
    with pytest.raises(UnreachableError, match="are kept: run it again"):
        run(tmp_path)
    part = tmp_path / "home" / "sources" / "ham10000" / "images.zip.part"
    assert part.stat().st_size > 500_000


def test_no_server(tmp_path, published, monkeypatch):
    """An address where nobody answers is a clear error, for a mirror at once."""
    with pytest.raises(UnreachableError, match="does not answer"):
        run(tmp_path, mirror="http://127.0.0.1:9/")


def test_full_disk_is_said_before_the_start(tmp_path, server, published, monkeypatch):
    """Too little room is an error before the first byte."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match="DERMBOOK_HOME"):
        run(tmp_path)
    assert server.asked == []


def test_disk_that_gets_full_meanwhile(server, published, monkeypatch, small_disk):
    """Where others take the room, the error is that, at once; a retry would not help."""
    disk = small_disk("rw")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk))
    usage = shutil.disk_usage(disk)._replace(free=10**12)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ConfigError, match=r"No space left.*DERMBOOK_HOME"):
        fetch_ham10000(progress=lambda *_: None)
    assert len(server.asked) == 1
    assert not (disk / "sources" / "ham10000" / "images.zip").exists()


def test_progress_reaches_the_total(tmp_path, server, published):
    """Progress is told for each file and ends at its size."""
    told: dict[str, tuple[int, int | None]] = {}
    run(tmp_path, progress=lambda name, done, total: told.update({name: (done, total)}))
    assert told == {file.name: (file.bytes, file.bytes) for file in published}


def test_parse_sums():
    """Checksum files of sha256sum read in text and binary mode; other lines are left out."""
    one, two = "a" * 64, "B" * 64
    text = f"{one}  images.zip\n{two} *./sub/table.csv\n\n# comment\nshort  x\n"
    assert parse_sums(text) == {"images.zip": one, "table.csv": "b" * 64}


def test_url_mirror_of_published_files(tmp_path, server, published):
    """A mirror of the published bytes needs no checksums; its tables may end in .csv."""
    server.files = {"m/images.zip": zip_bytes(), "m/HAM10000_metadata.csv": TABLE}
    folder, _ = run(tmp_path, mirror=f"{server.url}/m")
    check_complete(folder)
    assert {record["verified"] for record in records(folder).values()} == {"published"}


def test_url_mirror_of_other_files_needs_sums(tmp_path, server, published):
    """Other bytes from a URL are refused, and taken once SHA256SUMS vouches for them."""
    small = zip_bytes(b"small")
    server.files = {"images.zip": small, "HAM10000_metadata": TABLE}
    with pytest.raises(DataError, match="SHA256SUMS"):
        run(tmp_path, mirror=server.url)
    server.files["SHA256SUMS"] = f"{hashlib.sha256(small).hexdigest()}  images.zip\n".encode()
    folder, _ = run(tmp_path, mirror=server.url)
    assert (folder / "images.zip").read_bytes() == small
    assert records(folder)["images.zip"]["verified"] == "mirror"
    assert records(folder)["HAM10000_metadata"]["verified"] == "published"


@pytest.fixture
def local(tmp_path, published) -> Path:
    """A local mirror with a smaller archive and two tables."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "images.zip").write_bytes(zip_bytes(b"small"))
    (folder / "HAM10000_metadata.csv").write_bytes(b"lesion_id,image_id,dx\n")
    (folder / "HAM10000_metadata_with_source.csv").write_bytes(b"lesion_id,image_id,dataset\n")
    return folder


def test_local_mirror_of_unknown_files_is_said(tmp_path, local, server):
    """The user's own folder is taken without checksums, recorded, and said plainly."""
    folder, said = run(tmp_path, mirror=str(local))
    record = records(folder)["images.zip"]
    data = (folder / "images.zip").read_bytes()
    assert record["verified"] == "none"
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert (folder / "HAM10000_metadata").read_bytes().endswith(b"dataset\n")
    assert len(said) == 2 and "not the published file" in said[0]
    assert server.asked == []


def test_local_mirror_with_sums(tmp_path, local):
    """A SHA256SUMS file beside the files vouches for them, and catches a damaged one."""
    checksum = hashlib.sha256((local / "images.zip").read_bytes()).hexdigest()
    (local / "SHA256SUMS").write_text(f"{checksum}  images.zip\n")
    folder, said = run(tmp_path, mirror=str(local))
    assert records(folder)["images.zip"]["verified"] == "mirror" and len(said) == 1
    (local / "images.zip").write_bytes(zip_bytes(b"other"))
    with pytest.raises(DataError, match="SHA256SUMS but got"):
        run(tmp_path, mirror=str(local))


def test_local_mirror_damaged_published_file(tmp_path, local):
    """A file of the published size with other content is damaged, not another version."""
    data = bytearray(zip_bytes())
    data[1000] ^= 1
    (local / "images.zip").write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        run(tmp_path, mirror=str(local))


def test_local_mirror_truncated_archive(tmp_path, local):
    """An archive that was cut short is not taken."""
    (local / "images.zip").write_bytes(zip_bytes(b"small")[:40])
    with pytest.raises(DataError, match="zip archive"):
        run(tmp_path, mirror=str(local))


def test_local_mirror_missing_files(tmp_path, local):
    """Files that the mirror lacks are named, and so is a folder that is not there."""
    (local / "images.zip").unlink()
    with pytest.raises(DataError, match=r"images\.zip: not in"):
        run(tmp_path, mirror=str(local))
    with pytest.raises(DataError, match="expected a folder"):
        run(tmp_path, mirror=str(tmp_path / "nowhere"))


def test_real_mirror(real_folder, dermbook_home):
    """The real images at hand are a mirror, and open as ham10000."""
    said: list[str] = []
    folder = fetch_ham10000(mirror=str(real_folder), progress=lambda *_: None, say=said.append)
    try:
        source = open_source("ham10000")
        assert source.folder == folder and source.name == "ham10000"
        assert b"dataset" in (folder / "HAM10000_metadata").read_bytes()[:100]
    finally:
        shutil.rmtree(folder)
