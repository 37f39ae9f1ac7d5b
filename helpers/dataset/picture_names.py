"""Names of pictures: how tables call them, compared, and which picture each means."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from functools import cached_property

import pandas as pd

from helpers.core import name_some
from helpers.dataset.layout import IMAGE_SUFFIXES, OTHER_SUFFIXES, Layout
from helpers.dataset.walking import Entry

SHOWN = 5
"""Names that a message gives of many."""

_NUMBER = re.compile(r"(\d+)(?:\.0)?")
_NUMBERED = re.compile(r"(.*?)(\d+)")
_DOWNSAMPLED = "_downsampled"


def folded_key(text: str) -> str:
    r"""A name of a picture as it is compared.

    No ending and no query of an address, small letters, slashes, and each letter with a mark as
    one character, however a system writes it.

    >>> folded_key(r"D:\Moles\ISIC_0024306.JPG")
    'd:/moles/isic_0024306'
    >>> folded_key("https://host/full/ISIC_0024306.jpg?size=full#1")
    'https://host/full/isic_0024306'
    """
    text = unicodedata.normalize("NFC", text.strip().replace("\\", "/")).casefold()
    if "://" in text:
        text = re.split("[?#]", text)[0]
    stem, suffix = os.path.splitext(text)
    text = stem if suffix in IMAGE_SUFFIXES + OTHER_SUFFIXES else text
    return text.removesuffix(_DOWNSAMPLED).removeprefix("./")


class Pictures:
    """Finds pictures by what tables call them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._by_base: dict[str, list[str]] = {}
        self._found: dict[str, list[str]] = {}
        for name in layout.pictures:
            self._by_base.setdefault(folded_key(name).rpartition("/")[2], []).append(name)

    @cached_property
    def _by_number(self) -> dict[int, list[str]]:
        """Pictures by the number that their names end in, where these differ in it alone.

        A spreadsheet takes 0024306 for a number and writes 24306.
        """
        numbered = {base: _NUMBERED.fullmatch(base) for base in self._by_base}
        found = {base: match for base, match in numbered.items() if match is not None}
        numbers = [int(match[2]) for match in found.values()]
        if len({match[1] for match in found.values()}) != 1 or len(set(numbers)) < len(numbers):
            return {}
        return {int(match[2]): self._by_base[base] for base, match in found.items()}

    def find(self, key: str) -> list[str]:
        """Names of the pictures that a key may mean; copies count once."""
        if key not in self._found:  # recognisers ask for the same as what comes after them
            self._found[key] = self._find(key)
        return self._found[key]

    def _find(self, key: str) -> list[str]:
        if key in self.layout.pictures:
            return [key]
        wanted = folded_key(key)
        base = wanted.rpartition("/")[2]
        names = self._by_base.get(base, [])
        if not names and (number := _NUMBER.fullmatch(base)):
            names = self._by_number.get(int(number[1]), [])
        if len(names) == 1:
            return names
        if "/" in wanted:
            ends = [n for n in names if ("/" + folded_key(n)).endswith("/" + wanted)]
            names = ends or names
        stems = {stem_of(name) for name in names}
        if len(stems) > 1 and stem_of(key.replace("\\", "/")) in stems:
            stems = {stem_of(key.replace("\\", "/"))}
        if len(stems) == 1:
            best = self.layout.images.get(stems.pop())
            # Two members of an archive may have one name: the first is as good.
            return [next((n for n in names if self.layout.pictures[n] == best), names[0])]
        return names


def stem_of(name: str) -> str:
    """A picture's name without folders and ending."""
    base = name.rpartition("/")[2]
    stem, suffix = os.path.splitext(base)
    return stem if suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES else base


def match_pictures(
    rows: pd.DataFrame, pictures: Pictures
) -> tuple[pd.DataFrame, dict[str, Entry], list[str], list[str]]:
    """Rows with ``image_id``, the picture of each, keys that mean several, and notes."""
    layout = pictures.layout
    found = {key: pictures.find(key) for key in rows["key"].unique() if key}
    several = [key for key, names in found.items() if len(names) > 1]
    chosen = {key: names[0] for key, names in found.items() if len(names) == 1}
    stems = {key: stem_of(name) for key, name in chosen.items()}
    shared = {stem for stem, count in Counter(stems.values()).items() if count > 1}
    ids, images = {}, {}
    for key, name in chosen.items():
        stem = stems[key]
        # Pictures of one name in several folders are told apart by their folders.
        image_id = os.path.splitext(name)[0].replace("/", "-") if stem in shared else stem
        ids[key] = image_id
        images[image_id] = layout.pictures[name]
    ids |= {key: stem_of(key.replace("\\", "/")) for key in found if key not in ids}
    problems = []
    if several:
        named = name_some((f"{key} ({' and '.join(found[key][:2])})" for key in several), SHOWN)
        problems.append(
            f"{len(several):,} names mean more than one picture: {named}; name the folder in the "
            "table too, or keep one of each"
        )
    notes = []
    by_number = [
        f"{key} as {ids[key]}"
        for key in chosen
        if _NUMBER.fullmatch(key) and stem_of(chosen[key]) != key
    ]
    if by_number:
        noun = "name was" if len(by_number) == 1 else "names were"
        notes.append(
            f"{len(by_number):,} {noun} understood by the number alone: {name_some(by_number, 3)}"
        )
    if len({entry.locator for entry in images.values()}) < len(layout.pictures):
        notes += layout.copies
    return rows.assign(image_id=rows["key"].map(ids).fillna("")), images, problems, notes
