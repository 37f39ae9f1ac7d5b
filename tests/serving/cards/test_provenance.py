"""Where a model's pictures came from, told by their names."""

from __future__ import annotations

import pandas as pd
import pytest
from support.small_served import small_card

from helpers.sample.plan import plan_sample
from helpers.serving.cards.card import CARD_FILE, read_card
from helpers.serving.cards.provenance import LICENCES, NOTICES, provenance_of, provenance_of_card
from helpers.serving.model.opening import BUNDLED


def named(image: str, lesion: str) -> pd.DataFrame:
    """A table of one row."""
    return pd.DataFrame({"image_id": [image], "lesion_id": [lesion]})


def test_a_drawn_sample_is_known_by_its_names() -> None:
    """All of its rows; one row of another data set among them, and it is no drawn sample."""
    plan = plan_sample(60, seed=3)
    assert provenance_of(plan) == "drawn"
    assert provenance_of(pd.concat([plan, named("ISIC_0024308", "HAM_0001477")])) == "other"


@pytest.mark.parametrize(
    ("image", "lesion", "origin"),
    [
        ("ISIC_0024306", "HAM_0000118", "ham10000"),
        ("ISIC_0034320", "HAM_0007620", "ham10000"),
        ("ISIC_0034321", "HAM_0007620", "other"),
        ("ISIC_9000001", "IL_9000001", "other"),
        ("mole", "HAM_0000118", "other"),
    ],
)
def test_other_names(image: str, lesion: str, origin: str) -> None:
    """HAM10000's numbers, and names that are near to them."""
    assert provenance_of(named(image, lesion)) == origin


def test_no_rows_tell_nothing() -> None:
    """An empty table claims neither drawings nor clinics."""
    assert provenance_of(named("a", "b").head(0)) == "other"


@pytest.mark.parametrize(
    ("data", "origin"),
    [
        ({"origin": "drawn"}, "drawn"),
        ({"origin": "other", "source": "HAM10000"}, "other"),
        ({"origin": "no such"}, "other"),
        ({"source": "drawn sample (600 images, seed 0)"}, "drawn"),
        ({"source": "ham10000 (HAM10000 layout)"}, "ham10000"),
        ({"source": "photographs (HAM10000 layout)"}, "other"),
        ({}, "other"),
    ],
)
def test_cards_are_asked(data: dict[str, str], origin: str) -> None:
    """What a card says itself comes before the title of its source."""
    assert provenance_of_card(small_card(data=data)) == origin


def test_only_what_is_known_is_claimed() -> None:
    """Clinics and HAM10000's licence where its pictures were seen; never of others."""
    assert "clinics" in NOTICES["ham10000"]
    assert "not for commercial use" in LICENCES["ham10000"]
    for origin in ("drawn", "other"):
        assert "clinics" not in NOTICES[origin]  # type: ignore[index]
        assert "HAM10000" not in LICENCES[origin]  # type: ignore[index]
    for notice in NOTICES.values():
        assert notice.startswith("For teaching, not for diagnosis.")


@pytest.mark.skipif(not (BUNDLED / CARD_FILE).is_file(), reason="there is no model in the box")
def test_the_box_learned_from_ham10000() -> None:
    """Its card may be older than the field that says so."""
    assert provenance_of_card(read_card(BUNDLED)) == "ham10000"
