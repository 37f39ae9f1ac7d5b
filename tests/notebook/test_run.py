"""A run's catalogue: divided by itself or by a file, and recorded for the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.core.errors import ConfigError, DataError
from helpers.core.files import read_json
from helpers.dataset import duplicates
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import open_source
from helpers.dataset.split_files import write_split
from helpers.dataset.splits import split_catalogue
from helpers.notebook import opening
from helpers.notebook.opening import open_run
from helpers.study.profiles import PROFILES, load_profile


@pytest.fixture
def split_file(tiny_folder: Path, tmp_path: Path) -> Path:
    """A split of the drawn sample that a run would not compute."""
    catalogue = load_catalogue(open_source(tiny_folder))
    return write_split(split_catalogue(catalogue, (0.5, 0.3, 0.2), seed=9), tmp_path / "split.csv")


def test_a_run_divides_by_its_file(tiny_folder: Path, split_file: Path, tmp_path: Path) -> None:
    """By lesion alone; the run's folder says which file it was, and how many images are where."""
    run = open_run("smoke", tiny_folder, split_file=split_file, folder=tmp_path / "run")
    given = run.catalogue()
    expected = split_catalogue(load_catalogue(run.source), (0.5, 0.3, 0.2), seed=9)
    assert given["split"].equals(expected["split"])
    given["split"] = "train"  # what a chapter does with its copy is its own
    assert run.catalogue()["split"].equals(expected["split"])
    counts = {name: int((expected["split"] == name).sum()) for name in ("train", "valid", "test")}
    assert read_json(run.folder / "split.json") == {
        "by": "lesion", "file": str(split_file), "fractions": None, "seed": None,
        "sha256": hashlib.sha256(split_file.read_bytes()).hexdigest(),
        "group_duplicates": False, "n_images": counts,
    }  # fmt: skip
    plain = open_run("smoke", tiny_folder, folder=tmp_path / "plain")
    assert run.catalogue("image").equals(plain.catalogue("image"))
    assert not plain.catalogue()["split"].equals(expected["split"])
    record = read_json(plain.folder / "split.json")
    assert (record["file"], record["fractions"], record["seed"]) == (None, [0.6, 0.2, 0.2], 0)


def test_a_part_of_the_images_takes_its_rows(
    tiny_folder: Path, split_file: Path, tmp_path: Path
) -> None:
    """A file of all images serves a run of fewer."""
    options = {"split_file": split_file, "folder": tmp_path / "run"}
    whole = open_run("smoke", tiny_folder, **options).catalogue().set_index("image_id")
    part = open_run("smoke", tiny_folder, max_images=60, **options).catalogue()
    assert len(part) <= 60 and part.attrs["subset_of"] == len(whole)
    assert list(part["split"]) == list(whole.loc[part["image_id"], "split"])


def test_a_file_that_does_not_fit_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    """A missing one at once; another source's when the images are known."""
    with pytest.raises(ConfigError, match="dermbook data split"):
        open_run("smoke", tiny_folder, split_file=tmp_path / "none.csv", folder=tmp_path / "run")
    path = tmp_path / "other.csv"
    path.write_text("image_id,lesion_id,split\na,A,train\nb,B,valid\nc,C,test\n")
    run = open_run("smoke", tiny_folder, split_file=path, folder=tmp_path / "run")
    with pytest.raises(DataError, match="2 problems") as error:
        run.catalogue()
    assert "3 images (a, b, c) are not in it" in str(error.value)
    assert not (run.folder / "split.json").exists()


def test_a_profile_names_its_file_and_groups(
    tiny_folder: Path, split_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is relative to the profile; lesions that share a picture are joined where asked."""
    content = yaml.safe_load((PROFILES / "smoke.yml").read_text(encoding="utf-8"))
    path = tmp_path / "own.yml"
    path.write_text(yaml.safe_dump(content | {"split_file": "split.csv"}))
    assert load_profile(path).split_file == str(split_file)
    assert open_run(str(path), tiny_folder, folder=tmp_path / "run").split_file == split_file

    path.write_text(yaml.safe_dump(content | {"group_duplicates": True}))
    lesions = load_catalogue(open_source(tiny_folder)).drop_duplicates("lesion_id")
    first, second = lesions.loc[lesions["dx"] == "nv", "image_id"].iloc[:2]
    pairs = lesions.iloc[:1].assign(image_id_a=first, image_id_b=second, similarity=1.0)
    monkeypatch.setattr(duplicates, "_kept_pairs", lambda catalogue: pairs)
    run = open_run(str(path), tiny_folder, folder=tmp_path / "run")
    joined = run.catalogue().set_index("image_id")
    assert joined.loc[first, "group"] == joined.loc[second, "group"]
    assert joined.loc[first, "split"] == joined.loc[second, "split"]
    assert read_json(run.folder / "split.json")["group_duplicates"] is True


@pytest.mark.parametrize(
    ("folder", "place"), [("real", "runs/real"), ("runs/real", "runs/real"), (None, "runs/smoke")]
)
def test_a_runs_folder_is_in_the_repository(
    folder: str | None,
    place: str,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the notebook lies: a relative one is that of ``make report RUN=real``."""
    (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path / "exercises")
    monkeypatch.setattr(opening, "ROOT", tmp_path)
    assert open_run("smoke", tiny_folder, folder=folder).folder == tmp_path / place
    absolute = tmp_path / "elsewhere" / "x"
    assert open_run("smoke", tiny_folder, folder=absolute).folder == absolute


def test_a_relative_source_is_that_of_the_command(
    tiny_folder: Path, split_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the repository, but where the notebook has one of this name beside it."""
    monkeypatch.setattr(opening, "ROOT", tmp_path)
    (tmp_path / "pictures").symlink_to(tiny_folder)
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    run = open_run("smoke", "pictures", split_file=split_file.name, folder=tmp_path / "run")
    assert run.source.folder == tiny_folder.resolve()
    assert run.split_file is not None and run.split_file.samefile(split_file)
    (tmp_path / "chapters" / "pictures").mkdir()
    with pytest.raises(DataError, match="chapters/pictures: 3 problems"):
        open_run("smoke", "pictures", folder=tmp_path / "run")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_images": "many"}, "max_images: .* at least 1 but got 'many'"),
        ({"max_images": 0}, "max_images: .* at least 1 but got 0"),
        ({"seed": 1.5}, "seed: .* at least 0 but got 1.5"),
        ({"seed": True}, "seed: .* but got True"),
    ],
)
def test_a_parameter_that_is_no_number_is_told_at_once(
    given: dict[str, Any], told: str, tiny_folder: Path, tmp_path: Path
) -> None:
    """And not by the table of images, some cells later."""
    with pytest.raises(ConfigError, match=told):
        open_run("smoke", tiny_folder, folder=tmp_path / "run", **given)


@pytest.mark.parametrize("beside", ["exercises", "solutions"])
def test_exercises_do_not_say_what_the_run_was_made_of(
    beside: str, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They look at a run: its folder keeps the records of the chapters that made it."""
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    made = open_run("smoke", tiny_folder, folder=tmp_path / "run")
    made.catalogue()
    records = {name: read_json(made.folder / name) for name in ("source.json", "split.json")}
    monkeypatch.setenv("JPY_SESSION_NAME", f"/book/{beside}/06_confusion_matrix.ipynb")
    open_run("smoke", tiny_folder, max_images=60, seed=1, folder=made.folder).catalogue()
    assert {name: read_json(made.folder / name) for name in records} == records
