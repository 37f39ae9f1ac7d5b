"""Uploaded pictures: right pixels or a clear message, in bounded time and memory."""

from __future__ import annotations

import io
import json
import string
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import odd_files
from support.odd_files import HEIGHT, REFUSED, WIDTH, encode, scene

from helpers.core import APPS
from helpers.dataset.image_store import prepare_image
from helpers.dataset.jpeg import jpeg_structure
from helpers.serving.uploads.pictures import (
    ERRORS,
    MAX_SCANS,
    NOTES,
    PictureError,
    crop_picture,
    fit_picture,
    read_picture,
)

SECONDS = 5
"""What a file may take, refused or read."""

MEASURE = """
import re, sys, time
from helpers.serving.uploads import PictureError, read_picture

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

data = open(sys.argv[1], "rb").read()
open("/proc/self/clear_refs", "w").write("5")  # the peak is counted from now
before, start = megabytes("VmRSS"), time.process_time()
try:
    told = str(read_picture(data).pixels.shape)
except PictureError as error:
    told = error.code
print(f"{megabytes('VmHWM') - before:.0f} {time.process_time() - start:.2f} {told}")
"""
"""What a process's memory grows by, and its seconds of computing."""


def _far(pixels: np.ndarray, expected: np.ndarray) -> int:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    return int(np.abs(pixels.astype(int) - expected).max())


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_no_picture_is_refused_soon(name: str) -> None:
    """Each file gets the text that helps, and no other error."""
    code, make = REFUSED[name]
    data = make()
    start = time.process_time()
    with pytest.raises(PictureError) as caught:
        read_picture(data, name)
    assert time.process_time() - start < SECONDS
    assert caught.value.code == code
    assert str(caught.value).startswith(f"{name}: The")
    assert "{" not in str(caught.value)


def test_a_bomb_is_small_in_bytes() -> None:
    """The 900 million pixels of the test are no claim: they are there, in a megabyte."""
    data = odd_files.flat_png(30_000, 30_000)
    assert len(data) < 5_000_000
    assert len(odd_files.flat_png(100, 100)) < 1000
    assert (np.asarray(Image.open(io.BytesIO(odd_files.flat_png(9, 7)))) == 0).all()


LOSSLESS = {
    "png": lambda: encode(),
    "bmp": lambda: encode(None, "BMP"),
    "tiff": lambda: encode(None, "TIFF"),
    "tiff lzw": lambda: encode(None, "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda: encode(None, "TIFF", compression="tiff_adobe_deflate"),
    "webp": lambda: encode(None, "WEBP", lossless=True),
    "16-bit png": lambda: odd_files.sixteen_bits(),
    "16-bit png with alpha": lambda: odd_files.sixteen_bits(channels=4),
    "16-bit tiff": lambda: odd_files.sixteen_bits(".tiff"),
    "alpha that is opaque": lambda: encode(Image.fromarray(scene()).convert("RGBA")),
    "renamed": lambda: encode(),
}


@pytest.mark.parametrize("name", list(LOSSLESS))
def test_lossless_pictures_keep_every_pixel(name: str) -> None:
    """Whatever the format, and whatever the name says."""
    picture = read_picture(LOSSLESS[name](), f"{name}.jpg")
    assert _far(picture.pixels, scene()) == 0
    assert picture.notes == (("sixteen_bit",) if "16" in name else ())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_pictures_come_close(kind: str) -> None:
    """Colours are in the order red, green, blue."""
    assert _far(read_picture(encode(None, kind, quality=95)).pixels, scene()) <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_turned_picture_is_turned_back(orientation: int, kind: str) -> None:
    """All eight orientations of EXIF; and the note tells."""
    picture = read_picture(odd_files.turned(orientation, kind))
    assert _far(picture.pixels, scene()) <= (5 if kind == "JPEG" else 0)
    assert picture.notes == (() if orientation == 1 else ("rotated",))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    """A tag out of range is as good as no tag."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert _far(read_picture(encode(None, "PNG", exif=exif)).pixels, scene()) == 0


@pytest.mark.parametrize("adobe", [True, False])
def test_inks_become_light(adobe: bool) -> None:
    """CMYK with inverted inks and Adobe's mark, and CMYK as it is meant, without."""
    picture = read_picture(odd_files.cmyk_jpeg(adobe=adobe))
    assert _far(picture.pixels, scene()) <= 8
    assert picture.notes == ("cmyk",)


def test_cmyk_in_a_tiff_is_not_inverted() -> None:
    """Only JPEGs are."""
    data = encode(Image.fromarray(scene()).convert("CMYK"), "TIFF")
    assert _far(read_picture(data).pixels, scene()) <= 1


GREY = {
    "grey png": lambda: encode(Image.fromarray(scene()[..., 0])),
    "16-bit grey png": lambda: odd_files.sixteen_bits(channels=1),
    "16-bit grey tiff": lambda: odd_files.sixteen_bits(".tiff", channels=1),
    "grey with alpha": lambda: encode(Image.fromarray(scene()[..., 0]).convert("LA")),
    "grey jpeg": lambda: encode(Image.fromarray(scene()[..., 0]), "JPEG", quality=100),
}


@pytest.mark.parametrize("name", list(GREY))
def test_grey_pictures_have_three_equal_channels(name: str) -> None:
    """Black stays black and white white, also with 16 bits."""
    expected = scene()[..., :1].repeat(3, axis=2)
    assert _far(read_picture(GREY[name]()).pixels, expected) <= ("jpeg" in name) * 2


def test_one_bit_is_black_and_white() -> None:
    """Not 0 and 1."""
    pixels = read_picture(encode(Image.fromarray(scene()[..., 0] > 120))).pixels
    assert set(np.unique(pixels)) == {0, 255}


def _seen_through() -> dict[str, bytes]:
    alpha = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    alpha[:, : WIDTH // 2] = 255
    rgba = Image.fromarray(np.dstack([scene(), alpha]))
    two = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    two[:, WIDTH // 2 :] = 1
    palette = Image.fromarray(two).convert("P")
    palette.putpalette([10, 20, 30, 200, 0, 0])
    colour = Image.fromarray(np.where(alpha[..., None] > 0, [10, 20, 30], [1, 2, 3]).astype("u1"))
    grey = Image.fromarray(np.dstack([alpha // 3, alpha]), mode=None)
    return {
        "RGBA png": encode(rgba),
        "RGBA webp": encode(rgba, "WEBP", lossless=True),
        "RGBA tiff": encode(rgba, "TIFF"),
        "palette png": encode(palette, "PNG", transparency=1),
        "palette gif": encode(palette, "GIF", transparency=1),
        "one colour of RGB": encode(colour, "PNG", transparency=(1, 2, 3)),
        "grey with alpha": encode(grey),
    }


@pytest.mark.parametrize("name", list(_seen_through()))
def test_what_can_be_seen_through_lies_on_white(name: str) -> None:
    """The right half is transparent; its hidden colour must not show."""
    picture = read_picture(_seen_through()[name])
    assert (picture.pixels[:, WIDTH // 2 :] == 255).all()
    assert (picture.pixels[:, : WIDTH // 2] < 255).all()
    assert picture.notes == ("alpha_removed",)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_read(kind: str) -> None:
    """Animations and pages; the note says that there were more."""
    picture = read_picture(odd_files.animation(kind))
    assert picture.notes == ("first_frame",)
    assert _far(picture.pixels, scene()) <= (40 if kind == "GIF" else 0)  # 256 colours


def test_a_palette_of_few_colours_is_exact() -> None:
    """GIF and palette PNG give the palette's colours, not its indices."""
    pixels = scene() // 128 * 100
    for kind in ("GIF", "PNG"):
        assert (
            _far(read_picture(encode(Image.fromarray(pixels).quantize(8), kind)).pixels, pixels)
            == 0
        )


def test_colours_of_a_profile_are_brought_to_srgb() -> None:
    """A dull red of a phone's wider gamut is a stronger red in sRGB; white stays white."""
    pixels = np.full((HEIGHT, WIDTH, 3), [200, 100, 100], dtype=np.uint8)
    pixels[0] = 255
    picture = read_picture(
        encode(Image.fromarray(pixels), "PNG", icc_profile=odd_files.wide_gamut_profile())
    )
    assert picture.notes == ("colour_profile",)
    red, green, _ = picture.pixels[5, 5].astype(int)
    assert 205 <= red <= 220
    assert 85 <= green <= 98
    assert (picture.pixels[0] >= 253).all()


@pytest.mark.parametrize("profile", [b"x", bytes(500), odd_files.wide_gamut_profile()[:200]])
def test_a_bad_profile_changes_nothing(profile: bytes) -> None:
    """The colours are taken as they are stored."""
    assert _far(read_picture(encode(None, "PNG", icc_profile=profile)).pixels, scene()) == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_pictures_are_reduced_alike(kind: str) -> None:
    """By the decoder or after it: averages of blocks, the short side not below 1,024 pixels."""
    large = Image.fromarray(scene()).resize((4400, 3300), Image.Resampling.BICUBIC)
    picture = read_picture(encode(large, kind))
    assert picture.pixels.shape == (1650, 2200, 3)
    assert picture.notes == ("reduced",)
    expected = np.asarray(large.reduce(2))
    assert _far(picture.pixels, expected) <= (6 if kind == "JPEG" else 0)
    assert read_picture(encode(Image.new("RGB", (2047, 2047)))).notes == ()


def test_what_follows_a_jpeg_does_no_harm() -> None:
    """Phones put films and second pictures behind the first, with every pair of bytes in them."""
    data = encode(None, "JPEG", quality=95)
    film = b"\0" * 50 + b"ftypmp42" + np.random.default_rng(0).bytes(6_000_000)
    assert film.count(b"\xff\xda") > MAX_SCANS
    assert _far(read_picture(data + film).pixels, scene()) <= 12


def test_scans_are_counted_to_the_end_of_the_picture() -> None:
    """Neither a thumbnail in a header nor what follows the picture counts."""
    progressive = encode(None, "JPEG", progressive=True)
    n_scans = progressive.count(b"\xff\xda")

    def count_scans(data: bytes) -> int:
        return jpeg_structure(data).scans

    assert n_scans > 5 and count_scans(progressive) == n_scans
    thumbnail = b"\xff\xe1" + (len(progressive) + 2).to_bytes(2, "big") + progressive
    assert count_scans(progressive[:2] + thumbnail + progressive[2:]) == n_scans
    assert count_scans(progressive + progressive) == n_scans
    assert count_scans(odd_files.many_scans(100)) == n_scans + 100
    assert count_scans(progressive[:-2]) == n_scans
    assert count_scans(encode()) == count_scans(b"") == count_scans(b"\xff\xd8") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_a_large_honest_picture_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """40 million pixels with alpha, and the bomb: seconds, and megabytes at their peak."""
    files = {
        "large.png": (odd_files.flat_png(7_300, 5_475, 6), 300),
        "bomb.png": (odd_files.flat_png(30_000, 30_000), 100),
        "tiles.tif": (odd_files.tiff_of_huge_tiles(), 100),
        "claims.webp": (odd_files.claiming_webp(), 100),
    }
    told = {}
    for name, (data, limit) in files.items():
        (tmp_path / name).write_bytes(data)
        command = [sys.executable, "-c", MEASURE, str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        megabytes, seconds, told[name] = done.stdout.strip().split(" ", 2)
        print(f"{name}: {megabytes} MB more at the peak, {seconds} s, {told[name]}")
        assert int(megabytes) < limit, name
        assert float(seconds) < SECONDS, name
    assert told["large.png"] == "(1369, 1825, 3)"
    assert told["bomb.png"] == "too_many_pixels"


def test_no_global_limit_of_pillow_is_changed() -> None:
    """Other parts of the program keep theirs."""
    before = Image.MAX_IMAGE_PIXELS
    read_picture(encode())
    with pytest.raises(PictureError):
        read_picture(odd_files.flat_png(10_000, 9_000))
    assert before == Image.MAX_IMAGE_PIXELS


@settings(max_examples=300)
@given(data=st.data())
def test_damaged_bytes_give_a_picture_or_a_message(data: st.DataObject) -> None:
    """Bytes changed, cut out or put in anywhere: never another error."""
    kinds = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
    whole = encode(None, data.draw(st.sampled_from(kinds)))
    for _ in range(data.draw(st.integers(1, 4))):
        near_start = data.draw(st.booleans())
        last = min(len(whole) - 1, 200) if near_start else len(whole) - 1
        start = data.draw(st.integers(0, last))
        end = data.draw(st.integers(start, min(start + 8, len(whole))))
        whole = whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:]
        if not whole:
            break
    try:
        picture = read_picture(whole)
    except PictureError as error:
        assert error.code in ERRORS
    else:
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.ndim == 3
        assert set(picture.notes) <= set(NOTES)


def test_every_refusal_is_tried() -> None:
    """Each code of an error is that of a file above."""
    assert {code for code, _ in REFUSED.values()} == set(ERRORS)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((450, 600), (450, 600)),
        ((144, 192), (144, 192)),
        ((600, 600), (450, 600)),
        ((450, 900), (450, 600)),
        ((1080, 1920), (1080, 1440)),
        ((600, 450), (450, 600)),  # turned
        ((1000, 100), (100, 133)),
        ((32, 33), (25, 33)),
    ],
)
def test_pictures_are_cut_to_the_shape_of_the_data_set(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """The whole width or the whole height stays, and what is cut is cut on both sides alike."""
    rows, columns = np.indices(size)
    pixels = np.stack([rows % 251, columns % 251, 0 * rows], axis=2).astype(np.uint8)
    cropped = crop_picture(pixels)
    assert cropped.shape == (*expected, 3)
    if size[0] > size[1]:
        pixels = np.rot90(pixels)
    top, left = (pixels.shape[0] - expected[0]) // 2, (pixels.shape[1] - expected[1]) // 2
    np.testing.assert_array_equal(cropped, pixels[top:, left:][: expected[0], : expected[1]])


def test_a_picture_of_the_data_set_fits_as_the_store_has_it() -> None:
    """Not cut, and resampled by the same function, larger or smaller."""
    pixels = np.random.default_rng(0).integers(0, 256, (450, 600, 3)).astype(np.uint8)
    for size in ((144, 192), (224, 224), (600, 800)):
        fitted = fit_picture(pixels, size)
        assert fitted.flags["C_CONTIGUOUS"]
        np.testing.assert_array_equal(fitted, prepare_image(pixels, size))


def test_a_portrait_is_turned_against_the_clock() -> None:
    """Its upper right corner becomes the upper left one."""
    portrait = np.zeros((600, 450, 3), dtype=np.uint8)
    portrait[:50, -50:] = 255
    fitted = fit_picture(portrait, (144, 192))
    assert fitted[0, 0].min() == 255
    assert fitted[0, -1].max() == fitted[-1, 0].max() == fitted[-1, -1].max() == 0


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_both_languages_have_every_text(language: str) -> None:
    """Each error with the fields that it is given, and each note; English is the program's."""
    texts = json.loads((APPS / "texts" / f"{language}.json").read_text(encoding="utf-8"))

    def fields(text: str) -> set[str | None]:
        return {field for _, _, field, _ in string.Formatter().parse(text) if field}

    assert set(texts["errors"]) == set(ERRORS)
    for code, text in ERRORS.items():
        assert fields(texts["errors"][code]) == fields(text), code
    assert set(texts["notes"]) == set(NOTES)
    if language == "en":
        assert texts["errors"] == ERRORS
