# SPDX-License-Identifier: Apache-2.0
"""Data sets by name; the check passes shipped sets, and sets that are broken in one way each do not pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semstego import datasets
from semstego.datasets import base, sets
from semstego.datasets.base import DATASETS, DataSet, can_be_fetched
from semstego.datasets.built import crops
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ArgumentError, DataError
from semstego.progress import no_progress
from semstego.testing.datasets import check_dataset

PHOTOGRAPHS = Path(datasets.__file__).parent / "photographs"
LISTS = {"fit.txt": ["astronaut.png", "coffee.png"], "validation.txt": ["chelsea.png"], "test.txt": ["rocket.png"]}
PARTS = DATASETS.shipped()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Crops of the bundled photographs."""
    folder = tmp_path_factory.mktemp("built")
    for name, lines in LISTS.items():
        (folder / name).write_text("\n".join(lines))
    crops.build(
        folder / "crops",
        PHOTOGRAPHS,
        kind="cifar",
        split=folder,
        counts={"train": 61, "validation": 4, "test": 6},
    )
    return folder / "crops"


@pytest.mark.parametrize("split", crops.SETS)
def test_crops_of_the_bundled_photographs_pass(built, split):
    check_dataset(crops.DATASET, built, split)


def test_every_file_of_the_folders_is_a_set_of_its_name():
    assert set(PARTS) >= {"bossbase", "cifar10", "fashion-mnist", "crops", "objects"}
    for name in PARTS:
        assert DATASETS.get(name).name == name
        assert base.DATASETS.get(name) is DATASETS.get(name)


def test_published_sets_are_fetched_and_built_ones_are_not():
    for name in PARTS:
        assert can_be_fetched(DATASETS.get(name)) == DATASETS.place(name).startswith("semstego.datasets.published.")


def test_an_object_is_a_data_set_if_it_has_what_one_has():
    class Nothing:
        name = "nothing"

    assert base.DATASETS.get(crops.DATASET) is crops.DATASET
    with pytest.raises(ArgumentError, match="no data set: it has no 'has_validation'"):
        base.DATASETS.get(Nothing())
    with pytest.raises(AssertionError, match="it has no 'has_validation'"):
        check_dataset(Nothing(), PHOTOGRAPHS, "test")
    with pytest.raises(DataError, match="no data set: it has no 'name'"):
        sets.load("os:path", PHOTOGRAPHS, "test")


@pytest.mark.parametrize("name", PARTS)
def test_an_empty_folder_is_a_data_error(tmp_path, name):
    for split in ("train", "validation", "test", "all"):
        with pytest.raises(DataError):
            sets.load(name, tmp_path, split)


def test_what_is_built_is_not_fetched(tmp_path):
    with pytest.raises(DataError, match="crops is not fetched"):
        crops.DATASET.fetch(tmp_path, None, no_progress)


# --- validation pictures that are held out


class WithoutValidation(DataSet):
    """The crops, as if they had no validation set."""

    name = "without validation"
    has_validation = False

    def load(self, folder, split):
        return crops.load(folder, split)


def test_held_out_pictures_keep_their_photographs(built):
    name = f"{__name__}:WithoutValidation"
    data = crops.load(built, "train")
    held, rest = [29, 59], [i for i in range(61) if i not in (29, 59)]
    for split, rows in (("validation", held), ("train", rest)):
        found = sets.load(name, built, split)
        assert (found.pictures == data.pictures[rows]).all()
        assert (found.photographs == data.photographs[rows]).all()
    found, data = sets.load(name, built, "test"), crops.load(built, "test")
    assert (found.photographs == data.photographs).all()
    assert (found.first(2).photographs == data.photographs[:2]).all()


# --- broken sets


class Broken(WithoutValidation):
    """Nothing is wrong with it yet."""

    has_validation = True


class WithoutName(Broken):
    name = ""


class AnotherEachTime(Broken):
    rng = np.random.default_rng(0)

    def load(self, folder, split):
        found = super().load(folder, split)
        return replace(found, pictures=found.pictures ^ self.rng.integers(0, 2, found.pictures.shape, np.uint8))


class AnySplit(Broken):
    def load(self, folder, split):
        return super().load(folder, split if split in crops.SETS else "test")


class NoFileError(Broken):
    def load(self, folder, split):
        if not any(folder.iterdir()):
            raise FileNotFoundError(folder)
        return super().load(folder, split)


class OtherPhotographs(Broken):
    rng = np.random.default_rng(0)

    def load(self, folder, split):
        found = super().load(folder, split)
        return replace(found, photographs=self.rng.permutation(100)[: len(found)])


class LaterLabels(Broken):
    """Labels are changed after they have been checked once."""

    def load(self, folder, split):
        found = super().load(folder, split)
        found.labels[0] = len(found.classes)
        return found


class Empty(Broken):
    def load(self, folder, split):
        return super().load(folder, split).first(0)


def test_the_set_that_the_broken_ones_derive_from_passes(built):
    check_dataset(Broken(), built, "test")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (WithoutName, "name is empty"),
        (AnotherEachTime, "other pictures"),
        (AnySplit, "a split that does not exist is taken"),
        (NoFileError, "an empty folder ends in a FileNotFoundError"),
        (OtherPhotographs, "other photographs"),
        (LaterLabels, "outside of the 1 classes"),
        (Empty, "split is empty"),
    ],
)
def test_a_broken_set_is_caught(built, broken, fault):
    with pytest.raises(AssertionError, match=fault):
        check_dataset(broken(), built, "test")


def test_pictures_of_another_type_are_caught(built):
    class Floats(Broken):
        def load(self, folder, split):
            found = super().load(folder, split)
            object.__setattr__(found, "pictures", found.pictures / 255)
            return found

    with pytest.raises(AssertionError, match="float64, not uint8"):
        check_dataset(Floats(), built, "test")
    assert isinstance(Floats().load(built, "test"), LabelledPictures)
