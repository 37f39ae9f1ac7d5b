from .catalogue import fingerprint, load_catalogue, subset
from .class_sets import check_classes, needed_classes
from .decoding import read_image, read_mask
from .duplicates import (
    SAME_PICTURE,
    join_duplicates,
    keep_together,
    near_duplicates,
    perceptual_hash,
)
from .fetch import fetch_ham10000
from .folds import fold_catalogues, screening_split, undersample
from .image_store import (
    ImageStore,
    adopt_store,
    has_store,
    open_store,
    prepare_image,
    resize_image,
    store_record,
)
from .integrity import integrity_report, is_whole_ham10000
from .jpeg import jpeg_structure
from .layout import Layout, list_images, list_layout
from .mapping import draft_mapping
from .masking import hide_background, masked_catalogue, resize_mask
from .metadata import AGE_RANGE, METADATA_COLUMNS, metadata_schema
from .mirrors import TEST_IMAGES, TEST_TRUTH
from .pictures import (
    ACCEPTED,
    BOMBS,
    BROKEN,
    KINDS,
    DamagedError,
    decode_picture,
    develop,
    orientation_of,
)
from .reading import find_tables
from .sources import Source, find_folder, open_source, read_source
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
from .truth_tables import (
    CHALLENGE_CLASSES,
    CHALLENGE_COLUMNS,
    TruthTable,
    image_name,
    read_truth,
    weighted_rows,
)
from .walking import Entry

__all__ = [
    "ACCEPTED",
    "AGE_RANGE",
    "BOMBS",
    "BROKEN",
    "CHALLENGE_CLASSES",
    "CHALLENGE_COLUMNS",
    "DEFAULT_FRACTIONS",
    "KINDS",
    "METADATA_COLUMNS",
    "SAME_PICTURE",
    "SPLITS",
    "TEST_IMAGES",
    "TEST_TRUTH",
    "DamagedError",
    "Entry",
    "ImageStore",
    "Layout",
    "Source",
    "TruthTable",
    "adopt_store",
    "assert_grouped",
    "check_classes",
    "check_new",
    "decode_picture",
    "develop",
    "draft_mapping",
    "fetch_ham10000",
    "find_folder",
    "find_tables",
    "fingerprint",
    "fold_catalogues",
    "has_store",
    "hide_background",
    "image_name",
    "integrity_report",
    "is_whole_ham10000",
    "join_duplicates",
    "jpeg_structure",
    "keep_together",
    "leakage",
    "list_images",
    "list_layout",
    "load_catalogue",
    "masked_catalogue",
    "metadata_schema",
    "near_duplicates",
    "needed_classes",
    "open_source",
    "open_store",
    "orientation_of",
    "perceptual_hash",
    "prepare_image",
    "published_split_counts",
    "read_image",
    "read_mask",
    "read_source",
    "read_split",
    "read_truth",
    "resize_image",
    "resize_mask",
    "reunite",
    "screening_split",
    "split_catalogue",
    "split_path",
    "store_record",
    "subset",
    "undersample",
    "weighted_rows",
    "write_split",
]
