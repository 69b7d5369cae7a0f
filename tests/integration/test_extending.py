# SPDX-License-Identifier: Apache-2.0
"""docs/extending.md: every example is short, runs, keeps its contract, and is found by the command line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semstego.datasets.built import crops
from semstego.steganalysis.controls import lsb_matching

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"Saved as `(\w+)\.py`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))
SEMSTEGO = Path(sys.executable).with_name("semstego")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photographs):
    """The examples as modules beside a cover, crops, pairs, and folders of classes."""
    place = tmp_path_factory.mktemp("extending")
    for name, code in EXAMPLES.items():
        (place / f"{name}.py").write_text(code)
    cover = np.ascontiguousarray(photographs["coffee"][:96, 100:196])
    Image.fromarray(cover).save(place / "cover.png")
    Image.fromarray(cover).save(place / "cover.jpg", quality=65)
    (place / "letter.txt").write_text("Meet me at noon.")
    (place / "photographs").mkdir()
    for name in ("coffee", "chelsea", "astronaut", "rocket"):
        for side, half in zip("lr", np.array_split(photographs[name], 2, axis=1), strict=True):
            Image.fromarray(half).save(place / "photographs" / f"{name}-{side}.png")
    counts = {"train": 72, "validation": 20, "test": 36}
    lists = place / "lists"
    lists.mkdir()
    for part, names in zip(crops.LISTS.values(), (("coffee", "chelsea"), ("astronaut",), ("rocket",)), strict=True):
        (lists / part).write_text("".join(f"{name}-{side}.png\n" for name in names for side in "lr"))
    crops.build(place / "crops", place / "photographs", kind="plain", split=lists, counts=counts)
    whole, step = photographs["chelsea"], 32
    rows, columns = (range(0, side - step, step // 2) for side in whole.shape[:2])
    pictures = np.stack([whole[y : y + step, x : x + step] for y in rows for x in columns][:60])
    stegos = lsb_matching(pictures, 1.0, np.random.default_rng(2))
    for side, maps in (("covers", pictures), ("stegos", stegos)):
        (place / side).mkdir()
        for number, one in enumerate(maps):
            Image.fromarray(one).save(place / side / f"{number:03}.png")
    for label in ("dark", "light"):
        (place / "folders" / "test" / label).mkdir(parents=True)
        for number in range(4):
            level = np.full((64, 64, 3), (60, 180)[label == "light"] + number, np.uint8)
            Image.fromarray(level).save(place / "folders" / "test" / label / f"{number}.png")
    return place


def run(folder, *command):
    environment = os.environ | {"PYTHONPATH": str(folder), "SEMSTEGO_PASSPHRASE": "open sesame", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_one_example_of_each_kind_and_none_is_long():
    kinds = ["codec", "scheme", "task", "detector", "data", "channel", "method", "peer"]
    assert list(EXAMPLES) == [f"my_{kind}" for kind in kinds]
    assert {name: len(code.splitlines()) for name, code in EXAMPLES.items() if len(code.splitlines()) > 50} == {}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs_and_keeps_its_contract(folder, name):
    printed = run(folder, sys.executable, "-W", "ignore", f"{name}.py")
    read = "[b'Meet me at noon.', b'Meet me at noon.']"
    assert printed.strip() in (read, "a task", "a detector", "a data set", "a channel", "a method", "a peer")


@pytest.mark.parametrize("option", [["--codec", "my_codec:Coarse"], ["--scheme", "my_scheme:Hamming"]])
def test_the_command_line_hides_and_reveals_by_codec_and_scheme(folder, option):
    run(folder, SEMSTEGO, "hide", "cover.png", "letter.txt", "-o", "a.sem", "--picture", "a.png", "--force", *option)
    for source in ("a.sem", "a.png"):
        assert run(folder, SEMSTEGO, "reveal", source, "-o", "-", *option) == "Meet me at noon."
    assert json.loads(run(folder, SEMSTEGO, "capacity", "cover.png", "--json", *option))["max_message_bytes"] > 100


def test_both_together(folder):
    option = ["--codec", "my_codec:Plain", "--scheme", "my_scheme:Hamming"]
    run(folder, SEMSTEGO, "hide", "cover.png", "letter.txt", "-o", "b.sem", "--force", *option)
    assert run(folder, SEMSTEGO, "reveal", "b.sem", "-o", "-", *option) == "Meet me at noon."


@pytest.mark.slow
def test_table_2_and_the_audit_take_them(folder):
    crops_of = ["--data", "crops", "--set", "crops", "--pictures", "3", "--bpp", "0.2", "--json"]
    found = json.loads(run(folder, SEMSTEGO, "evaluate", *crops_of, "--scheme", "my_scheme:Hamming"))
    (cell,) = found["cells"]
    assert (cell["carrier"], cell["columns"]["bit_accuracy_2_percent"]["mean"]) == ("hamming", 100)
    audit = ["audit", "--scheme", "my_scheme:Hamming", "--data", "crops", "--payloads", "0.1", "--pairs", "60",
             "--seeds", "1", "--detectors", "histogram", "--cache", "cache", "--json"]  # fmt: skip
    cells = json.loads(run(folder, SEMSTEGO, *audit))["cells"]
    assert {cell["case"] for cell in cells} == {"my_scheme:Hamming 0.1"}


def test_a_task_is_evaluated(folder):
    command = ["evaluate", "--task", "my_task:Brightest", "--data", "crops", "--set", "crops", "--pictures", "4"]
    (cell,) = json.loads(run(folder, SEMSTEGO, *command, "--bpp", "0.2", "--json"))["cells"]
    assert cell["accuracy"]["clean"]["percent"] == 100
    forms = {"clean", "undithered reconstruction", "cover reconstruction", "stego reconstruction"}
    assert set(cell["accuracy"]) == forms


def test_a_detector_is_audited_with(folder):
    command = ["audit", "--covers", "covers", "--stegos", "stegos", "--detectors", "my_detector:Unrest"]
    printed = run(folder, SEMSTEGO, *command, "--pairs", "10", "--seeds", "1", "--cache", "cache")
    assert re.search(r"^stegos +picture +unrest", printed, re.MULTILINE)


def test_a_data_set_is_evaluated_on(folder):
    command = ["evaluate", "--data", "folders", "--set", "my_data:Folders", "--bpp", "0.2", "--json"]
    (cell,) = json.loads(run(folder, SEMSTEGO, *command))["cells"]
    assert cell["pictures"] == 8


def test_a_peer_is_compared(folder):
    command = ["compare", "peers", "photographs", "--peer", "my_peer:PEER", "--channel", "jpeg:95", "--pictures", "2"]
    found = json.loads(run(folder, SEMSTEGO, *command, "--system", "syndrome", "--side", "64", "--json"))
    (peer,) = (one for one in found["contenders"] if one["name"] == "lowest bits")
    assert [one["exact"] for one in peer["channels"]] == [2, 0]
