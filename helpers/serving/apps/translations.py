"""Texts of the apps in their languages: shared ones and a face's own, from JSON files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from helpers.core import APPS, ConfigError, read_json

LANGUAGES: dict[str, str] = {"en": "English", "zh-Hant": "繁體中文"}
"""Tag of each language (BCP 47) and its own name for itself."""


def preferred_language(wanted: str | None) -> str:
    """The language nearest to a tag such as a browser tells.

    >>> [preferred_language(tag) for tag in ("zh-TW", "zh-HK", "de", None)]
    ['zh-Hant', 'zh-Hant', 'en', 'en']
    """
    return "zh-Hant" if (wanted or "").casefold().startswith("zh") else "en"


class Wording:
    """Texts of one language, by names with dots.

    Parameters
    ----------
    values : mapping
        Nested mappings of texts.
    where : str
        Named in errors.
    language : str, default="en"
        Tag of the language.

    Examples
    --------
    >>> words = Wording({"home": {"title": "{n} images"}}, "example")
    >>> words("home.title", n=3)
    '3 images'
    """

    def __init__(self, values: Mapping[str, Any], where: str, language: str = "en") -> None:
        self.values = values
        self.where = where
        self.language = language

    def __call__(self, name: str, /, **fields: Any) -> str:
        """The text of a name, with its fields filled in.

        Raises
        ------
        ConfigError
            If there is no such text, or it has a field that was not given.
        """
        found = self.find(name)
        if not isinstance(found, str):
            raise ConfigError(f"{self.where}: expected a text named {name}; add it")
        try:
            return found.format(**fields) if fields else found
        except (KeyError, IndexError) as error:
            raise ConfigError(f"{self.where}: {name}: no value for the field {error}") from None

    def find(self, name: str) -> Any:
        """What stands at a name: a text, a list, a mapping, or None."""
        found: Any = self.values
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


def flatten(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts of nested mappings and lists.

    >>> list(flatten({"a": {"b": "x"}, "c": ["y"]}))
    [('a.b', 'x'), ('c.0', 'y')]
    """
    if isinstance(values, Mapping):
        pairs = [(str(key), value) for key, value in values.items()]
    elif isinstance(values, list):
        pairs = [(str(place), value) for place, value in enumerate(values)]
    else:
        yield name, str(values)
        return
    for key, value in pairs:
        yield from flatten(value, f"{name}.{key}" if name else key)


def fields_of(text: str) -> set[str]:
    """Names of the fields that a text has.

    >>> sorted(fields_of("{n} of {total:,}"))
    ['n', 'total']
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@lru_cache(maxsize=8)
def load_wording(face: str, language: str, apps: Path = APPS) -> Wording:
    """Texts of a face: ``apps/texts/`` with ``apps/<face>/texts/`` on top.

    Parameters
    ----------
    face : str
        Name of a folder in ``apps``.
    language : str
        One of ``LANGUAGES``.
    apps : Path
        Where the apps are.

    Raises
    ------
    ConfigError
        If the language is unknown or a file is missing.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    values: dict[str, Any] = {}
    for folder in (apps / "texts", apps / face / "texts"):
        path = folder / f"{language}.json"
        if not path.is_file():
            raise ConfigError(f"{path}: expected the texts of this language; add the file")
        for name, value in read_json(path).items():
            # Both may have errors of their own: the face's come on top, not instead.
            own = isinstance(value, dict) and isinstance(values.get(name), dict)
            values[name] = {**values[name], **value} if own else value
    return Wording(values, f"{face} ({language})", language)
