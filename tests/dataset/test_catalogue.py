"""The catalogue: what is right is loaded, and everything that is wrong is said at once."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pandas as pd
import pytest
from support.small_layout import jpeg, mask_png, metadata_rows

from helpers.core.errors import ConfigError, DataError
from helpers.dataset.catalogue import COLUMNS, fingerprint, load_catalogue, subset
from helpers.dataset.decoding import read_mask
from helpers.dataset.sources import open_source
from helpers.dataset.verification import facts_path


def load(folder):
    """Open and load a folder."""
    return load_catalogue(open_source(folder))


def problems_of(folder) -> list[str]:
    """The problems that loading a folder raises."""
    with pytest.raises(DataError) as caught:
        load(folder)
    return caught.value.problems


def changed(row: int, **values: object) -> pd.DataFrame:
    """Metadata with one row changed."""
    rows = metadata_rows()
    for column, value in values.items():
        rows.loc[row, column] = value
    return rows


def test_columns_types_and_order(make_folder):
    """Columns, order and index are the agreed ones, whatever the order of the table."""
    rows = metadata_rows()
    catalogue = load(make_folder(rows.sample(frac=1, random_state=0)))
    assert tuple(catalogue.columns) == COLUMNS
    assert catalogue["image_id"].is_monotonic_increasing
    assert catalogue.index.equals(pd.RangeIndex(len(rows)))
    assert catalogue["age"].dtype == float
    assert catalogue["digest"].str.fullmatch("[0-9a-f]{16}").all()
    assert catalogue["digest"].is_unique


def test_missing_values(make_folder):
    """A missing age stays missing, an age of 0 stays 0, a missing sex is unknown."""
    rows = metadata_rows()
    rows.loc[0, ["age", "sex", "localization"]] = ""
    rows.loc[1, "age"] = "0.0"
    catalogue = load(make_folder(rows))
    assert np.isnan(catalogue.loc[0, "age"]) and catalogue.loc[1, "age"] == 0
    assert catalogue.loc[0, "sex"] == catalogue.loc[0, "localization"] == "unknown"


def test_tab_separated_export_is_read(make_folder):
    """The re-exported table of Dataverse (tabs, quotes) reads as the original one."""
    folder = make_folder()
    expected = fingerprint(load(folder))
    table = pd.read_csv(folder / "HAM10000_metadata.csv", dtype=str)
    (folder / "HAM10000_metadata.csv").unlink()
    table.to_csv(folder / "HAM10000_metadata.tab", sep="\t", index=False, quoting=1)
    assert fingerprint(load(folder)) == expected


def test_table_with_cohorts_is_preferred(make_folder):
    """Of two tables the one with the column dataset is read, and it is said."""
    folder = make_folder(metadata_rows().drop(columns="dataset"))
    metadata_rows().to_csv(folder / "HAM10000_metadata_with_source.csv", index=False)
    catalogue = load(folder)
    assert (catalogue["dataset"] == "rosendahl").all()
    assert any("HAM10000_metadata_with_source.csv" in note for note in catalogue.attrs["notes"])


def test_unknown_class_names_the_rows(make_folder):
    """Rows of a class that is none of the seven are named, and are not a new class."""
    rows = pd.concat([metadata_rows(), metadata_rows().assign(dx="healthy")])
    rows["image_id"] = [f"ISIC_{number:07d}" for number in range(len(rows))]
    rows["lesion_id"] = [f"HAM_{number:07d}" for number in range(len(rows))]
    (problem,) = problems_of(make_folder(rows))
    assert "'healthy'" in problem and "akiec, bcc, bkl" in problem
    assert "28 rows" in problem and "ISIC_0000028 (line 30)" in problem
    assert "... and 8 more" in problem and "take out the rows" in problem


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"age": "121"}, "age: expected years from 0 to 120, or nothing but got '121'"),
        ({"age": "-1"}, "age: expected years"),
        ({"age": "old"}, "age: expected years from 0 to 120, or nothing but got 'old'"),
        ({"sex": "x"}, "sex: expected one of female, male, unknown but got 'x'"),
        ({"localization": "moon"}, "localization: expected one of abdomen"),
        ({"dx_type": "guess"}, "dx_type: expected one of confocal"),
        ({"lesion_id": ""}, "lesion_id: expected a name"),
        ({"dx": ""}, "dx: expected one of akiec"),
    ],
)
def test_bad_value_names_row_and_way_out(make_folder, values, said):
    """Every bad value is an error with the row, what was expected and what to do."""
    problems = problems_of(make_folder(changed(20, **values)))
    assert len(problems) == 1
    assert said in problems[0] and "ISIC_0000020 (line 22)" in problems[0]
    assert "; " in problems[0]


def test_duplicate_image_id(make_folder):
    """Two rows of one image are named with their lines."""
    problems = problems_of(make_folder(changed(1, image_id="ISIC_0000000")))
    duplicate = [problem for problem in problems if "one row for each image_id" in problem]
    assert "ISIC_0000000 (line 2), ISIC_0000000 (line 3)" in duplicate[0]


def test_lesion_with_two_diagnoses(make_folder):
    """A lesion whose images disagree on dx is named with both."""
    (problem,) = problems_of(make_folder(changed(2, dx="vasc")))
    assert "HAM_akiec_1 (akiec and vasc)" in problem


def test_row_without_image(make_folder):
    """Rows whose image is not there are named."""
    folder = make_folder()
    (folder / "ISIC_0000003.jpg").unlink()
    (problem,) = problems_of(folder)
    assert "no image" in problem and "ISIC_0000003" in problem and "fetch" in problem


@pytest.mark.parametrize("size", [(45, 60), (28, 28), (600, 300)])
def test_mask_of_the_wrong_size(make_folder, size):
    """A mask of another shape than its image is named with both sizes."""
    folder = make_folder()
    (folder / "ISIC_0000007_segmentation.png").write_bytes(mask_png(size))
    (problem,) = problems_of(folder)
    assert "wrong size" in problem and "ISIC_0000007_segmentation.png" in problem
    assert f"{size[0]}x{size[1]}" in problem and "60x45" in problem


def test_published_mask_size_fits_smaller_images(make_folder):
    """A 600x450 mask is right for an image that was reduced in the same shape."""
    folder = make_folder()
    (folder / "ISIC_0000007_segmentation.png").write_bytes(mask_png((600, 450)))
    assert load(folder)["mask_path"].str.endswith(".png").all()


def test_all_problems_at_once(make_folder):
    """Problems of the table, the images and the masks come in one error, named by folder."""
    rows = changed(20, age="200")
    rows.loc[3, "dx"] = "healthy"
    folder = make_folder(rows)
    (folder / "ISIC_0000005.jpg").write_bytes(b"")
    (folder / "ISIC_0000006.jpg").unlink()
    (folder / "ISIC_0000007_segmentation.png").write_bytes(mask_png((10, 40)))
    with pytest.raises(DataError) as caught:
        load(folder)
    text = str(caught.value)
    for said in ("healthy", "'200'", "no image", "is empty", "wrong size", str(folder)):
        assert said in text
    assert len(caught.value.problems) == 5


def test_stray_files_are_notes(make_folder):
    """Images and masks without a row are noted; other files are ignored."""
    folder = make_folder()
    (folder / "ISIC_7777777.jpg").write_bytes(jpeg(7))
    (folder / "ISIC_7777777_segmentation.png").write_bytes(mask_png())
    (folder / "thesis.docx").write_bytes(b"")
    catalogue = load(folder)
    assert "ISIC_7777777" not in set(catalogue["image_id"])
    notes = " ".join(catalogue.attrs["notes"])
    assert "1 image has no metadata row: ISIC_7777777.jpg" in notes
    assert "1 mask has no metadata row" in notes and "docx" not in notes


def test_masks_are_optional_and_their_lack_is_noted(make_folder):
    """Without masks nothing is said; with some, the number that lacks is."""
    folder = make_folder(masks=False)
    catalogue = load(folder)
    assert (catalogue["mask_path"] == "").all() and not catalogue.attrs["notes"]
    with pytest.raises(DataError, match="no mask"):
        read_mask(catalogue.loc[0])
    (folder / "ISIC_0000000_segmentation.png").write_bytes(mask_png())
    assert "27 of 28 images have no mask" in load(folder).attrs["notes"][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No columns"),
        ("lesion_id,image_id,dx,dx_type,age,sex,localization\n", "the table is empty"),
        ("lesion_id,image_id,age\na,b,3\n", "or at least image_id and dx"),
        ('a,b\n"1,2\n3,4,5,6\n', "expected"),
    ],
)
def test_unusable_table(make_folder, text, said):
    """An empty table, one without rows, and missing columns are clear errors."""
    folder = make_folder()
    (folder / "HAM10000_metadata.csv").write_text(text)
    problem = problems_of(folder)[0]
    assert said in problem and "HAM10000_metadata.csv" in problem


def test_second_load_decodes_only_what_changed(make_folder, monkeypatch):
    """What was decoded is remembered until its file changes."""
    folder = make_folder()
    first = load(folder)
    seen = []

    def spy(job):
        seen.append(os.path.basename(job[1].locator))
        return inspect(job)

    from helpers.dataset import verification

    inspect = verification._inspect
    monkeypatch.setattr(verification, "_inspect", spy)
    assert load(folder).equals(first) and seen == []
    (folder / "ISIC_0000004.jpg").write_bytes(jpeg(999))
    second = load(folder)
    assert seen == ["ISIC_0000004.jpg"]
    assert list(np.flatnonzero(first["digest"] != second["digest"])) == [4]


def test_two_that_load_at_once_decode_each_file_once(make_folder, monkeypatch):
    """As two chapters do that run at a time: the second waits for what the first finds."""
    folder = make_folder()
    seen, begun, gone_on = [], Event(), Event()

    def slow(job):
        seen.append(job[1].locator)
        begun.set()
        gone_on.wait(60)
        return inspect(job)

    from helpers.dataset import verification

    inspect = verification._inspect
    monkeypatch.setattr(verification, "_inspect", slow)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(load, folder)
        assert begun.wait(60)
        second = threads.submit(load, folder)
        time.sleep(0.5)  # long enough to begin, were it not held back
        gone_on.set()
        assert first.result().equals(second.result())
    assert len(seen) == len(set(seen)) == 56


def test_a_cache_that_cannot_be_written_to_is_told(make_folder, small_disk, monkeypatch):
    """In one message with the way out, before anything is decoded."""
    folder = make_folder()
    monkeypatch.setenv("DERMBOOK_HOME", str(small_disk("ro")))
    with pytest.raises(ConfigError, match="DERMBOOK_HOME"):
        load(folder)


def test_damaged_memory_is_done_again(make_folder):
    """A damaged file of remembered facts costs time, not the load."""
    folder = make_folder()
    first = load(folder)
    facts_path(folder.resolve()).write_bytes(b"PAR1 no more")
    assert load(folder).equals(first)


def test_progress_counts_up(make_folder):
    """Progress is told for every file and ends at all of them."""
    told = []
    load_catalogue(open_source(make_folder()), progress=lambda *step: told.append(step))
    assert told == [(step, 56) for step in range(1, 57)]


def test_fingerprint_is_of_content_not_place(make_folder):
    """The same content elsewhere has the same fingerprint; one other image has not."""
    one, other = load(make_folder()), load(make_folder(under="images"))
    assert not one["path"].equals(other["path"])
    assert fingerprint(one) == fingerprint(other) == fingerprint(one.sample(frac=1))
    assert len(fingerprint(one)) == 16
    for column, value in (("digest", "0" * 16), ("dx", "nv"), ("lesion_id", "x")):
        touched = one.copy()
        touched.loc[0, column] = value
        assert fingerprint(touched) != fingerprint(one)


def many(n_lesions: int) -> pd.DataFrame:
    """A catalogue's columns for a subset: imbalanced, one to four images a lesion."""
    sizes = {"nv": n_lesions, "mel": n_lesions // 4, "df": n_lesions // 20}
    rows = [
        {"lesion_id": f"{dx}{lesion:05d}", "dx": dx}
        for dx, n in sizes.items()
        for lesion in range(n)
        for _ in range(1 + lesion % 4)
    ]
    table = pd.DataFrame(rows)
    return table.assign(image_id=[f"ISIC_{row:07d}" for row in range(len(table))])


@pytest.mark.parametrize("max_images", [18, 60, 300, 1000])
def test_subset_keeps_lesions_whole(max_images):
    """A subset has whole lesions, never too many images, every class, and nearly the number."""
    catalogue = many(800)
    part = subset(catalogue, max_images, seed=1)
    sizes = part.groupby("lesion_id").size()
    assert sizes.equals(catalogue.groupby("lesion_id").size()[sizes.index])
    assert max_images - 9 <= len(part) <= max_images
    floor = min(30, max_images // 6)
    assert (part["dx"].value_counts() >= floor - 3).all() and part["dx"].nunique() == 3
    assert part["image_id"].is_monotonic_increasing
    assert part.index.equals(pd.RangeIndex(len(part)))


def test_subset_keeps_proportions():
    """Above the floor, classes keep their proportions."""
    catalogue = many(800)
    share = subset(catalogue, 1000, seed=0)["dx"].value_counts(normalize=True)
    expected = catalogue["dx"].value_counts(normalize=True)
    assert (share - expected).abs().max() < 0.02


def test_subset_seed_and_limits():
    """The seed decides; a large limit is the whole; a tiny one is an error."""
    catalogue = many(200)
    assert subset(catalogue, 100, 1).equals(subset(catalogue, 100, 1))
    assert not subset(catalogue, 100, 1).equals(subset(catalogue, 100, 2))
    assert subset(catalogue, 10**6, 0).equals(catalogue)
    with pytest.raises(ConfigError, match="at least 18"):
        subset(catalogue, 17, 0)


@pytest.mark.parametrize("max_images", [36, 60, 100])
@pytest.mark.parametrize("size", [8, 10])
def test_subset_keeps_a_class_of_few_large_lesions(max_images, size):
    """A class whose lesions are larger than its share stays, with a lesion for each split."""
    large = [{"lesion_id": f"df{lesion}", "dx": "df"} for lesion in range(4) for _ in range(size)]
    catalogue = pd.concat([many(100).query("dx == 'nv'"), pd.DataFrame(large)], ignore_index=True)
    catalogue["image_id"] = [f"ISIC_{row:07d}" for row in range(len(catalogue))]
    for seed in range(5):
        part = subset(catalogue, max_images, seed)
        assert len(part) <= max_images
        lesions = part.groupby("dx")["lesion_id"].nunique()
        assert lesions["df"] >= 3 and lesions["nv"] >= 3
    with pytest.raises(ConfigError, match=f"at least {3 * size + 3} .*3 lesions"):
        subset(catalogue, 3 * size + 2, 0)


def test_real_subset(real_catalogue):
    """A subset of the real images keeps every class in numbers that can be split."""
    part = subset(real_catalogue, 1500, seed=0)
    assert 1480 <= len(part) <= 1500
    assert part["dx"].value_counts().min() >= 28
    assert part.attrs["subset_of"] == 10_015
