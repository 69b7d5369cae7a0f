# SPDX-License-Identifier: Apache-2.0
"""Example pictures of a training, one grid an epoch, because figures do not show what an artefact looks like."""

import torch
from torch import Tensor

COUNT = 8  # pictures side by side
AMPLIFIED = 20  # factor on differences, so that one or two grey levels can be seen


def grid(rows: list[Tensor]) -> Tensor:
    """Put rows of pictures one below the other.

    Args:
        rows: Of one length, float pictures ``(n, c, h, w)`` in [0, 1], grey or RGB, of any size.

    Returns:
        uint8 ``(height, width, 3)``; smaller pictures lie in the middle of white cells.
    """
    height, width = (max(row.shape[side] for row in rows) + 2 for side in (2, 3))
    lines = []
    for row in rows:
        cells = torch.ones(len(row), 3, height, width)
        top, left = (height - row.shape[2]) // 2, (width - row.shape[3]) // 2
        cells[:, :, top : top + row.shape[2], left : left + row.shape[3]] = row.float().cpu()
        lines.append(torch.cat(list(cells), 2))
    return (torch.cat(lines, 1).clamp(0, 1) * 255).round().byte().permute(1, 2, 0)


def amplified(one: Tensor, other: Tensor) -> Tensor:
    """The difference of pictures in [0, 1], times 20, with mid-grey for none; same shape, not clamped."""
    return 0.5 + AMPLIFIED * (one - other)
