"""Folders as they are found with people: read right, or refused with the way out."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.small_layout import jpeg, mask_png

from helpers.core import read_bytes
from helpers.core.classes import CLASSES, NAMES
from helpers.core.errors import DataError
from helpers.dataset import reading
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import open_source
from helpers.dataset.tables import MOST_COLUMNS

PICTURES = {number: jpeg(number) for number in range(21)}
DX = {number: CLASSES[number % len(CLASSES)] for number in PICTURES}
IDS = {number: f"ISIC_{24306 + number:07d}" for number in PICTURES}
SPLITS = ("train", "val", "test")


def put(path: Path, data: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def table(**columns: object) -> pd.DataFrame:
    """A HAM10000 table of all pictures, with other columns in place of its own."""
    own = {"image_id": IDS.values(), "dx": DX.values()}
    return pd.DataFrame({name: list(values) for name, values in (own | columns).items()})  # type: ignore[arg-type]


def flat(folder: Path, name: str = "images/{}.jpg") -> None:
    """Write all pictures by their ids."""
    for number, data in PICTURES.items():
        put(folder / name.format(IDS[number]), data)


def split_of(number: int) -> str:
    """Pictures of each class in each split."""
    return SPLITS[number // len(CLASSES)]


def numbered_folders(folder: Path) -> None:
    """``1. Melanoma 14``."""
    for number, data in PICTURES.items():
        place = CLASSES.index(DX[number])
        name = "Actinic keratosis" if place == 0 else NAMES[DX[number]]
        put(folder / f"{place}. {name} 14" / f"{number}.jpg", data)


def coded_folders(folder: Path) -> None:
    """``0_akiec``."""
    for number, data in PICTURES.items():
        put(folder / f"{CLASSES.index(DX[number])}_{DX[number]}" / f"{number}.jpg", data)


def splits_below_classes(folder: Path) -> None:
    """``nv/train/1.jpg``."""
    for number, data in PICTURES.items():
        put(folder / DX[number] / split_of(number) / f"{number}.jpg", data)


def same_names_in_splits(folder: Path) -> None:
    """``train/nv/1.jpg`` and another ``test/nv/1.jpg``."""
    for number, data in PICTURES.items():
        put(folder / split_of(number) / DX[number] / "1.jpg", data)


def masks_beside(folder: Path) -> None:
    """Masks that are called like their pictures, in a folder that is sorted before theirs."""
    flat(folder)
    for image_id in IDS.values():
        put(folder / "GroundTruth" / f"{image_id}.png", mask_png())
    table().to_csv(folder / "m.csv", index=False)


def masks_in_class_folders(folder: Path) -> None:
    """``nv/masks/1.png`` beside ``nv/images/1.jpg``."""
    for number, data in PICTURES.items():
        put(folder / DX[number] / "images" / f"{number}.jpg", data)
        put(folder / DX[number] / "masks" / f"{number}.png", mask_png())


def tables_of_splits(folder: Path) -> None:
    """``train.csv``, ``val.csv`` and ``test.csv``, each in the HAM10000 layout."""
    flat(folder)
    for split, part in table().groupby([split_of(number) for number in PICTURES]):
        part.to_csv(folder / f"{split}.csv", index=False)


def numbers_for_names(folder: Path) -> None:
    """24306 for ISIC_0024306, as a spreadsheet leaves it."""
    flat(folder)
    table(image_id=[24306 + number for number in PICTURES]).to_csv(folder / "m.csv", index=False)


def marks_apart(folder: Path) -> None:
    """Names whose letters have marks of their own, as macOS writes them; not so in the table."""
    names = [f"Läsion {number}, übrig" for number in PICTURES]
    for name, data in zip(names, PICTURES.values(), strict=True):
        put(folder / f"{unicodedata.normalize('NFD', name)}.jpg", data)
    table(image_id=names).to_csv(folder / "m.csv", index=False)


def addresses(folder: Path) -> None:
    """Where pictures were on a server."""
    flat(folder)
    names = [f"https://host/full/{image_id}.jpg?size=full" for image_id in IDS.values()]
    table(image_id=names).to_csv(folder / "m.csv", index=False)


def separator_line(folder: Path) -> None:
    """The line by which a spreadsheet is told how to divide cells."""
    flat(folder)
    text = "sep=;\n" + table(lesion_id=IDS.values()).to_csv(index=False, sep=";")
    (folder / "m.csv").write_text(text)


def names_of_rows(folder: Path) -> None:
    """As R writes a table: one cell more in each row than names."""
    flat(folder)
    numbered = table().set_index(pd.RangeIndex(1, len(table()) + 1))
    first, *lines = numbered.to_csv().splitlines()
    (folder / "m.csv").write_text("\n".join([first.removeprefix(","), *lines]))


def pixels_beside(folder: Path) -> None:
    """The pixels of the pictures too, as Kaggle has them."""
    flat(folder)
    table().to_csv(folder / "HAM10000_metadata.csv", index=False)
    head = ",".join(f"pixel{place}" for place in range(MOST_COLUMNS + 1))
    (folder / "hmnist.csv").write_text(head + "\n" + "0," * MOST_COLUMNS + "0\n")


def one_hot_by_names(folder: Path) -> None:
    """Long names above the columns, and ``filename`` above the pictures."""
    flat(folder)
    truth = {NAMES[dx]: [int(dx == own) for own in DX.values()] for dx in CLASSES}
    files = [f"{image_id}.jpg" for image_id in IDS.values()]
    pd.DataFrame({"filename": files, **truth}).to_csv(folder / "_classes.csv", index=False)


def labels_in_lists(folder: Path) -> None:
    """Parquet with a list of one number for each picture, whose names the file has."""
    feature = {"feature": {"names": list(CLASSES), "_type": "ClassLabel"}, "_type": "Sequence"}
    write_parquet(folder / "train.parquet", list(PICTURES), "{}.jpg", feature, as_list=True)


def parquet_of_splits(folder: Path) -> None:
    """Parquet files that each count their pictures from 0."""
    feature = {"names": list(CLASSES), "_type": "ClassLabel"}
    for split in SPLITS:
        numbers = [number for number in PICTURES if split_of(number) == split]
        write_parquet(folder / f"{split}-0.parquet", numbers, "", feature)


def write_parquet(
    path: Path, numbers: list[int], name: str, feature: object, *, as_list: bool = False
) -> None:
    """Write a file as dataset hubs serve them."""
    codes = [CLASSES.index(DX[number]) for number in numbers]
    columns = {
        "image": [
            {"bytes": PICTURES[number], "path": name.format(number) or f"{place}.jpg"}
            for place, number in enumerate(numbers)
        ],
        "label": [[code] for code in codes] if as_list else codes,
    }
    info = {"info": {"features": {"label": feature}}}
    pq.write_table(
        pa.table(columns).replace_schema_metadata({"huggingface": json.dumps(info)}), path
    )


READ = {
    numbered_folders: "a folder for each class",
    coded_folders: "a folder for each class",
    splits_below_classes: "a folder for each class",
    same_names_in_splits: "a folder for each class",
    masks_in_class_folders: "a folder for each class",
    masks_beside: "HAM10000 layout",
    tables_of_splits: "HAM10000 layout",
    numbers_for_names: "HAM10000 layout",
    marks_apart: "HAM10000 layout",
    addresses: "HAM10000 layout",
    separator_line: "HAM10000 layout",
    names_of_rows: "HAM10000 layout",
    pixels_beside: "HAM10000 layout",
    one_hot_by_names: "truth table in the manner of the ISIC challenge",
    labels_in_lists: "Parquet file with pictures",
    parquet_of_splits: "Parquet file with pictures",
}


def loaded(folder: Path) -> pd.DataFrame:
    """The catalogue of a folder, with the number of each picture by its bytes."""
    catalogue = load_catalogue(open_source(folder))
    by_bytes = {hashlib.sha256(data).hexdigest(): number for number, data in PICTURES.items()}
    found = [hashlib.sha256(read_bytes(path)).hexdigest() for path in catalogue["path"]]
    return catalogue.assign(number=[by_bytes[digest] for digest in found])


@pytest.mark.parametrize("write", READ, ids=lambda write: write.__name__)
def test_each_picture_has_its_diagnosis(
    write: Callable[[Path], None], tmp_path: Path, dermbook_home: Path
) -> None:
    """All pictures are there, once each, and what is said of names that are there twice is true."""
    write(tmp_path)
    catalogue = loaded(tmp_path)
    assert catalogue.attrs["read_as"].startswith(READ[write])
    assert dict(zip(catalogue["number"], catalogue["dx"], strict=True)) == DX
    assert len(catalogue) == len(DX)
    notes = " ".join(catalogue.attrs["notes"])
    assert "no metadata row" not in notes and "more than once" not in notes
    assert (catalogue["mask_path"] != "").all() == (write in (masks_beside, masks_in_class_folders))


def test_what_is_understood_or_left_alone_is_told(tmp_path: Path) -> None:
    """Names by their numbers, and a table of pixels."""
    numbers_for_names(tmp_path / "a")
    notes = " ".join(loaded(tmp_path / "a").attrs["notes"])
    assert "21 names were understood by the number alone: 24306 as ISIC_0024306" in notes
    pixels_beside(tmp_path / "b")
    notes = " ".join(loaded(tmp_path / "b").attrs["notes"])
    assert (
        f"hmnist.csv: expected a table with a label for each image but got {MOST_COLUMNS + 1}"
        in notes
    )


def test_a_number_that_several_names_end_in_is_no_name(tmp_path: Path) -> None:
    """Nothing is guessed where another prefix has the same number."""
    numbers_for_names(tmp_path)
    put(tmp_path / "images" / "PH_24306.jpg", jpeg(99))
    with pytest.raises(DataError, match="no row has an image: the table names 24306"):
        load_catalogue(open_source(tmp_path))


def test_a_mask_of_two_pictures_is_of_none(tmp_path: Path) -> None:
    """Names that stand in several classes do not say whose mask it is."""
    for number, data in PICTURES.items():
        name = str(number // len(CLASSES)) if number else "alone"
        put(tmp_path / DX[number] / "images" / f"{name}.jpg", data)
        put(tmp_path / DX[number] / "masks" / f"{name}.png", mask_png())
    catalogue = loaded(tmp_path)
    assert catalogue[catalogue["mask_path"] != ""]["number"].tolist() == [0]
    assert "20 of 21 images have no mask" in " ".join(catalogue.attrs["notes"])


def test_copies_are_one_lesion_and_no_copy_has_two_diagnoses(tmp_path: Path) -> None:
    """The same bytes in training and in test never stand on both sides of a split."""
    same_names_in_splits(tmp_path)
    put(tmp_path / "train" / "bcc" / "again.jpg", PICTURES[15])  # which is test/bcc/1.jpg
    catalogue = loaded(tmp_path)
    assert DX[15] == "bcc" and catalogue[catalogue["number"] == 15]["lesion_id"].nunique() == 1
    assert catalogue["lesion_id"].nunique() == len(PICTURES) == len(catalogue) - 1
    assert "1 picture is a copy of another, byte for byte" in " ".join(catalogue.attrs["notes"])
    put(tmp_path / "train" / "mel" / "once_more.jpg", PICTURES[15])
    with pytest.raises(DataError, match=r"more than one diagnosis, byte.*\(bcc\).*\(mel\)"):
        load_catalogue(open_source(tmp_path))


def test_versions_of_a_picture_are_one_lesion(tmp_path: Path) -> None:
    """As Roboflow exports augmented ones."""
    for number, data in PICTURES.items():
        name = f"mole{number // 14}{DX[number]}_jpg.rf.{number:04x}.jpg"
        put(tmp_path / split_of(number) / DX[number] / name, data)
    catalogue = loaded(tmp_path)
    assert catalogue["lesion_id"].nunique() == 14
    assert "7 pictures are further versions" in " ".join(catalogue.attrs["notes"])


def test_other_labels_of_the_same_pictures_are_told(tmp_path: Path) -> None:
    """By the folder that one lies in, and by a second table."""
    for number, data in PICTURES.items():
        put(tmp_path / ("mel" if number == 0 else DX[number]) / f"{IDS[number]}.jpg", data)
    table().to_csv(tmp_path / "HAM10000_metadata.csv", index=False)
    table(dx=["nv", *list(DX.values())[1:]]).to_csv(
        tmp_path / "second_metadata_of_them.csv", index=False
    )
    catalogue = loaded(tmp_path)
    assert catalogue.set_index("number")["dx"][0] == "akiec"
    notes = " ".join(catalogue.attrs["notes"])
    assert "1 picture lies in a folder of another diagnosis" in notes
    assert "mel/ISIC_0024306.jpg (akiec)" in notes
    assert re.search(r"second_metadata_of_them\.csv gives \S*ISIC_0024306\.jpg 'nv'", notes)


def test_what_cannot_be_read_says_what_to_do(
    tmp_path: Path, dermbook_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One class, folders that mean nothing, lists and pictures of other kinds, packed twice."""

    def said(name: str) -> str:
        with pytest.raises(DataError) as caught:
            load_catalogue(open_source(tmp_path / name))
        return str(caught.value)

    flat(tmp_path / "one", "melanoma/{}.jpg")
    assert "all pictures lie in one folder, melanoma: add those of another" in said("one")
    table(dx=["mel"] * len(DX)).to_csv(tmp_path / "one" / "m.csv", index=False)
    assert "expected 2 diagnoses at least" in said("one") and "mel alone" in said("one")
    for number, data in PICTURES.items():
        put(tmp_path / "numbers" / str(number % 7) / f"{number}.jpg", data)
    assert "called like a diagnosis: 0, 1, 2, 3, 4, 5, 6" in said("numbers")
    flat(tmp_path / "list")
    put(tmp_path / "list" / "labels.json", b"{}")
    assert ".json files are not read" in said("list")
    assert "write a CSV table with image_id and dx" in said("list")
    put(tmp_path / "other" / "a.heic", b"x")
    put(tmp_path / "other" / "m.csv", b"isic_id,target\n1,0\n")
    assert "files of other kinds are not read (1 .heic)" in said("other")
    assert "pixels in a table are not read either (m.csv)" in said("other")
    (tmp_path / "twice").mkdir()
    with zipfile.ZipFile(tmp_path / "twice" / "a.zip", "w") as members:
        members.writestr("inner.zip", b"PK")
        members.writestr("m.csv", table().to_csv(index=False))
        members.writestr(f"{IDS[0]}.jpg", PICTURES[0])
    assert "a.zip::inner.zip, which was not opened: unpack the outer archive" in said("twice")
    flat(tmp_path / "large")
    table().to_csv(tmp_path / "large" / "m.csv", index=False)
    monkeypatch.setattr(reading, "LARGEST_TABLE", 64)
    assert "m.csv: expected a table of 0 MiB at most" in said("large")


def test_several_labels_or_files_are_refused(tmp_path: Path, dermbook_home: Path) -> None:
    """Of one picture in a list, and of DermaMNIST in two sizes."""
    columns = {"image": [{"bytes": PICTURES[0], "path": "0.jpg"}], "label": [["nv", "mel"]]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"row 0 has several labels.*decide for one"):
        open_source(tmp_path / "a.parquet")
    for name in ("dermamnist.npz", "dermamnist_64.npz"):
        put(tmp_path / "npz" / name, b"x")
    with pytest.raises(DataError, match=r"one \.npz file but got dermamnist\.npz, dermamnist_64"):
        open_source(tmp_path / "npz")
