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
    """How far pictures are changed; zero is not at all."""

    flip: bool = False
    """Left and right, every other picture."""
    shift: Share = 0.0
    """Up to this share of the side, either way."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Between 1 - scale and 1 + scale."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Up to so many degrees, either way."""
    brightness: Share = 0.0
    """Add up to this, either way."""
    contrast: Share = 0.0
    """Between 1 - contrast and 1 + contrast about the picture's mean."""
    colour: Share = 0.0
    """Each channel between 1 - colour and 1 + colour."""


def augment(pictures: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Changed pictures of the same shape ``(b, c, h, w)``, still in [0, 1]; what comes into view repeats the border."""
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
