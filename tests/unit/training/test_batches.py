# SPDX-License-Identifier: Apache-2.0
"""Tiles, and the pictures that a plan names."""

import numpy as np
import pytest
import torch

from semstego.datasets.enlarge import softened
from semstego.training.batches import one_tile
from semstego.training.config import Data
from tests.unit.training.runs import run


def numbered(count, height, width):
    """Pictures whose values say where they are."""
    rows, columns = torch.arange(height).view(1, height, 1), torch.arange(width).view(1, 1, width)
    one = torch.cat([rows.expand(1, height, width), columns.expand(1, height, width)]).float()
    return torch.stack([torch.cat([one, torch.full((1, height, width), float(k))]) for k in range(count)])


@pytest.mark.parametrize(("height", "width", "side"), [(32, 32, 16), (33, 40, 16), (20, 31, 15), (17, 18, 16)])
def test_a_tile_lies_at_even_coordinates_and_at_the_same_place_in_all_pictures(height, width, side):
    torch.manual_seed(0)
    pictures, places = numbered(3, height, width), set()
    for _ in range(400):
        tile = one_tile(pictures, side)
        assert tile.shape == (3, 3, side, side)
        top, left = int(tile[0, 0, 0, 0]), int(tile[0, 1, 0, 0])
        assert top % 2 == left % 2 == 0
        assert torch.equal(tile, pictures[:, :, top : top + side, left : left + side])
        places.add((top, left))
    assert {top for top, _ in places} == set(range(0, height - side + 1, 2))
    assert {left for _, left in places} == set(range(0, width - side + 1, 2))


def test_tiles_are_drawn_from_torchs_own_generator():
    pictures, found = numbered(1, 64, 64), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append([int(one_tile(pictures, 16)[0, 0, 0, 0]) for _ in range(10)])
    assert found[0] == found[1] != found[2]


def test_without_a_side_or_with_one_too_large_pictures_are_whole():
    pictures = numbered(2, 20, 24)
    for side in (None, 24, 500):
        assert torch.equal(one_tile(pictures, side), pictures)
    for side in (20, 21):
        assert one_tile(pictures, side).shape[2:] == (20, side)


def test_training_sees_tiles_and_validation_whole_pictures(tiny, tmp_path):
    sides = {True: set(), False: set()}

    def watch(experiment, step):
        experiment.bare.hider.register_forward_pre_hook(
            lambda module, inputs: sides[module.training].add(tuple(inputs[0].shape[2:]))
        )
        return step()

    run(tiny(epochs=1), tmp_path, watch=watch)
    assert sides == {True: {(12, 12)}, False: {(28, 28)}}


def test_data_are_as_soft_as_the_plan_says(folders):
    plain, soft = (Data(set="crops", folder=folders[8], detail=detail).load("train") for detail in (None, 16))
    assert np.array_equal(soft.pictures, softened(plain.pictures, 16))
    assert not np.array_equal(soft.pictures, plain.pictures)
    assert np.array_equal(soft.labels, plain.labels)
