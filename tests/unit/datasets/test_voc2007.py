# SPDX-License-Identifier: Apache-2.0
"""VOC2007 from a look-alike archive: boxes by VOC's own count of pixels, letterboxed; hostile archives refused."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from semstego.datasets import sets
from semstego.datasets.published import voc2007
from semstego.datasets.scenes import NO_OBJECT
from semstego.errors import DataError
from semstego.testing.datasets import check_dataset

OBJECT = (
    "<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>"
    "<ymax>{}</ymax></bndbox></object>"
)
LISTS = {
    "train": ["000005"],
    "val": ["000007", "000009"],
    "trainval": ["000005", "000007", "000009"],
    "test": ["000001"],
}


def jpeg(height, width):
    buffer = io.BytesIO()
    across = np.linspace(0, 255, width).astype(np.uint8)
    Image.fromarray(np.broadcast_to(across[None, :, None], (height, width, 3)).copy()).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def xml(*objects):
    return f"<annotation>{''.join(OBJECT.format(*one) for one in objects)}</annotation>".encode()


def members():
    found = {}
    for name, numbers in LISTS.items():
        found[f"{voc2007.ROOT}/ImageSets/Main/{name}.txt"] = "".join(f"{one}\n" for one in numbers).encode()
    pictures = {
        "000001": ((100, 200), [("dog", 0, 1, 1, 200, 100)]),
        "000005": ((375, 500), [("chair", 1, 263, 211, 324, 339), ("person", 0, 5, 1, 100, 375)]),
        "000007": ((500, 250), [("car", 0, 141, 50, 250, 330)]),
        "000009": ((64, 64), []),
    }
    for number, (size, objects) in pictures.items():
        found[f"{voc2007.ROOT}/JPEGImages/{number}.jpg"] = jpeg(*size)
        found[f"{voc2007.ROOT}/Annotations/{number}.xml"] = xml(*objects)
    return found


def packed(content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(content):
        for archive in (voc2007.TRAINVAL, voc2007.TEST):
            (tmp_path / archive.name).write_bytes(content if isinstance(content, bytes) else packed(content))
        return tmp_path

    return write


def test_boxes_count_pixels_from_nought_and_lie_in_the_letterbox(put):
    found = sets.load("voc2007", put(members()), "train")
    assert found.pictures.shape == (1, 256, 256, 3)
    assert found.classes[8] == "chair"
    scale = 256 / 500
    top = (256 - 192) / 2
    expected = [8, 262 * scale, 210 * scale + top, 324 * scale, 339 * scale + top, 1]
    np.testing.assert_allclose(found.labels[0, 0], expected, atol=1e-4)
    np.testing.assert_allclose(found.labels[0, 1], [14, 4 * scale, top, 100 * scale, 375 * scale + top, 0], atol=1e-4)
    assert (found.pictures[0, :31] == 114).all()


def test_splits_are_the_published_ones_in_their_order(put):
    folder = put(members())
    counts = {split: len(sets.load("voc2007", folder, split)) for split in ("train", "validation", "trainval", "test")}
    assert counts == {"train": 1, "validation": 2, "trainval": 3, "test": 1}
    val = sets.load("voc2007", folder, "validation")
    assert val.labels[0, 0, 0] == 6
    assert (val.labels[1, :, 0] == NO_OBJECT).all()


def test_the_papers_split_trains_on_test_and_tests_on_val(put):
    folder = put(members())
    assert sets.load("voc2007-paper", folder, "train").labels[0, 0, 0] == voc2007.CLASSES.index("dog")
    ours = sets.load("voc2007", folder, "validation")
    for split in ("validation", "test"):
        theirs = sets.load("voc2007-paper", folder, split)
        assert (theirs.pictures == ours.pictures).all()


def test_it_is_a_data_set(put):
    check_dataset(voc2007.DATASET, put(members()), "trainval")


def test_a_missing_archive_is_named_with_the_way_to_it(tmp_path):
    with pytest.raises(DataError, match=r"VOCtest_06-Nov-2007\.tar.*semstego data fetch voc2007"):
        sets.load("voc2007", tmp_path, "test")
    with pytest.raises(DataError, match=r"VOCtrainval_06-Nov-2007\.tar"):
        voc2007.fetch(tmp_path / "new", tmp_path)


DEEP = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><annotation>&b;</annotation>"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Annotations/000005.xml", DEEP, "document type"),
        ("Annotations/000005.xml", b"<annotation>", "cannot be read"),
        ("Annotations/000005.xml", xml(("unicorn", 0, 1, 1, 2, 2)), "cannot be read"),
        ("Annotations/000005.xml", xml(("cat", 0, "nan", 1, 2, 2)), "cannot be read"),
        ("Annotations/000005.xml", xml(("cat", 0, 20, 1, 2, 2)), "no part in its picture"),
        ("Annotations/000005.xml", xml(("cat", 0, 501, 1, 520, 20)), "no part in its picture"),
        ("Annotations/000005.xml", xml(("cat", 0, 1, 1, -5, 20)), "no part in its picture"),
        ("Annotations/000005.xml", DEEP.decode().encode("utf-16"), "cannot be read"),
        ("Annotations/000005.xml", b'<?xml version="1.0" encoding="hex"?><annotation>', "cannot be read"),
        ("Annotations/000005.xml", xml(*[("cat", 0, 1, 1, 2, 2)] * 201), "more than 200 objects"),
        ("Annotations/000005.xml", b" " * (1 << 17), "larger than any"),
        ("JPEGImages/000005.jpg", b"\xff\xd8\xff", "cannot be read"),
        ("JPEGImages/000005.jpg", jpeg(8, 2000), "more than 1024 pixels"),
        ("ImageSets/Main/train.txt", b"../../etc/passwd\n", "no list"),
        ("ImageSets/Main/train.txt", b"000123\n", "does not hold"),
        ("ImageSets/Main/train.txt", b"", "no list"),
        ("ImageSets/Main/train.txt", b"000005\n" * 2, "no list"),
    ],
    ids=[
        "entities",
        "broken",
        "class",
        "nan",
        "reversed",
        "beyond",
        "before",
        "utf-16",
        "hex",
        "many",
        "large",
        "jpeg",
        "wide",
        "path",
        "absent",
        "empty",
        "twice",
    ],
)
def test_hostile_archives_are_refused_in_a_sentence(put, name, content, said):
    folder = put(members() | {f"{voc2007.ROOT}/{name}": content})
    with pytest.raises(DataError, match=said) as caught:
        sets.load("voc2007", folder, "train")
    assert "VOCtrainval" in str(caught.value)
    assert "\n" not in str(caught.value)


def headers(kind, count, size):
    """Members that describe the next one, as tar has them for long names."""
    one = tarfile.TarInfo("x")
    one.type, one.size = kind, size
    return one.tobuf(tarfile.GNU_FORMAT) * count


HOSTILE = {
    "empty": b"", "text": b"no tar" * 500, "cut": packed(members())[:-20_000],
    "chained": headers(tarfile.GNUTYPE_LONGNAME, 5000, 0), "huge": headers(tarfile.XHDTYPE, 1, 1 << 40),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_archive_is_refused(put, content):
    with pytest.raises(DataError, match="VOCtrainval"):
        sets.load("voc2007", put(content), "trainval")
