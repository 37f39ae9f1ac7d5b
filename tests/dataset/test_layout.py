"""What files are for is told by their names: pictures, masks, and what is left alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.small_layout import jpeg

from helpers.core.errors import DataError
from helpers.core.files import read_bytes
from helpers.dataset.layout import list_images, list_layout


def test_pictures_of_any_folder(tmp_path: Path) -> None:
    """In subfolders and archives, of several formats, each once; masks and clutter are none."""
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "a.JPG").write_bytes(jpeg(0))
    (tmp_path / "deep" / "down" / "b.png").write_bytes(jpeg(1))
    (tmp_path / "b_segmentation.png").write_bytes(b"x")
    (tmp_path / "b_superpixels.png").write_bytes(b"x")
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as members:
        members.writestr("in/a.jpg", jpeg(0) + b"\0")
        members.writestr("in/c.webp", jpeg(2))
        members.writestr("__MACOSX/._d.jpg", b"x")
    found = list_images(tmp_path)
    assert list(found.images) == ["a", "b", "c"]
    assert read_bytes(found.images["a"].locator) == jpeg(0)
    assert found.notes[0] == "1 images are there more than once; each is counted once"


def test_the_challenges_test_set_is_found_by_name(tmp_path: Path) -> None:
    """`list_layout` leaves it alone, so that nobody trains on it; here it is what is asked for."""
    archive = tmp_path / "ISIC2018_Task3_Test_Images.zip"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("ISIC2018_Task3_Test_Images/ISIC_0034524.jpg", jpeg(0))
    assert list(list_images(archive).images) == ["ISIC_0034524"]
    assert not list_layout(tmp_path).images
    assert "test set is there" in list_layout(tmp_path).notes[0]


def test_folders_without_pictures(tmp_path: Path) -> None:
    """One message each."""
    with pytest.raises(DataError, match="but found none"):
        list_images(tmp_path)
    with pytest.raises(DataError, match="nothing of this name"):
        list_images(tmp_path / "no")
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(DataError, match="a file that is neither"):
        list_images(tmp_path / "a.txt")
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="fetch it again"):
        list_images(tmp_path)
