"""Walking folders and archives: what cannot be looked at is named, and nothing is a traceback."""

from __future__ import annotations

import os
import zipfile

import pytest
from support.small_layout import jpeg

from helpers.core.errors import DataError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.layout import list_layout
from helpers.dataset.sources import open_source


def zip_images(folder, compression: int = zipfile.ZIP_DEFLATED, divider: str = "/"):
    """Move the images of a folder into an archive."""
    archive = folder / "images.zip"
    with zipfile.ZipFile(archive, "w", compression) as members:
        for path in sorted(folder.glob("*.jpg")):
            info = zipfile.ZipInfo("part" + "/" + path.name)
            info.filename = f"part{divider}{path.name}"
            members.writestr(info, path.read_bytes(), compression)
            path.unlink()
    return archive


def patch_headers(archive, offset: int, value: bytes) -> None:
    """Change a field of every member, in its own header and in the directory."""
    data = bytearray(archive.read_bytes())
    for start, place in ((b"PK\x03\x04", offset), (b"PK\x01\x02", offset + 2)):
        at = data.find(start)
        while at >= 0:
            data[at + place : at + place + len(value)] = value
            at = data.find(start, at + 4)
    archive.write_bytes(data)


def test_a_password_is_named(make_folder):
    """A locked archive is an error that names it and says what to do."""
    folder = make_folder()
    patch_headers(zip_images(folder, zipfile.ZIP_STORED), 6, b"\x01")
    with pytest.raises(DataError, match=r"images\.zip.*locked with a password; unpack it"):
        open_source(folder)


def test_an_unknown_compression_is_named(make_folder):
    """Deflate64, which some systems write for large archives, is no traceback."""
    folder = make_folder()
    patch_headers(zip_images(folder, zipfile.ZIP_STORED), 8, b"\x09\x00")
    with pytest.raises(DataError, match=r"images\.zip.*another compression.*pack it again"):
        open_source(folder)


def test_backslashes_divide_folders(make_folder):
    """Archives of programs that write backslashes are read like others."""
    folder = make_folder(masks=False)
    zip_images(folder, divider="\\")
    catalogue = load_catalogue(open_source(folder))
    assert len(catalogue) == 28 and catalogue.loc[0, "path"].endswith(r"part\ISIC_0000000.jpg")


def test_links_that_lead_nowhere_are_noted(make_folder):
    """A link to itself and a dangling one; an image that is one has no image."""
    folder = make_folder(masks=False)
    (folder / "self").symlink_to(folder / "self")
    (folder / "gone").symlink_to(folder / "nothing")
    catalogue = load_catalogue(open_source(folder))
    assert "2 links lead nowhere or to itself" in " ".join(catalogue.attrs["notes"])
    (folder / "ISIC_0000003.jpg").unlink()
    (folder / "ISIC_0000003.jpg").symlink_to("ISIC_0000003.jpg")
    with pytest.raises(DataError, match="no image"):
        load_catalogue(open_source(folder))


def test_a_source_that_is_a_link_to_itself(tmp_path):
    """It is no folder, and the choices are told."""
    (tmp_path / "self").symlink_to(tmp_path / "self")
    with pytest.raises(DataError, match="no such name"):
        open_source(tmp_path / "self")


@pytest.mark.parametrize("name", ["locked", ""])
def test_a_folder_that_may_not_be_read_is_named(make_folder, monkeypatch, name):
    """Where it lies below or is the source itself; the superuser may read all, so it is played."""
    folder = make_folder()
    (folder / "locked").mkdir()
    scandir = os.scandir

    def deny(path):
        if str(path) == str((folder / name).resolve()):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("helpers.dataset.walking.os.scandir", deny)
    with pytest.raises(DataError, match=r"(locked|itself).*Permission denied.*chmod"):
        open_source(folder)


def test_an_archive_that_may_not_be_read_is_named(make_folder, monkeypatch):
    """As a folder."""
    folder = make_folder()
    zip_images(folder)

    def deny(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("helpers.core.files.zipfile.ZipFile", deny)
    with pytest.raises(DataError, match=r"images\.zip.*Permission denied"):
        open_source(folder)


def test_a_disk_s_lost_and_found_is_left_alone(make_folder):
    """It belongs to the system."""
    folder = make_folder()
    (folder / "lost+found").mkdir()
    (folder / "lost+found" / "x.jpg").write_bytes(jpeg(0))
    assert "x" not in list_layout(folder).images


def test_two_members_of_one_name_are_one_picture(make_folder):
    """An archive that holds a name twice is read, and the first picture is taken."""
    folder = make_folder(masks=False)
    name = sorted(folder.glob("*.jpg"))[0].name
    archive = zip_images(folder)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(archive, "a") as members,
    ):
        members.writestr(f"part/{name}", jpeg(99))
    catalogue = load_catalogue(open_source(folder))
    assert name[:-4] in set(catalogue["image_id"])
