"""What a profile changes in the published systems so that they are small."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from helpers.augmentation import Augmentation
from helpers.models import BACKBONES
from helpers.training import TrialConfig


class SmallSystems(BaseModel):
    """What a profile changes in every preset so that it is small; the defaults change nothing.

    Attributes
    ----------
    backbone : str or None
        In place of the preset's.
    weights : {"imagenet", "none"} or None
        What the backbone starts from, in place of the preset's.
    image_size : tuple of int or None
        (height, width) in pixels, in place of the preset's.
    head_only : bool
        Whether only the head learns: the first stage alone, behind a frozen backbone. With
        ``augmented: false`` the backbone then sees each image once.
    augmented : bool
        Whether training images are augmented, where the preset does so.
    epochs : int or None
        At most so many of a stage.
    folds : int or None
        At most so many.
    views : bool
        Whether predictions are averaged over views, where the preset does so.
    compared : "all" or list of str
        Presets that chapter 11 trains for its table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str | None = None
    weights: Literal["imagenet", "none"] | None = None
    image_size: tuple[int, int] | None = None
    head_only: bool = False
    augmented: bool = True
    epochs: int | None = Field(None, ge=1)
    folds: int | None = Field(None, ge=2)
    views: bool = True
    compared: Literal["all"] | tuple[str, ...] = "all"

    @model_validator(mode="after")
    def _known_backbone(self) -> Self:
        if self.backbone is not None and self.backbone not in BACKBONES:
            raise ValueError(
                f"backbone: expected one of {', '.join(BACKBONES)}, got {self.backbone!r}"
            )
        return self

    def applied_to(self, config: TrialConfig) -> TrialConfig:
        """A configuration with these changes."""
        changes: dict[str, Any] = {}
        if self.backbone is not None:
            changes["backbone"] = self.backbone
        if self.weights is not None:
            changes["weights"] = self.weights
        if self.image_size is not None:
            changes["image_size"] = self.image_size
        if not self.augmented:
            changes["augmentation"] = Augmentation()
        stages = config.stages
        if self.head_only:
            stages = (stages[0].model_copy(update={"trainable": "head"}),)
        if self.epochs is not None:
            most = self.epochs
            stages = tuple(s.model_copy(update={"epochs": min(most, s.epochs)}) for s in stages)
        return config.model_copy(update=changes | {"stages": stages})
