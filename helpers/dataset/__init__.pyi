from .catalogue import fingerprint, load_catalogue, subset
from .decoding import decode_whole, ends_in_filler, read_image, read_mask
from .duplicates import SAME_PICTURE, near_duplicates, perceptual_hash
from .fetch import fetch_ham10000
from .folds import fold_catalogues, screening_split, undersample
from .image_store import ImageStore, open_store, prepare_image, resize_image
from .integrity import integrity_report, is_whole_ham10000
from .layout import Entry, Layout, list_images, list_layout
from .masking import hide_background, masked_catalogue, resize_mask
from .metadata import AGE_RANGE, METADATA_COLUMNS, metadata_schema, name_some, read_metadata
from .mirrors import TEST_IMAGES, TEST_TRUTH
from .sources import Source, open_source
from .splits import SPLITS, assert_grouped, leakage, published_split_counts, split_catalogue
from .truth_tables import (
    CHALLENGE_CLASSES,
    CHALLENGE_COLUMNS,
    TruthTable,
    image_name,
    read_truth,
    weighted_rows,
)

__all__ = [
    "AGE_RANGE",
    "CHALLENGE_CLASSES",
    "CHALLENGE_COLUMNS",
    "METADATA_COLUMNS",
    "SAME_PICTURE",
    "SPLITS",
    "TEST_IMAGES",
    "TEST_TRUTH",
    "Entry",
    "ImageStore",
    "Layout",
    "Source",
    "TruthTable",
    "assert_grouped",
    "decode_whole",
    "ends_in_filler",
    "fetch_ham10000",
    "fingerprint",
    "fold_catalogues",
    "hide_background",
    "image_name",
    "integrity_report",
    "is_whole_ham10000",
    "leakage",
    "list_images",
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
    "read_truth",
    "resize_image",
    "resize_mask",
    "screening_split",
    "split_catalogue",
    "subset",
    "undersample",
    "weighted_rows",
]
