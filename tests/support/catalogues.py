"""Catalogues of a few columns, from the number of images of each lesion."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from helpers.core import CLASSES


def make_catalogue(lesion_sizes: dict[str, list[int]]) -> pd.DataFrame:
    """A catalogue's three columns from the number of images of each lesion."""
    rows = [
        {"lesion_id": f"{dx}{lesion}", "dx": dx}
        for dx, sizes in lesion_sizes.items()
        for lesion, size in enumerate(sizes)
        for _ in range(size)
    ]
    table = pd.DataFrame(rows)
    return table.assign(image_id=[f"ISIC_{row:07d}" for row in range(len(table))])


catalogues = st.dictionaries(
    st.sampled_from(CLASSES),
    st.lists(st.integers(1, 6), min_size=5, max_size=60),
    min_size=1,
).map(make_catalogue)
