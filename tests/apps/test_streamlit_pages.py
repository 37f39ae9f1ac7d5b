"""The pages of the Streamlit app, drawn without a browser."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.app_model import (
    BLUE,
    GREEN,
    RED,
    ColourModel,
    NoGate,
    RedGate,
    colour_desk,
    plain_picture,
    table_of,
)
from support.small_served import small_card

from helpers.core.errors import ConfigError
from helpers.serving.apps import shared_model as desks
from helpers.serving.apps.streamlit_app import SCRIPT
from helpers.serving.apps.translations import LANGUAGES, load_wording
from helpers.serving.apps.upload_session import MOST_PICTURES

testing = pytest.importorskip("streamlit.testing.v1", reason="streamlit is not installed")
manifest_scanner = pytest.importorskip("streamlit.components.v2.manifest_scanner")

_scan_once = cache(manifest_scanner.scan_component_manifests)

Open = Callable[..., Any]
PNG = "image/png"


@pytest.fixture(scope="module", autouse=True)
def collected_once() -> Iterator[None]:
    """Where a test before has loaded Keras, Streamlit collects garbage after each run of a page."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit puts its script in the place of ``__main__``; child processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each app reads what all installed packages declare, which takes a second and is the same."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", _scan_once)


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a page: ``open_page("diagnosis", language="en", gate=...)``."""
    import streamlit as st

    def start(page: str = "home", language: str | None = "en", **options: Any) -> Any:
        st.cache_resource.clear()
        monkeypatch.setattr(
            desks, "open_shared_model", lambda spec: colour_desk(tmp_path, **options)
        )
        app = testing.AppTest.from_file(str(SCRIPT), default_timeout=180)
        if language is not None:
            app.query_params["lang"] = language
        app.run()
        if page != "home":
            app.button(key=f"to_{page}").click().run()
        assert not app.exception
        return app

    yield start
    st.cache_resource.clear()


def html(app: Any) -> str:
    """Everything that is drawn as HTML."""
    return "\n".join(element.proto.body for element in app.get("html"))


def words_of(app: Any) -> str:
    """What a visitor can read of that, without marks."""
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", html(app), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text))


def language_of(app: Any) -> str:
    """The language in the address."""
    value = app.query_params["lang"]
    return str(value if isinstance(value, str) else value[0])


def upload(app: Any, *files: tuple[str, bytes]) -> Any:
    """Put files in and let the page work; it draws itself again when it is done."""
    app.file_uploader[0].set_value([(name, data, PNG) for name, data in files]).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("page", ["home", "diagnosis", "dashboard"])
def test_pages_are_drawn_in_both_languages(open_page: Open, page: str, language: str) -> None:
    """Each page has its title, the notice and labelled widgets in the language of the address."""
    app = open_page(page, language)
    say = load_wording("streamlit", language)
    assert app.title[0].value == say(f"{page}.title")
    assert say("notice.title") in words_of(app)
    assert language_of(app) == language
    kinds = ("button", "multiselect", "slider", "toggle", "file_uploader", "selectbox")
    for kind in (*kinds, "button_group"):
        for widget in app.get(kind):
            assert widget.proto.label.strip(), kind


def test_the_language_is_remembered(open_page: Open) -> None:
    """The switch changes the page and the address, and holds on other pages."""
    app = open_page("home", None)
    assert language_of(app) == "en"
    app.get("button_group")[0].set_value("zh-Hant").run()
    assert language_of(app) == "zh-Hant"
    app.button(key="to_dashboard").click().run()
    assert app.title[0].value == load_wording("streamlit", "zh-Hant")("dashboard.title")
    assert language_of(app) == "zh-Hant"


def test_an_unknown_language_is_english(open_page: Open) -> None:
    """Whatever the address says, nothing of it is drawn."""
    app = open_page("home", "<script>")
    assert language_of(app) == "en"
    assert "'<script>'" not in html(app)


def test_home_shows_the_card(open_page: Open) -> None:
    """Scores come with their intervals and numbers of images."""
    text = words_of(open_page())
    assert "0.70" in text
    assert "[0.60, 0.80], 100 images" in text
    assert "Small model for tests" in text
    assert "For tests." in text
    assert "what it says means nothing" in text


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("origin", ["drawn", "ham10000", "other"])
def test_limits_are_those_of_the_model(open_page: Open, origin: str, language: str) -> None:
    """Two answers are not seven diagnoses, and drawings are not clinics."""
    card = small_card(target="malignant", classes=("benign", "malignant"), data={"origin": origin})
    say = load_wording("streamlit", language)
    text = words_of(open_page("home", language, card=card))
    assert say("home.limits_target.malignant", n=2) in text
    assert say("home.limits_target.diagnosis", n=2) not in text
    for name in ("drawn", "ham10000", "other"):
        assert (say(f"home.limits_origin.{name}") in text) == (name == origin)


def test_a_missing_model_is_said(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model home and diagnosis say so, and the dashboard works."""
    import streamlit as st

    app = open_page()

    def missing(spec: str | None) -> None:
        raise ConfigError("apps/model: expected the model in the box but there is none")

    st.cache_resource.clear()
    monkeypatch.setattr(desks, "open_shared_model", missing)
    app.run()
    assert "expected the model in the box" in words_of(app)
    app.button(key="to_diagnosis").click().run()
    assert not app.exception
    assert "expected the model in the box" in words_of(app)
    assert not app.file_uploader


def test_an_uploaded_picture_gets_a_card(open_page: Open) -> None:
    """The card has four classes, the malignant score and a map; the upload is empty again."""
    app = upload(open_page("diagnosis"), ("lesion.png", plain_picture(RED)))
    text = words_of(app)
    assert "lesion.png" in text
    assert "Melanoma" in text
    assert html(app).count('scope="row"') == 4
    assert "Malignant score" in text
    assert 'alt="lesion.png, with the model' in html(app)
    assert not app.file_uploader[0].value


def test_names_cannot_write_the_page(open_page: Open) -> None:
    """A file named like a tag is shown as text, and its braces are no fields."""
    app = upload(
        open_page("diagnosis"),
        ("<img src=x onerror=alert(1)>{0}.png", plain_picture(RED)),
        ("<b>{name}</b>.png", b"nothing"),
    )
    assert "<img src=x" not in html(app)
    assert "&lt;img src=x onerror=alert(1)&gt;{0}.png" in html(app)
    assert "<b>{name}" not in html(app)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_bad_files_are_told_and_the_others_go_on(open_page: Open, language: str) -> None:
    """Each bad file is named with its reason, beside the card of the good one."""
    app = upload(
        open_page("diagnosis", language),
        ("good.png", plain_picture(RED)),
        ("empty.png", b""),
        ("page.jpg", b"<!DOCTYPE html><html><body>no</body></html>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("cut.png", plain_picture(GREEN, (640, 480))[:300]),
    )
    say = load_wording("streamlit", language)
    text = words_of(app)
    assert say("diagnosis.refused_files") in text
    for name, code in (("empty.png", "empty"), ("cut.png", "damaged")):
        reason = say("diagnosis.refused_file", name=name, reason=say(f"errors.{code}"))
        assert reason in text
    assert "page.jpg" in text
    assert "drawing.svg" in text
    assert say("errors.unknown") not in text
    assert html(app).count('class="db-picture"') == 1


def test_what_is_no_dermoscopy_is_refused(open_page: Open) -> None:
    """A refused picture has no probabilities until the switch, off by default, is thrown."""
    app = upload(open_page("diagnosis", gate=RedGate()), ("sky.png", plain_picture(BLUE)))
    say = load_wording("streamlit", "en")
    assert say("gate.title") in words_of(app)
    assert 'scope="row"' not in html(app)
    assert "db-meter" not in re.sub("<style>.*?</style>", "", html(app), flags=re.DOTALL)
    switch = app.toggle(key="anyway")
    assert switch.value is False
    switch.set_value(True).run()
    assert html(app).count('scope="row"') == 4
    assert say("gate.anyway_warning") in words_of(app)


def test_an_example_is_shown_and_said_to_be_drawn(open_page: Open) -> None:
    """The gate refuses every drawing here; an example has its answer and a warning, no switch."""
    say = load_wording("streamlit", "en")
    app = open_page("diagnosis", gate=NoGate())
    app.session_state["intake_source"] = "examples"
    app.run()
    app.button(key="example_mel").click().run()
    assert not app.exception
    assert html(app).count('class="db-meter ') == 1
    assert say("diagnosis.example_drawn") in words_of(app)
    assert say("gate.example") in words_of(app)
    assert say("gate.title") not in words_of(app)
    assert not app.toggle


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_without_a_gate_that_is_said(open_page: Open, language: str) -> None:
    """No refusal is promised by a model that has no gate; with one, nothing is said."""
    say = load_wording("streamlit", language)
    app = open_page("home", language)
    assert say("gate.none") in words_of(app)
    app.button(key="to_diagnosis").click().run()
    assert say("gate.none") in words_of(app)
    app = open_page("diagnosis", language, gate=RedGate())
    assert say("gate.none") not in words_of(app)


def test_an_unforeseen_error_is_met_once(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture before it is kept, and the next run does not try the file again."""
    real = ColourModel.predict

    def fails(self: ColourModel, images: Any, face: str = "views") -> Any:
        if images[..., 2].mean() > 150:
            raise RuntimeError("unforeseen")
        return real(self, images, face)

    monkeypatch.setattr(ColourModel, "predict", fails)
    app = open_page("diagnosis")
    files = [("a.png", plain_picture(RED)), ("b.png", plain_picture(BLUE))]
    app.file_uploader[0].set_value([(name, data, PNG) for name, data in files]).run()
    assert len(app.exception) == 1
    app.run()
    assert not app.exception
    assert "a.png" in words_of(app)
    assert html(app).count('class="db-picture"') == 1


def test_no_switch_where_nothing_was_refused(open_page: Open) -> None:
    """The switch is there only for pictures that need it."""
    app = upload(open_page("diagnosis", gate=RedGate()), ("a.png", plain_picture(RED)))
    assert not app.toggle


def test_the_threshold_moves_the_verdict(open_page: Open) -> None:
    """A threshold above the score turns it, and what it means on validation moves with it."""
    app = upload(open_page("diagnosis"), ("a.png", plain_picture(RED)))
    say = load_wording("streamlit", "en")
    assert app.slider(key="threshold").value == pytest.approx(0.35)
    assert say("diagnosis.above", threshold="0.35") in words_of(app)
    low = re.findall(r"(\d+)\xa0%", html(app))
    app.slider(key="threshold").set_value(0.99).run()
    assert say("diagnosis.below", threshold="0.99") in words_of(app)
    assert re.findall(r"(\d+)\xa0%", html(app)) != low


def test_a_model_without_operating_points(open_page: Open) -> None:
    """Where nothing was recorded, that is said instead of a number."""
    app = upload(open_page("diagnosis", points=False), ("a.png", plain_picture(RED)))
    assert load_wording("streamlit", "en")("diagnosis.threshold_unknown") in words_of(app)


def test_the_map_follows_class_and_opacity(open_page: Open) -> None:
    """Another class has another text, and without opacity the picture is as it was."""
    app = upload(open_page("diagnosis"), ("a.png", plain_picture(RED)))
    key = next(box.key for box in app.selectbox if box.key.startswith("map_"))
    app.selectbox(key=key).select_index(1).run()
    assert "map for Melanocytic nevus" in html(app)
    app.slider(key=key.replace("map_", "opacity_")).set_value(0).run()
    assert 'alt="a.png, as the model sees it"' in html(app)


def test_pictures_are_kept_across_pages_and_languages(open_page: Open) -> None:
    """Reading another page, or in another language, loses nothing; removing does."""
    app = upload(
        open_page("diagnosis"), ("a.png", plain_picture(RED)), ("b.png", plain_picture(GREEN))
    )
    app.get("button_group")[0].set_value("zh-Hant").run()
    assert "a.png" in words_of(app)
    assert "黑色素瘤" in words_of(app)
    remove = next(button for button in app.button if button.key.startswith("remove_"))
    remove.click().run()
    assert html(app).count('class="db-picture"') == 1
    app.button(key="clear").click().run()
    assert load_wording("streamlit", "zh-Hant")("diagnosis.empty") in words_of(app)


def test_a_session_is_bounded(open_page: Open) -> None:
    """More pictures than are kept are refused by name."""
    files = [(f"{n}.png", plain_picture((200, 10 * n, 0))) for n in range(MOST_PICTURES + 1)]
    app = upload(open_page("diagnosis"), *files)
    assert len(app.session_state["session"].readings) == MOST_PICTURES
    assert f"{MOST_PICTURES}.png: At most {MOST_PICTURES}" in words_of(app)


def test_sessions_do_not_see_each_other(open_page: Open) -> None:
    """A second visitor finds an empty page and the same model."""
    first = upload(open_page("diagnosis"), ("mine.png", plain_picture(RED)))
    second = testing.AppTest.from_file(str(SCRIPT), default_timeout=180)
    second.query_params["lang"] = "en"
    second.run()
    second.button(key="to_diagnosis").click().run()
    assert "mine.png" in words_of(first)
    assert "mine.png" not in words_of(second)


def test_the_dashboard_shows_the_drawn_sample(open_page: Open) -> None:
    """Without an upload there are the 600 rows of the drawn sample."""
    app = open_page("dashboard")
    text = words_of(app)
    assert "600" in text
    assert load_wording("streamlit", "en")("dashboard.example") in text
    assert [box.label for box in app.multiselect] == ["Diagnosis", "Sex", "Site"]


def test_filters_filter(open_page: Open) -> None:
    """Charts, numbers and rows follow the filters, which can be reset."""
    app = open_page("dashboard")
    before = words_of(app)
    app.multiselect(key="filter_dx").set_value(["mel"]).run()
    app.slider(key="filter_age").set_value((40, 60)).run()
    app.toggle(key="filter_without_age").set_value(False).run()
    after = words_of(app)
    assert after != before
    rows = re.search(r"Download these (\d+) rows", app.get("download_button")[0].proto.label)
    assert rows is not None
    assert 0 < int(rows[1]) < 99
    app.multiselect(key="filter_site").set_value(["genital"]).run()
    assert load_wording("streamlit", "en")("dashboard.none_left") in words_of(app)
    app.button(key="reset").click().run()
    assert words_of(app) == before


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_an_uploaded_table_is_shown(open_page: Open, language: str) -> None:
    """Its rows are counted, and what is missing is said to be missing."""
    app = open_page("dashboard", language)
    upload(app, ("mine.csv", table_of(30)))
    say = load_wording("streamlit", language)
    assert say("dashboard.yours", name="mine.csv") in words_of(app)
    assert say("dashboard.missing") in words_of(app)
    assert "30" in words_of(app)


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"<html></html>", "table_html"),
        (b"PK\x03\x04", "table_spreadsheet"),
        (b"a,b\n1,2\n", "table_columns"),
        (table_of(3) + b"1,2\n", "table_ragged"),
    ],
)
def test_a_bad_table_is_told(open_page: Open, data: bytes, code: str, language: str) -> None:
    """A file that is no table is named with the reason, and nothing else is shown."""
    app = upload(open_page("dashboard", language), ("bad <b>.csv", data))
    say = load_wording("streamlit", language)
    text = html(app)
    assert say("dashboard.bad", name="bad &lt;b&gt;.csv") in text
    begin = say.find(f"errors.{code}").split("{")[0]
    assert begin in text
    assert not app.multiselect


def test_formulas_are_text_and_defused(open_page: Open) -> None:
    """A cell with a formula or a tag is shown as text."""
    data = table_of(4).replace(b"HAM_0", b"=1+1").replace(b"ISIC_1", b"<script>alert(1)</script>")
    app = upload(open_page("dashboard"), ("mine.csv", data))
    assert "<td>=1+1</td>" in html(app)
    assert "<script>alert" not in html(app)
    assert "begin like a formula" in words_of(app)
