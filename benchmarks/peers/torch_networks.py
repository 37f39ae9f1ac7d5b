"""The same networks in torch: layer by layer those of this project, with as many parameters.

They are written as a user of torch would: convolutions of stride 2 are padded alike on all sides,
where TensorFlow pads below and on the right alone. The sizes and the work are the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

CAFFE_MEANS = (103.939, 116.779, 123.68)
RESNET_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class _Network(nn.Module):
    """A network that notes its layers in the order in which Keras counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[nn.Module | None] = []  # None for an addition, a layer in Keras

    def note(self, layer: Any) -> Any:
        """Count a layer, and give it back."""
        self.order.append(layer)
        return layer

    def learn(self, trainable: str | int) -> None:
        """Choose what learns, as `helpers.models.set_trainable` does: all, or the last n layers.

        In the latter case batch normalisations are frozen: they neither learn nor count.
        """
        last = len(self.order) if trainable == "all" else int(trainable)
        self.train()
        for place, layer in enumerate(self.order):
            if layer is None:
                continue
            frozen = isinstance(layer, nn.BatchNorm2d) and trainable != "all"
            layer.requires_grad_(place >= len(self.order) - last and not frozen)
            if frozen:
                layer.eval()


class _Bottleneck(nn.Module):
    def __init__(self, net: _Network, width_in: int, width: int, stride: int, first: bool) -> None:
        super().__init__()
        self.shortcut = None
        if first:
            conv = net.note(nn.Conv2d(width_in, 4 * width, 1, stride))
            self.shortcut = nn.Sequential(conv, net.note(nn.BatchNorm2d(4 * width, eps=1.001e-5)))
        layers: list[nn.Module] = []
        for n_in, n_out, kernel, step in (
            (width_in, width, 1, stride), (width, width, 3, 1), (width, 4 * width, 1, 1),
        ):  # fmt: skip
            layers.append(net.note(nn.Conv2d(n_in, n_out, kernel, step, kernel // 2)))
            layers.append(net.note(nn.BatchNorm2d(n_out, eps=1.001e-5)))
            layers.append(nn.ReLU(inplace=True))
        self.body = nn.Sequential(*layers[:-1])
        self.last = layers[-1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return self.last(self.body(x) + shortcut)


class ResNet50(_Network):
    """ResNet50 as Keras has it: biases in its convolutions, stride in the first of a block."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            self.note(nn.Conv2d(3, 64, 7, 2, 3)),
            self.note(nn.BatchNorm2d(64, eps=1.001e-5)),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        blocks, width_in = [], 64
        for width, n_blocks, stride in RESNET_STAGES:
            for block in range(n_blocks):
                step = stride if block == 0 else 1
                blocks.append(_Bottleneck(self, width_in, width, step, block == 0))
                width_in = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width_in, n_classes)
        self.register_buffer("means", torch.tensor(CAFFE_MEANS).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels in 0..255, channels first, to logits."""
        x = self.blocks(self.stem(pixels.flip(1) - self.means))
        return self.head(x.mean((2, 3)))


class _Inverted(nn.Module):
    """An inverted bottleneck, with the names that the weights file has."""

    def __init__(
        self, net: _Network, n_in: int, n_out: int, kernel: int, stride: int, expansion: int,
        add: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        wide, self.add, self.expands = n_in * expansion, add, expansion > 1
        if self.expands:
            self._expand_conv = net.note(nn.Conv2d(n_in, wide, 1, bias=False))
            self._bn0 = net.note(nn.BatchNorm2d(wide, eps=net.epsilon))
            self._relu0 = net.note(nn.ReLU6(inplace=True))
        self._depthwise_conv = net.note(
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False)
        )
        self._bn1 = net.note(nn.BatchNorm2d(wide, eps=net.epsilon))
        self._relu1 = net.note(nn.ReLU6(inplace=True))
        self._project_conv = net.note(nn.Conv2d(wide, n_out, 1, bias=False))
        self._bn2 = net.note(nn.BatchNorm2d(n_out, eps=net.epsilon))
        if add:
            net.note(None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self._relu0(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self._relu1(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.add else y


class EfficientNetLite0(_Network):
    """EfficientNet-Lite0 from the table of its stages (`helpers.models.efficientnet_lite`)."""

    def __init__(self, n_classes: int, table: dict[str, Any]) -> None:
        super().__init__()
        self.epsilon = table["epsilon"]
        stem, top = table["stem"], table["top"]
        self._conv_stem = self.note(nn.Conv2d(3, stem, 3, 2, 1, bias=False))
        self._bn0 = self.note(nn.BatchNorm2d(stem, eps=self.epsilon))
        self._relu0 = self.note(nn.ReLU6(inplace=True))
        blocks, n_in = [], stem
        for kernel, stride, expansion, n_out, n_blocks in table["stages"]:
            for block in range(n_blocks):
                step, add = (stride, False) if block == 0 else (1, True)
                blocks.append(_Inverted(self, n_in, n_out, kernel, step, expansion, add))
                n_in = n_out
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = self.note(nn.Conv2d(n_in, top, 1, bias=False))
        self._bn1 = self.note(nn.BatchNorm2d(top, eps=self.epsilon))
        self._relu1 = self.note(nn.ReLU6(inplace=True))
        self.head = nn.Linear(top, n_classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels in 0..255, channels first, to logits."""
        x = self._relu0(self._bn0(self._conv_stem((pixels - 127) / 128)))
        x = self._relu1(self._bn1(self._conv_head(self._blocks(x))))
        return self.head(x.mean((2, 3)))


def build(settings: dict[str, Any]) -> _Network:
    """The network that the settings of `benchmarks.training_peer` name, ready to train."""
    if settings["backbone"] == "ResNet50":
        network: _Network = ResNet50(settings["n_classes"])
    else:
        network = EfficientNetLite0(settings["n_classes"], settings["table"])
    if settings["weights_file"]:
        state = torch.load(settings["weights_file"], map_location="cpu", weights_only=True)
        left = network.load_state_dict(state, strict=False)
        own = [name for name in left.missing_keys if not name.startswith("head.")]
        if own:
            raise ValueError(f"{settings['weights_file']}: expected weights of {own[0]}")
    network.learn(settings["trainable"])
    return network
