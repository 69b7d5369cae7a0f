# SPDX-License-Identifier: Apache-2.0
"""Pictures as networks take them: uint8 becomes float RGB in [0, 1], channels last in memory."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_float(pictures: Tensor) -> Tensor:
    """uint8 ``(b, c, h, w)``, grey or RGB, to float RGB in [0, 1], channels last in memory."""
    colour = pictures.expand(-1, 3, -1, -1)
    return (colour.float() / 255).contiguous(memory_format=torch.channels_last)


def batch(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 ``(b, h, w, c)`` to float RGB ``(b, 3, h, w)`` in [0, 1]."""
    return as_float(torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2))
