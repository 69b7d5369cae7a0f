# SPDX-License-Identifier: Apache-2.0
"""Which cells and anchors of the detector's maps shall find which box: targets of a training.

A box is for every anchor whose width and height differ from its own by a factor below 4. It is found by the cell that
its middle lies in and by the neighbours that the middle is close to: the one to the left if it lies in the left half of
its cell, else the one to the right, and the one above or below alike. Those are the cells that can reach it, for a
cell's boxes have middles up to half a cell outside of it. A middle in the very middle of its cell is close to neither.

Differs from the published rule, frac(x) < 0.5 and its mirror image frac(width - x) < 0.5, in one case: of a middle on
the border of two cells both are true, but the cell on the right cannot reach it; here only the left one is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from semstego.datasets.scenes import NO_OBJECT

MOST_RATIO = 4.0  # of sides of a box and its anchor: what a network's sizes, (2 sigmoid)^2 anchors, can reach


@dataclass(frozen=True)
class Targets:
    """The boxes of a batch.

    Attributes:
        boxes: Left, top, right, bottom [pixels], float ``(n, 4)``, within their pictures.
        classes: int64 ``(n,)``.
        pictures: Which picture of the batch each is in, int64 ``(n,)``.
    """

    boxes: Tensor
    classes: Tensor
    pictures: Tensor


@dataclass(frozen=True)
class Matches:
    """What cells and anchors of one map shall find; one cell and anchor may be given several boxes.

    Attributes:
        pictures: Of the batch, int64 ``(m,)``.
        anchors: Which of the map's, int64 ``(m,)``.
        rows: int64 ``(m,)``.
        columns: int64 ``(m,)``.
        targets: Which target, int64 ``(m,)``.
    """

    pictures: Tensor
    anchors: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor

    def __len__(self) -> int:
        """Number of matches."""
        return len(self.targets)


def targets_of(rows: Tensor) -> Targets:
    """Objects ``(b, m, 6)`` as in :class:`semstego.datasets.scenes.Scenes`, difficult ones too, as targets."""
    pictures, places = (rows[..., 0] != NO_OBJECT).nonzero(as_tuple=True)
    found = rows[pictures, places]
    return Targets(found[:, 1:5], found[:, 0].long(), pictures)


def assign(
    targets: Targets,
    anchors: Tensor,
    *,
    stride: int,
    height: int,
    width: int,
    most_ratio: float = MOST_RATIO,
) -> Matches:
    """The matches of one map.

    Args:
        targets: Of the batch.
        anchors: Width and height of each anchor of the map [pixels], ``(a, 2)``.
        stride: Pixels from cell to cell.
        height: Rows of cells.
        width: Columns of cells.
        most_ratio: A side of a box and that of its anchor differ by a factor below this.

    Returns:
        All matches: first every box's own cell, then neighbours left, above, right, below.
    """
    sizes = targets.boxes[:, 2:] - targets.boxes[:, :2]
    ratios = sizes[:, None] / anchors
    target, anchor = (torch.maximum(ratios, 1 / ratios).amax(2) < most_ratio).nonzero(as_tuple=True)
    cells = torch.tensor([width, height], device=target.device)
    middles = (targets.boxes[target, :2] + targets.boxes[target, 2:]) / 2 / stride
    found = list(_reached(middles.clamp(min=0).minimum(cells), cells))
    which = torch.cat([chosen for chosen, _ in found])
    places = torch.cat([place for _, place in found])
    target, anchor = target[which], anchor[which]
    return Matches(targets.pictures[target], anchor, places[:, 1], places[:, 0], target)


def _reached(middles: Tensor, cells: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Each group of cells: which middles, int64 ``(k,)``, and their columns and rows, int64 ``(k, 2)``.

    Args:
        middles: Columns and rows, fractions included, ``(m, 2)``, from 0 to ``cells``.
        cells: Number of columns and rows, ``(2,)``.
    """
    whole = middles.floor()
    own = whole.long().minimum(cells - 1)
    yield torch.arange(len(middles), device=middles.device), own
    before = (middles - whole < 0.5) & (middles > 1)
    after = (middles - whole > 0.5) & (middles < cells - 1)
    for close, step in ((before, -1), (after, 1)):
        for axis in (0, 1):
            chosen = close[:, axis].nonzero()[:, 0]
            places = own[chosen].clone()
            places[:, axis] += step
            yield chosen, places
