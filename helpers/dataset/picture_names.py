"""Names of pictures: how tables call them, compared, and which picture each means."""

from __future__ import annotations

import os

import pandas as pd

from helpers.core import name_some
from helpers.dataset.layout import IMAGE_SUFFIXES, OTHER_SUFFIXES, Entry, Layout

SHOWN = 5
"""Names that a message gives of many."""

_DOWNSAMPLED = "_downsampled"


def folded_key(text: str) -> str:
    """A name of a picture as it is compared: no ending, small letters, slashes."""
    text = text.strip().replace("\\", "/").casefold()
    stem, suffix = os.path.splitext(text)
    text = stem if suffix in IMAGE_SUFFIXES + OTHER_SUFFIXES else text
    return text.removesuffix(_DOWNSAMPLED).removeprefix("./")


class Pictures:
    """Finds pictures by what tables call them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._by_base: dict[str, list[str]] = {}
        for name in layout.pictures:
            self._by_base.setdefault(folded_key(name).rpartition("/")[2], []).append(name)

    def find(self, key: str) -> list[str]:
        """Names of the pictures that a key may mean; copies count once."""
        if key in self._layout.pictures:
            return [key]
        wanted = folded_key(key)
        names = self._by_base.get(wanted.rpartition("/")[2], [])
        if "/" in wanted:
            ends = [n for n in names if ("/" + folded_key(n)).endswith("/" + wanted)]
            names = ends or names
        stems = {stem_of(name) for name in names}
        if len(stems) > 1 and stem_of(key.replace("\\", "/")) in stems:
            stems = {stem_of(key.replace("\\", "/"))}
        if len(stems) == 1:
            best = self._layout.images.get(stems.pop())
            # Two members of an archive may have one name: the first is as good.
            return [next((n for n in names if self._layout.pictures[n] == best), names[0])]
        return names


def stem_of(name: str) -> str:
    """A picture's name without folders and ending."""
    base = name.rpartition("/")[2]
    stem, suffix = os.path.splitext(base)
    return stem if suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES else base


def match_pictures(
    rows: pd.DataFrame, layout: Layout
) -> tuple[pd.DataFrame, dict[str, Entry], list[str]]:
    """Rows with ``image_id``, the picture of each, and keys that mean several."""
    pictures = Pictures(layout)
    found = {key: pictures.find(key) for key in rows["key"].unique() if key}
    several = [key for key, names in found.items() if len(names) > 1]
    chosen = {key: names[0] for key, names in found.items() if len(names) == 1}
    stems = pd.Series({key: stem_of(name) for key, name in chosen.items()}, dtype=str)
    shared = set(stems[stems.duplicated(keep=False)])
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
    return rows.assign(image_id=rows["key"].map(ids).fillna("")), images, problems
