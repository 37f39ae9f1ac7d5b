"""Truth tables: two layouts read alike, and whatever is wrong with them named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from helpers.core.classes import CLASS_INDEX, CLASSES
from helpers.core.errors import DataError
from helpers.dataset.truth_tables import (
    CHALLENGE_CLASSES,
    CHALLENGE_COLUMNS,
    image_name,
    read_truth,
    weighted_rows,
)

HEADER = ",".join(CHALLENGE_COLUMNS)


def one_hot(dx: str) -> str:
    """Cells of a row of the challenge's table."""
    return ",".join("1.0" if name == dx else "0.0" for name in CHALLENGE_CLASSES)


def write(tmp_path: Path, text: str, name: str = "truth.csv") -> Path:
    """A table with this text."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def challenge(tmp_path: Path, *rows: str) -> Path:
    """The challenge's table with these rows."""
    return write(tmp_path, "\n".join([HEADER, *rows]) + "\n")


def test_the_challenges_columns() -> None:
    """As the challenge publishes them."""
    assert ",".join(CHALLENGE_COLUMNS) == "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    assert set(CHALLENGE_CLASSES) == set(CLASSES)


@pytest.mark.parametrize("dx", CLASSES)
def test_each_class_of_the_challenge(tmp_path: Path, dx: str) -> None:
    """The column with the 1 is the class."""
    truth = read_truth(challenge(tmp_path, f"ISIC_1,{one_hot(dx)}"))
    assert truth.layout == "challenge" and not truth.lesions_known and truth.notes == ()
    row = truth.rows.iloc[0]
    assert (row["dx"], row["y_true"], row["lesion_id"]) == (dx, CLASS_INDEX[dx], "ISIC_1")


def test_other_orders_cases_endings_and_separators(tmp_path: Path) -> None:
    """Columns are known by their names, images without endings; 0 and 1 may be whole numbers."""
    header = "\ufeffvasc;IMAGE;nv;Mel;bcc;akiec;bkl;df"
    text = f"{header}\n0; ISIC_1.JPG ;0;1;0;0;0;0\n1;b.png;0;0;0;0;0;0\n"
    truth = read_truth(write(tmp_path, text))
    assert truth.rows[["image_id", "dx"]].to_numpy().tolist() == [["ISIC_1", "mel"], ["b", "vasc"]]
    words = read_truth(challenge(tmp_path, "x,True,False,False,False,False,False,False"))
    assert words.rows["dx"].tolist() == ["mel"]


def test_a_class_without_images_may_have_no_column(tmp_path: Path) -> None:
    """The missing column is named; every row still has its class."""
    truth = read_truth(write(tmp_path, "image,MEL,NV,BCC,AKIEC,BKL,VASC\na,0,1,0,0,0,0\n"))
    assert truth.rows["dx"].tolist() == ["nv"]
    assert any("no column DF" in note for note in truth.notes)


def test_rows_without_a_class_name_the_missing_column(tmp_path: Path) -> None:
    """A dermatofibroma whose column is missing is no class at all."""
    path = write(tmp_path, "image,MEL,NV,BCC,AKIEC,BKL,VASC\na,0,1,0,0,0,0\nb,0,0,0,0,0,0\n")
    with pytest.raises(
        DataError, match=r"1 rows have none, b \(line 3\); the column DF is missing"
    ):
        read_truth(path)


def test_an_unknown_class_is_named(tmp_path: Path) -> None:
    """A challenge of other years has more classes: the model does not know them."""
    path = write(tmp_path, f"{HEADER},SCC\na,{one_hot('nv')},0\nb,0,0,0,0,0,0,0,1\n")
    with pytest.raises(DataError, match=r"rows have none, b \(line 3\); SCC is 1 there"):
        read_truth(path)
    rows = write(tmp_path, "image_id,dx\na,nv\nb,scc\nc,healthy\n")
    with pytest.raises(DataError, match=r"'scc', 'healthy' in 2 rows, b \(line 3\), c \(line 4\)"):
        read_truth(rows)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Probabilities, two classes, doubled images and rows without a name."""
    path = challenge(
        tmp_path,
        f"a,{one_hot('nv')}",
        f"a.jpg,{one_hot('nv')}",
        "b,0.9,0.1,0,0,0,0,0",
        "c,1,1,0,0,0,0,0",
        f",{one_hot('df')}",
    )
    with pytest.raises(DataError) as caught:
        read_truth(path)
    told = "\n".join(caught.value.problems)
    for part in ("b (line 4)", "c (line 5)", "line 6 have none", "a come twice"):
        assert part in told
    assert len(caught.value.problems) == 4


def test_hams_layout_knows_lesions(tmp_path: Path) -> None:
    """Classes in any case, other columns kept as text."""
    path = write(tmp_path, "lesion_id,image_id,dx,dataset\nL1,a,NV,x\nL1,b,nv,\nL2,c,mel,y\n")
    truth = read_truth(path)
    assert truth.layout == "ham10000" and truth.lesions_known
    assert list(truth.rows.columns) == ["image_id", "lesion_id", "dx", "y_true", "dataset"]
    assert truth.rows["lesion_id"].tolist() == ["L1", "L1", "L2"]
    assert truth.rows["dataset"].tolist() == ["x", "", "y"]


def test_some_lesions_unknown(tmp_path: Path) -> None:
    """Such an image is its own lesion, and a note says how many there are."""
    truth = read_truth(write(tmp_path, "image_id,lesion_id,dx\na,L1,nv\nb,,nv\n"))
    assert truth.lesions_known and truth.rows["lesion_id"].tolist() == ["L1", "b"]
    assert truth.notes == ("the lesion of 1 images is unknown: each counts as its own",)


def test_a_lesion_has_one_diagnosis(tmp_path: Path) -> None:
    """Two would make its images contradict each other."""
    with pytest.raises(DataError, match="L1 have two"):
        read_truth(write(tmp_path, "image_id,lesion_id,dx\na,L1,nv\nb,L1,mel\n"))


def test_another_table_adds_lesions_and_cohorts(tmp_path: Path) -> None:
    """What the truth table says itself stays; images that only the other knows are left alone."""
    truth = challenge(tmp_path, f"b,{one_hot('nv')}", f"a,{one_hot('mel')}", f"c,{one_hot('df')}")
    more = write(
        tmp_path,
        "ISIC_ID,Lesion_ID,Cohort,MEL\na.jpg,L1,far,9\nb,L2,near,9\nz,L9,x,9\n",
        "more.csv",
    )
    found = read_truth(truth, more)
    assert found.rows["image_id"].tolist() == ["b", "a", "c"]
    assert found.rows["dx"].tolist() == ["nv", "mel", "df"]
    assert found.rows["lesion_id"].tolist() == ["L2", "L1", "c"]
    assert found.rows["cohort"].tolist() == ["near", "far", ""]
    assert any("knows nothing of 1 images" in note for note in found.notes)
    strangers = write(tmp_path, "image_id,cohort\nq,far\n", "strangers.csv")
    with pytest.raises(DataError, match="such as b, but got others, such as q"):
        read_truth(truth, strangers)


def test_rows_of_weight_0_are_not_scored(tmp_path: Path) -> None:
    """As in the challenge; other weights are refused."""
    text = f"{HEADER},score_weight\na,{one_hot('nv')},1.0\nb,{one_hot('nv')},0.0\n"
    assert weighted_rows(read_truth(write(tmp_path, text))).tolist() == [True, False]
    with pytest.raises(DataError, match=r"expected 0 or 1 but got others in 1 rows, b"):
        weighted_rows(read_truth(write(tmp_path, text.replace("0.0\n", "0.5\n"))))
    assert weighted_rows(read_truth(challenge(tmp_path, f"a,{one_hot('nv')}"))).all()


def test_a_table_in_an_archive(tmp_path: Path) -> None:
    """As the challenge hands it out; two tables are one too many."""
    archive = tmp_path / "truth.zip"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("folder/truth.csv", f"{HEADER}\na,{one_hot('bkl')}\n")
        members.writestr("__MACOSX/folder/._truth.csv", "x")
    assert read_truth(archive).rows["dx"].tolist() == ["bkl"]
    with zipfile.ZipFile(archive, "a") as members:
        members.writestr("other.csv", "x")
    with pytest.raises(DataError, match="expected one CSV table"):
        read_truth(archive)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a first line with names"),
        (HEADER + "\n", "expected a row for each image but there is none"),
        ("a,b\n1,2\n", "expected a column image_id or image or isic_id"),
        ("image,age\na,3\n", "expected the challenge's columns image,MEL"),
        ("image,NV,nv\na,1,1\n", "expected each column once but got NV, nv"),
        (f"{HEADER}\na,{one_hot('nv')},7\n", "got 9 in line 2"),
    ],
)
def test_what_is_no_truth_table(tmp_path: Path, text: str, told: str) -> None:
    """One message each, naming what was expected."""
    told = told.replace("image,MEL", "image, MEL")
    with pytest.raises(DataError, match=told):
        read_truth(write(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, other text, and a damaged archive."""
    with pytest.raises(DataError, match="check the name"):
        read_truth(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("image_id,dx\nmélanome,nv\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_truth(tmp_path / "latin.csv")
    (tmp_path / "bad.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="expected a zip archive"):
        read_truth(tmp_path / "bad.zip")


def test_names_of_images() -> None:
    """Only endings of pictures and folders go; a letter with a mark is one character."""
    assert [image_name(name) for name in ("a.jpeg", "a.b", "a.TIFF", "a.csv")] == [
        "a", "a.b", "a", "a.csv",
    ]  # fmt: skip
    assert image_name("part_1/a.jpg") == image_name("C:\\part_1\\a.jpg") == "a"
    assert image_name("La\u0308sion") == "L\u00e4sion"


def test_long_names_of_diagnoses(tmp_path: Path) -> None:
    """Those that mean one class alone; what the model does not know is told as it was written."""
    names = "a,Melanoma\nb,naevus\nc,AK\nd,seborrhoeic keratosis\n"
    truth = read_truth(write(tmp_path, f"image_id,dx\n{names}"))
    assert truth.rows["dx"].tolist() == ["mel", "nv", "akiec", "bkl"]
    with pytest.raises(DataError, match="got 'SCC' in 1 rows, e"):
        read_truth(write(tmp_path, f"image_id,dx\n{names}e,SCC\n"))


def test_a_column_of_2019_is_read_as_its_class(tmp_path: Path) -> None:
    """AK is the akiec of 2019, and a note says so; with AKIEC beside it, it is another column."""
    header = HEADER.replace("AKIEC", "AK")
    truth = read_truth(write(tmp_path, f"{header}\na,{one_hot('akiec')}\n"))
    assert truth.rows["dx"].tolist() == ["akiec"]
    assert any("read the column AK as AKIEC" in note for note in truth.notes)
    both = read_truth(write(tmp_path, f"{HEADER},AK\na,{one_hot('nv')},1\n"))
    assert both.rows["dx"].tolist() == ["nv"] and both.notes == ()


def test_two_truths_in_one_table_agree(tmp_path: Path) -> None:
    """Where dx and a complete one-hot row contradict each other, nobody knows which is right."""
    header, row = f"{HEADER},dx", one_hot("nv")
    assert read_truth(write(tmp_path, f"{header}\na,{row},NV\n")).rows["dx"].tolist() == ["nv"]
    with pytest.raises(DataError, match="1 rows differ, b"):
        read_truth(write(tmp_path, f"{header}\na,{row},nv\nb,{row},mel\n"))
    probabilities = ",".join(["0.125", "0.25"] + ["0.125"] * 5)
    told = read_truth(write(tmp_path, f"{header}\na,{probabilities},mel\n"))
    assert told.rows["dx"].tolist() == ["mel"]


def test_decimal_commas_and_empty_rows(tmp_path: Path) -> None:
    """A one is a one however it is written; a row without any cell has no class."""
    header = HEADER.replace(",", ";")
    row = one_hot("vasc").replace(",", ";").replace(".", ",")
    assert read_truth(write(tmp_path, f"{header}\na;{row}\n")).rows["dx"].tolist() == ["vasc"]
    with pytest.raises(DataError, match="1 rows have none, b"):
        read_truth(challenge(tmp_path, f"a,{one_hot('nv')}", "b,,,,,,,"))


@pytest.mark.parametrize("word", ["unknown", "NA", "nan", "None"])
def test_words_for_an_unknown_lesion(tmp_path: Path, word: str) -> None:
    """They are no name that images share."""
    truth = read_truth(write(tmp_path, f"image_id,lesion_id,dx\na,{word},nv\nb,{word},mel\n"))
    assert not truth.lesions_known and truth.rows["lesion_id"].tolist() == ["a", "b"]


@pytest.mark.real
def test_hams_own_table(real_folder: Path) -> None:
    """All rows of the real metadata, as they are."""
    truth = read_truth(real_folder / "HAM10000_metadata.csv")
    assert len(truth.rows) == 10_015 and truth.rows["lesion_id"].nunique() == 7_470
    counts = pd.Series(truth.rows["dx"]).value_counts()
    assert counts["nv"] == 6_705 and counts["df"] == 115


def test_empty_cells_at_the_ends_of_rows_do_no_harm(tmp_path: Path) -> None:
    """A comma at the end of every row, as some programs write it, and UTF-16."""
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "utf-16")):
        text = f"{HEADER},\na,{one_hot('nv')},\nb,{one_hot('mel')},\n"
        (tmp_path / name).write_text(text, encoding=encoding)
        assert list(read_truth(tmp_path / name).rows["dx"]) == ["nv", "mel"]
