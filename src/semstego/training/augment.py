# SPDX-License-Identifier: Apache-2.0
"""Random changes of training pictures, a whole batch at once on its device."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from semstego.training.config import Settings, Share


class Augmentation(Settings):
    """The largest random changes of a picture; 0 makes no change."""

    flip: bool = False
    """Mirror left and right, with probability 1/2."""
    shift: Share = 0.0
    """Shift by up to this share of the side, in either direction."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Enlarge by a factor between 1 - scale and 1 + scale."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Turn by up to so many degrees, in either direction."""
    brightness: Share = 0.0
    """Add or subtract up to this, of pictures in [0, 1]."""
    contrast: Share = 0.0
    """Multiply the difference to the picture's mean by a factor between 1 - contrast and 1 + contrast."""
    colour: Share = 0.0
    """Multiply each channel by a factor of its own between 1 - colour and 1 + colour."""


def augment(pictures: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Change each picture at random; places that come into view repeat the border.

    Args:
        pictures: Float RGB ``(b, 3, h, w)`` in [0, 1].
        settings: The largest changes.
        generator: Source of everything that is random, on the pictures' device.

    Returns:
        Pictures of the same shape, in [0, 1].
    """
    return _photometric(_geometric(pictures, settings, generator), settings, generator)


def _geometric(pictures: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Rotation, scale, shift and flip in one resampling."""
    if not (settings.flip or settings.shift or settings.scale or settings.rotation):
        return pictures
    angle, scale, across, down = _uniform(pictures, 4, generator)
    angle, scale = angle * math.radians(settings.rotation), 1 / (1 + scale * settings.scale)
    mirror = torch.ones_like(angle)
    if settings.flip:
        mirror = torch.where(_uniform(pictures, 1, generator)[0] < 0, -1.0, 1.0)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [
        torch.stack([cosine * mirror, -sine, 2 * across * settings.shift], 1),
        torch.stack([sine * mirror, cosine, 2 * down * settings.shift], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _photometric(pictures: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    if not (settings.brightness or settings.contrast or settings.colour):
        return pictures
    drawn = _uniform(pictures, 5, generator)[:, :, None, None, None]
    mean = pictures.mean((1, 2, 3), keepdim=True)
    colour = 1 + settings.colour * drawn[2:].squeeze(2).permute(1, 0, 2, 3)
    changed = (pictures - mean) * (1 + settings.contrast * drawn[0]) + mean + settings.brightness * drawn[1]
    return (changed * colour).clamp(0, 1)


def _uniform(pictures: Tensor, rows: int, generator: torch.Generator) -> Tensor:
    """Uniform numbers in [-1, 1), ``(rows, b)``."""
    return torch.rand(rows, len(pictures), generator=generator, device=pictures.device) * 2 - 1
