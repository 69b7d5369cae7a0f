# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST from look-alike files: pictures and labels as they are, hostile files refused."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from semstego.datasets.download import debian
from semstego.datasets.published import fashion_mnist
from semstego.datasets.sets import load
from semstego.errors import DataError

PICTURES = np.random.default_rng(2).integers(0, 256, (5, 28, 28), dtype=np.uint8)
LABELS = np.array([9, 0, 3, 3, 1], np.uint8)


def idx(values, *, count=None):
    sizes = (len(values) if count is None else count, *values.shape[1:])
    return struct.pack(f">{1 + values.ndim}I", 0x0800 + values.ndim, *sizes) + values.tobytes()


def put(folder, pictures, labels, word="t10k"):
    (folder / f"{word}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures))
    (folder / f"{word}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


@pytest.fixture
def folder(tmp_path):
    put(tmp_path, idx(PICTURES), idx(LABELS))
    return tmp_path


def test_pictures_are_enlarged_in_order_and_labels_kept(folder):
    found = fashion_mnist.load(folder, "test")
    assert found.pictures.shape == (5, 64, 64, 1)
    assert (found.labels == LABELS).all()
    assert len(found.classes) == 10
    third = np.asarray(Image.fromarray(PICTURES[3]).resize((64, 64), Image.Resampling.BICUBIC))
    levels = np.round(32 + third.astype(float) * 191 / 255)
    assert (found.pictures[3, :, :, 0] == levels).all()


def test_black_and_white_leave_headroom_and_no_two_greys_change_places(folder):
    ramp = np.arange(256, dtype=np.uint8)[:, None, None].repeat(28, 1).repeat(28, 2)
    put(folder, idx(ramp), idx(np.zeros(256, np.uint8)))
    greys = fashion_mnist.load(folder, "test").pictures[:, 30, 30, 0].astype(int)
    assert (greys[0], greys[255]) == (32, 223)
    assert (np.diff(greys) >= 0).all()


def test_the_set_is_found_by_its_name(folder):
    assert len(load("fashion-mnist", folder, "test")) == 5


def test_an_unknown_set_is_told_with_the_known_ones(folder):
    with pytest.raises(DataError, match=r"cifar10, .*fashion-mnist.*semstego data fetch NAME -o DIR"):
        load("imagenet", folder, "test")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_split_that_is_not_there_is_a_data_error(folder, split):
    with pytest.raises(DataError, match=r"semstego data fetch fashion-mnist|splits train, test"):
        fashion_mnist.load(folder, split)


@pytest.mark.parametrize(
    ("pictures", "fault"),
    [
        (idx(PICTURES) + bytes(1), "does not hold what"),
        (idx(PICTURES)[:-1], "does not hold what"),
        (idx(PICTURES)[:10], "cannot be read"),
        (b"", "cannot be read"),
        (idx(LABELS.repeat(9)), "no idx file"),
        (idx(PICTURES[:, :, :14]), "no idx file"),
        (idx(PICTURES[:4]), "4 pictures, but 5 labels"),
        (idx(PICTURES[:0]), "claims 0 entries"),
        (idx(PICTURES, count=1 << 31), "at most 60,000"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(folder, pictures, fault):
    put(folder, pictures, idx(LABELS))
    with pytest.raises(DataError, match=fault):
        fashion_mnist.load(folder, "test")


def test_a_label_outside_of_the_classes_is_refused(folder):
    put(folder, idx(PICTURES), idx(LABELS + 1))
    with pytest.raises(DataError, match="label lies outside"):
        fashion_mnist.load(folder, "test")


def test_a_bomb_is_not_unpacked(folder):
    path = folder / "t10k-images-idx3-ubyte.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx(PICTURES))
        for _ in range(50):
            file.write(bytes(1 << 20))
    # The damage at its end is never reached: reading stops a byte behind what the header says.
    path.write_bytes(path.read_bytes()[:-8] + b"damaged!")
    with pytest.raises(DataError, match="does not hold what"):
        fashion_mnist.load(folder, "test")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[::-1], lambda data: b""])
def test_damaged_files_are_data_errors(folder, damage):
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="cannot be read"):
        fashion_mnist.load(folder, "test")


def test_fetch_refuses_other_files_and_leaves_nothing(folder, tmp_path):
    put(folder, idx(PICTURES), idx(LABELS), "train")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz has [\d,]+ bytes instead of 26,421,856"):
        fashion_mnist.fetch(tmp_path / "new", folder)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["-o=x", "../x", "", "a b", "Fashion"])
def test_what_is_no_name_of_a_package_never_reaches_apt(tmp_path, name):
    with pytest.raises(DataError, match="no name of a Debian package"):
        debian.unpack(name, tmp_path / "new")


def test_where_there_is_no_apt_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"no apt-get .*https://packages.debian.org/dataset-fashion-mnist.*--from"):
        debian.unpack("dataset-fashion-mnist", tmp_path / "new")
    assert not list(tmp_path.iterdir())
