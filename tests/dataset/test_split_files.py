"""Split files: what is written is what is read, and a wrong file is told whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from support.catalogues import make_catalogue

from helpers.core.errors import ConfigError, DataError
from helpers.dataset.catalogue import subset
from helpers.dataset.split_files import SPLIT_COLUMNS, check_new, read_split, write_split
from helpers.dataset.splits import split_catalogue
from helpers.training.configuration import TrialConfig
from helpers.training.trials import trial_key

STAGES = ({"trainable": "all", "epochs": 1},)


@pytest.fixture
def catalogue() -> pd.DataFrame:
    """Thirty lesions of two diagnoses, some with several images."""
    return make_catalogue({"nv": [1, 2, 3] * 5, "mel": [1, 2] * 6})


@pytest.fixture
def change(catalogue: pd.DataFrame, tmp_path: Path) -> Callable[..., Path]:
    """Write the split of the catalogue as ``change`` has changed its table."""

    def write(edit: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table) -> Path:
        path = write_split(split_catalogue(catalogue), tmp_path / "split.csv", replace=True)
        edit(pd.read_csv(path, dtype=str)).to_csv(path, index=False)
        return path

    return write


def test_a_file_is_the_split_that_it_was_written_from(
    tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Down to the keys of trials, in any order of rows and columns, blanks and a mark before."""
    computed = split_catalogue(tiny_catalogue, (0.7, 0.15, 0.15), seed=4)
    path = write_split(computed, tmp_path / "new" / "split.csv")
    assert path.read_text().splitlines()[0] == ",".join(SPLIT_COLUMNS)
    read = read_split(path, tiny_catalogue)
    pd.testing.assert_frame_equal(read, computed)
    assert read.attrs == tiny_catalogue.attrs
    config = TrialConfig(name="any", backbone="MobileNet", image_size=(32, 32), stages=STAGES)
    assert trial_key(config, read) == trial_key(config, computed)

    table = pd.read_csv(path).sample(frac=1, random_state=0)[["split", "lesion_id", "image_id"]]
    text = table.map(lambda cell: f" {cell} ").to_csv(index=False, lineterminator="\r\n")
    path.write_text(text, encoding="utf-8-sig", newline="")
    assert read_split(path, tiny_catalogue)["split"].equals(computed["split"])


def test_a_part_of_a_source_takes_its_rows(catalogue: pd.DataFrame, tmp_path: Path) -> None:
    """A file of all images divides some of them; one of these alone does not divide all."""
    whole = split_catalogue(catalogue)
    path = write_split(whole, tmp_path / "whole.csv")
    part = subset(catalogue, 30, seed=0)
    read = read_split(path, part, whole=catalogue)
    merged = part.merge(whole, on="image_id")
    assert list(read["split"]) == list(merged["split"])
    with pytest.raises(DataError, match="images of the source but"):
        read_split(path, part)
    small = write_split(read, tmp_path / "part.csv")
    assert read_split(small, part, whole=catalogue)["split"].equals(read["split"])
    with pytest.raises(DataError, match="every image of the source but"):
        read_split(small, catalogue)


def test_a_file_is_never_replaced_unasked(catalogue: pd.DataFrame, tmp_path: Path) -> None:
    """Nor is anything written that could not be read again, or under an odd name."""
    path, split = tmp_path / "split.csv", split_catalogue(catalogue)
    write_split(split, path)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="--replace"):
        write_split(split_catalogue(catalogue, seed=1), path)
    assert path.read_bytes() == before
    write_split(split_catalogue(catalogue, seed=1), path, replace=True)
    assert path.read_bytes() != before
    with pytest.raises(DataError, match="test got none"):
        write_split(split_catalogue(catalogue, (0.8, 0.2, 0)), tmp_path / "two.csv")
    with pytest.raises(DataError, match="by='lesion'"):
        write_split(split_catalogue(catalogue, by="image"), tmp_path / "leaks.csv")
    for name in ("split.txt", "."):
        with pytest.raises(ConfigError, match=r"ends in \.csv"):
            check_new(tmp_path / name)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["split.csv"]


def _rows(column: str, values: dict[int, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        for row, value in values.items():
            table.loc[row, column] = value
        return table

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda t: t.drop(columns="lesion_id"),
            "expected the columns image_id, lesion_id, split with commas between, and no others, "
            "but got image_id, split",
        ),
        (lambda t: t.assign(fold=1), "but got image_id, lesion_id, split, fold"),
        (
            lambda t: pd.concat([t, t.iloc[[3, 5, 5]]]),
            "2 images (ISIC_0000003, ISIC_0000005) are in several",
        ),
        (
            _rows("split", {0: "val", 1: "Test", 9: ""}),
            "3 images (ISIC_0000000, ISIC_0000001, ISIC_0000009) are in 'val', 'Test', ''",
        ),
        (
            lambda t: t.assign(split=t["split"].replace("test", "train")),
            "expected images in each of train, valid, test but test got none",
        ),
        (_rows("image_id", {2: "ISIC_9"}), "1 image (ISIC_9) is not in it"),
        (_rows("image_id", {2: "ISIC_9"}), "1 image (ISIC_0000002) is missing"),
        (lambda t: t.iloc[7:], "7 images (ISIC_0000000, ISIC_0000001, ISIC_0000002, ISIC_0000003,"),
        (lambda t: t.iloc[7:], "ISIC_0000004 ... and 2 more) are missing"),
        (
            _rows("lesion_id", {0: "nv77"}),
            "that of 1 image (ISIC_0000000) is another, such as 'nv77' for 'nv0'",
        ),
        (
            lambda t: t.assign(split=["train", "valid", "test"] * (len(t) // 3)),
            "16 lesions are on several: mel1 (",
        ),
    ],
)
def test_each_fault_is_told_with_its_number_and_first_names(
    edit: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
    change: Callable[..., Path],
    catalogue: pd.DataFrame,
) -> None:
    """One message under the file's name."""
    path = change(edit)
    with pytest.raises(DataError) as error:
        read_split(path, catalogue)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)


def test_all_faults_come_in_one_message(
    change: Callable[..., Path], catalogue: pd.DataFrame
) -> None:
    """Nobody has to mend a file fault by fault."""

    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[0, "image_id"] = "ISIC_9"
        table.loc[1, "split"] = "validation"
        table.loc[4, "lesion_id"] = "nv0"
        table["split"] = table["split"].replace("valid", "train")
        return pd.concat([table, table.tail(1)])

    with pytest.raises(DataError) as error:
        read_split(change(spoil), catalogue)
    words = ("in several", "'validation'", "not in it", "missing", "another", "valid got none")
    assert all(any(word in problem for problem in error.value.problems) for word in words)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\xff\xfe",
        b"image_id,lesion_id,split\na,b,train,more\nc,d,test,more\n",
        b"image_id,lesion_id,split\na,b,train\nc,d,test,more\n",
        b"image_id;lesion_id;split\na;b;train\n",
    ],
)
def test_what_is_no_table_is_told(content: bytes, catalogue: pd.DataFrame, tmp_path: Path) -> None:
    """An empty file, a picture, rows too long, semicolons."""
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"commas between|comma-separated text"):
        read_split(path, catalogue)
    with pytest.raises(ConfigError, match="dermbook data split"):
        read_split(tmp_path / "none.csv", catalogue)


def test_a_file_that_parts_a_shared_picture_is_refused(
    catalogue: pd.DataFrame, change: Callable[..., Path]
) -> None:
    """Only where lesions that share a picture are one group."""
    path = change()
    split = read_split(path, catalogue)
    ends = [split[split["split"] == name]["lesion_id"].iloc[0] for name in ("train", "test")]
    joined = catalogue.assign(group=catalogue["lesion_id"].replace(ends[1], ends[0]))
    with pytest.raises(DataError, match=r"share a picture count as one.*nv\d+ \(t\w+, t\w+\)"):
        read_split(path, joined)
