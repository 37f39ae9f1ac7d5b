from .affine import BORDERS, affine_matrix, apply_transform, augment_batch
from .clahe import Clahe, equalise
from .colour import colour_matrix
from .cutout import cutout_box
from .draws import Transform, draw_transform
from .on_device import augmented_network, augments_on_device, draw_matrices
from .settings import Augmentation

__all__ = [
    "BORDERS",
    "Augmentation",
    "Clahe",
    "Transform",
    "affine_matrix",
    "apply_transform",
    "augment_batch",
    "augmented_network",
    "augments_on_device",
    "colour_matrix",
    "cutout_box",
    "draw_matrices",
    "draw_transform",
    "equalise",
]
