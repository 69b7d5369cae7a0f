# SPDX-License-Identifier: Apache-2.0
"""The .sem stream: what is written is read, and nothing else is."""

import dataclasses
import hashlib
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.codecs import stream as container
from semstego.codecs.stream import HEADER_BYTES, MAX_PIXELS, MAX_SIDE, MAX_STREAM_BYTES, Stream, pack, read, unpack
from semstego.errors import StreamError

STREAM = Stream(
    codec="cr085", fingerprint=b"\1\2\3\4\5\6\7\x08", height=48, width=64, channels=3, coded=b"some symbols"
)

streams = st.builds(
    Stream,
    codec=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=16),
    fingerprint=st.binary(min_size=8, max_size=8),
    height=st.integers(32, 7000),
    width=st.integers(32, 7000),
    channels=st.sampled_from([1, 3]),
    coded=st.binary(max_size=200),
    dither=st.integers(0, 128).map(lambda width: width / 128),
)


def forged(**changes: int) -> bytes:
    """A stream with impossible fields and a right checksum."""
    values = {"magic": b"\x89SEM", "version": 2, "channels": 3, "height": 48, "width": 64, "length": 12} | changes
    header = container._FIELDS[2].pack(
        values["magic"],
        values["version"],
        values["channels"],
        values.get("name", b"cr085"),
        bytes(8),
        values["height"],
        values["width"],
        values.get("dither", 0),
        values.get("error_class", 0),
        values["length"],
    )
    return header + container._checksum(header, STREAM.coded) + STREAM.coded


@given(streams)
def test_what_is_packed_is_unpacked(stream):
    data = pack(stream)
    assert len(data) == HEADER_BYTES + len(stream.coded)
    assert unpack(data) == stream
    assert read(data) == stream


def test_the_bytes_of_the_format_do_not_change():
    written = pack(dataclasses.replace(STREAM, dither=0.5))
    assert written.hex() == (
        "8953454d" "02" "03" "63723038350000000000000000000000" "0102030405060708" "30000000" "40000000" "40" "00"
        "0c000000" + written[44:52].hex() + STREAM.coded.hex()
    )  # fmt: skip
    assert written[44:52] == hashlib.sha256(written[:44] + STREAM.coded).digest()[:8]


def test_streams_of_the_first_version_are_still_read():
    data = bytes.fromhex(
        "8953454d" "01" "03" "63723038350000000000000000000000" "0102030405060708" "30000000" "40000000" "0c000000"
        "75e3463b56b9ea62" + STREAM.coded.hex()
    )  # fmt: skip
    read = unpack(data)
    assert read == dataclasses.replace(STREAM, version=1)
    assert read.size == len(data)
    for length in range(len(data)):
        with pytest.raises(StreamError):
            unpack(data[:length])


def test_every_truncation_is_refused():
    data = pack(STREAM)
    for length in range(len(data)):
        with pytest.raises(StreamError):
            unpack(data[:length])


def test_every_flipped_bit_is_refused():
    data = pack(STREAM)
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StreamError):
            unpack(bytes(damaged))


@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_are_refused(data, has_magic):
    with pytest.raises(StreamError):
        unpack(b"\x89SEM\2" + data if has_magic else data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a .sem stream"),
        (b"\x89PNG\r\n\x1a\n", "not a .sem stream"),
        (pack(STREAM)[:20], "cut short"),
        (pack(STREAM)[:-1], "cut short"),
        (pack(STREAM) + b"\0", "behind its end"),
        (forged(version=3), "version 3"),
        (forged(version=0), "version 0"),
        (forged(dither=129), "dither"),
        (forged(error_class=1), "error class"),
        (forged(channels=4), "1 or 3 channels"),
        (forged(height=0), "a side has"),
        (forged(width=0), "a side has"),
        (forged(height=31), "a side has"),
        (forged(width=MAX_SIDE + 1), "a side has"),
        (forged(height=2**32 - 1, width=2**32 - 1), "a side has"),
        (forged(height=MAX_SIDE, width=MAX_SIDE), "more than"),
        (forged(height=5000, width=10_001), "more than"),
        (forged(length=2**32 - 1), "cut short"),
        (forged(name=b"\0"), "names no codec"),
        (forged(name=b"a\0b"), "names no codec"),
        (forged(name=b"caf\xe9"), "names no codec"),
    ],
)
def test_each_fault_has_its_own_sentence(data, text):
    with pytest.raises(StreamError, match=text):
        unpack(data)


def test_fifty_megapixels_are_allowed():
    assert unpack(forged(height=5000, width=10_000)).height * 10_000 == MAX_PIXELS


def test_absurd_dimensions_are_refused_at_once_and_without_memory():
    data = forged(height=MAX_SIDE, width=MAX_SIDE, length=2**32 - 1)
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(StreamError):
        unpack(data)
    assert time.perf_counter() - began < 0.1
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "changes",
    [
        {"codec": ""},
        {"codec": "seventeen-letters"},
        {"codec": "café"},
        {"codec": "a b"},
        {"fingerprint": bytes(7)},
        {"height": 0},
        {"width": -1},
        {"height": MAX_SIDE + 1},
        {"height": 7100, "width": 7100},
        {"channels": 2},
        {"dither": 0.3},
        {"dither": -1 / 128},
        {"dither": 129 / 128},
    ],
)
def test_what_does_not_fit_the_format_is_not_written(changes):
    with pytest.raises(StreamError):
        pack(dataclasses.replace(STREAM, **changes))


@settings(max_examples=25)
@given(st.binary(min_size=12, max_size=12))
def test_cover_and_stego_differ_in_checksum_and_symbols_alone(coded):
    cover, stego = pack(STREAM), pack(dataclasses.replace(STREAM, coded=coded))
    assert len(cover) == len(stego)
    assert cover[: HEADER_BYTES - 8] == stego[: HEADER_BYTES - 8]


def test_a_file_is_read(tmp_path):
    path = tmp_path / "picture.sem"
    path.write_bytes(pack(STREAM))
    assert read(path) == read(str(path)) == STREAM


def test_a_missing_file_and_a_folder_are_stream_errors(tmp_path):
    for path in (tmp_path / "missing.sem", tmp_path):
        with pytest.raises(StreamError, match=r"No such file|Is a directory"):
            read(path)


def test_a_huge_file_is_refused_without_loading_it(tmp_path):
    path = tmp_path / "huge.sem"
    with path.open("wb") as file:
        file.write(pack(STREAM))
        file.truncate(MAX_STREAM_BYTES + 1)  # sparse: it takes no room on the disk
    tracemalloc.start()
    with pytest.raises(StreamError, match="longer than"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
