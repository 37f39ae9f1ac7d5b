"""Near-duplicates: pairs of images that look the same, found by perceptual hash."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pandas as pd

from helpers.core import ConfigError, atomic_file, cache_home
from helpers.dataset.catalogue import fingerprint
from helpers.dataset.decoding import read_image

HASH_BITS = 64
MAX_PAIRS = 1_000_000

SAME_PICTURE = 0.8
"""Similarity from which a near-duplicate is the same picture, by looking at those of HAM10000."""

_SIDE, _KEPT = (
    32,
    8,
)  # pixels of the reduced image, and frequencies kept, along each axis
_DETAIL_SIZE, _DETAIL_SIGMA = (96, 72), 2.0  # width and height; blur that is taken away
_BLOCK = 512  # rows compared with all others at once: 512 x 10,015 distances are 5 MB


def perceptual_hash(image: np.ndarray) -> np.uint64:
    """Hash of the coarse brightness pattern of an image (pHash).

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB.

    Returns
    -------
    uint64
        One bit for each of the 8x8 lowest frequencies of the cosine transform of the image
        at 32x32: whether it is above their median. Light, size and compression change few
        bits; turning or mirroring the image changes about half of them.

    References
    ----------
    .. [1] C. Zauner, "Implementation and benchmarking of perceptual image hash functions",
       Upper Austria University of Applied Sciences, Hagenberg, 2010, section 3.2.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low)
    return np.packbits(bits).view(np.uint64)[0]


def perceptual_hashes(catalogue: pd.DataFrame, *, workers: int | None = None) -> np.ndarray:
    """Perceptual hash of every image of a catalogue.

    Parameters
    ----------
    catalogue : DataFrame
        With ``path``.
    workers : int, optional
        Threads; as many as there are processors by default.

    Returns
    -------
    ndarray of uint64, shape (n_images,)
        In the order of the catalogue.
    """

    def one(path: str) -> np.uint64:
        return perceptual_hash(read_image(path))

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        return np.fromiter(pool.map(one, catalogue["path"]), np.uint64, count=len(catalogue))


def _close_pairs(hashes: np.ndarray, max_distance: int) -> np.ndarray:
    """Rows ``first < second`` and their distance, for all pairs within ``max_distance``."""
    found, n_found = [], 0
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK, None]
        distances = np.bitwise_count(block ^ hashes[None, start:])
        first, second = np.nonzero(distances <= max_distance)
        ahead = first < second  # both count from start
        first, second = first[ahead], second[ahead]
        found.append(np.stack([first + start, second + start, distances[first, second]], axis=1))
        n_found += len(first)
        if n_found > MAX_PAIRS:
            raise ConfigError(
                f"max_distance: expected a distance that few pairs are within but "
                f"{max_distance} of {HASH_BITS} bits gives more than {MAX_PAIRS:,}; lower it"
            )
    return np.concatenate(found) if found else np.empty((0, 3), dtype=int)


def _detail(path: str) -> np.ndarray:
    """Fine structure of an image as a unit vector, for a correlation by dot product."""
    grey = cv2.cvtColor(read_image(path), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, _DETAIL_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = small - cv2.GaussianBlur(small, (0, 0), _DETAIL_SIGMA)
    fine -= fine.mean()
    return (fine / max(float(np.linalg.norm(fine)), 1e-6)).astype(np.float16).ravel()


def _similarities(paths: np.ndarray, pairs: np.ndarray, workers: int | None) -> np.ndarray:
    """Correlation of the fine structure of each pair."""
    rows = np.unique(pairs[:, :2])
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        details = dict(zip(rows, pool.map(_detail, paths[rows]), strict=True))
    dots = [np.dot(details[a].astype(np.float32), details[b]) for a, b in pairs[:, :2]]
    return np.clip(np.array(dots, dtype=float), -1, 1)


def near_duplicates(
    catalogue: pd.DataFrame, max_distance: int = 4, *, workers: int | None = None
) -> pd.DataFrame:
    """Pairs of images that look the same.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``path``.
    max_distance : int, default=4
        Differing bits, of 64, up to which a pair is listed.
    workers : int, optional
        Threads; as many as there are processors by default.

    Returns
    -------
    DataFrame
        ``image_id_a, image_id_b, distance, same_lesion, similarity``, nearest first.
        ``similarity`` in [-1, 1] is the correlation of the two images' fine structure. The
        hash sees only the coarse pattern, and a dark spot in the middle of pale skin is a
        common one: a small distance with a similarity near 0 is two lesions that are
        composed alike, one near 1 is the same picture twice.

    Raises
    ------
    ConfigError
        If ``max_distance`` is out of range, or so many pairs are within it that it says
        nothing.
    """
    if not 0 <= max_distance < HASH_BITS // 2:
        raise ConfigError(
            f"max_distance: expected bits from 0 to {HASH_BITS // 2 - 1} but got {max_distance}"
        )
    pairs = _close_pairs(perceptual_hashes(catalogue, workers=workers), max_distance)
    image_ids, lesions = (
        catalogue["image_id"].to_numpy(),
        catalogue["lesion_id"].to_numpy(),
    )
    first, second = pairs[:, 0], pairs[:, 1]
    table = pd.DataFrame(
        {
            "image_id_a": image_ids[first],
            "image_id_b": image_ids[second],
            "distance": pairs[:, 2].astype(int),
            "same_lesion": lesions[first] == lesions[second],
            "similarity": _similarities(catalogue["path"].to_numpy(), pairs, workers),
        }
    )
    return table.sort_values(["distance", "image_id_a", "image_id_b"], ignore_index=True)


def join_duplicates(catalogue: pd.DataFrame, pairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Join the lesions that share a picture into groups, which a split then keeps together.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``path``; and with ``dx`` and ``digest`` where
        pairs are looked for. Where it has groups already, such as patients, these are joined.
    pairs : DataFrame, optional
        Of `near_duplicates`; where None they are looked for once and kept in the cache folder.

    Returns
    -------
    DataFrame
        A copy with the column ``group``: the first, by name, of the lesions that are joined
        through any chain of pairs whose similarity is at least `SAME_PICTURE`. A lesion that
        shares no picture is a group by itself.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if pairs is None:
        pairs = _kept_pairs(catalogue)
    same = pairs[pairs["similarity"] >= SAME_PICTURE]
    known = catalogue["group" if "group" in catalogue else "lesion_id"]
    names, lesion = np.unique(known.to_numpy(dtype=str), return_inverse=True)
    number = pd.Series(lesion, index=catalogue["image_id"].to_numpy())
    ends = [number.loc[same[f"image_id_{side}"]].to_numpy() for side in "ab"]
    links = coo_array((np.ones(len(same)), tuple(ends)), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    _, first = np.unique(component, return_index=True)  # names are sorted, so the first is least
    return catalogue.assign(group=names[first][component[lesion]])


def keep_together(catalogue: pd.DataFrame, group_duplicates: bool = False) -> pd.DataFrame:
    """A catalogue with the groups that its splits need.

    Parameters
    ----------
    catalogue : DataFrame
        As made by `helpers.dataset.catalogue.load_catalogue`.
    group_duplicates : bool, default=False
        Whether lesions that share a picture are joined where lesions are known as well.

    Returns
    -------
    DataFrame
        After `join_duplicates` where it was asked for, and wherever the source knows no lesions:
        pictures that look the same are then all that can be kept on one side.
    """
    if group_duplicates or not catalogue.attrs.get("lesions_known", True):
        joined = join_duplicates(catalogue)
        joined.attrs = dict(catalogue.attrs)
        return joined
    return catalogue


def _kept_pairs(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Near-duplicates of a catalogue, from the cache folder where it was searched before."""
    path = cache_home() / "duplicates" / f"{fingerprint(catalogue)}.csv"
    if not path.is_file():
        with atomic_file(path) as temporary:
            near_duplicates(catalogue).to_csv(temporary, index=False)
    return pd.read_csv(path)
