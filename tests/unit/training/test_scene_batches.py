# SPDX-License-Identifier: Apache-2.0
"""Batches of scenes: boxes go where their objects go, a step's batch is a function of seed and step, shares fit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.datasets.scenes import NO_OBJECT, Scenes, rows_of
from semstego.errors import ConfigError
from semstego.training.scene_batches import SceneBatches

CPU = torch.device("cpu")
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)
SIDE = 64


def scenes(count=8):
    """Grey pictures with one rectangle each, whose colour is its class."""
    rng = np.random.default_rng(0)
    pictures = np.full((count, SIDE, SIDE, 3), 114, np.uint8)
    boxes = []
    for number in range(count):
        left, top = rng.integers(2, 24, 2)
        right, bottom = rng.integers(40, 62, 2)
        pictures[number, top:bottom, left:right] = COLOURS[number % 4]
        boxes.append([[left, top, right, bottom]])
    return Scenes(pictures, rows_of([[number % 4] for number in range(count)], boxes, [[0]] * count), tuple("rgby"))


def batches(**changed):
    settings = {"sides": (SIDE,), "mosaic": 0.5, "flip": True, "seed": 3, "device": CPU, **changed}
    return SceneBatches(scenes(), settings.pop("batch", 4), **settings)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from([0.0, 1.0]), st.sampled_from([64, 96]))
def test_boxes_hold_their_objects(seed, share, side):
    pictures, objects = batches(seed=seed, mosaic=share, sides=(side,)).at(0)
    assert pictures.shape == (4, 3, side, side)
    for picture, rows in zip(pictures.numpy(), objects.numpy(), strict=True):
        for kind, left, top, right, bottom, _ in rows[rows[:, 0] != NO_OBJECT]:
            if min(right - left, bottom - top) < 5:
                continue  # all border, where resampling mixes
            inside = picture[:, round(top) : round(bottom), round(left) : round(right)]
            colour = COLOURS[int(kind)][:, None, None] / 255
            near = np.abs(inside - colour).max(0) < 0.3
            assert near[1:-1, 1:-1].mean() > 0.9  # but for the border, where resampling mixes
            assert 0 <= left < right <= side
            assert 0 <= top < bottom <= side


def test_without_mosaic_and_mirror_the_scenes_themselves_come():
    data = scenes()
    pictures, objects = batches(mosaic=0.0, flip=False).at(0)
    order = np.random.default_rng((3, 0)).permutation(8)[:4]
    np.testing.assert_array_equal((pictures * 255).round().byte().permute(0, 2, 3, 1).numpy(), data.pictures[order])
    np.testing.assert_array_equal(objects.numpy(), data.labels[order])


def test_a_step_is_the_same_whatever_came_before():
    one, other = batches(), batches()
    straight = [one.at(step) for step in range(4)]
    for step in (3, 1, 2):
        for first, second in zip(straight[step], other.at(step), strict=True):
            assert torch.equal(first, second)
    assert not torch.equal(straight[0][0], batches(seed=4).at(0)[0])


def test_every_scene_is_seen_once_an_epoch_and_sides_follow_the_epoch():
    chosen = batches(mosaic=0.0, flip=False, sides=(32, 64))
    assert chosen.per_epoch == 2
    classes = torch.cat([chosen.at(step)[1][:, 0, 0] for step in (0, 1)])
    assert sorted(classes.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [chosen.at(step)[0].shape[-1] for step in (0, 1, 2, 9)] == [32, 32, 64, 64]


def test_processes_share_a_batch():
    whole = batches(mosaic=0.0, flip=False).at(1)[1]
    parts = [batches(mosaic=0.0, flip=False, rank=rank, processes=2).at(1)[1] for rank in (0, 1)]
    assert torch.equal(torch.cat(parts), whole)
    with pytest.raises(ConfigError, match="shared evenly"):
        batches(processes=3)
    with pytest.raises(ConfigError, match="less than one batch"):
        batches(batch=16)
