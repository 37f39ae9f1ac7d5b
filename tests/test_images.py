"""The image store: right pixels, in order, whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.catalogue import read_image
from helpers.errors import ConfigError, DataError
from helpers.files import cache_home
from helpers.images import open_store, resize_image, store_key, verify_store


@pytest.fixture
def few(tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """Twelve images of the drawn sample."""
    return tiny_catalogue.head(12).reset_index(drop=True)


def test_store_holds_the_resized_images_in_order(few: pd.DataFrame) -> None:
    """Row i is image i, decoded and resized, with height before width."""
    store = open_store(few, (30, 40))
    assert store.images.shape == (12, 30, 40, 3)
    assert store.images.dtype == np.uint8
    for row in (0, 7, 11):
        expected = resize_image(read_image(few["path"][row]), (30, 40))
        np.testing.assert_array_equal(store.images[row], expected)


def test_take_finds_images_by_id(few: pd.DataFrame) -> None:
    """Images are found by id, in the order asked for."""
    store = open_store(few, (30, 40))
    ids = [few["image_id"][9], few["image_id"][2]]
    np.testing.assert_array_equal(store.take(ids), store.images[[9, 2]])
    with pytest.raises(DataError, match="ISIC_nowhere"):
        store.rows(["ISIC_nowhere"])


def test_store_is_built_once(few: pd.DataFrame) -> None:
    """A second call decodes nothing; another size is another store."""
    calls: list[int] = []
    first = open_store(few, (31, 41), progress=lambda done, total: calls.append(done))
    assert calls[-1] == 12
    again = open_store(few, (31, 41), progress=lambda done, total: calls.append(-1))
    assert again.path == first.path and -1 not in calls
    assert store_key(few, (31, 41)) != store_key(few, (41, 31))


def test_result_does_not_depend_on_workers(few: pd.DataFrame) -> None:
    """One thread and four write the same bytes."""
    one = open_store(few, (32, 40), workers=1)
    before = one.path.read_bytes()
    one.path.unlink()
    assert open_store(few, (32, 40), workers=4).path.read_bytes() == before


def test_cut_store_is_built_again(few: pd.DataFrame) -> None:
    """A file that lost its end is not taken for a store."""
    store = open_store(few, (33, 40))
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-100])
    assert open_store(few, (33, 40)).path.read_bytes() == whole


def test_changed_byte_is_found_by_the_checksum(few: pd.DataFrame) -> None:
    """The recorded SHA-256 tells a changed store from a whole one."""
    store = open_store(few, (34, 40))
    assert verify_store(store)
    content = bytearray(store.path.read_bytes())
    content[-1] ^= 1
    store.path.write_bytes(content)
    assert not verify_store(store)


def test_unreadable_images_are_named_together(few: pd.DataFrame, tmp_path: Path) -> None:
    """All images that cannot be decoded are in one error, and no store is left."""
    bad = few.copy()
    for row in (1, 3):
        path = tmp_path / f"bad_{row}.jpg"
        path.write_bytes(b"not a picture")
        bad.loc[row, "path"] = str(path)
        bad.loc[row, "digest"] = f"{row:016d}"
    with pytest.raises(DataError) as caught:
        open_store(bad, (30, 40))
    assert len(caught.value.problems) == 2
    assert not (cache_home() / "stores" / f"{store_key(bad, (30, 40))}.npy").exists()


def test_silly_size_is_refused(few: pd.DataFrame) -> None:
    """A size of a few pixels is a mistake, not a store."""
    with pytest.raises(ConfigError, match="at least 8"):
        open_store(few, (4, 40))
