"""A file of a backbone's weights, in the shape in which Keras offers it for download."""

from __future__ import annotations

from pathlib import Path

from helpers.models.backbones import find_backbone, load_builder


def write_weights(folder: Path, backbone: str = "EfficientNetB0") -> Path:
    """Put random weights into `folder` under the name of the backbone's ImageNet file."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    entry = find_backbone(backbone)
    model = load_builder(entry)(include_top=False, weights=None, input_shape=(32, 32, 3))
    with h5py.File(folder / entry.weights_file, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return folder
