"""Published settings beside a trial's, and how each is known."""

from __future__ import annotations

from support.scored_trials import make_config

from helpers.augmentation.settings import Augmentation
from helpers.lessons.screening_settings import augmentation_words, settings_beside_published
from helpers.study.presets import find_preset


def test_augmentation_in_words() -> None:
    """Each kind with its unit; nothing is "none"."""
    assert augmentation_words(Augmentation(fill_mode="reflect")) == "none"
    both = Augmentation(
        rotation_range=15, zoom_range=0.1, brightness_range=0.2,
        horizontal_flip=True, vertical_flip=True,
    )  # fmt: skip
    words = "flips both ways, rotation ±15°, zoom ±10%, brightness times 0.8 to 1.2"
    assert augmentation_words(both) == words
    some = Augmentation(vertical_flip=True, width_shift_range=0.1, shear_range=5, cutout=0.3)
    assert augmentation_words(some) == "flips up-down, width shift ±10%, shear ±5°, cutout 30%"


def test_the_system_itself_differs_in_nothing() -> None:
    """Beside its own configuration every setting is the same."""
    preset = find_preset("binary-screening")
    table = settings_beside_published(preset, preset.config())
    assert (table["here"] == "the same").all() and table["setting"].is_unique


def test_each_setting_says_how_it_is_known() -> None:
    """What the preset calls chosen is ours, what it infers inferred, all else published."""
    preset = find_preset("binary-screening")
    known = settings_beside_published(preset, preset.config()).set_index("setting")["known"]
    assert known["augmentation"] == known["dropout"] == known["batch"] == "published"
    assert known["CLAHE"].startswith("ours: clip limit and tiles")
    assert known["learns"].startswith("inferred: ")
    told = [path for path in (*preset.chosen, *preset.inferred) if path != "protocol"]
    assert (known != "published").sum() == len(told), "one of them has no row"


def test_what_a_profile_changes_stands_beside_it() -> None:
    """A smaller network, one stage and no augmentation are told; what is alike is not repeated."""
    preset = find_preset("binary-screening")
    config = make_config("small", backbone="MobileNet", target="malignant")
    here = settings_beside_published(preset, config).set_index("setting")["here"]
    assert here["network"] == "MobileNet" and here["augmentation"] == "none"
    assert here["tells apart"] == "the same"
    assert here["batch normalisations among them"] == "–"
