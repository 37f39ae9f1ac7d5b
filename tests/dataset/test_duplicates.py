"""Near-duplicates: the same picture is found, another one is not, and all pairs are looked at."""

from __future__ import annotations

import time

import cv2
import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.small_layout import jpeg

from helpers.core.errors import ConfigError
from helpers.dataset import duplicates
from helpers.dataset.duplicates import (
    SAME_PICTURE,
    join_duplicates,
    keep_together,
    near_duplicates,
    perceptual_hash,
)


def picture(number: int) -> np.ndarray:
    """A picture of 200x150 with coarse and fine structure."""
    pixels = cv2.imdecode(np.frombuffer(jpeg(number, (200, 150)), np.uint8), cv2.IMREAD_COLOR_RGB)
    noise = np.random.default_rng(number).normal(0, 30, (75, 100))
    fine = cv2.resize(noise, (200, 150))[..., None]
    return np.clip(pixels + fine, 0, 255).astype(np.uint8)


@pytest.fixture
def catalogue(tmp_path) -> pd.DataFrame:
    """Twenty pictures; row 20 is row 3 reduced and brighter, in another lesion."""
    again = cv2.resize(picture(3), (160, 120), interpolation=cv2.INTER_AREA)
    again = np.clip(again.astype(int) + 15, 0, 255).astype(np.uint8)
    rows = []
    for number, pixels in enumerate([picture(number) for number in range(20)] + [again]):
        path = tmp_path / f"ISIC_{number:07d}.jpg"
        cv2.imwrite(str(path), pixels[..., ::-1])
        rows.append({"image_id": path.stem, "lesion_id": f"HAM_{number}", "path": str(path)})
    return pd.DataFrame(rows)


def distance(one: np.ndarray, other: np.ndarray) -> int:
    """Differing bits of two pictures' hashes."""
    return int(np.bitwise_count(perceptual_hash(one) ^ perceptual_hash(other)))


def test_hash_survives_what_leaves_the_picture_the_same():
    """Size, light and compression change few bits; mirroring and another picture many."""
    one = picture(1)
    small = cv2.resize(one, (100, 75), interpolation=cv2.INTER_AREA)
    bright = np.clip(one.astype(int) + 20, 0, 255).astype(np.uint8)
    coded = cv2.imdecode(cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    assert max(distance(one, same) for same in (small, bright, coded)) <= 4
    assert min(distance(one, one[:, ::-1]), distance(one, picture(2))) > 12


def test_hash_agrees_with_imagehash():
    """The bits are those of imagehash's pHash, but for the filter that reduces the picture."""
    for number in range(5):
        theirs = imagehash.phash(Image.fromarray(picture(number))).hash
        packed = np.packbits(theirs.ravel()).view(np.uint64)[0]
        assert np.bitwise_count(packed ^ perceptual_hash(picture(number))) <= 4


def test_same_picture_in_two_lesions_is_found(catalogue):
    """The one repeated picture is the one pair, with a similarity that says so."""
    table = near_duplicates(catalogue, workers=1)
    assert list(table.columns) == [
        "image_id_a", "image_id_b", "distance", "same_lesion", "similarity",
    ]  # fmt: skip
    pair = table.iloc[0]
    assert len(table) == 1 and [pair.image_id_a, pair.image_id_b] == [
        "ISIC_0000003",
        "ISIC_0000020",
    ]
    assert not pair.same_lesion and pair.similarity > SAME_PICTURE
    same = near_duplicates(catalogue.assign(lesion_id="HAM_0"))
    assert same["same_lesion"].all()


def test_composed_alike_is_not_the_same_picture(tmp_path):
    """Two spots in the middle share the coarse hash; their fine structure tells them apart."""
    rows = []
    for number in range(2):
        noise = np.random.default_rng(number).normal(0, 12, (75, 100)).astype(np.float32)
        pixels = np.full((150, 200), 200, np.float32)
        cv2.ellipse(pixels, (100, 75), (45, 30), 0, 0, 360, 60, -1)
        pixels = cv2.GaussianBlur(pixels, (0, 0), 6) + cv2.resize(noise, (200, 150))
        path = tmp_path / f"ISIC_{number}.png"
        cv2.imwrite(str(path), np.clip(pixels, 0, 255).astype(np.uint8))
        rows.append({"image_id": path.stem, "lesion_id": str(number), "path": str(path)})
    table = near_duplicates(pd.DataFrame(rows), max_distance=24)
    assert len(table) == 1 and table["similarity"].iloc[0] < 0.6


def test_blocks_see_every_pair(monkeypatch):
    """Comparing in blocks finds exactly the pairs that comparing one by one finds."""
    monkeypatch.setattr(duplicates, "_BLOCK", 7)
    hashes = np.random.default_rng(0).integers(0, 2**63, 50, dtype=np.uint64)
    hashes[[4, 30, 49]] = hashes[10] ^ np.uint64(3)
    expected = {
        (a, b): int(np.bitwise_count(hashes[a] ^ hashes[b]))
        for a in range(50)
        for b in range(a + 1, 50)
        if np.bitwise_count(hashes[a] ^ hashes[b]) <= 22
    }
    found = duplicates._close_pairs(hashes, 22)
    assert {(a, b): d for a, b, d in found.tolist()} == expected
    assert len(expected) > 6


def test_no_pairs_is_an_empty_table(catalogue):
    """Without near-duplicates the table is empty and has its columns."""
    table = near_duplicates(catalogue.iloc[:5], max_distance=0)
    assert table.empty and "similarity" in table


@pytest.mark.parametrize("max_distance", [-1, 32])
def test_bad_distance(catalogue, max_distance):
    """A distance that means nothing is an error."""
    with pytest.raises(ConfigError, match="max_distance"):
        near_duplicates(catalogue, max_distance)


def test_too_many_pairs_stop(monkeypatch):
    """A flood of pairs is an error instead of a full memory."""
    monkeypatch.setattr(duplicates, "MAX_PAIRS", 100)
    with pytest.raises(ConfigError, match="more than 100"):
        duplicates._close_pairs(np.zeros(50, np.uint64), 4)


def _pairs(*rows: tuple[int, int, float]) -> pd.DataFrame:
    """Pairs of images by number, with their similarity."""
    columns = ["image_id_a", "image_id_b", "similarity"]
    return pd.DataFrame([(f"i{a}", f"i{b}", value) for a, b, value in rows], columns=columns)


def test_lesions_join_through_chains():
    """Image 0 with 2 and 2's lesion with 5 make one group of three lesions, named by the first."""
    lesions = ["L3", "L9", "L2", "L2", "L5", "L4", "L6"]
    table = pd.DataFrame({"image_id": [f"i{n}" for n in range(7)], "lesion_id": lesions})
    pairs = _pairs((0, 2, 0.8), (5, 3, 0.95), (1, 4, 0.79), (2, 3, 1.0))
    joined = join_duplicates(table, pairs)
    assert list(joined["group"]) == ["L2", "L9", "L2", "L2", "L5", "L2", "L6"]
    assert joined.drop(columns="group").equals(table)
    alone = join_duplicates(table, _pairs((1, 4, 0.79)))
    assert list(alone["group"]) == lesions


def test_pairs_are_looked_for_once(catalogue, monkeypatch):
    """The second call reads them from the cache folder; other pictures are looked at anew."""
    table = catalogue.assign(dx="nv", digest=[str(row) for row in catalogue.index])
    groups = join_duplicates(table)["group"]
    assert set(groups.iloc[[3, 20]]) == {"HAM_20"} and groups.nunique() == 20
    monkeypatch.setattr(duplicates, "perceptual_hashes", None)
    assert join_duplicates(table)["group"].equals(groups)
    with pytest.raises(TypeError):
        join_duplicates(table.assign(digest="other"))


def test_real_near_duplicates(real_catalogue):
    """All 50 million pairs take seconds, and one picture is in two lesions of HAM10000."""
    start = time.perf_counter()
    table = near_duplicates(real_catalogue)
    assert time.perf_counter() - start < 60
    same = table[(table["similarity"] > SAME_PICTURE) & ~table["same_lesion"]]
    assert same[["image_id_a", "image_id_b"]].to_numpy().tolist() == [
        ["ISIC_0025226", "ISIC_0030074"]
    ]
    assert table["same_lesion"].sum() > 100
    groups = join_duplicates(real_catalogue, table).drop_duplicates("lesion_id")["group"]
    assert len(groups) - groups.nunique() == 1


def test_groups_that_are_there_are_joined(tiny_catalogue: pd.DataFrame) -> None:
    """Patients of which two share a picture become one group."""
    table = tiny_catalogue.head(6).assign(group=["a", "a", "b", "c", "c", "d"])
    pairs = pd.DataFrame(
        {
            "image_id_a": [table["image_id"][1]],
            "image_id_b": [table["image_id"][3]],
            "similarity": [1.0],
        }
    )
    assert list(join_duplicates(table, pairs)["group"]) == ["a", "a", "b", "a", "a", "d"]


def test_without_lesions_pictures_that_look_alike_stay_together(
    tiny_catalogue: pd.DataFrame,
) -> None:
    """Where lesions are known nothing is joined unless asked for; where not, always."""
    table = tiny_catalogue.copy()
    assert keep_together(table) is table
    assert "group" in keep_together(table, group_duplicates=True)
    table.attrs["lesions_known"] = False
    joined = keep_together(table)
    assert "group" in joined and joined.attrs == table.attrs
