# SPDX-License-Identifier: Apache-2.0
"""BOSSbase from a look-alike archive: photographs by number, hostile archives refused."""

import io
import zipfile
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from semstego.datasets.published import bossbase
from semstego.errors import DataError

PHOTOGRAPHS = np.random.default_rng(4).integers(0, 256, (3, 512, 512), dtype=np.uint8)
HEADER = b"P5\n# a comment\n512 512\n255\n"


def packed(members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def photographs(count=3, header=HEADER):
    # As in the real archive: in a folder, and by name, where 10 comes before 2.
    numbers = sorted(range(1, count + 1), key=str)
    return [(f"BOSSbase_1.01/{number}.pgm", header + PHOTOGRAPHS[(number - 1) % 3].tobytes()) for number in numbers]


@pytest.fixture
def put(tmp_path):
    def write(content):
        (tmp_path / bossbase.ARCHIVE.name).write_bytes(content)
        return tmp_path

    return write


def test_photographs_come_by_number_with_their_own_pixels(put):
    folder = put(packed(photographs(10)))
    found = bossbase.load(folder, 512, 10)
    assert found.shape == (10, 512, 512, 1)
    assert (found[:, :, :, 0] == PHOTOGRAPHS[np.arange(10) % 3]).all()


def test_photographs_are_shrunk_without_aliasing(put):
    folder = put(packed(photographs()))
    found = bossbase.load(folder, 64, 2)
    expected = Image.fromarray(PHOTOGRAPHS[1]).resize((64, 64), Image.Resampling.BICUBIC)
    assert (found[1, :, :, 0] == np.asarray(expected)).all()
    assert found.std() < PHOTOGRAPHS.std() / 4  # noise averages out; aliasing would keep it


@pytest.mark.parametrize(("size", "limit"), [(7, 1), (513, 1), (64, 0), (64, 10_001)])
def test_sizes_and_counts_out_of_range_are_refused(put, size, limit):
    with pytest.raises(DataError, match="up to 10,000 photographs"):
        bossbase.load(put(packed(photographs())), size, limit)


def test_too_few_photographs_are_told(put):
    with pytest.raises(DataError, match=r"does not hold 4\.pgm"):
        bossbase.load(put(packed(photographs())), 64, 4)


def test_a_missing_archive_is_told_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match="semstego data fetch bossbase"):
        bossbase.load(tmp_path, 64, 1)


def test_the_check_wants_every_number_once(put):
    archive = put(packed(photographs(), compression=zipfile.ZIP_DEFLATED)) / bossbase.ARCHIVE.name
    bossbase.check(archive, 3)
    for count in (2, 4, 10_000):
        with pytest.raises(DataError, match="holds 3 photographs"):
            bossbase.check(archive, count)


@pytest.mark.parametrize(
    "header",
    [b"P6\n512 512\n255\n", b"P5\n512 511\n255\n", b"P5\n512 512\n65535\n", b"P5512 512 255\n", b"\x89PNG\r\n"],
)
def test_a_member_that_is_no_such_pgm_is_refused(put, header):
    folder = put(packed(photographs(header=header)))
    with pytest.raises(DataError, match=r"\.pgm is no grey PGM"):
        bossbase.check(folder / bossbase.ARCHIVE.name, 3)
    with pytest.raises(DataError, match=r"1\.pgm is no grey PGM"):
        bossbase.load(folder, 64, 1)


def test_a_photograph_that_is_cut_off_is_refused(put):
    folder = put(packed([("1.pgm", HEADER + bytes(1000))]))
    with pytest.raises(DataError, match=r"1\.pgm is cut off"):
        bossbase.load(folder, 64, 1)


def test_a_bomb_is_refused_before_it_is_unpacked(put):
    bomb = [("1.pgm", HEADER + bytes(20 << 20))]
    with pytest.raises(DataError, match="too large"):
        bossbase.load(put(packed(bomb, compression=zipfile.ZIP_DEFLATED)), 64, 1)


def test_a_photograph_twice_is_refused(put):
    twice = [("a/1.pgm", b""), ("b/1.pgm", b"")]
    with pytest.raises(DataError, match="there twice"):
        bossbase.load(put(packed(twice)), 64, 1)


def test_a_directory_that_would_fill_the_memory_is_refused(put):
    content = bytearray(packed(photographs(1)))
    content[-10:-6] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(DataError, match="no plain zip archive"):
        bossbase.load(put(bytes(content)), 64, 1)


def test_damage_anywhere_is_a_data_error_or_harmless(put):
    whole = packed(photographs(1), compression=zipfile.ZIP_DEFLATED)
    rng = np.random.default_rng(5)
    places = [*rng.integers(0, 120, 40), *rng.integers(len(whole) - 120, len(whole), 80), len(whole) // 2]
    refused = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= rng.integers(1, 256)
        try:
            found = bossbase.load(put(bytes(damaged)), 512, 1)
            assert (found[0, :, :, 0] == PHOTOGRAPHS[0]).all()
        except DataError:
            refused += 1
    assert refused > len(places) // 4


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive" * 1000])
def test_what_is_no_archive_is_a_data_error(put, content):
    with pytest.raises(DataError, match="no plain zip archive"):
        bossbase.load(put(content), 64, 1)


def test_fetch_refuses_another_archive_and_leaves_nothing(put, tmp_path):
    with pytest.raises(DataError, match=r"holds 3 photographs instead of 1\.pgm to 10000\.pgm"):
        bossbase.fetch(tmp_path / "new", put(packed(photographs())))
    assert not (tmp_path / "new").exists()


def test_fetch_takes_a_whole_archive_and_writes_its_sum_beside_it(put, tmp_path):
    # 10,000 small members: the check reads headers only, so the pixels may be missing here.
    content = packed([(f"BOSSbase_1.01/{number}.pgm", HEADER) for number in range(1, 10_001)])
    bossbase.fetch(tmp_path / "new", put(content))
    assert (tmp_path / "new" / bossbase.ARCHIVE.name).read_bytes() == content
    line = (tmp_path / "new" / f"{bossbase.ARCHIVE.name}.sha256").read_text()
    assert line == f"{sha256(content).hexdigest()}  BOSSbase_1.01.zip\n"
