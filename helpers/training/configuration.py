"""What decides a training besides its data: its configuration and the stages of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from helpers.augmentation import Augmentation, Clahe
from helpers.core import TARGETS
from helpers.models import Head, Preprocessing

_ADDED = {"batch_norms": "frozen", "least_learning_rate": 0.0, "logit_adjustment": 0.0}

Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Stage(BaseModel):
    """One stage of a training.

    Attributes
    ----------
    trainable : {"head", "all"} or int
        What learns: the head, everything, or the head and the backbone's last n layers.
    batch_norms : {"frozen", "learn"}
        Whether batch normalisations among the last n layers learn as well; see
        `helpers.models.build.set_trainable`.
    learning_rate : float
        Of Adam, at the stage's start.
    batch_size : int
        Images a step. Where memory does not hold them at once they go through the network in
        micro-batches whose gradients are averaged: the step stays the same, but for batch
        normalisations that learn, which then see the statistics of a micro-batch.
    epochs : int
        At most; early stopping may end the stage before.
    weight_decay : float
        Share of each kernel that a step takes away, times the learning rate: the decoupled
        decay of AdamW [2]_. Biases and the two parameters of normalisations have none.
    decay : {"plateau", "cosine"}
        How the learning rate falls: by a factor whenever the monitored score has stopped
        improving, or along half a cosine to nothing at the stage's last step. The second
        suits a short training from random weights: it ends with weights that hardly move, so
        that the running statistics of the batch normalisations fit them [1]_.

    References
    ----------
    .. [1] Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, equation 5, without restarts.
    .. [2] Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019,
       algorithm 2.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainable: Literal["head", "all"] | int = "head"
    batch_norms: Literal["frozen", "learn"] = "frozen"
    learning_rate: float = Field(1e-3, gt=0)
    batch_size: int = Field(64, ge=1)
    epochs: int = Field(10, ge=1)
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False)
    decay: Literal["plateau", "cosine"] = "plateau"


class TrialConfig(BaseModel):
    """All that decides a training, besides its data.

    Attributes
    ----------
    name : str
        What tables and pictures call it. Not part of the hash.
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.
    image_size : tuple of int
        (height, width) in pixels.
    weights : {"imagenet", "none"}
        Where the backbone starts.
    weights_dir : str or None
        Folder of Keras' weight files. Not part of the hash: the files are Keras' own.
    start : str, tuple of str or None
        Key of a finished trial of the same network, whose weights this one begins with; `weights`
        then has no say. Pictures may be larger than they were there: a network that has learnt
        on small ones needs few epochs more on large ones [1]_. Of several keys, the mean of
        their weights: trainings that began with the same weights and differ in their seeds lie
        close enough together for that to be better than any of them, as a rule [2]_.
    head, dropout
        See `helpers.models.build.build_model`.
    augmentation : Augmentation
        Of the training images.
    stages : tuple of Stage
        One after the other, each from the best epoch so far.
    target : {"diagnosis", "malignant"}
        What the model tells apart: the seven diagnoses, or benign and malignant ones. Its
        classes are `classes`.
    preprocessing : {"caffe", "tf", "lite", "inside", "torch", "unit", "twice", "raw"} or None
        What is put before the backbone in place of its own; see
        `helpers.models.backbones.preprocess`.
    clahe : Clahe or None
        Equalisation of the images' contrast; part of the image store.
    loss : {"cross_entropy", "focal"}
        What is minimised; see `training.losses.make_loss`. ``val_loss`` is the cross-entropy in
        either case, so that trials can be compared by it.
    focal_gamma, focal_alpha : float
        Of the focal loss.
    logit_adjustment : float
        Of the cross-entropy: how far a training pays for the classes' frequencies, from 0 (not
        at all) to 1 (wholly); see `training.losses.make_loss`.
    class_weight : {"none", "sqrt", "balanced"} or dict of str to float
        Weight of an image by its class: 1, or (n_samples / (n_classes * class count)) to the
        power 1/2 or 1, or as told class by class; classes that are not named weigh 1.
    monitor : {"val_loss", "val_accuracy", "val_balanced_accuracy", "val_top_3_accuracy"}
        What picks the best epoch, stops early and lowers the learning rate.
    early_stopping_patience, reduce_lr_patience : int
        Epochs without a better `monitor` before the stage ends, or the rate is lowered.
    reduce_lr_factor : float
        What the learning rate is multiplied by then.
    least_learning_rate : float
        Below which it is never lowered.
    batch_norm_momentum : float or None
        See `helpers.models.build.build_model`.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        Keras' dtype policy. The mixed ones compute in 16 bits and keep the weights in 32,
        which is faster on GPUs since Volta (float16) and Ampere (bfloat16), and not on CPUs.
    seed : int
        Of weights, order, augmentation and dropout.

    References
    ----------
    .. [1] Touvron et al., "Fixing the train-test resolution discrepancy", NeurIPS 2019.
    .. [2] Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models
       improves accuracy without increasing inference time", ICML 2022.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    backbone: str
    image_size: tuple[int, int]
    weights: Literal["imagenet", "none"] = "none"
    weights_dir: str | None = None
    start: str | tuple[str, ...] | None = None
    head: Head = "linear"
    dropout: float = Field(0.0, ge=0, lt=1)
    augmentation: Augmentation = Augmentation()
    stages: tuple[Stage, ...] = Field(min_length=1)
    target: Literal["diagnosis", "malignant"] = "diagnosis"
    preprocessing: Preprocessing | None = None
    clahe: Clahe | None = None
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = Field(2.0, ge=0, allow_inf_nan=False)
    focal_alpha: float = Field(0.25, gt=0, allow_inf_nan=False)
    logit_adjustment: float = Field(0.0, ge=0, allow_inf_nan=False)
    class_weight: Literal["none", "sqrt", "balanced"] | dict[str, Weight] = "none"
    monitor: Literal["val_loss", "val_accuracy", "val_balanced_accuracy", "val_top_3_accuracy"] = (
        "val_loss"
    )
    early_stopping_patience: int = Field(5, ge=1)
    reduce_lr_patience: int = Field(3, ge=1)
    reduce_lr_factor: float = Field(0.5, gt=0, lt=1)
    least_learning_rate: float = Field(0.0, ge=0, allow_inf_nan=False)
    batch_norm_momentum: float | None = Field(None, gt=0, lt=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _classes_of_the_target(self) -> Self:
        if isinstance(self.class_weight, dict):
            unknown = [name for name in self.class_weight if name not in self.classes]
            if unknown:
                raise ValueError(
                    f"class_weight: expected classes of the target {self.target!r} "
                    f"({', '.join(self.classes)}), got {', '.join(unknown)}; name those, or "
                    "choose the other target"
                )
        return self

    @model_validator(mode="after")
    def _adjusts_the_cross_entropy(self) -> Self:
        if self.logit_adjustment and self.loss != "cross_entropy":
            raise ValueError(
                f"logit_adjustment: expected the loss 'cross_entropy', got {self.loss!r}; the "
                "focal loss has no such form: leave one of the two out"
            )
        return self

    @property
    def starts(self) -> tuple[str, ...]:
        """Keys of the trials that it begins with."""
        return (self.start,) if isinstance(self.start, str) else self.start or ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the target's classes, in the order of the model's probabilities."""
        return TARGETS[self.target]

    def hashed(self) -> dict[str, Any]:
        """What names a training, as JSON: all fields that decide it.

        A field that was added after trials had been trained is left out where it has the value
        that they were trained with, so that they keep their names.
        """
        fields = self.model_dump(mode="json", exclude={"name", "weights_dir"})
        for part in (fields, *fields["stages"]):
            for name, earlier in _ADDED.items():
                if part.get(name) == earlier:
                    del part[name]
        return fields

    @property
    def epochs(self) -> int:
        """Most epochs that the stages can take together."""
        return sum(stage.epochs for stage in self.stages)
