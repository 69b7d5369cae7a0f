# SPDX-License-Identifier: Apache-2.0
"""Scenes: rows of objects, what is refused, and the cut-outs with their boxes."""

from dataclasses import replace

import numpy as np
import pytest

from semstego.datasets import sets
from semstego.datasets.built import objects
from semstego.datasets.scenes import NO_OBJECT, Scenes, rows_of
from semstego.errors import DataError
from semstego.testing.datasets import check_dataset

PICTURES = np.zeros((2, 32, 48, 3), np.uint8)
ROWS = rows_of([[1, 0], []], [[[0, 0, 48, 32], [1, 2, 3, 4]], np.zeros((0, 4))], [[False, True], []])


def test_rows_fill_up_with_no_objects():
    assert ROWS.shape == (2, 2, 6)
    np.testing.assert_array_equal(ROWS[0], [[1, 0, 0, 48, 32, 0], [0, 1, 2, 3, 4, 1]])
    assert (ROWS[1, :, 0] == NO_OBJECT).all()
    assert rows_of([[]], [np.zeros((0, 4))], [[]]).shape == (1, 1, 6)


def test_parts_and_grey_forms_of_scenes_are_scenes():
    scenes = Scenes(PICTURES, ROWS, ("a", "b"))
    for one in (scenes.first(1), scenes.in_grey(), scenes.with_pictures(PICTURES + 1), *scenes.held_out(2)):
        assert type(one) is Scenes
    assert len(scenes) == 2
    assert list(replace(scenes, photographs=np.array([7, 8])).first(1).photographs) == [7]
    assert scenes.in_grey().pictures.shape == (2, 32, 48, 1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([2, 0, 0, 1, 1, 0], "class"),
        ([-2, 0, 0, 1, 1, 0], "class"),
        ([np.nan, 0, 0, 1, 1, 0], "class"),
        ([0, -1, 0, 1, 1, 0], "box"),
        ([0, 0, 0, 49, 1, 0], "box"),
        ([0, 0, 0, 1, 33, 0], "box"),
        ([0, 5, 0, 4, 1, 0], "box"),
    ],
)
def test_rows_that_cannot_be_are_refused(row, said):
    rows = ROWS.copy()
    rows[1, 1] = row
    with pytest.raises(DataError, match=said):
        Scenes(PICTURES, rows, ("a", "b"))


def test_arrays_that_do_not_belong_together_are_refused():
    for pictures, rows in ((PICTURES[:1], ROWS), (PICTURES, ROWS[..., :5]), (PICTURES, ROWS.astype(float))):
        with pytest.raises(DataError, match="belong together"):
            Scenes(pictures, rows, ("a", "b"))
    for photographs in (np.zeros(3, int), np.zeros(2), np.zeros((2, 1), int)):
        with pytest.raises(DataError, match="photographs are no integers, one for each picture"):
            Scenes(PICTURES, ROWS, ("a", "b"), photographs)


@pytest.fixture
def folder(tmp_path, rng):
    count = 4
    starts = rng.integers(0, 16, (count, 2))
    np.savez(
        tmp_path / "test.npz",
        pictures=rng.integers(0, 256, (count, 32, 32, 3), np.uint8),
        labels=np.arange(count),
        boxes=np.hstack([starts, starts + 16]).astype(np.int16),
        stamps=np.zeros(count, np.int16),
        backgrounds=np.arange(count, dtype=np.int16),
    )
    return tmp_path


def test_cut_outs_have_one_box_each(folder):
    scenes, plain = sets.load("scenes", folder, "test"), sets.load("objects", folder, "test")
    np.testing.assert_array_equal(scenes.labels[:, 0, 0], plain.labels)
    np.testing.assert_array_equal(scenes.labels[:, 0, 1:5], objects.read(folder / "test.npz")["boxes"])
    assert (scenes.pictures == plain.pictures).all()
    assert scenes.labels.shape == (4, 1, 6)


def test_they_are_a_data_set(folder):
    from semstego.datasets.built import scenes

    check_dataset(scenes.DATASET, folder, "test")


def test_the_check_of_data_sets_sees_damaged_scenes(folder):
    from semstego.datasets.built import scenes

    class Late(scenes.BuiltScenes):
        def load(self, folder, split):
            found = super().load(folder, split)
            found.labels[0, 0, 3] = 999  # after it was made
            return found

    with pytest.raises(DataError, match="box"):
        check_dataset(Late(), folder, "test")
    assert replace(scenes.DATASET.load(folder, "test"))
