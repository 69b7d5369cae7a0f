# SPDX-License-Identifier: Apache-2.0
"""A codec fitted to a task: what eq. 3 buys, what it costs, and that the codec stays closed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from semstego.codecs.block.basis import BlockBasis
from semstego.codecs.block.codec import BlockCodec
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ConfigError
from semstego.losses.semantic import PICTURE_WEIGHT
from semstego.training import loop
from semstego.training.basis import TaskCodecPlan, trained_basis
from semstego.training.config import read_config

CONFIG = Path(__file__).parents[3] / "configs" / "task-codec.yaml"


class Stripes:
    """A task that looks at one thing only: is the left or the right column of a pair of columns the lighter one?"""

    def __init__(self):
        self.pattern = torch.tensor([1.0, -1.0]).repeat(16)

    def task_loss(self, picture, target):
        return torch.nn.functional.softplus(-self._margin(picture) * (2.0 * target - 1)).mean()

    def task_score(self, picture, target):
        return ((self._margin(picture) > 0) == (target == 1)).float()

    def _margin(self, picture):
        return (picture * self.pattern).mean((1, 2, 3)) * 1000


@pytest.fixture
def data(rng):
    """Strong gradients that a basis of two vectors spends itself on, and faint stripes that carry the label."""
    labels = rng.integers(0, 2, 256)
    ramp = np.arange(32)[None, None, :, None] * rng.uniform(-3, 3, (256, 1, 1, 1))
    stripes = np.where(np.arange(32) % 2, -1, 1)[None, None, :, None] * (4 * labels - 2)[:, None, None, None]
    pictures = np.clip(128 + ramp + stripes + rng.normal(0, 1, (256, 32, 32, 3)), 0, 255).round().astype(np.uint8)
    return LabelledPictures(pictures, labels, ("left", "right"))


@pytest.fixture
def start():
    """Mean and slope of blocks of 2 x 2: stripes fall through."""
    rows = np.zeros((2, 12))
    rows[0], rows[1] = 1, np.tile([1.0] * 6 + [-1.0] * 6, 1)  # (y, x, channel): rows of a block differ, columns do not
    return BlockBasis.from_rows(rows / np.linalg.norm(rows, axis=1, keepdims=True), 2, 3)


def fitted(start, data, folder, weight):
    torch.set_num_threads(1)
    plan = read_config(CONFIG, TaskCodecPlan).model_copy(update={"epochs": 8, "batch": 32, "picture_weight": weight})
    runner = loop.fabric(plan, accelerator="cpu")
    folder.mkdir()
    return trained_basis(plan, start, Stripes(), data, data.first(64), folder, runner, lambda what, share: None)


def score(basis, data):
    codec = BlockCodec("fitted", {3: basis}, {})
    seen = np.stack([codec.decode(codec.encode(picture).symbols) for picture in data.pictures])
    pictures = torch.from_numpy(seen).permute(0, 3, 1, 2).float() / 255
    return Stripes().task_score(pictures, torch.from_numpy(data.labels)).mean().item(), seen


def test_the_task_gains_where_the_eye_alone_lost_it(start, data, tmp_path):
    blind, _ = fitted(start, data, tmp_path / "blind", 1.0)
    seeing, figures = fitted(start, data, tmp_path / "seeing", PICTURE_WEIGHT)
    assert score(start, data)[0] < 0.7
    assert score(blind, data)[0] < 0.7
    assert score(seeing, data)[0] > 0.9
    assert figures["validation_score"] > 0.9


def test_a_fitted_codec_is_closed(start, data, tmp_path):
    basis, _ = fitted(start, data, tmp_path / "run", PICTURE_WEIGHT)
    basis.check()
    codec = BlockCodec("fitted", {3: basis}, {})
    for picture in data.pictures[:8]:
        symbols = codec.encode(picture).symbols
        assert np.array_equal(codec.recover(codec.decode(symbols)).values, symbols.values)


def test_pictures_that_do_not_divide_into_blocks_are_refused(start, data, tmp_path):
    odd = LabelledPictures(np.ascontiguousarray(data.pictures[:, :31]), data.labels, data.classes)
    with pytest.raises(ConfigError, match="blocks of 2"):
        fitted(start, odd, tmp_path / "run", 1.0)
