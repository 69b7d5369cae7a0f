# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 from a look-alike archive: records in order, nothing unpacked, hostile archives refused."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semstego.datasets.download.download import download
from semstego.datasets.published import cifar10
from semstego.errors import DataError

RECORDS = np.random.default_rng(3).integers(0, 256, (12, 3073), dtype=np.uint8)
RECORDS[:, 0] = np.arange(12) % 10
NAMES = [f"cifar-10-batches-bin/{name}.bin" for name in [*(f"data_batch_{n}" for n in (1, 2, 3, 4, 5)), "test_batch"]]
MEMBERS = {name: RECORDS[2 * number : 2 * number + 2].tobytes() for number, name in enumerate(NAMES)}


def packed(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                member.type, member.linkname = tarfile.SYMTYPE, str(content)
                archive.addfile(member)
    return buffer.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(content):
        (tmp_path / cifar10.ARCHIVE.name).write_bytes(content)
        return tmp_path

    return write


def test_an_interrupted_download_is_resumed_and_loads(server, tmp_path):
    content = packed(MEMBERS)
    server.files["/cifar-10-binary.tar.gz"], server.cut = content, len(content) // 3
    target = tmp_path / cifar10.ARCHIVE.name

    def fetch():
        pins = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        download(f"{server.address}/cifar-10-binary.tar.gz", target, **pins)

    with pytest.raises(DataError, match="broken off"):
        fetch()
    with pytest.raises(DataError, match=r"there is no .*semstego data fetch cifar10"):
        cifar10.load(tmp_path, "test")
    server.cut = None
    fetch()
    assert (cifar10.load(tmp_path, "test").labels == [0, 1]).all()
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_records_become_enlarged_colour_pictures_in_order(put):
    reordered = dict(sorted(MEMBERS.items(), reverse=True))  # in the real archive the batches are not in order either
    found = cifar10.load(put(packed(reordered)), "train")
    assert found.pictures.shape == (10, 64, 64, 3)
    assert (found.labels == np.arange(10)).all()
    planes = RECORDS[7, 1:].reshape(3, 32, 32)
    for channel in range(3):
        plane = Image.fromarray(planes[channel]).resize((64, 64), Image.Resampling.BICUBIC)
        assert (found.pictures[7, :, :, channel] == np.asarray(plane)).all()


def test_other_members_are_passed_by_and_never_written(put, tmp_path):
    members = {"../evil.txt": b"x", "/tmp/evil.txt": b"x", **MEMBERS}
    folder = put(packed(members))
    assert len(cifar10.load(folder, "test")) == 2
    assert [path.name for path in tmp_path.iterdir()] == [cifar10.ARCHIVE.name]
    assert not (tmp_path.parent / "evil.txt").exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no file of up to 10,000 records"),
        (bytes(3072), "no file of up to 10,000 records"),
        (bytes(3073 * 10_001), "no file of up to 10,000 records"),
        (Path("/etc/passwd"), "no file of up to 10,000 records"),
        (bytes([10]) + bytes(3072), "label lies outside"),
    ],
)
def test_a_member_that_is_not_what_it_should_be_is_refused(put, content, fault):
    with pytest.raises(DataError, match=fault):
        cifar10.load(put(packed(MEMBERS | {NAMES[-1]: content})), "test")


def test_a_missing_member_is_named(put):
    with pytest.raises(DataError, match=r"does not hold cifar-10-batches-bin/data_batch_3\.bin"):
        cifar10.load(put(packed({name: MEMBERS[name] for name in NAMES if "3" not in name})), "train")


def test_an_unknown_split_is_refused(put):
    with pytest.raises(DataError, match="splits train, test"):
        cifar10.load(put(packed(MEMBERS)), "validation")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9])
def test_a_cut_archive_is_a_data_error(put, share):
    content = packed(MEMBERS)
    with pytest.raises(DataError):
        cifar10.load(put(content[: int(share * len(content))]), "test")


def test_a_bomb_in_the_headers_of_the_archive_is_refused(put):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 300 << 20
    bomb = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(8 << 20), compresslevel=1)
    padding = gzip.compress(bytes(8 << 20), compresslevel=1)
    with pytest.raises(DataError, match="more than 192 MiB"):
        cifar10.load(put(bomb + 37 * padding), "test")


def test_fetch_refuses_another_archive_and_leaves_nothing(put, tmp_path):
    with pytest.raises(DataError, match="instead of 170,052,171"):
        cifar10.fetch(tmp_path / "new", put(packed(MEMBERS)))
    assert not (tmp_path / "new").exists()
