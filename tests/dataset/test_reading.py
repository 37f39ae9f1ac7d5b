"""Layouts as the world has them: each read right, and what is wrong in them named."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from support import layouts

from helpers.core.errors import DataError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.decoding import read_mask
from helpers.dataset.sources import open_source, read_source

SAME_BYTES = set(layouts.LAYOUTS) - {"PAD-UFES-20", "PH2", "DermaMNIST"}


@pytest.fixture
def rows(tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """Some drawn pictures of each class."""
    return layouts.few(tiny_catalogue)


def written(kind: str, rows: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Write a layout into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return layouts.LAYOUTS[kind](rows, folder)


@pytest.mark.parametrize("kind", layouts.LAYOUTS)
def test_a_layout_is_read(rows, tmp_path, kind):
    """By what is in it, to the right diagnoses of the right pictures, and said in one line."""
    expected = written(kind, rows, tmp_path / "set")
    source = open_source(tmp_path / "set")
    catalogue = load_catalogue(source)
    assert dict(zip(catalogue["image_id"], catalogue["dx"], strict=True)) == expected
    assert catalogue.attrs["read_as"].startswith(f"{kind}; labels by ")
    assert source.title == f"set ({kind})"
    known = rows.set_index("digest")["dx"]
    if kind in SAME_BYTES and kind != "ISIC 2020 challenge":
        assert (catalogue["digest"].map(known) == catalogue["dx"]).all()
    assert load_catalogue(source).equals(catalogue)


def test_what_is_known_of_pictures_is_read(rows, tmp_path):
    """Ages with decimal commas, sexes by a letter, sites, proofs, lesions; patients as groups."""
    facts = {}
    for kind in ("HAM10000 layout", "own data by a mapping", "ISIC archive", "ISIC 2019 challenge"):
        written(kind, rows, tmp_path / kind)
        facts[kind] = load_catalogue(open_source(tmp_path / kind))
        assert facts[kind]["lesion_id"].nunique() == rows["lesion_id"].nunique()
        assert facts[kind].attrs["lesions_known"]
    assert (facts["HAM10000 layout"]["age"] == 50.5).all()
    assert (facts["own data by a mapping"]["age"] == 50.5).all()
    assert (facts["HAM10000 layout"]["sex"] == "female").all()
    archive = facts["ISIC archive"]
    assert (archive["dx_type"] == "histo").all()
    assert (archive["localization"] == "anterior torso").all()
    assert archive["group"].str.startswith("IP_").all()
    assert "patients" in " ".join(archive.attrs["notes"])
    assert "no dermoscopy" in " ".join(archive.attrs["notes"])
    assert (facts["ISIC 2019 challenge"]["age"] == 50).all()


def test_masks_of_ph2_belong_to_their_pictures(rows, tmp_path):
    """And maps of colours are neither masks nor pictures."""
    expected = written("PH2", rows, tmp_path)
    catalogue = load_catalogue(open_source(tmp_path))
    assert (catalogue["mask_path"] != "").all() and len(catalogue) == len(expected)
    assert all(read_mask(path).any() for path in catalogue["mask_path"])


def test_the_workbook_of_ph2_is_told_and_read_once_saved_as_text(rows, tmp_path):
    """The message says what to save; the legend above its names, and merged ones, do no harm."""
    expected = written("PH2", rows, tmp_path)
    (tmp_path / "PH2_dataset.txt").unlink()
    (tmp_path / "PH2_dataset.xlsx").write_bytes(b"PK\x03\x04" + bytes(200))
    assert "PH2_dataset.xlsx: expected a table of text but got a workbook" in problems_of(tmp_path)
    names = "Image Name,Histological Diagnosis,Common Nevus,Atypical Nevus,Melanoma,Colors,"
    lines = ["Legends:", '"Colors","1 - White; 2 - Red"', ",,,,,,", "", names]
    marks = {"nv": "X,,", "mel": ",,X"}
    lines += [f"{name},,{marks[dx]},,X" for name, dx in expected.items()]
    (tmp_path / "PH2_dataset.csv").write_text("\n".join(lines))
    catalogue = load_catalogue(open_source(tmp_path))
    assert dict(zip(catalogue["image_id"], catalogue["dx"], strict=True)) == expected
    assert "PH2_dataset.xlsx" in " ".join(catalogue.attrs["notes"])


def test_without_lesions_leakage_is_told(rows, tmp_path):
    """A note says what it means; each picture is a lesion."""
    written("a folder for each class", rows, tmp_path)
    catalogue = load_catalogue(open_source(tmp_path))
    assert not catalogue.attrs["lesions_known"]
    assert "no lesions are known" in " ".join(catalogue.attrs["notes"])
    assert (catalogue["lesion_id"] == catalogue["image_id"]).all()


def change(path: Path, before: str, after: str, count: int = 1) -> None:
    """Replace text in a file; it has to be there."""
    text = path.read_text()
    assert re.search(before, text)
    path.write_text(re.sub(before, after, text, count=count))


def problems_of(folder: Path) -> str:
    """What loading a folder raises."""
    with pytest.raises(DataError) as caught:
        load_catalogue(open_source(folder))
    return str(caught.value)


def test_two_labels_in_a_row_are_named(rows, tmp_path):
    """Of a one-hot table, with the picture, the line and both classes; and a row without any."""
    written("ISIC 2018 challenge, task 3", rows, tmp_path)
    table = tmp_path / "ISIC2018_Task3_Training_GroundTruth.csv"
    change(table, r"(ISIC_\d+),0\.0,0\.0,0\.0,1\.0", r"\1,1.0,0.0,0.0,1.0")
    said = problems_of(tmp_path)
    assert re.search(r"several are 1: ISIC_\d+ \(line \d+: mel and akiec\)", said)
    change(table, r"(ISIC_\d+),1\.0,0\.0,0\.0,1\.0", r"\1,0.0,0.0,0.0,0.0")
    assert re.search(r"none is 1: ISIC_\d+ \(line \d+\)", problems_of(tmp_path))
    change(table, r"(ISIC_\d+),0\.0,0\.0,0\.0,0\.0", r"\1,0.0,0.0,0.3,0.7")
    assert "no probabilities" in problems_of(tmp_path)


def test_two_rows_of_one_picture_are_named(rows, tmp_path):
    """With both diagnoses."""
    written("BCN20000", rows, tmp_path)
    table = tmp_path / "bcn20000_metadata.csv"
    (first,), (second,) = (
        re.findall(rf"(BCN_\d+)\.jpg,55.0,anterior torso,{dx}", table.read_text())[:1]
        for dx in ("AK", "MEL")
    )
    change(table, second, first)
    said = problems_of(tmp_path)
    assert f"{first} (akiec and mel)" in said and "more than one diagnosis" in said


def test_an_unknown_class_is_named(rows, tmp_path):
    """A folder that means nothing, and a code of HAM10000's table."""
    written("a folder for each class", rows, tmp_path / "a")
    (tmp_path / "a" / "train" / "Melanoma").rename(tmp_path / "a" / "train" / "Melanomx")
    said = problems_of(tmp_path / "a")
    assert "Melanomx (4 pictures)" in said and "dermbook data inspect" in said
    written("HAM10000 layout", rows, tmp_path / "b")
    change(tmp_path / "b" / "metadata.tsv", "DERMATOFIBROMA", "WART")
    assert "'WART'" in problems_of(tmp_path / "b") and "line " in problems_of(tmp_path / "b")


@pytest.mark.parametrize("kind", ["ISIC archive", "MILK10k", "Derm7pt", "own data by a mapping"])
def test_a_missing_picture_is_named(rows, tmp_path, kind):
    """Whatever the layout."""
    expected = written(kind, rows, tmp_path)
    gone = sorted(expected)[3]
    (path,) = tmp_path.rglob(f"{gone}.jpg")
    path.unlink()
    said = problems_of(tmp_path)
    assert " has no image" in said and "1 row of " in said and gone in said


def test_a_name_that_means_two_pictures_is_refused(rows, tmp_path):
    """The same file name in two folders, and a table without folders."""
    written("ISIC 2019 challenge", rows, tmp_path)
    (some, *_) = sorted(tmp_path.rglob("*.jpg"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / some.name.replace("_downsampled", "")).write_bytes(some.read_bytes())
    table = tmp_path / "ISIC_2019_Training_GroundTruth.csv"
    name = some.stem.replace("_downsampled", "")
    change(table, f"{name}_downsampled", f"{name}.png")
    catalogue = load_catalogue(open_source(tmp_path))  # the exact name wins
    assert name in set(catalogue["image_id"])
    change(table, f"{name}.png", f"{name.lower()}.png")
    assert "mean more than one picture" in problems_of(tmp_path)


def test_two_layouts_in_one_folder_are_refused(rows, tmp_path):
    """Both named, with the way out; but HAM10000's own table wins over the challenge's."""
    written("BCN20000", rows, tmp_path / "a")
    written("ISIC archive", rows, tmp_path / "a")
    with pytest.raises(DataError, match=r"two are possible: ISIC archive.*BCN20000.*inspect"):
        open_source(tmp_path / "a")
    written("ISIC 2018 challenge, task 3", rows, tmp_path / "b")
    written("HAM10000 layout", rows, tmp_path / "b")
    assert open_source(tmp_path / "b").title.endswith("(HAM10000 layout)")


def test_a_table_that_nobody_knows(rows, tmp_path):
    """Its columns are named, and the way out."""
    written("own data by a mapping", rows, tmp_path)
    (tmp_path / "dermbook.yml").unlink()
    with pytest.raises(DataError, match=r"(?s)Tabelle\.csv \(Datei, .*dermbook data inspect"):
        open_source(tmp_path)


def test_an_archive_for_each_class(rows, tmp_path):
    """Archives count as folders."""
    import zipfile

    for dx, part in rows.groupby("dx"):
        with zipfile.ZipFile(tmp_path / f"{dx}.zip", "w") as members:
            for path in part["path"]:
                members.write(path, Path(path).name)
    reading = read_source(open_source(tmp_path))
    assert reading.kind == "a folder for each class" and len(reading.table) == len(rows)
