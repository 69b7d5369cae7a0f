# SPDX-License-Identifier: Apache-2.0
"""Anyone's folders: files belong together by name, parts are disjoint, and what is hostile ends in one sentence."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semstego.codecs import registry
from semstego.codecs import stream as container
from semstego.errors import DataError, PictureError, SemstegoError, StreamError
from semstego.steganalysis.controls import lsb_matching
from semstego.steganalysis.protocol import PARTS, AuditProtocol
from semstego.steganalysis.sources import folders as sources
from semstego.steganalysis.sources.folders import FolderSource, _middle, split_photographs

PROTOCOL = AuditProtocol("tiny", (100,), 30, 70, (0, 1))
COUNT = 40
SHAPE = (48, 40)


def quiet(what, share):
    pass


def saved(folder, name, pixels):
    folder.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


@pytest.fixture
def folders(tmp_path, rng):
    """Grey covers, and stegos whose lowest bits are all turned; a cover without a stego; a text."""
    for number in range(COUNT):
        cover = rng.integers(0, 256, SHAPE, dtype=np.uint8)
        saved(tmp_path / "covers", f"view {number:02}.PNG", cover)
        saved(tmp_path / "stegos", f"view {number:02}.png", cover ^ 1)
    saved(tmp_path / "covers", "alone.png", cover)
    (tmp_path / "stegos" / "notes.txt").write_text("no picture")
    return tmp_path


def source(folders, protocol=PROTOCOL):
    return FolderSource(folders / "covers", folders / "stegos", protocol)


def all_parts(found, seed=0):
    return [found.pairs("stegos", part, seed, quiet) for part in PARTS]


def refused(folders, error, match, protocol=PROTOCOL):
    with pytest.raises(error, match=match) as raised:
        all_parts(source(folders, protocol))
    assert "\n" not in str(raised.value)


def test_parts_are_disjoint_and_in_proportion_and_files_belong_together(folders):
    found = source(folders)
    assert found.cases == ("stegos",)
    parts = [views["picture"] for views in all_parts(found)]
    assert [len(one) for one in parts] == [20, 6, 14]  # of 100, 30 and 70
    assert sorted(np.concatenate([one.photographs for one in parts])) == list(range(COUNT))
    for one in parts:
        assert one.cover.shape[1:] == (1, *SHAPE)
        np.testing.assert_array_equal(one.stego, one.cover ^ 1)
        with Image.open(folders / "covers" / f"view {one.photographs[0]:02}.PNG") as first:
            np.testing.assert_array_equal(one.cover[0, 0], np.asarray(first))


def test_file_sizes_are_those_of_the_same_files(folders):
    for views in all_parts(source(folders)):
        sizes = views["file sizes"]
        np.testing.assert_array_equal(sizes.photographs, views["picture"].photographs)
        for number, stego in zip(sizes.photographs, sizes.stego, strict=True):
            assert stego == [(folders / "stegos" / f"view {number:02}.png").stat().st_size]


def test_a_seed_parts_them_in_its_own_way_and_always_the_same(folders):
    first, again = (source(folders).pairs("stegos", "test", 3, quiet)["picture"] for _ in range(2))
    np.testing.assert_array_equal(first.cover, again.cover)
    other = source(folders).pairs("stegos", "test", 4, quiet)["picture"]
    assert set(other.photographs) != set(first.photographs)


def test_the_first_of_a_part_are_not_the_first_by_name(folders):
    """A learning curve takes the first; names are often in the order of cameras or days."""
    places = source(folders).pairs("stegos", "train", 0, quiet)["picture"].photographs
    assert list(places) != sorted(places)


def test_pictures_of_several_sizes_are_cut_to_the_smallest_at_places_of_a_grid(folders):
    rows, columns = np.indices((96, 71))
    for side, flip in (("covers", 0), ("stegos", 1)):
        saved(folders / side, "view 00.png", (rows + 2 * columns).astype(np.uint8) ^ flip)
    (folders / "covers" / "view 00.PNG").unlink()
    (cut,) = [
        one.cover[list(one.photographs).index(0), 0]
        for views in all_parts(source(folders)) if 0 in (one := views["picture"]).photographs
    ]  # fmt: skip
    assert cut.shape == SHAPE
    assert cut[0, 0] == 24 + 2 * 8  # (96 - 48) / 2 and, of 15.5, the 8 below


def test_one_small_picture_does_not_cut_all_the_others(folders, rng):
    for number, size in ((0, (40, 40)), (1, (48, 32)), (2, (96, 80))):
        for side, flip in (("covers", 0), ("stegos", 1)):
            (folders / side / f"view {number:02}.PNG").unlink(missing_ok=True)
            saved(folders / side, f"view {number:02}.png", rng.integers(0, 256, size, dtype=np.uint8) ^ flip)
    found = source(folders)
    parts = [views["picture"] for views in all_parts(found)]
    assert sorted(np.concatenate([one.photographs for one in parts])) == list(range(2, COUNT))
    assert {one.cover.shape[2:] for one in parts} == {SHAPE}
    assert len(found.notes) == 4
    assert any("Photographs: 38, in 38 pairs of files" in note for note in found.notes)
    assert any("Pairs smaller than 40x48, left out: 2." in note for note in found.notes)
    used = 48 * 40 / ((37 * 48 * 40 + 96 * 80) / 38)
    assert any(f"the middle 40x48, {used:.0%}" in note for note in found.notes)
    assert any("without a counterpart, left out: 1." in note for note in found.notes)
    for views in all_parts(found):
        for number, stego in zip(views["file sizes"].photographs, views["file sizes"].stego, strict=True):
            assert stego == [(folders / "stegos" / f"view {number:02}.png").stat().st_size]


def test_pairs_that_do_not_differ_are_counted_and_refused_if_none_does(folders):
    covers = sorted((folders / "covers").glob("view *"))
    for number, cover in enumerate(covers):
        (folders / "stegos" / f"{cover.stem}.png").unlink()
        (folders / "stegos" / cover.name).write_bytes(cover.read_bytes())
        if number == 2:
            found = source(folders)
            assert any("Pairs that do not differ" in note and note.endswith(": 3.") for note in found.notes)
    refused(folders, DataError, "do not differ")


def test_what_is_hidden_behind_the_picture_is_seen_in_the_size_of_the_file(folders):
    for cover in (folders / "covers").glob("view *"):
        (folders / "stegos" / f"{cover.stem}.png").unlink()
        (folders / "stegos" / cover.name).write_bytes(cover.read_bytes() + bytes(50))
    found = source(folders)
    assert any(note.endswith("used: 40.") for note in found.notes)
    for views in all_parts(found):
        assert (views["file sizes"].stego - views["file sizes"].cover == 50).all()


def test_what_16_bits_hide_below_the_8_that_are_used_is_refused(tmp_path, rng):
    for number in range(20):
        cover = rng.integers(0, 1 << 12, SHAPE, dtype=np.uint16) << 4
        for folder, pixels in (("covers", cover), ("stegos", cover | 5)):  # TIFFs are of one size
            saved(tmp_path / folder, f"{number}.tif", pixels)
    refused(tmp_path, DataError, "do not differ in what is used: 8 bits")


def test_a_folder_that_may_be_listed_and_not_entered_is_refused(folders, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", closed)  # tests may run as root, whom no folder shuts out
    refused(folders, DataError, "Permission denied")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_not_read(folders, kind):
    path = folders / "stegos" / "view 07.png"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    refused(folders, DataError, r"view 07\.png is no regular file")


@settings(deadline=None)
@given(st.integers(8, 200), st.integers(8, 200), st.integers(0, 100), st.integers(0, 100))
def test_cuts_are_at_multiples_of_8_and_as_near_the_middle_as_that_allows(height, width, more_rows, more_columns):
    rows, columns = np.indices((height + more_rows, width + more_columns))
    cut = _middle(np.stack([rows, columns]), height, width)
    assert cut.shape == (2, height, width)
    for start, more in zip(cut[:, 0, 0], (more_rows, more_columns), strict=True):
        assert start % 8 == 0
        assert 0 <= more / 2 - start < 8


# --- copies of one photograph


COPIES = {
    "as it is": lambda one: one,
    "brighter": lambda one: one.point(lambda level: min(255, level + 12)),
    "mirrored": lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "half": lambda one: one.resize((one.width // 2, one.height // 2)).resize(one.size),
}


@pytest.fixture
def copies(tmp_path, photographs, rng):
    """Twenty places of photographs as four covers each; stegos by LSB matching."""
    pictures = [one for one in photographs.values() if one.shape[2] == 3]
    places = [(one, top, left) for one in pictures for top in (0, 96) for left in (0, 96, 192)][:20]
    for number, (picture, top, left) in enumerate(places):
        for name, copied in COPIES.items():
            cover = np.asarray(copied(Image.fromarray(picture[top : top + 96, left : left + 96])))
            saved(tmp_path / "covers", f"{number:02} {name}.png", cover)
            saved(tmp_path / "stegos", f"{number:02} {name}.png", lsb_matching(cover[None], 1.0, rng)[0])
    return tmp_path


def test_copies_of_one_photograph_count_once_and_are_never_in_two_parts(copies):
    found = source(copies)
    assert found.notes[0].startswith("Photographs: 20, in 80 pairs of files;")
    for seed in (0, 1, 2):
        for view in ("picture", "file sizes"):
            parts = [set(views[view].photographs) for views in all_parts(found, seed)]
            assert sum(map(len, parts)) == len(set.union(*parts)) == 20


def test_fewer_photographs_than_an_audit_needs_are_refused_however_many_files_show_them(copies):
    for path in (copies / "covers").glob("19 *"):
        path.unlink()
    refused(copies, DataError, "the 76 covers of .*covers show: 19, .* needs 20 photographs")


# --- files that differ in more than their pixels


def resaved(folder, suffix, count=COUNT, convert=None, **how):
    """Save some pictures of a folder again, in another way."""
    for path in sorted(folder.glob("view *"))[:count]:
        with Image.open(path) as image:
            picture = image.copy() if convert is None else convert(image)
        path.unlink()
        picture.save(path.with_suffix(suffix), **how)


def deep(image):
    return Image.fromarray(np.asarray(image).astype(np.uint16) << 8)


def test_files_alike_in_all_but_their_pixels_are_compared_by_size(folders):
    found = source(folders)
    assert not any("differ in" in note for note in found.notes)
    assert all("file sizes" in views for views in all_parts(found))


@pytest.mark.parametrize(
    ("side", "suffix", "count", "how", "named"),
    [
        ("covers", ".pgm", COUNT, {}, r"in format: covers have PPM in 40; stegos have PNG in 40\.$"),
        ("covers", ".bmp", 3, {}, r"in format: covers have PNG in 37, BMP in 3; stegos have PNG in 40\.$"),
        ("stegos", ".bmp", COUNT, {"format": "PNG"}, r"in extension: covers have \.png in 40; stegos have \.bmp in 40"),
        ("stegos", ".png", COUNT, {"convert": deep}, r"in depth: covers have 8 bits in 40; stegos have 16 bits in 40"),
        ("stegos", ".png", 5, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, "in metadata: .*EXIF in 5"),
        ("covers", ".png", 7, {"icc_profile": b"a profile"}, "in metadata: .*colour profile in 7"),
    ],
)  # fmt: skip
def test_files_that_differ_are_named_and_their_sizes_are_no_evidence(folders, side, suffix, count, how, named):
    resaved(folders / side, suffix, count, **how)
    (folders / "covers" / "alone.png").unlink()
    found = source(folders)
    assert [note for note in found.notes if re.search(named, note)]
    assert found.notes[-1] == sources.NO_EVIDENCE
    assert all(set(views) == {"picture"} for views in all_parts(found))


@pytest.mark.parametrize(
    ("suffix", "ways", "named"),
    [
        (".tif", ({"compression": "raw"}, {"compression": "tiff_lzw"}), "in compression: covers have raw in 40"),
        (".jpg", ({"quality": 95}, {"quality": 75}), "in compression: covers have JPEG steps of"),
    ],
)
def test_files_that_are_compressed_in_different_ways_are_named(folders, suffix, ways, named):
    for side, how in zip(("covers", "stegos"), ways, strict=True):
        resaved(folders / side, suffix, **how)
    assert any(named in note for note in source(folders).notes)


def test_equal_pixels_in_other_containers_are_no_pairs(folders):
    for path in (folders / "covers").glob("view *"):
        with Image.open(path) as image:
            image.save(folders / "stegos" / f"{path.stem}.png", icc_profile=b"a profile")
    refused(folders, DataError, "do not differ in what is used")


# --- streams


@pytest.fixture
def streams(tmp_path, photographs):
    """Symbols of two photographs' crops as `.sem` streams; stegos differ in one symbol."""
    codec = registry.load("cr085")
    for folder in ("covers", "stegos"):
        (tmp_path / folder).mkdir()
    for number in range(20):
        picture = photographs["coffee" if number % 2 else "chelsea"][5 * number :][:64, 40:104]
        symbols = codec.encode(picture).symbols
        (tmp_path / "covers" / f"{number}.SEM").write_bytes(container.write(symbols, codec))
        values = symbols.values.copy()
        values[0, 0, 0] ^= 1
        (tmp_path / "stegos" / f"{number}.sem").write_bytes(container.write(symbols.with_values(values), codec))
    return tmp_path


def test_streams_are_audited_by_their_symbols(streams):
    for views in all_parts(source(streams)):
        assert set(views) == {"features", "file sizes"}
        difference = views["features"].stego.astype(int) - views["features"].cover
        assert (np.count_nonzero(difference, (1, 2, 3)) == 1).all()
        assert (np.abs(difference[:, 0, 0, 0]) == 1).all()


def test_streams_of_one_picture_count_as_one_photograph(streams):
    (streams / "covers" / "3.SEM").write_bytes((streams / "covers" / "5.SEM").read_bytes())
    refused(streams, DataError, "the 20 covers of .*covers show: 19, ")


@pytest.mark.parametrize("changed", ["cr050", "cr085-plain", "task"])
def test_streams_of_two_codecs_are_named_or_refused(streams, photographs, changed):
    """Other codecs have maps of other shapes; a plain twin has the same, and its streams other sizes."""
    codec = registry.load(changed)
    for number in range(20):
        picture = photographs["coffee" if number % 2 else "chelsea"][5 * number :][:64, 40:104]
        symbols = codec.encode(picture).symbols
        written = container.write(symbols.with_values(symbols.values ^ 1), codec)
        (streams / "stegos" / f"{number}.sem").write_bytes(written)
    if changed != "cr085-plain":
        refused(streams, DataError, "differ")
        return
    assert any("stream of cr085 in 20; stegos have a stream of cr085-plain" in note for note in source(streams).notes)


@pytest.mark.parametrize("kept", [0, 3, 30, 60, -1])
def test_a_stream_that_is_cut_short_is_named(streams, kept):
    path = streams / "stegos" / "7.sem"
    path.write_bytes(path.read_bytes()[:kept])
    refused(streams, StreamError, r"7\.sem")


def test_a_stream_opens_no_file_that_it_names(streams, monkeypatch):
    path = streams / "stegos" / "7.sem"
    stream = container.unpack(path.read_bytes())
    path.write_bytes(container.pack(replace(stream, codec="./own.safetensors"[:16])))
    monkeypatch.chdir(streams)
    refused(streams, StreamError, "do not ship")
    path.write_bytes(container.pack(replace(stream, codec="cr050")))
    refused(streams, StreamError, "other weights")


def test_streams_against_pictures_are_refused(streams, rng):
    for number in range(20):
        (streams / "stegos" / f"{number}.sem").unlink()
        saved(streams / "stegos", f"{number}.png", rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    refused(streams, DataError, r"streams, such as .*stegos/\d+\.png and .*covers/\d+\.SEM")


# --- hostile folders


def test_missing_folders_files_and_pairs_are_refused(folders, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        FolderSource(folders / "covers", folders / "nowhere", PROTOCOL).pairs("", "test", 0, quiet)
    with pytest.raises(DataError, match="notes"):
        FolderSource(folders / "covers", folders / "stegos" / "notes.txt", PROTOCOL).pairs("", "test", 0, quiet)
    for number in range(19, COUNT):
        (folders / "stegos" / f"view {number:02}.png").unlink()
    refused(folders, DataError, "19 files of the same names")


def test_two_files_of_one_name_are_refused(folders):
    saved(folders / "covers", "view 07.bmp", np.zeros(SHAPE, np.uint8))
    refused(folders, DataError, "which of them")


def test_pairs_of_two_sizes_or_numbers_of_channels_are_refused(folders, rng):
    saved(folders / "stegos", "view 07.png", rng.integers(0, 256, (40, 48), dtype=np.uint8))
    refused(folders, DataError, r"view 07\.png and its cover differ in size: 48x40, and 40x48 in .*view 07\.PNG")
    saved(folders / "stegos", "view 07.png", rng.integers(0, 256, (*SHAPE, 3), dtype=np.uint8))
    refused(folders, DataError, r"numbers of channels: .*view 00\.PNG 1, .*stegos/view 07\.png 3")


@pytest.mark.parametrize("side", ["covers/view 07.PNG", "stegos/view 07.png"])
@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_a_picture_that_cannot_be_read_is_named_by_its_path_and_once(folders, side, content):
    path = folders / side
    path.write_bytes(content)
    with pytest.raises(PictureError) as raised:
        all_parts(source(folders))
    assert str(raised.value).count(str(path)) == 1


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_picture_that_the_system_does_not_give_is_named_once(folders, error, monkeypatch):
    def denied(path, flags):
        raise error

    monkeypatch.setattr("semstego.inputs.os.open", denied)  # tests may run as root, who may read all files
    with pytest.raises(PictureError, match=error.strerror) as raised:
        all_parts(source(folders))
    assert str(raised.value).count(str(folders / "covers" / "view 00.PNG")) == 1


def test_pictures_too_small_for_any_detector_are_refused_by_the_name_of_the_smallest(folders, monkeypatch):
    monkeypatch.setattr(sources, "LEAST_SIDE", 41)
    refused(folders, DataError, r"covers/view 00\.PNG is the smallest")


def test_a_picture_cut_short_is_named(folders):
    path = folders / "stegos" / "view 07.png"
    path.write_bytes(path.read_bytes()[:900])
    refused(folders, PictureError, r"view 07\.png")


@pytest.mark.parametrize("name", ["view 07.png", "view 07.sem"])
def test_a_folder_that_is_called_like_a_file_is_no_traceback(folders, name):
    (folders / "stegos" / "view 07.png").unlink()
    (folders / "stegos" / name).mkdir()
    refused(folders, SemstegoError, "view 07|streams")


@pytest.mark.parametrize(("train", "others"), [(5000, 1), (2000, 60)])  # parts of no pair, and of one
def test_too_few_pairs_for_the_proportions_are_refused(folders, train, others):
    refused(folders, DataError, f"{train} : {others} : {others}", AuditProtocol("odd", (train,), others, others, (0,)))


# --- parts


def test_no_photograph_is_in_two_parts():
    groups = np.array(list("abcdefghij") * 5)
    parts = split_photographs(groups, (0.5, 0.2, 0.3), np.random.default_rng(9))
    names = [set(groups[part]) for part in parts]
    assert [len(part) for part in names] == [5, 2, 3]
    assert set.union(*names) == set("abcdefghij")
    assert sorted(np.concatenate(parts)) == list(range(50))
    with pytest.raises(ValueError, match="sum"):
        split_photographs(groups, (0.5, 0.2), np.random.default_rng(9))
    with pytest.raises(ValueError, match="too few"):
        split_photographs(["a", "b"], (0.9, 0.05, 0.05), np.random.default_rng(9))
