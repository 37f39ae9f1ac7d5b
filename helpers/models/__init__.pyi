from .backbones import (
    BACKBONES,
    CAFFE_MEANS,
    TORCH_DEVIATIONS,
    TORCH_MEANS,
    Preprocessing,
    find_backbone,
    load_builder,
    preprocess,
)
from .backends import (
    backend_name,
    choose_backend,
    compiles,
    import_keras,
    seed_epoch,
    seed_everything,
    spread,
)
from .batch_norm_folding import fold_batch_norms, folded_calls
from .build import (
    HEADS,
    SECOND_DROPOUT,
    Head,
    add_head,
    build_body,
    build_model,
    head_of,
    is_flat,
    set_trainable,
)
from .fast_layers import fast_layers
from .forward import AT_ONCE, Forward, predict
from .loading import load_model
from .optimizers import make_adam
from .starting import build_backbone, start_from

__all__ = [
    "AT_ONCE",
    "BACKBONES",
    "CAFFE_MEANS",
    "HEADS",
    "SECOND_DROPOUT",
    "TORCH_DEVIATIONS",
    "TORCH_MEANS",
    "Forward",
    "Head",
    "Preprocessing",
    "add_head",
    "backend_name",
    "build_backbone",
    "build_body",
    "build_model",
    "choose_backend",
    "compiles",
    "fast_layers",
    "find_backbone",
    "fold_batch_norms",
    "folded_calls",
    "head_of",
    "import_keras",
    "is_flat",
    "load_builder",
    "load_model",
    "make_adam",
    "predict",
    "preprocess",
    "seed_epoch",
    "seed_everything",
    "set_trainable",
    "spread",
    "start_from",
]
