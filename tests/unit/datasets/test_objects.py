# SPDX-License-Identifier: Apache-2.0
"""The cut-outs: sets that share nothing they must not share, and builds that are complete or leave nothing."""

import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.datasets import arrays as array_files
from semstego.datasets.built import objects
from semstego.datasets.built.objects import build as build_objects
from semstego.datasets.built.objects.build import build
from semstego.datasets.built.objects.plan import Plan, make_plan
from semstego.errors import DataError, OutputError, PictureError

COUNTS = {"train": 60, "validation": 20, "test": 20, "test-unseen": 20}
SIDE = 16


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    """A small drawing at the place of every stamp of the list."""
    folder = tmp_path_factory.mktemp("stamps")
    for i, stamp in enumerate(objects.stamps()[0]):
        image = Image.new("RGBA", (20 + i % 5, 16))
        ImageDraw.Draw(image).ellipse((2, 1, 16, 14), fill=(i % 256, 255 - i % 256, 40 * (i % 6), 255))
        (folder / stamp.path).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / stamp.path)
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(1)
    for i in range(20):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / f"view{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def built(stamps, photographs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "objects"
    build(folder, photographs, stamps, side=SIDE, counts=COUNTS)
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_list_gives_ten_classes_without_the_stamps_that_would_be_wrong():
    found, classes = objects.stamps()
    assert classes == (
        "bird", "coin", "flower", "fruit", "hoofed mammal", "planet", "sea animal", "tool or household", "vegetable",
        "vehicle",
    )  # fmt: skip
    assert len(found) == len({stamp.path for stamp in found}) == 245
    assert not {stamp.path for stamp in found} & set(objects.LEFT_OUT)


def test_look_alikes_share_an_identity_and_no_identity_has_two_classes():
    found, _ = objects.stamps()
    identity = {stamp.path.rpartition("/")[2]: stamp.identity for stamp in found if "coins" not in stamp.path}
    assert len({identity[name] for name in ("apple_red.png", "apple_green.png", "apple_fuji.png")}) == 1
    assert identity["Strawberry2.png"] == identity["strawberry.png"]
    assert identity["moon_full.png"] == identity["moon_3qt.png"] != identity["4_mars.png"]
    assert identity["flower1.png"] != identity["flower2.png"]
    assert len({(stamp.identity, stamp.label) for stamp in found}) == len({stamp.identity for stamp in found})


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(stamps, photographs, built, tmp_path):
    build(tmp_path / "again", photographs, stamps, side=SIDE, counts=COUNTS)
    assert content(tmp_path / "again") == content(built)
    build(tmp_path / "other", photographs, stamps, side=SIDE, counts=COUNTS, seed=1)
    assert content(tmp_path / "other")["train.npz"] != content(built)["train.npz"]


def test_a_build_describes_itself(built):
    facts = json.loads((built / "objects.json").read_text())
    assert set(content(built)) == {"objects.json"} | {f"{n}{end}" for n in COUNTS for end in (".npz", ".preview.png")}
    assert facts["seed"] == 0
    assert facts["stamps_from"]["licence"] == "GPL-2"
    for name, size in COUNTS.items():
        arrays = objects.read(built / f"{name}.npz")
        assert arrays["pictures"].shape == (size, SIDE, SIDE, 3)
        shown = [facts["stamps"][i]["class"] for i in arrays["stamps"]]
        assert shown == [facts["classes"][label] for label in arrays["labels"]]
        boxes = arrays["boxes"]
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= SIDE).all()
        assert (boxes[:, :2] < boxes[:, 2:]).all()


def test_built_sets_share_no_photograph_and_no_unseen_object(built):
    facts = json.loads((built / "objects.json").read_text())
    arrays = {name: objects.read(built / f"{name}.npz") for name in COUNTS}
    shown = {name: {facts["stamps"][i]["identity"] for i in arrays[name]["stamps"]} for name in COUNTS}
    behind = {name: set(arrays[name]["backgrounds"].tolist()) for name in COUNTS}
    assert not shown["test-unseen"] & (shown["train"] | shown["validation"] | shown["test"])
    assert not behind["train"] & behind["validation"]
    assert not behind["test"] & (behind["train"] | behind["validation"])
    assert not behind["test-unseen"] & (behind["train"] | behind["validation"])


def test_classes_are_balanced_exactly_and_identities_as_far_as_they_can_be(built):
    found, _ = objects.stamps()
    for name, size in COUNTS.items():
        arrays = objects.read(built / f"{name}.npz")
        assert set(Counter(arrays["labels"].tolist()).values()) == {size // 10}
        for label in range(10):
            chosen = Counter(found[i].identity for i in arrays["stamps"][arrays["labels"] == label])
            assert max(chosen.values()) <= 1 + min(chosen.values())
    assert (np.diff(objects.read(built / "train.npz")["labels"]) != 0).mean() < 1  # shuffled, not assigned in turn


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_no_identity_is_both_seen_and_unseen_for_any_seed(seed):
    found, classes = objects.stamps()
    plan = Plan(found, objects.unseen(found, seed), classes, (), ())
    seen, unseen = plan.objects_of("train"), plan.objects_of("test-unseen")
    assert plan.objects_of("validation") == plan.objects_of("test") == seen
    assert sorted(seen + unseen) == list(range(len(found)))
    assert not {found[i].identity for i in seen} & {found[i].identity for i in unseen}
    for label in range(len(classes)):
        share = sum(found[i].label == label for i in unseen) / sum(stamp.label == label for stamp in found)
        assert 0.2 < share < 0.36


def test_photographs_that_show_the_classes_or_are_excluded_by_a_word_are_left_out(photographs, tmp_path):
    for path in photographs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = (photographs / "view00.png").read_bytes()
    for name in ("Red_Flower.png", "x1.png", "x2.png", "grim.png"):
        (tmp_path / name).write_bytes(first)
    (tmp_path / "manifest.csv").write_text(
        "file,package,version,licence,label\nx1.png,p,1,l,animal:cow\nx2.png,p,1,l,hill\n"
    )
    plan = make_plan(tmp_path, None, ["GRIM"], 0)
    names = {path.name for path in plan.backgrounds}
    assert names == {f"view{i:02}.png" for i in range(20)} | {"x2.png"}


def test_lists_decide_which_set_a_photograph_is_in(photographs, tmp_path):
    lists = {"fit": ["view03.png", "view01.png"], "validation": ["view02.png"], "test": ["view07.png"]}
    for name, files in lists.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(files))
    plan = make_plan(photographs, tmp_path, (), 0)
    assert [path.name for path in plan.backgrounds] == ["view01.png", "view02.png", "view03.png", "view07.png"]
    assert plan.background_sets == ("train", "validation", "train", "test")
    assert plan.backgrounds_of("test-unseen") == plan.backgrounds_of("test") == [3]
    (tmp_path / "test.txt").write_text("view02.png")
    with pytest.raises(DataError, match=r"view02.png is in two lists"):
        make_plan(photographs, tmp_path, (), 0)
    (tmp_path / "test.txt").write_text("view99.png")
    with pytest.raises(PictureError, match=r"view99.png"):
        make_plan(photographs, tmp_path, (), 0)
    (tmp_path / "test.txt").unlink()
    with pytest.raises(DataError, match=r"cannot be read"):
        make_plan(photographs, tmp_path, (), 0)


def test_a_set_without_photographs_and_a_manifest_without_columns_are_refused(photographs, stamps, tmp_path):
    with pytest.raises(PictureError, match="no pictures"):
        make_plan(tmp_path / "none", None, (), 0)
    with pytest.raises(DataError, match="no photograph"):
        make_plan(photographs, None, ["view"], 0)
    for path in photographs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for text in ("name\nview00.png\n", "file,package\nview00.png,p\n", "file\n\xff\n"):
        (tmp_path / "manifest.csv").write_bytes(text.encode("latin-1"))
        with pytest.raises(DataError, match="manifest"):
            build(tmp_path / "out", tmp_path, stamps, side=SIDE, counts=COUNTS)


def test_nothing_is_overwritten_unasked(stamps, photographs, tmp_path):
    output = tmp_path / "objects"
    build(output, photographs, stamps, side=SIDE, counts=COUNTS)
    before = content(output)
    with pytest.raises(OutputError, match="exists already"):
        build(output, photographs, stamps, side=SIDE, counts=COUNTS, seed=1)
    assert content(output) == before
    build(output, photographs, stamps, side=SIDE, counts=COUNTS, seed=1, force=True)
    assert content(output)["train.npz"] != before["train.npz"]
    assert [path.name for path in tmp_path.iterdir()] == ["objects"]


def test_a_folder_of_something_else_is_never_replaced(stamps, photographs, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="something else"):
        build(tmp_path / "mine", photographs, stamps, side=SIDE, counts=COUNTS, force=True)
    with pytest.raises(OutputError, match="no folder"):
        build(tmp_path / "file", photographs, stamps, side=SIDE, counts=COUNTS, force=True)
    with pytest.raises(OutputError, match="no folder"):
        build(tmp_path / "a" / "b", photographs, stamps, side=SIDE, counts=COUNTS)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("fault", ["missing", "damaged", "cut off", "transparent", "no PNG"])
def test_a_stamp_that_cannot_be_used_is_named_and_nothing_is_left(fault, stamps, photographs, tmp_path, monkeypatch):
    victim = stamps / objects.stamps()[0][100].path
    whole = victim.read_bytes()
    clear, bitmap = io.BytesIO(), io.BytesIO()
    Image.new("RGBA", (9, 9)).save(clear, "PNG")
    Image.new("RGB", (9, 9), "red").save(bitmap, "BMP")
    contents = {
        "damaged": b"\x89PNG\r\n\x1a\n" + bytes(50), "cut off": whole[:-30], "transparent": clear.getvalue(),
        "no PNG": bitmap.getvalue(),
    }  # fmt: skip
    try:
        victim.unlink() if fault == "missing" else victim.write_bytes(contents[fault])
        with pytest.raises(DataError, match=victim.name):
            build(tmp_path / "objects", photographs, stamps, side=SIDE, counts=COUNTS)
    finally:
        victim.write_bytes(whole)
    assert not list(tmp_path.iterdir())


def test_a_damaged_photograph_is_named_and_nothing_is_left(stamps, photographs, tmp_path):
    for path in photographs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:-400])
    output = tmp_path / "out" / "objects"
    output.parent.mkdir()
    with pytest.raises(PictureError, match=r"view\d\d.png"):
        build(output, tmp_path, stamps, side=SIDE, counts=COUNTS)
    assert not list(output.parent.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        {"side": 8}, {"side": 2048}, {"seed": -1}, {"counts": {"train": 5}}, {"counts": COUNTS | {"train": 0}},
        {"counts": COUNTS | {"train": 10**7}},
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_refused(arguments, stamps, photographs, tmp_path):
    with pytest.raises(DataError, match="cut-outs"):
        build(tmp_path / "objects", photographs, stamps, **({"side": SIDE, "counts": COUNTS} | arguments))
    assert not list(tmp_path.iterdir())


def test_a_set_is_loaded_with_its_labels(built):
    loaded = objects.load(built, "validation")
    assert len(loaded) == 20
    assert loaded.pictures.shape == (20, SIDE, SIDE, 3)
    assert loaded.classes == objects.stamps()[1]
    with pytest.raises(DataError, match="no 'seen'"):
        objects.load(built, "seen")
    with pytest.raises(DataError, match="build-objects"):
        objects.load(built / "elsewhere", "train")


def test_files_that_are_no_set_are_refused(built, tmp_path):
    arrays = objects.read(built / "test.npz")
    whole = (built / "test.npz").read_bytes()
    path = tmp_path / "test.npz"

    def refused(match=r"is no (built set|set of cut-outs)"):
        with pytest.raises(DataError, match=match):
            objects.load(tmp_path, "test")

    for content in (b"", b"PK\5\6" + bytes(18), whole[:-100], whole[: len(whole) // 2], b"\x80\4N."):
        path.write_bytes(content)
        refused()
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    refused()  # by the archive's CRC
    for changed in (
        {"labels": arrays["labels"].astype(np.int32)},
        {"labels": arrays["labels"][:-1]},
        {"boxes": arrays["boxes"][:, :3]},
        {"pictures": arrays["pictures"][..., :2]},
        {"stamps": np.array([{}] * 20, object)},
    ):
        np.savez(path, **(arrays | changed))
        refused()
    np.savez(path, **(arrays | {"labels": arrays["labels"] + 1}))
    refused("outside of the 10 classes")


def test_a_file_that_would_fill_the_memory_is_refused_unread(built, tmp_path, monkeypatch):
    path = tmp_path / "train.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pictures.npy", bytes(1 << 20))
    monkeypatch.setattr(array_files, "MAX_BYTES", 1 << 19)
    with pytest.raises(DataError, match="larger"):
        objects.load(tmp_path, "train")


def test_the_command_builds_and_refuses_in_one_sentence(stamps, photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(build_objects, "COUNTS", COUNTS)
    output = str(tmp_path / "objects")
    command = ["data", "build-objects", "-o", output, "--backgrounds", str(photographs), "--stamps", str(stamps)]
    result = CliRunner().invoke(app, [*command, "--size", "24", "--train", "30", "--seed", "3"], catch_exceptions=False)
    assert result.exit_code == 0
    assert objects.load(tmp_path / "objects", "train").pictures.shape == (30, 24, 24, 3)
    assert json.loads((tmp_path / "objects" / "objects.json").read_text())["seed"] == 3
    again = CliRunner().invoke(app, command)
    assert isinstance(again.exception, OutputError)
