"""Sources: names, folders and archives, and the traps of the copies that go around."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from support.small_layout import jpeg, mask_png, metadata_rows

from helpers.core.errors import DataError
from helpers.core.files import write_json
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.layout import list_layout
from helpers.dataset.sources import ham10000_folder, open_source
from helpers.dataset.splits import split_catalogue
from helpers.sample import folder as sample

N_IMAGES = len(metadata_rows())


def zip_folder(folder: Path, archive: Path, prefix: str = "", pattern: str = "*.jpg") -> None:
    """Move the files of a folder into an archive."""
    with zipfile.ZipFile(archive, "w") as members:
        for path in sorted(folder.glob(pattern)):
            members.write(path, prefix + path.name)
            path.unlink()


def test_wrong_name_lists_the_choices():
    """A name that is nothing is an error that lists the valid choices."""
    with pytest.raises(DataError) as caught:
        open_source("ham1000")
    for choice in (
        "'ham1000'",
        "'sample'",
        "'ham10000'",
        "dermbook data fetch",
        "folder",
    ):
        assert choice in str(caught.value)


@pytest.mark.parametrize("spec", ["", "  "])
def test_empty_name_is_an_error(spec):
    """An empty name does not mean the current folder."""
    with pytest.raises(DataError, match="empty name"):
        open_source(spec)


def test_ham10000_before_fetching_names_both_ways(dermbook_home):
    """The unfetched data set is an error that names the command and the mirror option."""
    with pytest.raises(DataError) as caught:
        open_source("ham10000")
    assert "dermbook data fetch ham10000" in str(caught.value)
    assert "--mirror" in str(caught.value)


def test_fetched_title_says_whether_the_bytes_are_published(make_folder):
    """A mirror's other bytes are said in the title."""
    folder = ham10000_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(make_folder(), folder)
    try:
        for verified, said in (("published", False), ("none", True)):
            write_json(folder / "fetched.json", {"files": {"a": {"verified": verified}}})
            source = open_source("ham10000")
            assert source.name == "ham10000" and not source.drawn
            assert ("not the published" in source.title) == said
    finally:
        shutil.rmtree(folder)


def test_folder_without_images_or_table_says_both(tmp_path):
    """A folder that is not in the layout says everything that is missing at once."""
    with pytest.raises(DataError) as caught:
        open_source(tmp_path)
    assert "image" in str(caught.value) and "HAM10000_metadata" in str(caught.value)


def test_flat_folder(make_folder):
    """Images, masks and table in one folder are a source."""
    source = open_source(str(make_folder()))
    catalogue = load_catalogue(source)
    assert len(catalogue) == N_IMAGES
    assert (catalogue["mask_path"] != "").all()
    assert not source.drawn and source.name == source.folder.name


def test_kaggle_layout_counts_each_image_once(make_folder):
    """The same folders in upper and lower case hold each image once, not twice."""
    folder = make_folder(metadata_rows().drop(columns="dataset"), masks=False)
    for name in ("HAM10000_images_part_1", "ham10000_images_part_1"):
        (folder / name).mkdir()
    for path in sorted(folder.glob("*.jpg")):
        shutil.copy(path, folder / "ham10000_images_part_1" / path.name)
        path.rename(folder / "HAM10000_images_part_1" / path.name)
    assert len(list(folder.glob("**/*.jpg"))) == 2 * N_IMAGES  # what a glob would count
    catalogue = load_catalogue(open_source(folder))
    assert len(catalogue) == N_IMAGES
    assert catalogue["path"].str.contains("/HAM10000_images_part_1/").all()
    assert (catalogue["dataset"] == "").all()
    assert any("more than once" in note for note in catalogue.attrs["notes"])
    assert not any("differ in size" in note for note in catalogue.attrs["notes"])


def test_copies_that_differ_are_noted(make_folder):
    """Two files of one image with different sizes are said, with the one that is used."""
    folder = make_folder()
    (folder / "small").mkdir()
    (folder / "small" / "ISIC_0000000.jpg").write_bytes(jpeg(0, (28, 21)))
    notes = load_catalogue(open_source(folder)).attrs["notes"]
    assert any("differ in size" in note and "ISIC_0000000.jpg" in note for note in notes)


def test_archives_with_macos_stubs(make_folder):
    """Nested archives are read in place; __MACOSX stubs are neither images nor masks."""
    folder = make_folder()
    zip_folder(folder, folder / "images.zip", prefix="deep/er/")
    zip_folder(folder, folder / "masks.zip", "masks/", "*_segmentation.png")
    with zipfile.ZipFile(folder / "masks.zip", "a") as members:
        members.writestr("__MACOSX/masks/._ISIC_0000000_segmentation.png", b"stub")
        members.writestr("__MACOSX/masks/ISIC_9999999_segmentation.png", b"stub")
        members.writestr("masks/.DS_Store", b"stub")
    catalogue = load_catalogue(open_source(folder))
    assert len(catalogue) == N_IMAGES and (catalogue["mask_path"] != "").all()
    assert catalogue["path"].str.contains("images.zip::deep/er/").all()
    assert catalogue.attrs["notes"] == []


def test_masks_of_pictures_at_the_top_of_an_archive(make_folder):
    """Without folders in it, as the published archives are."""
    folder = make_folder()
    zip_folder(folder, folder / "images.zip")
    zip_folder(folder, folder / "masks.zip", "masks/", "*_segmentation.png")
    assert (load_catalogue(open_source(folder))["mask_path"] != "").all()


def test_one_archive_with_everything(make_folder, tmp_path):
    """A single archive with table and images is a source, and gives the same content."""
    folder = make_folder()
    expected = load_catalogue(open_source(folder))["digest"].tolist()
    zip_folder(folder, tmp_path / "archive.zip", "data/", "*")
    catalogue = load_catalogue(open_source(tmp_path / "archive.zip"))
    assert catalogue["digest"].tolist() == expected


def test_folder_wins_over_archive(make_folder):
    """An image that is both in a folder and in an archive is read from the folder."""
    folder = make_folder()
    with zipfile.ZipFile(folder / "a.zip", "w") as members:
        members.write(folder / "ISIC_0000000.jpg", "ISIC_0000000.jpg")
    assert "::" not in list_layout(folder).images["ISIC_0000000"].locator


def test_truncated_archive_is_named(make_folder):
    """An archive that was cut short is an error that names it."""
    folder = make_folder()
    zip_folder(folder, folder / "images.zip")
    data = (folder / "images.zip").read_bytes()
    (folder / "images.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"images\.zip.*cut short"):
        open_source(folder)


def test_archive_in_archive_is_said(make_folder, tmp_path):
    """An archive inside an archive is not opened, and the error says what to do."""
    folder = make_folder()
    zip_folder(folder, tmp_path / "part.zip")
    with zipfile.ZipFile(folder / "outer.zip", "w") as members:
        members.write(tmp_path / "part.zip", "part.zip")
    with pytest.raises(DataError, match="unpack the outer one"):
        open_source(folder)


def test_test_set_beside_is_left_alone(make_folder):
    """The challenge's test images are never mixed with the training images."""
    folder = make_folder()
    with zipfile.ZipFile(folder / "ISIC2018_Task3_Test_Images.zip", "w") as members:
        members.writestr("ISIC2018_Task3_Test_Input/ISIC_0034529.jpg", jpeg(1))
    (folder / "ISIC2018_Task3_Test_GroundTruth.csv").write_text("image_id\nISIC_0034529\n")
    layout = list_layout(folder)
    assert "ISIC_0034529" not in layout.images and len(layout.metadata) == 1
    assert any("test set" in note for note in layout.notes)


def test_link_loop_ends(make_folder):
    """A link that leads back up does not walk for ever, nor count an image twice."""
    folder = make_folder()
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    layout = list_layout(folder)
    assert len(layout.images) == N_IMAGES and not layout.notes


def test_criteria_masks_are_not_lesion_masks(make_folder):
    """Other pictures in the folder are not taken for lesion masks."""
    folder = make_folder(masks=False)
    (folder / "criteria").mkdir()
    (folder / "criteria" / "ISIC_0000000_criteria.png").write_bytes(mask_png())
    assert not list_layout(folder).masks


def test_sample_is_drawn_once(monkeypatch):
    """The sample is drawn on first use, kept by its size and seed, and said to be drawn."""
    calls = []

    def draw_sample(folder, n_images, seed, progress=None):
        calls.append((n_images, seed))
        folder.mkdir(parents=True)
        write_json(folder / "drawn_sample.json", {"n_images": n_images, "seed": seed})
        return folder

    monkeypatch.setattr(sample, "draw_sample", draw_sample)
    first = open_source("sample", sample_images=70, seed=5)
    again = open_source("sample", sample_images=70, seed=5)
    other = open_source("sample", sample_images=70, seed=6)
    assert first == again and first.folder != other.folder
    assert calls == [(70, 5), (70, 6)]
    assert first.drawn and first.name == "sample"
    assert first.title == "drawn sample (70 images, seed 5)"


def test_drawn_sample_loads_like_the_real_data(tiny_source, tiny_catalogue):
    """The drawn sample is a source like any other: whole, with masks, said to be drawn."""
    assert tiny_source.drawn and tiny_source.title == "drawn sample (84 images, seed 0)"
    assert len(tiny_catalogue) == 84 and (tiny_catalogue["mask_path"] != "").all()
    assert tiny_catalogue.attrs["drawn"] and tiny_catalogue.attrs["notes"] == []
    assert not split_catalogue(tiny_catalogue)["split"].isna().any()


def test_real_archives(real_folder):
    """The real archives hold 10,015 images and masks, each once."""
    layout = list_layout(real_folder)
    assert len(layout.images) == len(layout.masks) == 10_015
