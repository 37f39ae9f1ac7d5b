"""Decoding: what is not whole is found, and pictures and masks read as they look."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.small_layout import jpeg

from helpers.core.errors import DataError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.decoding import read_image, read_mask
from helpers.dataset.integrity import integrity_report
from helpers.dataset.sources import open_source


def load(folder):
    """Open and load a folder."""
    return load_catalogue(open_source(folder))


def problems_of(folder) -> list[str]:
    """The problems that loading a folder raises."""
    with pytest.raises(DataError) as caught:
        load(folder)
    return caught.value.problems


def palette_png(inverted: np.ndarray) -> bytes:
    """A palette PNG whose index 0 is white: the stored values say the opposite of the colour."""
    picture = Image.fromarray(inverted.astype(np.uint8), mode="P")
    picture.putpalette([255, 255, 255, 0, 0, 0])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("kept", [0, 1, 300, -2])
def test_truncated_image(make_folder, kept):
    """An image that lacks its end is named, even by its last two bytes."""
    folder = make_folder()
    data = (folder / "ISIC_0000005.jpg").read_bytes()
    (folder / "ISIC_0000005.jpg").write_bytes(data[:kept])
    (problem,) = problems_of(folder)
    said = "is empty" if kept == 0 else "cannot be decoded" if kept == 1 else "was cut short"
    assert "1 image: ISIC_0000005.jpg" in problem and said in problem


@pytest.mark.parametrize("kept", [0.6, 0.7, 0.95])
def test_image_filled_up_with_grey(make_folder, kept):
    """An image cut short with an end mark put behind is found by the decoder's grey filler."""
    folder = make_folder()
    data = jpeg(5, (240, 180))
    (folder / "ISIC_0000005.jpg").write_bytes(data[: int(kept * len(data))] + b"\xff\xd9")
    (problem,) = problems_of(folder)
    assert "grey filler" in problem


@pytest.mark.parametrize("border", [np.s_[-16:], np.s_[:, -16:], np.s_[:]])
def test_grey_border_is_no_filler(make_folder, border):
    """A picture that really ends in grey, below, on the right or all over, is not damaged."""
    folder = make_folder()
    pixels = cv2.imdecode(np.frombuffer(jpeg(5, (96, 72)), np.uint8), cv2.IMREAD_COLOR)
    pixels[border] = 128
    cv2.imwrite(str(folder / "ISIC_0000005.jpg"), pixels)
    assert len(load(folder)) == 28


def test_file_that_is_no_image(make_folder):
    """A web page saved under an image's name is named."""
    folder = make_folder()
    (folder / "ISIC_0000005.jpg").write_text("<html>403</html>")
    (problem,) = problems_of(folder)
    assert "ISIC_0000005.jpg" in problem and "cannot be decoded" in problem


def test_damaged_archive_member(make_folder):
    """An image whose bytes in an archive do not have their checksum is named."""
    folder = make_folder()
    target = folder / "ISIC_0000005.jpg"
    with zipfile.ZipFile(folder / "a.zip", "w") as members:
        members.write(target, target.name)
    target.unlink()
    data = bytearray((folder / "a.zip").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / "a.zip").write_bytes(data)
    (problem,) = problems_of(folder)
    assert "a.zip::ISIC_0000005.jpg" in problem and "CRC" in problem


def test_unreadable_mask(make_folder):
    """A mask that is cut short is named."""
    folder = make_folder()
    path = folder / "ISIC_0000007_segmentation.png"
    path.write_bytes(path.read_bytes()[:60])
    (problem,) = problems_of(folder)
    assert "ISIC_0000007_segmentation.png" in problem and "decoded as a mask" in problem


def test_palette_mask_is_read_by_its_colour(make_folder):
    """An inverted palette does not invert the mask."""
    folder = make_folder()
    inside = np.zeros((45, 60), bool)
    inside[10:20, 15:40] = True
    path = folder / "ISIC_0000007_segmentation.png"
    path.write_bytes(palette_png(~inside))
    catalogue = load(folder)
    mask = read_mask(catalogue.loc[7])
    assert mask.dtype == bool and (mask == inside).all()
    assert ((np.array(Image.open(path)) > 0) == ~inside).all()  # what the stored values say
    report = integrity_report(catalogue).set_index("check")["found"]
    assert report["masks stored with a palette"] == 1


@pytest.mark.parametrize("inside", [1, 2, 100, 255])
@pytest.mark.parametrize("kind", ["grey", "palette", "16 bits", "one bit"])
def test_a_mask_of_two_values_is_read_by_the_higher(make_folder, inside, kind):
    """0 and 1, as segmentation programs write, is a mask as good as 0 and 255."""
    folder = make_folder()
    expected = np.zeros((45, 60), bool)
    expected[10:20, 15:40] = True
    values = expected.astype(np.uint8) * inside
    picture = {
        "grey": lambda: Image.fromarray(values),
        "palette": lambda: Image.fromarray(values).convert("P"),
        "16 bits": lambda: Image.fromarray(values.astype(np.uint16)),
        "one bit": lambda: Image.fromarray(expected),
    }[kind]()
    picture.save(folder / "ISIC_0000007_segmentation.png")
    assert (read_mask(load(folder).loc[7]) == expected).all()


def test_a_mask_of_several_labels_is_refused(make_folder):
    """Labels 0, 1 and 2 have no one reading as a lesion."""
    folder = make_folder()
    labels = np.arange(45 * 60, dtype=np.uint8).reshape(45, 60) % 3
    Image.fromarray(labels).save(folder / "ISIC_0000007_segmentation.png")
    (problem,) = problems_of(folder)
    assert "expected two values" in problem and "ISIC_0000007_segmentation.png" in problem


def test_a_mask_with_a_damaged_byte_is_named(make_folder):
    """Every chunk of a mask has its checksum compared."""
    folder = make_folder()
    path = folder / "ISIC_0000007_segmentation.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    (problem,) = problems_of(folder)
    assert "ISIC_0000007_segmentation.png" in problem and "decoded as a mask" in problem


def test_read_image_is_rgb(tmp_path):
    """A red picture is red: rows, paths and locators all read as RGB."""
    red = np.zeros((45, 60, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    path = tmp_path / "red.jpg"
    cv2.imwrite(str(path), red)
    for image in (path, str(path), pd.Series({"path": str(path)})):
        pixels = read_image(image)
        assert pixels.shape == (45, 60, 3) and pixels.dtype == np.uint8
        assert pixels[..., 0].min() > 200 and pixels[..., 1:].max() < 50
    path.write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be decoded"):
        read_image(path)
