"""How a picture is changed before a network sees it: affine, colours, cutout, equalisation."""

from __future__ import annotations

from helpers.augmentation.affine import affine_matrix, apply_transform, augment_batch
from helpers.augmentation.clahe import Clahe, equalise
from helpers.augmentation.colour import colour_matrix
from helpers.augmentation.cutout import cutout_box
from helpers.augmentation.draws import Transform, draw_transform
from helpers.augmentation.on_device import augmented_network, augments_on_device, draw_matrices
from helpers.augmentation.settings import Augmentation

__all__ = [
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
