"""The drawn sample: its plan, its folder, and that a seed decides every byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.core import ROOT
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError, DermBookError
from helpers.core.files import read_json
from helpers.sample import folder as sample
from helpers.sample.artefacts import RATES
from helpers.sample.folder import draw_sample
from helpers.sample.plan import COLUMNS, count_images, load_marginals, plan_sample
from helpers.sample.workers import draw_in_processes


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest sample, drawn in this process."""
    return draw_sample(tmp_path_factory.mktemp("small") / "one", 42, seed=3, workers=1)


@pytest.fixture(scope="module")
def with_rulers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sample by two workers, with a ruler on every melanoma."""
    folder = tmp_path_factory.mktemp("rulers") / "two"
    return draw_sample(folder, 42, seed=3, ruler_follows_melanoma=1.0, workers=2)


@pytest.mark.parametrize("n_images", [42, 43, 84, 200, 600, 1000])
def test_plan_reaches_every_class(n_images: int) -> None:
    """Every class has at least five lesions, and the images sum to what was asked for."""
    plan = plan_sample(n_images, seed=1)
    assert len(plan) == n_images
    assert plan.groupby("dx")["lesion_id"].nunique().reindex(CLASSES).min() >= 5
    assert plan.groupby("lesion_id")["dx"].nunique().max() == 1
    assert plan.groupby("lesion_id").size().between(1, 4).all()


def test_plan_of_600_has_the_promised_shape() -> None:
    """With 600 images: 35 images and 20 lesions a class at least, nv the largest at 35 %."""
    plan = plan_sample(600, seed=0)
    images = plan["dx"].value_counts()
    assert images.min() >= 35
    assert plan.groupby("dx")["lesion_id"].nunique().min() >= 20
    assert images.idxmax() == "nv" and images["nv"] == 210
    assert plan.groupby("lesion_id").size().max() > 1


def test_ids_do_not_tell_the_class() -> None:
    """The rank of an id says nothing of the diagnosis; sorted by class, it would."""
    plan = plan_sample(600, seed=0)

    def spread(order: np.ndarray) -> float:
        ranks = pd.Series(order).groupby(plan["dx"].to_numpy()).mean()
        return float(ranks.max() - ranks.min())

    for column in ("image_id", "lesion_id"):
        assert spread(plan[column].rank().to_numpy()) < 200
    assert spread(plan["dx"].rank(method="first").to_numpy()) > 200


def test_metadata_follow_published_marginals() -> None:
    """Only nevi are followed up; sites and ages of a class stay within what was published."""
    plan = plan_sample(3000, seed=0)
    assert set(plan.loc[plan["dx_type"] == "follow_up", "dx"]) == {"nv"}
    lesions = plan.drop_duplicates("lesion_id")
    marginals = load_marginals()
    nevi = lesions[lesions["dx"] == "nv"]
    published = marginals[(marginals["dx"] == "nv") & (marginals["field"] == "sex")]
    share = published.set_index("value")["share"]
    assert nevi["sex"].value_counts(normalize=True)["male"] == pytest.approx(
        share["male"], abs=0.06
    )
    assert lesions["age"].isna().any()
    assert (lesions["localization"] == "unknown").any()
    assert (lesions["age"].dropna() % 5 == 0).all()


def test_marginals_are_shares() -> None:
    """Each class and field of the published shares sums to one."""
    total = load_marginals().groupby(["dx", "field"])["share"].sum()
    assert len(total) == 7 * 4
    assert np.allclose(total, 1, atol=1e-3)


def test_cohorts_lean_towards_a_class_but_do_not_tell_it() -> None:
    """Every cohort holds benign and malignant lesions; none is a label."""
    plan = plan_sample(3000, seed=0)
    malignant = plan["dx"].isin(["mel", "bcc", "akiec"]).groupby(plan["dataset"]).mean()
    assert len(malignant) == 4
    assert malignant.between(0.1, 0.8).all()
    assert malignant.max() - malignant.min() > 0.1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n_images": 41}, "n_images"),
        ({"n_images": 84.5}, "n_images"),
        ({"ruler_follows_melanoma": 1.5}, "ruler_follows_melanoma"),
        ({"ruler_follows_melanoma": -0.1}, "ruler_follows_melanoma"),
        ({"ruler_follows_melanoma": float("nan")}, "ruler_follows_melanoma"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, arguments: dict, word: str) -> None:
    """An argument out of range is an error that names it, and nothing is written."""
    with pytest.raises(ConfigError, match=word):
        draw_sample(tmp_path / "sample", **arguments)
    assert not list(tmp_path.iterdir())


def test_folder_has_the_layout_of_ham10000(small: Path) -> None:
    """Images in two parts, a mask and a criteria mask each, eight columns, and the mark."""
    table = pd.read_csv(small / "HAM10000_metadata.csv")
    assert tuple(table.columns) == COLUMNS
    assert table["image_id"].str.fullmatch(r"ISIC_9\d{6}").all()
    assert table["lesion_id"].str.fullmatch(r"HAM_9\d{6}").all()
    ids = set(table["image_id"])
    parts = [sorted((small / f"HAM10000_images_part_{part}").glob("*.jpg")) for part in (1, 2)]
    assert all(parts)
    assert {path.stem for part in parts for path in part} == ids
    for folder, ending in ((sample.MASKS, "_segmentation"), ("criteria", "_criteria")):
        masks = sorted((small / folder).glob("*.png"))
        assert {path.stem.removesuffix(ending) for path in masks} == ids
    criteria = pd.read_csv(small / "criteria" / "criteria.csv")
    assert set(criteria["image_id"]) == ids
    assert criteria["criteria"].notna().all()
    assert criteria[list(RATES)].isin([0, 1]).all(axis=None)
    facts = read_json(small / "drawn_sample.json")
    assert (facts["n_images"], facts["seed"]) == (42, 3)


def test_masks_fit_the_images(small: Path) -> None:
    """Masks are 0 or 255 at 600x450; a lesion fills 15 to 60 % and shows its criteria."""
    for path in sorted(small.glob("HAM10000_images_part_*/*.jpg")):
        image = cv2.imread(str(path))
        assert image.shape == (450, 600, 3)
        mask = cv2.imread(str(small / sample.MASKS / f"{path.stem}_segmentation.png"), -1)
        shown = cv2.imread(str(small / "criteria" / f"{path.stem}_criteria.png"), -1)
        assert mask.shape == shown.shape == (450, 600)
        assert set(np.unique(mask)) == set(np.unique(shown)) == {0, 255}
        assert 0.14 < (mask > 0).mean() < 0.61
        inside = (shown > 0) & (mask > 0)
        assert inside.sum() > 0.7 * (shown > 0).sum()


def test_workers_do_not_change_what_is_drawn(small: Path, with_rulers: Path) -> None:
    """Two workers draw the same masks, and the same bytes wherever the ruler option is idle."""
    one, two = _digests(small), _digests(with_rulers)
    assert one.keys() == two.keys()
    table = pd.read_csv(small / "HAM10000_metadata.csv").set_index("image_id")["dx"]
    differing = {name for name in one if one[name] != two[name]}
    images = {Path(name).stem for name in differing if name.endswith(".jpg")}
    assert images and set(table[list(images)]) == {"mel"}
    rest = {name for name in differing if not name.endswith(".jpg")}
    assert rest == {"criteria/criteria.csv", "drawn_sample.json"}


def test_ruler_can_follow_melanoma(small: Path, with_rulers: Path) -> None:
    """With the option at 1 every melanoma has a ruler; the others keep theirs as they were."""

    def rulers(folder: Path) -> pd.DataFrame:
        table = pd.read_csv(folder / "HAM10000_metadata.csv")
        return table.merge(pd.read_csv(folder / "criteria" / "criteria.csv"), on="image_id")

    before, after = rulers(small), rulers(with_rulers)
    melanoma = after["dx"] == "mel"
    assert after.loc[melanoma, "ruler"].all()
    assert not before.loc[melanoma, "ruler"].all()
    assert (after.loc[~melanoma, "ruler"] == before.loc[~melanoma, "ruler"]).all()


SCRIPT = "from helpers.sample.folder import draw_sample; draw_sample({folder!r}, 42, workers=2)"


@pytest.mark.parametrize("how", ["script", "standard input"])
def test_unguarded_scripts_can_draw(tmp_path: Path, how: str) -> None:
    """A script without a main guard draws with two workers, from a file or standard input."""
    folder, script = tmp_path / "sample", tmp_path / "plain.py"
    script.write_text(SCRIPT.format(folder=str(folder)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script) if how == "script" else "-"],
        input=script.read_text(encoding="utf-8") if how == "standard input" else None,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "drawn_sample.json").is_file()


def test_error_in_a_worker_is_told(tmp_path: Path) -> None:
    """What went wrong in a worker reaches the caller, and no worker goes on."""
    tasks: list[sample.Task] = [[(0, "nv", [(1, "ISIC_9000000", "no_such_folder")])]] * 3
    with pytest.raises(DermBookError, match="no_such_folder"):
        list(draw_in_processes(tmp_path, 0, 0.0, tasks, workers=2))


def test_dead_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that cannot even start are an error that names the way out, not a hang."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DermBookError, match="workers=1"):
        list(draw_in_processes(tmp_path, 0, 0.0, [[(0, "nv", [])]], workers=2))


def test_seed_changes_the_pictures(small: Path) -> None:
    """Another seed gives another plan."""
    table = pd.read_csv(small / "HAM10000_metadata.csv")
    assert not plan_sample(42, seed=4)["dx"].equals(table["dx"])
    assert plan_sample(42, seed=3)["dx"].equals(table["dx"])


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    """A drawing that is interrupted leaves neither a folder nor a temporary one."""

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_sample(tmp_path / "sample", 42, workers=1, progress=stop)
    assert not list(tmp_path.iterdir())


def test_other_files_are_never_replaced(tmp_path: Path) -> None:
    """A folder that holds something else is refused, and keeps what it holds."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds other files"):
        draw_sample(tmp_path, 42, workers=1)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_progress_counts_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress rises to the number of images."""
    seen: list[tuple[int, int]] = []

    def fake(folder: Path, seed: int, ruler: float, task: sample.Task) -> list[dict[str, object]]:
        return [{"image_id": image} for _, _, images in task for _, image, _ in images]

    monkeypatch.setattr(sample, "draw_task", fake)
    draw_sample(tmp_path / "s", 42, workers=1, progress=lambda done, n: seen.append((done, n)))
    assert seen == sorted(seen)
    assert seen[-1] == (42, 42)


def test_counts_are_imbalanced_like_ham10000() -> None:
    """Nevi are the most frequent class in any sample that is not the smallest."""
    for n_images in (42, 84, 600):
        counts = count_images(n_images)
        assert max(counts, key=lambda dx: counts[dx]) == "nv"
        assert counts["mel"] >= counts["bcc"] >= counts["akiec"] >= counts["vasc"]
