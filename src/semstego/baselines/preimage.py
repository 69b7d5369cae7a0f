# SPDX-License-Identifier: Apache-2.0
"""The shipped network of Adaptive BCH, which estimates what entered a JPEG channel from what left it; needs torch."""

from functools import lru_cache
from importlib import resources
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from semstego.networks.preimage import PreimageNetwork

FORMAT: Final = "semstego preimage of a JPEG channel 1"
"""What the weights file calls itself."""


def estimate(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Luminance before the channel from that behind it, both less 128, (rows, columns, 8, 8) pixels [grey levels]."""
    rows, columns, side, _ = blocks.shape
    plane = blocks.swapaxes(1, 2).reshape(1, 1, rows * side, columns * side)
    with torch.inference_mode():
        found: NDArray[np.float32] = _network()(torch.from_numpy(plane.astype(np.float32)))[0, 0].numpy()
    return found.astype(np.float64).reshape(rows, side, columns, side).swapaxes(1, 2)


@lru_cache
def _network() -> PreimageNetwork:
    network = PreimageNetwork()
    with resources.as_file(resources.files("semstego") / "weights" / "preimage.safetensors") as path:
        network.load_state_dict(load_file(path))
    return network.eval()
