"""The first page: what this is, what the model is and how good, and what it cannot do."""

from __future__ import annotations

import streamlit as st

from helpers.core import CLASSES, COLOURS, MALIGNANT, DermBookError
from helpers.models import find_backbone
from helpers.serving.apps import MOST_PICTURES, Wording
from helpers.serving.cards import Card, provenance_of_card
from helpers.serving.model import ServedModel
from interface import components
from interface.language import words
from interface.model import say_missing, serving

_SCORES = (
    "balanced_accuracy",
    "accuracy",
    "top_3_accuracy",
    "malignant_auc",
    "sensitivity",
    "specificity",
)


def _facts(card: Card, say: Wording) -> list[tuple[str, str]]:
    height, width = card.image_size
    face = card.faces["views"]
    backbone = str(card.training.get("backbone", ""))
    pairs = [("name", card.name)]
    if backbone:
        try:
            pairs.append(("network", find_backbone(backbone).name))
        except DermBookError:
            pairs.append(("network", backbone))
    pairs.append(("input", say("home.facts.input_value", width=width, height=height)))
    if title := card.data.get("title") or card.data.get("source"):
        pairs.append(("source", str(title)))
    train = card.data.get("splits", {}).get("train")
    if train:
        images, lesions = f"{train['images']:,}", f"{train['lesions']:,}"
        pairs.append(("data", say("home.facts.data_value", images=images, lesions=lesions)))
    temperature = f"{face.temperature:.2f}"
    pairs.append(("calibration", say("home.facts.calibration_value", temperature=temperature)))
    pairs += [("licence", card.licence), ("notice", card.notice)]
    return [(say(f"home.facts.{name}"), value) for name, value in pairs]


def _tiles(card: Card, say: Wording) -> tuple[str, list[str]]:
    """The split that the scores are of, and a tile a score."""
    scores = card.faces["views"].scores
    split = next((name for name in ("test", "valid") if scores.get(name)), "")
    chance = f"{1 / len(card.classes):.2f}"
    made = []
    for name in _SCORES:
        score = scores.get(split, {}).get(name)  # type: ignore[call-overload]
        if score is not None:
            n = say("home.n_images", n=f"{score.n:,}")
            interval = f"[{score.low:.2f}, {score.high:.2f}], {n}"
            note = say(f"home.scores.{name}.note", chance=chance)
            made.append(
                components.tile(
                    say(f"home.scores.{name}.name"), f"{score.value:.2f}", interval, note
                )
            )
    return split, made


def _draw_model(say: Wording) -> ServedModel | None:
    """Draw what the model is and how good; None where there is none."""
    try:
        model = serving().model
    except DermBookError as error:
        say_missing(error, say)
        return None
    card = model.card
    st.header(say("home.how_good"), anchor=False)
    split, made = _tiles(card, say)
    if made:
        components.show(components.soft(say(f"home.how_good_{split}")))
        components.show(components.tiles(made))
    else:
        components.show(components.soft(say("home.no_scores")))
    st.header(say("home.model"), anchor=False)
    components.show(components.facts(_facts(card, say)))
    return model


def _limits(model: ServedModel | None, say: Wording) -> list[str]:
    """What the model cannot do: what its card says of it first, then what is true of any."""
    own = []
    if model is not None:
        own = [
            say(f"home.limits_target.{model.card.target}", n=len(model.card.classes)),
            say(f"home.limits_origin.{provenance_of_card(model.card)}"),
        ]
        if model.gate is None:
            own.append(say("gate.none"))
    return [*own, *say.find("home.limits_list")]


def draw() -> None:
    """Draw the page."""
    say = words()
    st.title(say("home.title"), anchor=False)
    components.show(components.lead(say("home.lead")))
    with st.container(horizontal=True):
        if st.button(say("home.to_diagnosis"), type="primary", key="to_diagnosis"):
            st.switch_page(st.session_state["pages"]["diagnosis"])
        if st.button(say("home.to_dashboard"), key="to_dashboard"):
            st.switch_page(st.session_state["pages"]["dashboard"])
    model = _draw_model(say)
    st.header(say("home.limits"), anchor=False)
    components.show(components.text_list(_limits(model, say)))
    st.header(say("home.classes"), anchor=False)
    components.show(
        components.class_list(
            (
                COLOURS[dx],
                say(f"classes.{dx}.name"),
                say("home.malignant" if dx in MALIGNANT else "home.benign"),
                say(f"classes.{dx}.note"),
            )
            for dx in CLASSES
        )
    )
    st.header(say("home.privacy"), anchor=False)
    components.show(components.soft(say("home.privacy_text", most=MOST_PICTURES)))
