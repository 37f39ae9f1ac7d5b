"""Texts of the apps, in both languages."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from helpers.core.errors import ConfigError
from helpers.serving.apps.translations import (
    APPS,
    LANGUAGES,
    Wording,
    fields_of,
    flatten,
    load_wording,
)
from helpers.serving.uploads.metadata_tables import _ENGLISH as TABLE_ERRORS
from helpers.serving.uploads.pictures import ERRORS as PICTURE_ERRORS
from helpers.serving.uploads.pictures import NOTES


def texts(language: str) -> dict[str, str]:
    """All texts that the Streamlit app has in a language, by name."""
    return dict(flatten(load_wording("streamlit", language).values))


def test_languages_have_the_same_texts() -> None:
    """Every text is there in both languages, with the same fields, and none is empty."""
    english, chinese = texts("en"), texts("zh-Hant")
    assert set(english) == set(chinese)
    for name, text in english.items():
        assert fields_of(text) == fields_of(chinese[name]), name
        assert text.strip(), name
        assert chinese[name].strip(), name


def test_chinese_is_chinese() -> None:
    """Nearly every Chinese text has Chinese characters; simplified forms are none of them."""
    plain = {
        "brand",
        "language.tag",
        "bar.stop",
        "diagnosis.download_csv",
        "diagnosis.download_pdf",
    }
    simplified = set("图诊断这个说样为会时间页应点处开关")
    for name, text in texts("zh-Hant").items():
        if name not in plain:
            bare = re.sub(r"\{\w+\}", "", text)
            chinese = any("\u4e00" <= letter <= "\u9fff" for letter in bare)
            assert chinese or not any(letter.isalpha() for letter in bare), name
        assert not simplified & set(text), name


def test_faces_and_shared_texts_do_not_collide() -> None:
    """A face adds to shared texts and replaces none."""
    for language in LANGUAGES:
        paths = (APPS / "texts", APPS / "streamlit" / "texts")
        shared, own = (
            dict(flatten(json.loads((path / f"{language}.json").read_text("utf-8"))))
            for path in paths
        )
        assert not set(shared) & set(own)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_code_has_a_text(language: str) -> None:
    """Whatever a reader may refuse or note, the app can say it, with the fields that come."""
    found = texts(language)
    for code, text in {**PICTURE_ERRORS, **TABLE_ERRORS}.items():
        assert fields_of(found[f"errors.{code}"]) <= fields_of(text), code
    for note in NOTES:
        assert found[f"notes.{note}"]


def test_texts_promise_no_more_than_is_kept() -> None:
    """Streamlit keeps the session of a closed page for a while; the button that empties is named.

    The minutes are those of Streamlit's own storage of sessions.
    """
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from streamlit.runtime.memory_session_storage import MemorySessionStorage

    kept = inspect.signature(MemorySessionStorage).parameters["ttl_seconds"].default
    assert kept == 120
    for language, minutes in (("en", "two minutes"), ("zh-Hant", "兩分鐘")):
        found = texts(language)
        assert found["diagnosis.clear"] in found["home.privacy_text"]
        assert minutes in found["home.privacy_text"]


def test_texts_about_the_network_are_true_of_any() -> None:
    """Shared texts do not know which model is served: no clinics, no number of classes."""
    for language, words in (
        ("en", ("two clinics", "seven kinds", "ten thousand")),
        ("zh-Hant", ("診所", "七種", "一萬")),
    ):
        found = texts(language)
        general = [text for name, text in found.items() if name.startswith(("notice.", "gate."))]
        general += [found["diagnosis.examples_note"]]
        general += [text for name, text in found.items() if name.startswith("home.limits_list")]
        for word in words:
            assert not any(word in text for text in general), word
        assert "門檻" not in "".join(found.values())


def test_a_missing_text_is_named() -> None:
    """A name without a text, and a field without a value, are errors that name them."""
    words = Wording({"a": {"b": "{n} images"}}, "here")
    assert words("a.b", n=3) == "3 images"
    with pytest.raises(ConfigError, match=r"a\.c"):
        words("a.c")
    with pytest.raises(ConfigError, match="expected a text"):
        words("a")
    with pytest.raises(ConfigError, match="no value for the field 'n'"):
        words("a.b", m=3)


def test_braces_in_a_value_stay() -> None:
    """A file named like a field is shown as it is."""
    assert Wording({"a": "{name}!"}, "here")("a", name="{0}{x}") == "{0}{x}!"


def test_unknown_languages_are_refused(tmp_path: Path) -> None:
    """A language or folder that is not there is an error."""
    with pytest.raises(ConfigError, match="expected one of en, zh-Hant"):
        load_wording("streamlit", "xx")
    with pytest.raises(ConfigError, match="expected the texts"):
        load_wording("streamlit", "en", tmp_path)
