from .catalogue import fingerprint, load_catalogue, subset
from .decoding import ends_in_filler, read_image, read_mask
from .duplicates import SAME_PICTURE, join_duplicates, near_duplicates, perceptual_hash
from .fetch import fetch_ham10000
from .folds import fold_catalogues, screening_split, undersample
from .image_store import ImageStore, open_store, prepare_image, resize_image
from .integrity import integrity_report, is_whole_ham10000
from .layout import list_layout
from .masking import hide_background, masked_catalogue, resize_mask
from .metadata import AGE_RANGE, METADATA_COLUMNS, metadata_schema, name_some, read_metadata
from .sources import Source, open_source
from .split_files import check_new, read_split, split_path, write_split
from .splits import (
    DEFAULT_FRACTIONS,
    SPLITS,
    assert_grouped,
    leakage,
    published_split_counts,
    reunite,
    split_catalogue,
)

__all__ = [
    "AGE_RANGE",
    "DEFAULT_FRACTIONS",
    "METADATA_COLUMNS",
    "SAME_PICTURE",
    "SPLITS",
    "ImageStore",
    "Source",
    "assert_grouped",
    "check_new",
    "ends_in_filler",
    "fetch_ham10000",
    "fingerprint",
    "fold_catalogues",
    "hide_background",
    "integrity_report",
    "is_whole_ham10000",
    "join_duplicates",
    "leakage",
    "list_layout",
    "load_catalogue",
    "masked_catalogue",
    "metadata_schema",
    "name_some",
    "near_duplicates",
    "open_source",
    "open_store",
    "perceptual_hash",
    "prepare_image",
    "published_split_counts",
    "read_image",
    "read_mask",
    "read_metadata",
    "read_split",
    "resize_image",
    "resize_mask",
    "reunite",
    "screening_split",
    "split_catalogue",
    "split_path",
    "subset",
    "undersample",
    "write_split",
]
