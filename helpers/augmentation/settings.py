"""The settings of an augmentation: ranges from which each image's transformation is drawn.

They have the names and units of Keras' ``ImageDataGenerator``, so that a published recipe can be
typed in as it stands.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Augmentation(BaseModel):
    """Ranges from which each image's transformation is drawn; the default changes nothing.

    Attributes
    ----------
    rotation_range : float
        Degrees; the angle is uniform in [-rotation_range, rotation_range].
    width_shift_range, height_shift_range : float
        Fraction of the width or height, uniform in both directions.
    shear_range : float
        Degrees, uniform in both directions.
    zoom_range : float
        Height and width are scaled apart, each by a factor uniform in [1 - z, 1 + z]; a factor
        above 1 shows more of the scene, as in Keras.
    horizontal_flip, vertical_flip : bool
        Flip with probability one half.
    crop_range : float
        A part of the image takes the place of the whole. Its sides are the image's times a
        number uniform in [1 - crop_range, 1], and it lies anywhere wholly inside. What else is
        done is done to this part; where that looks beyond it, it sees the image around it.
    brightness_range, contrast_range, saturation_range : float
        Each factor is uniform in [1 - r, 1 + r]; see `helpers.augmentation.colour.colour_matrix`.
    hue_range : float
        Degrees, uniform in both directions.
    cutout : float
        Side of a square that is hidden last of all, as a share of the image's shorter side; see
        `helpers.augmentation.cutout.cutout_box`.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What fills the places outside the image; "constant" fills black.

    References
    ----------
    .. [1] ``ImageDataGenerator``, https://keras.io/api/data_loading/image/, which has neither
       crops nor cutout, and whose changes of colour are others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rotation_range: float = Field(0.0, ge=0, le=180)
    width_shift_range: float = Field(0.0, ge=0, lt=1)
    height_shift_range: float = Field(0.0, ge=0, lt=1)
    shear_range: float = Field(0.0, ge=0, lt=90)
    zoom_range: float = Field(0.0, ge=0, lt=1)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    crop_range: float = Field(0.0, ge=0, lt=1)
    brightness_range: float = Field(0.0, ge=0, lt=1)
    contrast_range: float = Field(0.0, ge=0, lt=1)
    saturation_range: float = Field(0.0, ge=0, le=1)
    hue_range: float = Field(0.0, ge=0, le=180)
    cutout: float = Field(0.0, ge=0, lt=1)
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"

    @property
    def is_identity(self) -> bool:
        """Whether no image is changed."""
        return self == Augmentation(fill_mode=self.fill_mode)

    @property
    def colour_ranges(self) -> tuple[float, float, float, float]:
        """Of brightness, contrast, saturation and hue; all 0 where no colour changes."""
        return (
            self.brightness_range,
            self.contrast_range,
            self.saturation_range,
            self.hue_range,
        )
